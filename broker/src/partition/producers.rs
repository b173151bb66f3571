//! What a partition remembers of its idempotent producers: a function of its log and of nothing else (safety rule 3.5.2).
//!
//! Invariants:
//! - `committed` is the effect of every committed batch, `pending` the effect of every appended one; they differ only
//!   by the batches in `tail`, which stand in offset order.
//! - a producer keeps its last [`REMEMBERED`] batches with their final Kafka offsets, so that a retry gets the original answer.
//! - offsets below `through` are in `committed`: replaying them again changes nothing.
//!
//! Rules: KIP-98, KIP-360 and reference `kafka.md` 2.5 and 2.11.

use std::collections::{BTreeMap, VecDeque};

use ottla_protocol::error_code::ErrorCode;

/// Batches remembered per producer: Kafka's number, and the most that a client may have in flight.
pub const REMEMBERED: usize = 5;

/// One batch of an idempotent producer, as its header names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sequenced {
    /// Producer id, >= 0.
    pub producer_id: i64,
    /// Producer epoch, >= 0.
    pub epoch: i16,
    /// Sequence of the first record.
    pub first: i32,
    /// Sequence of the last record (wraps from `i32::MAX` to 0).
    pub last: i32,
}

/// A batch that was appended: what a duplicate is answered with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Remembered {
    /// Sequence of the first record.
    pub first: i32,
    /// Sequence of the last record.
    pub last: i32,
    /// Offset of the first record.
    pub base_offset: i64,
    /// Offset of the last record.
    pub last_offset: i64,
    /// Largest timestamp of the batch, ms.
    pub timestamp: i64,
}

/// One producer's epoch and last batches, oldest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Producer {
    /// The newest epoch seen.
    pub epoch: i16,
    /// The last batches of that epoch, at most [`REMEMBERED`].
    pub batches: VecDeque<Remembered>,
}

impl Producer {
    /// Sequence of the last record appended, -1 when none is remembered.
    pub fn last_sequence(&self) -> i32 {
        self.batches.back().map_or(-1, |b| b.last)
    }

    /// Timestamp of the last batch, ms; what expiry counts from.
    pub fn last_timestamp(&self) -> i64 {
        self.batches.back().map_or(-1, |b| b.timestamp)
    }

    fn append(&mut self, epoch: i16, batch: Remembered) {
        if epoch != self.epoch {
            self.epoch = epoch;
            self.batches.clear();
        }
        if self.batches.len() == REMEMBERED {
            self.batches.pop_front();
        }
        self.batches.push_back(batch);
    }
}

/// What the check of a batch says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Append it.
    New,
    /// It was appended before, with this offset and timestamp.
    Duplicate(Remembered),
}

struct Appended {
    producer_id: i64,
    epoch: i16,
    batch: Remembered,
}

/// All producers of one partition.
#[derive(Default)]
pub struct Producers {
    committed: BTreeMap<i64, Producer>,
    /// Producers with appended batches that are not committed yet, and how many.
    pending: BTreeMap<i64, (Producer, usize)>,
    tail: VecDeque<Appended>,
    through: i64,
}

impl Producers {
    /// The state as a checkpoint holds it: `producers` is the effect of everything below offset `through`.
    pub fn restore(producers: BTreeMap<i64, Producer>, through: i64) -> Self {
        Self {
            committed: producers,
            through,
            ..Self::default()
        }
    }

    /// The committed producers by id, and the offset below which they are complete.
    pub fn committed(&self) -> (&BTreeMap<i64, Producer>, i64) {
        (&self.committed, self.through)
    }

    fn current(&self, producer_id: i64) -> Option<&Producer> {
        self.pending
            .get(&producer_id)
            .map(|(p, _)| p)
            .or_else(|| self.committed.get(&producer_id))
    }

    /// May this batch be appended?
    ///
    /// Errors: 47 for an older epoch, 45 for a gap, a new epoch that does not begin at 0, or a repeat older than
    /// the remembered batches. An unknown producer may begin anywhere: its state may have expired.
    pub fn check(&self, batch: Sequenced) -> Result<Verdict, ErrorCode> {
        let Some(known) = self.current(batch.producer_id) else {
            return Ok(Verdict::New);
        };
        if batch.epoch < known.epoch {
            return Err(ErrorCode::INVALID_PRODUCER_EPOCH);
        }
        if batch.epoch > known.epoch {
            return if batch.first == 0 {
                Ok(Verdict::New)
            } else {
                Err(ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER)
            };
        }
        if let Some(before) = known
            .batches
            .iter()
            .find(|b| b.first == batch.first && b.last == batch.last)
        {
            return Ok(Verdict::Duplicate(*before));
        }
        let expected = known.batches.back().map_or(0, |b| following(b.last));
        if batch.first == expected || known.batches.is_empty() {
            Ok(Verdict::New)
        } else {
            Err(ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER)
        }
    }

    /// Notes an appended batch; it counts for later checks at once.
    pub fn append(&mut self, batch: Sequenced, base_offset: i64, last_offset: i64, timestamp: i64) {
        let remembered = Remembered {
            first: batch.first,
            last: batch.last,
            base_offset,
            last_offset,
            timestamp,
        };
        self.tail.push_back(Appended {
            producer_id: batch.producer_id,
            epoch: batch.epoch,
            batch: remembered,
        });
        self.overlay(batch.producer_id, batch.epoch, remembered);
    }

    fn overlay(&mut self, producer_id: i64, epoch: i16, batch: Remembered) {
        let committed = &self.committed;
        let (producer, count) = self.pending.entry(producer_id).or_insert_with(|| {
            let known = committed.get(&producer_id).cloned();
            (
                known.unwrap_or_else(|| Producer {
                    epoch,
                    batches: VecDeque::new(),
                }),
                0,
            )
        });
        producer.append(epoch, batch);
        *count += 1;
    }

    /// Everything below `offset` is committed now.
    pub fn commit(&mut self, offset: i64) {
        while self
            .tail
            .front()
            .is_some_and(|a| a.batch.last_offset < offset)
        {
            let Some(Appended {
                producer_id,
                epoch,
                batch,
            }) = self.tail.pop_front()
            else {
                break;
            };
            self.committed
                .entry(producer_id)
                .or_insert_with(|| Producer {
                    epoch,
                    batches: VecDeque::new(),
                })
                .append(epoch, batch);
            if let Some((_, count)) = self.pending.get_mut(&producer_id) {
                *count -= 1;
                if *count == 0 {
                    self.pending.remove(&producer_id);
                }
            }
        }
        self.through = self.through.max(offset);
    }

    /// A batch read back from the log, in offset order; batches that the restored state knows are passed over.
    pub fn replay(&mut self, batch: Sequenced, base_offset: i64, last_offset: i64, timestamp: i64) {
        if base_offset >= self.through {
            self.append(batch, base_offset, last_offset, timestamp);
            self.commit(last_offset + 1);
        }
    }

    /// The log was cut at `offset` (a new leader's log went another way): appended batches from there on are forgotten.
    pub fn truncate(&mut self, offset: i64) {
        self.tail.retain(|a| a.batch.last_offset < offset);
        self.pending.clear();
        let kept: Vec<_> = self
            .tail
            .iter()
            .map(|a| (a.producer_id, a.epoch, a.batch))
            .collect();
        for (producer_id, epoch, batch) in kept {
            self.overlay(producer_id, epoch, batch);
        }
    }

    /// Forgets producers whose last batch is older than `oldest` (ms) and which have nothing in flight.
    pub fn expire(&mut self, oldest: i64) {
        let pending = &self.pending;
        self.committed
            .retain(|id, p| p.last_timestamp() >= oldest || pending.contains_key(id));
    }
}

/// The sequence after `sequence`; the largest is followed by 0.
pub fn following(sequence: i32) -> i32 {
    if sequence == i32::MAX {
        0
    } else {
        sequence + 1
    }
}

/// The sequence of the last of `records` records that begin at `first`.
pub fn last_sequence(first: i32, records: i32) -> i32 {
    let last = i64::from(first) + i64::from(records) - 1;
    if last > i64::from(i32::MAX) {
        (last - i64::from(i32::MAX) - 1) as i32
    } else {
        last as i32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch(epoch: i16, first: i32, records: i32) -> Sequenced {
        Sequenced {
            producer_id: 7,
            epoch,
            first,
            last: last_sequence(first, records),
        }
    }

    fn append(p: &mut Producers, b: Sequenced, at: i64) {
        assert_eq!(p.check(b), Ok(Verdict::New));
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
        let Ok(Verdict::Duplicate(r)) = p.check(batch(0, 10, 10)) else {
            panic!("the second of six is remembered")
        };
        assert_eq!((r.base_offset, r.timestamp), (10, 1010));
        assert_eq!(
            p.check(batch(0, 0, 10)),
            Err(ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER),
            "older than five"
        );
        assert_eq!(
            p.check(batch(0, 10, 9)),
            Err(ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER),
            "other range"
        );
        assert_eq!(
            p.check(batch(0, 61, 1)),
            Err(ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER),
            "gap"
        );
        assert_eq!(p.check(batch(0, 60, 1)), Ok(Verdict::New));
    }

    #[test]
    fn epochs_fence_and_begin_at_zero() {
        let mut p = Producers::default();
        append(&mut p, batch(3, 5, 1), 0);
        assert_eq!(
            p.check(batch(2, 6, 1)),
            Err(ErrorCode::INVALID_PRODUCER_EPOCH)
        );
        assert_eq!(
            p.check(batch(4, 6, 1)),
            Err(ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER)
        );
        append(&mut p, batch(4, 0, 2), 1);
        assert_eq!(p.check(batch(4, 2, 1)), Ok(Verdict::New));
        assert_eq!(
            p.check(batch(3, 6, 1)),
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
        assert_eq!(p.check(batch(0, 0, 1)), Ok(Verdict::New));
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
            p.check(batch(0, 1, 1)),
            Ok(Verdict::New),
            "its only append is gone"
        );
        assert!(
            matches!(p.check(batch(0, 0, 1)), Ok(Verdict::Duplicate(_))),
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
        let mut q = Producers::restore(map.clone(), through);
        for i in 2..6 {
            q.replay(batch(0, i, 1), i64::from(i), i64::from(i), 0);
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
            },
            1,
            1,
            10,
        );
        p.expire(5000);
        assert!(p.committed().0.is_empty());
        assert_eq!(
            p.check(Sequenced {
                producer_id: 8,
                epoch: 0,
                first: 5,
                last: 5
            }),
            Err(ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER)
        );
    }
}
