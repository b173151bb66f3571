//! Opening what storage recovered, sound or not.

use super::*;

fn entry(index: u64, term: u64, base_offset: i64, records: u32) -> Entry {
    let kind = if records > 0 { Kind::Data } else { Kind::Empty };
    let body = Bytes::from(vec![b'x'; records as usize]);
    Entry {
        index,
        term,
        kind,
        base_offset,
        records,
        body,
    }
}

fn recovered(commit: u64, entries: Vec<Entry>) -> Recovered {
    let hard = HardState {
        term: 5,
        vote: Some(ME),
        commit,
    };
    let point = Point {
        index: 10,
        term: 3,
        end_offset: 100,
    };
    Recovered {
        hard,
        point,
        members: Members::of([ME]),
        entries,
    }
}

#[test]
fn goes_on_where_it_was() {
    let entries = vec![
        entry(11, 3, 100, 5),
        entry(12, 4, 105, 0),
        entry(13, 4, 105, 2),
    ];
    let mut replica = open(recovered(11, entries)).unwrap();
    assert_eq!(
        (replica.next_offset(), replica.high_watermark()),
        (107, 100)
    );
    let actions = drained(&mut replica);
    assert_eq!(
        committed(&actions).len(),
        1,
        "what is known to be committed comes out at once"
    );
    assert_eq!(replica.high_watermark(), 105);

    replica.campaign();
    assert_eq!(replica.term(), 6);
    drained(&mut replica);
    replica.handle(Input::Appended { seq: 1 });
    let actions = drained(&mut replica);
    assert_eq!(
        committed(&actions)
            .iter()
            .map(|e| e.index)
            .collect::<Vec<_>>(),
        [12, 13, 14]
    );
    assert_eq!(
        (replica.high_watermark(), replica.next_offset()),
        (107, 107)
    );
    assert_eq!(
        replica.point(),
        Point {
            index: 14,
            term: 6,
            end_offset: 107
        }
    );
}

#[test]
fn a_checkpoint_is_committed_even_if_the_hard_state_is_older() {
    let replica = open(recovered(4, vec![])).unwrap();
    assert_eq!(
        (replica.high_watermark(), replica.hard_state().commit),
        (100, 10)
    );
}

/// A crash between the entries of a new term and its hard state.
#[test]
fn entries_may_be_newer_than_the_hard_state() {
    let replica = open(recovered(10, vec![entry(11, 6, 100, 1)])).unwrap();
    let hard = HardState {
        term: 6,
        vote: None,
        commit: 10,
    };
    assert_eq!(replica.hard_state(), hard);
}

#[test]
fn epochs_and_offsets_are_found() {
    let entries = vec![
        entry(11, 3, 100, 5),
        entry(12, 4, 105, 0),
        entry(13, 4, 105, 2),
        entry(14, 5, 107, 1),
    ];
    let replica = open(recovered(10, entries)).unwrap();
    let starts: Vec<_> = replica
        .epochs()
        .iter()
        .map(|e| (e.term, e.start_offset))
        .collect();
    assert_eq!(starts, [(3, 100), (4, 105), (5, 107)]);
    assert_eq!(
        [99, 100, 104, 105, 107, 108].map(|o| replica.index_of(o)),
        [None, Some(11), Some(11), Some(13), Some(14), None]
    );
}

#[test]
fn damage_is_an_error_and_never_a_panic() {
    let gap = open(recovered(10, vec![entry(12, 3, 100, 1)])).unwrap_err();
    assert_eq!(
        gap,
        OpenError::Gap {
            expected: 11,
            found: 12
        }
    );
    let twice = open(recovered(
        10,
        vec![entry(11, 3, 100, 1), entry(11, 3, 101, 1)],
    ))
    .unwrap_err();
    assert_eq!(
        twice,
        OpenError::Gap {
            expected: 12,
            found: 11
        }
    );
    let falls = open(recovered(
        10,
        vec![entry(11, 4, 100, 1), entry(12, 3, 101, 1)],
    ))
    .unwrap_err();
    assert_eq!(falls, OpenError::TermFalls { index: 12 });
    let short = open(recovered(12, vec![entry(11, 3, 100, 1)])).unwrap_err();
    assert_eq!(
        short,
        OpenError::CommitBeyondLog {
            commit: 12,
            last: 11
        }
    );
    for (offset, records) in [(101, 1), (99, 1), (i64::MAX, 1)] {
        let wrong = open(recovered(10, vec![entry(11, 3, offset, records)])).unwrap_err();
        assert!(
            matches!(wrong, OpenError::Entry { index: 11, .. }),
            "{wrong}"
        );
    }
    let mut nonsense = entry(11, 3, 100, 0);
    (nonsense.kind, nonsense.body) = (Kind::Config, Bytes::from_static(&[0xff]));
    assert!(matches!(
        open(recovered(10, vec![nonsense])),
        Err(OpenError::Entry { .. })
    ));
    let nobody = Recovered {
        members: Members::default(),
        ..recovered(10, vec![])
    };
    assert_eq!(open(nobody).unwrap_err(), OpenError::Members);
    let limits = Limits {
        heartbeat_ticks: 10,
        ..Limits::default()
    };
    let limits = Replica::open(partition(), ME, recovered(10, vec![]), limits, 7).unwrap_err();
    assert!(matches!(limits, OpenError::Limits(_)));
    let nobody = Replica::open(
        partition(),
        NodeId(-1),
        recovered(10, vec![]),
        Limits::default(),
        7,
    )
    .unwrap_err();
    assert_eq!(nobody, OpenError::Node(NodeId(-1)));
}

#[test]
fn one_that_joins_waits() {
    let mut replica = open(Recovered::joining()).unwrap();
    for _ in 0..100 {
        replica.handle(Input::Tick);
    }
    replica.campaign();
    assert_eq!(
        (drained(&mut replica), replica.needs_ticks()),
        (vec![], false)
    );
    assert_eq!(replica.role(), Role::Follower);
}
