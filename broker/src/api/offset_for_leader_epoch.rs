//! OffsetForLeaderEpoch (key 23): where the log of a leader epoch ends; consumers find truncation by it (KIP-320).

use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::ids::PartitionId;
use ottla_protocol::messages::offset_for_leader_epoch::{
    EpochEndOffset, OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse,
    OffsetForLeaderTopicResult,
};

use super::{Close, Context, RequestMeta};
use crate::partition::calls::{Answer, Call, EpochEnd};

/// Answers an OffsetForLeaderEpoch request.
pub async fn handle(
    ctx: &Context,
    _meta: &RequestMeta,
    request: OffsetForLeaderEpochRequest<'_>,
) -> Result<OffsetForLeaderEpochResponse<'static>, Close> {
    let image = ctx.image();
    let mut questions = Vec::new();
    for t in &request.topics {
        let topic = image.topics.named(&t.topic);
        for p in &t.partitions {
            let known = topic.filter(|topic| topic.partition(p.partition).is_some());
            questions.push(
                known
                    .ok_or(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION)
                    .map(|topic| {
                        let id = PartitionId {
                            topic: topic.id,
                            partition: p.partition,
                        };
                        let (current_leader_epoch, leader_epoch) =
                            (p.current_leader_epoch, p.leader_epoch);
                        (
                            id,
                            EpochEnd {
                                id,
                                current_leader_epoch,
                                leader_epoch,
                            },
                        )
                    }),
            );
        }
    }
    let take = |answer| {
        if let Answer::EpochEnds(ends) = answer {
            Some(ends)
        } else {
            None
        }
    };
    let mut ends = ctx
        .router
        .scatter(questions, Call::EpochEnds, take, Err)
        .await?
        .into_iter();
    let topics = request.topics.iter().map(|t| OffsetForLeaderTopicResult {
        topic: t.topic.clone().into_owned().into(),
        partitions: t
            .partitions
            .iter()
            .zip(ends.by_ref())
            .map(|(p, end)| answer(p.partition, end))
            .collect(),
    });
    Ok(OffsetForLeaderEpochResponse {
        topics: topics.collect(),
        ..Default::default()
    })
}

fn answer(partition: i32, end: Result<(i32, i64), ErrorCode>) -> EpochEndOffset {
    let (error_code, (leader_epoch, end_offset)) =
        end.map_or_else(|e| (e, (-1, -1)), |end| (ErrorCode::NONE, end));
    EpochEndOffset {
        error_code,
        partition,
        leader_epoch,
        end_offset,
    }
}
