//! The part of the log that a replica has in memory, and what raft-rs sees as its storage.
//!
//! Invariants:
//! - slot i is the entry `point.index + 1 + i`; terms do not fall along the log, base offsets join without a gap;
//! - everything in view has been handed to the caller to append (what raft-rs calls stable), nothing beyond;
//! - a body is missing only from data entries up to `released`: those can be read from the partition's segments.
//!
//! How raft-rs sees it is in `raft_storage.rs`.

use std::cell::RefCell;
use std::collections::{BTreeSet, VecDeque};

use bytes::Bytes;
use raft::RaftState;
use raft::eraftpb;

use crate::entry::{Entry, Kind, Reading};
use crate::message::Body;
use crate::offsets::{EpochStart, Epochs};

/// A place in the log: an entry and the offset after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Point {
    /// Raft's index.
    pub index: u64,
    /// The term of that entry.
    pub term: u64,
    /// The offset after everything up to that entry.
    pub end_offset: i64,
}

impl Point {
    /// Where the log of a new partition begins. It is not 0: a node that has nothing must ask for a snapshot, because
    /// only a snapshot tells it who the members are.
    pub const INITIAL: Point = Point {
        index: 1,
        term: 1,
        end_offset: 0,
    };
    /// Before everything: where a replica stands that has yet to hear from its leader.
    pub const NOTHING: Point = Point {
        index: 0,
        term: 0,
        end_offset: 0,
    };
}

/// What one entry takes up beside its body; counted so that many small entries fill a message, too.
pub(crate) const ENTRY_OVERHEAD: u64 = 64;

#[derive(Debug)]
pub(crate) struct Slot {
    pub term: u64,
    pub base_offset: i64,
    pub records: u32,
    pub length: u32,
    pub crc: u32,
    pub kind: Kind,
    pub body: Option<Bytes>,
}

impl Slot {
    fn end_offset(&self) -> i64 {
        self.base_offset + i64::from(self.records)
    }
}

#[derive(Debug)]
pub(crate) struct LogView {
    /// Entries up to here are not in view.
    point: Point,
    slots: VecDeque<Slot>,
    /// Data bodies up to this index have been let go.
    released: u64,
    /// Bytes of the bodies in view.
    body_bytes: usize,
    epochs: Epochs,
    /// Read once by raft-rs when it starts.
    initial: RaftState,
    /// What a follower that is too far behind is given.
    snapshot: Option<eraftpb::Snapshot>,
    /// Followers that asked for a snapshot when there was none.
    wanted: RefCell<BTreeSet<u64>>,
}

impl LogView {
    pub fn new(point: Point, initial: RaftState) -> LogView {
        LogView {
            point,
            slots: VecDeque::new(),
            released: point.index,
            body_bytes: 0,
            epochs: Epochs::default(),
            initial,
            snapshot: None,
            wanted: RefCell::default(),
        }
    }

    /// raft-rs has started: what it read once need not be kept.
    pub fn forget_initial(&mut self) {
        self.initial = RaftState::default();
    }

    pub fn initial(&self) -> &RaftState {
        &self.initial
    }

    pub fn point(&self) -> Point {
        self.point
    }

    /// Index of the first entry in view, were there one.
    pub fn first(&self) -> u64 {
        self.point.index + 1
    }

    /// Index of the last entry; the point's if none is in view.
    pub fn last(&self) -> u64 {
        self.point.index + self.slots.len() as u64
    }

    /// The offset after the last entry.
    pub fn end_offset(&self) -> i64 {
        self.slots
            .back()
            .map_or(self.point.end_offset, Slot::end_offset)
    }

    pub fn last_term(&self) -> u64 {
        self.slots.back().map_or(self.point.term, |slot| slot.term)
    }

    pub fn body_bytes(&self) -> usize {
        self.body_bytes
    }

    pub fn len(&self) -> usize {
        self.slots.len()
    }

    pub fn released(&self) -> u64 {
        self.released
    }

    pub fn epochs(&self) -> &[EpochStart] {
        self.epochs.starts()
    }

    pub fn slot(&self, index: u64) -> Option<&Slot> {
        let at = index.checked_sub(self.first())?;
        self.slots.get(usize::try_from(at).ok()?)
    }

    /// The term of an entry in view or of the point.
    pub fn term_at(&self, index: u64) -> Option<u64> {
        if index == self.point.index {
            Some(self.point.term)
        } else {
            self.slot(index).map(|s| s.term)
        }
    }

    /// The place of an entry in view or the point itself.
    pub fn point_at(&self, index: u64) -> Option<Point> {
        if index == self.point.index {
            return Some(self.point);
        }
        self.slot(index).map(|s| Point {
            index,
            term: s.term,
            end_offset: s.end_offset(),
        })
    }

    /// Index of the data entry that holds `offset`, if it is in view.
    pub fn index_of(&self, offset: i64) -> Option<u64> {
        if offset < self.point.end_offset || offset >= self.end_offset() {
            return None;
        }
        let at = self.slots.partition_point(|s| s.end_offset() <= offset);
        Some(self.first() + at as u64)
    }

    /// The entry with its body; `None` if it is not in view or its body has been let go.
    pub fn entry(&self, index: u64) -> Option<Entry> {
        let slot = self.slot(index)?;
        let body = slot.body.clone()?;
        let Slot {
            term,
            kind,
            base_offset,
            records,
            ..
        } = *slot;
        Some(Entry {
            index,
            term,
            kind,
            base_offset,
            records,
            body,
        })
    }

    /// The body of the entry that raft-rs names by index and term; `None` if the log has another entry there.
    pub fn body(&self, index: u64, term: u64) -> Option<Body> {
        let slot = self.slot(index).filter(|slot| slot.term == term)?;
        Some(match &slot.body {
            Some(bytes) => Body::Here(bytes.clone()),
            None => Body::Stored {
                base_offset: slot.base_offset,
                records: slot.records,
                length: slot.length,
            },
        })
    }

    /// Appends what raft-rs calls `index`/`term`; `Err` says what does not fit.
    pub fn append(
        &mut self,
        term: u64,
        reading: &Reading,
        body: Bytes,
    ) -> Result<Entry, &'static str> {
        let end = self.end_offset();
        let (kind, records, crc) = match reading {
            Reading::Empty => (Kind::Empty, 0, 0),
            Reading::Config => (Kind::Config, 0, 0),
            Reading::Described(d) => (d.kind, d.records, d.crc),
        };
        if let Reading::Described(d) = reading {
            if d.base_offset != end {
                return Err("an entry's base offset is not the end of the log before it");
            }
            if body.len() as u64 != u64::from(d.length) {
                return Err("an entry's body is not the one described");
            }
        }
        if term < self.last_term() {
            return Err("terms fall along the log");
        }
        let length = u32::try_from(body.len()).map_err(|_| "an entry's body is too long")?;
        let index = self.last() + 1;
        self.body_bytes += body.len();
        self.epochs.appended(term, index, end);
        self.slots.push_back(Slot {
            term,
            base_offset: end,
            records,
            length,
            crc,
            kind,
            body: Some(body.clone()),
        });
        Ok(Entry {
            index,
            term,
            kind,
            base_offset: end,
            records,
            body,
        })
    }

    /// Drops the entries from `from` on.
    pub fn truncate(&mut self, from: u64) {
        let keep = usize::try_from(from.saturating_sub(self.first())).unwrap_or(usize::MAX);
        for slot in self.slots.drain(keep.min(self.slots.len())..) {
            self.body_bytes -= slot.body.map_or(0, |b| b.len());
        }
        self.epochs.truncated(from);
    }

    /// Lets entries up to `through` go.
    pub fn compact(&mut self, through: u64) {
        let Some(point) = self.point_at(through) else {
            return;
        };
        let gone = usize::try_from(through - self.point.index).unwrap_or(usize::MAX);
        for slot in self.slots.drain(..gone) {
            self.body_bytes -= slot.body.map_or(0, |b| b.len());
        }
        self.point = point;
        self.released = self.released.max(through);
        self.epochs.compacted(through);
        if self
            .snapshot
            .as_ref()
            .is_some_and(|s| s.get_metadata().index < through)
        {
            self.snapshot = None;
        }
    }

    /// Gives back the room of entries that are gone.
    pub fn rest(&mut self) {
        if self.slots.is_empty() {
            self.slots = VecDeque::new();
        } else if self.slots.capacity() > 64 && self.slots.len() * 4 < self.slots.capacity() {
            self.slots.shrink_to(self.slots.len() * 2);
        }
    }

    /// Lets the bodies of data entries up to `through` go; the entries stay.
    pub fn release(&mut self, through: u64) {
        let from = self.released.max(self.point.index) + 1;
        for index in from..=through.min(self.last()) {
            let slot = &mut self.slots[(index - self.point.index - 1) as usize];
            if slot.kind == Kind::Data {
                self.body_bytes -= slot.body.take().map_or(0, |b| b.len());
            }
            self.released = index;
        }
    }

    /// The log is replaced by a snapshot that ends at `point`.
    pub fn reset(&mut self, point: Point) {
        self.slots.clear();
        self.epochs.clear();
        (self.point, self.released, self.body_bytes) = (point, point.index, 0);
        self.snapshot = None;
    }

    /// Gives followers that are too far behind this snapshot, until the log has been compacted beyond it.
    pub fn offer(&mut self, snapshot: eraftpb::Snapshot) {
        self.snapshot = Some(snapshot);
    }

    /// The snapshot for followers, if it reaches to `index` at least and the log goes on from there.
    pub fn snapshot_from(&self, index: u64) -> Option<&eraftpb::Snapshot> {
        let least = index.max(self.point.index);
        self.snapshot
            .as_ref()
            .filter(|snapshot| snapshot.get_metadata().index >= least)
    }

    /// There is none for this follower.
    pub fn want(&self, follower: u64) {
        self.wanted.borrow_mut().insert(follower);
    }

    /// Followers that asked for a snapshot in vain since the last call.
    pub fn take_wanted(&mut self) -> BTreeSet<u64> {
        self.wanted.take()
    }
}

#[cfg(test)]
mod tests {
    use raft::{GetEntriesContext, Storage, StorageError};

    use crate::entry::Descriptor;

    use super::*;

    fn filled(bodies: &[&'static str]) -> LogView {
        let mut log = LogView::new(
            Point {
                index: 4,
                term: 2,
                end_offset: 50,
            },
            RaftState::default(),
        );
        for (i, body) in bodies.iter().enumerate() {
            let body = Bytes::from_static(body.as_bytes());
            let described = Descriptor {
                kind: Kind::Data,
                records: 2,
                length: body.len() as u32,
                crc: crc32c::crc32c(&body),
                base_offset: log.end_offset(),
            };
            log.append(3 + i as u64, &Reading::Described(described), body)
                .unwrap();
        }
        log
    }

    #[test]
    fn offsets_and_indexes_meet() {
        let log = filled(&["a", "b", "c"]);
        assert_eq!((log.first(), log.last(), log.end_offset()), (5, 7, 56));
        assert_eq!(
            [50, 51, 52, 55, 56].map(|o| log.index_of(o)),
            [Some(5), Some(5), Some(6), Some(7), None]
        );
        assert_eq!(
            log.point_at(6),
            Some(Point {
                index: 6,
                term: 4,
                end_offset: 54
            })
        );
        assert_eq!(
            (log.term_at(4), log.term_at(3), log.term_at(8)),
            (Some(2), None, None)
        );
    }

    #[test]
    fn bytes_are_counted_whatever_goes() {
        let mut log = filled(&["aaaa", "bbb", "cc", "d"]);
        assert_eq!(log.body_bytes(), 10);
        log.release(5);
        assert_eq!((log.body_bytes(), log.len()), (6, 4));
        assert_eq!(
            log.body(5, 3),
            Some(Body::Stored {
                base_offset: 50,
                records: 2,
                length: 4
            })
        );
        assert!(log.entry(5).is_none() && log.body(6, 3).is_none());
        log.truncate(8);
        assert_eq!((log.body_bytes(), log.last(), log.end_offset()), (5, 7, 56));
        log.compact(6);
        assert_eq!(
            (log.body_bytes(), log.first(), log.point().end_offset),
            (2, 7, 54)
        );
        log.compact(7);
        assert_eq!((log.body_bytes(), log.len(), log.end_offset()), (0, 0, 56));
    }

    #[test]
    fn a_message_is_filled_by_bodies_and_not_by_descriptors() {
        let log = filled(&["0123456789", "0123456789", "0123456789"]);
        let count = |max: u64, context| log.entries(5, 8, max, context).unwrap().len();
        let here = |max| count(max, GetEntriesContext::empty(false));
        let sent = |max| count(max, GetEntriesContext::empty(true));
        assert_eq!((sent(0), sent(147), sent(148), sent(1000)), (1, 1, 2, 3));
        assert_eq!((here(128), here(191), here(192)), (2, 2, 3));
    }

    #[test]
    fn what_raft_may_be_told_is_one_of_four_errors() {
        let mut log = filled(&["a", "b"]);
        log.compact(5);
        let context = || GetEntriesContext::empty(true);
        assert_eq!(
            log.entries(5, 6, None, context()),
            Err(StorageError::Compacted.into())
        );
        assert_eq!(
            log.entries(6, 8, None, context()),
            Err(StorageError::Unavailable.into())
        );
        assert_eq!(log.term(4), Err(StorageError::Compacted.into()));
        assert_eq!(log.term(7), Err(StorageError::Unavailable.into()));
        assert!(log.snapshot(0, 9).is_err());
        assert_eq!(log.take_wanted(), [9].into());
    }

    #[test]
    fn what_does_not_fit_is_not_appended() {
        let mut log = filled(&["a"]);
        assert!(
            log.append(2, &Reading::Empty, Bytes::new()).is_err(),
            "a term that falls"
        );
        let gap = Descriptor {
            kind: Kind::Data,
            records: 1,
            length: 0,
            crc: 0,
            base_offset: 53,
        };
        assert!(
            log.append(3, &Reading::Described(gap), Bytes::new())
                .is_err(),
            "an offset left out"
        );
        assert_eq!((log.last(), log.end_offset()), (5, 52));
    }
}
