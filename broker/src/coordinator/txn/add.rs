//! AddPartitionsToTxn and AddOffsetsToTxn, and the first write to a partition: it becomes part of the transaction before it is
//! written to, so that the transaction's end will reach it. Clients that do not add by writing are checked instead (KIP-890).

use std::time::Duration;

use ottla_protocol::error_code::ErrorCode;
use ottla_storage::mutants::{Mutant, planted};

use super::state::{Partitions, Txn};
use super::{Answer, Command, Transactions, Wants, size};
use crate::coordinator::topics::Kind;
use crate::coordinator::{Ask, Effects, Now, Producer};

/// Bytes of a record that are not partitions, apart from the id.
const OVERHEAD: usize = 256;

/// Partitions become part of a transaction.
#[derive(Clone, Debug)]
pub struct Add {
    /// The transactional id.
    pub id: String,
    /// Who asks.
    pub producer: Producer,
    /// The partitions.
    pub partitions: Partitions,
    /// The transaction version that the client works by.
    pub version: i16,
    /// How long to wait for the transaction before.
    pub patience: Duration,
}

/// Are partitions part of a transaction?
#[derive(Clone, Debug)]
pub struct Verify {
    /// The transactional id.
    pub id: String,
    /// Who asks.
    pub producer: Producer,
    /// The partitions, by topic name and number.
    pub partitions: Vec<(String, i32)>,
    /// How long to wait for the transaction before.
    pub patience: Duration,
}

impl Transactions {
    pub(super) fn add(&mut self, add: Add, ask: Ask, now: &mut Now<'_>) -> Wants {
        let answer = |result| Effects::answer(ask, Answer::Added(result));
        let txn = match self.of_producer(&add.id, add.producer) {
            Ok(Some(txn)) => txn,
            Ok(None) => {
                self.wait(
                    &add.id.clone(),
                    add.patience,
                    ask,
                    Command::Add(add),
                    now.at,
                );
                return Effects::none();
            }
            Err(code) => return answer(Err(code)),
        };
        if txn.state.is_ongoing() && txn.has_all(&add.partitions) {
            return answer(Ok(()));
        }
        let next = txn.with(&add.partitions, add.version, now.wall_ms);
        if add.id.len() + size(&next.partitions) + OVERHEAD > largest(now) {
            return answer(Err(ErrorCode::UNKNOWN_SERVER_ERROR));
        }
        let mut effects = self.step(&add.id, next, now);
        effects.reply(ask, Answer::Added(Ok(())));
        effects
    }

    pub(super) fn verify(&mut self, verify: Verify, ask: Ask, now: &mut Now<'_>) -> Wants {
        let answer = |result| Effects::answer(ask, Answer::Verified(result));
        let txn = match self.of_producer(&verify.id, verify.producer) {
            Ok(Some(txn)) => txn,
            Ok(None) => {
                let id = verify.id.clone();
                self.wait(&id, verify.patience, ask, Command::Verify(verify), now.at);
                return Effects::none();
            }
            Err(code) => return answer(Err(code)),
        };
        let each = |(topic, number): &(String, i32)| {
            let known = txn.partitions.get(topic);
            match txn.state.is_ongoing() && known.is_some_and(|known| known.contains(number)) {
                true => ErrorCode::NONE,
                false => ErrorCode::TRANSACTION_ABORTABLE,
            }
        };
        answer(Ok(verify.partitions.iter().map(each).collect()))
    }

    /// The id's state for its producer; `None` while the transaction before is about to end. Only after that it is known who
    /// speaks for the id.
    fn of_producer(&self, id: &str, producer: Producer) -> Result<Option<&Txn>, ErrorCode> {
        match self.all.get(id) {
            None => Err(ErrorCode::INVALID_PRODUCER_ID_MAPPING),
            Some(txn) if txn.state.is_prepared() => Ok(None),
            Some(txn) if txn.producer.id != producer.id => {
                Err(ErrorCode::INVALID_PRODUCER_ID_MAPPING)
            }
            Some(txn) if txn.producer.epoch != producer.epoch && !planted(Mutant::FencedMayAdd) => {
                Err(ErrorCode::PRODUCER_FENCED)
            }
            Some(txn) => Ok(Some(txn)),
        }
    }
}

/// The largest record that the topic takes, in bytes.
fn largest(now: &Now<'_>) -> usize {
    let topic = now.image.topics.named(Kind::Transaction.topic());
    let most = topic.map_or(now.image.broker_config.message_max_bytes, |topic| {
        topic.config.max_message_bytes
    });
    usize::try_from(most).unwrap_or_default()
}
