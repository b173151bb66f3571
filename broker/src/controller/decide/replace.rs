//! Replacing all settings of resources (the older AlterConfigs).

use std::collections::BTreeMap;

use ottla_protocol::ErrorCode;

use super::check;
use super::incremental::{current, difference};
use crate::config::Values;
use crate::controller::record::Fact;
use crate::controller::{ConfigReplacement, Outcome, Refusal, State};
use crate::metadata::ConfigResource;

/// One result for each resource; one that is given twice is refused in each place.
pub(super) fn decide(
    state: &State,
    resources: Vec<ConfigReplacement>,
    facts: &mut Vec<Fact>,
) -> Outcome {
    let mut times: BTreeMap<&ConfigResource, usize> = BTreeMap::new();
    for item in &resources {
        *times.entry(&item.resource).or_default() += 1;
    }
    let results = resources.iter().map(|item| {
        if times[&item.resource] > 1 {
            return refuse("Each resource must appear at most once.");
        }
        facts.extend(one(state, item)?);
        Ok(())
    });
    Outcome::Items(results.collect())
}

fn refuse<T>(text: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal::new(ErrorCode::INVALID_REQUEST, text))
}

fn one(state: &State, item: &ConfigReplacement) -> Result<Option<Fact>, Refusal> {
    let mut after = Values::new();
    for (name, value) in &item.configs {
        let Some(value) = value else {
            return refuse(format!("Null value not supported for : {name}"));
        };
        if after.insert(name.clone(), value.clone()).is_some() {
            return refuse("Error due to duplicate config keys");
        }
    }
    if let ConfigResource::BrokerLogger(_) = item.resource {
        return refuse("Unknown resource type 8");
    }
    let before = current(state, &item.resource)?;
    let after = check::values(state, &item.resource, after)?;
    Ok(difference(&item.resource, &before, &after))
}
