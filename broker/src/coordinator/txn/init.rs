//! InitProducerId: a producer begins to speak for a transactional id. Whoever did before is fenced, and its transaction
//! aborted. A producer that says who it was gets the next epoch only if it still is that (KIP-360).

use std::time::Duration;

use ottla_protocol::error_code::ErrorCode;
use ottla_storage::mutants::{Mutant, planted};

use super::state::{State, Txn};
use super::{Answer, Command, ID_MAX, Transactions, Want, Wants};
use crate::coordinator::{Ask, Effects, Now, Producer};

/// A producer begins.
#[derive(Clone, Debug)]
pub struct Init {
    /// Its transactional id.
    pub id: String,
    /// Its transactions are aborted after this, ms.
    pub timeout_ms: i32,
    /// Who it was, if it says so.
    pub was: Option<Producer>,
    /// How long to wait for a transaction to be aborted.
    pub patience: Duration,
}

/// What a producer is to the id that it wants to speak for.
enum Claim {
    /// Whoever comes is right, or it is the newest: the epoch rises.
    Next,
    /// It asks once more.
    Again,
    /// Another has taken its place.
    Fenced,
}

impl Transactions {
    pub(super) fn init(
        &mut self,
        init: Init,
        ask: Ask,
        fresh: Option<i64>,
        now: &mut Now<'_>,
    ) -> Wants {
        let refuse = |code| Effects::answer(ask, Answer::Producer(Err(code)));
        let Some(txn) = self.all.get(&init.id) else {
            if init.id.len() > ID_MAX {
                return refuse(ErrorCode::INVALID_REQUEST);
            }
            let Some(fresh) = fresh else {
                return self.want_producer_id(Want::Command(ask, Command::Init(init)));
            };
            let txn = Txn::new(fresh, init.timeout_ms, now.wall_ms);
            return self.begin(&init.id, txn, None, ask, now);
        };
        if txn.state.is_prepared() {
            self.wait(
                &init.id.clone(),
                init.patience,
                ask,
                Command::Init(init),
                now.at,
            );
            return Effects::none();
        }
        let claim = self.claim(&init, txn);
        if txn.state.is_ongoing() {
            return match claim {
                Claim::Next => self.take_over(init, ask, fresh, now),
                Claim::Again | Claim::Fenced => refuse(ErrorCode::PRODUCER_FENCED),
            };
        }
        let producer = match claim {
            Claim::Fenced => return refuse(ErrorCode::PRODUCER_FENCED),
            Claim::Again => txn.producer,
            Claim::Next if !txn.is_exhausted() => Producer {
                id: txn.producer.id,
                epoch: txn.producer.epoch + i16::from(!planted(Mutant::EpochKept)),
            },
            Claim::Next => match fresh {
                Some(id) => Producer { id, epoch: 0 },
                None => return self.want_producer_id(Want::Command(ask, Command::Init(init))),
            },
        };
        let next = txn.begin_as(producer, init.timeout_ms, now.wall_ms);
        self.begin(&init.id, next, init.was, ask, now)
    }

    fn begin(
        &mut self,
        id: &str,
        txn: Txn,
        was: Option<Producer>,
        ask: Ask,
        now: &Now<'_>,
    ) -> Wants {
        match was {
            Some(was) => self.known_as.insert(id.to_owned(), was),
            None => self.known_as.remove(id),
        };
        let producer = txn.producer;
        let mut effects = self.step(id, txn, now);
        effects.reply(ask, Answer::Producer(Ok(producer)));
        effects
    }

    /// The transaction that goes on is aborted; then the producer may begin.
    fn take_over(&mut self, init: Init, ask: Ask, fresh: Option<i64>, now: &mut Now<'_>) -> Wants {
        let id = init.id.clone();
        match self.abort(&id, fresh, now) {
            Some(effects) => {
                self.wait(&id, init.patience, ask, Command::Init(init), now.at);
                effects
            }
            None => self.want_producer_id(Want::Command(ask, Command::Init(init))),
        }
    }

    fn claim(&self, init: &Init, txn: &Txn) -> Claim {
        let Some(was) = init.was else {
            return Claim::Next;
        };
        let is = |producer: Option<Producer>| producer == Some(was);
        if is(Some(txn.producer)) || txn.state.is_complete() && is(txn.before_end()) {
            return Claim::Next;
        }
        let asked_before = is(self.known_as.get(&init.id).copied());
        match asked_before && txn.state == State::Empty {
            true => Claim::Again,
            false => Claim::Fenced,
        }
    }
}
