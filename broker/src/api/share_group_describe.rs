//! ShareGroupDescribe (key 77): share groups and their members (KIP-932).

use std::collections::BTreeSet;

use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::ids::Uuid;
use ottla_protocol::messages::share_group_describe::{
    Assignment, DescribedGroup, Member, ShareGroupDescribeRequest, ShareGroupDescribeResponse,
    TopicPartitions,
};

use super::{Context, RequestMeta, groups, operations};
use crate::coordinator::group::share::{self, Partitions};
use crate::coordinator::group::{Answer, Command};
use crate::metadata::Image;
use crate::share::are_served;

/// Answers a ShareGroupDescribe request.
pub async fn handle(
    ctx: &Context,
    _meta: &RequestMeta,
    request: ShareGroupDescribeRequest<'_>,
) -> ShareGroupDescribeResponse<'static> {
    let image = ctx.image();
    let names: Vec<String> = request.group_ids.iter().map(|g| g.to_string()).collect();
    let found = match are_served(&image) {
        true => {
            let ask = |names| Command::Share(share::Command::Describe(names));
            groups::ask_each(ctx, &names, ask, take).await
        }
        false => vec![Err(ErrorCode::UNSUPPORTED_VERSION); names.len()],
    };
    let described = names.into_iter().zip(found).map(|(name, found)| {
        let mut group = match found {
            _ if name.is_empty() => failed(ErrorCode::INVALID_GROUP_ID),
            Ok(Some(group)) => group_of(group, &image),
            Ok(None) => DescribedGroup {
                error_message: Some(format!("Group {name} is not a share group.").into()),
                ..failed(ErrorCode::GROUP_ID_NOT_FOUND)
            },
            Err(code) => failed(code),
        };
        group.group_id = name.into();
        if group.error_code == ErrorCode::NONE {
            let asked = request.include_authorized_operations;
            group.authorized_operations = operations::if_asked(asked, operations::GROUP);
        }
        group
    });
    ShareGroupDescribeResponse {
        groups: described.collect(),
        ..Default::default()
    }
}

fn take(answer: Answer) -> Option<Vec<Option<share::Group>>> {
    match answer {
        Answer::Share(share::Answer::Described(some)) => Some(some),
        _ => None,
    }
}

fn failed(error_code: ErrorCode) -> DescribedGroup<'static> {
    DescribedGroup {
        error_code,
        ..Default::default()
    }
}

fn group_of(group: share::Group, image: &Image) -> DescribedGroup<'static> {
    DescribedGroup {
        group_state: group.state().into(),
        group_epoch: group.epoch,
        assignment_epoch: group.target_epoch,
        assignor_name: "simple".into(),
        members: group
            .members
            .into_values()
            .map(|member| member_of(member, image))
            .collect(),
        ..Default::default()
    }
}

fn member_of(member: share::Member, image: &Image) -> Member<'static> {
    Member {
        member_id: member.id.into(),
        rack_id: member.rack.map(Into::into),
        member_epoch: member.epoch,
        client_id: member.client_id.into(),
        client_host: member.client_host.into(),
        subscribed_topic_names: member.topics.into_iter().map(Into::into).collect(),
        assignment: assignment(member.assigned, image),
    }
}

/// With the topics' names; what is deleted is not said.
fn assignment(partitions: Partitions, image: &Image) -> Assignment<'static> {
    let named = |(topic_id, partitions): (Uuid, BTreeSet<i32>)| {
        let topic = image.topics.with_id(topic_id)?;
        Some(TopicPartitions {
            topic_id,
            topic_name: topic.name.to_string().into(),
            partitions: partitions.into_iter().collect(),
        })
    };
    Assignment {
        topic_partitions: partitions.into_iter().filter_map(named).collect(),
    }
}
