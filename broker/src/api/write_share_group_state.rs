//! WriteShareGroupState (key 85): takes note of what became of records of share partitions (KIP-932).

use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::ids::PartitionId;
use ottla_protocol::messages::write_share_group_state::{
    PartitionResult, StateBatch, WriteShareGroupStateRequest, WriteShareGroupStateResponse,
    WriteStateResult,
};

use super::{Context, RequestMeta, share_state};
use crate::coordinator::share::{Answer, Batch, Change, Verb};

/// Answers a WriteShareGroupState request.
pub async fn handle(
    ctx: &Context,
    _meta: &RequestMeta,
    request: WriteShareGroupStateRequest<'_>,
) -> WriteShareGroupStateResponse<'static> {
    let mut results = Vec::with_capacity(request.topics.len());
    for topic in &request.topics {
        let mut partitions = Vec::with_capacity(topic.partitions.len());
        for p in &topic.partitions {
            let id = PartitionId {
                topic: topic.topic_id,
                partition: p.partition,
            };
            let verb = Verb::Write(Change {
                state_epoch: p.state_epoch,
                leader_epoch: p.leader_epoch,
                start: p.start_offset,
                complete_count: p.delivery_complete_count,
                batches: p.state_batches.iter().map(batch).collect(),
            });
            let answer = share_state::ask(ctx, &request.group_id, id, verb).await;
            partitions.push(result(p.partition, answer));
        }
        results.push(WriteStateResult {
            topic_id: topic.topic_id,
            partitions,
        });
    }
    WriteShareGroupStateResponse { results }
}

fn result(partition: i32, answer: Answer) -> PartitionResult<'static> {
    let refusal = answer.err();
    PartitionResult {
        partition,
        error_code: refusal.as_ref().map_or(ErrorCode::NONE, |r| r.code),
        error_message: refusal.map(|r| r.message.into()),
    }
}

fn batch(batch: &StateBatch) -> Batch {
    Batch {
        first: batch.first_offset,
        last: batch.last_offset,
        state: batch.delivery_state,
        count: batch.delivery_count,
    }
}
