//! EndTxn (key 26): a transaction is committed or aborted. From version 5 on it raises the producer's epoch, and the answer
//! says who the producer is from now on (KIP-890).

use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::messages::end_txn::{EndTxnRequest, EndTxnResponse};

use super::{Context, RequestMeta};
use crate::coordinator::Producer;
use crate::coordinator::txn::end::End;
use crate::coordinator::txn::{Answer, BUMPS_SINCE, Command, PATIENCE};

/// The first version whose clients know 90 PRODUCER_FENCED.
const FENCED_SINCE: i16 = 2;
/// The first version whose clients work by transaction version 2.
const RAISES_SINCE: i16 = 5;

/// Answers an EndTxn request.
pub async fn handle(
    ctx: &Context,
    meta: &RequestMeta,
    request: EndTxnRequest<'_>,
) -> EndTxnResponse {
    match end(ctx, meta, &request).await {
        Ok(producer) => EndTxnResponse {
            producer_id: producer.id,
            producer_epoch: producer.epoch,
            ..Default::default()
        },
        Err(code) => EndTxnResponse {
            error_code: super::fenced_since(FENCED_SINCE, meta.version, code),
            producer_id: -1,
            producer_epoch: -1,
            ..Default::default()
        },
    }
}

async fn end(
    ctx: &Context,
    meta: &RequestMeta,
    request: &EndTxnRequest<'_>,
) -> Result<Producer, ErrorCode> {
    let id: &str = &request.transactional_id;
    if id.is_empty() {
        return Err(ErrorCode::INVALID_REQUEST);
    }
    let end = End {
        id: id.to_owned(),
        producer: Producer {
            id: request.producer_id,
            epoch: request.producer_epoch,
        },
        commit: request.committed,
        version: if meta.version >= RAISES_SINCE {
            BUMPS_SINCE
        } else {
            0
        },
        patience: PATIENCE,
    };
    match ctx.coordinators.transaction(id, Command::End(end)).await? {
        Answer::Producer(ended) => ended,
        other => Err(super::unexpected("transaction coordinator", &other)),
    }
}
