//! DescribeTopicPartitions (key 75): topics and who leads their partitions, a page at a time (KIP-966).

use std::collections::BTreeSet;

use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::ids::NodeId;
use ottla_protocol::messages::describe_topic_partitions::{
    Cursor, DescribeTopicPartitionsRequest, DescribeTopicPartitionsResponse,
    DescribeTopicPartitionsResponsePartition, DescribeTopicPartitionsResponseTopic,
};

use super::{Context, RequestMeta, operations};
use crate::metadata::{Image, PartitionState, Topic, check_topic_name, is_internal};

/// Answers a DescribeTopicPartitions request.
pub async fn handle(
    ctx: &Context,
    _meta: &RequestMeta,
    request: DescribeTopicPartitionsRequest<'_>,
) -> DescribeTopicPartitionsResponse<'static> {
    answer(&ctx.image(), &request)
}

/// Topics come in name order, from the cursor on; those that are not there come too. A page has at least one partition,
/// so that a client that asks on always gets further.
fn answer(
    image: &Image,
    request: &DescribeTopicPartitionsRequest<'_>,
) -> DescribeTopicPartitionsResponse<'static> {
    let cursor = request.cursor.as_ref();
    let from = cursor.map_or("", |cursor| &cursor.topic_name);
    let asked: BTreeSet<&str> = request.topics.iter().map(|topic| &*topic.name).collect();
    let outside = cursor.is_some_and(|cursor| {
        cursor.partition_index < 0 || !(asked.is_empty() || asked.contains(&*cursor.topic_name))
    });
    if outside {
        return refused(request);
    }
    let most = image.broker_config.max_partitions_per_page;
    let mut page = Page {
        room: request.response_partition_limit.clamp(1, most.max(1)) as usize,
        ..Page::default()
    };
    let start = |name: &str| match cursor {
        Some(cursor) if cursor.topic_name == name => cursor.partition_index as usize,
        _ => 0,
    };
    if asked.is_empty() {
        for topic in image.topics.from_name(from) {
            if !page.add(topic, start(&topic.name)) {
                break;
            }
        }
    } else {
        for name in asked.range(from..) {
            let more = match image.topics.named(name) {
                Some(topic) => page.add(topic, start(name)),
                None => page.add_missing(name),
            };
            if !more {
                break;
            }
        }
    }
    DescribeTopicPartitionsResponse {
        topics: page.topics,
        next_cursor: page.next,
        ..Default::default()
    }
}

/// Kafka's answer to a cursor that points nowhere: error 42 for each topic.
fn refused(
    request: &DescribeTopicPartitionsRequest<'_>,
) -> DescribeTopicPartitionsResponse<'static> {
    let topics = request
        .topics
        .iter()
        .map(|topic| DescribeTopicPartitionsResponseTopic {
            error_code: ErrorCode::INVALID_REQUEST,
            name: Some(topic.name.to_string().into()),
            ..Default::default()
        });
    DescribeTopicPartitionsResponse {
        topics: topics.collect(),
        ..Default::default()
    }
}

#[derive(Default)]
struct Page {
    /// Partitions that still fit.
    room: usize,
    topics: Vec<DescribeTopicPartitionsResponseTopic<'static>>,
    next: Option<Cursor<'static>>,
}

impl Page {
    /// Adds a topic's partitions from this number on; false if the page is full, with the place to go on from noted.
    fn add(&mut self, topic: &Topic, start: usize) -> bool {
        if self.room == 0 {
            self.next = Some(cursor(&topic.name, start));
            return false;
        }
        let rest = topic.partitions.iter().zip(0..).skip(start);
        let shown: Vec<_> = rest
            .take(self.room)
            .map(|(state, number)| partition(state, number))
            .collect();
        self.room -= shown.len();
        let end = start.min(topic.partitions.len()) + shown.len();
        self.topics.push(DescribeTopicPartitionsResponseTopic {
            error_code: ErrorCode::NONE,
            name: Some(topic.name.to_string().into()),
            topic_id: topic.id,
            is_internal: topic.internal,
            partitions: shown,
            topic_authorized_operations: operations::TOPIC,
        });
        if end < topic.partitions.len() {
            self.next = Some(cursor(&topic.name, end));
            return false;
        }
        true
    }

    fn add_missing(&mut self, name: &str) -> bool {
        if self.room == 0 {
            self.next = Some(cursor(name, 0));
            return false;
        }
        let error_code = match check_topic_name(name) {
            Ok(()) => ErrorCode::UNKNOWN_TOPIC_OR_PARTITION,
            Err(_) => ErrorCode::INVALID_TOPIC_EXCEPTION,
        };
        self.topics.push(DescribeTopicPartitionsResponseTopic {
            error_code,
            name: Some(name.to_string().into()),
            is_internal: is_internal(name),
            topic_authorized_operations: operations::TOPIC,
            ..Default::default()
        });
        true
    }
}

fn cursor(name: &str, partition: usize) -> Cursor<'static> {
    Cursor {
        topic_name: name.to_string().into(),
        partition_index: i32::try_from(partition).unwrap_or(i32::MAX),
    }
}

fn partition(state: &PartitionState, number: i32) -> DescribeTopicPartitionsResponsePartition {
    let nodes = |nodes: &[NodeId]| nodes.iter().map(|node| node.0).collect::<Vec<_>>();
    let error_code = match state.leader {
        NodeId::NONE => ErrorCode::LEADER_NOT_AVAILABLE,
        _ => ErrorCode::NONE,
    };
    DescribeTopicPartitionsResponsePartition {
        error_code,
        partition_index: number,
        leader_id: state.leader.0,
        leader_epoch: state.leader_epoch,
        replica_nodes: nodes(&state.replicas),
        isr_nodes: nodes(&state.isr),
        eligible_leader_replicas: Some(Vec::new()),
        last_known_elr: Some(Vec::new()),
        offline_replicas: Vec::new(),
    }
}

#[cfg(test)]
mod tests;
