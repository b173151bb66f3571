//! DeleteRecords (key 21): advances the first offset of partitions; segments wholly below it are removed later.

use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::ids::PartitionId;
use ottla_protocol::messages::delete_records::{
    DeleteRecordsPartitionResult, DeleteRecordsRequest, DeleteRecordsResponse,
    DeleteRecordsTopicResult,
};

use super::{Close, Context, RequestMeta};
use crate::partition::calls::{Answer, Call};

/// Answers a DeleteRecords request.
pub async fn handle(
    ctx: &Context,
    _meta: &RequestMeta,
    request: DeleteRecordsRequest<'_>,
) -> Result<DeleteRecordsResponse<'static>, Close> {
    let image = ctx.image();
    let mut questions = Vec::new();
    for t in &request.topics {
        for p in &t.partitions {
            questions.push(match image.topics.named(&t.name) {
                None => Err(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION),
                Some(topic) if topic.internal => Err(ErrorCode::INVALID_TOPIC_EXCEPTION),
                // What compaction keeps is not for DeleteRecords to take, unless the topic deletes as well.
                Some(topic) if !topic.config.delete && topic.config.compact => {
                    Err(ErrorCode::POLICY_VIOLATION)
                }
                Some(topic) if topic.partition(p.partition_index).is_none() => {
                    Err(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION)
                }
                Some(topic) => {
                    let id = PartitionId {
                        topic: topic.id,
                        partition: p.partition_index,
                    };
                    Ok((id, (id, p.offset)))
                }
            });
        }
    }
    let take = |answer| {
        if let Answer::DeleteRecords(lows) = answer {
            Some(lows)
        } else {
            None
        }
    };
    let mut lows = ctx
        .router
        .scatter(questions, Call::DeleteRecords, take, Err)
        .await?
        .into_iter();
    let topics = request.topics.iter().map(|t| DeleteRecordsTopicResult {
        name: t.name.clone().into_owned().into(),
        partitions: t
            .partitions
            .iter()
            .zip(lows.by_ref())
            .map(|(p, low)| answer(p.partition_index, low))
            .collect(),
    });
    Ok(DeleteRecordsResponse {
        topics: topics.collect(),
        ..Default::default()
    })
}

fn answer(partition_index: i32, low: Result<i64, ErrorCode>) -> DeleteRecordsPartitionResult {
    let (error_code, low_watermark) =
        low.map_or_else(|code| (code, -1), |low| (ErrorCode::NONE, low));
    DeleteRecordsPartitionResult {
        partition_index,
        low_watermark,
        error_code,
    }
}
