//! ListTransactions (key 66): the transactional ids that this node coordinates (KIP-664, KIP-994, KIP-1152).

use std::collections::BTreeSet;

use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::messages::list_transactions::{
    ListTransactionsRequest, ListTransactionsResponse, TransactionState,
};
use regex::{Regex, RegexBuilder};

use super::{Context, RequestMeta};
use crate::coordinator::topics::Kind;
use crate::coordinator::txn::list::{Filter, Listed};
use crate::coordinator::txn::state::State;
use crate::coordinator::txn::{Answer, Command};

/// What a pattern may use of memory when it is compiled, bytes.
const PATTERN_BYTES: usize = 1 << 20;
/// States that Kafka has names for and that are never seen from outside.
const INNER_STATES: [&str; 2] = ["Dead", "PrepareEpochFence"];

/// Answers a ListTransactions request.
pub async fn handle(
    ctx: &Context,
    _meta: &RequestMeta,
    request: ListTransactionsRequest<'_>,
) -> ListTransactionsResponse<'static> {
    let (filter, unknown) = filter(&request);
    let pattern = match pattern(request.transactional_id_pattern.as_deref()) {
        Ok(pattern) => pattern,
        Err(error_code) => return refused(error_code),
    };
    let listed = match list(ctx, &filter).await {
        Ok(listed) => listed,
        Err(error_code) => return refused(error_code),
    };
    let wanted = |txn: &Listed| pattern.as_ref().is_none_or(|p| p.is_match(&txn.id));
    let state = |txn: Listed| TransactionState {
        transactional_id: txn.id.into(),
        producer_id: txn.producer_id,
        transaction_state: txn.state.name().into(),
    };
    ListTransactionsResponse {
        unknown_state_filters: unknown.into_iter().map(Into::into).collect(),
        transaction_states: listed.into_iter().filter(wanted).map(state).collect(),
        ..Default::default()
    }
}

fn refused(error_code: ErrorCode) -> ListTransactionsResponse<'static> {
    ListTransactionsResponse {
        error_code,
        ..Default::default()
    }
}

async fn list(ctx: &Context, filter: &Filter) -> Result<Vec<Listed>, ErrorCode> {
    let image = ctx.image();
    let mut all = Vec::new();
    let Some(topic) = image.topics.named(Kind::Transaction.topic()) else {
        return Ok(all);
    };
    for partition in (0..).take(topic.partitions.len()) {
        let command = Command::List(filter.clone());
        match ctx
            .coordinators
            .transaction_at(topic, partition, command)
            .await?
        {
            Answer::Listed(listed) => all.extend(listed),
            other => return Err(super::unexpected("transaction coordinator", &other)),
        }
    }
    Ok(all)
}

/// What is wanted, and the names of states that there are none of.
fn filter(request: &ListTransactionsRequest<'_>) -> (Filter, Vec<String>) {
    let mut states = BTreeSet::new();
    let mut unknown = Vec::new();
    for name in &request.state_filters {
        match State::ALL.into_iter().find(|state| state.name() == name) {
            Some(state) => drop(states.insert(state)),
            None if INNER_STATES.contains(&&**name) => {}
            None => unknown.push(name.to_string()),
        }
    }
    let filter = Filter {
        states: (!request.state_filters.is_empty()).then_some(states),
        producer_ids: request.producer_id_filters.iter().copied().collect(),
        longer_than_ms: Some(request.duration_filter).filter(|ms| *ms >= 0),
    };
    (filter, unknown)
}

/// The pattern that whole ids have to match.
fn pattern(text: Option<&str>) -> Result<Option<Regex>, ErrorCode> {
    let Some(text) = text.filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    let build = |text: &str| {
        let built = RegexBuilder::new(text).size_limit(PATTERN_BYTES).build();
        built.map_err(|_| ErrorCode::INVALID_REGULAR_EXPRESSION)
    };
    // By itself first, so that it does not end the group that is put around it.
    build(text)?;
    build(&format!(r"\A(?:{text})\z")).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_are_known_by_name() {
        let names = ["Ongoing", "Dead", "Odd"].map(Into::into).to_vec();
        let (wanted, unknown) = filter(&ListTransactionsRequest {
            state_filters: names,
            ..Default::default()
        });
        assert_eq!(wanted.states, Some([State::Ongoing].into()));
        assert_eq!(unknown, ["Odd"]);
        let (wanted, _) = filter(&ListTransactionsRequest::default());
        assert_eq!((wanted.states, wanted.longer_than_ms), (None, None));
    }

    #[test]
    fn patterns_match_whole_ids() {
        let matches = |text: &str, id: &str| pattern(Some(text)).unwrap().unwrap().is_match(id);
        assert!(matches("a|bc", "bc") && !matches("a|bc", "abc"));
        assert!(pattern(Some("")).unwrap().is_none());
        for bad in ["(", "a)|(?:b"] {
            let code = pattern(Some(bad)).unwrap_err();
            assert_eq!(code, ErrorCode::INVALID_REGULAR_EXPRESSION);
        }
    }
}
