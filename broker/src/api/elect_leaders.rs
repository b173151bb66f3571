//! ElectLeaders (key 43): giving partitions back to their preferred leader, or, unclean, to any replica.

use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::ids::NodeId;
use ottla_protocol::messages::elect_leaders::{
    ElectLeadersRequest, ElectLeadersResponse, PartitionResult, ReplicaElectionResult,
};

use super::{Context, RequestMeta};
use crate::metadata::{Image, PartitionState};

const PREFERRED: i8 = 0;
const UNCLEAN: i8 = 1;

/// Answers an ElectLeaders request. A Raft group elects its leader itself, so the answer says how it stands: the wanted
/// leader leads (84), or cannot be had now (80, 83).
pub async fn handle(
    ctx: &Context,
    _meta: &RequestMeta,
    request: ElectLeadersRequest<'_>,
) -> ElectLeadersResponse<'static> {
    answer(&ctx.image(), &request)
}

fn answer(image: &Image, request: &ElectLeadersRequest<'_>) -> ElectLeadersResponse<'static> {
    if ![PREFERRED, UNCLEAN].contains(&request.election_type) {
        return ElectLeadersResponse {
            error_code: ErrorCode::INVALID_REQUEST,
            ..Default::default()
        };
    }
    let results = match &request.topic_partitions {
        Some(topics) => topics
            .iter()
            .map(|topic| {
                let results = topic
                    .partitions
                    .iter()
                    .map(|n| one(image, request.election_type, &topic.topic, *n));
                named(&topic.topic, results.collect())
            })
            .collect(),
        None => everywhere(image, request.election_type),
    };
    ElectLeadersResponse {
        replica_election_results: results,
        ..Default::default()
    }
}

/// When all partitions are meant, those where there was nothing to do are not mentioned.
fn everywhere(image: &Image, election: i8) -> Vec<ReplicaElectionResult<'static>> {
    let results = image.topics.iter().map(|topic| {
        let all = (0..topic.partitions.len() as i32).map(|n| one(image, election, &topic.name, n));
        named(
            &topic.name,
            all.filter(|result| result.error_code != ErrorCode::ELECTION_NOT_NEEDED)
                .collect(),
        )
    });
    results.collect()
}

fn named(
    topic: &str,
    partition_result: Vec<PartitionResult<'static>>,
) -> ReplicaElectionResult<'static> {
    ReplicaElectionResult {
        topic: topic.to_string().into(),
        partition_result,
    }
}

fn one(image: &Image, election: i8, topic: &str, partition: i32) -> PartitionResult<'static> {
    let (error_code, text) = match image
        .topics
        .named(topic)
        .map(|found| found.partition(partition))
    {
        None => (
            ErrorCode::UNKNOWN_TOPIC_OR_PARTITION,
            format!("No such topic as {topic}"),
        ),
        Some(None) => (
            ErrorCode::UNKNOWN_TOPIC_OR_PARTITION,
            format!("No such partition as {topic}-{partition}"),
        ),
        Some(Some(state)) => standing(election, state),
    };
    PartitionResult {
        partition_id: partition,
        error_code,
        error_message: Some(text.into()),
    }
}

fn standing(election: i8, state: &PartitionState) -> (ErrorCode, String) {
    let led = state.leader != NodeId::NONE;
    if led && (election == UNCLEAN || state.replicas.first() == Some(&state.leader)) {
        return (
            ErrorCode::ELECTION_NOT_NEEDED,
            "Leader election not needed for topic partition.".to_string(),
        );
    }
    match election {
        UNCLEAN => (
            ErrorCode::ELIGIBLE_LEADERS_NOT_AVAILABLE,
            "No replica can lead now.".to_string(),
        ),
        _ => (
            ErrorCode::PREFERRED_LEADER_NOT_AVAILABLE,
            "The preferred leader cannot lead now.".to_string(),
        ),
    }
}
