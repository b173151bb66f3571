//! AlterShareGroupOffsets (key 91): lets a share group without members begin elsewhere (KIP-932).

use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::ids::PartitionId;
use ottla_protocol::messages::alter_share_group_offsets::{
    AlterShareGroupOffsetsRequest, AlterShareGroupOffsetsResponse,
    AlterShareGroupOffsetsResponsePartition, AlterShareGroupOffsetsResponseTopic,
};

use super::{Context, RequestMeta, share_state};
use crate::coordinator::group::share::{AlteredTopic, Answer, Command};
use crate::coordinator::share::Refusal;
use crate::share::are_served;

/// Answers an AlterShareGroupOffsets request.
pub async fn handle(
    ctx: &Context,
    _meta: &RequestMeta,
    request: AlterShareGroupOffsetsRequest<'_>,
) -> AlterShareGroupOffsetsResponse<'static> {
    if !are_served(&ctx.image()) {
        return failed(Refusal::plain(ErrorCode::UNSUPPORTED_VERSION));
    }
    let name = request.group_id.to_string();
    if name.is_empty() {
        return failed(Refusal::plain(ErrorCode::INVALID_GROUP_ID));
    }
    let topics = request.topics.iter().map(|t| {
        let each = t
            .partitions
            .iter()
            .map(|p| (p.partition_index, p.start_offset));
        (t.topic_name.to_string(), each.collect())
    });
    let command = Command::Alter {
        group: name.clone(),
        topics: topics.collect(),
    };
    let (epoch, topics) = match share_state::group(ctx, &name, command).await {
        Ok(Answer::Altering(Ok(altering))) => altering,
        Ok(Answer::Altering(Err(refusal))) => {
            return failed(Refusal {
                code: refusal.code,
                message: refusal.message,
            });
        }
        Ok(other) => {
            return failed(Refusal::plain(super::unexpected(
                "group coordinator",
                &other,
            )));
        }
        Err(code) => return failed(Refusal::plain(code)),
    };
    let wanted = topics.iter().flat_map(|topic| {
        let id = |partition| topic.id.map(|topic| PartitionId { topic, partition });
        let each = topic.partitions.iter();
        each.filter_map(move |(p, offset)| Some((id(*p)?, (*offset)?)))
    });
    let wanted: Vec<(PartitionId, i64)> = wanted.collect();
    let refusals = match wanted.is_empty() {
        true => Vec::new(),
        false => share_state::initialize(ctx, &name, epoch, wanted).await,
    };
    let responses = topics.into_iter().map(|topic| answer(topic, &refusals));
    AlterShareGroupOffsetsResponse {
        responses: responses.collect(),
        ..Default::default()
    }
}

fn failed(refusal: Refusal) -> AlterShareGroupOffsetsResponse<'static> {
    AlterShareGroupOffsetsResponse {
        error_code: refusal.code,
        error_message: Some(refusal.message.into()),
        ..Default::default()
    }
}

fn answer(
    topic: AlteredTopic,
    refusals: &[(PartitionId, Refusal)],
) -> AlterShareGroupOffsetsResponseTopic<'static> {
    let topic_id = topic.id.unwrap_or_default();
    let partitions = topic.partitions.into_iter().map(|(partition, offset)| {
        let id = PartitionId {
            topic: topic_id,
            partition,
        };
        let unknown = Refusal::plain(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION);
        let refused = refusals.iter().find(|(of, _)| *of == id);
        let refusal = match offset {
            None => Some(unknown),
            Some(_) => refused.map(|(_, refusal)| refusal.clone()),
        };
        AlterShareGroupOffsetsResponsePartition {
            partition_index: partition,
            error_code: refusal.as_ref().map_or(ErrorCode::NONE, |r| r.code),
            error_message: refusal.map(|r| r.message.into()),
        }
    });
    AlterShareGroupOffsetsResponseTopic {
        topic_name: topic.name.into(),
        topic_id,
        partitions: partitions.collect(),
    }
}
