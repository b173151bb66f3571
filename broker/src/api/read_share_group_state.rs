//! ReadShareGroupState (key 84): what became of the records of share partitions (KIP-932).

use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::ids::PartitionId;
use ottla_protocol::messages::read_share_group_state::{
    PartitionResult, ReadShareGroupStateRequest, ReadShareGroupStateResponse, ReadStateResult,
    StateBatch,
};

use super::{Context, RequestMeta, share_state};
use crate::coordinator::share::{Answer, Batch, Verb};

/// Answers a ReadShareGroupState request.
pub async fn handle(
    ctx: &Context,
    _meta: &RequestMeta,
    request: ReadShareGroupStateRequest<'_>,
) -> ReadShareGroupStateResponse<'static> {
    let mut results = Vec::with_capacity(request.topics.len());
    for topic in &request.topics {
        let mut partitions = Vec::with_capacity(topic.partitions.len());
        for p in &topic.partitions {
            let id = PartitionId {
                topic: topic.topic_id,
                partition: p.partition,
            };
            let verb = Verb::Read {
                leader_epoch: p.leader_epoch,
            };
            let answer = share_state::ask(ctx, &request.group_id, id, verb).await;
            partitions.push(result(p.partition, answer));
        }
        results.push(ReadStateResult {
            topic_id: topic.topic_id,
            partitions,
        });
    }
    ReadShareGroupStateResponse { results }
}

fn result(partition: i32, answer: Answer) -> PartitionResult<'static> {
    match answer {
        Ok(Some(known)) => PartitionResult {
            partition,
            state_epoch: known.state_epoch,
            start_offset: known.start,
            state_batches: known.batches.iter().map(batch).collect(),
            ..Default::default()
        },
        Ok(None) => PartitionResult {
            partition,
            error_code: ErrorCode::UNKNOWN_SERVER_ERROR,
            ..Default::default()
        },
        Err(refusal) => PartitionResult {
            partition,
            error_code: refusal.code,
            error_message: Some(refusal.message.into()),
            ..Default::default()
        },
    }
}

fn batch(batch: &Batch) -> StateBatch {
    StateBatch {
        first_offset: batch.first,
        last_offset: batch.last,
        delivery_state: batch.state,
        delivery_count: batch.count,
    }
}
