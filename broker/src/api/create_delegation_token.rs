//! CreateDelegationToken (key 38): tokens are for connections that have proved who they are, which a plain one has not.

use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::messages::create_delegation_token::{
    CreateDelegationTokenRequest, CreateDelegationTokenResponse,
};

use super::{Context, RequestMeta};

/// Answers a CreateDelegationToken request.
pub async fn handle(
    _ctx: &Context,
    meta: &RequestMeta,
    _request: CreateDelegationTokenRequest<'_>,
) -> CreateDelegationTokenResponse<'static> {
    // From version 3 the answer also says who asked.
    let (kind, name) = if meta.version >= 3 {
        ("User", "ANONYMOUS")
    } else {
        ("", "")
    };
    CreateDelegationTokenResponse {
        error_code: ErrorCode::DELEGATION_TOKEN_REQUEST_NOT_ALLOWED,
        principal_type: "User".into(),
        principal_name: "ANONYMOUS".into(),
        token_requester_principal_type: kind.into(),
        token_requester_principal_name: name.into(),
        issue_timestamp_ms: -1,
        expiry_timestamp_ms: -1,
        max_timestamp_ms: -1,
        ..Default::default()
    }
}
