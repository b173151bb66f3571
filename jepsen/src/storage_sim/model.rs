//! What must be true of the storage, kept outside of the simulated machine, so that it survives every crash.
//!
//! Per partition: the entries that are known to be durable (`stable`), and the operations that were handed to the
//! journal and not confirmed (`pending`, in order). After a crash the storage must show `stable` with some prefix of
//! `pending` applied: less loses what was acknowledged, anything else was never written.

use std::collections::VecDeque;

use bytes::Bytes;
use ottla_protocol::ids::PartitionId;
use ottla_storage::journal::RecoveredPartition;
use ottla_storage::{Entry, EntryKind, HardState};

use super::compaction::Compaction;

/// An operation on one partition, as the journal gets it.
#[derive(Clone, Debug)]
pub enum Op {
    /// An entry; the timestamps are those of its records.
    Append(Entry, Vec<i64>),
    /// Entries from this index on are gone.
    Truncate(u64),
    /// A new hard state.
    Hard(HardState),
}

/// Entries by index (from 1), hard state: what a prefix of the operations amounts to.
#[derive(Clone, Debug, Default)]
pub struct Version {
    /// All entries ever, from index 1.
    pub entries: Vec<(Entry, Vec<i64>)>,
    /// The newest hard state.
    pub hard: HardState,
}

impl Version {
    fn apply(&mut self, op: Op) {
        match op {
            Op::Append(entry, times) => self.entries.push((entry, times)),
            Op::Truncate(from) => self.entries.truncate(from as usize - 1),
            Op::Hard(hard) => self.hard = hard,
        }
    }

    /// Offset after the last entry.
    pub fn end_offset(&self) -> i64 {
        self.entries
            .last()
            .map_or(0, |(e, _)| e.base_offset + i64::from(e.records))
    }

    /// Index and term of the last entry.
    pub fn last(&self) -> (u64, u64) {
        self.entries
            .last()
            .map_or((0, 0), |(e, _)| (e.index, e.term))
    }

    /// Offset after the entry at `index`.
    pub fn end_at(&self, index: u64) -> i64 {
        match index
            .checked_sub(1)
            .and_then(|i| self.entries.get(i as usize))
        {
            Some((e, _)) => e.base_offset + i64::from(e.records),
            None => 0,
        }
    }

    /// Data entries that hold offsets in `from..to`.
    pub fn data(&self, from: i64, to: i64) -> impl Iterator<Item = &(Entry, Vec<i64>)> {
        let first = self
            .entries
            .partition_point(|(e, _)| e.base_offset + i64::from(e.records) <= from);
        self.entries[first..]
            .iter()
            .take_while(move |(e, _)| e.base_offset < to)
            .filter(|(e, _)| e.kind == EntryKind::Data)
    }
}

/// One partition.
#[derive(Clone, Debug)]
pub struct Part {
    /// Its id.
    pub id: PartitionId,
    /// Everything appended, truncations applied: what the running log must hold.
    pub latest: Version,
    stable: Version,
    pending: VecDeque<(u64, Op)>,
    /// Highest index that was acknowledged: never to be lost, never truncated.
    pub commit: u64,
    /// Entries are kept uncommitted for a while, so that they can be truncated.
    pub hold: bool,
    /// Current term.
    pub term: u64,
    /// Start offset of the newest checkpoint known durable, and the highest ever asked for.
    pub start: (i64, i64),
    /// Index of the newest checkpoint known durable.
    pub checkpoint: u64,
    /// What compaction was asked to do, if the partition is compacted.
    pub compaction: Option<Compaction>,
}

/// All partitions, and the first broken promise.
#[derive(Debug, Default)]
pub struct Model {
    /// Partitions of the shard.
    pub parts: Vec<Part>,
    /// What was broken first.
    pub violation: Option<String>,
    /// Counters for the report.
    pub stats: Stats,
    next: u64,
}

/// What a run did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Entries acknowledged.
    pub acked: u64,
    /// Reads compared.
    pub reads: u64,
    /// Crashes.
    pub crashes: u64,
    /// Entries that were not acknowledged and came back.
    pub unacked_kept: u64,
    /// Entries that were not acknowledged and are gone.
    pub unacked_lost: u64,
    /// Truncations.
    pub truncations: u64,
    /// Checkpoints made durable.
    pub checkpoints: u64,
    /// Journal files recycled.
    pub recycled: u64,
    /// Segments removed.
    pub reclaimed: u64,
    /// Segments closed (rolls seen).
    pub segments: u64,
    /// Rounds of compaction that ended.
    pub compactions: u64,
}

impl Model {
    /// Remembers the first broken promise.
    pub fn violate(&mut self, what: String) {
        self.violation.get_or_insert(what);
    }

    /// Partition `p` hands an operation to the journal. Returns its number, to be confirmed.
    pub fn push(&mut self, p: usize, op: Op) -> u64 {
        self.next += 1;
        let number = self.next;
        let part = &mut self.parts[p];
        if let Op::Append(entry, _) = &op {
            let (index, end) = (part.latest.last().0, part.latest.end_offset());
            if entry.base_offset < end {
                let what = format!(
                    "{}: offset {} used twice: entry {index} ends at {end}",
                    part.id, entry.base_offset
                );
                self.violate(what);
                return number;
            }
            if entry.base_offset > end || entry.index != index + 1 {
                let what = format!(
                    "{}: gap: entry {} at {} after {index}, which ends at {end}",
                    part.id, entry.index, entry.base_offset
                );
                self.violate(what);
                return number;
            }
        }
        part.latest.apply(op.clone());
        part.pending.push_back((number, op));
        number
    }

    /// Everything of `p` up to operation `number` is durable, so its producer is told.
    pub fn durable(&mut self, p: usize, number: u64) {
        let part = &mut self.parts[p];
        while part.pending.front().is_some_and(|(n, _)| *n <= number) {
            if let Some((_, op)) = part.pending.pop_front() {
                part.stable.apply(op);
            }
        }
        if !part.hold {
            // What a truncation under way will take back is durable, but nobody's to acknowledge.
            let left = part.pending.iter().filter_map(|(_, op)| match op {
                Op::Truncate(from) => Some(from - 1),
                Op::Append(..) | Op::Hard(_) => None,
            });
            let taken = left.min();
            let stable = part.stable.last().0.min(taken.unwrap_or(u64::MAX));
            self.stats.acked += stable.saturating_sub(part.commit);
            part.commit = part.commit.max(stable);
        }
    }

    /// Compares what was recovered with what may be there, and goes on from it.
    pub fn recover(&mut self, p: usize, found: Option<&RecoveredPartition>) -> Result<(), String> {
        let part = &self.parts[p];
        let none = RecoveredPartition::default();
        let found = found.unwrap_or(&none);
        part.check_checkpoint(found)?;
        let mut version = part.stable.clone();
        let mut pending = part.pending.clone();
        let mut mismatch = part.compare(&version, found);
        while let Err(why) = &mismatch {
            let Some((_, op)) = pending.pop_front() else {
                return Err(format!(
                    "{}: {why}; durable through {:?}, commit {}",
                    part.id,
                    part.stable.last(),
                    part.commit
                ));
            };
            version.apply(op);
            mismatch = part.compare(&version, found);
        }
        let (before, after) = (part.stable.last().0, version.last().0);
        let lost = pending
            .iter()
            .filter(|(_, op)| matches!(op, Op::Append(..)))
            .count() as u64;
        self.stats.unacked_kept += after.saturating_sub(before);
        self.stats.unacked_lost += lost;
        let part = &mut self.parts[p];
        // Alone in its group, a replica commits all that it finds.
        part.commit = after.max(part.commit);
        part.hold = false;
        part.pending.clear();
        part.term = part.term.max(version.last().1).max(version.hard.term) + 1;
        part.latest = version.clone();
        part.stable = version;
        Ok(())
    }
}

impl Part {
    /// A partition that never had anything.
    pub fn new(id: PartitionId) -> Part {
        Part {
            id,
            latest: Version::default(),
            stable: Version::default(),
            pending: VecDeque::new(),
            commit: 0,
            hold: false,
            term: 1,
            start: (0, 0),
            checkpoint: 0,
            compaction: None,
        }
    }

    /// Offset after the last acknowledged entry.
    pub fn commit_offset(&self) -> i64 {
        self.latest.end_at(self.commit)
    }

    fn check_checkpoint(&self, found: &RecoveredPartition) -> Result<(), String> {
        let Some(checkpoint) = &found.checkpoint else {
            return if self.checkpoint == 0 {
                Ok(())
            } else {
                Err(format!(
                    "{}: checkpoint {} is lost",
                    self.id, self.checkpoint
                ))
            };
        };
        let (low, high) = self.start;
        if checkpoint.start_offset < low || checkpoint.start_offset > high {
            return Err(format!(
                "{}: start {} not in {low}..={high}",
                self.id, checkpoint.start_offset
            ));
        }
        if checkpoint.index < self.checkpoint
            || checkpoint.state[..] != checkpoint.index.to_le_bytes()
        {
            return Err(format!(
                "{}: checkpoint {} with state {:?}, had {}",
                self.id, checkpoint.index, checkpoint.state, self.checkpoint
            ));
        }
        if checkpoint.end_offset != self.latest.end_at(checkpoint.index) {
            return Err(format!(
                "{}: checkpoint {} ends at {}",
                self.id, checkpoint.index, checkpoint.end_offset
            ));
        }
        Ok(())
    }

    /// Whether the storage shows exactly this version.
    fn compare(&self, version: &Version, found: &RecoveredPartition) -> Result<(), String> {
        let covered = found.checkpoint.as_ref().map_or(0, |c| c.index);
        let end = found.entries.back().map_or(covered, |e| e.index);
        if end != version.last().0 {
            return Err(format!(
                "recovered through entry {end}, not {}",
                version.last().0
            ));
        }
        for entry in &found.entries {
            let wanted = version
                .entries
                .get(entry.index as usize - 1)
                .map(|(e, _)| e);
            if wanted != Some(entry) {
                return Err(format!("entry {} came back as another one", entry.index));
            }
        }
        if found.hard != version.hard {
            return Err(format!(
                "hard state {:?}, not {:?}",
                found.hard, version.hard
            ));
        }
        Ok(())
    }

    /// The batches that a read from `offset` below `limit` of at most `max_bytes` must give.
    pub fn expected_read(&self, offset: i64, max_bytes: usize, limit: i64) -> (Vec<Bytes>, i64) {
        let (mut out, mut bytes, mut next) = (Vec::new(), 0, offset);
        for (entry, _) in self.latest.data(offset, limit) {
            let end = entry.base_offset + i64::from(entry.records);
            if end > limit || (!out.is_empty() && bytes + entry.body.len() > max_bytes) {
                break;
            }
            bytes += entry.body.len();
            next = end;
            out.push(entry.body.clone());
        }
        (out, next)
    }

    /// The first record in `start..limit` at or after `timestamp`.
    pub fn expected_at(&self, timestamp: i64, start: i64, limit: i64) -> Option<(i64, i64)> {
        self.latest.data(start, limit).find_map(|(entry, times)| {
            let offsets = entry.base_offset..;
            offsets
                .zip(times)
                .find(|(o, t)| **t >= timestamp && *o >= start)
                .map(|(o, t)| (o, *t))
        })
    }
}
