//! The group coordinator of one partition of `__consumer_offsets`: groups of every kind, and what they have committed.
//!
//! | file | what |
//! |---|---|
//! | [`offsets`] | committed offsets, also those of transactions under way |

pub mod offsets;

use std::rc::Rc;

use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::records::{GroupRecord, RecordError};
use ottla_runtime::time::Instant;

use self::offsets::{Commit, Fetch, FetchedTopics, Offsets};
use super::host::Coordinators;
use super::{Ask, BadRecord, Effects, KeyValue, Later, Machine, Now, Position, Producer, Write};

/// What a group coordinator can be asked.
#[derive(Debug)]
pub enum Command {
    /// Commit offsets, in a transaction or not.
    Commit(Commit),
    /// What was committed?
    FetchOffsets(Fetch),
    /// A transaction that committed offsets here has ended.
    EndTransaction {
        /// Whose.
        producer: Producer,
        /// Epoch of the transaction coordinator.
        coordinator_epoch: i32,
        /// Or abort.
        commit: bool,
        /// The transaction version of the coordinator.
        version: i8,
    },
}

/// What it answers.
#[derive(Debug)]
pub enum Answer {
    /// One code for each offset, in order; or one for all.
    Committed(Result<Vec<ErrorCode>, ErrorCode>),
    /// What was committed.
    Offsets(Result<FetchedTopics, ErrorCode>),
    /// The marker is written.
    Ended,
}

/// What is written: a key and value of `__consumer_offsets`.
pub type Record = GroupRecord<'static>;

/// All groups of one partition.
pub struct Groups {
    offsets: Offsets,
}

impl Machine for Groups {
    type Command = Command;
    type Answer = Answer;
    type Record = Record;
    type Errand = std::convert::Infallible;

    fn new(_partition: i32) -> Self {
        Groups {
            offsets: Offsets::default(),
        }
    }

    fn handle(&mut self, command: Command, ask: Ask, now: &mut Now<'_>) -> Effects<Self> {
        match command {
            Command::Commit(commit) => self.commit(commit, ask, now),
            Command::FetchOffsets(fetch) => {
                Effects::answer(ask, Answer::Offsets(Ok(self.offsets.fetch(&fetch))))
            }
            Command::EndTransaction {
                producer,
                coordinator_epoch,
                commit,
                version,
            } => {
                let mut effects = Effects::answer(ask, Answer::Ended);
                effects.writes.push(Write::Marker {
                    producer,
                    coordinator_epoch,
                    commit,
                    version,
                });
                effects
            }
        }
    }

    fn tick(&mut self, _now: &mut Now<'_>) -> Effects<Self> {
        Effects::none()
    }

    fn deadline(&self) -> Option<Instant> {
        None
    }

    fn loaded(&mut self, _now: &mut Now<'_>) -> Effects<Self> {
        Effects::none()
    }

    fn encode(record: &Record) -> Result<KeyValue, BadRecord> {
        let bad = |e: ottla_protocol::wire::EncodeError| BadRecord(e.to_string());
        Ok((
            record.key_bytes().map_err(bad)?,
            record.value_bytes().map_err(bad)?,
        ))
    }

    fn decode(key: &[u8], value: Option<&[u8]>) -> Result<Option<Record>, BadRecord> {
        match GroupRecord::decode(key, value) {
            Ok(record) => Ok(Some(record.into_static())),
            Err(RecordError::UnknownType(_)) => Ok(None),
            Err(damaged) => Err(BadRecord(damaged.to_string())),
        }
    }

    fn apply(&mut self, record: Record, at: &Position) {
        match record {
            GroupRecord::OffsetCommit(key, value) => self.offsets.apply(key, value, at),
            // Offsets of Kafka 0.8, whose place the other kind has taken.
            GroupRecord::LegacyOffsetCommit(..) => {}
            other => tracing::debug!("passed over: {other:?}"),
        }
    }

    fn end_transaction(&mut self, producer: Producer, commit: bool, _at: &Position) {
        self.offsets.end_transaction(producer.id, commit);
    }

    fn run(errand: Self::Errand, _world: Rc<Coordinators>) -> Later<Command> {
        match errand {}
    }
}

impl Groups {
    fn commit(&mut self, commit: Commit, ask: Ask, now: &mut Now<'_>) -> Effects<Self> {
        if let Err(code) = may_commit(&commit) {
            return Effects::answer(ask, Answer::Committed(Err(code)));
        }
        let config = &now.image.broker_config;
        let (mut records, mut codes) = (Vec::new(), Vec::new());
        for new in &commit.offsets {
            let record = self
                .offsets
                .record(&commit, new, config.offset_metadata_max, now.wall_ms);
            codes.push(record.as_ref().err().copied().unwrap_or_default());
            records.extend(record);
        }
        let mut effects = Effects::answer(ask, Answer::Committed(Ok(codes)));
        if !records.is_empty() {
            effects.writes.push(Write::Records {
                records,
                txn: commit.txn,
            });
        }
        effects
    }
}

/// A group that nobody is a member of takes commits of nobody's.
fn may_commit(commit: &Commit) -> Result<(), ErrorCode> {
    match (commit.member.generation, &commit.txn) {
        (..0, _) => Ok(()),
        (_, None) if commit.member.version >= GROUP_NOT_FOUND_SINCE => {
            Err(ErrorCode::GROUP_ID_NOT_FOUND)
        }
        _ => Err(ErrorCode::ILLEGAL_GENERATION),
    }
}

/// First version of OffsetCommit whose clients know error 69.
const GROUP_NOT_FOUND_SINCE: i16 = 9;
