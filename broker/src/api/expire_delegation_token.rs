//! ExpireDelegationToken (key 40): there are no tokens on plain connections.

use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::messages::expire_delegation_token::{
    ExpireDelegationTokenRequest, ExpireDelegationTokenResponse,
};

use super::{Context, RequestMeta};

/// Answers a ExpireDelegationToken request.
pub async fn handle(
    _ctx: &Context,
    _meta: &RequestMeta,
    _request: ExpireDelegationTokenRequest<'_>,
) -> ExpireDelegationTokenResponse {
    ExpireDelegationTokenResponse {
        error_code: ErrorCode::DELEGATION_TOKEN_REQUEST_NOT_ALLOWED,
        expiry_timestamp_ms: -1,
        ..Default::default()
    }
}
