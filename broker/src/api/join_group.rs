//! JoinGroup (key 11): become a member of a classic group, or stay one in the next generation.

use std::borrow::Cow;

use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::messages::join_group::{JoinGroupRequest, JoinGroupResponse};

use super::groups::owned;
use super::{Context, RequestMeta};
use crate::coordinator::group::classic::member::Protocol;
use crate::coordinator::group::{Answer, Command, classic};

/// First version that says how long a member may take to come back; before it is the session timeout.
const REBALANCE_TIMEOUT: i16 = 1;
/// First version in which the protocol may be null.
const NULL_PROTOCOL: i16 = 7;

/// Answers a JoinGroup request.
pub async fn handle(
    ctx: &Context,
    meta: &RequestMeta,
    request: JoinGroupRequest<'_>,
) -> JoinGroupResponse<'static> {
    let mut response = match check(ctx, &request) {
        Ok(()) => join(ctx, meta, &request).await,
        Err(code) => refusal(&request, code),
    };
    if meta.version < NULL_PROTOCOL {
        response.protocol_name.get_or_insert(Cow::Borrowed(""));
    }
    response
}

fn check(ctx: &Context, request: &JoinGroupRequest<'_>) -> Result<(), ErrorCode> {
    let image = ctx.image();
    let config = &image.broker_config.groups;
    let sessions = config.min_session_timeout_ms..=config.max_session_timeout_ms;
    if request.group_id.is_empty() {
        Err(ErrorCode::INVALID_GROUP_ID)
    } else if !sessions.contains(&i64::from(request.session_timeout_ms)) {
        Err(ErrorCode::INVALID_SESSION_TIMEOUT)
    } else {
        Ok(())
    }
}

fn refusal(request: &JoinGroupRequest<'_>, error_code: ErrorCode) -> JoinGroupResponse<'static> {
    JoinGroupResponse {
        error_code,
        member_id: request.member_id.to_string().into(),
        ..Default::default()
    }
}

async fn join(
    ctx: &Context,
    meta: &RequestMeta,
    request: &JoinGroupRequest<'_>,
) -> JoinGroupResponse<'static> {
    let protocols = request.protocols.iter().map(|p| Protocol {
        name: p.name.to_string(),
        metadata: p.metadata.to_vec(),
    });
    let join = classic::Join {
        version: meta.version,
        group: request.group_id.to_string(),
        member: request.member_id.to_string(),
        instance: owned(&request.group_instance_id),
        client_id: meta.client_id.to_string(),
        client_host: format!("/{}", meta.conn.peer.ip()),
        session_timeout_ms: request.session_timeout_ms,
        rebalance_timeout_ms: match meta.version {
            REBALANCE_TIMEOUT.. => request.rebalance_timeout_ms,
            _ => request.session_timeout_ms,
        },
        protocol_type: request.protocol_type.to_string(),
        protocols: protocols.collect(),
        reason: owned(&request.reason),
    };
    let command = Command::Classic(classic::Command::Join(join));
    match ctx.coordinators.group(&request.group_id, command).await {
        Ok(Answer::Classic(classic::Answer::Joined(joined))) => joined,
        Ok(other) => refusal(request, super::unexpected("group coordinator", &other)),
        Err(code) => refusal(request, code),
    }
}
