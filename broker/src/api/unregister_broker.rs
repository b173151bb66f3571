//! UnregisterBroker (key 64): a node that will not come back.

use ottla_protocol::ids::NodeId;
use ottla_protocol::messages::unregister_broker::{
    UnregisterBrokerRequest, UnregisterBrokerResponse,
};

use super::{Context, RequestMeta};
use crate::controller::Command;

/// Answers an UnregisterBroker request.
pub async fn handle(
    ctx: &Context,
    _meta: &RequestMeta,
    request: UnregisterBrokerRequest,
) -> UnregisterBrokerResponse<'static> {
    let outcome = ctx
        .controller(Command::UnregisterBroker(NodeId(request.broker_id)))
        .await;
    let result = super::items(outcome, 1)
        .into_iter()
        .next()
        .unwrap_or(Ok(()));
    let (error_code, error_message) = super::code_and_text(result);
    UnregisterBrokerResponse {
        error_code,
        error_message,
        ..Default::default()
    }
}
