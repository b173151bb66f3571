//! ShareGroupDescribe (key 77): share groups and their members (KIP-932).

use ottla_protocol::messages::share_group_describe::{
    Assignment, DescribedGroup, Member, ShareGroupDescribeRequest, ShareGroupDescribeResponse,
    TopicPartitions,
};

use super::{Context, RequestMeta, groups, operations};
use crate::coordinator::group::kind::Missing;
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
    let ask = |names| Command::Share(share::Command::Describe(names));
    let why = groups::missing("share");
    let found = groups::find_each(ctx, &names, are_served(&image), ask, take, why).await;
    let described = names.into_iter().zip(found).map(|(name, found)| {
        let mut group = match found {
            Ok(group) => DescribedGroup {
                authorized_operations: operations::if_asked(
                    request.include_authorized_operations,
                    operations::GROUP,
                ),
                ..group_of(group, &image)
            },
            Err((error_code, message)) => DescribedGroup {
                error_code,
                error_message: message.map(Into::into),
                ..Default::default()
            },
        };
        group.group_id = name.into();
        group
    });
    ShareGroupDescribeResponse {
        groups: described.collect(),
        ..Default::default()
    }
}

fn take(answer: Answer) -> Option<Vec<Result<share::Group, Missing>>> {
    match answer {
        Answer::Share(share::Answer::Described(some)) => Some(some),
        _ => None,
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

fn assignment(partitions: Partitions, image: &Image) -> Assignment<'static> {
    let named = groups::named(partitions, image);
    Assignment {
        topic_partitions: named
            .map(|(topic_id, name, partitions)| TopicPartitions {
                topic_id,
                topic_name: name.into(),
                partitions,
            })
            .collect(),
    }
}
