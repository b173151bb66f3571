//! Coordinators: replicated state machines on the partitions of the broker's own topics (design D8).
//!
//! A coordinator is a [`Machine`], and pure: no disk, socket, clock or entropy. One runtime drives all kinds:
//!
//! - [`host`] holds those of one shard, and their one timer;
//! - [`driver`] runs one on its partition: load, hear, append, apply, answer;
//! - [`load`] replays the partition's log;
//! - [`topics`] says which partition of which topic a key belongs to, and how such topics are made;
//! - [`calls`] crosses the mesh;
//! - [`producer_ids`] hands out producer ids;
//! - [`census`] is what operators are told;
//! - [`group`] and [`txn`] are the machines.
//!
//! The way of a command: a handler in `api` finds the partition of the group, or of the transactional id, and sends the command to
//! the shard that owns it. The machine says what is to be written and what to be answered. What is written goes through
//! the partition's ordinary write path; once it stands in line it is applied, and once it is committed the answer leaves.
//! So does every answer that saw it: nobody is told what a crash could take back.

pub mod calls;
pub mod census;
mod driver;
pub mod group;
pub mod host;
mod load;
pub mod producer_ids;
pub mod share;
pub mod topics;
pub mod txn;

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;

use ottla_runtime::time::Instant;

use self::census::{Census, Event};
use self::host::Coordinators;
use crate::metadata::Image;
use crate::partition::calls::Guard;

/// Whoever waits for an answer of a machine. A machine may keep it and answer later, or never.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ask(pub u64);

impl Ask {
    /// Nobody waits.
    pub const NOBODY: Ask = Ask(0);
}

/// What a machine may know of the world while it decides.
pub struct Now<'a> {
    /// The monotonic clock: sessions, rebalances, anything that times out.
    pub at: Instant,
    /// The wall clock, ms: what is written into records.
    pub wall_ms: i64,
    /// The cluster.
    pub image: &'a Image,
    /// Chance.
    pub random: &'a mut dyn FnMut() -> u64,
}

/// A coordinator: everything that one partition of its topic is responsible for.
///
/// Its driver's duties:
/// 1. replay the log with [`apply`](Machine::apply) and [`end_transaction`](Machine::end_transaction), then call
///    [`loaded`](Machine::loaded);
/// 2. carry out the [`Effects`] of each call: append the writes in order, apply each when it stands in line, and let answers and
///    errands go when they are committed;
/// 3. call [`tick`](Machine::tick) when [`deadline`](Machine::deadline) has come;
/// 4. throw the machine away and load again when an append is refused.
///
/// What is kept changes in `apply` and `end_transaction` alone, and is a function of the log. Other methods change at most what
/// is not kept: who waits, timers.
pub trait Machine: Sized + 'static {
    /// What it can be asked.
    type Command: Send + 'static;
    /// What it answers.
    type Answer: Send + 'static;
    /// What it writes: one key of its topic, with a value or none.
    type Record: Clone + fmt::Debug;
    /// What it needs done elsewhere. The outcome comes back as a command.
    type Errand: 'static;

    /// The machine of this partition, with an empty log.
    fn new(partition: i32) -> Self;

    /// Hears a command of `ask`.
    fn handle(&mut self, command: Self::Command, ask: Ask, now: &mut Now<'_>) -> Effects<Self>;

    /// Time has passed.
    fn tick(&mut self, now: &mut Now<'_>) -> Effects<Self>;

    /// When [`tick`](Machine::tick) wants to be called next.
    fn deadline(&self) -> Option<Instant>;

    /// The whole log was applied: from now on it serves.
    fn loaded(&mut self, now: &mut Now<'_>) -> Effects<Self>;

    /// The cluster has changed.
    fn image_changed(&mut self, _now: &mut Now<'_>) -> Effects<Self> {
        Effects::none()
    }

    /// A record as it stands in the topic: key, and value unless it is a tombstone.
    ///
    /// # Errors
    /// A text is too long to be written.
    fn encode(record: &Self::Record) -> Result<KeyValue, BadRecord>;

    /// A record of the topic; `None` for a kind that this build does not know, which is passed over, as in Kafka.
    ///
    /// # Errors
    /// What is damaged, in words.
    fn decode(key: &[u8], value: Option<&[u8]>) -> Result<Option<Self::Record>, BadRecord>;

    /// A record stands in the log.
    fn apply(&mut self, record: Self::Record, at: &Position);

    /// A transaction of this producer has ended here.
    fn end_transaction(&mut self, producer: Producer, commit: bool, at: &Position);

    /// What has happened, as a record says that is about to be applied for the first time.
    fn event(_record: &Self::Record) -> Option<Event> {
        None
    }

    /// Adds what it has.
    fn census(&self, _census: &mut Census) {}

    /// Does what the machine cannot: talks to other partitions and to the controller. Not pure.
    fn run(errand: Self::Errand, world: Rc<Coordinators>) -> Later<Self::Command>;
}

/// A record's key, and its value unless it is a tombstone.
pub type KeyValue = (Vec<u8>, Option<Vec<u8>>);

/// What comes of an errand, if anything does.
pub type Later<C> = Pin<Box<dyn Future<Output = Option<C>>>>;

/// A transactional producer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Producer {
    /// Its id.
    pub id: i64,
    /// Its epoch.
    pub epoch: i16,
}

/// Where a record stands.
#[derive(Clone, Copy, Debug)]
pub struct Position {
    /// Its offset.
    pub offset: i64,
    /// Its timestamp, ms.
    pub timestamp: i64,
    /// The transaction that it is part of.
    pub producer: Option<Producer>,
}

/// One batch to be written. One of a transaction may be refused, where that has ended or its producer is fenced: then nothing of
/// its effects happens, and who asked gets the partition's code.
#[derive(Clone, Debug)]
pub enum Write<R> {
    /// Records, all or none.
    Records {
        /// In their order.
        records: Vec<R>,
        /// The transaction that they are part of.
        txn: Option<InTxn>,
    },
    /// The end of a transaction here.
    Marker {
        /// Whose.
        producer: Producer,
        /// The epoch of the transaction coordinator that says so.
        coordinator_epoch: i32,
        /// Or abort.
        commit: bool,
        /// The transaction version by which that coordinator works (KIP-890).
        version: i8,
    },
}

/// The transaction that a batch is part of.
#[derive(Clone, Copy, Debug)]
pub struct InTxn {
    /// Whose.
    pub producer: Producer,
    /// What the partition gave when it was asked whether the transaction is open there.
    pub guard: Guard,
}

/// What a machine wants done.
pub struct Effects<M: Machine> {
    /// To be appended in this order.
    pub writes: Vec<Write<M::Record>>,
    /// To be answered once the writes, and all before them, are committed.
    pub answers: Vec<(Ask, M::Answer)>,
    /// To be run then.
    pub errands: Vec<M::Errand>,
}

impl<R> Write<R> {
    fn is_transactional(&self) -> bool {
        match self {
            Write::Records { txn, .. } => txn.is_some(),
            Write::Marker { .. } => true,
        }
    }
}

impl<M: Machine> Effects<M> {
    /// Nothing.
    pub fn none() -> Self {
        Effects {
            writes: Vec::new(),
            answers: Vec::new(),
            errands: Vec::new(),
        }
    }

    /// An answer without a write.
    pub fn answer(ask: Ask, answer: M::Answer) -> Self {
        Effects {
            answers: vec![(ask, answer)],
            ..Effects::none()
        }
    }

    /// Records in one batch, and nothing else; no batch when there are none.
    pub fn records(records: Vec<M::Record>) -> Self {
        let mut effects = Effects::none();
        effects.write(records);
        effects
    }

    /// Adds a batch of records, if there are any.
    pub fn write(&mut self, records: Vec<M::Record>) {
        if !records.is_empty() {
            self.writes.push(Write::Records { records, txn: None });
        }
    }

    /// Adds an answer.
    pub fn reply(&mut self, ask: Ask, answer: M::Answer) {
        self.answers.push((ask, answer));
    }

    /// Adds what another part of the machine wants, after this.
    pub fn join(&mut self, other: Effects<M>) {
        self.writes.extend(other.writes);
        self.answers.extend(other.answers);
        self.errands.extend(other.errands);
    }
}

/// A record of the topic that cannot be what it says it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadRecord(pub String);

impl fmt::Display for BadRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for BadRecord {}
