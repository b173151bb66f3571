//! Changing some settings of resources and leaving the others as they are.

use std::collections::BTreeMap;

use ottla_protocol::ErrorCode;
use ottla_protocol::ids::NodeId;

use super::check;
use crate::config::key::{Key, Kind};
use crate::config::{Values, keys, value};
use crate::controller::record::{ConfigChanged, Fact};
use crate::controller::state::resource_parts;
use crate::controller::{ConfigChange, ConfigOp, Outcome, Refusal, State};
use crate::metadata::ConfigResource;

/// One result for each resource; one that is given twice is refused in each place.
pub(super) fn decide(state: &State, changes: Vec<ConfigChange>, facts: &mut Vec<Fact>) -> Outcome {
    let mut times: BTreeMap<&ConfigResource, usize> = BTreeMap::new();
    for change in &changes {
        *times.entry(&change.resource).or_default() += 1;
    }
    let results = changes.iter().map(|change| {
        if times[&change.resource] > 1 {
            return refuse(
                ErrorCode::INVALID_REQUEST,
                "Each resource must appear at most once.",
            );
        }
        facts.extend(one(state, change)?);
        Ok(())
    });
    Outcome::Items(results.collect())
}

fn refuse<T>(code: ErrorCode, text: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal::new(code, text))
}

fn one(state: &State, change: &ConfigChange) -> Result<Option<Fact>, Refusal> {
    let mut names: Vec<&str> = change
        .ops
        .iter()
        .map(|(name, _, _)| name.as_str())
        .collect();
    names.sort_unstable();
    if names.windows(2).any(|pair| pair[0] == pair[1]) {
        return refuse(
            ErrorCode::INVALID_REQUEST,
            "Error due to duplicate config keys",
        );
    }
    let nulls = change
        .ops
        .iter()
        .filter(|(_, op, value)| *op != ConfigOp::Delete && value.is_none());
    let nulls: Vec<&str> = nulls.map(|(name, _, _)| name.as_str()).collect();
    if !nulls.is_empty() {
        return refuse(
            ErrorCode::INVALID_REQUEST,
            format!("Null value not supported for : {}", nulls.join(",")),
        );
    }
    if let ConfigResource::BrokerLogger(_) = change.resource {
        check_logger_ops(&change.ops)?;
    }
    let before = current(state, &change.resource)?;
    let mut after = before.clone();
    for (name, op, value) in &change.ops {
        let value = value.as_deref().unwrap_or_default();
        match op {
            ConfigOp::Set => drop(after.insert(name.clone(), value.to_string())),
            ConfigOp::Delete => drop(after.remove(name)),
            ConfigOp::Append | ConfigOp::Subtract => {
                let list = changed_list(state, &change.resource, &before, name, *op, value)?;
                after.insert(name.clone(), list);
            }
        }
    }
    let after = check::values(state, &change.resource, after)?;
    Ok(difference(&change.resource, &before, &after))
}

/// Levels are set or given up; the root's is what all others inherit and stays.
fn check_logger_ops(ops: &[(String, ConfigOp, Option<String>)]) -> Result<(), Refusal> {
    for (name, op, _) in ops {
        let text = match op {
            ConfigOp::Append => {
                "APPEND operation is not allowed for the BROKER_LOGGER resource".to_string()
            }
            ConfigOp::Subtract => {
                "SUBTRACT operation is not allowed for the BROKER_LOGGER resource".to_string()
            }
            ConfigOp::Delete if name == "root" => {
                "Removing the log level of the root logger is not allowed".to_string()
            }
            ConfigOp::Set | ConfigOp::Delete => continue,
        };
        return refuse(ErrorCode::INVALID_REQUEST, text);
    }
    Ok(())
}

/// The settings that a resource has now; refuses one that does not exist.
pub(super) fn current(state: &State, resource: &ConfigResource) -> Result<Values, Refusal> {
    match resource {
        ConfigResource::Topic(name) if name.is_empty() => refuse(
            ErrorCode::INVALID_REQUEST,
            "Default topic resources are not allowed.",
        ),
        ConfigResource::Topic(name) => {
            check::topic_name(name)?;
            match state.topics.named(name) {
                Some(topic) => Ok(topic.overrides.clone()),
                None => {
                    let text = format!("The topic '{name}' does not exist.");
                    refuse(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION, text)
                }
            }
        }
        ConfigResource::Broker(id) | ConfigResource::BrokerLogger(id)
            if !state.brokers.contains_key(id) =>
        {
            refuse(
                ErrorCode::INVALID_REQUEST,
                format!(
                    "Unexpected broker id, expected {}, but received {id}",
                    ids(state)
                ),
            )
        }
        ConfigResource::Group(name) if name.is_empty() => refuse(
            ErrorCode::INVALID_REQUEST,
            "Default group resources are not allowed.",
        ),
        ConfigResource::ClientMetrics(name) if name.is_empty() => refuse(
            ErrorCode::INVALID_REQUEST,
            "Subscription name can't be empty",
        ),
        _ => Ok(state
            .configs
            .get(resource)
            .map(|values| Values::clone(values))
            .unwrap_or_default()),
    }
}

fn ids(state: &State) -> String {
    let ids: Vec<String> = state.brokers.keys().map(NodeId::to_string).collect();
    ids.join(" or ")
}

/// The list in force with items added or taken out.
fn changed_list(
    state: &State,
    resource: &ConfigResource,
    before: &Values,
    name: &str,
    op: ConfigOp,
    value: &str,
) -> Result<String, Refusal> {
    let Some(key) = key(resource, name).filter(|key| key.kind == Kind::List) else {
        let verb = if op == ConfigOp::Append {
            "APPEND to"
        } else {
            "SUBTRACT from"
        };
        return refuse(
            ErrorCode::INVALID_CONFIG,
            format!("Can't {verb} key {name} because its type is not LIST."),
        );
    };
    if op == ConfigOp::Append && value::list(value).next().is_none() {
        return refuse(
            ErrorCode::INVALID_CONFIG,
            format!("Configuration '{name}' values must not be empty."),
        );
    }
    let inherited = inherited(state, resource, key);
    let now = before.get(name).map(String::as_str).unwrap_or(&inherited);
    let mut items: Vec<&str> = value::list(now).collect();
    for item in value::list(value) {
        match op {
            ConfigOp::Append if !items.contains(&item) => items.push(item),
            ConfigOp::Subtract => items.retain(|have| *have != item),
            _ => {}
        }
    }
    Ok(items.join(","))
}

fn key(resource: &ConfigResource, name: &str) -> Option<&'static Key> {
    match resource {
        ConfigResource::Topic(_) => keys::topic(name),
        ConfigResource::BrokerDefault | ConfigResource::Broker(_) => keys::broker(name),
        ConfigResource::Group(_) => keys::group(name),
        ConfigResource::ClientMetrics(_) => keys::client_metrics(name),
        ConfigResource::BrokerLogger(_) => None,
    }
}

/// The value a setting has where the resource says nothing.
fn inherited(state: &State, resource: &ConfigResource, key: &Key) -> String {
    let broker_name = match resource {
        ConfigResource::Topic(_) => keys::topic_synonym(key.name),
        ConfigResource::Broker(_) | ConfigResource::BrokerDefault => Some(key.name),
        _ => None,
    };
    let settings = &state.broker_config.settings;
    let value = broker_name
        .and_then(|name| settings.own(name))
        .or(key.default);
    value.unwrap_or_default().to_string()
}

/// The fact that leads from one set of settings to another, if they differ.
pub(super) fn difference(
    resource: &ConfigResource,
    before: &Values,
    after: &Values,
) -> Option<Fact> {
    let changed = |(name, value): &(&String, &String)| before.get(*name) != Some(*value);
    let set: Values = after
        .iter()
        .filter(changed)
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    let removed: Vec<String> = before
        .keys()
        .filter(|name| !after.contains_key(*name))
        .cloned()
        .collect();
    if set.is_empty() && removed.is_empty() {
        return None;
    }
    let (kind, name) = resource_parts(resource);
    Some(Fact::ConfigChanged(ConfigChanged {
        kind,
        name,
        set,
        removed,
    }))
}
