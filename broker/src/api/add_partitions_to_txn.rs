//! AddPartitionsToTxn (key 24): partitions become part of a transaction: all that were named, or none. From version 4 on it is
//! what brokers ask each other, for several transactions at once, and also whether partitions are part of one already.

use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::messages::add_partitions_to_txn::{
    AddPartitionsToTxnPartitionResult, AddPartitionsToTxnRequest, AddPartitionsToTxnResponse,
    AddPartitionsToTxnResult, AddPartitionsToTxnTopic, AddPartitionsToTxnTopicResult,
    AddPartitionsToTxnTransaction,
};

use super::{Context, RequestMeta};
use crate::coordinator::Producer;
use crate::coordinator::txn::add::{Add, Verify};
use crate::coordinator::txn::state::Partitions;
use crate::coordinator::txn::{Answer, BUMPS_SINCE, Command, PATIENCE};
use crate::metadata::Image;

/// The first version whose clients know 90 PRODUCER_FENCED.
const FENCED_SINCE: i16 = 2;
/// The first version of brokers, who work by transaction version 2.
const BROKERS_SINCE: i16 = 4;

/// Answers an AddPartitionsToTxn request.
pub async fn handle(
    ctx: &Context,
    meta: &RequestMeta,
    request: AddPartitionsToTxnRequest<'_>,
) -> AddPartitionsToTxnResponse<'static> {
    if meta.version < BROKERS_SINCE {
        let transaction = AddPartitionsToTxnTransaction {
            transactional_id: request.v3_and_below_transactional_id,
            producer_id: request.v3_and_below_producer_id,
            producer_epoch: request.v3_and_below_producer_epoch,
            verify_only: false,
            topics: request.v3_and_below_topics,
        };
        return AddPartitionsToTxnResponse {
            results_by_topic_v3_and_below: one(ctx, meta, &transaction).await,
            ..Default::default()
        };
    }
    let mut results = Vec::with_capacity(request.transactions.len());
    for transaction in &request.transactions {
        results.push(AddPartitionsToTxnResult {
            transactional_id: transaction.transactional_id.to_string().into(),
            topic_results: one(ctx, meta, transaction).await,
        });
    }
    AddPartitionsToTxnResponse {
        results_by_transaction: results,
        ..Default::default()
    }
}

type Results = Vec<AddPartitionsToTxnTopicResult<'static>>;

async fn one(
    ctx: &Context,
    meta: &RequestMeta,
    transaction: &AddPartitionsToTxnTransaction<'_>,
) -> Results {
    let topics = &transaction.topics;
    if let Some(unknown) = unknown(&ctx.image(), topics) {
        return results(topics, unknown);
    }
    let answered = match transaction.verify_only {
        true => verify(ctx, transaction).await,
        false => {
            let code = add(ctx, meta, transaction).await.err().unwrap_or_default();
            Err(super::fenced_since(FENCED_SINCE, meta.version, code))
        }
    };
    match answered {
        Ok(codes) => results(topics, codes),
        Err(code) => results(topics, std::iter::repeat(code)),
    }
}

/// If a partition does not exist: the code of each, in order.
fn unknown(image: &Image, topics: &[AddPartitionsToTxnTopic<'_>]) -> Option<Vec<ErrorCode>> {
    let exists = |topic: &str, number: i32| {
        let topic = image.topics.named(topic);
        topic.is_some_and(|topic| topic.partition(number).is_some())
    };
    let known: Vec<bool> = places(topics).map(|(topic, n)| exists(topic, n)).collect();
    let code = |known: &bool| match known {
        true => ErrorCode::OPERATION_NOT_ATTEMPTED,
        false => ErrorCode::UNKNOWN_TOPIC_OR_PARTITION,
    };
    known
        .contains(&false)
        .then(|| known.iter().map(code).collect())
}

fn places<'a>(topics: &'a [AddPartitionsToTxnTopic<'_>]) -> impl Iterator<Item = (&'a str, i32)> {
    topics.iter().flat_map(|topic| {
        let numbers = topic.partitions.iter();
        numbers.map(move |n| (&*topic.name, *n))
    })
}

async fn add(
    ctx: &Context,
    meta: &RequestMeta,
    transaction: &AddPartitionsToTxnTransaction<'_>,
) -> Result<(), ErrorCode> {
    let id: &str = &transaction.transactional_id;
    if id.is_empty() {
        return Err(ErrorCode::INVALID_REQUEST);
    }
    let mut partitions = Partitions::new();
    for (topic, number) in places(&transaction.topics) {
        partitions
            .entry(topic.to_owned())
            .or_default()
            .insert(number);
    }
    let add = Add {
        id: id.to_owned(),
        producer: producer(transaction),
        partitions,
        version: if meta.version >= BROKERS_SINCE {
            BUMPS_SINCE
        } else {
            0
        },
        patience: PATIENCE,
    };
    match ctx.coordinators.transaction(id, Command::Add(add)).await? {
        Answer::Added(added) => added,
        other => Err(super::unexpected("transaction coordinator", &other)),
    }
}

async fn verify(
    ctx: &Context,
    transaction: &AddPartitionsToTxnTransaction<'_>,
) -> Result<Vec<ErrorCode>, ErrorCode> {
    let id: &str = &transaction.transactional_id;
    if id.is_empty() {
        return Err(ErrorCode::INVALID_REQUEST);
    }
    let partitions = places(&transaction.topics);
    let verify = Verify {
        id: id.to_owned(),
        producer: producer(transaction),
        partitions: partitions.map(|(topic, n)| (topic.to_owned(), n)).collect(),
        patience: PATIENCE,
    };
    match ctx
        .coordinators
        .transaction(id, Command::Verify(verify))
        .await?
    {
        Answer::Verified(codes) => codes,
        other => Err(super::unexpected("transaction coordinator", &other)),
    }
}

fn producer(transaction: &AddPartitionsToTxnTransaction<'_>) -> Producer {
    Producer {
        id: transaction.producer_id,
        epoch: transaction.producer_epoch,
    }
}

/// The partitions with their codes, in order.
fn results(
    topics: &[AddPartitionsToTxnTopic<'_>],
    codes: impl IntoIterator<Item = ErrorCode>,
) -> Results {
    let mut codes = codes.into_iter();
    let each = |topic: &AddPartitionsToTxnTopic<'_>| AddPartitionsToTxnTopicResult {
        name: topic.name.to_string().into(),
        results_by_partition: topic
            .partitions
            .iter()
            .zip(codes.by_ref())
            .map(|(n, code)| AddPartitionsToTxnPartitionResult {
                partition_index: *n,
                partition_error_code: code,
            })
            .collect(),
    };
    topics.iter().map(each).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::testing::with_topics;

    #[test]
    fn one_partition_that_does_not_exist_spoils_all() {
        let topics = |list: &[(&str, &[i32])]| -> Vec<AddPartitionsToTxnTopic<'static>> {
            let each = |(name, partitions): &(&str, &[i32])| AddPartitionsToTxnTopic {
                name: name.to_string().into(),
                partitions: partitions.to_vec(),
            };
            list.iter().map(each).collect()
        };
        let image = with_topics(&[("a", 2)]);
        assert_eq!(unknown(&image, &topics(&[("a", &[0, 1])])), None);
        const FINE: ErrorCode = ErrorCode::OPERATION_NOT_ATTEMPTED;
        const GONE: ErrorCode = ErrorCode::UNKNOWN_TOPIC_OR_PARTITION;
        let mixed = topics(&[("a", &[0, 2]), ("b", &[0])]);
        let codes = unknown(&image, &mixed);
        assert_eq!(codes, Some(vec![FINE, GONE, GONE]));
        let results = results(&mixed, codes.unwrap_or_default());
        let of = |topic: usize, at: usize| results[topic].results_by_partition[at].clone();
        assert_eq!(
            (of(0, 1).partition_index, of(0, 1).partition_error_code),
            (2, GONE)
        );
        assert_eq!(of(1, 0).partition_error_code, GONE);
    }
}
