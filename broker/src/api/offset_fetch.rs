//! OffsetFetch (key 9): what groups have committed.

use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::ids::Uuid;
use ottla_protocol::messages::offset_fetch::{
    OffsetFetchRequest, OffsetFetchRequestGroup, OffsetFetchRequestTopics, OffsetFetchResponse,
    OffsetFetchResponseGroup, OffsetFetchResponsePartition, OffsetFetchResponsePartitions,
    OffsetFetchResponseTopic, OffsetFetchResponseTopics,
};

use super::{Context, RequestMeta};
use crate::coordinator::group::offsets::{Fetch, Fetched, FetchedTopics};
use crate::coordinator::group::{Answer, Command};

/// First version that asks about several groups.
const SEVERAL_GROUPS: i16 = 8;
/// First version that names topics by id.
const BY_ID: i16 = 10;
/// First version that has a place for an error of the whole.
const WITH_ERROR: i16 = 2;

/// Answers an OffsetFetch request.
pub async fn handle(
    ctx: &Context,
    meta: &RequestMeta,
    request: OffsetFetchRequest<'_>,
) -> OffsetFetchResponse<'static> {
    if meta.version >= SEVERAL_GROUPS {
        let mut response = OffsetFetchResponse::default();
        for group in &request.groups {
            let answer = one(ctx, meta, group, request.require_stable).await;
            response.groups.push(answer);
        }
        return response;
    }
    let group = OffsetFetchRequestGroup {
        group_id: request.group_id,
        topics: request.topics.map(|topics| {
            topics
                .into_iter()
                .map(|topic| OffsetFetchRequestTopics {
                    name: topic.name,
                    partition_indexes: topic.partition_indexes,
                    ..Default::default()
                })
                .collect()
        }),
        ..Default::default()
    };
    old(
        meta.version,
        one(ctx, meta, &group, request.require_stable).await,
        &group,
    )
}

async fn one(
    ctx: &Context,
    meta: &RequestMeta,
    group: &OffsetFetchRequestGroup<'_>,
    require_stable: bool,
) -> OffsetFetchResponseGroup<'static> {
    let image = ctx.image();
    let name_of = |topic: &OffsetFetchRequestTopics<'_>| match meta.version {
        BY_ID.. => image
            .topics
            .with_id(topic.topic_id)
            .map(|t| t.name.to_string()),
        _ => Some(topic.name.to_string()),
    };
    // Also where a topic is asked for by name, what was committed to another of that name, deleted since, is not meant.
    let id_of = |topic: &OffsetFetchRequestTopics<'_>| match meta.version {
        BY_ID.. => topic.topic_id,
        _ => image.topics.named(&topic.name).map_or(Uuid::ZERO, |t| t.id),
    };
    let (mut known, mut unknown) = (Vec::new(), Vec::new());
    for topic in group.topics.iter().flatten() {
        match name_of(topic) {
            Some(name) => {
                let id = id_of(topic);
                known.push((name, id, topic.partition_indexes.clone()));
            }
            None => unknown.push(unknown_topic(topic)),
        }
    }
    let fetch = Fetch {
        group: group.group_id.to_string(),
        member: group
            .member_id
            .as_deref()
            .map(|id| (id.to_owned(), group.member_epoch)),
        topics: group.topics.is_some().then_some(known),
        require_stable,
    };
    let answer = ctx
        .coordinators
        .group(&group.group_id, Command::FetchOffsets(fetch))
        .await;
    let (error_code, found) = match answer {
        Ok(Answer::Offsets(Ok(found))) => (ErrorCode::NONE, found),
        Ok(Answer::Offsets(Err(code))) | Err(code) => (code, Vec::new()),
        Ok(other) => (super::unexpected("group coordinator", &other), Vec::new()),
    };
    let mut topics = response_topics(&ctx.image(), meta.version, found);
    if error_code == ErrorCode::NONE {
        topics.append(&mut unknown);
    }
    OffsetFetchResponseGroup {
        group_id: group.group_id.to_string().into(),
        topics,
        error_code,
    }
}

fn response_topics(
    image: &crate::metadata::Image,
    version: i16,
    found: FetchedTopics,
) -> Vec<OffsetFetchResponseTopics<'static>> {
    let id_of = |name: &str, id: Uuid| match (version, id.is_zero()) {
        (..BY_ID, _) => Some(Uuid::ZERO),
        // All topics of a group: those that are no more have no id to be said by.
        (_, true) => image.topics.named(name).map(|topic| topic.id),
        (_, false) => Some(id),
    };
    let each = |(name, id, partitions): (String, Uuid, Vec<Fetched>)| {
        Some(OffsetFetchResponseTopics {
            topic_id: id_of(&name, id)?,
            name: name.into(),
            partitions: partitions.into_iter().map(partition).collect(),
        })
    };
    found.into_iter().filter_map(each).collect()
}

fn partition(f: Fetched) -> OffsetFetchResponsePartitions<'static> {
    OffsetFetchResponsePartitions {
        partition_index: f.partition,
        committed_offset: f.offset,
        committed_leader_epoch: f.leader_epoch,
        metadata: Some(f.metadata.into()),
        error_code: f.error,
    }
}

fn unknown_topic(topic: &OffsetFetchRequestTopics<'_>) -> OffsetFetchResponseTopics<'static> {
    let partitions = topic
        .partition_indexes
        .iter()
        .map(|p| OffsetFetchResponsePartitions {
            partition_index: *p,
            committed_offset: -1,
            committed_leader_epoch: -1,
            metadata: Some("".into()),
            error_code: ErrorCode::UNKNOWN_TOPIC_ID,
        });
    OffsetFetchResponseTopics {
        topic_id: topic.topic_id,
        partitions: partitions.collect(),
        ..Default::default()
    }
}

/// The answer in versions with one group. The first has no place for an error of the whole: it is each partition's.
fn old(
    version: i16,
    group: OffsetFetchResponseGroup<'static>,
    asked: &OffsetFetchRequestGroup<'_>,
) -> OffsetFetchResponse<'static> {
    let mut topics: Vec<OffsetFetchResponseTopic<'static>> = group
        .topics
        .into_iter()
        .map(|topic| OffsetFetchResponseTopic {
            name: topic.name,
            partitions: topic.partitions.into_iter().map(old_partition).collect(),
        })
        .collect();
    if version < WITH_ERROR && group.error_code != ErrorCode::NONE {
        topics = failed(asked, group.error_code);
    }
    OffsetFetchResponse {
        topics,
        error_code: group.error_code,
        ..Default::default()
    }
}

fn old_partition(
    p: OffsetFetchResponsePartitions<'static>,
) -> OffsetFetchResponsePartition<'static> {
    OffsetFetchResponsePartition {
        partition_index: p.partition_index,
        committed_offset: p.committed_offset,
        committed_leader_epoch: p.committed_leader_epoch,
        metadata: p.metadata,
        error_code: p.error_code,
    }
}

fn failed(
    asked: &OffsetFetchRequestGroup<'_>,
    code: ErrorCode,
) -> Vec<OffsetFetchResponseTopic<'static>> {
    let partition = |partition_index: &i32| OffsetFetchResponsePartition {
        partition_index: *partition_index,
        committed_offset: -1,
        committed_leader_epoch: -1,
        metadata: Some("".into()),
        error_code: code,
    };
    let topics = asked.topics.iter().flatten();
    topics
        .map(|topic| OffsetFetchResponseTopic {
            name: topic.name.to_string().into(),
            partitions: topic.partition_indexes.iter().map(partition).collect(),
        })
        .collect()
}
