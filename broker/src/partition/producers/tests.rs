//! Sequences, epochs, truncation, replay: producers without transactions. `txns` has those with, `model` compares with a
//! naive model.

mod model;
mod txns;

use super::*;

/// The sequence of the last of `records` records that begin at `first`.
fn last_sequence(first: i32, records: i32) -> i32 {
    ((i64::from(first) + i64::from(records) - 1) & i64::from(i32::MAX)) as i32
}

fn batch(epoch: i16, first: i32, records: i32) -> Sequenced {
    Sequenced {
        producer_id: 7,
        epoch,
        first,
        last: last_sequence(first, records),
        transactional: false,
    }
}

fn append(p: &mut Producers, b: Sequenced, at: i64) {
    assert_eq!(p.check(b, None), Ok(Verdict::New));
    p.append(
        b,
        at,
        at + i64::from(b.last.wrapping_sub(b.first)),
        1000 + at,
    );
}

#[test]
fn in_order_batches_are_new_and_repeats_get_their_first_offset() {
    let mut p = Producers::default();
    for i in 0..6 {
        append(&mut p, batch(0, i * 10, 10), i64::from(i) * 10);
    }
    let Ok(Verdict::Duplicate(r)) = p.check(batch(0, 10, 10), None) else {
        panic!("the second of six is remembered")
    };
    assert_eq!((r.base_offset, r.timestamp), (10, 1010));
    assert_eq!(
        p.check(batch(0, 0, 10), None),
        Err(ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER),
        "older than five"
    );
    assert_eq!(
        p.check(batch(0, 10, 9), None),
        Err(ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER),
        "other range"
    );
    assert_eq!(
        p.check(batch(0, 61, 1), None),
        Err(ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER),
        "gap"
    );
    assert_eq!(p.check(batch(0, 60, 1), None), Ok(Verdict::New));
}

#[test]
fn epochs_fence_and_begin_at_zero() {
    let mut p = Producers::default();
    append(&mut p, batch(3, 5, 1), 0);
    assert_eq!(
        p.check(batch(2, 6, 1), None),
        Err(ErrorCode::INVALID_PRODUCER_EPOCH)
    );
    assert_eq!(
        p.check(batch(4, 6, 1), None),
        Err(ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER)
    );
    append(&mut p, batch(4, 0, 2), 1);
    assert_eq!(p.check(batch(4, 2, 1), None), Ok(Verdict::New));
    assert_eq!(
        p.check(batch(3, 6, 1), None),
        Err(ErrorCode::INVALID_PRODUCER_EPOCH)
    );
}

#[test]
fn sequences_wrap_to_zero() {
    assert_eq!(last_sequence(i32::MAX, 1), i32::MAX);
    assert_eq!(last_sequence(i32::MAX, 2), 0);
    assert_eq!(last_sequence(i32::MAX - 1, 4), 1);
    let mut p = Producers::default();
    append(&mut p, batch(0, i32::MAX - 1, 2), 0);
    assert_eq!(p.check(batch(0, 0, 1), None), Ok(Verdict::New));
}

#[test]
fn truncation_forgets_what_was_not_committed() {
    let mut p = Producers::default();
    append(&mut p, batch(0, 0, 1), 0);
    append(&mut p, batch(0, 1, 1), 1);
    p.commit(1);
    append(&mut p, batch(1, 0, 1), 2);
    p.truncate(1);
    assert_eq!(
        p.check(batch(0, 1, 1), None),
        Ok(Verdict::New),
        "its only append is gone"
    );
    assert!(
        matches!(p.check(batch(0, 0, 1), None), Ok(Verdict::Duplicate(_))),
        "committed: stays"
    );
}

#[test]
fn replay_over_a_checkpoint_changes_nothing_twice() {
    let mut p = Producers::default();
    for i in 0..4 {
        append(&mut p, batch(0, i, 1), i64::from(i));
    }
    p.commit(4);
    let (map, through) = p.committed();
    let mut q = Producers::restore(map.clone(), through, VecDeque::new());
    for i in 2..6 {
        q.replay(batch(0, i, 1), i64::from(i), i64::from(i), 0);
        q.commit(i64::from(i) + 1);
    }
    assert_eq!(q.committed().0[&7].last_sequence(), 5);
    assert_eq!(
        q.committed().0[&7]
            .batches
            .iter()
            .map(|b| b.first)
            .collect::<Vec<_>>(),
        [1, 2, 3, 4, 5]
    );
}

#[test]
fn expiry_spares_producers_with_batches_in_flight() {
    let mut p = Producers::default();
    append(&mut p, batch(0, 0, 1), 0);
    p.commit(1);
    p.append(
        Sequenced {
            producer_id: 8,
            epoch: 0,
            first: 0,
            last: 0,
            transactional: false,
        },
        1,
        1,
        10,
    );
    p.expire(5000);
    assert!(p.committed().0.is_empty());
    assert_eq!(
        p.check(
            Sequenced {
                producer_id: 8,
                epoch: 0,
                first: 5,
                last: 5,
                transactional: false,
            },
            None
        ),
        Err(ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER)
    );
}
