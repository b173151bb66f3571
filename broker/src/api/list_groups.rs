//! ListGroups (key 16): groups of every kind, of all partitions of the offsets topic.

use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::messages::list_groups::{ListGroupsRequest, ListGroupsResponse, ListedGroup};

use super::{Context, RequestMeta};
use crate::coordinator::group::{Answer, Command, Listed};
use crate::coordinator::topics::Kind;

/// Answers a ListGroups request.
pub async fn handle(
    ctx: &Context,
    _meta: &RequestMeta,
    request: ListGroupsRequest<'_>,
) -> ListGroupsResponse<'static> {
    match list(ctx, &request).await {
        Ok(groups) => ListGroupsResponse {
            groups: groups.into_iter().map(listed).collect(),
            ..Default::default()
        },
        Err(error_code) => ListGroupsResponse {
            error_code,
            ..Default::default()
        },
    }
}

async fn list(ctx: &Context, request: &ListGroupsRequest<'_>) -> Result<Vec<Listed>, ErrorCode> {
    let words = |all: &[std::borrow::Cow<'_, str>]| -> Vec<String> {
        all.iter().map(|word| word.trim().to_owned()).collect()
    };
    let image = ctx.image();
    let Some(topic) = image.topics.named(Kind::Group.topic()) else {
        return Ok(Vec::new());
    };
    let mut groups = Vec::new();
    for partition in (0..).take(topic.partitions.len()) {
        let command = Command::List {
            states: words(&request.states_filter),
            kinds: words(&request.types_filter),
        };
        match ctx.coordinators.group_at(topic, partition, command).await {
            Ok(Answer::Listed(some)) => groups.extend(some),
            Ok(other) => return Err(super::unexpected("group coordinator", &other)),
            // Another node says what it has.
            Err(ErrorCode::NOT_COORDINATOR) => {}
            Err(code) => return Err(code),
        }
    }
    Ok(groups)
}

fn listed(group: Listed) -> ListedGroup<'static> {
    ListedGroup {
        group_id: group.group.into(),
        protocol_type: group.protocol_type.into(),
        group_state: group.state.into(),
        group_type: group.kind.into(),
    }
}
