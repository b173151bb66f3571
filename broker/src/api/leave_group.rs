//! LeaveGroup (key 13): members of a classic group go, or are sent away.

use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::messages::leave_group::{LeaveGroupRequest, LeaveGroupResponse};

use super::groups::owned;
use super::{Context, RequestMeta};
use crate::coordinator::group::classic::leave::Leaver;
use crate::coordinator::group::{Answer, Command, classic};

/// First version that names several members.
const SEVERAL: i16 = 3;

/// Answers a LeaveGroup request.
pub async fn handle(
    ctx: &Context,
    meta: &RequestMeta,
    request: LeaveGroupRequest<'_>,
) -> LeaveGroupResponse<'static> {
    let left = match request.group_id.is_empty() {
        true => failed(ErrorCode::INVALID_GROUP_ID),
        false => leave(ctx, meta, &request).await,
    };
    match meta.version {
        SEVERAL.. => left,
        // The one member's code is the whole's.
        _ => {
            let of_member = left
                .members
                .first()
                .map_or(left.error_code, |m| m.error_code);
            failed(of_member)
        }
    }
}

async fn leave(
    ctx: &Context,
    meta: &RequestMeta,
    request: &LeaveGroupRequest<'_>,
) -> LeaveGroupResponse<'static> {
    let members = match meta.version {
        SEVERAL.. => request
            .members
            .iter()
            .map(|m| Leaver {
                member: m.member_id.to_string(),
                instance: owned(&m.group_instance_id),
                reason: owned(&m.reason),
            })
            .collect(),
        _ => vec![Leaver {
            member: request.member_id.to_string(),
            ..Leaver::default()
        }],
    };
    let leave = classic::Leave {
        group: request.group_id.to_string(),
        members,
    };
    let command = Command::Classic(classic::Command::Leave(leave));
    match ctx.coordinators.group(&request.group_id, command).await {
        Ok(Answer::Classic(classic::Answer::Left(left))) => left,
        Ok(other) => failed(super::unexpected("group coordinator", &other)),
        Err(code) => failed(code),
    }
}

fn failed(error_code: ErrorCode) -> LeaveGroupResponse<'static> {
    LeaveGroupResponse {
        error_code,
        ..Default::default()
    }
}
