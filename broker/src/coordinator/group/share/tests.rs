//! Share groups on a machine whose log, clock and cluster are ours.

use std::sync::Arc;
use std::time::Duration;

use ottla_protocol::ids::NodeId;
use ottla_runtime::time::Instant;

use super::super::{Answer as AnyAnswer, Command as AnyCommand, Record};
use super::*;
use crate::coordinator::{Machine, Position, Write};
use crate::metadata::{PartitionState, Topic};

struct World {
    groups: Groups,
    image: Image,
    at: Instant,
    log: Vec<Record>,
    /// How far the clock was set back.
    behind_ms: i64,
}

fn topic_id(name: &str) -> Uuid {
    let mut id = [1; 16];
    id[0] = name.as_bytes()[0];
    Uuid(id)
}

impl World {
    fn new(topics: &[(&str, usize)]) -> World {
        let mut image = Image::empty("cluster".into(), NodeId(1));
        for (name, partitions) in topics {
            let state = PartitionState {
                leader: NodeId(1),
                leader_epoch: 0,
                replicas: vec![NodeId(1)],
                isr: vec![NodeId(1)],
            };
            image.topics.insert(Topic {
                id: topic_id(name),
                name: (*name).into(),
                partitions: vec![state; *partitions],
                internal: false,
                config: Arc::default(),
                overrides: Default::default(),
            });
        }
        let mut world = World {
            groups: Groups::new(0),
            image,
            at: Instant::from_nanos(1),
            log: Vec::new(),
            behind_ms: 0,
        };
        world.step(Groups::loaded);
        world
    }

    fn step(
        &mut self,
        work: impl FnOnce(&mut Groups, &mut Now<'_>) -> Effects<Groups>,
    ) -> Vec<(Ask, AnyAnswer)> {
        let mut now = Now {
            at: self.at,
            wall_ms: self.wall_ms(),
            image: &self.image,
            random: &mut || 4,
        };
        let effects = work(&mut self.groups, &mut now);
        for write in effects.writes {
            let Write::Records { records, .. } = write else {
                panic!("not records: {write:?}");
            };
            for record in records {
                let (key, value) = Groups::encode(&record).expect("a record");
                let read = Groups::decode(&key, value.as_deref()).expect("what was written");
                assert_eq!(read.as_ref(), Some(&record));
                self.log.push(record.clone());
                self.groups.apply(record, &position());
            }
        }
        effects.answers
    }

    fn wall_ms(&self) -> i64 {
        let passed = self.at.since(Instant::from_nanos(0)).as_millis();
        1_000_000 + i64::try_from(passed).expect("short") - self.behind_ms
    }

    /// Until the next assignment may be made.
    fn wait(&mut self) {
        self.at += Duration::from_secs(1);
    }

    fn ask(&mut self, command: Command) -> Answer {
        let command = AnyCommand::Share(command);
        let answers = self.step(|groups, now| groups.handle(command, Ask(1), now));
        match answers.into_iter().next() {
            Some((_, AnyAnswer::Share(answer))) => answer,
            other => panic!("{other:?}"),
        }
    }

    fn beat(
        &mut self,
        member: &str,
        epoch: i32,
        topics: Option<&[&str]>,
    ) -> Result<Beat, ErrorCode> {
        let heartbeat = Heartbeat {
            group: "g".into(),
            member: member.into(),
            epoch,
            topics: topics.map(|topics| topics.iter().map(|t| t.to_string()).collect()),
            ..Heartbeat::default()
        };
        match self.ask(Command::Heartbeat(heartbeat)) {
            Answer::Beat(beat) => beat.map_err(|refusal| refusal.code),
            other => panic!("{other:?}"),
        }
    }

    /// Joins as the handler does: once more when the state is there.
    fn join(&mut self, member: &str, topics: &[&str]) -> Beat {
        let beat = self.beat(member, 0, Some(topics)).expect("joined");
        if beat.initialize.1.is_empty() {
            return beat;
        }
        self.ask(Command::Initialized {
            group: "g".into(),
            done: beat.initialize.1,
            failed: Partitions::new(),
        });
        let ms = beat.assigns_in_ms.unwrap_or_default();
        self.at += Duration::from_millis(u64::try_from(ms).expect("a time"));
        self.beat(member, 0, Some(topics)).expect("joined")
    }

    fn group(&self) -> &Group {
        self.groups.share_group("g").expect("a share group")
    }
}

fn position() -> Position {
    Position {
        offset: 0,
        timestamp: 1_000_000,
        producer: None,
    }
}

fn count(beat: &Beat) -> usize {
    let assignment = beat.assignment.as_ref();
    assignment.map_or(0, |a| a.values().map(BTreeSet::len).sum())
}

#[test]
fn a_member_gets_what_has_state_and_nothing_before() {
    let mut world = World::new(&[("t", 3)]);
    let first = world.beat("a", 0, Some(&["t"])).expect("joined");
    assert_eq!(first.assignment, Some(Partitions::new()));
    assert_eq!(first.initialize.1.len(), 1);
    // Somebody else who joins meanwhile does not have it made again.
    let other = world.beat("b", 0, Some(&["t"])).expect("joined");
    assert!(other.initialize.1.is_empty());
    world.ask(Command::Initialized {
        group: "g".into(),
        done: first.initialize.1,
        failed: Partitions::new(),
    });
    // All who have joined by then have their part in the first assignment.
    assert_eq!(first.assigns_in_ms, Some(1000));
    world.wait();
    let beat = world.beat("a", first.epoch, None).expect("heard");
    assert!(beat.epoch > other.epoch);
    let other = world.beat("b", other.epoch, None).expect("heard");
    assert!(count(&beat) + count(&other) >= 3);
    assert_eq!(world.group().state(), "Stable");
}

/// The broker went down between asking for a group's state and hearing of it, and its clock was set back: for as long as the
/// clock took to come to that time again nobody got anything (seed 9001459 of the whole-node simulation).
#[test]
fn a_clock_set_back_does_not_stop_what_has_no_state() {
    let mut world = World::new(&[("t", 3)]);
    let first = world.beat("a", 0, Some(&["t"])).expect("joined");
    assert_eq!(first.initialize.1.len(), 1);
    world.behind_ms = 3_600_000;
    let next = world.beat("a", first.epoch, None).expect("heard");
    assert_eq!(next.initialize.1.len(), 1, "it is asked for again");
}

#[test]
fn members_share_partitions_when_there_are_more_of_them() {
    let mut world = World::new(&[("t", 2)]);
    assert_eq!(count(&world.join("a", &["t"])), 2);
    for member in ["b", "c", "d"] {
        world.wait();
        assert_eq!(count(&world.join(member, &["t"])), 1);
    }
    let target = world.group().target.clone();
    assert_eq!(target.len(), 4);
    for partition in 0..2 {
        let has = |p: &&Partitions| p[&topic_id("t")].contains(&partition);
        assert_eq!(target.values().filter(has).count(), 2);
    }
    // Who leaves is replaced; the others keep what they have as far as that is fair.
    world.beat("d", -1, None).expect("left");
    world.wait();
    let epoch = world.group().members["a"].epoch;
    world.beat("a", epoch, None).expect("heard");
    let covered: BTreeSet<i32> = world
        .group()
        .target
        .values()
        .flat_map(|p| p[&topic_id("t")].iter().copied())
        .collect();
    assert_eq!(covered.len(), 2);
}

#[test]
fn epochs_are_checked() {
    let mut world = World::new(&[("t", 1)]);
    assert_eq!(world.beat("a", 3, None), Err(ErrorCode::GROUP_ID_NOT_FOUND));
    let beat = world.join("a", &["t"]);
    assert_eq!(world.beat("b", 3, None), Err(ErrorCode::UNKNOWN_MEMBER_ID));
    let newer = world.beat("a", beat.epoch + 1, None);
    assert_eq!(newer, Err(ErrorCode::FENCED_MEMBER_EPOCH));
    assert_eq!(
        world.beat("a", 0, Some(&[])),
        Err(ErrorCode::INVALID_REQUEST)
    );
    assert_eq!(world.beat("a", -2, None), Err(ErrorCode::INVALID_REQUEST));
    assert!(world.beat("a", beat.epoch, None).is_ok());
}

#[test]
fn who_does_not_report_is_removed() {
    let mut world = World::new(&[("t", 1)]);
    world.join("a", &["t"]);
    world.at += Duration::from_secs(44);
    world.step(Groups::tick);
    assert_eq!(world.group().members.len(), 1);
    world.at += Duration::from_secs(2);
    world.step(Groups::tick);
    assert!(world.group().members.is_empty());
    assert_eq!(world.group().state(), "Empty");
}

#[test]
fn a_group_is_read_back_as_it_was_and_deleted_whole() {
    let mut world = World::new(&[("t", 2), ("u", 1)]);
    world.join("a", &["t", "u"]);
    world.join("b", &["t"]);
    let mut again = Groups::new(0);
    for record in world.log.clone() {
        again.apply(record, &position());
    }
    assert_eq!(again.share_group("g"), Ok(world.group()));
    world.beat("a", -1, None).expect("left");
    world.beat("b", -1, None).expect("left");
    let deleting = world.ask(Command::Delete {
        group: "g".into(),
        topics: None,
    });
    let Answer::Deleting(Ok(old)) = deleting else {
        panic!("{deleting:?}");
    };
    let partitions = |o: &OldOffsets| o.partitions.clone().map_or(0, |p| p.len());
    assert_eq!(old.iter().map(partitions).sum::<usize>(), 3);
    world.step(|groups, _| groups.delete(&["g".into()], Ask(1)));
    assert_eq!(world.groups.share_group("g"), Err(Missing::Unknown));
}

#[test]
fn offsets_change_only_while_nobody_reads() {
    let mut world = World::new(&[("t", 2)]);
    world.join("a", &["t"]);
    let alter = || Command::Alter {
        group: "g".into(),
        topics: vec![
            ("t".into(), vec![(0, 5), (7, 1)]),
            ("x".into(), vec![(0, 0)]),
        ],
    };
    let Answer::Altering(Err(refusal)) = world.ask(alter()) else {
        panic!("not refused");
    };
    assert_eq!(refusal.code, ErrorCode::NON_EMPTY_GROUP);
    let before = world.group().epoch;
    world.beat("a", -1, None).expect("left");
    let Answer::Altering(Ok((epoch, topics))) = world.ask(alter()) else {
        panic!("refused");
    };
    assert!(epoch > before);
    assert_eq!(topics[0].partitions, [(0, Some(5)), (7, None)]);
    assert_eq!(topics[1].id, None);
}

#[test]
fn assignments_are_a_second_apart() {
    let mut world = World::new(&[("t", 2)]);
    let first = world.join("a", &["t"]);
    assert_eq!(count(&first), 2);
    // The group has another epoch, the member that of the assignment that there is.
    let late = world.beat("b", 0, Some(&["t"])).expect("joined");
    assert_eq!((late.epoch, count(&late)), (first.epoch, 0));
    assert_eq!(late.assigns_in_ms, Some(1000));
    assert!(world.group().epoch > first.epoch);
    let early = world.beat("b", late.epoch, None).expect("heard");
    assert_eq!((early.epoch, early.assignment), (first.epoch, None));
    world.wait();
    let beat = world.beat("b", late.epoch, None).expect("heard");
    assert_eq!((beat.epoch, count(&beat)), (world.group().epoch, 1));
}

#[test]
fn what_a_member_reads_no_longer_goes_at_once() {
    let mut world = World::new(&[("t", 1), ("u", 1)]);
    let first = world.join("a", &["t", "u"]);
    assert_eq!(count(&first), 2);
    let less = world.beat("a", first.epoch, Some(&["u"])).expect("heard");
    assert_eq!((less.epoch, count(&less)), (first.epoch, 1));
}

#[test]
fn a_group_that_is_not_there_is_not_one_of_another_kind() {
    let mut world = World::new(&[("t", 1)]);
    let describe = |world: &mut World| match world.ask(Command::Describe(vec!["g".into()])) {
        Answer::Described(mut groups) => groups.remove(0).err(),
        other => panic!("{other:?}"),
    };
    assert_eq!(describe(&mut world), Some(Missing::Unknown));
    let words = Missing::Unknown.words("g", "share");
    assert_eq!(words, "Group g not found.");
    let simple = super::super::classic::Group::simple();
    let groups = &mut world.groups.groups;
    groups.insert("g".into(), kind::Group::Classic(simple));
    assert_eq!(describe(&mut world), Some(Missing::OfAnotherKind));
}

/// Members come, go and change what they read, topics get state: at every moment each partition that somebody reads has a reader,
/// nobody has what he does not read, and nobody has nothing while others share.
#[test]
fn assignments_are_whole_and_even_whatever_happens() {
    let mut random = 7_u64;
    let mut draw = move |below: u64| {
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (random >> 33) % below
    };
    let topics = ["t", "u", "v"];
    let mut members: BTreeMap<String, Member> = BTreeMap::new();
    let mut had: BTreeMap<String, Partitions> = BTreeMap::new();
    let mut states = group::States::default();
    for _ in 0..2000 {
        let id = format!("m{}", draw(9));
        let topic = topics[draw(3) as usize];
        match draw(4) {
            0 => drop(members.remove(&id)),
            1 => {
                let of = states.initialized.entry(topic_id(topic)).or_default();
                of.name = topic.into();
                of.partitions = (0..1 + draw(6) as i32).collect();
            }
            _ => {
                let member = members.entry(id.clone()).or_default();
                member.id = id;
                if !member.topics.remove(topic) || member.topics.is_empty() {
                    member.topics.insert(topic.into());
                }
            }
        }
        had.retain(|id, _| members.contains_key(id));
        had = assign::simple(members.values(), &had, &states);
        are_whole_and_even(&members, &had, &states);
        let again = assign::simple(members.values(), &had, &states);
        assert_eq!(again, had, "who has something keeps it");
    }
}

fn are_whole_and_even(
    members: &BTreeMap<String, Member>,
    assigned: &BTreeMap<String, Partitions>,
    states: &group::States,
) {
    for (topic, of) in &states.initialized {
        let reads = |id: &&String| members[*id].topics.contains(&of.name);
        let readers: Vec<&String> = members.keys().filter(reads).collect();
        for partition in of.partitions.iter().filter(|_| !readers.is_empty()) {
            let has = |p: &&Partitions| p.get(topic).is_some_and(|p| p.contains(partition));
            let count = assigned.values().filter(has).count();
            let most = readers.len().div_ceil(of.partitions.len());
            assert!(
                (1..=most).contains(&count),
                "{partition} of {}: {count}",
                of.name
            );
        }
    }
    for (id, partitions) in assigned {
        let is_read = |topic: &Uuid| members[id].topics.contains(&states.initialized[topic].name);
        assert!(partitions.keys().all(is_read));
        let mut there = states.initialized.values();
        let reads_some = there.any(|of| members[id].topics.contains(&of.name));
        assert_eq!(reads_some, !partitions.is_empty(), "{id}");
    }
}
