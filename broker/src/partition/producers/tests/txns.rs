//! Transactions of producers: where they begin and end, who may begin one, what is stable.

use ottla_protocol::record::EndMarker;

use super::*;

const NOW: i64 = 5_000;
/// What a producer of transaction version 2 says before its first batch in `epoch`.
fn beginning(epoch: i16) -> Beginning {
    Beginning {
        producer_id: 7,
        epoch,
        sequence: 0,
        bumps: true,
    }
}

fn txn_batch(epoch: i16, first: i32, records: i32) -> Sequenced {
    Sequenced {
        transactional: true,
        ..batch(epoch, first, records)
    }
}

fn marker(epoch: i16, committed: bool) -> Marker {
    Marker {
        producer_id: 7,
        epoch,
        end: EndMarker {
            committed,
            coordinator_epoch: 3,
        },
    }
}

fn end(p: &mut Producers, marker: Marker, at: i64) {
    assert_eq!(p.check_marker(marker, 2), Ok(()));
    p.append(Effect::Marker(marker), at, at, NOW);
}

/// Begins a transaction with a batch of one record at `at`.
fn begin(p: &mut Producers, epoch: i16, at: i64) {
    let guard = p.begin(beginning(epoch), NOW).expect("not fenced");
    assert!(guard.is_some(), "none is open");
    let first = txn_batch(epoch, 0, 1);
    assert_eq!(p.check(first, guard), Ok(Verdict::New));
    p.append(first, at, at, NOW);
}

#[test]
fn what_is_stable_ends_where_the_oldest_open_transaction_begins() {
    let mut p = Producers::default();
    begin(&mut p, 0, 10);
    assert_eq!(
        p.last_stable(0, 10),
        10,
        "not committed yet: the watermark is below it"
    );
    p.commit(11);
    assert_eq!(
        p.last_stable(0, 11),
        10,
        "its own first offset is not stable"
    );
    let other = Sequenced {
        producer_id: 8,
        ..txn_batch(0, 0, 1)
    };
    p.append(other, 11, 11, NOW);
    p.commit(12);
    end(&mut p, marker(1, false), 12);
    assert_eq!(p.last_stable(0, 12), 10, "the marker is not committed");
    p.commit(13);
    assert_eq!(p.last_stable(0, 13), 11, "the other one is open");
    assert_eq!(
        p.last_stable(12, 13),
        12,
        "what is deleted is not waited for"
    );
    let aborted: Vec<_> = p.aborted(0, 13).collect();
    let expected = AbortedTxn {
        producer_id: 7,
        first_offset: 10,
        last_offset: 12,
        last_stable_offset: 11,
    };
    assert_eq!(aborted, [expected]);
    for (from, to, found) in [(0, 10, 0), (0, 11, 1), (12, 13, 1), (13, 20, 0)] {
        assert_eq!(p.aborted(from, to).count(), found, "{from}..{to}");
    }
    p.flushed(12);
    assert_eq!(
        p.aborted(0, 13).count(),
        1,
        "its marker is not in a segment"
    );
    p.flushed(13);
    assert_eq!(p.aborted(0, 13).count(), 0);
}

#[test]
fn a_transaction_begins_only_with_a_living_guard() {
    let mut p = Producers::default();
    let first = txn_batch(0, 0, 1);
    let refused = Err(ErrorCode::INVALID_TXN_STATE);
    assert_eq!(p.check(first, Some(Guard::NONE)), refused);
    assert_eq!(
        p.check(first, None),
        Ok(Verdict::New),
        "verification is off"
    );
    let guard = p.begin(beginning(0), NOW).expect("not fenced");
    assert_eq!(
        p.begin(beginning(0), NOW),
        Ok(guard),
        "the same one for a retry"
    );
    assert_eq!(p.check(first, guard), Ok(Verdict::New));
    p.append(first, 0, 0, NOW);
    assert_eq!(p.begin(beginning(0), NOW), Ok(None), "it is open");
    assert_eq!(
        p.check(txn_batch(0, 1, 1), Some(Guard::NONE)),
        Ok(Verdict::New)
    );
    assert_eq!(
        p.check(batch(0, 1, 1), None),
        refused,
        "a batch outside of it"
    );
    p.append(Effect::Marker(marker(0, true)), 1, 1, NOW);
    let late = txn_batch(0, 1, 1);
    assert_eq!(p.check(late, Some(Guard::NONE)), refused);
    assert_eq!(p.check(late, guard), refused, "a guard works once");
}

/// KIP-890: the coordinator's answer came, then the transaction was aborted, then the batch arrived.
#[test]
fn a_batch_that_comes_after_the_end_begins_no_transaction() {
    let mut p = Producers::default();
    let old = Beginning {
        bumps: false,
        ..beginning(0)
    };
    let guard = p.begin(old, NOW).expect("not fenced");
    p.append(Effect::Marker(marker(0, false)), 0, 0, NOW);
    let refused = p.check(txn_batch(0, 0, 1), guard);
    assert_eq!(refused, Err(ErrorCode::INVALID_TXN_STATE));
    // With rising epochs the marker of the transaction before may come after the question about the next one.
    let next = p.begin(beginning(1), NOW).expect("not fenced");
    p.append(Effect::Marker(marker(1, false)), 1, 1, NOW);
    assert_eq!(p.check(txn_batch(1, 0, 1), next), Ok(Verdict::New));
    assert_eq!(p.aborted(0, 9).count(), 0, "nothing was in these");
}

#[test]
fn producers_whose_epoch_rises_begin_at_zero() {
    let mut p = Producers::default();
    let out_of_order = Err(ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER);
    let guard = p
        .begin(
            Beginning {
                sequence: 5,
                ..beginning(0)
            },
            NOW,
        )
        .expect("not fenced");
    assert_eq!(
        p.check(txn_batch(0, 5, 1), guard),
        out_of_order,
        "nothing is known of it"
    );
    let again = p.begin(beginning(0), NOW).expect("not fenced");
    assert_eq!(guard, again);
    assert_eq!(p.check(txn_batch(0, 0, 1), guard), Ok(Verdict::New));
    p.append(txn_batch(0, 0, 3), 0, 2, NOW);
    end(&mut p, marker(1, true), 3);
    let guard = p.begin(beginning(1), NOW).expect("not fenced");
    assert_eq!(p.check(txn_batch(1, 3, 1), guard), out_of_order);
    assert_eq!(p.check(txn_batch(1, 0, 1), guard), Ok(Verdict::New));
    let fenced = ErrorCode::INVALID_PRODUCER_EPOCH;
    assert_eq!(p.begin(beginning(0), NOW), Err(fenced));
    assert_eq!(p.check(txn_batch(0, 3, 1), guard), Err(fenced));
}

/// While the lowest sequence waits to be tried again no higher one gets in, else it could never follow.
#[test]
fn a_higher_sequence_does_not_overtake_one_that_was_asked_about() {
    let mut p = Producers::default();
    let old = |sequence| Beginning {
        sequence,
        bumps: false,
        ..beginning(0)
    };
    let guard = p.begin(old(4), NOW).expect("not fenced");
    p.begin(old(9), NOW).expect("not fenced");
    let overtakes = p.check(txn_batch(0, 9, 1), guard);
    assert_eq!(overtakes, Err(ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER));
    assert_eq!(p.check(txn_batch(0, 4, 5), guard), Ok(Verdict::New));
}

#[test]
fn markers_are_fenced_by_epoch_and_coordinator() {
    let mut p = Producers::default();
    assert_eq!(
        p.check_marker(marker(0, true), 2),
        Ok(()),
        "nothing is known of it"
    );
    begin(&mut p, 4, 0);
    let stale = Err(ErrorCode::INVALID_PRODUCER_EPOCH);
    assert_eq!(p.check_marker(marker(3, true), 1), stale);
    assert_eq!(p.check_marker(marker(4, true), 2), stale, "KIP-1228");
    assert_eq!(p.check_marker(marker(4, true), 1), Ok(()));
    end(&mut p, marker(5, true), 1);
    assert_eq!(p.check_marker(marker(5, true), 2), Ok(()), "once more");
    let mut older = marker(5, true);
    older.end.coordinator_epoch = 2;
    let fenced = Err(ErrorCode::TRANSACTION_COORDINATOR_FENCED);
    assert_eq!(p.check_marker(older, 2), fenced);
    begin(&mut p, 5, 2);
    assert_eq!(p.check_marker(marker(5, true), 2), stale);
}

#[test]
fn open_transactions_never_expire_and_come_back_from_a_checkpoint() {
    let mut p = Producers::default();
    begin(&mut p, 0, 10);
    p.commit(11);
    p.expire(i64::MAX);
    let (map, through) = p.committed();
    let mut q = Producers::restore(map.clone(), through, VecDeque::new());
    assert_eq!(q.last_stable(0, 20), 10);
    q.replay(Effect::Marker(marker(1, false)), 11, 11, NOW);
    q.commit(12);
    assert_eq!(q.last_stable(0, 12), 12);
    assert_eq!(
        q.aborted(0, 12).map(|t| t.first_offset).collect::<Vec<_>>(),
        [10]
    );
    q.expire(i64::MAX);
    assert!(q.committed().0.is_empty());
}

#[test]
fn truncation_takes_back_beginnings_and_ends() {
    let mut p = Producers::default();
    begin(&mut p, 0, 10);
    p.commit(11);
    end(&mut p, marker(1, true), 11);
    begin(&mut p, 1, 12);
    p.truncate(11);
    assert_eq!(p.begin(beginning(0), NOW), Ok(None), "it is open again");
    assert_eq!(
        p.check(txn_batch(0, 1, 1), Some(Guard::NONE)),
        Ok(Verdict::New)
    );
    assert_eq!(p.last_stable(0, 11), 10);
}

#[test]
fn guards_are_bounded() {
    let mut p = Producers::default();
    for producer_id in 0..11_000 {
        let who = Beginning {
            producer_id,
            ..beginning(0)
        };
        let guard = p.begin(who, NOW).expect("not fenced");
        let first = Sequenced {
            producer_id,
            ..txn_batch(0, 0, 1)
        };
        assert_eq!(p.check(first, guard), Ok(Verdict::New));
    }
    let first = Sequenced {
        producer_id: 5,
        ..txn_batch(0, 0, 1)
    };
    assert_eq!(
        p.check(first, Some(Guard::NONE)),
        Err(ErrorCode::INVALID_TXN_STATE)
    );
}

// A batch was sent on a connection that stalled, sent again on another one, and its transaction committed. Then the first copy
// arrived. Nobody vouched for it, but the guard that it had asked for remembered its sequence as the one to begin with: the next
// transaction of the same epoch was refused with 45 (seed 1464 of the whole-node simulation).
#[test]
fn a_late_copy_is_not_what_the_next_transaction_begins_with() {
    let asks = |p: &mut Producers, sequence| {
        let who = Beginning {
            sequence,
            bumps: false,
            ..beginning(0)
        };
        p.begin(who, NOW).expect("not fenced")
    };
    let mut p = Producers::default();
    let guard = asks(&mut p, 0);
    assert_eq!(p.check(txn_batch(0, 0, 4), guard), Ok(Verdict::New));
    p.append(txn_batch(0, 0, 4), 0, 3, NOW);
    p.append(Effect::Marker(marker(0, true)), 4, 4, NOW);
    assert!(asks(&mut p, 0).is_some(), "a late copy of the batch");
    let guard = asks(&mut p, 4);
    assert_eq!(p.check(txn_batch(0, 4, 1), guard), Ok(Verdict::New));
    // One that has not been here is waited for all the same.
    assert!(asks(&mut p, 4).is_some());
    let guard = asks(&mut p, 5);
    let gap = Err(ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER);
    assert_eq!(p.check(txn_batch(0, 5, 1), guard), gap);
}
