//! ListOffsets (key 2): offsets by time, or by Kafka's special values.

use std::collections::BTreeSet;

use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::ids::PartitionId;
use ottla_protocol::messages::list_offsets::{
    ListOffsetsPartitionResponse, ListOffsetsRequest, ListOffsetsResponse, ListOffsetsTopicResponse,
};

use super::{Close, Context, RequestMeta};
use crate::partition::calls::{Answer, Call, ListOffset, Listed};

/// The special timestamps, and the first request version that may name each.
const SPECIAL: [(i64, i16); 6] = [(-1, 0), (-2, 0), (-3, 7), (-4, 8), (-5, 9), (-6, 11)];

/// Answers a ListOffsets request.
pub async fn handle(
    ctx: &Context,
    meta: &RequestMeta,
    request: ListOffsetsRequest<'_>,
) -> Result<ListOffsetsResponse<'static>, Close> {
    let image = ctx.image();
    let mut named = BTreeSet::new();
    let mut twice = BTreeSet::new();
    for t in &request.topics {
        for p in &t.partitions {
            if !named.insert((&t.name, p.partition_index)) {
                twice.insert((&t.name, p.partition_index));
            }
        }
    }
    let mut questions = Vec::new();
    for t in &request.topics {
        for p in &t.partitions {
            let known = image
                .topics
                .named(&t.name)
                .filter(|topic| topic.partition(p.partition_index).is_some());
            questions.push(if twice.contains(&(&t.name, p.partition_index)) {
                Err(ErrorCode::INVALID_REQUEST)
            } else if !is_known_time(p.timestamp, meta.version) {
                Err(ErrorCode::UNSUPPORTED_VERSION)
            } else if let Some(topic) = known {
                let id = PartitionId {
                    topic: topic.id,
                    partition: p.partition_index,
                };
                let question = ListOffset {
                    id,
                    timestamp: p.timestamp,
                    current_leader_epoch: p.current_leader_epoch,
                    committed_only: request.isolation_level == 1,
                };
                Ok((id, question))
            } else {
                Err(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION)
            });
        }
    }
    let take = |answer| {
        if let Answer::ListOffsets(found) = answer {
            Some(found)
        } else {
            None
        }
    };
    let mut found = ctx
        .router
        .scatter(questions, Call::ListOffsets, take, Err)
        .await?
        .into_iter();
    let topics = request.topics.iter().map(|t| {
        let partitions = t
            .partitions
            .iter()
            .zip(found.by_ref())
            .map(|(p, f)| answer(meta.version, p.partition_index, f))
            .collect();
        ListOffsetsTopicResponse {
            name: t.name.clone().into_owned().into(),
            partitions,
        }
    });
    Ok(ListOffsetsResponse {
        topics: topics.collect(),
        ..Default::default()
    })
}

fn is_known_time(timestamp: i64, version: i16) -> bool {
    timestamp >= 0
        || SPECIAL
            .iter()
            .any(|(special, since)| *special == timestamp && version >= *since)
}

fn answer(
    version: i16,
    partition_index: i32,
    found: Result<Listed, ErrorCode>,
) -> ListOffsetsPartitionResponse {
    let none = Listed {
        offset: -1,
        timestamp: -1,
        leader_epoch: -1,
    };
    let (error_code, found) =
        found.map_or_else(|code| (code, none), |found| (ErrorCode::NONE, found));
    ListOffsetsPartitionResponse {
        partition_index,
        error_code,
        timestamp: found.timestamp,
        offset: found.offset,
        // Clients up to version 3 know no epochs.
        leader_epoch: if version >= 4 { found.leader_epoch } else { -1 },
    }
}
