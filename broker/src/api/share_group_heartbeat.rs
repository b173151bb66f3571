//! ShareGroupHeartbeat (key 76): a member of a share group joins, reports, or leaves (KIP-932).
//!
//! Partitions that the group has not read yet need state with the share coordinator before a member gets them, and assignments are
//! `share.assignment.interval.ms` apart. A member that joins waits for the next, as others who join at that time do; in Kafka it
//! hears of its partitions with its next heartbeat, five seconds later.

use std::time::Duration;

use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::ids::PartitionId;
use ottla_protocol::messages::share_group_heartbeat::{
    Assignment, ShareGroupHeartbeatRequest, ShareGroupHeartbeatResponse, TopicPartitions,
};
use ottla_runtime::time;

use super::groups::owned;
use super::{Context, RequestMeta, share_state};
use crate::coordinator::group::share::{Answer, Beat, Command, Heartbeat, Refusal};
use crate::share::are_served;

/// Answers a ShareGroupHeartbeat request.
pub async fn handle(
    ctx: &Context,
    meta: &RequestMeta,
    request: ShareGroupHeartbeatRequest<'_>,
) -> ShareGroupHeartbeatResponse<'static> {
    if !are_served(&ctx.image()) {
        return failed(ErrorCode::UNSUPPORTED_VERSION);
    }
    let topics = request.subscribed_topic_names.as_ref();
    let heartbeat = Heartbeat {
        group: request.group_id.to_string(),
        member: request.member_id.to_string(),
        epoch: request.member_epoch,
        rack: owned(&request.rack_id),
        topics: topics.map(|topics| topics.iter().map(|t| t.to_string()).collect()),
        client_id: meta.client_id.to_string(),
        client_host: format!("/{}", meta.conn.peer.ip()),
    };
    let mut beat = beat(ctx, &heartbeat).await;
    if let Ok(Ok(heard)) = &mut beat {
        let (epoch, partitions) = std::mem::take(&mut heard.initialize);
        let wanted: Vec<(PartitionId, i64)> = partitions
            .into_iter()
            .flat_map(|(topic, partitions)| {
                let id = move |partition| PartitionId { topic, partition };
                partitions.into_iter().map(move |p| (id(p), -1))
            })
            .collect();
        if !wanted.is_empty() {
            share_state::initialize(ctx, &heartbeat.group, epoch, wanted).await;
        }
        if let Some(ms) = heard.assigns_in_ms {
            // No longer than it would wait by itself.
            let ms = ms.min(heard.interval_ms.into());
            time::sleep(Duration::from_millis(u64::try_from(ms).unwrap_or(0))).await;
            beat = self::beat(ctx, &heartbeat).await;
        }
    }
    match beat {
        Ok(Ok(beat)) => response(beat),
        Ok(Err(refusal)) => ShareGroupHeartbeatResponse {
            error_message: Some(refusal.message.into()),
            ..failed(refusal.code)
        },
        Err(code) => failed(code),
    }
}

async fn beat(ctx: &Context, heartbeat: &Heartbeat) -> Result<Result<Beat, Refusal>, ErrorCode> {
    let command = Command::Heartbeat(heartbeat.clone());
    match share_state::group(ctx, &heartbeat.group, command).await? {
        Answer::Beat(beat) => Ok(beat),
        other => Err(super::unexpected("group coordinator", &other)),
    }
}

fn failed(error_code: ErrorCode) -> ShareGroupHeartbeatResponse<'static> {
    ShareGroupHeartbeatResponse {
        error_code,
        error_message: Some(error_code.message().into()),
        ..Default::default()
    }
}

fn response(beat: Beat) -> ShareGroupHeartbeatResponse<'static> {
    let topic = |(topic_id, partitions): (_, std::collections::BTreeSet<i32>)| TopicPartitions {
        topic_id,
        partitions: partitions.into_iter().collect(),
    };
    ShareGroupHeartbeatResponse {
        member_id: Some(beat.member.into()),
        member_epoch: beat.epoch,
        heartbeat_interval_ms: beat.interval_ms,
        assignment: beat.assignment.map(|partitions| Assignment {
            topic_partitions: partitions.into_iter().map(topic).collect(),
        }),
        ..Default::default()
    }
}
