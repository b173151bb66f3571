//! The answer to a Fetch: partitions grouped by topic in their order, record bytes left out of line.

use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::messages::fetch::{
    AbortedTransaction, EpochEndOffset, FetchResponse, FetchableTopicResponse, PartitionData,
};
use ottla_protocol::wire::Records;
use ottla_storage::log::AbortedTxn;

use super::session::{NO_SESSION, Plan, TopicRef};
use crate::partition::calls::Fetched;

/// An answer that is nothing but an error of the whole request.
pub fn top_level(error_code: ErrorCode) -> FetchResponse<'static> {
    FetchResponse {
        error_code,
        session_id: NO_SESSION,
        ..Default::default()
    }
}

/// The partitions of the plan that are `sent`, under session `id`.
pub fn records(
    plan: &Plan,
    id: i32,
    fetched: Vec<Fetched>,
    sent: &[bool],
) -> FetchResponse<'static> {
    let mut responses: Vec<FetchableTopicResponse<'static>> = Vec::new();
    let mut last: Option<&TopicRef> = None;
    for ((((topic, partition), _), f), sent) in plan.wanted.iter().zip(fetched).zip(sent) {
        if !sent {
            continue;
        }
        if last != Some(topic) {
            responses.push(named(topic));
            last = Some(topic);
        }
        if let Some(response) = responses.last_mut() {
            response.partitions.push(partition_data(*partition, f));
        }
    }
    FetchResponse {
        session_id: id,
        responses,
        ..Default::default()
    }
}

fn named(topic: &TopicRef) -> FetchableTopicResponse<'static> {
    match topic {
        TopicRef::Name(name) => FetchableTopicResponse {
            topic: name.clone().into(),
            ..Default::default()
        },
        TopicRef::Id(id) => FetchableTopicResponse {
            topic_id: *id,
            ..Default::default()
        },
    }
}

fn partition_data(partition_index: i32, f: Fetched) -> PartitionData<'static> {
    let diverging = f
        .diverging
        .map(|(epoch, end_offset)| EpochEndOffset { epoch, end_offset });
    PartitionData {
        partition_index,
        error_code: f.error,
        high_watermark: f.high_watermark,
        last_stable_offset: f.last_stable_offset,
        log_start_offset: f.log_start_offset,
        diverging_epoch: diverging.unwrap_or_default(),
        // Null for read_uncommitted, as in Kafka.
        aborted_transactions: f.aborted.map(|txns| txns.iter().map(aborted).collect()),
        records: Records::Parts(f.records),
        ..Default::default()
    }
}

fn aborted(txn: &AbortedTxn) -> AbortedTransaction {
    AbortedTransaction {
        producer_id: txn.producer_id,
        first_offset: txn.first_offset,
    }
}
