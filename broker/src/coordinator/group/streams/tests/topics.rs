//! A topology held against the topics that there are.

use super::super::decide::topics::{Configured, configure};
use super::super::topology::Topology;
use super::*;

fn held_against(
    topology: StreamsGroupTopologyValue<'static>,
    topics: &[(&str, i32)],
) -> Result<Configured, Refusal> {
    let world = World::new(topics);
    configure(&Topology::of_record(topology), &world.image())
}

fn fine(topology: StreamsGroupTopologyValue<'static>, topics: &[(&str, i32)]) -> Configured {
    held_against(topology, topics).expect("a topology")
}

fn problem(configured: &Configured) -> (Status, &str) {
    let (status, detail) = configured.problem.as_ref().expect("a problem");
    (*status, detail)
}

fn missing(configured: &Configured) -> Vec<(&str, i32)> {
    let missing = configured.missing.iter();
    missing.map(|t| (&*t.name, t.partitions)).collect()
}

#[test]
fn a_topic_that_is_read_must_be_there() {
    let none = fine(topology([part("0", &["a", "b", "c", "d"])]), &[("b", 1)]);
    assert_eq!(
        problem(&none),
        (
            Status::MissingSourceTopics,
            "Source topics a, c, d are missing."
        )
    );
    let many = fine(topology([part("0", &["a", "b", "c", "d", "e"])]), &[]);
    let detail = "Source topics a, b, c and 2 additional topics are missing.";
    assert_eq!(problem(&many), (Status::MissingSourceTopics, detail));
    assert!(many.parts.is_empty());
}

#[test]
fn internal_topics_have_as_many_partitions_as_what_is_read() {
    let configured = fine(counting(), &[("words", 5)]);
    assert_eq!(
        missing(&configured),
        [("by-key", 5), ("counts-changelog", 5)]
    );
    assert_eq!(
        problem(&configured),
        (
            Status::MissingInternalTopics,
            "Internal topics are missing: by-key, counts-changelog"
        )
    );
    let there = [("words", 5), ("by-key", 5), ("counts-changelog", 5)];
    let configured = fine(counting(), &there);
    assert!(configured.is_ready());
    assert_eq!(
        (configured.parts["0"].tasks, configured.parts["1"].tasks),
        (5, 5)
    );
    assert!(configured.parts["1"].is_stateful && !configured.parts["0"].is_stateful);
}

#[test]
fn an_internal_topic_with_other_partitions_is_told_of() {
    let there = [("words", 5), ("by-key", 3)];
    let configured = fine(counting(), &there);
    assert_eq!(
        problem(&configured),
        (
            Status::IncorrectlyPartitionedTopics,
            "Existing topic by-key has different number of partitions: expected 5, found 3"
        )
    );
    assert!(configured.missing.is_empty());
}

#[test]
fn what_the_program_asks_for_counts() {
    let mut asked = counting();
    asked.subtopologies[1].repartition_source_topics = vec![info("by-key", 7)];
    let configured = fine(asked, &[("words", 5)]);
    assert_eq!(
        missing(&configured),
        [("by-key", 7), ("counts-changelog", 7)]
    );
}

/// Subtopology 1 joins what 0 writes by key with `more`.
fn joining(asked: i32) -> StreamsGroupTopologyValue<'static> {
    let mut topology = counting();
    let second = &mut topology.subtopologies[1];
    second.repartition_source_topics = vec![info("by-key", asked)];
    second.source_topics = vec!["more".into()];
    second.copartition_groups = vec![together(&[0], &[0])];
    topology
}

#[test]
fn what_is_joined_has_equally_many() {
    let configured = fine(joining(0), &[("words", 5), ("more", 2)]);
    assert_eq!(
        missing(&configured),
        [("by-key", 2), ("counts-changelog", 2)]
    );
    let configured = fine(joining(3), &[("words", 5), ("more", 2)]);
    assert_eq!(
        problem(&configured),
        (
            Status::IncorrectlyPartitionedTopics,
            "Number of partitions [3] of repartition topic [by-key] doesn't match number of partitions [2] of the source topic."
        )
    );
    let mut both = topology([part("0", &["a", "b"])]);
    both.subtopologies[0].copartition_groups = vec![together(&[0, 1], &[])];
    let configured = fine(both, &[("a", 1), ("b", 2)]);
    assert_eq!(
        problem(&configured),
        (
            Status::IncorrectlyPartitionedTopics,
            "Following topics do not have the same number of partitions: [{a=1, b=2}]"
        )
    );
}

#[test]
fn a_topology_that_cannot_be_is_refused() {
    let mut circle = counting();
    circle.subtopologies[0].source_topics.clear();
    circle.subtopologies[0].repartition_source_topics = vec![info("back", 0)];
    circle.subtopologies[1].repartition_sink_topics = vec!["back".into()];
    let mut never_written = counting();
    never_written.subtopologies[0]
        .repartition_sink_topics
        .clear();
    let nothing_read = topology([part("0", &[])]);
    let mut no_such_topic = joining(0);
    no_such_topic.subtopologies[1].copartition_groups = vec![together(&[1], &[-1])];
    for bad in [circle, never_written, nothing_read, no_such_topic] {
        let refusal = held_against(bad, &[("words", 1), ("more", 1)]).expect_err("refused");
        assert_eq!(refusal.code, ErrorCode::STREAMS_INVALID_TOPOLOGY);
    }
}

#[test]
fn a_changelog_of_a_given_size_and_a_part_given_twice_are_refused() {
    let mut world = World::new(&[("words", 1)]);
    let mut sized = stateful("words");
    sized.subtopologies[0].state_changelog_topics = vec![info("log", 3)];
    let twice = topology([part("0", &["words"]), part("0", &["words"])]);
    for bad in [sized, twice] {
        let topology = Some(bad);
        let code = world.refused(Heartbeat {
            topology,
            ..join("m")
        });
        assert_eq!(code, ErrorCode::STREAMS_INVALID_TOPOLOGY);
    }
}

#[test]
fn a_long_way_of_topics_takes_no_long_time() {
    // Each reads what the next one writes: the worst order.
    let count = 20_000;
    let mut topology = topology([part("99999999", &["words"])]);
    for at in 0..count {
        let mut part = part("", &[]);
        part.subtopology_id = format!("{at:08}").into();
        let mut source = info("", 0);
        source.name = format!("t{}", at + 1).into();
        part.repartition_source_topics = vec![source];
        part.repartition_sink_topics = vec![format!("t{at}").into()];
        topology.subtopologies.push(part);
    }
    topology.subtopologies[0].repartition_sink_topics = vec![format!("t{count}").into()];
    let configured = fine(topology, &[("words", 2)]);
    assert_eq!(configured.missing.len(), count);
}

#[test]
fn a_group_gets_tasks_when_its_topics_are_there_and_loses_them_with_them() {
    let mut world = World::new(&[]);
    let counting = |member: &str| Heartbeat {
        topology: Some(counting()),
        ..join(member)
    };
    let beat = world.fine(counting("m1"));
    assert_eq!(told(&beat), [Status::MissingSourceTopics]);
    assert_eq!((active(&beat), world.state()), (Tasks::new(), "NotReady"));

    world.create_topic_of("words", 2);
    let beat = world.fine(next("m1", beat.epoch));
    assert_eq!(told(&beat), [Status::MissingInternalTopics]);
    assert_eq!(world.state(), "NotReady");

    world.create(&beat);
    let beat = world.fine(next("m1", beat.epoch));
    assert_eq!(active(&beat), tasks([("0", &[0, 1]), ("1", &[0, 1])]));
    assert_eq!((told(&beat), world.state()), (vec![], "Stable"));
    let described = world.describe().expect("a group");
    let internal = described.configured.expect("all there").parts["1"]
        .internal
        .clone();
    assert_eq!(internal["counts-changelog"], 2);

    world.delete_topic("by-key");
    let beat = world.fine(next("m1", beat.epoch));
    assert_eq!(told(&beat), [Status::MissingInternalTopics]);
    assert_eq!((active(&beat), world.state()), (Tasks::new(), "NotReady"));
}

#[test]
fn more_partitions_are_more_tasks() {
    let mut world = World::new(&[("words", 1)]);
    let beat = world.fine(join("m1"));
    world.add_partitions("words", 3);
    let beat = world.fine(next("m1", beat.epoch));
    assert_eq!(active(&beat), tasks([("0", &[0, 1, 2])]));
}
