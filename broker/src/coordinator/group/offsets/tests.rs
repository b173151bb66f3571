use ottla_protocol::records::group_metadata::{
    GroupMetadataKey, GroupMetadataValue, MemberMetadata,
};

use super::*;
use crate::coordinator::census::Event;
use crate::coordinator::group::Groups;
use crate::coordinator::{Machine, Producer};
use crate::partition::calls::Guard;

fn commit(group: &str, producer: Option<i64>) -> Commit {
    Commit {
        group: group.into(),
        txn: producer.map(|id| InTxn {
            producer: Producer { id, epoch: 0 },
            guard: Guard::NONE,
        }),
        ..Commit::default()
    }
}

fn new(partition: i32, offset: i64) -> NewOffset {
    NewOffset {
        topic: "t".into(),
        topic_id: Uuid([7; 16]),
        partition,
        offset,
        leader_epoch: 3,
        metadata: "note".into(),
    }
}

/// Writes a commit as its record, and applies it at `at`.
fn write(offsets: &mut Offsets, of: &Commit, new: &NewOffset, at: i64) {
    let record = offsets.record(of, new, 4096, 1000).expect("short enough");
    apply(offsets, record, of.txn.map(|txn| txn.producer), at);
}

fn apply(offsets: &mut Offsets, record: Record, producer: Option<Producer>, offset: i64) {
    let at = Position {
        offset,
        timestamp: 1000,
        producer,
    };
    match record {
        GroupRecord::OffsetCommit(key, value) => offsets.apply(key, value, &at),
        other => panic!("not an offset: {other:?}"),
    }
}

fn fetch(offsets: &Offsets, require_stable: bool) -> Vec<(ErrorCode, i64)> {
    let fetch = Fetch {
        group: "g".into(),
        member: None,
        topics: Some(vec![("t".into(), Uuid::ZERO, vec![0, 1])]),
        require_stable,
    };
    let topics = offsets.fetch(&fetch);
    topics[0].2.iter().map(|f| (f.error, f.offset)).collect()
}

const NONE: ErrorCode = ErrorCode::NONE;
const UNSTABLE: ErrorCode = ErrorCode::UNSTABLE_OFFSET_COMMIT;

#[test]
fn what_was_committed_is_fetched_and_what_was_not_is_minus_one() {
    let mut offsets = Offsets::default();
    write(&mut offsets, &commit("g", None), &new(0, 5), 0);
    assert_eq!(fetch(&offsets, true), [(NONE, 5), (NONE, -1)]);
    let all = offsets.fetch(&Fetch {
        group: "g".into(),
        member: None,
        topics: None,
        require_stable: false,
    });
    assert_eq!(all.len(), 1);
    assert_eq!(
        (all[0].0.as_str(), all[0].2[0].metadata.as_str()),
        ("t", "note")
    );
}

#[test]
fn a_transactions_offsets_count_when_it_commits() {
    let mut offsets = Offsets::default();
    write(&mut offsets, &commit("g", None), &new(0, 5), 0);
    write(&mut offsets, &commit("g", Some(9)), &new(0, 7), 1);
    assert_eq!(fetch(&offsets, false)[0], (NONE, 5));
    assert_eq!(fetch(&offsets, true)[0], (UNSTABLE, -1));
    offsets.end_transaction(8, true);
    assert_eq!(fetch(&offsets, true)[0], (UNSTABLE, -1), "another's end");
    offsets.end_transaction(9, true);
    assert_eq!(fetch(&offsets, true)[0], (NONE, 7));
    write(&mut offsets, &commit("g", Some(9)), &new(0, 9), 3);
    offsets.end_transaction(9, false);
    assert_eq!(fetch(&offsets, true)[0], (NONE, 7));
}

#[test]
fn of_two_commits_the_one_written_later_counts() {
    let mut offsets = Offsets::default();
    write(&mut offsets, &commit("g", Some(9)), &new(0, 7), 1);
    write(&mut offsets, &commit("g", None), &new(0, 8), 2);
    offsets.end_transaction(9, true);
    assert_eq!(fetch(&offsets, true)[0], (NONE, 8));
}

#[test]
fn tombstones_take_what_is_pending_too() {
    let mut offsets = Offsets::default();
    write(&mut offsets, &commit("g", None), &new(0, 5), 0);
    write(&mut offsets, &commit("g", Some(9)), &new(1, 7), 1);
    assert!(offsets.tombstone("g", "t", 2).is_none());
    let all = offsets.tombstones("g");
    assert_eq!(all.len(), 2);
    for record in all {
        apply(&mut offsets, record, None, 5);
    }
    assert!(!offsets.has_any("g"));
    offsets.end_transaction(9, true);
    assert_eq!(fetch(&offsets, true), [(NONE, -1), (NONE, -1)]);
}

#[test]
fn a_deleted_topics_offsets_go_and_a_new_ones_stay() {
    let mut offsets = Offsets::default();
    write(&mut offsets, &commit("g", None), &new(0, 5), 0);
    assert!(offsets.tombstones_of_topic("t", Uuid([8; 16])).is_empty());
    assert_eq!(offsets.tombstones_of_topic("t", Uuid([7; 16])).len(), 1);
}

#[test]
fn notes_are_as_long_as_allowed() {
    let offsets = Offsets::default();
    let record = offsets.record(&commit("g", None), &new(0, 5), 3, 0);
    assert_eq!(record.unwrap_err(), ErrorCode::OFFSET_METADATA_TOO_LARGE);
    assert!(offsets.record(&commit("g", None), &new(0, 5), 4, 0).is_ok());
}

#[test]
fn operators_see_what_is_committed_not_what_is_pending() {
    let mut offsets = Offsets::default();
    write(&mut offsets, &commit("g", None), &new(0, 5), 0);
    write(&mut offsets, &commit("g", Some(7)), &new(1, 9), 1);
    let seen = |offsets: &Offsets| {
        let mut census = Census::default();
        offsets.census(&mut census);
        let each = census.committed.into_iter();
        each.map(|it| (it.group, it.topic, it.partition, it.offset))
            .collect::<Vec<_>>()
    };
    let of = |partition, offset| ("g".to_owned(), "t".to_owned(), partition, offset);
    assert_eq!(seen(&offsets), [of(0, 5)]);
    offsets.end_transaction(7, true);
    assert_eq!(seen(&offsets), [of(0, 5), of(1, 9)]);
}

#[test]
fn commits_and_assignments_are_counted_once_each() {
    let group = |members| {
        let key = GroupMetadataKey { group: "g".into() };
        let value = GroupMetadataValue {
            members,
            ..GroupMetadataValue::default()
        };
        GroupRecord::GroupMetadata(key, Some(value))
    };
    let offsets = Offsets::default();
    let record = offsets.record(&commit("g", None), &new(0, 5), 4096, 1000);
    for (record, event) in [
        (record.expect("short enough"), Some(Event::OffsetCommitted)),
        (deletion("g", "t", 0), None),
        (
            group(vec![MemberMetadata::default()]),
            Some(Event::Rebalanced),
        ),
        (group(vec![]), None),
    ] {
        assert_eq!(Groups::event(&record), event, "{record:?}");
    }
}
