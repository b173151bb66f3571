//! The newest checkpoint and hard state appended per partition, so that neither ever goes back.
//!
//! Checkpoints are made by several tasks (recycling, retention, deletion of records), each of which flushes first and
//! appends later: they may be appended in another order than they were made. An older one behind a newer one would
//! bring back a start offset whose files are gone by then.

use std::collections::BTreeMap;

use ottla_protocol::ids::PartitionId;

use super::recovered::Recovered;
use crate::format::checkpoint::Checkpoint;
use crate::format::frame::{Frame, HardState};

#[derive(Clone, Copy, Debug, Default)]
struct Carried {
    hard: HardState,
    /// Index and start offset of the newest checkpoint.
    checkpoint: Option<(u64, i64)>,
}

/// By partition.
#[derive(Debug, Default)]
pub(super) struct Newest(BTreeMap<PartitionId, Carried>);

impl Newest {
    /// As a replay found them.
    pub fn of(recovered: &Recovered) -> Newest {
        let carried = recovered.iter().map(|(id, partition)| {
            let checkpoint = partition
                .checkpoint
                .as_ref()
                .map(|c| (c.index, c.start_offset));
            (
                *id,
                Carried {
                    hard: partition.hard,
                    checkpoint,
                },
            )
        });
        Newest(carried.collect())
    }

    /// Looks at frames in the order in which they will stand in the journal: drops checkpoints older than one before
    /// them, and gives the others the newest hard state and start.
    pub fn admit(&mut self, frames: &mut Vec<Frame>) {
        frames.retain_mut(|frame| match frame {
            Frame::HardState { id, hard } => {
                self.0.entry(*id).or_default().hard = *hard;
                true
            }
            Frame::Checkpoint { id, checkpoint } => {
                self.0.entry(*id).or_default().admit(checkpoint)
            }
            Frame::Forget { id } => {
                self.0.remove(id);
                true
            }
            Frame::Entry { .. } | Frame::Truncate { .. } => true,
        });
    }
}

impl Carried {
    fn admit(&mut self, checkpoint: &mut Checkpoint) -> bool {
        let (index, start) = self.checkpoint.unwrap_or((0, 0));
        if checkpoint.index < index {
            return false;
        }
        // It covers at least as much, so the start before is not behind its end.
        checkpoint.start_offset = checkpoint
            .start_offset
            .max(start)
            .min(checkpoint.end_offset);
        let key = |hard: &HardState| (hard.term, hard.vote, hard.commit);
        if key(&self.hard) < key(&checkpoint.hard) {
            self.hard = checkpoint.hard;
        }
        checkpoint.hard = self.hard;
        self.checkpoint = Some((checkpoint.index, checkpoint.start_offset));
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use ottla_protocol::ids::Uuid;

    const ID: PartitionId = PartitionId {
        topic: Uuid::ONE,
        partition: 0,
    };

    fn checkpoint(index: u64, start_offset: i64, term: u64) -> Frame {
        let hard = HardState {
            term,
            vote: 1,
            commit: index,
        };
        let checkpoint = Checkpoint {
            index,
            term,
            end_offset: 10 * index as i64,
            start_offset,
            tail: None,
            hard,
            state: Bytes::new(),
        };
        Frame::Checkpoint { id: ID, checkpoint }
    }

    #[test]
    fn a_checkpoint_overtaken_by_a_newer_one_is_dropped() {
        let mut newest = Newest::default();
        let mut frames = vec![checkpoint(5, 20, 1), checkpoint(4, 0, 1)];
        newest.admit(&mut frames);
        assert_eq!(frames, [checkpoint(5, 20, 1)]);
    }

    #[test]
    fn start_and_hard_state_never_go_back() {
        let mut newest = Newest::default();
        let hard = HardState {
            term: 9,
            vote: 2,
            commit: 5,
        };
        let mut frames = vec![
            checkpoint(5, 20, 1),
            Frame::HardState { id: ID, hard },
            checkpoint(5, 0, 1),
        ];
        newest.admit(&mut frames);
        let Frame::Checkpoint { checkpoint, .. } = &frames[2] else {
            panic!("{frames:?}")
        };
        assert_eq!((checkpoint.start_offset, checkpoint.hard), (20, hard));
    }

    #[test]
    fn a_forgotten_partition_starts_afresh() {
        let mut newest = Newest::default();
        let mut frames = vec![
            checkpoint(5, 20, 1),
            Frame::Forget { id: ID },
            checkpoint(1, 0, 1),
        ];
        newest.admit(&mut frames);
        assert_eq!(frames[2], checkpoint(1, 0, 1));
    }
}
