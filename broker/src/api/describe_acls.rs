//! DescribeAcls (key 29): there is no authorizer, which is what the answer says.

use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::messages::describe_acls::{DescribeAclsRequest, DescribeAclsResponse};

use super::{Context, RequestMeta};

/// Answers a DescribeAcls request.
pub async fn handle(
    _ctx: &Context,
    _meta: &RequestMeta,
    _request: DescribeAclsRequest<'_>,
) -> DescribeAclsResponse<'static> {
    DescribeAclsResponse {
        error_code: ErrorCode::SECURITY_DISABLED,
        error_message: Some("No Authorizer is configured on the broker".into()),
        ..Default::default()
    }
}
