//! StreamsGroupDescribe (key 89): streams groups, their members and tasks (KIP-1071).

use ottla_protocol::messages::streams_group_describe as m;
use ottla_protocol::messages::streams_group_describe::{
    DescribedGroup, StreamsGroupDescribeRequest, StreamsGroupDescribeResponse,
};
use ottla_protocol::records::streams_group_topology as record;

use super::streams_group_heartbeat::are_served;
use super::{Context, RequestMeta, groups, operations};
use crate::coordinator::group::kind::Missing;
use crate::coordinator::group::streams::decide::topics::Configured;
use crate::coordinator::group::streams::member::Member;
use crate::coordinator::group::streams::tasks::{Assignment, Tasks};
use crate::coordinator::group::streams::topology::Topology;
use crate::coordinator::group::streams::{self, Described};
use crate::coordinator::group::{Answer, Command};

/// Answers a StreamsGroupDescribe request.
pub async fn handle(
    ctx: &Context,
    _meta: &RequestMeta,
    request: StreamsGroupDescribeRequest<'_>,
) -> StreamsGroupDescribeResponse<'static> {
    let names: Vec<String> = request.group_ids.iter().map(|g| g.to_string()).collect();
    let ask = |names| Command::Streams(streams::Command::Describe(names));
    let is_served = are_served(&ctx.image());
    let why = groups::missing("streams");
    let found = groups::find_each(ctx, &names, is_served, ask, take, why).await;
    let described = names.into_iter().zip(found).map(|(name, found)| {
        let mut group = match found {
            Ok(group) => DescribedGroup {
                authorized_operations: operations::if_asked(
                    request.include_authorized_operations,
                    operations::GROUP,
                ),
                ..group_of(group)
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
    StreamsGroupDescribeResponse {
        groups: described.collect(),
        ..Default::default()
    }
}

fn take(answer: Answer) -> Option<Vec<Result<Described, Missing>>> {
    match answer {
        Answer::Streams(streams::Answer::Described(some)) => Some(some),
        _ => None,
    }
}

fn group_of(group: Described) -> DescribedGroup<'static> {
    let configured = group.configured.as_ref();
    DescribedGroup {
        group_state: group.phase.name().into(),
        group_epoch: group.epoch,
        assignment_epoch: group.target_epoch,
        topology: group.topology.map(|t| topology_of(&t, configured)),
        members: group
            .members
            .into_iter()
            .map(|(member, target)| member_of(member, target))
            .collect(),
        ..Default::default()
    }
}

/// With the numbers of partitions that its internal topics have, if they are there.
fn topology_of(topology: &Topology, configured: Option<&Configured>) -> m::Topology<'static> {
    let subtopologies = topology.subtopologies.values().map(|s| {
        let part = configured.and_then(|c| c.parts.get(&*s.subtopology_id));
        let infos = |infos: &[record::TopicInfo<'static>]| {
            let info = |info: &record::TopicInfo<'static>| {
                let decided = part.and_then(|part| part.internal.get(&*info.name));
                let configs = info.topic_configs.iter().map(|config| m::KeyValue {
                    key: config.key.clone(),
                    value: config.value.clone(),
                });
                m::TopicInfo {
                    name: info.name.clone(),
                    partitions: decided.copied().unwrap_or(info.partitions),
                    replication_factor: info.replication_factor,
                    topic_configs: configs.collect(),
                }
            };
            let mut infos: Vec<_> = infos.iter().map(info).collect();
            infos.sort_by(|a, b| a.name.cmp(&b.name));
            infos
        };
        m::Subtopology {
            subtopology_id: s.subtopology_id.clone(),
            source_topics: sorted(&s.source_topics),
            repartition_sink_topics: sorted(&s.repartition_sink_topics),
            state_changelog_topics: infos(&s.state_changelog_topics),
            repartition_source_topics: infos(&s.repartition_source_topics),
        }
    });
    m::Topology {
        epoch: topology.epoch,
        subtopologies: Some(subtopologies.collect()),
    }
}

fn sorted<T: Ord + Clone>(some: &[T]) -> Vec<T> {
    let mut some = some.to_vec();
    some.sort();
    some
}

fn member_of(member: Member, target: Assignment) -> m::Member<'static> {
    m::Member {
        member_id: member.id.into(),
        member_epoch: member.epoch,
        instance_id: member.instance.map(Into::into),
        rack_id: member.rack.map(Into::into),
        client_id: member.client_id.into(),
        client_host: member.client_host.into(),
        topology_epoch: member.topology_epoch,
        process_id: member.process.into(),
        user_endpoint: member.endpoint.map(|e| m::Endpoint {
            host: e.host.into(),
            port: e.port,
        }),
        client_tags: member
            .tags
            .into_iter()
            .map(|(key, value)| m::KeyValue {
                key: key.into(),
                value: value.into(),
            })
            .collect(),
        assignment: assignment_of(member.has.assignment()),
        target_assignment: assignment_of(target),
        ..Default::default()
    }
}

fn assignment_of(assignment: Assignment) -> m::Assignment<'static> {
    let ids = |tasks: Tasks| {
        let ids = tasks.into_iter().map(|(subtopology, tasks)| m::TaskIds {
            subtopology_id: subtopology.into(),
            partitions: tasks.into_iter().collect(),
        });
        ids.collect()
    };
    m::Assignment {
        active_tasks: ids(assignment.active),
        standby_tasks: ids(assignment.standby),
        warmup_tasks: ids(assignment.warmup),
    }
}
