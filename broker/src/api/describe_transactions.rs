//! DescribeTransactions (key 65): what becomes of the transactions of these ids (KIP-664).

use std::borrow::Cow;

use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::messages::describe_transactions::{
    DescribeTransactionsRequest, DescribeTransactionsResponse, TopicData, TransactionState,
};

use super::{Context, RequestMeta};
use crate::coordinator::topics::Kind;
use crate::coordinator::txn::list::Description;
use crate::coordinator::txn::{Answer, Command};

/// Answers a DescribeTransactions request.
pub async fn handle(
    ctx: &Context,
    _meta: &RequestMeta,
    request: DescribeTransactionsRequest<'_>,
) -> DescribeTransactionsResponse<'static> {
    let mut transaction_states = Vec::with_capacity(request.transactional_ids.len());
    for id in &request.transactional_ids {
        let described = describe(ctx, id).await;
        transaction_states.push(state(id.to_string(), described));
    }
    DescribeTransactionsResponse {
        transaction_states,
        ..Default::default()
    }
}

async fn describe(ctx: &Context, id: &str) -> Result<Description, ErrorCode> {
    if id.is_empty() {
        return Err(ErrorCode::INVALID_REQUEST);
    }
    if ctx
        .image()
        .topics
        .named(Kind::Transaction.topic())
        .is_none()
    {
        // Looking for an id does not make the topic.
        return Err(ErrorCode::TRANSACTIONAL_ID_NOT_FOUND);
    }
    let command = Command::Describe(id.to_owned());
    match ctx.coordinators.transaction(id, command).await? {
        Answer::Described(described) => described,
        other => Err(super::unexpected("transaction coordinator", &other)),
    }
}

fn state(id: String, described: Result<Description, ErrorCode>) -> TransactionState<'static> {
    let transactional_id = Cow::Owned(id);
    match described {
        Err(error_code) => TransactionState {
            error_code,
            transactional_id,
            ..Default::default()
        },
        Ok(txn) => TransactionState {
            error_code: ErrorCode::NONE,
            transactional_id,
            transaction_state: txn.state.name().into(),
            transaction_timeout_ms: txn.timeout_ms,
            transaction_start_time_ms: txn.start_ms,
            producer_id: txn.producer.id,
            producer_epoch: txn.producer.epoch,
            topics: txn.partitions.into_iter().map(topic).collect(),
        },
    }
}

fn topic((name, numbers): (String, std::collections::BTreeSet<i32>)) -> TopicData<'static> {
    TopicData {
        topic: name.into(),
        partitions: numbers.into_iter().collect(),
    }
}
