//! StreamsGroupHeartbeat (key 88): a member of a streams group joins, reports, or leaves (KIP-1071).
//!
//! Internal topics that are missing are made here. A member that joins hears what comes of it at once; in Kafka all hear of it with
//! a later heartbeat.

use std::collections::BTreeSet;

use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::messages::streams_group_heartbeat as m;
use ottla_protocol::messages::streams_group_heartbeat::{
    StreamsGroupHeartbeatRequest, StreamsGroupHeartbeatResponse,
};
use ottla_protocol::records::streams_group_topology as record;

use super::groups::owned;
use super::{Context, RequestMeta};
use crate::controller;
use crate::controller::{NewTopic, Outcome};
use crate::coordinator::group::consumer::Refusal;
use crate::coordinator::group::streams::decide::endpoints::EndpointPartitions;
use crate::coordinator::group::streams::decide::heartbeat::JOINING;
use crate::coordinator::group::streams::member::Endpoint;
use crate::coordinator::group::streams::tasks::Tasks;
use crate::coordinator::group::streams::{self, Beat, Heartbeat, Status};
use crate::coordinator::group::{Answer, Command};
use crate::metadata::{Image, check_topic_name, is_internal};

/// The feature that these groups are.
const FEATURE: &str = "streams.version";
/// So many topics that could not be made are named.
const NAMED: usize = 3;

/// Answers a StreamsGroupHeartbeat request.
pub async fn handle(
    ctx: &Context,
    meta: &RequestMeta,
    request: StreamsGroupHeartbeatRequest<'_>,
) -> StreamsGroupHeartbeatResponse<'static> {
    if !are_served(&ctx.image()) {
        return failed(ErrorCode::UNSUPPORTED_VERSION);
    }
    if let Some(topology) = &request.topology
        && let Err(refusal) = check_names(topology)
    {
        return refused(refusal);
    }
    let heartbeat = heartbeat(meta, request);
    let mut beat = beat(ctx, &heartbeat).await;
    if let Ok(Ok(heard)) = &mut beat
        && !heard.create.is_empty()
    {
        let failures = create(ctx, std::mem::take(&mut heard.create)).await;
        if !failures.is_empty() {
            add_to_status(heard, &failures);
        } else if heartbeat.epoch == JOINING {
            beat = self::beat(ctx, &heartbeat).await;
        }
    }
    match beat {
        Ok(Ok(beat)) => response(beat),
        Ok(Err(refusal)) => refused(refusal),
        Err(code) => failed(code),
    }
}

/// Are streams groups switched on?
pub(super) fn are_served(image: &Image) -> bool {
    image.features.get(FEATURE).is_some_and(|level| *level > 0)
        && image.broker_config.groups.has("streams")
}

async fn beat(ctx: &Context, heartbeat: &Heartbeat) -> Result<Result<Beat, Refusal>, ErrorCode> {
    let command = streams::Command::Heartbeat(Box::new(heartbeat.clone()));
    let answer = ctx
        .coordinators
        .group(&heartbeat.group, Command::Streams(command))
        .await?;
    match answer {
        Answer::Streams(streams::Answer::Beat(beat)) => Ok(beat),
        other => Err(super::unexpected("group coordinator", &other)),
    }
}

/// Makes topics; those that could not be made, and why.
async fn create(ctx: &Context, topics: Vec<NewTopic>) -> Vec<(String, String)> {
    let names: Vec<String> = topics.iter().map(|topic| topic.name.clone()).collect();
    let command = controller::Command::CreateTopics {
        topics,
        validate_only: false,
    };
    match ctx.controller(command).await {
        Outcome::Created(created) => created
            .into_iter()
            .filter_map(|topic| {
                let refusal = topic.result.err()?;
                let exists = refusal.code == ErrorCode::TOPIC_ALREADY_EXISTS;
                (!exists).then_some((topic.name, refusal.message))
            })
            .collect(),
        other => {
            let refusal = super::refusal(other);
            let each = names
                .into_iter()
                .map(|name| (name, refusal.message.clone()));
            each.collect()
        }
    }
}

fn add_to_status(beat: &mut Beat, failures: &[(String, String)]) {
    let named = failures.iter().take(NAMED);
    let named: Vec<String> = named
        .map(|(topic, why)| format!("{topic} ({why})"))
        .collect();
    let mut text = named.join(", ");
    if failures.len() > NAMED {
        text += &format!(" and {} more", failures.len() - NAMED);
    }
    tracing::warn!("internal topics of a streams group cannot be made: {text}");
    let missing = beat.status.iter_mut();
    let missing = missing.filter(|(status, _)| *status == Status::MissingInternalTopics);
    missing.for_each(|(_, detail)| *detail += &format!("; Creation failed: {text}."));
}

/// The topics of a topology must have names that topics may have, and be none of the broker's own.
fn check_names(topology: &m::Topology<'_>) -> Result<(), Refusal> {
    let mut names: BTreeSet<&str> = BTreeSet::new();
    for subtopology in &topology.subtopologies {
        let plain = subtopology.source_topics.iter();
        names.extend(
            plain
                .chain(&subtopology.repartition_sink_topics)
                .map(|t| &**t),
        );
        let internal = subtopology.repartition_source_topics.iter();
        let internal = internal.chain(&subtopology.state_changelog_topics);
        names.extend(internal.map(|info| &*info.name));
    }
    let (own, bad): (Vec<&str>, Vec<&str>) = names
        .into_iter()
        .filter(|name| is_internal(name) || check_topic_name(name).is_err())
        .partition(|name| is_internal(name));
    let message = match (own.is_empty(), bad.is_empty()) {
        (false, _) => format!(
            "Use of Kafka internal topics {} in a Kafka Streams topology is prohibited.",
            own.join(",")
        ),
        (true, false) => format!("Topic names {} are not valid topic names.", bad.join(",")),
        (true, true) => return Ok(()),
    };
    Err(streams::topology::invalid(message))
}

fn heartbeat(meta: &RequestMeta, request: StreamsGroupHeartbeatRequest<'_>) -> Heartbeat {
    Heartbeat {
        group: request.group_id.to_string(),
        member: request.member_id.to_string(),
        epoch: request.member_epoch,
        endpoint_epoch: request.endpoint_information_epoch,
        instance: owned(&request.instance_id),
        rack: owned(&request.rack_id),
        rebalance_timeout_ms: request.rebalance_timeout_ms,
        topology: request.topology.as_ref().map(topology),
        active: request.active_tasks.as_deref().map(tasks),
        standby: request.standby_tasks.as_deref().map(tasks),
        warmup: request.warmup_tasks.as_deref().map(tasks),
        process: owned(&request.process_id),
        endpoint: request.user_endpoint.as_ref().map(|e| Endpoint {
            host: e.host.to_string(),
            port: e.port,
        }),
        tags: request.client_tags.as_ref().map(|tags| {
            let tags = tags.iter();
            tags.map(|tag| (tag.key.to_string(), tag.value.to_string()))
                .collect()
        }),
        has_offsets: request.task_offsets.is_some(),
        has_end_offsets: request.task_end_offsets.is_some(),
        shutdown: request.shutdown_application,
        client_id: meta.client_id.to_string(),
        client_host: format!("/{}", meta.conn.peer.ip()),
    }
}

fn tasks(ids: &[m::TaskIds<'_>]) -> Tasks {
    let mut tasks = Tasks::new();
    for ids in ids.iter().filter(|ids| !ids.partitions.is_empty()) {
        let into = tasks.entry(ids.subtopology_id.to_string()).or_default();
        into.extend(ids.partitions.iter().copied());
    }
    tasks
}

fn topology(topology: &m::Topology<'_>) -> record::StreamsGroupTopologyValue<'static> {
    record::StreamsGroupTopologyValue {
        epoch: topology.epoch,
        subtopologies: topology.subtopologies.iter().map(subtopology).collect(),
    }
}

fn subtopology(s: &m::Subtopology<'_>) -> record::Subtopology<'static> {
    let texts = |texts: &[std::borrow::Cow<'_, str>]| {
        let texts = texts.iter().map(|text| text.to_string().into());
        texts.collect()
    };
    let group = |group: &m::CopartitionGroup| record::CopartitionGroup {
        source_topics: group.source_topics.clone(),
        source_topic_regex: group.source_topic_regex.clone(),
        repartition_source_topics: group.repartition_source_topics.clone(),
    };
    record::Subtopology {
        subtopology_id: s.subtopology_id.to_string().into(),
        source_topics: texts(&s.source_topics),
        source_topic_regex: texts(&s.source_topic_regex),
        state_changelog_topics: s.state_changelog_topics.iter().map(info).collect(),
        repartition_sink_topics: texts(&s.repartition_sink_topics),
        repartition_source_topics: s.repartition_source_topics.iter().map(info).collect(),
        copartition_groups: s.copartition_groups.iter().map(group).collect(),
    }
}

fn info(info: &m::TopicInfo<'_>) -> record::TopicInfo<'static> {
    let config = |config: &m::KeyValue<'_>| record::TopicConfig {
        key: config.key.to_string().into(),
        value: config.value.to_string().into(),
    };
    record::TopicInfo {
        name: info.name.to_string().into(),
        partitions: info.partitions,
        replication_factor: info.replication_factor,
        topic_configs: info.topic_configs.iter().map(config).collect(),
    }
}

fn failed(error_code: ErrorCode) -> StreamsGroupHeartbeatResponse<'static> {
    StreamsGroupHeartbeatResponse {
        error_code,
        ..Default::default()
    }
}

fn refused(refusal: Refusal) -> StreamsGroupHeartbeatResponse<'static> {
    StreamsGroupHeartbeatResponse {
        error_message: Some(refusal.message.into()),
        ..failed(refusal.code)
    }
}

fn response(beat: Beat) -> StreamsGroupHeartbeatResponse<'static> {
    let status = beat.status.into_iter().map(|(status, detail)| m::Status {
        status_code: status.code(),
        status_detail: detail.into(),
    });
    let endpoints = beat.endpoints.map(|all| all.into_iter().map(endpoint));
    let (active, standby, warmup) = match beat.assignment {
        Some(a) => (Some(a.active), Some(a.standby), Some(a.warmup)),
        None => (None, None, None),
    };
    StreamsGroupHeartbeatResponse {
        member_id: beat.member.into(),
        member_epoch: beat.epoch,
        heartbeat_interval_ms: beat.interval_ms,
        status: Some(status.collect()),
        active_tasks: active.map(task_ids),
        standby_tasks: standby.map(task_ids),
        warmup_tasks: warmup.map(task_ids),
        endpoint_information_epoch: beat.endpoint_epoch,
        partitions_by_user_endpoint: endpoints.map(Iterator::collect),
        ..Default::default()
    }
}

fn task_ids(tasks: Tasks) -> Vec<m::TaskIds<'static>> {
    let ids = tasks.into_iter().map(|(subtopology, tasks)| m::TaskIds {
        subtopology_id: subtopology.into(),
        partitions: tasks.into_iter().collect(),
    });
    ids.collect()
}

fn endpoint(of: EndpointPartitions) -> m::EndpointToPartitions<'static> {
    let topics = |topics: Vec<(String, Vec<i32>)>| {
        let topics = topics.into_iter();
        topics
            .map(|(topic, partitions)| m::TopicPartition {
                topic: topic.into(),
                partitions,
            })
            .collect()
    };
    m::EndpointToPartitions {
        user_endpoint: m::Endpoint {
            host: of.endpoint.host.into(),
            port: of.endpoint.port,
        },
        active_partitions: topics(of.active),
        standby_partitions: topics(of.standby),
    }
}
