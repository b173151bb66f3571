//! InitProducerId (key 22): a producer begins. Without a transactional id it gets a fresh producer id; with one it is what the
//! id's coordinator says, and whoever came before it is fenced.

use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::messages::init_producer_id::{InitProducerIdRequest, InitProducerIdResponse};

use super::{Context, RequestMeta};
use crate::coordinator::Producer;
use crate::coordinator::txn::init::Init;
use crate::coordinator::txn::{Answer, Command, PATIENCE};

/// The first version whose clients know 90 PRODUCER_FENCED.
const FENCED_SINCE: i16 = 4;

/// Answers an InitProducerId request.
pub async fn handle(
    ctx: &Context,
    meta: &RequestMeta,
    request: InitProducerIdRequest<'_>,
) -> InitProducerIdResponse {
    let begun = match (&request.transactional_id, was(&request)) {
        (_, Err(code)) => Err(code),
        (None, Ok(_)) => {
            let id = ctx.coordinators.producer_ids.next().await;
            id.map(|id| Producer { id, epoch: 0 })
        }
        (Some(id), Ok(was)) => begin(ctx, id, &request, was).await,
    };
    match begun {
        Ok(producer) => InitProducerIdResponse {
            producer_id: producer.id,
            producer_epoch: producer.epoch,
            ..Default::default()
        },
        Err(code) => InitProducerIdResponse {
            error_code: super::fenced_since(FENCED_SINCE, meta.version, code),
            producer_id: -1,
            producer_epoch: -1,
            ..Default::default()
        },
    }
}

/// Who the producer says that it was; both fields or none.
fn was(request: &InitProducerIdRequest<'_>) -> Result<Option<Producer>, ErrorCode> {
    match (request.producer_id, request.producer_epoch) {
        (-1, -1) => Ok(None),
        (-1, _) | (_, -1) => Err(ErrorCode::INVALID_REQUEST),
        (id, epoch) => Ok(Some(Producer { id, epoch })),
    }
}

async fn begin(
    ctx: &Context,
    id: &str,
    request: &InitProducerIdRequest<'_>,
    was: Option<Producer>,
) -> Result<Producer, ErrorCode> {
    let (most, two_phases) = {
        let config = ctx.config();
        (config.transaction_max_timeout_ms, config.two_phase_commit)
    };
    if id.is_empty() {
        return Err(ErrorCode::INVALID_REQUEST);
    }
    if request.enable2_pc && !two_phases {
        return Err(ErrorCode::TRANSACTIONAL_ID_AUTHORIZATION_FAILED);
    }
    if request.keep_prepared_txn {
        return Err(ErrorCode::UNSUPPORTED_VERSION);
    }
    let timeout_ms = match request.enable2_pc {
        true => i32::MAX,
        false if (1..=most).contains(&request.transaction_timeout_ms) => {
            request.transaction_timeout_ms
        }
        false => return Err(ErrorCode::INVALID_TRANSACTION_TIMEOUT),
    };
    let init = Init {
        id: id.to_owned(),
        timeout_ms,
        was,
        patience: PATIENCE,
    };
    match ctx
        .coordinators
        .transaction(id, Command::Init(init))
        .await?
    {
        Answer::Producer(begun) => begun,
        other => Err(super::unexpected("transaction coordinator", &other)),
    }
}
