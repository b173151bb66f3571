//! AlterPartitionReassignments (key 45): other replicas for partitions.

use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::ids::NodeId;
use ottla_protocol::messages::alter_partition_reassignments::{
    AlterPartitionReassignmentsRequest, AlterPartitionReassignmentsResponse, ReassignablePartition,
    ReassignablePartitionResponse, ReassignableTopicResponse,
};

use super::{Context, RequestMeta};
use crate::controller::Refusal;
use crate::metadata::{Image, PartitionState};

/// Answers an AlterPartitionReassignments request. A partition that has the replicas asked for already is done; replicas
/// elsewhere cannot be had before there are other nodes.
pub async fn handle(
    ctx: &Context,
    _meta: &RequestMeta,
    request: AlterPartitionReassignmentsRequest<'_>,
) -> AlterPartitionReassignmentsResponse<'static> {
    answer(&ctx.image(), &request)
}

fn answer(
    image: &Image,
    request: &AlterPartitionReassignmentsRequest<'_>,
) -> AlterPartitionReassignmentsResponse<'static> {
    let responses = request.topics.iter().map(|topic| {
        let partitions = topic.partitions.iter().map(|asked| {
            let (error_code, text) = match one(image, &topic.name, asked) {
                Ok(()) => (ErrorCode::NONE, None),
                Err(refusal) => (
                    refusal.code,
                    Some(refusal.message).filter(|text| !text.is_empty()),
                ),
            };
            let error_message = text.map(Into::into);
            ReassignablePartitionResponse {
                partition_index: asked.partition_index,
                error_code,
                error_message,
            }
        });
        ReassignableTopicResponse {
            name: topic.name.to_string().into(),
            partitions: partitions.collect(),
        }
    });
    AlterPartitionReassignmentsResponse {
        allow_replication_factor_change: request.allow_replication_factor_change,
        error_message: None,
        responses: responses.collect(),
        ..Default::default()
    }
}

fn one(image: &Image, topic: &str, asked: &ReassignablePartition) -> Result<(), Refusal> {
    let unknown = |text| Refusal::new(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION, text);
    let number = asked.partition_index;
    let found = image
        .topics
        .named(topic)
        .ok_or_else(|| unknown(format!("Unable to find a topic named {topic}.")))?;
    let state = found
        .partition(number)
        .ok_or_else(|| unknown(format!("Unable to find partition {topic}:{number}.")))?;
    match &asked.replicas {
        None => Err(Refusal::new(ErrorCode::NO_REASSIGNMENT_IN_PROGRESS, "")),
        Some(replicas) => wanted(image, state, replicas),
    }
}

fn wanted(image: &Image, state: &PartitionState, replicas: &[i32]) -> Result<(), Refusal> {
    let refuse = |text: String| Err(Refusal::new(ErrorCode::INVALID_REPLICA_ASSIGNMENT, text));
    let mut sorted = replicas.to_vec();
    sorted.sort_unstable();
    if let Some(pair) = sorted.windows(2).find(|pair| pair[0] == pair[1]) {
        return refuse(format!(
            "The manual partition assignment includes the broker {} more than once.",
            pair[0]
        ));
    }
    if let Some(id) = sorted
        .iter()
        .find(|id| !image.brokers.contains_key(&NodeId(**id)))
    {
        let text = format!(
            "The manual partition assignment includes broker {id}, but no such broker is registered."
        );
        return refuse(text);
    }
    if sorted.is_empty() {
        return refuse(
            "The manual partition assignment includes an empty replica list.".to_string(),
        );
    }
    match state
        .replicas
        .iter()
        .map(|node| node.0)
        .eq(replicas.iter().copied())
    {
        true => Ok(()),
        false => refuse("This version of Ottla cannot move replicas between brokers.".to_string()),
    }
}
