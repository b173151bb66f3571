//! One transactional id: its producer, its transaction, and the steps from one state to the next.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::BUMPS_SINCE;
use crate::coordinator::Producer;

/// The last epoch that a client gets: the one after it is kept for fencing.
pub const LAST_EPOCH: i16 = i16::MAX - 1;

/// Partitions by the name of their topic.
pub type Partitions = BTreeMap<String, BTreeSet<i32>>;

/// Where a transaction stands. The numbers are those of the records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// None yet.
    Empty = 0,
    /// Partitions are part of it.
    Ongoing = 1,
    /// It will be committed, whatever happens.
    PrepareCommit = 2,
    /// It will be aborted, whatever happens.
    PrepareAbort = 3,
    /// It is committed everywhere.
    CompleteCommit = 4,
    /// It is aborted everywhere.
    CompleteAbort = 5,
}

impl State {
    /// All of them.
    pub const ALL: [State; 6] = [
        State::Empty,
        State::Ongoing,
        State::PrepareCommit,
        State::PrepareAbort,
        State::CompleteCommit,
        State::CompleteAbort,
    ];

    /// As tools know it.
    pub fn name(self) -> &'static str {
        match self {
            State::Empty => "Empty",
            State::Ongoing => "Ongoing",
            State::PrepareCommit => "PrepareCommit",
            State::PrepareAbort => "PrepareAbort",
            State::CompleteCommit => "CompleteCommit",
            State::CompleteAbort => "CompleteAbort",
        }
    }

    /// Are partitions written to?
    pub fn is_ongoing(self) -> bool {
        self == State::Ongoing
    }

    /// Is it decided, and not done everywhere?
    pub fn is_prepared(self) -> bool {
        matches!(self, State::PrepareCommit | State::PrepareAbort)
    }

    /// Is it done everywhere?
    pub fn is_complete(self) -> bool {
        matches!(self, State::CompleteCommit | State::CompleteAbort)
    }

    /// May an id that is not used any more be forgotten?
    pub fn may_expire(self) -> bool {
        self == State::Empty || self.is_complete()
    }
}

/// A transactional id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Txn {
    /// Who speaks for it.
    pub producer: Producer,
    /// The producer id before the last step.
    pub previous_id: i64,
    /// The producer id after this transaction, where the epochs of this one are used up; -1 for the same.
    pub next_id: i64,
    /// A transaction that takes longer is aborted, ms.
    pub timeout_ms: i32,
    /// Where its transaction stands.
    pub state: State,
    /// The partitions of its transaction.
    pub partitions: Partitions,
    /// Since when the transaction goes on, ms; -1 for none.
    pub start_ms: i64,
    /// Of the last step, ms.
    pub update_ms: i64,
    /// The transaction version that its client works by.
    pub version: i16,
}

impl Txn {
    /// A new one, of a new producer id.
    pub fn new(producer_id: i64, timeout_ms: i32, now_ms: i64) -> Txn {
        Txn {
            producer: Producer {
                id: producer_id,
                epoch: 0,
            },
            previous_id: producer_id,
            next_id: -1,
            timeout_ms,
            state: State::Empty,
            partitions: Partitions::new(),
            start_ms: -1,
            update_ms: now_ms,
            version: 0,
        }
    }

    /// Are its producer id's epochs used up?
    pub fn is_exhausted(&self) -> bool {
        self.producer.epoch >= LAST_EPOCH
    }

    /// From now on `producer` speaks for it. No transaction may go on.
    pub fn begin_as(&self, producer: Producer, timeout_ms: i32, now_ms: i64) -> Txn {
        Txn {
            producer,
            previous_id: self.producer.id,
            timeout_ms,
            state: State::Empty,
            partitions: Partitions::new(),
            start_ms: -1,
            update_ms: now_ms,
            ..self.clone()
        }
    }

    /// Partitions become part of its transaction, which begins if none goes on.
    pub fn with(&self, partitions: &Partitions, version: i16, now_ms: i64) -> Txn {
        let mut next = self.clone();
        for (topic, numbers) in partitions {
            let known = next.partitions.entry(topic.clone()).or_default();
            known.extend(numbers);
        }
        if !self.state.is_ongoing() {
            next.start_ms = now_ms;
        }
        next.previous_id = self.producer.id;
        next.state = State::Ongoing;
        next.update_ms = now_ms;
        next.version = version;
        next
    }

    /// Are all these partitions part of it?
    pub fn has_all(&self, partitions: &Partitions) -> bool {
        partitions.iter().all(|(topic, numbers)| {
            self.partitions
                .get(topic)
                .is_some_and(|known| known.is_superset(numbers))
        })
    }

    /// Its end is decided by the producer's epoch as it is, or raised by one: that of the markers. `next_id`: the producer id
    /// after it, -1 for the same.
    pub fn decided(
        &self,
        commit: bool,
        raised: bool,
        version: i16,
        next_id: i64,
        now_ms: i64,
    ) -> Txn {
        let epoch = self.producer.epoch;
        Txn {
            producer: Producer {
                // At the highest there is: the end still has to go through.
                epoch: if raised {
                    epoch.saturating_add(1)
                } else {
                    epoch
                },
                ..self.producer
            },
            previous_id: self.producer.id,
            next_id,
            state: match commit {
                true => State::PrepareCommit,
                false => State::PrepareAbort,
            },
            // An abort of nothing has a beginning, too.
            start_ms: match self.state.is_ongoing() {
                true => self.start_ms,
                false => now_ms,
            },
            update_ms: now_ms,
            version,
            ..self.clone()
        }
    }

    /// Its end stands in all partitions.
    pub fn completed(&self, now_ms: i64) -> Txn {
        Txn {
            producer: self.after(),
            previous_id: self.producer.id,
            next_id: -1,
            state: match self.state {
                State::PrepareCommit => State::CompleteCommit,
                _ => State::CompleteAbort,
            },
            partitions: Partitions::new(),
            update_ms: now_ms,
            ..self.clone()
        }
    }

    /// The producer as it goes on after the transaction that is decided.
    pub fn after(&self) -> Producer {
        match self.next_id {
            0.. if self.version >= BUMPS_SINCE => Producer {
                id: self.next_id,
                epoch: 0,
            },
            _ => self.producer,
        }
    }

    /// The producer as it was before its end raised the epoch: who lost the answer to EndTxn still is it. `None` where an end
    /// raises nothing, or is not the last thing that happened.
    pub fn before_end(&self) -> Option<Producer> {
        let raised =
            self.version >= BUMPS_SINCE && !matches!(self.state, State::Empty | State::Ongoing);
        let Producer { id, epoch } = self.producer;
        match epoch {
            _ if !raised => None,
            0 => Some(Producer {
                id: self.previous_id,
                epoch: LAST_EPOCH,
            }),
            _ => Some(Producer {
                id,
                epoch: epoch - 1,
            }),
        }
    }

    /// Until it is aborted or forgotten, if it ever is. `expiration`: how long an id is kept that nobody uses.
    pub fn time_left(&self, expiration: Duration, now_ms: i64) -> Option<Duration> {
        let (since, most) = match self.state {
            // Another system decides on it, whenever it will.
            State::Ongoing if self.timeout_ms == i32::MAX => return None,
            State::Ongoing => {
                let timeout = u64::try_from(self.timeout_ms).unwrap_or_default();
                (self.start_ms, Duration::from_millis(timeout))
            }
            state if state.may_expire() => (self.update_ms, expiration),
            _ => return None,
        };
        // A wall clock that went back must not keep it for longer.
        let gone = u64::try_from(now_ms.saturating_sub(since)).unwrap_or_default();
        Some(most.saturating_sub(Duration::from_millis(gone)))
    }
}
