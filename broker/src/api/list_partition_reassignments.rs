//! ListPartitionReassignments (key 46). Replicas stay where they are, so nothing is ever under way.

use ottla_protocol::messages::list_partition_reassignments::{
    ListPartitionReassignmentsRequest, ListPartitionReassignmentsResponse,
};

use super::{Context, RequestMeta};

/// Answers a ListPartitionReassignments request.
pub async fn handle(
    _ctx: &Context,
    _meta: &RequestMeta,
    _request: ListPartitionReassignmentsRequest<'_>,
) -> ListPartitionReassignmentsResponse<'static> {
    ListPartitionReassignmentsResponse {
        error_message: None,
        ..Default::default()
    }
}
