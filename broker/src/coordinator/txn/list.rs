//! What operators see of transactions (KIP-664, KIP-994).

use std::collections::BTreeSet;

use ottla_protocol::error_code::ErrorCode;

use super::Transactions;
use super::state::{Partitions, State};
use crate::coordinator::Producer;

/// One transactional id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Description {
    /// Who speaks for it.
    pub producer: Producer,
    /// Where its transaction stands.
    pub state: State,
    /// The partitions of its transaction.
    pub partitions: Partitions,
    /// A transaction that takes longer is aborted, ms.
    pub timeout_ms: i32,
    /// Since when the transaction goes on, ms; -1 for none.
    pub start_ms: i64,
}

/// Which ids are wanted.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// In one of these states; `None` for any.
    pub states: Option<BTreeSet<State>>,
    /// Of one of these producer ids; none for any.
    pub producer_ids: BTreeSet<i64>,
    /// Whose transaction began so long ago, ms.
    pub longer_than_ms: Option<i64>,
}

/// One of the ids that were wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// The id.
    pub id: String,
    /// Its producer id.
    pub producer_id: i64,
    /// Where its transaction stands.
    pub state: State,
}

impl Transactions {
    pub(super) fn describe(&self, id: &str) -> Result<Description, ErrorCode> {
        let txn = self.all.get(id);
        let txn = txn.ok_or(ErrorCode::TRANSACTIONAL_ID_NOT_FOUND)?;
        Ok(Description {
            producer: txn.producer,
            state: txn.state,
            partitions: txn.partitions.clone(),
            timeout_ms: txn.timeout_ms,
            start_ms: txn.start_ms,
        })
    }

    pub(super) fn list(&self, filter: &Filter, now_ms: i64) -> Vec<Listed> {
        let states = filter.states.as_ref();
        let wanted = self.all.iter().filter(|(_, txn)| {
            let age = now_ms.saturating_sub(txn.start_ms);
            states.is_none_or(|states| states.contains(&txn.state))
                && (filter.producer_ids.is_empty()
                    || filter.producer_ids.contains(&txn.producer.id))
                && filter.longer_than_ms.is_none_or(|least| age > least)
        });
        let listed = |(id, txn): (&String, &super::state::Txn)| Listed {
            id: id.clone(),
            producer_id: txn.producer.id,
            state: txn.state,
        };
        wanted.map(listed).collect()
    }
}
