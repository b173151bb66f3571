//! InitProducerId (key 22): a fresh producer id. Ids come from blocks that the controller hands to each shard, so one
//! request in a thousand waits for a commit.

use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::messages::init_producer_id::{InitProducerIdRequest, InitProducerIdResponse};
use ottla_storage::mutants::{Mutant, planted};

use super::{Close, Context, RequestMeta};
use crate::controller::{Command, Outcome};

/// Answers an InitProducerId request.
pub async fn handle(
    ctx: &Context,
    _meta: &RequestMeta,
    request: InitProducerIdRequest<'_>,
) -> Result<InitProducerIdResponse, Close> {
    let refused = |error_code| InitProducerIdResponse {
        error_code,
        producer_id: -1,
        producer_epoch: -1,
        ..Default::default()
    };
    match request.transactional_id.as_deref() {
        Some("") => return Ok(refused(ErrorCode::INVALID_REQUEST)),
        // Transactions come with the coordinators. Until then this is fatal for the client on purpose: a retriable
        // code would have it try for ever.
        Some(_) => return Ok(refused(ErrorCode::UNSUPPORTED_VERSION)),
        None => {}
    }
    loop {
        if let Some(producer_id) = ctx.producer_ids.borrow_mut().next() {
            return Ok(InitProducerIdResponse {
                producer_id,
                producer_epoch: 0,
                ..Default::default()
            });
        }
        match ctx.controller(Command::AllocateProducerIds).await {
            Outcome::ProducerIds(Ok(block)) => {
                let again = planted(Mutant::ProducerIdsAgain) && block.first > 0;
                let shift = if again { i64::from(block.count) } else { 0 };
                *ctx.producer_ids.borrow_mut() =
                    block.first - shift..block.first + i64::from(block.count);
            }
            Outcome::ProducerIds(Err(refusal)) | Outcome::Refused(refusal) => {
                return Ok(refused(refusal.code));
            }
            _ => {
                return Err(Close::internal(
                    "the controller answered something else than producer ids",
                ));
            }
        }
    }
}
