//! DeleteGroups (key 42): groups without members, with their offsets.

use indexmap::IndexSet;
use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::messages::delete_groups::{
    DeletableGroupResult, DeleteGroupsRequest, DeleteGroupsResponse,
};

use super::{Context, RequestMeta, groups};
use crate::coordinator::group::{Answer, Command};

/// Answers a DeleteGroups request. A group that is named twice is deleted, and answered, once.
pub async fn handle(
    ctx: &Context,
    _meta: &RequestMeta,
    request: DeleteGroupsRequest<'_>,
) -> DeleteGroupsResponse<'static> {
    let names: IndexSet<String> = request.groups_names.iter().map(|g| g.to_string()).collect();
    let names: Vec<String> = names.into_iter().collect();
    let take = |answer| match answer {
        Answer::Deleted(codes) => Some(codes),
        _ => None,
    };
    let codes = groups::ask_each(ctx, &names, Command::Delete, take).await;
    let results = names
        .into_iter()
        .zip(codes)
        .map(|(name, code)| DeletableGroupResult {
            group_id: name.into(),
            error_code: code.unwrap_or_else(|failed: ErrorCode| failed),
        });
    DeleteGroupsResponse {
        results: results.collect(),
        ..Default::default()
    }
}
