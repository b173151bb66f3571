//! The share coordinator of one partition of `__share_group_state`: how far share groups are in each partition (KIP-932).
//!
//! | file | what |
//! |---|---|
//! | [`state`] | what is kept of one share partition |
//! | [`batches`] | ranges of offsets, and how old and new ones become one |
//! | [`decide`] | what is asked, and what is written |
//! | [`upkeep`] | snapshots of the quiet, records that nobody needs, deleted topics |
//!
//! A snapshot says everything of a share partition, updates after it what has changed. Once each has a newer snapshot, records
//! before the oldest of them are deleted.

pub mod batches;
mod decide;
pub mod state;
mod upkeep;

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::ids::PartitionId;
use ottla_protocol::records::{RecordError, ShareRecord};
use ottla_runtime::time::Instant;

pub use self::batches::Batch;
use self::state::State;
use super::host::Coordinators;
use super::{Ask, BadRecord, Effects, KeyValue, Later, Machine, Now, Position, Producer};
use crate::metadata::Topics;

/// A partition as a share group reads it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// The group.
    pub group: Arc<str>,
    /// The partition.
    pub partition: PartitionId,
}

impl Key {
    /// As it is spelled to find its coordinator.
    pub fn coordinator_key(&self) -> String {
        let PartitionId { topic, partition } = self.partition;
        format!("{}:{topic}:{partition}", self.group)
    }
}

/// What it can be asked.
#[derive(Debug)]
pub struct Command {
    /// Of which share partition.
    pub key: Key,
    /// What.
    pub verb: Verb,
}

/// What can be asked of a share partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verb {
    /// Begin, or begin anew.
    Initialize {
        /// The epoch of the state from now on; -1: whatever it is.
        state_epoch: i32,
        /// The first offset to be delivered; -1: the leader of the partition finds it.
        start: i64,
    },
    /// What is known? A leader says its epoch, which fences older ones; -1: just asking.
    Read {
        /// The epoch.
        leader_epoch: i32,
    },
    /// How far is it?
    Summary,
    /// Something has changed.
    Write(Change),
    /// Forget it.
    Delete,
}

/// What a leader has to say of a share partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The epoch of the state that it knows; -1: any.
    pub state_epoch: i32,
    /// Its own; -1: any.
    pub leader_epoch: i32,
    /// The first offset that may still be delivered; -1: as before.
    pub start: i64,
    /// How many offsets from there on need no delivery any more.
    pub complete_count: i32,
    /// What became of offsets.
    pub batches: Vec<Batch>,
}

/// Why not, in Kafka's code and in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The code.
    pub code: ErrorCode,
    /// The words.
    pub message: String,
}

/// What is known of a share partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// Epoch of the state.
    pub state_epoch: i32,
    /// Epoch of the leader that wrote last.
    pub leader_epoch: i32,
    /// First offset that may still be delivered; -1: not known yet.
    pub start: i64,
    /// How many offsets from there on need no delivery any more; -1: not known.
    pub complete_count: i32,
    /// What became of offsets.
    pub batches: Vec<Batch>,
}

/// What it answers.
pub type Answer = Result<Option<Known>, Refusal>;

/// What is written.
pub type Record = ShareRecord<'static>;

/// The state of all share partitions that one partition of the topic is responsible for.
pub struct Shares {
    number: i32,
    states: BTreeMap<Key, State>,
    /// Not kept, as all that follows.
    pruned: i64,
    next_look: Option<Instant>,
    topics: Topics,
}

/// Records below this offset are not needed any more.
#[derive(Debug)]
pub struct Prune {
    number: i32,
    below: i64,
}

impl Machine for Shares {
    type Command = Command;
    type Answer = Answer;
    type Record = Record;
    type Errand = Prune;

    fn new(partition: i32) -> Self {
        Shares {
            number: partition,
            states: BTreeMap::new(),
            pruned: 0,
            next_look: None,
            topics: Topics::default(),
        }
    }

    fn handle(&mut self, command: Command, ask: Ask, now: &mut Now<'_>) -> Effects<Self> {
        let (records, answer) = match self.decide(command, now) {
            Ok((record, known)) => (record.into_iter().collect(), Ok(known)),
            Err(refusal) => (Vec::new(), Err(refusal)),
        };
        let mut effects = Effects::records(records);
        effects.reply(ask, answer);
        effects
    }

    fn tick(&mut self, now: &mut Now<'_>) -> Effects<Self> {
        self.look(now)
    }

    fn deadline(&self) -> Option<Instant> {
        self.next_look
    }

    fn loaded(&mut self, now: &mut Now<'_>) -> Effects<Self> {
        self.topics = now.image.topics.clone();
        self.plan_look(now);
        Effects::none()
    }

    fn image_changed(&mut self, now: &mut Now<'_>) -> Effects<Self> {
        self.forget_deleted_topics(now)
    }

    fn encode(record: &Record) -> Result<KeyValue, BadRecord> {
        let bad = |e: ottla_protocol::wire::EncodeError| BadRecord(e.to_string());
        Ok((
            record.key_bytes().map_err(bad)?,
            record.value_bytes().map_err(bad)?,
        ))
    }

    fn decode(key: &[u8], value: Option<&[u8]>) -> Result<Option<Record>, BadRecord> {
        match ShareRecord::decode(key, value) {
            Ok(record) => Ok(Some(record.into_static())),
            Err(RecordError::UnknownType(_)) => Ok(None),
            Err(damaged) => Err(BadRecord(damaged.to_string())),
        }
    }

    fn apply(&mut self, record: Record, at: &Position) {
        match record {
            ShareRecord::ShareSnapshot(key, value) => {
                let key = key_of(&key.group_id, key.topic_id, key.partition);
                match value {
                    Some(value) => self
                        .states
                        .insert(key, State::of_snapshot(value, at.offset)),
                    None => self.states.remove(&key),
                };
            }
            ShareRecord::ShareUpdate(key, Some(value)) => {
                let key = key_of(&key.group_id, key.topic_id, key.partition);
                // One without its snapshot is older than that of somebody else who forced the prune: there is none.
                if let Some(state) = self.states.get_mut(&key) {
                    state.update(&value);
                }
            }
            ShareRecord::ShareUpdate(_, None) => {}
        }
    }

    fn end_transaction(&mut self, _producer: Producer, _commit: bool, _at: &Position) {}

    fn run(errand: Prune, world: Rc<Coordinators>) -> Later<Command> {
        Box::pin(upkeep::prune(errand, world))
    }
}

fn key_of(group: &str, topic: ottla_protocol::ids::Uuid, partition: i32) -> Key {
    Key {
        group: group.into(),
        partition: PartitionId { topic, partition },
    }
}

#[cfg(test)]
mod tests;
