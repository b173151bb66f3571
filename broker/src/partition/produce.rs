//! Appending batches: check, stamp, propose; the answer comes with the commit.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use bytes::BytesMut;
use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::record;
use ottla_raft::{Payload, Refused};
use ottla_runtime::time;
use ottla_storage::mutants::{Mutant, planted};

use super::calls::{ProduceRules, Produced};
use super::checks::{self, Invalid};
use super::producers::{Effect, Guard, Marker, Verdict};
use super::{Partition, State};

/// What is done with the outcomes of a call.
type Done = Box<dyn FnOnce(Vec<Produced>)>;

/// All batches of one call, answered together when the last is decided.
pub struct Batches {
    produced: RefCell<Vec<Produced>>,
    undecided: Cell<usize>,
    done: RefCell<Option<Done>>,
}

impl Batches {
    /// `count` batches, and what to do with their answers.
    pub fn new(count: usize, done: impl FnOnce(Vec<Produced>) + 'static) -> Rc<Self> {
        let produced = vec![Produced::default(); count];
        Rc::new(Self {
            produced: RefCell::new(produced),
            undecided: Cell::new(count),
            done: RefCell::new(Some(Box::new(done))),
        })
    }

    /// Decides batch `slot`.
    pub fn decide(&self, slot: usize, produced: Produced) {
        self.produced.borrow_mut()[slot] = produced;
        self.undecided.set(self.undecided.get() - 1);
        if self.undecided.get() == 0
            && let Some(done) = self.done.borrow_mut().take()
        {
            done(self.produced.take());
        }
    }
}

/// One batch that waits for its commit.
pub struct Ack {
    batches: Rc<Batches>,
    slot: usize,
    base_offset: i64,
    log_append_time: i64,
}

impl Ack {
    /// It is committed.
    pub fn committed(self, log_start_offset: i64) {
        let produced = Produced {
            base_offset: self.base_offset,
            log_append_time: self.log_append_time,
            log_start_offset,
            ..Produced::default()
        };
        self.batches.decide(self.slot, produced);
    }

    /// Nobody can say whether it will be.
    pub fn failed(self, why: ErrorCode) {
        self.batches.decide(self.slot, Produced::refused(why));
    }
}

/// The code for a proposal that was not taken; each is definite, nothing was written.
pub fn refused_code(refused: Refused) -> ErrorCode {
    match refused {
        Refused::NotLeader { .. } | Refused::Transferring => ErrorCode::NOT_LEADER_OR_FOLLOWER,
        // The client waits and tries again.
        Refused::Busy => ErrorCode::THROTTLING_QUOTA_EXCEEDED,
        Refused::TooLarge => ErrorCode::MESSAGE_TOO_LARGE,
        Refused::Stopped => ErrorCode::KAFKA_STORAGE_ERROR,
        Refused::Offsets | Refused::ChangePending | Refused::BadChange => {
            ErrorCode::UNKNOWN_SERVER_ERROR
        }
    }
}

impl Partition {
    /// Appends `batch`; `batches` hears of the outcome in `slot`, now or when it is committed.
    pub fn produce(
        &self,
        batch: BytesMut,
        guard: Guard,
        rules: ProduceRules,
        batches: &Rc<Batches>,
        slot: usize,
    ) {
        self.offer(batches, slot, |state| {
            self.try_produce(state, batch, guard, rules)
        });
    }

    /// Appends the end of a transaction, as seen by transaction version `version`; otherwise like [`Partition::produce`].
    pub fn end_txn(&self, marker: Marker, version: i8, batches: &Rc<Batches>, slot: usize) {
        self.offer(batches, slot, |state| {
            self.try_end_txn(state, marker, version)
        });
    }

    fn offer(
        &self,
        batches: &Rc<Batches>,
        slot: usize,
        attempt: impl FnOnce(&mut State) -> Result<Accepted, Produced>,
    ) {
        let mut state = self.state.borrow_mut();
        let outcome = match attempt(&mut state) {
            Ok(outcome) => outcome,
            Err(produced) => {
                drop(state);
                self.shard.metrics.produce_errors.inc();
                return batches.decide(slot, produced);
            }
        };
        let Accepted {
            base_offset,
            last_offset,
            log_append_time,
            new,
        } = outcome;
        let ack = Ack {
            batches: batches.clone(),
            slot,
            base_offset,
            log_append_time,
        };
        if new && planted(Mutant::AckBeforeCommit) {
            drop(state);
            self.mark();
            return ack.committed(self.log.start_offset());
        }
        if last_offset < state.high_watermark {
            // A repeat of something committed long ago.
            drop(state);
            return ack.committed(self.log.start_offset());
        }
        state.acks.wait(last_offset, ack);
        drop(state);
        if new {
            self.mark();
        }
    }

    fn try_produce(
        &self,
        state: &mut State,
        mut batch: BytesMut,
        guard: Guard,
        rules: ProduceRules,
    ) -> Result<Accepted, Produced> {
        if !state.leads() {
            return Err(Produced::refused(ErrorCode::NOT_LEADER_OR_FOLLOWER));
        }
        // One node: the in-sync replicas are this one.
        if rules.acks == -1 && state.config.min_insync_replicas > 1 {
            return Err(Produced::refused(ErrorCode::NOT_ENOUGH_REPLICAS));
        }
        if !rules.own
            && let Err(full) = self.shard.admit(batch.len() as u64)
        {
            self.shard.refused(&full);
            return Err(Produced {
                message: Some(full.to_string()),
                ..Produced::refused(ErrorCode::KAFKA_STORAGE_ERROR)
            });
        }
        let now_ms = time::wall_ms();
        let checked = checks::check(&mut batch, &state.config, rules, now_ms)
            .map_err(Invalid::into_produced)?;
        let guard = rules.guarded.then_some(guard);
        if let Some(sequenced) = checked.producer.filter(|_| rules.own) {
            let may = state.producers.check_own(sequenced, guard);
            may.map_err(Produced::refused)?;
        } else if let Some(sequenced) = checked.producer {
            match state
                .producers
                .check(sequenced, guard)
                .map_err(Produced::refused)?
            {
                Verdict::New => {}
                Verdict::Duplicate(_) if planted(Mutant::DuplicateTaken) => {}
                Verdict::Duplicate(before) => {
                    let shift = i64::from(planted(Mutant::RepeatAnsweredWrong));
                    return Ok(Accepted::repeat(
                        before.base_offset + shift,
                        before.last_offset,
                    ));
                }
            }
        }
        let effect = checked.producer.map(Effect::Batch);
        let accepted =
            self.propose(state, batch, checked.records, effect, checked.max_timestamp)?;
        Ok(Accepted {
            log_append_time: checked.log_append_time,
            ..accepted
        })
    }

    fn try_end_txn(
        &self,
        state: &mut State,
        marker: Marker,
        version: i8,
    ) -> Result<Accepted, Produced> {
        if !state.leads() {
            return Err(Produced::refused(ErrorCode::NOT_LEADER_OR_FOLLOWER));
        }
        let may = state.producers.check_marker(marker, version);
        may.map_err(Produced::refused)?;
        let now_ms = time::wall_ms();
        let batch = marker.end.batch(marker.producer_id, marker.epoch, now_ms);
        let batch = BytesMut::from(batch.as_slice());
        self.propose(state, batch, 1, Some(Effect::Marker(marker)), now_ms)
    }

    fn propose(
        &self,
        state: &mut State,
        mut batch: BytesMut,
        records: u32,
        effect: Option<Effect>,
        timestamp: i64,
    ) -> Result<Accepted, Produced> {
        let (base_offset, term) = (state.replica.next_offset(), state.replica.term());
        // Both stand before the part of the header that the batch's checksum covers.
        record::set_base_offset(&mut batch, base_offset);
        record::set_leader_epoch(&mut batch, term as i32);
        let payload = Payload::Data {
            bytes: batch.freeze(),
            records,
        };
        state
            .replica
            .propose(payload)
            .map_err(|r| Produced::refused(refused_code(r)))?;
        let last_offset = base_offset + i64::from(records) - 1;
        self.shard.metrics.produced_records.add(u64::from(records));
        if let Some(effect) = effect {
            state
                .producers
                .append(effect, base_offset, last_offset, timestamp);
        }
        Ok(Accepted {
            base_offset,
            last_offset,
            log_append_time: -1,
            new: true,
        })
    }
}

/// A batch that stands in the log, or will.
struct Accepted {
    base_offset: i64,
    last_offset: i64,
    log_append_time: i64,
    /// Was it appended by this call?
    new: bool,
}

impl Accepted {
    /// It stands there already.
    fn repeat(base_offset: i64, last_offset: i64) -> Self {
        Self {
            base_offset,
            last_offset,
            log_append_time: -1,
            new: false,
        }
    }
}
