//! CreateAcls (key 30): there is no authorizer, which is what the answer to each says.

use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::messages::create_acls::{
    AclCreationResult, CreateAclsRequest, CreateAclsResponse,
};

use super::{Context, RequestMeta};

/// Answers a CreateAcls request.
pub async fn handle(
    _ctx: &Context,
    _meta: &RequestMeta,
    request: CreateAclsRequest<'_>,
) -> CreateAclsResponse<'static> {
    let refused = AclCreationResult {
        error_code: ErrorCode::SECURITY_DISABLED,
        error_message: Some("No Authorizer is configured.".into()),
    };
    CreateAclsResponse {
        results: vec![refused; request.creations.len()],
        ..Default::default()
    }
}
