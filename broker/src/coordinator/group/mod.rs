//! The group coordinator of one partition of `__consumer_offsets`: groups of every kind, and what they have committed.
//!
//! | file | what |
//! |---|---|
//! | [`kind`] | a group of any kind, and what all kinds are asked |
//! | [`classic`] | groups in which a member assigns |
//! | [`consumer`] | groups in which the coordinator assigns |
//! | [`assignor`] | how it does |
//! | [`share`] | groups whose members share partitions |
//! | [`streams`] | groups of threads of Streams applications, which get tasks |
//! | [`offsets`] | committed offsets, also those of transactions under way |
//! | [`commit`] | who may commit and ask |
//! | [`admin`] | list, delete |
//! | [`forget`] | old offsets, deleted topics |
//! | [`timers`] | one order of all deadlines |
//! | [`topics_hash`] | has what a group reads changed? |
//!
//! Rules for all kinds:
//! - a kind's own commands and answers are nested in [`Command`] and [`Answer`] by its name;
//! - one timer is served a tick: what it decides is applied before the next is heard;
//! - a record that makes a group puts it in the place of a [simple](kind::Group::is_simple) one;
//! - a tombstone that deletes a group deletes it only if it is of the record's kind.

mod admin;
pub mod assignor;
#[cfg(test)]
mod bench;
pub mod classic;
mod commit;
pub mod consumer;
mod forget;
pub mod kind;
pub mod offsets;
pub mod share;
pub mod streams;
pub mod timers;
mod topics_hash;

use std::collections::BTreeMap;
use std::rc::Rc;

use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::records::{GroupRecord, RecordError};
use ottla_runtime::time::Instant;
use ottla_storage::mutants::{Mutant, planted};

pub use self::admin::{Listed, TopicCodes};
use self::kind::Group;
use self::offsets::{Commit, Fetch, FetchedTopics, Offsets};
use self::timers::{Timer, Timers};
use super::census::{Census, Event};
use super::host::Coordinators;
use super::{Ask, BadRecord, Effects, KeyValue, Later, Machine, Now, Position, Producer, Write};

/// What a group coordinator can be asked.
#[derive(Debug)]
pub enum Command {
    /// Of classic groups.
    Classic(classic::Command),
    /// Of consumer groups.
    Consumer(consumer::Command),
    /// Of share groups.
    Share(share::Command),
    /// Of streams groups.
    Streams(streams::Command),
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
    /// Which groups are there?
    List {
        /// In one of these states; none: in any.
        states: Vec<String>,
        /// Of one of these kinds; none: of any.
        kinds: Vec<String>,
    },
    /// Delete groups.
    Delete(Vec<String>),
    /// Delete offsets of a group.
    DeleteOffsets {
        /// The group.
        group: String,
        /// The topics and their partitions.
        topics: Vec<(String, Vec<i32>)>,
    },
}

/// What it answers.
#[derive(Debug)]
pub enum Answer {
    /// Of classic groups.
    Classic(classic::Answer),
    /// Of consumer groups.
    Consumer(consumer::Answer),
    /// Of share groups.
    Share(share::Answer),
    /// Of streams groups.
    Streams(streams::Answer),
    /// One code for each offset, in order; or one for all.
    Committed(Result<Vec<ErrorCode>, ErrorCode>),
    /// What was committed.
    Offsets(Result<FetchedTopics, ErrorCode>),
    /// The marker is written.
    Ended,
    /// The groups, by name.
    Listed(Vec<Listed>),
    /// One code for each group, in order.
    Deleted(Vec<ErrorCode>),
    /// One code for each partition, or one for all.
    OffsetsDeleted(Result<TopicCodes, ErrorCode>),
}

/// What is done after what was written is committed.
#[derive(Debug)]
pub enum Errand {
    /// Nothing but to hear this.
    Then(Command),
}

/// What is written: a key and value of `__consumer_offsets`.
pub type Record = GroupRecord<'static>;

/// All groups of one partition.
pub struct Groups {
    groups: BTreeMap<String, Group>,
    offsets: Offsets,
    /// Not kept, as all that follows.
    timers: Timers,
    next_search: Option<Instant>,
    topics: forget::Seen,
    /// The log was replayed to its end.
    serving: bool,
}

impl Machine for Groups {
    type Command = Command;
    type Answer = Answer;
    type Record = Record;
    type Errand = Errand;

    fn new(_partition: i32) -> Self {
        Groups {
            groups: BTreeMap::new(),
            offsets: Offsets::default(),
            timers: Timers::default(),
            next_search: None,
            topics: forget::Seen::default(),
            serving: false,
        }
    }

    fn handle(&mut self, command: Command, ask: Ask, now: &mut Now<'_>) -> Effects<Self> {
        match command {
            Command::Classic(command) => self.classic(command, ask, now),
            Command::Consumer(command) => self.consumer(command, ask, now),
            Command::Share(command) => self.share(command, ask, now),
            Command::Streams(command) => self.streams(command, ask, now),
            Command::Commit(commit) => self.commit(commit, ask, now),
            Command::FetchOffsets(fetch) => Effects::answer(ask, self.fetch_offsets(&fetch)),
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
            Command::List { states, kinds } => {
                Effects::answer(ask, Answer::Listed(self.list(&states, &kinds)))
            }
            Command::Delete(groups) => self.delete(&groups, ask),
            Command::DeleteOffsets { group, topics } => self.delete_offsets(&group, topics, ask),
        }
    }

    fn tick(&mut self, now: &mut Now<'_>) -> Effects<Self> {
        match self.timers.take_due(now.at) {
            Some((group, Timer::Classic(timer))) => self.classic_timer(&group, timer, now),
            Some((group, Timer::Consumer(timer))) => self.consumer_timer(&group, &timer, now),
            Some((group, Timer::Share(timer))) => self.share_timer(&group, &timer, now),
            Some((group, Timer::Streams(timer))) => self.streams_timer(&group, &timer, now),
            None if self.search_is_due(now.at) => self.forget_old(now),
            None => Effects::none(),
        }
    }

    fn deadline(&self) -> Option<Instant> {
        self.timers.next().into_iter().chain(self.next_search).min()
    }

    fn loaded(&mut self, now: &mut Now<'_>) -> Effects<Self> {
        self.serving = true;
        self.watch(now);
        self.consumer_loaded(now);
        self.share_loaded(now);
        self.streams_loaded(now);
        self.classic_loaded(now)
    }

    fn image_changed(&mut self, now: &mut Now<'_>) -> Effects<Self> {
        self.forget_deleted_topics(now.image)
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
            GroupRecord::OffsetCommit(key, value) => {
                let forgets = match value {
                    Some(_) => planted(Mutant::PendingForgotten) && at.producer.is_some(),
                    None => planted(Mutant::DeletionsUnread),
                };
                if forgets && !self.serving {
                    return;
                }
                if value.is_some() && !self.groups.contains_key(&*key.group) {
                    let simple = Group::Classic(classic::Group::simple());
                    self.groups.insert(key.group.to_string(), simple);
                }
                self.offsets.apply(key, value, at);
            }
            GroupRecord::GroupMetadata(key, value) => self.apply_classic(&key.group, value),
            // Offsets of Kafka 0.8, whose place the other kind has taken.
            GroupRecord::LegacyOffsetCommit(..) => {}
            other => {
                let other = self.apply_share(other, at);
                if let Some(other) = other.and_then(|other| self.apply_streams(other)) {
                    self.apply_consumer(other);
                }
            }
        }
    }

    fn end_transaction(&mut self, producer: Producer, commit: bool, _at: &Position) {
        self.offsets.end_transaction(producer.id, commit);
    }

    fn event(record: &Record) -> Option<Event> {
        match record {
            GroupRecord::OffsetCommit(_, Some(_)) => Some(Event::OffsetCommitted),
            // Written when the leader has assigned; without members when the last one has left.
            GroupRecord::GroupMetadata(_, Some(group)) if !group.members.is_empty() => {
                Some(Event::Rebalanced)
            }
            GroupRecord::ConsumerGroupTargetAssignmentMetadata(_, Some(_))
            | GroupRecord::ShareGroupTargetAssignmentMetadata(_, Some(_))
            | GroupRecord::StreamsGroupTargetAssignmentMetadata(_, Some(_)) => {
                Some(Event::Rebalanced)
            }
            _ => None,
        }
    }

    fn census(&self, census: &mut Census) {
        for group in self.groups.values() {
            let kind = (group.kind(), group.state());
            *census.groups.entry(kind).or_default() += 1;
        }
        self.offsets.census(census);
    }

    fn run(errand: Self::Errand, _world: Rc<Coordinators>) -> Later<Command> {
        match errand {
            Errand::Then(command) => Box::pin(std::future::ready(Some(command))),
        }
    }
}

#[cfg(test)]
mod tests;
