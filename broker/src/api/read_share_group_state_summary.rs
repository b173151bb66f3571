//! ReadShareGroupStateSummary (key 87): how far share partitions are (KIP-932).

use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::ids::PartitionId;
use ottla_protocol::messages::read_share_group_state_summary::{
    PartitionResult, ReadShareGroupStateSummaryRequest, ReadShareGroupStateSummaryResponse,
    ReadStateSummaryResult,
};

use super::{Context, RequestMeta, share_state};
use crate::coordinator::share::{Answer, Verb};

/// Answers a ReadShareGroupStateSummary request.
pub async fn handle(
    ctx: &Context,
    _meta: &RequestMeta,
    request: ReadShareGroupStateSummaryRequest<'_>,
) -> ReadShareGroupStateSummaryResponse<'static> {
    let mut results = Vec::with_capacity(request.topics.len());
    for topic in &request.topics {
        let mut partitions = Vec::with_capacity(topic.partitions.len());
        for p in &topic.partitions {
            let id = PartitionId {
                topic: topic.topic_id,
                partition: p.partition,
            };
            let verb = Verb::Summary;
            let answer = share_state::ask(ctx, &request.group_id, id, verb).await;
            partitions.push(result(p.partition, answer));
        }
        results.push(ReadStateSummaryResult {
            topic_id: topic.topic_id,
            partitions,
        });
    }
    ReadShareGroupStateSummaryResponse { results }
}

fn result(partition: i32, answer: Answer) -> PartitionResult<'static> {
    match answer {
        Ok(Some(known)) => PartitionResult {
            partition,
            state_epoch: known.state_epoch,
            leader_epoch: known.leader_epoch,
            start_offset: known.start,
            delivery_complete_count: known.complete_count,
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
