//! One replica alone: the group of one that every single-node partition is. Groups of more are in `tests/scripts`.

use bytes::Bytes;
use ottla_protocol::ids::{NodeId, PartitionId, Uuid};

use super::*;
use crate::action::{Append, Proposed, Refused};
use crate::entry::{Entry, Kind, Payload};

mod recovery;

const ME: NodeId = NodeId(0);

fn partition() -> PartitionId {
    PartitionId {
        topic: Uuid::ONE,
        partition: 3,
    }
}

fn open(recovered: Recovered) -> Result<Replica, OpenError> {
    Replica::open(partition(), ME, recovered, Limits::default(), 7)
}

fn fresh() -> Replica {
    open(Recovered::fresh(Members::of([ME]))).unwrap()
}

fn data(records: u32, text: &'static str) -> Payload {
    Payload::Data {
        bytes: Bytes::from_static(text.as_bytes()),
        records,
    }
}

fn drained(replica: &mut Replica) -> Vec<Action> {
    std::iter::from_fn(|| replica.poll()).collect()
}

fn appends(actions: &[Action]) -> Vec<&Append> {
    actions
        .iter()
        .filter_map(|a| {
            if let Action::Append(append) = a {
                Some(append)
            } else {
                None
            }
        })
        .collect()
}

fn committed(actions: &[Action]) -> Vec<&Entry> {
    actions
        .iter()
        .filter_map(|a| {
            if let Action::Commit(entries) = a {
                Some(entries)
            } else {
                None
            }
        })
        .flatten()
        .collect()
}

/// Elected, its first entry flushed and committed.
fn serving() -> Replica {
    let mut replica = fresh();
    replica.campaign();
    drained(&mut replica);
    replica.handle(Input::Appended { seq: 1 });
    drained(&mut replica);
    assert!(replica.can_serve());
    replica
}

#[test]
fn leads_without_waiting_and_serves_after_the_first_flush() {
    let mut replica = fresh();
    assert!(drained(&mut replica).is_empty());
    replica.campaign();
    assert_eq!((replica.role(), replica.term()), (Role::Leader, 2));
    let actions = drained(&mut replica);
    let hard = HardState {
        term: 2,
        vote: Some(ME),
        commit: 1,
    };
    let opening = Entry {
        index: 2,
        term: 2,
        kind: Kind::Empty,
        base_offset: 0,
        records: 0,
        body: Bytes::new(),
    };
    let append = Append {
        seq: 1,
        install: None,
        truncate_from: None,
        entries: vec![opening.clone()],
        hard: Some(hard),
    };
    let role = RoleChange {
        role: Role::Leader,
        term: 2,
        leader: Some(ME),
    };
    assert_eq!(actions, [Action::Append(append), Action::Role(role)]);
    assert!(!replica.can_serve());

    replica.handle(Input::Appended { seq: 1 });
    assert_eq!(
        drained(&mut replica),
        [Action::Commit(vec![opening]), Action::Serving { term: 2 }]
    );
    assert!(replica.can_serve());
}

#[test]
fn a_quiet_group_of_one_does_nothing() {
    let mut replica = serving();
    assert!(!replica.needs_ticks());
    for _ in 0..1000 {
        replica.handle(Input::Tick);
        assert_eq!(replica.poll(), None);
    }
    assert!(replica.can_serve());
    assert_eq!((replica.body_bytes(), replica.appends_in_flight()), (0, 0));
}

#[test]
fn proposals_between_two_polls_are_one_append() {
    let mut replica = serving();
    let mut slots = Vec::new();
    for (records, text) in [(3, "abc"), (1, "d"), (2, "ef")] {
        assert_eq!(
            replica.next_offset(),
            slots
                .last()
                .map_or(0, |s: &(Proposed, u32)| s.0.base_offset + i64::from(s.1))
        );
        slots.push((replica.propose(data(records, text)).unwrap(), records));
    }
    replica
        .propose(Payload::Command(Bytes::from_static(b"set")))
        .unwrap();
    assert_eq!(
        slots.iter().map(|s| s.0.base_offset).collect::<Vec<_>>(),
        [0, 3, 4]
    );
    assert_eq!((replica.next_offset(), replica.high_watermark()), (6, 0));

    let actions = drained(&mut replica);
    let appends = appends(&actions);
    assert_eq!(
        (actions.len(), appends.len(), appends[0].entries.len()),
        (1, 1, 4)
    );
    assert_eq!(
        appends[0].hard.map(|h| h.commit),
        Some(2),
        "the commit index rides along"
    );
    assert!(
        committed(&actions).is_empty(),
        "nothing is committed before the flush"
    );

    replica.handle(Input::Appended { seq: 2 });
    let actions = drained(&mut replica);
    let done = committed(&actions);
    assert_eq!(
        done.iter()
            .map(|e| (e.index, e.base_offset, e.records))
            .collect::<Vec<_>>(),
        [(3, 0, 3), (4, 3, 1), (5, 4, 2), (6, 6, 0)]
    );
    assert_eq!(
        (&done[2].body[..], &done[3].body[..]),
        (&b"ef"[..], &b"set"[..])
    );
    assert_eq!(
        (
            replica.high_watermark(),
            replica.uncommitted_bytes(),
            replica.body_bytes()
        ),
        (6, 0, 0)
    );
    assert!(appends_none(&actions), "a commit alone writes nothing");
}

fn appends_none(actions: &[Action]) -> bool {
    appends(actions).is_empty()
}

#[test]
fn appends_in_flight_are_reported_one_for_all() {
    let mut replica = serving();
    for text in ["a", "b", "c"] {
        replica.propose(data(1, text)).unwrap();
        assert_eq!(appends(&drained(&mut replica)).len(), 1);
    }
    assert_eq!(replica.appends_in_flight(), 3);
    replica.handle(Input::Appended { seq: 3 });
    assert_eq!(committed(&drained(&mut replica)).len(), 2);
    assert_eq!(
        (replica.high_watermark(), replica.appends_in_flight()),
        (2, 1)
    );
    replica.handle(Input::Appended { seq: 2 });
    assert!(
        drained(&mut replica).is_empty(),
        "an old report says nothing new"
    );
    replica.handle(Input::Appended { seq: 4 });
    assert_eq!(committed(&drained(&mut replica)).len(), 1);
}

#[test]
fn what_cannot_be_taken_is_refused() {
    let mut replica = fresh();
    assert_eq!(
        replica.propose(data(1, "x")),
        Err(Refused::NotLeader { leader: None })
    );
    let limits = Limits {
        max_uncommitted_bytes: 10,
        max_entry_bytes: 20,
        max_uncommitted_entries: 3,
        ..Limits::default()
    };
    let mut replica = Replica::open(
        partition(),
        ME,
        Recovered::fresh(Members::of([ME])),
        limits,
        7,
    )
    .unwrap();
    replica.campaign();
    assert_eq!(replica.propose(data(0, "x")), Err(Refused::Offsets));
    assert_eq!(
        replica.propose(data(1, "123456789012345678901")),
        Err(Refused::TooLarge)
    );
    replica
        .propose(data(1, "12345678901234567890"))
        .expect("one is always taken");
    assert_eq!(replica.propose(data(1, "x")), Err(Refused::Busy));
    assert_eq!(replica.next_offset(), 1);
    drained(&mut replica);
    replica.handle(Input::Appended { seq: 1 });
    drained(&mut replica);
    for text in ["a", "b", "c"] {
        replica.propose(data(1, text)).unwrap();
    }
    assert_eq!(replica.propose(data(1, "d")), Err(Refused::Busy));
    assert_eq!(replica.change(&[]), Err(Refused::BadChange));
}

#[test]
fn an_idle_replica_is_small() {
    // What stands beside this on the heap is in README.md.
    assert!(size_of::<Replica>() <= 2048, "{}", size_of::<Replica>());
}
