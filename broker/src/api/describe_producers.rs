//! DescribeProducers (key 61): the idempotent producers that a partition remembers (KIP-664).

use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::ids::PartitionId;
use ottla_protocol::messages::describe_producers::{
    DescribeProducersRequest, DescribeProducersResponse, PartitionResponse, ProducerState,
    TopicResponse,
};

use super::{Close, Context, RequestMeta};
use crate::partition::calls::{ActiveProducer, Answer, Call};

/// Answers a DescribeProducers request.
pub async fn handle(
    ctx: &Context,
    _meta: &RequestMeta,
    request: DescribeProducersRequest<'_>,
) -> Result<DescribeProducersResponse<'static>, Close> {
    let image = ctx.image();
    let mut questions = Vec::new();
    for t in &request.topics {
        let topic = image.topics.named(&t.name);
        for p in &t.partition_indexes {
            let known = topic.filter(|topic| topic.partition(*p).is_some());
            questions.push(
                known
                    .ok_or(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION)
                    .map(|topic| {
                        let id = PartitionId {
                            topic: topic.id,
                            partition: *p,
                        };
                        (id, id)
                    }),
            );
        }
    }
    let take = |answer| {
        if let Answer::Producers(found) = answer {
            Some(found)
        } else {
            None
        }
    };
    let mut found = ctx
        .router
        .scatter(questions, Call::Producers, take, Err)
        .await?
        .into_iter();
    let topics = request.topics.iter().map(|t| TopicResponse {
        name: t.name.clone().into_owned().into(),
        partitions: t
            .partition_indexes
            .iter()
            .zip(found.by_ref())
            .map(|(p, f)| answer(*p, f))
            .collect(),
    });
    Ok(DescribeProducersResponse {
        topics: topics.collect(),
        ..Default::default()
    })
}

fn answer(
    partition_index: i32,
    found: Result<Vec<ActiveProducer>, ErrorCode>,
) -> PartitionResponse<'static> {
    let (error_code, producers) =
        found.map_or_else(|code| (code, Vec::new()), |list| (ErrorCode::NONE, list));
    let active_producers = producers.into_iter().map(|p| ProducerState {
        producer_id: p.producer_id,
        producer_epoch: i32::from(p.epoch),
        last_sequence: p.last_sequence,
        last_timestamp: p.last_timestamp,
        coordinator_epoch: p.coordinator_epoch,
        current_txn_start_offset: p.txn_start,
    });
    PartitionResponse {
        partition_index,
        error_code,
        active_producers: active_producers.collect(),
        ..Default::default()
    }
}
