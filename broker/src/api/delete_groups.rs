//! DeleteGroups (key 42): groups without members, with their offsets.

use std::collections::BTreeMap;

use indexmap::IndexSet;
use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::messages::delete_groups::{
    DeletableGroupResult, DeleteGroupsRequest, DeleteGroupsResponse,
};

use super::{Context, RequestMeta, delete_share_group_offsets, groups};
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
    let mut states = BTreeMap::new();
    for name in &names {
        // Of a share group what the share coordinator has, first.
        states.extend(
            delete_state(ctx, name)
                .await
                .map(|code| (name.clone(), code)),
        );
    }
    let mut names = names;
    names.retain(|name| !states.contains_key(name));
    let codes = groups::ask_each(ctx, &names, Command::Delete, take).await;
    let failed = states.into_iter().map(|(name, code)| (name, Err(code)));
    let codes: Vec<(String, Result<ErrorCode, ErrorCode>)> =
        names.into_iter().zip(codes).chain(failed).collect();
    let results = codes.into_iter().map(|(name, code)| DeletableGroupResult {
        group_id: name.into(),
        error_code: code.unwrap_or_else(|failed: ErrorCode| failed),
    });
    DeleteGroupsResponse {
        results: results.collect(),
        ..Default::default()
    }
}

/// Why the state of a group's share partitions cannot be deleted, if it is a share group and so.
async fn delete_state(ctx: &Context, name: &str) -> Option<ErrorCode> {
    match delete_share_group_offsets::delete(ctx, name, None).await {
        Ok(topics) => {
            let mut codes = topics.into_iter().map(|topic| topic.error_code);
            // The state of a topic goes with the topic.
            codes.find(|code| {
                *code != ErrorCode::NONE && *code != ErrorCode::UNKNOWN_TOPIC_OR_PARTITION
            })
        }
        // Of another kind, or not to be deleted at all: that is said of any group.
        Err(refusal) => match refusal.code {
            ErrorCode::GROUP_ID_NOT_FOUND | ErrorCode::NON_EMPTY_GROUP => None,
            code => Some(code),
        },
    }
}
