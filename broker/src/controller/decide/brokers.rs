//! Nodes that come and go.

use std::collections::BTreeMap;

use ottla_protocol::ErrorCode;
use ottla_protocol::ids::NodeId;

use crate::controller::record::{Address, BrokerRegistered, Fact};
use crate::controller::{Outcome, Refusal, State};
use crate::metadata::Endpoint;

/// A node that says what is known already changes nothing.
pub(super) fn register(
    state: &State,
    id: NodeId,
    endpoints: BTreeMap<String, Endpoint>,
    rack: Option<String>,
    facts: &mut Vec<Fact>,
) -> Outcome {
    let known = state.brokers.get(&id);
    if known.is_none_or(|broker| broker.endpoints != endpoints || broker.rack != rack) {
        let addresses = endpoints.into_iter().map(|(name, endpoint)| {
            (
                name,
                Address {
                    host: endpoint.host,
                    port: u32::from(endpoint.port),
                },
            )
        });
        facts.push(Fact::BrokerRegistered(BrokerRegistered {
            id: id.0,
            endpoints: addresses.collect(),
            rack,
        }));
    }
    Outcome::Done
}

/// A node leaves only when it holds nothing: its copies would be lost without a word otherwise.
pub(super) fn unregister(state: &State, id: NodeId, facts: &mut Vec<Fact>) -> Result<(), Refusal> {
    if !state.brokers.contains_key(&id) {
        let text = format!("Broker ID {id} is not currently registered");
        return Err(Refusal::new(ErrorCode::BROKER_ID_NOT_REGISTERED, text));
    }
    let held = state
        .topics
        .partitions()
        .filter(|(_, _, partition)| partition.replicas.contains(&id))
        .count();
    if held > 0 || state.brokers.len() == 1 {
        let text = format!(
            "Broker {id} holds {held} replicas and cannot leave; move them to other brokers first"
        );
        return Err(Refusal::new(ErrorCode::INVALID_REQUEST, text));
    }
    facts.push(Fact::BrokerRemoved(id.0));
    Ok(())
}
