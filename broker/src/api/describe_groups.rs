//! DescribeGroups (key 15): classic groups and their members.

use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::messages::describe_groups::{
    DescribeGroupsRequest, DescribeGroupsResponse, DescribedGroup, DescribedGroupMember,
};

use super::{Context, RequestMeta, groups, operations};
use crate::coordinator::group::classic::{Described, describe::DescribedMember};
use crate::coordinator::group::{Answer, Command, classic};

/// First version that says of a group that is not there that it is not; before it is one that is dead.
const NOT_FOUND: i16 = 6;

/// Answers a DescribeGroups request.
pub async fn handle(
    ctx: &Context,
    meta: &RequestMeta,
    request: DescribeGroupsRequest<'_>,
) -> DescribeGroupsResponse<'static> {
    let names: Vec<String> = request.groups.iter().map(|g| g.to_string()).collect();
    let ask = |names| Command::Classic(classic::Command::Describe(names));
    let take = |answer| match answer {
        Answer::Classic(classic::Answer::Described(some)) => Some(some),
        _ => None,
    };
    let found = groups::ask_each(ctx, &names, ask, take).await;
    let described = names.into_iter().zip(found).map(|(name, found)| {
        let mut group = match found {
            Ok(Some(group)) => group_of(group),
            Ok(None) => unknown(meta.version, &name),
            Err(code) => failed(code),
        };
        group.group_id = name.into();
        if group.error_code == ErrorCode::NONE {
            let asked = request.include_authorized_operations;
            group.authorized_operations = operations::if_asked(asked, operations::GROUP);
        }
        group
    });
    DescribeGroupsResponse {
        groups: described.collect(),
        ..Default::default()
    }
}

fn failed(error_code: ErrorCode) -> DescribedGroup<'static> {
    DescribedGroup {
        error_code,
        ..Default::default()
    }
}

fn unknown(version: i16, name: &str) -> DescribedGroup<'static> {
    let mut group = DescribedGroup {
        group_state: "Dead".into(),
        ..Default::default()
    };
    if version >= NOT_FOUND {
        group.error_code = ErrorCode::GROUP_ID_NOT_FOUND;
        group.error_message = Some(format!("Group {name} not found.").into());
    }
    group
}

fn group_of(group: Described) -> DescribedGroup<'static> {
    DescribedGroup {
        group_state: group.state.name().into(),
        protocol_type: group.protocol_type.into(),
        protocol_data: group.protocol.into(),
        members: group.members.into_iter().map(member_of).collect(),
        ..Default::default()
    }
}

fn member_of(member: DescribedMember) -> DescribedGroupMember<'static> {
    DescribedGroupMember {
        member_id: member.id.into(),
        group_instance_id: member.instance.map(Into::into),
        client_id: member.client_id.into(),
        client_host: member.client_host.into(),
        member_metadata: member.metadata.into(),
        member_assignment: member.assignment.into(),
    }
}
