//! Heartbeat (key 12): a sign of life of a member of a classic group.

use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::messages::heartbeat::{HeartbeatRequest, HeartbeatResponse};

use super::groups::owned;
use super::{Context, RequestMeta};
use crate::coordinator::group::{Answer, Command, classic};

/// Answers a Heartbeat request.
pub async fn handle(
    ctx: &Context,
    _meta: &RequestMeta,
    request: HeartbeatRequest<'_>,
) -> HeartbeatResponse {
    HeartbeatResponse {
        error_code: hear(ctx, &request).await,
        ..Default::default()
    }
}

async fn hear(ctx: &Context, request: &HeartbeatRequest<'_>) -> ErrorCode {
    if request.group_id.is_empty() {
        return ErrorCode::INVALID_GROUP_ID;
    }
    let beat = classic::Heartbeat {
        group: request.group_id.to_string(),
        member: request.member_id.to_string(),
        instance: owned(&request.group_instance_id),
        generation: request.generation_id,
    };
    let command = Command::Classic(classic::Command::Heartbeat(beat));
    match ctx.coordinators.group(&request.group_id, command).await {
        Ok(Answer::Classic(classic::Answer::Heard(code))) => code,
        Ok(other) => super::unexpected("group coordinator", &other),
        // Sessions begin when it is loaded: the member is in time.
        Err(ErrorCode::COORDINATOR_LOAD_IN_PROGRESS) => ErrorCode::NONE,
        Err(code) => code,
    }
}
