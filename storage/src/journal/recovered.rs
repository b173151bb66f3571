//! What a replay makes of the frames, partition by partition. Pure: frames in, state out.
//!
//! Invariants, per partition: entries are contiguous; the first one follows the checkpoint; offsets of entries are
//! contiguous with each other and with the checkpoint's end offset.

use std::collections::{BTreeMap, VecDeque};

use ottla_protocol::ids::PartitionId;

use crate::format::checkpoint::Checkpoint;
use crate::format::frame::{Entry, Frame, HardState};

/// What the journal knows about one partition.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecoveredPartition {
    /// The newest checkpoint; `None` if the partition never had one.
    pub checkpoint: Option<Checkpoint>,
    /// The newest hard state (of a frame of its own or of the checkpoint).
    pub hard: HardState,
    /// Entries after the checkpoint (after index 0 without one), contiguous, truncations applied.
    pub entries: VecDeque<Entry>,
}

impl RecoveredPartition {
    /// Offset after the last entry, or after the checkpoint.
    pub fn end_offset(&self) -> i64 {
        let checkpoint = self.checkpoint.as_ref().map_or(0, |c| c.end_offset);
        self.entries
            .back()
            .map_or(checkpoint, |e| e.base_offset + i64::from(e.records))
    }

    fn checkpoint_index(&self) -> u64 {
        self.checkpoint.as_ref().map_or(0, |c| c.index)
    }
}

/// All partitions that the journal knows.
pub type Recovered = BTreeMap<PartitionId, RecoveredPartition>;

/// Adds one frame. An error is damage: the frames contradict each other though each is whole.
pub(super) fn apply(all: &mut Recovered, frame: Frame) -> Result<(), String> {
    match frame {
        Frame::Entry { id, entry } => add_entry(all.entry(id).or_default(), id, entry),
        Frame::HardState { id, hard } => {
            all.entry(id).or_default().hard = hard;
            Ok(())
        }
        Frame::Truncate { id, from } => truncate(all.entry(id).or_default(), id, from),
        Frame::Checkpoint { id, checkpoint } => {
            add_checkpoint(all.entry(id).or_default(), checkpoint);
            Ok(())
        }
        Frame::Forget { id } => {
            all.remove(&id);
            Ok(())
        }
    }
}

fn add_entry(
    partition: &mut RecoveredPartition,
    id: PartitionId,
    entry: Entry,
) -> Result<(), String> {
    if entry.index <= partition.checkpoint_index() {
        return Ok(());
    }
    if let Some(last) = partition.entries.back() {
        let end = last.base_offset + i64::from(last.records);
        if entry.index != last.index + 1 || entry.base_offset != end {
            return Err(format!(
                "entry {} at offset {} of {id} does not follow entry {}, which ends at offset {end}",
                entry.index, entry.base_offset, last.index
            ));
        }
    }
    // Without a predecessor nothing can be said yet: the frames before may have been recycled because a checkpoint
    // further on covers them. `finish` looks again.
    partition.entries.push_back(entry);
    Ok(())
}

fn truncate(partition: &mut RecoveredPartition, id: PartitionId, from: u64) -> Result<(), String> {
    if from <= partition.checkpoint_index() {
        let index = partition.checkpoint_index();
        return Err(format!(
            "truncation of {id} from entry {from}, but a checkpoint covers entry {index}"
        ));
    }
    while partition.entries.back().is_some_and(|e| e.index >= from) {
        partition.entries.pop_back();
    }
    Ok(())
}

fn add_checkpoint(partition: &mut RecoveredPartition, checkpoint: Checkpoint) {
    if checkpoint.index < partition.checkpoint_index() {
        return;
    }
    while partition
        .entries
        .front()
        .is_some_and(|e| e.index <= checkpoint.index)
    {
        partition.entries.pop_front();
    }
    // A hard state frame written while the checkpoint was being made may be newer than the one in it.
    let hard = checkpoint.hard;
    if (hard.term, hard.vote, hard.commit)
        > (
            partition.hard.term,
            partition.hard.vote,
            partition.hard.commit,
        )
    {
        partition.hard = hard;
    }
    partition.checkpoint = Some(checkpoint);
}

/// After the last frame: everything must fit together.
pub(super) fn finish(all: &Recovered) -> Result<(), String> {
    for (id, partition) in all {
        let Some(first) = partition.entries.front() else {
            continue;
        };
        let after = partition.checkpoint_index();
        let end = partition.checkpoint.as_ref().map_or(0, |c| c.end_offset);
        if first.index != after + 1 || first.base_offset != end {
            return Err(format!(
                "{id}: the first entry after checkpoint {after} (end offset {end}) is {} at offset {}: entries are missing",
                first.index, first.base_offset
            ));
        }
    }
    Ok(())
}
