//! A log's state in memory, and its rules. Pure: no file, no clock.
//!
//! Invariants:
//! - `start_offset <= end_offset`; flushed data ends at `flushed_end`, dirty batches go on from there without a gap to
//!   `end_offset`;
//! - segments ascend, and each holds the offsets up to the base of the next; only the last one is written to; in those that
//!   compaction has written, batches may be missing, and the last one is none of them;
//! - a dirty batch that `rolls` starts a segment of its base offset.

use std::collections::VecDeque;

use bytes::Bytes;
use ottla_protocol::record::BatchHeader;

use super::LogConfig;
use crate::error::StorageError;
use crate::format::checkpoint::Tail;
use crate::format::compacted::Compacted;
use crate::mutants::{Mutant, planted};
use crate::segment::txns::Open;

/// A segment's flushed part.
#[derive(Clone, Copy, Debug)]
pub(super) struct Segment {
    pub base: i64,
    /// Bytes of batches.
    pub length: u64,
    /// Largest timestamp; `None` when it is known only from the index file.
    pub max_timestamp: Option<i64>,
    /// Largest timestamp of the first batch; `None` when it is not known.
    pub first_timestamp: Option<i64>,
    /// Compaction wrote it: batches may be missing.
    pub gaps: bool,
}

/// An entry that is not in a segment yet; without bytes when it is not data.
#[derive(Clone, Debug)]
pub(super) struct Dirty {
    pub index: u64,
    pub term: u64,
    pub base_offset: i64,
    pub end_offset: i64,
    pub rolls: bool,
    pub bytes: Bytes,
}

/// The segment that the next batch goes into, as if all dirty batches were flushed.
#[derive(Clone, Copy, Debug)]
struct Active {
    base: i64,
    length: u64,
    first_timestamp: i64,
    /// Transaction markers since the log was opened.
    markers: u32,
}

/// A segment with more transaction markers is closed: its index has the aborted ones, and comes into memory as a whole.
pub(super) const MARKERS_MOST: u32 = 64 << 10;

/// How far the log's segments reach, durably.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flushed {
    /// Raft index of the last entry covered (0: none).
    pub index: u64,
    /// Its term.
    pub term: u64,
    /// Offset after the last record covered.
    pub end_offset: i64,
    /// Where the data ends; goes into the checkpoint.
    pub tail: Option<Tail>,
}

pub(super) struct State {
    pub start_offset: i64,
    pub end_offset: i64,
    /// Index and term of the last entry appended.
    pub last: (u64, u64),
    pub segments: Vec<Segment>,
    pub flushed: Flushed,
    pub dirty: VecDeque<Dirty>,
    pub dirty_bytes: usize,
    /// The first so many dirty entries are being written: they can no longer be truncated.
    pub flushing: usize,
    /// The next batch starts a segment.
    pub roll_next: bool,
    /// Bytes allocated for the last segment's file; 0 when not known.
    pub allocated: u64,
    pub deleted: bool,
    /// As the file beside the segments has it.
    pub compacted: Compacted,
    /// Counts the times that flushed segments were removed or replaced: what was read across one of these is worth nothing.
    pub changes: u64,
    /// The transactions that are open at the flushed end, once a flush has found out.
    pub open: Option<Open>,
    active: Option<Active>,
}

impl State {
    /// A log that starts and ends at `offset`, after the entry `(index, term)`.
    pub fn empty(offset: i64, last: (u64, u64)) -> State {
        State {
            start_offset: offset,
            end_offset: offset,
            last,
            segments: Vec::new(),
            flushed: Flushed {
                index: last.0,
                term: last.1,
                end_offset: offset,
                tail: None,
            },
            dirty: VecDeque::new(),
            dirty_bytes: 0,
            flushing: 0,
            roll_next: false,
            allocated: 0,
            deleted: false,
            compacted: Compacted::NONE,
            changes: 0,
            open: None,
            active: None,
        }
    }

    /// A log whose segments were found, up to a checkpoint.
    pub fn recovered(start_offset: i64, flushed: Flushed, segments: Vec<Segment>) -> State {
        let mut state = State::empty(flushed.end_offset, (flushed.index, flushed.term));
        state.start_offset = start_offset;
        state.segments = segments;
        state.flushed = flushed;
        state.active = flushed.tail.map(|t| Active {
            base: t.segment,
            length: t.length,
            first_timestamp: t.first_timestamp,
            markers: 0,
        });
        state
    }

    /// Takes an entry; see [`super::Log::append`].
    pub fn append(&mut self, entry: Dirty, config: &LogConfig) -> Result<(), StorageError> {
        let Dirty {
            index,
            term,
            base_offset,
            ..
        } = entry;
        if base_offset != self.end_offset || index <= self.last.0 || term < self.last.1 {
            let what = format!(
                "entry {index} of term {term} at offset {base_offset} appended to a log that ends with entry {} of \
                 term {} at offset {}",
                self.last.0, self.last.1, self.end_offset
            );
            return Err(StorageError::Misuse(what));
        }
        let mut entry = entry;
        if !entry.bytes.is_empty() {
            let header = header_of(&entry)?;
            entry.rolls = self.rolls(&header, config);
            self.enter(&header, entry.rolls);
        }
        self.last = (index, term);
        self.end_offset = entry.end_offset;
        if planted(Mutant::OffsetTwice) && !entry.bytes.is_empty() && index.is_multiple_of(7) {
            self.end_offset -= 1;
        }
        self.dirty_bytes += entry.bytes.len();
        self.dirty.push_back(entry);
        Ok(())
    }

    fn rolls(&mut self, header: &BatchHeader, config: &LogConfig) -> bool {
        let asked = std::mem::take(&mut self.roll_next);
        let Some(active) = &self.active else {
            return true;
        };
        let full = active.length + header.size() as u64 > config.segment_bytes;
        let aged = active.first_timestamp >= 0
            && header.max_timestamp.saturating_sub(active.first_timestamp) > config.segment_ms;
        // Kafka's own index files hold offsets relative to the base in 32 bits; its tools expect that of ours.
        let far = header.next_offset() - active.base > i64::from(i32::MAX);
        let many = active.markers >= MARKERS_MOST;
        active.length > 0 && (asked || full || aged || far || many)
    }

    fn enter(&mut self, header: &BatchHeader, rolls: bool) {
        let size = header.size() as u64;
        let markers = u32::from(header.attributes.is_control());
        match &mut self.active {
            Some(active) if !rolls => {
                active.length += size;
                active.markers += markers;
            }
            active => {
                let first_timestamp = header.max_timestamp;
                *active = Some(Active {
                    base: header.base_offset,
                    length: size,
                    first_timestamp,
                    markers,
                });
            }
        }
    }

    /// Drops entries at and above an offset, newest first; only what is not in a segment nor on its way there.
    pub fn truncate(&mut self, offset: i64, last: (u64, u64)) -> Result<usize, StorageError> {
        let keep = self
            .dirty
            .iter()
            .take_while(|d| d.index <= last.0 && d.end_offset <= offset)
            .count();
        let end = keep
            .checked_sub(1)
            .map_or(self.flushed.end_offset, |i| self.dirty[i].end_offset);
        if keep < self.flushing || end != offset {
            let what = format!(
                "truncation to offset {offset}, entry {}: flushed through {}, kept entries end at {end}",
                last.0, self.flushed.end_offset
            );
            return Err(StorageError::Misuse(what));
        }
        let mut dropped = 0;
        while self.dirty.len() > keep {
            let Some(entry) = self.dirty.pop_back() else {
                break;
            };
            dropped += entry.bytes.len();
        }
        self.dirty_bytes -= dropped;
        self.end_offset = offset;
        self.last = last;
        self.rebuild_active()?;
        Ok(dropped)
    }

    fn rebuild_active(&mut self) -> Result<(), StorageError> {
        self.active = self.flushed.tail.map(|t| Active {
            base: t.segment,
            length: t.length,
            first_timestamp: t.first_timestamp,
            markers: 0,
        });
        let entries: Vec<(BatchHeader, bool)> = self
            .dirty
            .iter()
            .filter(|d| !d.bytes.is_empty())
            .map(|d| header_of(d).map(|h| (h, d.rolls)))
            .collect::<Result<_, _>>()?;
        for (header, rolls) in entries {
            self.enter(&header, rolls);
        }
        Ok(())
    }

    /// Nothing of the active segment is wanted any more: the next batch starts a new one.
    pub fn retire_active(&mut self) {
        self.roll_next = true;
    }

    /// Forgets segments that end at or below `offset`, the active one only when the whole log ends there. Returns
    /// their base offsets.
    pub fn take_below(&mut self, offset: i64) -> Vec<i64> {
        let mut gone = Vec::new();
        while let Some(first) = self.segments.first().copied() {
            let end = self
                .segments
                .get(1)
                .map_or(self.flushed.end_offset, |s| s.base);
            let last = self.segments.len() == 1;
            // The last one goes only if nothing dirty continues it.
            let continued = self.dirty.iter().any(|d| !d.bytes.is_empty()) || self.flushing > 0;
            if end > offset || (last && continued) {
                break;
            }
            self.segments.remove(0);
            gone.push(first.base);
            if last {
                self.flushed.tail = None;
                self.active = None;
                self.allocated = 0;
            }
        }
        self.changes += u64::from(!gone.is_empty());
        gone
    }

    /// Is there a segment that is closed already, or will be once all dirty batches are flushed, beside those flushed?
    pub fn closes_unflushed(&self) -> bool {
        let newest = self.segments.last().map(|s| s.base);
        self.active
            .is_some_and(|active| newest.is_some_and(|base| active.base > base))
    }

    /// Bytes of all batches, flushed or not.
    pub fn size(&self) -> u64 {
        self.segments.iter().map(|s| s.length).sum::<u64>() + self.dirty_bytes as u64
    }

    /// As [`State::size`], without the segments that lie wholly below the start and only wait for their removal.
    pub fn live_size(&self) -> u64 {
        let pairs = self.segments.windows(2);
        let below = pairs.filter(|pair| pair[1].base <= self.start_offset);
        self.size() - below.map(|pair| pair[0].length).sum::<u64>()
    }

    /// Checks the invariants.
    ///
    /// # Panics
    /// When one does not hold: that is a bug here.
    pub fn invariants(&self) {
        debug_assert!(
            self.start_offset <= self.end_offset,
            "a log starts behind its end"
        );
        assert!(
            self.flushed.end_offset <= self.end_offset,
            "more is flushed than was appended"
        );
        assert!(
            self.flushing <= self.dirty.len(),
            "more is being flushed than is dirty"
        );
        // As many as there are segments: too long to look at with every append.
        debug_assert!(
            self.segments.windows(2).all(|w| w[0].base < w[1].base),
            "segments out of order"
        );
        debug_assert!(
            self.segments.last().is_none_or(|last| !last.gaps),
            "the open segment is one that compaction wrote"
        );
        assert_eq!(
            self.flushed.tail.is_some(),
            !self.segments.is_empty(),
            "a tail without a segment, or the reverse"
        );
    }
}

/// The header of a dirty batch.
pub(super) fn header_of(entry: &Dirty) -> Result<BatchHeader, StorageError> {
    let header = BatchHeader::parse(&entry.bytes)
        .map_err(|e| StorageError::Misuse(format!("not a batch: {e}")))?;
    if header.size() != entry.bytes.len()
        || header.base_offset != entry.base_offset
        || header.next_offset() != entry.end_offset
    {
        let what = format!(
            "entry {} says offsets {}..{}, its batch {}..{} in {} of {} bytes",
            entry.index,
            entry.base_offset,
            entry.end_offset,
            header.base_offset,
            header.next_offset(),
            header.size(),
            entry.bytes.len()
        );
        return Err(StorageError::Misuse(what));
    }
    Ok(header)
}
