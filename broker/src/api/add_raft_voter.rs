//! AddRaftVoter (key 80): another node in the controller's group (KIP-853).

use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::ids::NodeId;
use ottla_protocol::messages::add_raft_voter::{AddRaftVoterRequest, AddRaftVoterResponse};

use super::{Context, RequestMeta};
use crate::controller::Refusal;
use crate::metadata::Image;

/// Answers an AddRaftVoter request. The group is this node's alone in this version.
pub async fn handle(
    ctx: &Context,
    _meta: &RequestMeta,
    request: AddRaftVoterRequest<'_>,
) -> AddRaftVoterResponse<'static> {
    let refusal = refuse(&ctx.image(), &request);
    AddRaftVoterResponse {
        error_code: refusal.code,
        error_message: Some(refusal.message.into()),
        ..Default::default()
    }
}

fn refuse(image: &Image, request: &AddRaftVoterRequest<'_>) -> Refusal {
    if let Err(refusal) = this_cluster(image, request.cluster_id.as_deref()) {
        return refusal;
    }
    let id = request.voter_id;
    if image.brokers.contains_key(&NodeId(id)) {
        return Refusal::new(
            ErrorCode::DUPLICATE_VOTER,
            format!("The voter id {id} is already part of the set of voters."),
        );
    }
    Refusal::new(
        ErrorCode::INVALID_REQUEST,
        "This version of Ottla runs on one node: voters cannot be added.",
    )
}

/// A request that names a cluster must name this one.
pub(super) fn this_cluster(image: &Image, given: Option<&str>) -> Result<(), Refusal> {
    match given {
        Some(id) if id != image.cluster_id => {
            let text = format!(
                "The given id {id:?} doesn't match the cluster id {:?}",
                image.cluster_id
            );
            Err(Refusal::new(ErrorCode::INCONSISTENT_CLUSTER_ID, text))
        }
        _ => Ok(()),
    }
}
