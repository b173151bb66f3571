//! DescribeQuorum (key 55): the controller's own Raft group, under the name that Kafka has for its log.

use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::ids::Uuid;
use ottla_protocol::messages::describe_quorum::{
    DescribeQuorumRequest, DescribeQuorumResponse, Listener, Node, ReplicaState,
    ResponsePartitionData, ResponseTopicData, TopicData,
};

use super::{Context, RequestMeta};
use crate::metadata::Image;

const TOPIC: &str = "__cluster_metadata";

/// Answers a DescribeQuorum request.
pub async fn handle(
    ctx: &Context,
    meta: &RequestMeta,
    request: DescribeQuorumRequest<'_>,
) -> DescribeQuorumResponse<'static> {
    answer(&ctx.image(), meta.version, ctx.now_ms(), &request)
}

fn answer(
    image: &Image,
    version: i16,
    now_ms: i64,
    request: &DescribeQuorumRequest<'_>,
) -> DescribeQuorumResponse<'static> {
    let is_log = |topic: &TopicData<'_>| {
        topic.topic_name == TOPIC && topic.partitions.iter().any(|p| p.partition_index == 0)
    };
    let asked = request.topics.iter().any(is_log);
    let topics = request
        .topics
        .iter()
        .map(|topic| described(image, version, now_ms, topic));
    let nodes = image
        .brokers
        .values()
        .filter(|_| asked && version >= 2)
        .map(|broker| Node {
            node_id: broker.id.0,
            listeners: broker
                .endpoints
                .iter()
                .map(|(name, endpoint)| Listener {
                    name: name.clone().into(),
                    host: endpoint.host.clone().into(),
                    port: endpoint.port,
                })
                .collect(),
        });
    DescribeQuorumResponse {
        error_message: Some("".into()),
        topics: topics.collect(),
        nodes: nodes.collect(),
        ..Default::default()
    }
}

fn described(
    image: &Image,
    version: i16,
    now_ms: i64,
    topic: &TopicData<'_>,
) -> ResponseTopicData<'static> {
    let partitions = topic.partitions.iter().map(|partition| {
        match (&*topic.topic_name, partition.partition_index) {
            (TOPIC, 0) => quorum(image, version, now_ms),
            (_, number) => ResponsePartitionData {
                partition_index: number,
                error_code: ErrorCode::UNKNOWN_TOPIC_OR_PARTITION,
                error_message: Some("This server does not host this topic-partition.".into()),
                ..Default::default()
            },
        }
    });
    ResponseTopicData {
        topic_name: topic.topic_name.to_string().into(),
        partitions: partitions.collect(),
    }
}

fn quorum(image: &Image, version: i16, now_ms: i64) -> ResponsePartitionData<'static> {
    let quorum = &image.quorum;
    // Every change has an entry of its own, so the log is at least that long.
    let committed = quorum
        .committed
        .max(i64::try_from(image.version).unwrap_or(i64::MAX));
    // Times came with version 1.
    let time = if version >= 1 { now_ms } else { -1 };
    let voters = image.brokers.keys().map(|id| ReplicaState {
        replica_id: id.0,
        replica_directory_id: Uuid::ZERO,
        log_end_offset: committed,
        last_fetch_timestamp: time,
        last_caught_up_timestamp: time,
    });
    ResponsePartitionData {
        partition_index: 0,
        error_code: ErrorCode::NONE,
        error_message: Some("".into()),
        leader_id: quorum.leader.0,
        leader_epoch: quorum.epoch,
        high_watermark: committed,
        current_voters: voters.collect(),
        observers: Vec::new(),
    }
}
