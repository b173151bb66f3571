//! InitializeShareGroupState (key 83): makes the state of share partitions (KIP-932).

use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::ids::PartitionId;
use ottla_protocol::messages::initialize_share_group_state::{
    InitializeShareGroupStateRequest, InitializeShareGroupStateResponse, InitializeStateResult,
    PartitionResult,
};

use super::{Context, RequestMeta, share_state};
use crate::coordinator::share::{Answer, Verb};

/// Answers an InitializeShareGroupState request.
pub async fn handle(
    ctx: &Context,
    _meta: &RequestMeta,
    request: InitializeShareGroupStateRequest<'_>,
) -> InitializeShareGroupStateResponse<'static> {
    let mut results = Vec::with_capacity(request.topics.len());
    for topic in &request.topics {
        let mut partitions = Vec::with_capacity(topic.partitions.len());
        for p in &topic.partitions {
            let id = PartitionId {
                topic: topic.topic_id,
                partition: p.partition,
            };
            let verb = Verb::Initialize {
                state_epoch: p.state_epoch,
                start: p.start_offset,
            };
            let answer = share_state::ask(ctx, &request.group_id, id, verb).await;
            partitions.push(result(p.partition, answer));
        }
        results.push(InitializeStateResult {
            topic_id: topic.topic_id,
            partitions,
        });
    }
    InitializeShareGroupStateResponse { results }
}

fn result(partition: i32, answer: Answer) -> PartitionResult<'static> {
    let refusal = answer.err();
    PartitionResult {
        partition,
        error_code: refusal.as_ref().map_or(ErrorCode::NONE, |r| r.code),
        error_message: refusal.map(|r| r.message.into()),
    }
}
