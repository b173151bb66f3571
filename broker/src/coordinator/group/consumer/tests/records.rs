//! Which records are written, and when.

use std::sync::Arc;

use ottla_protocol::ids::NodeId;
use ottla_protocol::records::GroupRecord;

use super::super::super::topics_hash;
use super::*;
use crate::coordinator::{Machine, Position};
use crate::metadata::{Broker, Topic};

/// Types of records, with a minus for tombstones.
fn kinds(records: &[Record]) -> Vec<i16> {
    let kind = |record: &Record| {
        let (key, value) = Groups::encode(record).expect("a record");
        let kind = i16::from_be_bytes([key[0], key[1]]);
        if value.is_some() { kind } else { -kind }
    };
    records.iter().map(kind).collect()
}

#[test]
fn the_records_are_kafkas_and_in_its_order() {
    let mut world = World::new(&[("a", 2)]);
    world.fine(join("m1", &["a"]));
    assert_eq!(kinds(&world.written()), [5, 3, 7, 6, 8]);
    world.after(1000);
    world.fine(join("m2", &["a"]));
    assert_eq!(kinds(&world.written()), [5, 3, 7, 7, 6, 8]);
    world.fine(next("m1", 2));
    assert_eq!(kinds(&world.written()), [8]);
    world.fine(next("m1", 2));
    assert!(world.written().is_empty());
    world.fine(next("m1", -1));
    assert_eq!(kinds(&world.written()), [-8, -7, -5, 3]);
    world.fine(next("m2", -1));
    world.written();
    world.tell(Command::Delete(vec![GROUP.into()]));
    assert_eq!(kinds(&world.written()), [-6, -4, -3]);

    let by_pattern = Heartbeat {
        topics: None,
        regex: Some("a".into()),
        ..join("m3", &[])
    };
    world.fine(by_pattern);
    assert_eq!(kinds(&world.written()), [5, 8, 16, 3]);
    world.fine(next("m3", 1));
    assert_eq!(kinds(&world.written()), [7, 6, 8]);
    world.fine(next("m3", -1));
    assert_eq!(kinds(&world.written()), [-8, -7, -5, -16, 3]);
}

#[test]
fn a_static_members_records_go_over_to_its_next_life() {
    let mut world = World::new(&[("a", 2)]);
    let with_instance = |heartbeat| Heartbeat {
        instance: Some("i".into()),
        ..heartbeat
    };
    world.fine(with_instance(join("m1", &["a"])));
    world.written();
    world.fine(with_instance(next("m1", -2)));
    assert_eq!(kinds(&world.written()), [8]);
    world.fine(with_instance(join("m2", &["a"])));
    assert_eq!(kinds(&world.written()), [-8, -7, -5, 5, 7, 8, 8]);
}

#[test]
fn an_empty_classic_group_gives_its_name_and_offsets() {
    let mut world = World::new(&[("a", 1)]);
    let commit = super::super::super::offsets::Commit {
        group: GROUP.into(),
        member: super::super::super::offsets::Committer {
            generation: -1,
            ..Default::default()
        },
        offsets: vec![super::super::super::offsets::NewOffset {
            topic: "a".into(),
            topic_id: world.topic_id("a"),
            partition: 0,
            offset: 5,
            leader_epoch: -1,
            metadata: String::new(),
        }],
        ..Default::default()
    };
    world.tell(Command::Commit(commit));
    world.fine(join("m", &["a"]));
    assert_eq!(kinds(&world.written()), [1, -2, 5, 3, 7, 6, 8]);
    world.restart();
    assert_eq!(world.state(), "Stable");
    assert!(world.groups.offsets.has_any(GROUP));
}

#[test]
fn the_hash_of_topics_is_kafkas() {
    // From Kafka's own Utils.computeTopicHash and computeGroupHash, which use hash4j's XXH3.
    let mut image = World::new(&[("orders", 2)]).image();
    let mut topic = Topic::clone(image.topics.named("orders").expect("it"));
    topic.id = Uuid([1; 16]);
    topic.partitions[1].replicas = vec![NodeId(2)];
    image.topics.insert(topic);
    let broker = |id, rack: Option<&str>| Broker {
        id: NodeId(id),
        endpoints: BTreeMap::new(),
        rack: rack.map(str::to_owned),
        fenced: false,
    };
    let brokers = [
        (NodeId(1), broker(1, None)),
        (NodeId(2), broker(2, Some("r1"))),
    ];
    image.brokers = Arc::new(brokers.into());
    let names = ["no such".to_owned(), "orders".to_owned()];
    assert_eq!(topics_hash::of_topics(&names, &image), -4257993028850308619);
    assert_eq!(topics_hash::of_topics(&names[..1], &image), 0);
}

#[test]
fn what_kafka_before_4_1_kept_of_topics_is_deleted_at_the_next_look() {
    let mut world = World::new(&[("a", 1)]);
    world.fine(join("m", &["a"]));
    let key = ottla_protocol::records::consumer_group_partition_metadata::ConsumerGroupPartitionMetadataKey {
        group_id: GROUP.into(),
    };
    let old = GroupRecord::ConsumerGroupPartitionMetadata(key, Some(Default::default()));
    let at = Position {
        offset: world.log.len() as i64,
        timestamp: 0,
        producer: None,
    };
    world.log.push((old, at));
    world.restart();
    world.written();
    world.fine(next("m", 2));
    assert_eq!(kinds(&world.written()), [-4]);
}
