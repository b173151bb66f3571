//! Before a transactional batch is appended: is its partition part of the transaction (KIP-890)?
//!
//! The partition's owner says whether the transaction is open there. If it is not, the transaction's coordinator is asked:
//! whether it knows of the partition, or, by clients that raise their epoch with each transaction, to add it. The guard
//! that the owner gave before the coordinator was asked is what the batch is appended with.

use std::time::Duration;

use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::ids::PartitionId;

use super::{Close, Context};
use crate::coordinator::Producer;
use crate::coordinator::txn::add::{Add, Verify};
use crate::coordinator::txn::state::Partitions;
use crate::coordinator::txn::{self, BUMPS_SINCE};
use crate::partition::calls::{Answer, Beginning, Call, Guard};

/// In which way a client takes part in a transaction, as the version of its request says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// It adds partitions before it writes to them.
    Plain,
    /// It also knows 120 TRANSACTION_ABORTABLE.
    Abortable,
    /// Partitions are added by the first write to them (transaction version 2).
    Adds,
}

impl Part {
    /// Of a Produce request of this version.
    pub fn of_produce(version: i16) -> Part {
        match version {
            12.. => Part::Adds,
            11 => Part::Abortable,
            _ => Part::Plain,
        }
    }

    /// Of a TxnOffsetCommit request of this version.
    pub fn of_txn_offset_commit(version: i16) -> Part {
        match version {
            5.. => Part::Adds,
            4 => Part::Abortable,
            _ => Part::Plain,
        }
    }
}

/// Whose transaction it is.
#[derive(Clone, Copy, Debug)]
pub struct Transaction<'a> {
    /// Its transactional id.
    pub id: &'a str,
    /// Its producer.
    pub producer_id: i64,
    /// The producer's epoch.
    pub epoch: i16,
    /// How it takes part.
    pub part: Part,
}

impl Transaction<'_> {
    fn adds(&self) -> bool {
        self.part == Part::Adds
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
    let guards = verified(ctx, txn, batches).await?;
    let said = |guard: Result<Guard, ErrorCode>| guard.map_err(|code| for_producer(code, txn.part));
    Ok(guards.into_iter().map(said).collect())
}

/// Gets the guard for a group's offsets, which are to be written to this partition.
///
/// Errors: they must not be written, as the client gets them.
pub async fn offsets_guard(
    ctx: &Context,
    txn: Transaction<'_>,
    partition: PartitionId,
) -> Result<Guard, ErrorCode> {
    let guards = verified(ctx, txn, &[(partition, -1)]).await;
    let guard = guards.ok().and_then(|mut guards| guards.pop());
    // No answer: the broker stops.
    let guard = guard.unwrap_or(Err(ErrorCode::NOT_COORDINATOR));
    guard.map_err(for_group_client)
}

/// What the client of a group is told when the group's partition answers `code`.
pub fn for_group_client(code: ErrorCode) -> ErrorCode {
    match code {
        ErrorCode::NOT_LEADER_OR_FOLLOWER | ErrorCode::KAFKA_STORAGE_ERROR => {
            ErrorCode::NOT_COORDINATOR
        }
        ErrorCode::UNKNOWN_TOPIC_OR_PARTITION | ErrorCode::NOT_ENOUGH_REPLICAS => {
            ErrorCode::COORDINATOR_NOT_AVAILABLE
        }
        code => code,
    }
}

async fn verified(
    ctx: &Context,
    txn: Transaction<'_>,
    batches: &[(PartitionId, i32)],
) -> Result<Vec<Result<Guard, ErrorCode>>, Close> {
    if !txn.adds() && !ctx.config().transaction_verification {
        return Ok(vec![Ok(Guard::NONE); batches.len()]);
    }
    let mut guards = ask_owners(ctx, txn, batches).await?;
    let needed: Vec<PartitionId> = guards
        .iter()
        .zip(batches)
        .filter(|(guard, _)| matches!(guard, Ok(Some(_))))
        .map(|(_, (id, _))| *id)
        .collect();
    if !needed.is_empty() {
        let answers = verify_or_add(ctx, txn, &needed).await;
        let asked = guards.iter_mut().filter(|g| matches!(g, Ok(Some(_))));
        for (guard, code) in asked.zip(answers) {
            if code != ErrorCode::NONE {
                *guard = Err(for_client(code, txn.part));
            }
        }
    }
    let given = |guard: Result<Option<Guard>, ErrorCode>| guard.map(Option::unwrap_or_default);
    Ok(guards.into_iter().map(given).collect())
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

/// What a client is told when the coordinator answers `code`.
fn for_client(code: ErrorCode, part: Part) -> ErrorCode {
    match code {
        ErrorCode::PRODUCER_FENCED => ErrorCode::INVALID_PRODUCER_EPOCH,
        ErrorCode::TRANSACTION_ABORTABLE if part < Part::Abortable => ErrorCode::INVALID_TXN_STATE,
        code => code,
    }
}

/// What a producer is told: codes that it knows how to go on from.
fn for_producer(code: ErrorCode, part: Part) -> ErrorCode {
    match code {
        // Retriable for every client, and without a refresh of its metadata.
        ErrorCode::NETWORK_EXCEPTION
        | ErrorCode::COORDINATOR_LOAD_IN_PROGRESS
        | ErrorCode::COORDINATOR_NOT_AVAILABLE
        | ErrorCode::NOT_COORDINATOR => ErrorCode::NOT_ENOUGH_REPLICAS,
        ErrorCode::CONCURRENT_TRANSACTIONS if part < Part::Adds => ErrorCode::NOT_ENOUGH_REPLICAS,
        code => code,
    }
}

/// Asks the transaction's coordinator whether these partitions are part of it, or to add them ([`Part::Adds`]). It waits a
/// little for the transaction before to end, which is cheaper than having the batch sent again. One code per partition, in
/// order, as the coordinator says it.
async fn verify_or_add(
    ctx: &Context,
    txn: Transaction<'_>,
    partitions: &[PartitionId],
) -> Vec<ErrorCode> {
    let all = |code| vec![code; partitions.len()];
    if txn.id.is_empty() {
        return all(ErrorCode::INVALID_REQUEST);
    }
    let image = ctx.image();
    let mut places = Vec::with_capacity(partitions.len());
    for id in partitions {
        match image.topics.with_id(id.topic) {
            Some(topic) => places.push((topic.name.to_string(), id.partition)),
            None => return all(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION),
        }
    }
    let patience = ctx.config().add_partitions_retry_max_ms;
    let patience = Duration::from_millis(u64::try_from(patience).unwrap_or_default());
    let producer = Producer {
        id: txn.producer_id,
        epoch: txn.epoch,
    };
    let id = txn.id.to_owned();
    let command = match txn.adds() {
        true => txn::Command::Add(Add {
            id,
            producer,
            partitions: by_topic(places),
            version: BUMPS_SINCE,
            patience,
        }),
        false => txn::Command::Verify(Verify {
            id,
            producer,
            partitions: places,
            patience,
        }),
    };
    match ctx.coordinators.transaction(txn.id, command).await {
        Ok(txn::Answer::Added(added)) => all(added.err().unwrap_or_default()),
        Ok(txn::Answer::Verified(Ok(codes))) => codes,
        Ok(txn::Answer::Verified(Err(code))) | Err(code) => all(code),
        Ok(other) => all(super::unexpected("transaction coordinator", &other)),
    }
}

fn by_topic(places: Vec<(String, i32)>) -> Partitions {
    let mut partitions = Partitions::new();
    for (topic, number) in places {
        partitions.entry(topic).or_default().insert(number);
    }
    partitions
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn producers_get_codes_that_their_version_knows() {
        let of = |code, version| {
            let part = Part::of_produce(version);
            for_producer(for_client(code, part), part)
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
