//! Settings as people give them: a TOML file and `KEY=VALUE` pairs.
//!
//! Keys are Kafka's names, dotted (`num.partitions = 3`), in tables or quoted. Where one name begins another
//! (`max.connections`, `max.connections.per.ip`) and both are given, they have to be quoted, since TOML would take the
//! first for a table.

use std::fmt;

use super::key::Key;
use super::keys;
use super::nearest::nearest;
use super::settings::Values;
use super::value;

/// Why settings were not taken. The text names the setting and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GivenError {
    /// The file is not TOML.
    Syntax(String),
    /// A pair without `=`.
    Pair(String),
    /// A value that no setting has: a date, a list of lists.
    Shape(String),
    /// No such setting.
    Unknown {
        /// What was given.
        name: String,
        /// What was probably meant.
        nearest: Option<&'static str>,
    },
    /// The setting does not take the value.
    Invalid(String),
    /// The value asks for protection that this version cannot give; going on would leave the broker open.
    Unsafe(&'static str),
}

impl fmt::Display for GivenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            GivenError::Syntax(why) => {
                write!(
                    f,
                    "the settings file is not valid TOML: {why} (names that begin other names have to be quoted)"
                )
            }
            GivenError::Pair(text) => write!(f, "{text:?} is not KEY=VALUE"),
            GivenError::Shape(name) => write!(
                f,
                "{name} takes a text, a number, true, false or a list of texts"
            ),
            GivenError::Unknown {
                name,
                nearest: Some(meant),
            } => write!(f, "unknown setting {name}; did you mean {meant}?"),
            GivenError::Unknown {
                name,
                nearest: None,
            } => {
                write!(
                    f,
                    "unknown setting {name}; `ottla config explain` lists all"
                )
            }
            GivenError::Invalid(why) => f.write_str(why),
            GivenError::Unsafe(name) => {
                write!(
                    f,
                    "{name} asks for security that this version does not have; remove it, and keep the port private"
                )
            }
        }
    }
}

impl std::error::Error for GivenError {}

/// The settings of a file's text, not yet checked.
pub fn from_toml(text: &str) -> Result<Values, GivenError> {
    let table: toml::Table = text
        .parse()
        .map_err(|error: toml::de::Error| GivenError::Syntax(error.to_string()))?;
    let mut values = Values::new();
    flatten("", table, &mut values)?;
    Ok(values)
}

/// A `KEY=VALUE` pair of the command line, not yet checked.
pub fn from_pair(text: &str) -> Result<(String, String), GivenError> {
    let (name, value) = text
        .split_once('=')
        .ok_or_else(|| GivenError::Pair(text.to_string()))?;
    Ok((name.trim().to_string(), value.to_string()))
}

/// Checks every setting and gives them in canonical form. The first fault, in name order, ends it.
pub fn check(given: Values) -> Result<Values, GivenError> {
    let mut checked = Values::new();
    for (name, text) in given {
        let Some(key) = keys::broker(&name) else {
            let nearest = nearest(
                &name,
                keys::brokers()
                    .filter(|key| !key.internal)
                    .map(|key| key.name),
            );
            return Err(GivenError::Unknown { name, nearest });
        };
        let text = value::check(key, &text).map_err(GivenError::Invalid)?;
        if key.name == "group.coordinator.rebalance.protocols"
            && !value::list(&text).any(|protocol| protocol == "classic")
        {
            let why = "Disabling the 'classic' protocol is not supported.";
            return Err(GivenError::Invalid(why.to_string()));
        }
        if keys::is_security(key.name) && !harmless(key, &text) {
            return Err(GivenError::Unsafe(key.name));
        }
        checked.insert(name, text);
    }
    Ok(checked)
}

/// A security setting that says nothing, or only what holds anyway.
fn harmless(key: &Key, text: &str) -> bool {
    match key.name {
        "listener.security.protocol.map" => {
            value::list(text).all(|pair| pair.ends_with(":PLAINTEXT"))
        }
        "inter.broker.listener.name" | "connection.failed.authentication.delay.ms" => true,
        _ => text.is_empty() || key.default == Some(text),
    }
}

fn flatten(prefix: &str, table: toml::Table, values: &mut Values) -> Result<(), GivenError> {
    for (name, value) in table {
        let name = if prefix.is_empty() {
            name
        } else {
            format!("{prefix}.{name}")
        };
        let text = match value {
            toml::Value::Table(table) => {
                flatten(&name, table, values)?;
                continue;
            }
            toml::Value::Array(items) => {
                let texts: Option<Vec<String>> = items.into_iter().map(scalar).collect();
                texts.map(|texts| texts.join(","))
            }
            other => scalar(other),
        };
        let text = text.ok_or_else(|| GivenError::Shape(name.clone()))?;
        values.insert(name, text);
    }
    Ok(())
}

fn scalar(value: toml::Value) -> Option<String> {
    match value {
        toml::Value::String(text) => Some(text),
        toml::Value::Integer(number) => Some(number.to_string()),
        toml::Value::Float(number) => Some(number.to_string()),
        toml::Value::Boolean(on) => Some(on.to_string()),
        toml::Value::Datetime(_) | toml::Value::Array(_) | toml::Value::Table(_) => None,
    }
}
