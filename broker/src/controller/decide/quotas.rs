//! Client quotas.

use core::net::IpAddr;
use std::collections::{BTreeMap, BTreeSet};

use ottla_protocol::ErrorCode;

use crate::controller::record::{Fact, QuotaChanged};
use crate::controller::state::entity_parts;
use crate::controller::{Outcome, QuotaChange, Refusal, State};
use crate::metadata::QuotaEntity;

/// One result for each entity; one that is given twice is refused in each place.
pub(super) fn decide(state: &State, changes: Vec<QuotaChange>, facts: &mut Vec<Fact>) -> Outcome {
    let mut times: BTreeMap<&QuotaEntity, usize> = BTreeMap::new();
    for change in &changes {
        *times.entry(&change.entity).or_default() += 1;
    }
    let results = changes.iter().map(|change| {
        if times[&change.entity] > 1 {
            return refuse("Each entity must appear at most once.");
        }
        facts.extend(one(state, change)?);
        Ok(())
    });
    Outcome::Items(results.collect())
}

fn refuse<T>(text: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal::new(ErrorCode::INVALID_REQUEST, text))
}

fn one(state: &State, change: &QuotaChange) -> Result<Option<Fact>, Refusal> {
    check_entity(&change.entity)?;
    let now = state.quotas.get(&change.entity);
    let mut names = BTreeSet::new();
    let mut fact = QuotaChanged {
        entity: entity_parts(&change.entity),
        set: BTreeMap::new(),
        removed: Vec::new(),
    };
    for (name, value) in &change.ops {
        if !names.insert(name) {
            return refuse(format!(
                "Quota {name} must appear at most once for an entity."
            ));
        }
        match value {
            Some(value) => {
                check_value(&change.entity, name, *value)?;
                fact.set.insert(name.clone(), *value);
            }
            None => fact.removed.extend(
                now.filter(|now| now.contains_key(name))
                    .map(|_| name.clone()),
            ),
        }
    }
    let changes = !fact.set.is_empty() || !fact.removed.is_empty();
    Ok(changes.then_some(Fact::QuotaChanged(fact)))
}

fn check_entity(entity: &QuotaEntity) -> Result<(), Refusal> {
    let QuotaEntity {
        user,
        client_id,
        ip,
    } = entity;
    if ip.is_some() && (user.is_some() || client_id.is_some()) {
        return refuse(
            "Invalid quota entity combination: an ip cannot be combined with a user or client-id.",
        );
    }
    for (kind, name) in [("user", user), ("client-id", client_id), ("ip", ip)] {
        if *name == Some(Some(String::new())) {
            return refuse(format!("Empty {kind} not supported"));
        }
    }
    match ip {
        Some(Some(address)) if address.parse::<IpAddr>().is_err() => {
            refuse(format!("{address} is not a valid IP address."))
        }
        None if user.is_none() && client_id.is_none() => {
            refuse("Invalid empty client quota entity")
        }
        _ => Ok(()),
    }
}

fn check_value(entity: &QuotaEntity, name: &str, value: f64) -> Result<(), Refusal> {
    let whole = match (name, entity.ip.is_some()) {
        ("connection_creation_rate", true)
        | ("producer_byte_rate" | "consumer_byte_rate", false) => true,
        ("request_percentage" | "controller_mutation_rate", false) => false,
        _ => return refuse(format!("Invalid configuration key {name}")),
    };
    if value.is_nan() || value <= 0.0 {
        return refuse(format!("Quota {name} must be greater than 0"));
    }
    if whole && value.fract() != 0.0 {
        return refuse(format!("{name} cannot be a fractional value."));
    }
    Ok(())
}
