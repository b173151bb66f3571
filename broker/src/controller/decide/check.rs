//! What names and settings must obey, whichever command gives them.

use ottla_protocol::ErrorCode;

use super::group_rules;
use crate::config::key::{Key, Mode};
use crate::config::nearest::nearest;
use crate::config::{TopicConfig, Values, keys, loggers, value};
use crate::controller::{Refusal, State};
use crate::metadata::{ConfigResource, NameFault, check_topic_name};

/// Kafka's words for a name that no topic may have.
pub fn topic_name(name: &str) -> Result<(), Refusal> {
    let fault = match check_topic_name(name) {
        Ok(()) => return Ok(()),
        Err(NameFault::Empty) => "the empty string is not allowed".to_string(),
        Err(NameFault::Dots) => format!("'{name}' is not allowed"),
        Err(NameFault::TooLong) => {
            format!("the length of '{name}' is longer than the max allowed length 249")
        }
        Err(NameFault::Character) => {
            format!(
                "'{name}' contains one or more characters other than ASCII alphanumerics, '.', '_' and '-'"
            )
        }
    };
    Err(Refusal::new(
        ErrorCode::INVALID_TOPIC_EXCEPTION,
        format!("Topic name is invalid: {fault}"),
    ))
}

/// Checks all settings of a resource, as they would stand, and gives them back in canonical form.
pub(super) fn values(
    state: &State,
    resource: &ConfigResource,
    given: Values,
) -> Result<Values, Refusal> {
    match resource {
        ConfigResource::Topic(_) => topic_values(state, given),
        ConfigResource::BrokerDefault => broker_values(given, true),
        ConfigResource::Broker(_) => broker_values(given, false),
        ConfigResource::Group(_) => group_values(state, given),
        ConfigResource::ClientMetrics(_) => client_metrics_values(given),
        ConfigResource::BrokerLogger(_) => logger_values(given),
    }
}

/// Checks a topic's settings, alone and against each other.
pub(super) fn topic_values(state: &State, given: Values) -> Result<Values, Refusal> {
    let mut checked = Values::new();
    for (name, text) in given {
        let Some(key) = keys::topic(&name) else {
            let known = keys::topic::KEYS.iter().map(|key| key.name);
            return Err(invalid(unknown("topic config", &name, known)));
        };
        checked.insert(name, value::check(key, &text).map_err(invalid)?);
    }
    let config = TopicConfig::effective(&checked, &state.broker_config.settings);
    if config.min_compaction_lag_ms > config.max_compaction_lag_ms {
        return Err(invalid(format!(
            "conflict topic config setting min.compaction.lag.ms ({}) > max.compaction.lag.ms ({})",
            config.min_compaction_lag_ms, config.max_compaction_lag_ms
        )));
    }
    if config.remote_storage {
        return Err(invalid(
            "Tiered Storage functionality is disabled in the broker. Topic cannot be configured with remote log storage."
                .to_string(),
        ));
    }
    Ok(checked)
}

/// Checks settings that are to change while brokers run. Kafka calls these mistakes invalid requests.
fn broker_values(given: Values, for_all: bool) -> Result<Values, Refusal> {
    let refuse = |text: String| Refusal::new(ErrorCode::INVALID_REQUEST, text);
    let mut checked = Values::new();
    for (name, text) in given {
        let Some(key) = keys::broker(&name) else {
            let known = keys::brokers().map(|key| key.name);
            return Err(refuse(unknown("broker config", &name, known)));
        };
        dynamic(key, for_all).map_err(refuse)?;
        if keys::is_security(key.name) {
            return Err(refuse(format!(
                "These security configs can be dynamically updated only per-listener using the listener prefix: [{}]",
                key.name
            )));
        }
        checked.insert(name, value::check(key, &text).map_err(refuse)?);
    }
    Ok(checked)
}

fn dynamic(key: &Key, for_all: bool) -> Result<(), String> {
    match key.mode {
        Mode::ReadOnly => Err(format!(
            "Cannot update these configs dynamically: [{}]",
            key.name
        )),
        Mode::PerBroker if for_all => Err(format!(
            "Cannot update these configs at default cluster level, broker id must be specified: [{}]",
            key.name
        )),
        _ => Ok(()),
    }
}

fn group_values(state: &State, given: Values) -> Result<Values, Refusal> {
    let mut checked = Values::new();
    for (name, text) in given {
        let Some(key) = keys::group(&name) else {
            let known = keys::group::KEYS.iter().map(|key| key.name);
            return Err(invalid(unknown("group config", &name, known)));
        };
        checked.insert(name, value::check(key, &text).map_err(invalid)?);
    }
    group_rules::check(&state.broker_config.settings, &checked).map_err(invalid)?;
    Ok(checked)
}

fn client_metrics_values(given: Values) -> Result<Values, Refusal> {
    let mut checked = Values::new();
    for (name, text) in given {
        let Some(key) = keys::client_metrics(&name) else {
            let text = format!("Unknown client metrics configuration: {name}");
            return Err(Refusal::new(ErrorCode::INVALID_REQUEST, text));
        };
        let text = value::check(key, &text).map_err(invalid)?;
        if name == "interval.ms"
            && !text
                .parse()
                .is_ok_and(|ms: i32| (100..=3_600_000).contains(&ms))
        {
            let text = format!(
                "Invalid value {text} for interval.ms, interval must be between 100 and 3600000 (1 hour)"
            );
            return Err(Refusal::new(ErrorCode::INVALID_REQUEST, text));
        }
        if let Some(pattern) =
            value::list(&text).find(|item| name == "match" && !client_pattern(item))
        {
            return Err(invalid(format!(
                "Illegal client matching pattern: {pattern}"
            )));
        }
        checked.insert(name, text);
    }
    Ok(checked)
}

/// True for `parameter=expression` with a parameter that clients send.
fn client_pattern(item: &str) -> bool {
    const PARAMETERS: [&str; 6] = [
        "client_instance_id",
        "client_id",
        "client_software_name",
        "client_software_version",
        "client_source_address",
        "client_source_port",
    ];
    let balanced = |text: &str| text.matches('(').count() == text.matches(')').count();
    item.split_once('=')
        .is_some_and(|(name, pattern)| PARAMETERS.contains(&name.trim()) && balanced(pattern))
}

fn logger_values(given: Values) -> Result<Values, Refusal> {
    for (name, level) in &given {
        if !loggers::NAMES.contains(&name.as_str()) {
            return Err(invalid(format!("Logger {name} does not exist!")));
        }
        if !loggers::LEVELS.contains(&level.as_str()) {
            let levels = loggers::LEVELS.join(", ");
            return Err(invalid(format!(
                "Cannot set the log level of {name} to {level}: it is one of {levels}"
            )));
        }
    }
    Ok(given)
}

fn invalid(text: String) -> Refusal {
    Refusal::new(ErrorCode::INVALID_CONFIG, text)
}

fn unknown(what: &str, name: &str, known: impl Iterator<Item = &'static str>) -> String {
    match nearest(name, known) {
        Some(meant) => format!("Unknown {what} name: {name} (did you mean {meant}?)"),
        None => format!("Unknown {what} name: {name}"),
    }
}
