//! ConsumerGroupDescribe (key 69): consumer groups and their members (KIP-848).

use ottla_protocol::messages::consumer_group_describe::{
    Assignment, ConsumerGroupDescribeRequest, ConsumerGroupDescribeResponse, DescribedGroup,
    Member, TopicPartitions,
};

use super::consumer_group_heartbeat::are_served;
use super::{Context, RequestMeta, groups, operations};
use crate::coordinator::group::assignor::Partitions;
use crate::coordinator::group::consumer::{Described, member};
use crate::coordinator::group::kind::Missing;
use crate::coordinator::group::{Answer, Command, consumer};
use crate::metadata::Image;

/// Answers a ConsumerGroupDescribe request.
pub async fn handle(
    ctx: &Context,
    _meta: &RequestMeta,
    request: ConsumerGroupDescribeRequest<'_>,
) -> ConsumerGroupDescribeResponse<'static> {
    let image = ctx.image();
    let names: Vec<String> = request.group_ids.iter().map(|g| g.to_string()).collect();
    let ask = |names| Command::Consumer(consumer::Command::Describe(names));
    let why = groups::missing("consumer");
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
    ConsumerGroupDescribeResponse {
        groups: described.collect(),
        ..Default::default()
    }
}

fn take(answer: Answer) -> Option<Vec<Result<Described, Missing>>> {
    match answer {
        Answer::Consumer(consumer::Answer::Described(some)) => Some(some),
        _ => None,
    }
}

fn group_of(group: Described, image: &Image) -> DescribedGroup<'static> {
    let members = group.members.into_iter();
    DescribedGroup {
        group_state: group.phase.name().into(),
        group_epoch: group.epoch,
        assignment_epoch: group.target_epoch,
        assignor_name: group.assignor.into(),
        members: members
            .map(|(m, target)| member_of(m, target, image))
            .collect(),
        ..Default::default()
    }
}

fn member_of(member: member::Member, target: Partitions, image: &Image) -> Member<'static> {
    // It has to answer for what it is giving up until it has.
    let mut has = member::partitions(&member.assigned);
    for (topic, partitions) in &member.revoking {
        has.entry(*topic).or_default().extend(partitions.keys());
    }
    Member {
        assignment: assignment(has, image),
        target_assignment: assignment(target, image),
        member_type: i8::from(member.classic.is_none()),
        member_id: member.id.into(),
        instance_id: member.instance.map(Into::into),
        rack_id: member.rack.map(Into::into),
        member_epoch: member.epoch,
        client_id: member.client_id.into(),
        client_host: member.client_host.into(),
        subscribed_topic_names: member.topics.into_iter().map(Into::into).collect(),
        subscribed_topic_regex: Some(member.regex.into()),
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
