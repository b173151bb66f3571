//! One producer as a partition remembers it, and what a batch does to it.

use std::collections::VecDeque;

use ottla_protocol::record::{BatchHeader, BatchView, EndMarker};

/// Batches remembered per producer: Kafka's number, and the most that a client may have in flight.
pub const REMEMBERED: usize = 5;

/// One batch of an idempotent producer, as its header names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sequenced {
    /// Producer id, >= 0.
    pub producer_id: i64,
    /// Producer epoch, >= 0.
    pub epoch: i16,
    /// Sequence of the first record; -1 for what the broker's coordinators write.
    pub first: i32,
    /// Sequence of the last record (wraps from `i32::MAX` to 0).
    pub last: i32,
    /// Part of a transaction?
    pub transactional: bool,
}

impl Sequenced {
    /// The idempotent producer that a batch of records names, if any.
    pub fn of(header: &BatchHeader) -> Option<Self> {
        (header.has_producer() && header.producer_epoch >= 0).then(|| Self {
            producer_id: header.producer_id,
            epoch: header.producer_epoch,
            first: header.base_sequence,
            last: header.last_sequence(),
            transactional: header.attributes.is_transactional(),
        })
    }
}

/// The end of a producer's transaction in this partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Marker {
    /// Producer id, >= 0.
    pub producer_id: i64,
    /// Producer epoch, >= 0.
    pub epoch: i16,
    /// How it ended, and the coordinator who says so.
    pub end: EndMarker,
}

/// What a batch means to the producer that it names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Records.
    Batch(Sequenced),
    /// The end of a transaction.
    Marker(Marker),
}

impl Effect {
    /// The effect of a stored batch; `None` if it names no producer.
    pub fn of(bytes: &[u8]) -> Option<Self> {
        let header = BatchHeader::parse(bytes).ok()?;
        if !header.attributes.is_control() {
            return Sequenced::of(&header).map(Self::Batch);
        }
        let end = EndMarker::read(&BatchView::parse(bytes).ok()?)?;
        (header.has_producer() && header.producer_epoch >= 0).then_some(Self::Marker(Marker {
            producer_id: header.producer_id,
            epoch: header.producer_epoch,
            end,
        }))
    }

    pub(super) fn producer(&self) -> (i64, i16) {
        match self {
            Self::Batch(batch) => (batch.producer_id, batch.epoch),
            Self::Marker(marker) => (marker.producer_id, marker.epoch),
        }
    }
}

impl From<Sequenced> for Effect {
    fn from(batch: Sequenced) -> Self {
        Self::Batch(batch)
    }
}

/// An effect at its place in the log.
#[derive(Clone, Copy, Debug)]
pub struct Appended {
    /// What was appended.
    pub what: Effect,
    /// Offset of its first record.
    pub base_offset: i64,
    /// Offset of its last record.
    pub last_offset: i64,
    /// Its largest timestamp, ms.
    pub timestamp: i64,
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

/// One producer's epoch and last batches, oldest first, and its open transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Producer {
    /// The newest epoch seen.
    pub epoch: i16,
    /// The last batches of that epoch, at most [`REMEMBERED`].
    pub batches: VecDeque<Remembered>,
    /// Epoch of the coordinator that wrote the last marker, -1 for none.
    pub coordinator_epoch: i32,
    /// First offset of its open transaction.
    pub txn: Option<i64>,
    /// Timestamp of its last batch or marker, ms; what expiry counts from.
    pub timestamp: i64,
}

impl Producer {
    pub(super) fn new(epoch: i16) -> Self {
        Self {
            epoch,
            batches: VecDeque::new(),
            coordinator_epoch: -1,
            txn: None,
            timestamp: -1,
        }
    }

    /// Sequence of the last record appended, -1 when none is remembered.
    pub fn last_sequence(&self) -> i32 {
        self.batches.back().map_or(-1, |b| b.last)
    }

    /// The sequence with which the next batch of the same epoch begins.
    pub(super) fn expected(&self) -> i32 {
        self.batches.back().map_or(0, |b| following(b.last))
    }

    /// Was a batch of this epoch that begins so appended before? Sequences go around (after the largest comes 0): it is behind if that is the shorter way.
    pub(super) fn is_past(&self, first: i32) -> bool {
        let behind = self.expected().wrapping_sub(first) & i32::MAX;
        !self.batches.is_empty() && (1..1 << 30).contains(&behind)
    }

    /// The same batch, if it was appended lately.
    pub(super) fn before(&self, batch: &Sequenced) -> Option<&Remembered> {
        let same = |b: &&Remembered| b.first == batch.first && b.last == batch.last;
        self.batches
            .iter()
            .filter(|_| self.epoch == batch.epoch)
            .find(same)
    }

    /// Is a transaction of this epoch open?
    pub(super) fn in_txn(&self, epoch: i16) -> bool {
        self.epoch == epoch && self.txn.is_some()
    }

    pub(super) fn apply(&mut self, appended: &Appended) {
        let (_, epoch) = appended.what.producer();
        if epoch != self.epoch {
            self.epoch = epoch;
            self.batches.clear();
        }
        self.timestamp = appended.timestamp;
        match appended.what {
            Effect::Batch(batch) => {
                if batch.transactional {
                    self.txn.get_or_insert(appended.base_offset);
                }
                // The broker's own batches have no sequence: none of them is ever sent again.
                if batch.first >= 0 {
                    self.remember(&batch, appended);
                }
            }
            Effect::Marker(marker) => {
                self.coordinator_epoch = marker.end.coordinator_epoch;
                self.txn = None;
            }
        }
    }

    fn remember(&mut self, batch: &Sequenced, appended: &Appended) {
        if self.batches.len() == REMEMBERED {
            self.batches.pop_front();
        }
        self.batches.push_back(Remembered {
            first: batch.first,
            last: batch.last,
            base_offset: appended.base_offset,
            last_offset: appended.last_offset,
            timestamp: appended.timestamp,
        });
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
