//! SyncGroup (key 14): the leader of a classic group gives the assignment, every member gets his.

use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::messages::sync_group::{SyncGroupRequest, SyncGroupResponse};

use super::groups::owned;
use super::{Context, RequestMeta};
use crate::coordinator::group::{Answer, Command, classic};

/// First version that must say what it takes the group for.
const SAYS_PROTOCOL: i16 = 5;

/// Answers a SyncGroup request.
pub async fn handle(
    ctx: &Context,
    meta: &RequestMeta,
    request: SyncGroupRequest<'_>,
) -> SyncGroupResponse<'static> {
    let says_protocol = request.protocol_type.is_some() && request.protocol_name.is_some();
    if meta.version >= SAYS_PROTOCOL && !says_protocol {
        return refusal(ErrorCode::INCONSISTENT_GROUP_PROTOCOL);
    }
    if request.group_id.is_empty() {
        return refusal(ErrorCode::INVALID_GROUP_ID);
    }
    let assignments = request
        .assignments
        .iter()
        .map(|a| (a.member_id.to_string(), a.assignment.to_vec()));
    let sync = classic::Sync {
        group: request.group_id.to_string(),
        member: request.member_id.to_string(),
        instance: owned(&request.group_instance_id),
        generation: request.generation_id,
        protocol_type: owned(&request.protocol_type),
        protocol: owned(&request.protocol_name),
        assignments: assignments.collect(),
    };
    let command = Command::Classic(classic::Command::Sync(sync));
    match ctx.coordinators.group(&request.group_id, command).await {
        Ok(Answer::Classic(classic::Answer::Synced(synced))) => synced,
        Ok(other) => refusal(super::unexpected("group coordinator", &other)),
        Err(code) => refusal(code),
    }
}

fn refusal(error_code: ErrorCode) -> SyncGroupResponse<'static> {
    SyncGroupResponse {
        error_code,
        ..Default::default()
    }
}
