//! DescribeDelegationToken (key 41): there are no tokens on plain connections.

use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::messages::describe_delegation_token::{
    DescribeDelegationTokenRequest, DescribeDelegationTokenResponse,
};

use super::{Context, RequestMeta};

/// Answers a DescribeDelegationToken request.
pub async fn handle(
    _ctx: &Context,
    _meta: &RequestMeta,
    _request: DescribeDelegationTokenRequest<'_>,
) -> DescribeDelegationTokenResponse<'static> {
    DescribeDelegationTokenResponse {
        error_code: ErrorCode::DELEGATION_TOKEN_REQUEST_NOT_ALLOWED,
        ..Default::default()
    }
}
