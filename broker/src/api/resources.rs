//! What settings belong to, as requests name it: a number for the kind and a name.

use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::ids::NodeId;

use crate::config::Values;
use crate::config::describe::{self, Entry};
use crate::controller::{Refusal, check_topic_name};
use crate::metadata::{ConfigResource, Image};

/// Kafka's numbers of the kinds.
pub const TOPIC: i8 = 2;
/// A broker, or all of them under the empty name.
pub const BROKER: i8 = 4;
/// The levels of a broker's loggers.
pub const BROKER_LOGGER: i8 = 8;
/// A client metrics subscription.
pub const CLIENT_METRICS: i8 = 16;
/// A group.
pub const GROUP: i8 = 32;

/// All kinds.
pub const KINDS: [i8; 5] = [TOPIC, BROKER, BROKER_LOGGER, CLIENT_METRICS, GROUP];

/// True for a number that stands for a kind.
pub fn is_kind(number: i8) -> bool {
    KINDS.contains(&number)
}

/// The resource that a request to change settings names.
pub fn to_change(image: &Image, kind: i8, name: &str) -> Result<ConfigResource, Refusal> {
    let node = || match name.parse() {
        Ok(id) => Ok(NodeId(id)),
        Err(_) => Err(invalid(format!(
            "Node id must be an integer, but it is: {name}"
        ))),
    };
    match kind {
        TOPIC => Ok(ConfigResource::Topic(name.to_string())),
        BROKER if name.is_empty() => Ok(ConfigResource::BrokerDefault),
        BROKER => match node()? {
            id if image.brokers.contains_key(&id) => Ok(ConfigResource::Broker(id)),
            id => Err(invalid(format!(
                "Unexpected broker id, expected {}, but received {id}",
                image.node
            ))),
        },
        BROKER_LOGGER => match node()? {
            id if id == image.node => Ok(ConfigResource::BrokerLogger(id)),
            id => Err(invalid(format!(
                "Unexpected node id. Expected {}, but received {id}",
                image.node
            ))),
        },
        CLIENT_METRICS => Ok(ConfigResource::ClientMetrics(name.to_string())),
        GROUP => Ok(ConfigResource::Group(name.to_string())),
        _ => Err(invalid(format!("Unknown resource type {kind}"))),
    }
}

/// What a resource has.
pub enum Resource<'a> {
    /// Settings.
    Entries(Vec<Entry>),
    /// Levels of loggers, as far as they were given.
    Levels(&'a Values),
}

/// What the resource that a request to describe settings names has. What belongs to a broker is known by that broker alone.
pub fn to_describe<'a>(image: &'a Image, kind: i8, name: &str) -> Result<Resource<'a>, Refusal> {
    static NONE: Values = Values::new();
    let settings = &image.broker_config.settings;
    let given = |resource: &ConfigResource| {
        image
            .configs
            .get(resource)
            .map_or(&NONE, |values| &**values)
    };
    let entries = match kind {
        TOPIC => {
            check_topic_name(name)?;
            let topic = image.topics.named(name);
            let topic =
                topic.ok_or_else(|| Refusal::new(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION, ""))?;
            describe::topic(&topic.overrides, settings)
        }
        BROKER if name.is_empty() => describe::broker_default(&settings.cluster),
        BROKER => {
            this_node(image, name, " or empty string,")?;
            describe::broker(settings)
        }
        BROKER_LOGGER if name.is_empty() => return Err(invalid("Broker id must not be empty")),
        BROKER_LOGGER => {
            this_node(image, name, "")?;
            return Ok(Resource::Levels(given(&ConfigResource::BrokerLogger(
                image.node,
            ))));
        }
        CLIENT_METRICS if name.is_empty() => {
            return Err(invalid(
                "Client metrics subscription name must not be empty",
            ));
        }
        CLIENT_METRICS => {
            describe::client_metrics(given(&ConfigResource::ClientMetrics(name.to_string())))
        }
        GROUP if name.is_empty() => return Err(invalid("Group name must not be empty")),
        GROUP => describe::group(given(&ConfigResource::Group(name.to_string())), settings),
        _ => return Err(invalid(format!("Unknown resource type {kind}"))),
    };
    Ok(Resource::Entries(entries))
}

fn this_node(image: &Image, name: &str, or: &str) -> Result<(), Refusal> {
    match name.parse::<i32>() {
        Ok(id) if NodeId(id) == image.node => Ok(()),
        Ok(id) => Err(invalid(format!(
            "Unexpected broker id, expected {}{or} but received {id}",
            image.node
        ))),
        Err(_) => Err(invalid(format!(
            "Broker id must be an integer, but it is: {name}"
        ))),
    }
}

fn invalid(text: impl Into<String>) -> Refusal {
    Refusal::new(ErrorCode::INVALID_REQUEST, text)
}
