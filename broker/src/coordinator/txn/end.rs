//! The end of a transaction. It is decided by a record; then its markers are written to the partitions; then another record
//! says that it is done. Whatever happens in between, a decided end is carried through.
//!
//! With transaction version 2 each end raises the producer's epoch, so that whatever comes late from before it is known by
//! its epoch: a delayed EndTxn ends nothing that began later. Kafka's table of what that version answers, where `before` is
//! the producer as it was before the last end:
//!
//! | | abort, before | abort, now | commit, before | commit, now |
//! |---|---|---|---|---|
//! | Empty | 90 | abort | 90 | 48 |
//! | CompleteAbort | done | abort | 48 | 48 |
//! | CompleteCommit | 48 | abort | done | 48 |
//!
//! Unlike Kafka, which has it ask again, a producer whose EndTxn is repeated before the markers are written is answered.

use std::time::Duration;

use ottla_protocol::error_code::ErrorCode;
use ottla_storage::mutants::{Mutant, planted};

use super::markers::Markers;
use super::record::level;
use super::state::{State, Txn};
use super::{Answer, BUMPS_SINCE, Command, Errand, Transactions, Want, Wants};
use crate::coordinator::{Ask, Effects, Now, Producer};

/// Commit or abort.
#[derive(Clone, Debug)]
pub struct End {
    /// The transactional id.
    pub id: String,
    /// Who asks.
    pub producer: Producer,
    /// Or abort.
    pub commit: bool,
    /// The transaction version that the client works by.
    pub version: i16,
    /// How long to wait for the transaction before.
    pub patience: Duration,
}

/// What is to be said to somebody who wants to end a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    /// It ends.
    Decide,
    /// It has ended as wanted.
    Again,
    /// What is under way has to end first.
    Wait,
    /// No.
    Refuse(ErrorCode),
}

impl Transactions {
    pub(super) fn end(
        &mut self,
        end: End,
        ask: Ask,
        fresh: Option<i64>,
        now: &mut Now<'_>,
    ) -> Wants {
        let answer = |result| Effects::answer(ask, Answer::Producer(result));
        let Some(txn) = self.all.get(&end.id) else {
            return answer(Err(ErrorCode::INVALID_PRODUCER_ID_MAPPING));
        };
        match judge(txn, &end) {
            Verdict::Refuse(code) => answer(Err(code)),
            Verdict::Again => answer(Ok(txn.after())),
            Verdict::Wait => {
                self.wait(
                    &end.id.clone(),
                    end.patience,
                    ask,
                    Command::End(end),
                    now.at,
                );
                Effects::none()
            }
            Verdict::Decide => {
                let raised = end.version >= BUMPS_SINCE;
                let Some(next_id) = next_id(txn, raised, fresh) else {
                    return self.want_producer_id(Want::Command(ask, Command::End(end)));
                };
                let next = txn.decided(end.commit, raised, end.version, next_id, now.wall_ms);
                let after = next.after();
                let mut effects = self.carry_through(&end.id, next, now);
                effects.reply(ask, Answer::Producer(Ok(after)));
                effects
            }
        }
    }

    /// The coordinator itself aborts what goes on, and fences its producer. `None`: it needs a producer id for that.
    pub(super) fn abort(
        &mut self,
        id: &str,
        fresh: Option<i64>,
        now: &mut Now<'_>,
    ) -> Option<Wants> {
        let Some(txn) = self.all.get(id).filter(|txn| txn.state.is_ongoing()) else {
            return Some(Effects::none());
        };
        let rises = level(now.image) >= BUMPS_SINCE;
        let next_id = next_id(txn, rises, fresh)?;
        let version = if rises { BUMPS_SINCE } else { 0 };
        let raised = !planted(Mutant::TimeoutKeepsEpoch);
        let next = txn.decided(false, raised, version, next_id, now.wall_ms);
        Some(self.carry_through(id, next, now))
    }

    pub(super) fn time_out(&mut self, id: String, fresh: Option<i64>, now: &mut Now<'_>) -> Wants {
        tracing::info!(
            transactional_id = id,
            "a transaction took too long and is aborted"
        );
        match self.abort(&id, fresh, now) {
            Some(effects) => effects,
            None => self.want_producer_id(Want::Abort(id)),
        }
    }

    fn carry_through(&mut self, id: &str, decided: Txn, now: &mut Now<'_>) -> Wants {
        let mut effects = self.step(id, decided.clone(), now);
        effects.join(self.send_markers(id, &decided, now));
        if planted(Mutant::DoneBeforeMarkers) && !decided.partitions.is_empty() {
            effects.join(self.step(id, decided.completed(now.wall_ms), now));
            effects.errands.push(Errand::Resume(id.to_owned()));
        }
        effects
    }

    /// The markers of an end that was decided, and then what follows.
    pub(super) fn send_markers(&mut self, id: &str, decided: &Txn, now: &mut Now<'_>) -> Wants {
        if decided.partitions.is_empty() {
            let mut effects = self.step(id, decided.completed(now.wall_ms), now);
            effects.errands.push(Errand::Resume(id.to_owned()));
            return effects;
        }
        let round = (now.random)();
        self.rounds.insert(id.to_owned(), round);
        let mut effects = Effects::none();
        effects.errands.push(Errand::Markers(Markers {
            alive: std::rc::Rc::downgrade(&self.alive),
            id: id.to_owned(),
            round,
            coordinator: self.partition,
            producer: decided.producer,
            commit: decided.state == State::PrepareCommit,
            version: decided.version as i8,
            partitions: decided.partitions.clone(),
        }));
        effects
    }

    pub(super) fn marked(&mut self, id: &str, round: u64, now: &mut Now<'_>) -> Wants {
        // A round of an earlier life, or of another transaction, says nothing about this one.
        if self.rounds.get(id) != Some(&round) {
            return Effects::none();
        }
        self.rounds.remove(id);
        let Some(txn) = self.all.get(id).filter(|txn| txn.state.is_prepared()) else {
            return Effects::none();
        };
        let mut effects = self.step(id, txn.completed(now.wall_ms), now);
        if self.waiting.has(id) {
            effects.errands.push(Errand::Resume(id.to_owned()));
        }
        effects
    }
}

/// The producer id after the end, -1 for the same; `None`: another is needed, and there is none.
fn next_id(txn: &Txn, rises: bool, fresh: Option<i64>) -> Option<i64> {
    match rises && txn.is_exhausted() {
        true => fresh,
        false => Some(-1),
    }
}

fn judge(txn: &Txn, end: &End) -> Verdict {
    match end.version {
        BUMPS_SINCE.. => judge_raising(txn, end),
        _ => judge_plain(txn, end),
    }
}

fn judge_raising(txn: &Txn, end: &End) -> Verdict {
    let is_before = txn.before_end() == Some(end.producer);
    let same_end = is_end(txn.state, end.commit);
    if txn.state.is_prepared() {
        // Whoever else comes is known only when it is done: the producer id may change.
        return match is_before && same_end {
            true => Verdict::Again,
            false => Verdict::Wait,
        };
    }
    if txn.producer.id != end.producer.id && !is_before {
        return Verdict::Refuse(ErrorCode::INVALID_PRODUCER_ID_MAPPING);
    }
    match txn.state {
        _ if is_before && same_end => Verdict::Again,
        _ if is_before => Verdict::Refuse(ErrorCode::INVALID_TXN_STATE),
        _ if txn.producer != end.producer && !planted(Mutant::FencedMayEnd) => {
            Verdict::Refuse(ErrorCode::PRODUCER_FENCED)
        }
        State::Ongoing => Verdict::Decide,
        // It may not know whether anything was written.
        _ if !end.commit => Verdict::Decide,
        _ => Verdict::Refuse(ErrorCode::INVALID_TXN_STATE),
    }
}

fn judge_plain(txn: &Txn, end: &End) -> Verdict {
    if txn.producer.id != end.producer.id {
        return Verdict::Refuse(ErrorCode::INVALID_PRODUCER_ID_MAPPING);
    }
    if txn.producer.epoch != end.producer.epoch && !planted(Mutant::FencedMayEnd) {
        return Verdict::Refuse(ErrorCode::PRODUCER_FENCED);
    }
    match txn.state {
        State::Ongoing => Verdict::Decide,
        state if is_end(state, end.commit) => Verdict::Again,
        _ => Verdict::Refuse(ErrorCode::INVALID_TXN_STATE),
    }
}

/// Is it this end?
fn is_end(state: State, commit: bool) -> bool {
    match state {
        State::PrepareCommit | State::CompleteCommit => commit,
        State::PrepareAbort | State::CompleteAbort => !commit,
        State::Empty | State::Ongoing => false,
    }
}
