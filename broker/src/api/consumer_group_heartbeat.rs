//! ConsumerGroupHeartbeat (key 68): a member of a consumer group joins, reports, or leaves (KIP-848).

use std::borrow::Cow;

use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::messages::consumer_group_heartbeat::{
    Assignment, ConsumerGroupHeartbeatRequest, ConsumerGroupHeartbeatResponse, TopicPartitions,
};

use super::groups::owned;
use super::{Context, RequestMeta};
use crate::coordinator::group::assignor::Partitions;
use crate::coordinator::group::{Answer, Command, consumer};
use crate::metadata::Image;

/// The feature that these groups are.
const FEATURE: &str = "group.version";

/// Answers a ConsumerGroupHeartbeat request.
pub async fn handle(
    ctx: &Context,
    meta: &RequestMeta,
    request: ConsumerGroupHeartbeatRequest<'_>,
) -> ConsumerGroupHeartbeatResponse<'static> {
    if !are_served(&ctx.image()) {
        return failed(ErrorCode::UNSUPPORTED_VERSION);
    }
    let heartbeat = consumer::Heartbeat {
        version: meta.version,
        group: request.group_id.to_string(),
        member: request.member_id.to_string(),
        epoch: request.member_epoch,
        instance: owned(&request.instance_id),
        rack: owned(&request.rack_id),
        rebalance_timeout_ms: request.rebalance_timeout_ms,
        topics: request.subscribed_topic_names.as_deref().map(texts),
        regex: owned(&request.subscribed_topic_regex),
        assignor: owned(&request.server_assignor),
        owned: request.topic_partitions.as_deref().map(partitions),
        client_id: meta.client_id.to_string(),
        client_host: format!("/{}", meta.conn.peer.ip()),
    };
    let command = Command::Consumer(consumer::Command::Heartbeat(Box::new(heartbeat)));
    match ctx.coordinators.group(&request.group_id, command).await {
        Ok(Answer::Consumer(consumer::Answer::Beat(Ok(beat)))) => response(beat),
        Ok(Answer::Consumer(consumer::Answer::Beat(Err(refusal)))) => {
            ConsumerGroupHeartbeatResponse {
                error_message: Some(refusal.message.into()),
                ..failed(refusal.code)
            }
        }
        Ok(other) => failed(super::unexpected("group coordinator", &other)),
        Err(code) => failed(code),
    }
}

/// Are consumer groups switched on?
pub(super) fn are_served(image: &Image) -> bool {
    image.features.get(FEATURE).is_some_and(|level| *level > 0)
        && image.broker_config.groups.has("consumer")
}

fn failed(error_code: ErrorCode) -> ConsumerGroupHeartbeatResponse<'static> {
    ConsumerGroupHeartbeatResponse {
        error_code,
        ..Default::default()
    }
}

fn response(beat: consumer::Beat) -> ConsumerGroupHeartbeatResponse<'static> {
    let topic = |(topic_id, partitions): (_, std::collections::BTreeSet<i32>)| TopicPartitions {
        topic_id,
        partitions: partitions.into_iter().collect(),
    };
    ConsumerGroupHeartbeatResponse {
        member_id: Some(beat.member.into()),
        member_epoch: beat.epoch,
        heartbeat_interval_ms: beat.interval_ms,
        assignment: beat.assignment.map(|partitions| Assignment {
            topic_partitions: partitions.into_iter().map(topic).collect(),
        }),
        ..Default::default()
    }
}

fn texts(texts: &[Cow<'_, str>]) -> Vec<String> {
    texts.iter().map(|text| text.to_string()).collect()
}

fn partitions(topics: &[TopicPartitions]) -> Partitions {
    let mut all = Partitions::new();
    for topic in topics {
        all.entry(topic.topic_id)
            .or_default()
            .extend(&topic.partitions);
    }
    all
}
