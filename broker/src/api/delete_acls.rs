//! DeleteAcls (key 31): there is no authorizer, which is what the answer to each filter says.

use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::messages::delete_acls::{
    DeleteAclsFilterResult, DeleteAclsRequest, DeleteAclsResponse,
};

use super::{Context, RequestMeta};

/// Answers a DeleteAcls request.
pub async fn handle(
    _ctx: &Context,
    _meta: &RequestMeta,
    request: DeleteAclsRequest<'_>,
) -> DeleteAclsResponse<'static> {
    let refused = DeleteAclsFilterResult {
        error_code: ErrorCode::SECURITY_DISABLED,
        error_message: Some("No Authorizer is configured.".into()),
        matching_acls: Vec::new(),
    };
    DeleteAclsResponse {
        filter_results: vec![refused; request.filters.len()],
        ..Default::default()
    }
}
