//! One coordinator on its partition.
//!
//! Invariants:
//! - what was applied stands in the partition's log, in the same order; nothing else was applied.
//! - an answer leaves when all that was appended before it was made is committed.
//! - after a refused or lost append nothing of this life of the machine is said any more: whoever waits is sent away, and
//!   the log is loaded anew.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::rc::{Rc, Weak};

use bytes::BytesMut;
use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::record::{self, BatchBuilder, BatchOptions, EndMarker};
use ottla_runtime::task::{self, Share};
use ottla_runtime::time::Instant;
use ottla_runtime::{rand, time};
use ottla_storage::mutants::{Mutant, planted};

use super::census::Census;
use super::host::Coordinators;
use super::{Ask, Effects, Machine, Now, Position, Producer, Write, load};
use crate::partition::calls::Marker;
use crate::partition::{Own, Partition};

/// Hears the answer.
pub type Reply<A> = Box<dyn FnOnce(Result<A, ErrorCode>)>;

/// Which driver of a shard: the kind's number, and the partition's.
pub type Key = (u8, i32);

/// A driver, whatever it drives.
pub trait Driven {
    /// Says what has become committed.
    fn release(&self);
    /// A deadline may have come.
    fn tick(&self);
    /// The cluster has changed.
    fn image_changed(&self);
    /// The partition is not here any more.
    fn retire(&self);
    /// When it wants to be ticked.
    fn deadline(&self) -> Option<Instant>;
    /// Adds what it has; nothing while it loads.
    fn census(&self, census: &mut Census);
}

/// Runs a machine.
pub struct Driver<M: Machine> {
    key: Key,
    partition: Rc<Partition>,
    host: Weak<Coordinators>,
    life: RefCell<Life<M>>,
    /// An append of this life was lost.
    lost: Rc<Cell<bool>>,
    me: Weak<Driver<M>>,
}

struct Life<M: Machine> {
    phase: Phase<M>,
    waiting: BTreeMap<Ask, Reply<M::Answer>>,
    asked: u64,
    /// The offset after the last append.
    end: i64,
    held: VecDeque<Held<M>>,
}

enum Phase<M> {
    Loading,
    Serving(M),
    Retired,
}

/// What may be said when everything below an offset is committed.
struct Held<M: Machine> {
    below: i64,
    answers: Vec<(Ask, M::Answer)>,
    errands: Vec<M::Errand>,
}

impl<M: Machine> Driver<M> {
    /// A driver that begins to load.
    pub fn start(key: Key, partition: Rc<Partition>, host: Weak<Coordinators>) -> Rc<Self> {
        let driver = Rc::new_cyclic(|me| Driver {
            key,
            partition,
            host,
            life: RefCell::new(Life {
                phase: Phase::Loading,
                waiting: BTreeMap::new(),
                asked: 0,
                end: 0,
                held: VecDeque::new(),
            }),
            lost: Rc::default(),
            me: me.clone(),
        });
        if driver.partition.log().start_offset() == driver.partition.high_watermark() {
            // Nothing to read, as on a topic's first day: whoever made it is served at once.
            driver.serve(M::new(key.1));
        } else {
            driver.load();
        }
        driver
    }

    /// Loads in the background, until it succeeds or is of no use any more.
    fn load(&self) {
        let (me, partition, number) = (self.me.clone(), self.partition.clone(), self.key.1);
        task::spawn(Share::Foreground, async move {
            loop {
                let loaded = load::replay::<M>(&partition, number).await;
                let Some(driver) = me.upgrade() else {
                    return;
                };
                if !matches!(driver.life.borrow().phase, Phase::Loading) {
                    return;
                }
                match loaded {
                    Ok(machine) => return driver.serve(machine),
                    Err(why) => {
                        tracing::error!(
                            topic = partition.topic(),
                            partition = number,
                            "a coordinator's log cannot be loaded: {why}"
                        );
                    }
                }
                drop(driver);
                time::sleep(load::AGAIN).await;
            }
        })
        .detach();
    }

    fn serve(&self, mut machine: M) {
        self.lost.set(false);
        let Some(effects) = self.with_now(|now| machine.loaded(now)) else {
            return;
        };
        let mut life = self.life.borrow_mut();
        life.phase = Phase::Serving(machine);
        life.end = self.partition.high_watermark();
        self.carry_out(&mut life, effects);
    }

    fn with_now<R>(&self, work: impl FnOnce(&mut Now<'_>) -> R) -> Option<R> {
        let host = self.host.upgrade()?;
        let image = host.image();
        let mut random = rand::u64;
        let mut now = Now {
            at: time::now(),
            wall_ms: time::wall_ms(),
            image: &image,
            random: &mut random,
        };
        Some(work(&mut now))
    }

    /// Hears a command.
    pub fn handle(&self, command: M::Command, reply: Reply<M::Answer>) {
        let mut life = self.life.borrow_mut();
        let life = &mut *life;
        let machine = match &mut life.phase {
            Phase::Serving(machine) => machine,
            Phase::Loading => return reply(Err(ErrorCode::COORDINATOR_LOAD_IN_PROGRESS)),
            Phase::Retired => return reply(Err(ErrorCode::NOT_COORDINATOR)),
        };
        life.asked += 1;
        let ask = Ask(life.asked);
        life.waiting.insert(ask, reply);
        if let Some(effects) = self.with_now(|now| machine.handle(command, ask, now)) {
            self.carry_out(life, effects);
        }
    }

    fn step(&self, work: impl FnOnce(&mut M, &mut Now<'_>) -> Effects<M>) {
        let mut life = self.life.borrow_mut();
        let life = &mut *life;
        let Phase::Serving(machine) = &mut life.phase else {
            return;
        };
        if let Some(effects) = self.with_now(|now| work(machine, now)) {
            self.carry_out(life, effects);
        }
    }

    fn carry_out(&self, life: &mut Life<M>, effects: Effects<M>) {
        let Effects {
            writes,
            mut answers,
            mut errands,
        } = effects;
        for write in writes {
            let transactional = write.is_transactional();
            if let Err(code) = self.write(life, write) {
                if transactional {
                    return refuse(life, answers, code);
                }
                tracing::warn!(
                    topic = self.partition.topic(),
                    partition = self.key.1,
                    "a coordinator's append was refused: {}",
                    code.message()
                );
                if is_too_large(code) {
                    // Kafka's answer: whoever asks for more than a topic can hold is not to try again.
                    refuse(life, answers, ErrorCode::UNKNOWN_SERVER_ERROR);
                }
                return self.begin_again(life);
            }
        }
        if planted(Mutant::AnswerBeforeRecord) {
            for (ask, answer) in std::mem::take(&mut answers) {
                if let Some(reply) = life.waiting.remove(&ask) {
                    reply(Ok(answer));
                }
            }
        }
        if planted(Mutant::MarkersBeforeDecision) {
            let early = std::mem::take(&mut errands);
            early.into_iter().for_each(|errand| self.run(errand));
        }
        if !answers.is_empty() || !errands.is_empty() {
            life.held.push_back(Held {
                below: life.end,
                answers,
                errands,
            });
        }
        self.release_committed(life);
        if let (Some(host), Phase::Serving(machine)) = (self.host.upgrade(), &life.phase) {
            host.schedule(self.key, machine.deadline());
        }
    }

    /// Appends one batch and applies what it says.
    fn write(&self, life: &mut Life<M>, write: Write<M::Record>) -> Result<(), ErrorCode> {
        let Phase::Serving(machine) = &mut life.phase else {
            return Err(ErrorCode::NOT_COORDINATOR);
        };
        let now = time::wall_ms();
        match write {
            Write::Records { records, txn } => {
                let producer = txn.map(|txn| txn.producer);
                let batch = batch::<M>(&records, producer, now)?;
                let base = self.append(match txn {
                    Some(txn) => Own::InTxn(batch, txn.guard),
                    None => Own::Batch(batch),
                })?;
                life.end = base + records.len() as i64;
                for (record, offset) in records.into_iter().zip(base..) {
                    if let Some(event) = M::event(&record) {
                        event.count(self.partition.metrics());
                    }
                    machine.apply(
                        record,
                        &Position {
                            offset,
                            timestamp: now,
                            producer,
                        },
                    );
                }
            }
            Write::Marker {
                producer,
                coordinator_epoch,
                commit,
                version,
            } => {
                let marker = Marker {
                    producer_id: producer.id,
                    epoch: producer.epoch,
                    end: EndMarker {
                        committed: commit,
                        coordinator_epoch,
                    },
                };
                let offset = self.append(Own::End(marker, version))?;
                life.end = offset + 1;
                let at = Position {
                    offset,
                    timestamp: now,
                    producer: Some(producer),
                };
                machine.end_transaction(producer, commit, &at);
            }
        }
        Ok(())
    }

    fn append(&self, own: Own) -> Result<i64, ErrorCode> {
        let (host, key, lost) = (self.host.clone(), self.key, self.lost.clone());
        let stands = Rc::new(Cell::new(false));
        let stood = stands.clone();
        let base = self.partition.append_own(own, move |outcome| {
            // A refusal is heard at once, and lost nothing.
            lost.set(lost.get() || stood.get() && outcome.is_err());
            if let Some(host) = host.upgrade() {
                host.wake(key);
            }
        })?;
        stands.set(true);
        Ok(base)
    }

    fn release_committed(&self, life: &mut Life<M>) {
        let committed = self.partition.high_watermark();
        while life.held.front().is_some_and(|h| h.below <= committed) {
            let Some(held) = life.held.pop_front() else {
                break;
            };
            for (ask, answer) in held.answers {
                if let Some(reply) = life.waiting.remove(&ask) {
                    reply(Ok(answer));
                }
            }
            for errand in held.errands {
                self.run(errand);
            }
        }
    }

    fn run(&self, errand: M::Errand) {
        let Some(host) = self.host.upgrade() else {
            return;
        };
        let (me, errand) = (self.me.clone(), M::run(errand, host));
        task::spawn(Share::Foreground, async move {
            if let (Some(command), Some(driver)) = (errand.await, me.upgrade()) {
                driver.handle(command, Box::new(|_| ()));
            }
        })
        .detach();
    }

    /// What this life decided since its last commit may be lost: nothing of it is said.
    fn begin_again(&self, life: &mut Life<M>) {
        self.send_away(life, ErrorCode::NOT_COORDINATOR);
        life.phase = Phase::Loading;
        self.load();
    }

    fn send_away(&self, life: &mut Life<M>, code: ErrorCode) {
        life.held.clear();
        for (_, reply) in std::mem::take(&mut life.waiting) {
            reply(Err(code));
        }
        if let Some(host) = self.host.upgrade() {
            host.schedule(self.key, None);
        }
    }
}

impl<M: Machine> Driven for Driver<M> {
    fn release(&self) {
        let mut life = self.life.borrow_mut();
        if self.lost.replace(false) && matches!(life.phase, Phase::Serving(_)) {
            return self.begin_again(&mut life);
        }
        self.release_committed(&mut life);
    }

    fn tick(&self) {
        self.step(M::tick);
    }

    fn image_changed(&self) {
        self.step(M::image_changed);
    }

    fn retire(&self) {
        let mut life = self.life.borrow_mut();
        life.phase = Phase::Retired;
        self.send_away(&mut life, ErrorCode::NOT_COORDINATOR);
    }

    fn deadline(&self) -> Option<Instant> {
        match &self.life.borrow().phase {
            Phase::Serving(machine) => machine.deadline(),
            Phase::Loading | Phase::Retired => None,
        }
    }

    fn census(&self, census: &mut Census) {
        if let Phase::Serving(machine) = &self.life.borrow().phase {
            machine.census(census);
        }
    }
}

fn is_too_large(code: ErrorCode) -> bool {
    matches!(
        code,
        ErrorCode::MESSAGE_TOO_LARGE | ErrorCode::RECORD_LIST_TOO_LARGE
    )
}

/// A write was refused: nothing has happened, and who asked hears why.
fn refuse<M: Machine>(life: &mut Life<M>, answers: Vec<(Ask, M::Answer)>, code: ErrorCode) {
    for (ask, _) in answers {
        if let Some(reply) = life.waiting.remove(&ask) {
            reply(Err(code));
        }
    }
}

/// Records as a batch. Transactional ones have no sequence: their coordinator is their only writer.
fn batch<M: Machine>(
    records: &[M::Record],
    producer: Option<Producer>,
    now: i64,
) -> Result<BytesMut, ErrorCode> {
    let mut batch = BatchBuilder::new(BatchOptions {
        producer: producer.map(without_sequence),
        transactional: producer.is_some(),
        ..BatchOptions::default()
    });
    for record in records {
        let (key, value) = M::encode(record).map_err(|_| ErrorCode::INVALID_REQUEST)?;
        batch.push(now, Some(&key), value.as_deref(), &[]);
    }
    sealed(batch)
}

fn without_sequence(producer: Producer) -> record::Producer {
    record::Producer {
        id: producer.id,
        epoch: producer.epoch,
        base_sequence: -1,
    }
}

fn sealed(batch: BatchBuilder) -> Result<BytesMut, ErrorCode> {
    let built = batch
        .build()
        .map_err(|_| ErrorCode::RECORD_LIST_TOO_LARGE)?;
    Ok(BytesMut::from(built.as_slice()))
}
