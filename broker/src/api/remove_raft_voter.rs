//! RemoveRaftVoter (key 81): a node out of the controller's group (KIP-853).

use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::ids::NodeId;
use ottla_protocol::messages::remove_raft_voter::{
    RemoveRaftVoterRequest, RemoveRaftVoterResponse,
};

use super::add_raft_voter::this_cluster;
use super::{Context, RequestMeta};
use crate::controller::Refusal;
use crate::metadata::Image;

/// Answers a RemoveRaftVoter request. The last voter stays.
pub async fn handle(
    ctx: &Context,
    _meta: &RequestMeta,
    request: RemoveRaftVoterRequest<'_>,
) -> RemoveRaftVoterResponse<'static> {
    let refusal = refuse(&ctx.image(), &request);
    RemoveRaftVoterResponse {
        error_code: refusal.code,
        error_message: Some(refusal.message.into()),
        ..Default::default()
    }
}

fn refuse(image: &Image, request: &RemoveRaftVoterRequest<'_>) -> Refusal {
    if let Err(refusal) = this_cluster(image, request.cluster_id.as_deref()) {
        return refusal;
    }
    let id = request.voter_id;
    if !image.brokers.contains_key(&NodeId(id)) {
        return Refusal::new(
            ErrorCode::VOTER_NOT_FOUND,
            format!("Voter {id} is not part of the set of voters."),
        );
    }
    Refusal::new(
        ErrorCode::INVALID_REQUEST,
        "The last voter cannot be removed.",
    )
}
