//! Synthetic histories: a sound one passes, and each anomaly planted once is found as what it is.

use super::*;

const SLOT: u32 = 4;

fn id(producer: u32, number: u64) -> Identity {
    Identity {
        producer,
        slot: SLOT,
        number,
    }
}

fn log(records: &[(u32, u64)]) -> Vec<Seen> {
    (0i64..)
        .zip(records)
        .map(|(offset, &(p, n))| Seen {
            offset,
            record: Ok(id(p, n)),
        })
        .collect()
}

/// Producers 0 and 1, interleaved; the last record of each is not acknowledged.
fn sound() -> (Vec<Seen>, Known) {
    let seen = log(&[(0, 0), (0, 1), (1, 0), (0, 2), (1, 1), (1, 2), (0, 3)]);
    let acked = vec![
        Acked {
            producer: 0,
            first: 0,
            count: 2,
            offset: 0,
        },
        Acked {
            producer: 1,
            first: 0,
            count: 1,
            offset: 2,
        },
        Acked {
            producer: 0,
            first: 2,
            count: 1,
            offset: 3,
        },
        Acked {
            producer: 1,
            first: 1,
            count: 1,
            offset: 4,
        },
    ];
    (
        seen,
        Known {
            acked,
            issued: BTreeMap::from([(0, 4), (1, 3)]),
        },
    )
}

fn renumber(seen: &mut [Seen]) {
    for (offset, record) in (0i64..).zip(seen) {
        record.offset = offset;
    }
}

fn verdict(seen: &[Seen], known: &Known) -> Vec<Anomaly> {
    check(SLOT, 0, seen, known, &[])
}

#[test]
fn a_sound_history_passes() {
    let (seen, known) = sound();
    assert_eq!(verdict(&seen, &known), []);
    let before: Vec<_> = seen.iter().map(|s| s.record.unwrap()).collect();
    assert_eq!(check(SLOT, 0, &seen, &known, &before), []);
    assert_eq!(check(SLOT, 3, &seen[3..], &known, &before), []);
}

#[test]
fn unacknowledged_records_may_be_missing() {
    let (seen, known) = sound();
    assert_eq!(verdict(&seen[..6], &known), []);
    assert_eq!(verdict(&seen[..5], &known), []);
}

#[test]
fn an_acknowledged_tail_that_is_gone() {
    let (seen, known) = sound();
    assert_eq!(
        verdict(&seen[..4], &known),
        [Anomaly::Lost {
            producer: 1,
            number: 1,
            offset: 4,
            end: 4
        }]
    );
    assert!(
        verdict(&[], &known).len() == 5,
        "an empty log has lost all five"
    );
}

#[test]
fn a_record_cut_out_of_the_middle() {
    let (mut seen, known) = sound();
    seen.remove(1);
    assert!(verdict(&seen, &known).contains(&Anomaly::Gap { want: 1, found: 2 }));
    assert!(verdict(&seen, &known).contains(&Anomaly::Lost {
        producer: 0,
        number: 1,
        offset: 1,
        end: 7
    }));
    renumber(&mut seen);
    let found = verdict(&seen, &known);
    assert!(
        found.contains(&Anomaly::Hole {
            offset: 2,
            record: id(0, 2),
            want: 1
        }),
        "{found:?}"
    );
    assert!(found.contains(&Anomaly::Displaced {
        producer: 0,
        number: 1,
        offset: 1,
        found: id(1, 0)
    }));
}

#[test]
fn a_log_that_does_not_begin_at_zero() {
    let (mut seen, mut known) = sound();
    known.acked.clear();
    seen.remove(0);
    seen.remove(0);
    assert!(verdict(&seen, &known).contains(&Anomaly::Gap { want: 0, found: 2 }));
}

#[test]
fn a_retry_that_was_appended_again() {
    let (mut seen, known) = sound();
    seen.push(Seen {
        offset: 7,
        record: Ok(id(0, 3)),
    });
    assert_eq!(
        verdict(&seen, &known),
        [Anomaly::Duplicate {
            record: id(0, 3),
            first: 6,
            again: 7
        }]
    );
}

#[test]
fn an_offset_given_twice() {
    let (mut seen, known) = sound();
    seen[6].offset = 5;
    assert_eq!(verdict(&seen, &known), [Anomaly::Gap { want: 6, found: 5 }]);
    // Two acknowledgements for one offset, one record there.
    let (seen, mut known) = sound();
    known.acked.push(Acked {
        producer: 1,
        first: 2,
        count: 1,
        offset: 3,
    });
    assert_eq!(
        verdict(&seen, &known),
        [Anomaly::Displaced {
            producer: 1,
            number: 2,
            offset: 3,
            found: id(0, 2)
        }]
    );
}

#[test]
fn records_that_changed_places() {
    let (mut seen, mut known) = sound();
    known.acked.clear();
    seen.swap(0, 1);
    renumber(&mut seen);
    let found = verdict(&seen, &known);
    assert!(
        found.contains(&Anomaly::Reordered {
            offset: 1,
            record: id(0, 0),
            after: 1
        }),
        "{found:?}"
    );
}

#[test]
fn a_record_that_nobody_sent() {
    let (mut seen, known) = sound();
    seen.push(Seen {
        offset: 7,
        record: Ok(id(1, 3)),
    });
    assert_eq!(
        verdict(&seen, &known),
        [Anomaly::Phantom {
            offset: 7,
            record: id(1, 3)
        }]
    );
    let stray = Identity {
        slot: SLOT + 1,
        ..id(1, 2)
    };
    let (mut seen, known) = sound();
    seen[5].record = Ok(stray);
    assert_eq!(
        verdict(&seen, &known),
        [Anomaly::Phantom {
            offset: 5,
            record: stray
        }]
    );
}

#[test]
fn a_value_with_a_flipped_bit() {
    let (mut seen, known) = sound();
    seen[6].record = Err(Damage::Checksum);
    assert_eq!(
        verdict(&seen, &known),
        [Anomaly::Damaged {
            offset: 6,
            why: Damage::Checksum
        }]
    );
}

#[test]
fn a_record_read_once_and_gone_later() {
    let (seen, known) = sound();
    let before: Vec<_> = seen.iter().map(|s| s.record.unwrap()).collect();
    let found = check(SLOT, 0, &seen[..6], &known, &before);
    assert_eq!(
        found,
        [Anomaly::Changed {
            offset: 6,
            before: id(0, 3),
            now: None
        }]
    );
    // Not acknowledged, read, and then another record took its offset.
    let mut now = seen.clone();
    now.truncate(5);
    now.push(Seen {
        offset: 5,
        record: Ok(id(0, 3)),
    });
    let found = check(SLOT, 3, &now[3..], &known, &before);
    assert!(
        found.contains(&Anomaly::Changed {
            offset: 5,
            before: id(1, 2),
            now: Some(id(0, 3))
        }),
        "{found:?}"
    );
}
