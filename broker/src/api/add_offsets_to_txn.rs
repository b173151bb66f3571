//! AddOffsetsToTxn (key 25): a group's offsets will be committed in a transaction, so that its partition becomes part of it.

use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::messages::add_offsets_to_txn::{
    AddOffsetsToTxnRequest, AddOffsetsToTxnResponse,
};

use super::{Context, RequestMeta};
use crate::coordinator::Producer;
use crate::coordinator::topics::{Kind, partition_of};
use crate::coordinator::txn::add::Add;
use crate::coordinator::txn::state::Partitions;
use crate::coordinator::txn::{Answer, Command, PATIENCE};

/// The first version whose clients know 90 PRODUCER_FENCED.
const FENCED_SINCE: i16 = 2;

/// Answers an AddOffsetsToTxn request.
pub async fn handle(
    ctx: &Context,
    meta: &RequestMeta,
    request: AddOffsetsToTxnRequest<'_>,
) -> AddOffsetsToTxnResponse {
    let code = add(ctx, &request).await.err().unwrap_or_default();
    AddOffsetsToTxnResponse {
        error_code: super::fenced_since(FENCED_SINCE, meta.version, code),
        ..Default::default()
    }
}

async fn add(ctx: &Context, request: &AddOffsetsToTxnRequest<'_>) -> Result<(), ErrorCode> {
    let id: &str = &request.transactional_id;
    if id.is_empty() {
        return Err(ErrorCode::INVALID_REQUEST);
    }
    let groups = ctx.coordinators.topic(Kind::Group).await?;
    let partition = partition_of(&request.group_id, groups.partitions.len() as i32);
    let add = Add {
        id: id.to_owned(),
        producer: Producer {
            id: request.producer_id,
            epoch: request.producer_epoch,
        },
        partitions: Partitions::from([(groups.name.to_string(), [partition].into())]),
        // Clients of later transaction versions have no need of this request.
        version: 0,
        patience: PATIENCE,
    };
    match ctx.coordinators.transaction(id, Command::Add(add)).await? {
        Answer::Added(added) => added,
        other => Err(super::unexpected("transaction coordinator", &other)),
    }
}
