//! RenewDelegationToken (key 39): there are no tokens on plain connections.

use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::messages::renew_delegation_token::{
    RenewDelegationTokenRequest, RenewDelegationTokenResponse,
};

use super::{Context, RequestMeta};

/// Answers a RenewDelegationToken request.
pub async fn handle(
    _ctx: &Context,
    _meta: &RequestMeta,
    _request: RenewDelegationTokenRequest<'_>,
) -> RenewDelegationTokenResponse {
    RenewDelegationTokenResponse {
        error_code: ErrorCode::DELEGATION_TOKEN_REQUEST_NOT_ALLOWED,
        expiry_timestamp_ms: -1,
        ..Default::default()
    }
}
