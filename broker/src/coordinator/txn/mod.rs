//! The transaction coordinator of one partition of `__transaction_state` (KIP-98, KIP-360, KIP-890): which producer speaks for a
//! transactional id, and what becomes of its transactions.
//!
//! | file | what |
//! |---|---|
//! | [`state`] | one transactional id, and its steps |
//! | [`record`] | the same as it stands in the topic |
//! | [`init`] | InitProducerId: a new epoch, older producers fenced |
//! | [`add`] | partitions become part of a transaction, or are looked for |
//! | [`end`] | commit, abort, time out; completion |
//! | [`list`] | what operators see |
//! | [`waiting`] | commands that wait for a transaction to end; deadlines |
//! | [`markers`] | the ends of transactions, written to the partitions |
//!
//! Invariants:
//! - an id in PrepareCommit or PrepareAbort has exactly one round of markers under way; whatever else comes for it waits.
//! - an answer says nothing that is not committed (the driver sees to that), so a state that was applied is a fact here.
//! - a producer that is not the id's newest changes nothing.

pub mod add;
pub mod end;
pub mod init;
pub mod list;
pub mod markers;
pub mod record;
pub mod state;
#[cfg(test)]
mod tests;
mod waiting;

use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;
use std::time::Duration;

use ottla_protocol::error_code::ErrorCode;
use ottla_runtime::time::Instant;
use ottla_storage::mutants::{Mutant, planted};

use self::add::{Add, Verify};
use self::end::End;
use self::init::Init;
use self::list::{Description, Filter, Listed};
use self::markers::Markers;
use self::record::Record;
use self::state::{Partitions, State, Txn};
use self::waiting::{Timers, Waiting};
use super::census::{Census, Event};
use super::host::Coordinators;
use super::{Ask, BadRecord, Effects, KeyValue, Later, Machine, Now, Position, Producer};

/// How long a client's command waits for the transaction before it to end, before it is told to try again.
pub const PATIENCE: Duration = Duration::from_secs(1);
/// The transaction version since which a producer's epoch rises with each transaction (KIP-890).
pub const BUMPS_SINCE: i16 = 2;
/// The longest transactional id that can be written, in bytes.
const ID_MAX: usize = i16::MAX as usize;
/// A producer id that could not be had is tried for again after this, where nobody else would ask.
const AGAIN: Duration = Duration::from_secs(1);
/// Deadlines handled in one go.
const TICK_MAX: usize = 500;

/// What a transaction coordinator can be asked.
#[derive(Clone, Debug)]
pub enum Command {
    /// A producer begins.
    Init(Init),
    /// Partitions become part of the transaction.
    Add(Add),
    /// Are these partitions part of the transaction?
    Verify(Verify),
    /// Commit or abort.
    End(End),
    /// What about this id?
    Describe(String),
    /// Which ids are there?
    List(Filter),
    /// Of an errand: a producer id that nobody else has.
    ProducerId(Result<i64, ErrorCode>),
    /// Of an errand: all markers of this round are written.
    Marked {
        /// The transactional id.
        id: String,
        /// The round.
        round: u64,
    },
    /// Of an errand: the transaction has ended, whoever waits for this id goes on.
    Resume(String),
}

/// What it answers.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// The producer as it is from now on.
    Producer(Result<Producer, ErrorCode>),
    /// The partitions are part of the transaction.
    Added(Result<(), ErrorCode>),
    /// One code for each partition, in order; or one for all.
    Verified(Result<Vec<ErrorCode>, ErrorCode>),
    /// The id's state.
    Described(Result<Description, ErrorCode>),
    /// The ids that pass the filter.
    Listed(Vec<Listed>),
    /// To an errand.
    Heard,
}

/// What it needs done elsewhere.
#[derive(Debug)]
pub enum Errand {
    /// Get a producer id.
    ProducerId,
    /// Write markers until all stand.
    Markers(Markers),
    /// Say it once everything before is committed.
    Resume(String),
}

/// What a transaction coordinator wants done.
type Wants = Effects<Transactions>;

/// Who waits for a producer id.
#[derive(Debug)]
enum Want {
    /// Somebody's command.
    Command(Ask, Command),
    /// A transaction whose time is up.
    Abort(String),
}

/// All transactional ids of one partition.
pub struct Transactions {
    partition: i32,
    all: BTreeMap<String, Txn>,
    /// Of ids whose producer said who it was when it began last: a repeated question gets the same answer (KIP-360).
    known_as: BTreeMap<String, Producer>,
    /// Rounds of markers under way.
    rounds: BTreeMap<String, u64>,
    waiting: Waiting,
    timers: Timers,
    wants: VecDeque<Want>,
    /// Errands end with the life that sent them.
    alive: Rc<()>,
}

impl Machine for Transactions {
    type Command = Command;
    type Answer = Answer;
    type Record = Record;
    type Errand = Errand;

    fn new(partition: i32) -> Self {
        Transactions {
            partition,
            all: BTreeMap::new(),
            known_as: BTreeMap::new(),
            rounds: BTreeMap::new(),
            waiting: Waiting::default(),
            timers: Timers::default(),
            wants: VecDeque::new(),
            alive: Rc::new(()),
        }
    }

    fn handle(&mut self, command: Command, ask: Ask, now: &mut Now<'_>) -> Wants {
        match command {
            Command::ProducerId(id) => {
                let mut effects = self.have_producer_id(id, now);
                effects.reply(ask, Answer::Heard);
                effects
            }
            Command::Marked { id, round } => {
                let mut effects = self.marked(&id, round, now);
                effects.reply(ask, Answer::Heard);
                effects
            }
            Command::Resume(id) => {
                let mut effects = self.resume(&id, now);
                effects.reply(ask, Answer::Heard);
                effects
            }
            Command::Describe(id) => Effects::answer(ask, Answer::Described(self.describe(&id))),
            Command::List(filter) => {
                Effects::answer(ask, Answer::Listed(self.list(&filter, now.wall_ms)))
            }
            command => self.decide(command, ask, None, now),
        }
    }

    fn tick(&mut self, now: &mut Now<'_>) -> Wants {
        let mut effects = Effects::none();
        for (ask, command) in self.waiting.impatient(now.at) {
            effects.reply(ask, command.refused(ErrorCode::CONCURRENT_TRANSACTIONS));
        }
        let mut expired = Vec::new();
        for id in self.timers.due(now.at, TICK_MAX) {
            match self.all.get(&id) {
                Some(txn) if txn.state.may_expire() => {
                    expired.push(Record::tombstone(id, now.image));
                }
                Some(txn) if txn.state.is_ongoing() => {
                    effects.join(self.time_out(id, None, now));
                }
                _ => {}
            }
        }
        effects.write(expired);
        effects
    }

    fn deadline(&self) -> Option<Instant> {
        let both = [self.waiting.deadline(), self.timers.deadline()];
        both.into_iter().flatten().min()
    }

    fn loaded(&mut self, now: &mut Now<'_>) -> Wants {
        let mut effects = Effects::none();
        let all: Vec<_> = self
            .all
            .iter()
            .map(|(k, v)| (k.clone(), v.clone()))
            .collect();
        for (id, txn) in all {
            if txn.state.is_prepared() {
                if planted(Mutant::DecisionForgotten) {
                    continue;
                }
                let mut decided = txn;
                if planted(Mutant::ResumedAsAbort) {
                    decided.state = State::PrepareAbort;
                }
                effects.join(self.send_markers(&id, &decided, now));
            } else if !planted(Mutant::TimeoutsForgotten) {
                let left = txn.time_left(expiration(now), now.wall_ms);
                self.timers.set(&id, left.map(|left| now.at + left));
            }
        }
        effects
    }

    fn encode(record: &Record) -> Result<KeyValue, BadRecord> {
        record.encode()
    }

    fn decode(key: &[u8], value: Option<&[u8]>) -> Result<Option<Record>, BadRecord> {
        Record::decode(key, value)
    }

    fn apply(&mut self, record: Record, _at: &Position) {
        match record.txn {
            Some(txn) => {
                self.all.insert(record.id, txn);
            }
            None => {
                self.all.remove(&record.id);
                self.known_as.remove(&record.id);
            }
        }
    }

    fn end_transaction(&mut self, _producer: Producer, _commit: bool, _at: &Position) {
        // This topic's records are part of no transaction.
    }

    fn event(record: &Record) -> Option<Event> {
        match record.txn.as_ref()?.state {
            State::CompleteCommit => Some(Event::TransactionCommitted),
            State::CompleteAbort => Some(Event::TransactionAborted),
            _ => None,
        }
    }

    fn census(&self, census: &mut Census) {
        for txn in self.all.values() {
            let state = txn.state.name();
            *census.transactions.entry(state).or_default() += 1;
        }
    }

    fn run(errand: Errand, world: Rc<Coordinators>) -> Later<Command> {
        match errand {
            Errand::ProducerId => {
                Box::pin(async move { Some(Command::ProducerId(world.producer_ids.next().await)) })
            }
            Errand::Markers(markers) => Box::pin(markers.write(world)),
            Errand::Resume(id) => Box::pin(std::future::ready(Some(Command::Resume(id)))),
        }
    }
}

impl Transactions {
    /// A command about one id; `fresh` is a producer id that it may use up.
    fn decide(
        &mut self,
        command: Command,
        ask: Ask,
        fresh: Option<i64>,
        now: &mut Now<'_>,
    ) -> Wants {
        match command {
            Command::Init(init) => self.init(init, ask, fresh, now),
            Command::Add(add) => self.add(add, ask, now),
            Command::Verify(verify) => self.verify(verify, ask, now),
            Command::End(end) => self.end(end, ask, fresh, now),
            other => Effects::answer(ask, other.refused(ErrorCode::UNKNOWN_SERVER_ERROR)),
        }
    }

    /// The id's next state is written, and its deadline noted.
    fn step(&mut self, id: &str, next: Txn, now: &Now<'_>) -> Wants {
        let goes_on = |txn: &Txn| txn.state.is_ongoing() && next.state.is_ongoing();
        if !self.all.get(id).is_some_and(goes_on) {
            let left = next.time_left(expiration(now), next.update_ms);
            self.timers.set(id, left.map(|left| now.at + left));
        }
        Effects::records(vec![Record::new(id, next, now.image)])
    }

    /// The command waits until the transaction that is about to end has ended.
    fn wait(&mut self, id: &str, patience: Duration, ask: Ask, command: Command, at: Instant) {
        self.waiting.add(id, at + patience, ask, command);
    }

    fn resume(&mut self, id: &str, now: &mut Now<'_>) -> Wants {
        if self.all.get(id).is_some_and(|txn| txn.state.is_prepared()) {
            return Effects::none();
        }
        let mut waiting = self.waiting.take(id);
        let Some(first) = waiting.pop_front() else {
            return Effects::none();
        };
        // What it writes is applied after this; the others have to see it.
        let others = !waiting.is_empty();
        self.waiting.put_back(id, waiting);
        let mut effects = self.decide(first.command, first.ask, None, now);
        if others {
            effects.errands.push(Errand::Resume(id.to_owned()));
        }
        effects
    }

    fn want_producer_id(&mut self, want: Want) -> Wants {
        self.wants.push_back(want);
        let mut effects = Effects::none();
        effects.errands.push(Errand::ProducerId);
        effects
    }

    fn have_producer_id(&mut self, id: Result<i64, ErrorCode>, now: &mut Now<'_>) -> Wants {
        match (self.wants.pop_front(), id) {
            (Some(Want::Command(ask, command)), Ok(id)) => self.decide(command, ask, Some(id), now),
            (Some(Want::Command(ask, command)), Err(code)) => {
                Effects::answer(ask, command.refused(code))
            }
            // A deadline that was set since is another transaction's.
            (Some(Want::Abort(id)), _) if self.timers.has(&id) => Effects::none(),
            (Some(Want::Abort(id)), Ok(fresh)) => self.time_out(id, Some(fresh), now),
            (Some(Want::Abort(id)), Err(_)) => {
                self.timers.set(&id, Some(now.at + AGAIN));
                Effects::none()
            }
            (None, _) => Effects::none(),
        }
    }
}

impl Command {
    /// The answer that says this code.
    fn refused(&self, code: ErrorCode) -> Answer {
        match self {
            Command::Init(_) | Command::End(_) => Answer::Producer(Err(code)),
            Command::Add(_) => Answer::Added(Err(code)),
            Command::Verify(_) => Answer::Verified(Err(code)),
            Command::Describe(_) => Answer::Described(Err(code)),
            Command::List(_) => Answer::Listed(Vec::new()),
            Command::ProducerId(_) | Command::Marked { .. } | Command::Resume(_) => Answer::Heard,
        }
    }
}

/// Size of a transaction's partitions in a record, in bytes; a little more than they take.
fn size(partitions: &Partitions) -> usize {
    let each = |(topic, partitions): (&String, &std::collections::BTreeSet<i32>)| {
        topic.len() + 8 + 4 * partitions.len()
    };
    partitions.iter().map(each).sum()
}

fn expiration(now: &Now<'_>) -> Duration {
    Duration::from_millis(
        now.image
            .broker_config
            .transactional_id_expiration_ms
            .max(1) as u64,
    )
}
