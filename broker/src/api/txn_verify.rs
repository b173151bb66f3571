//! Before a transactional batch is appended: is its partition part of the transaction (KIP-890)?
//!
//! The partition's owner says whether the transaction is open there. If it is not, the transaction's coordinator is asked:
//! whether it knows of the partition, or, by clients that raise their epoch with each transaction, to add it. The guard
//! that the owner gave before the coordinator was asked is what the batch is appended with.

use std::time::Duration;

use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::ids::PartitionId;
use ottla_runtime::time;

use super::{Close, Context};
use crate::partition::calls::{Answer, Beginning, Call, Guard};

/// The first Produce version whose clients know 120 TRANSACTION_ABORTABLE.
const ABORTABLE_SINCE: i16 = 11;
/// The first Produce version that adds partitions to the transaction (transaction version 2).
const ADDS_SINCE: i16 = 12;

/// Whose transaction it is, and in which way the client takes part in it.
#[derive(Clone, Copy, Debug)]
pub struct Transaction<'a> {
    /// Its transactional id.
    pub id: &'a str,
    /// Its producer.
    pub producer_id: i64,
    /// The producer's epoch.
    pub epoch: i16,
    /// Version of the Produce request.
    pub version: i16,
}

impl Transaction<'_> {
    /// Are its partitions added by the first write to them?
    pub fn adds(&self) -> bool {
        self.version >= ADDS_SINCE
    }
}

/// Gets the guards for batches with these base sequences, in order; [`Guard::NONE`] where the transaction is open.
///
/// Errors: of a batch that must not be appended, as its producer gets them.
pub async fn guards(
    ctx: &Context,
    txn: Transaction<'_>,
    batches: &[(PartitionId, i32)],
) -> Result<Vec<Result<Guard, ErrorCode>>, Close> {
    let config = ctx.config();
    if !txn.adds() && !config.transaction_verification {
        return Ok(vec![Ok(Guard::NONE); batches.len()]);
    }
    let pause = Duration::from_millis(config.add_partitions_retry_ms.max(1) as u64);
    let patience = Duration::from_millis(config.add_partitions_retry_max_ms.max(0) as u64);
    let begun = time::now();
    loop {
        let mut guards = ask_owners(ctx, txn, batches).await?;
        let needed: Vec<PartitionId> = guards
            .iter()
            .zip(batches)
            .filter(|(guard, _)| matches!(guard, Ok(Some(_))))
            .map(|(_, (id, _))| *id)
            .collect();
        if !needed.is_empty() {
            let answers = verify_or_add(ctx, txn, &needed).await;
            let busy = answers.contains(&Err(ErrorCode::CONCURRENT_TRANSACTIONS));
            if busy && txn.adds() && begun.elapsed() < patience {
                // The transaction before is about to end: waiting here is cheaper than sending the batch again.
                time::sleep(pause).await;
                continue;
            }
            let asked = guards.iter_mut().filter(|g| matches!(g, Ok(Some(_))));
            for (guard, answer) in asked.zip(answers) {
                if let Err(code) = answer {
                    *guard = Err(for_producer(code, txn));
                }
            }
        }
        let given = |guard: Result<Option<Guard>, ErrorCode>| guard.map(Option::unwrap_or_default);
        return Ok(guards.into_iter().map(given).collect());
    }
}

async fn ask_owners(
    ctx: &Context,
    txn: Transaction<'_>,
    batches: &[(PartitionId, i32)],
) -> Result<Vec<Result<Option<Guard>, ErrorCode>>, Close> {
    let question = |(id, sequence): &(PartitionId, i32)| {
        let beginning = Beginning {
            producer_id: txn.producer_id,
            epoch: txn.epoch,
            sequence: *sequence,
            bumps: txn.adds(),
        };
        Ok((*id, (*id, beginning)))
    };
    let take = |answer| {
        if let Answer::Begin(guards) = answer {
            Some(guards)
        } else {
            None
        }
    };
    let questions = batches.iter().map(question).collect();
    ctx.router.scatter(questions, Call::Begin, take, Err).await
}

/// What a producer is told when the coordinator answers `code`: codes that it knows how to go on from.
fn for_producer(code: ErrorCode, txn: Transaction<'_>) -> ErrorCode {
    match code {
        ErrorCode::PRODUCER_FENCED => ErrorCode::INVALID_PRODUCER_EPOCH,
        ErrorCode::TRANSACTION_ABORTABLE if txn.version < ABORTABLE_SINCE => {
            ErrorCode::INVALID_TXN_STATE
        }
        // Retriable for every client, and without a refresh of its metadata.
        ErrorCode::NETWORK_EXCEPTION
        | ErrorCode::COORDINATOR_LOAD_IN_PROGRESS
        | ErrorCode::COORDINATOR_NOT_AVAILABLE
        | ErrorCode::NOT_COORDINATOR => ErrorCode::NOT_ENOUGH_REPLICAS,
        ErrorCode::CONCURRENT_TRANSACTIONS if !txn.adds() => ErrorCode::NOT_ENOUGH_REPLICAS,
        other => other,
    }
}

/// Asks the transaction's coordinator whether these partitions are part of it, or to add them ([`Transaction::adds`]).
/// One answer per partition, in order, with the coordinator's own codes.
async fn verify_or_add(
    _ctx: &Context,
    txn: Transaction<'_>,
    partitions: &[PartitionId],
) -> Vec<Result<(), ErrorCode>> {
    tracing::debug!(
        transactional_id = txn.id,
        "this broker has no transaction coordinator"
    );
    vec![Err(ErrorCode::COORDINATOR_NOT_AVAILABLE); partitions.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn producers_get_codes_that_their_version_knows() {
        let of = |code, version| {
            let txn = Transaction {
                id: "t",
                producer_id: 1,
                epoch: 0,
                version,
            };
            for_producer(code, txn)
        };
        let busy = ErrorCode::CONCURRENT_TRANSACTIONS;
        assert_eq!(of(busy, 11), ErrorCode::NOT_ENOUGH_REPLICAS);
        assert_eq!(of(busy, 12), busy);
        let abortable = ErrorCode::TRANSACTION_ABORTABLE;
        assert_eq!(of(abortable, 10), ErrorCode::INVALID_TXN_STATE);
        assert_eq!(of(abortable, 11), abortable);
        let fenced = of(ErrorCode::PRODUCER_FENCED, 12);
        assert_eq!(fenced, ErrorCode::INVALID_PRODUCER_EPOCH);
        let loading = of(ErrorCode::COORDINATOR_LOAD_IN_PROGRESS, 12);
        assert_eq!(loading, ErrorCode::NOT_ENOUGH_REPLICAS);
        let mapping = ErrorCode::INVALID_PRODUCER_ID_MAPPING;
        assert_eq!(of(mapping, 12), mapping);
    }
}
