//! Every setting of a resource as DescribeConfigs shows it: value, where it comes from, and what it would fall back to.

use super::key::{Key, Kind, Mode};
use super::keys;
use super::settings::{Settings, Source, Step, Values, synonyms};
use super::topic;

/// One setting as it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Its row in the table.
    pub key: &'static Key,
    /// The value in force; `None` is null, or hidden.
    pub value: Option<String>,
    /// True if it cannot change while the broker runs.
    pub read_only: bool,
    /// Where the value comes from.
    pub source: Source,
    /// The value in force and those behind it, nearest first.
    pub descent: Vec<Step>,
}

/// The settings of a topic with these overrides.
pub fn topic(overrides: &Values, broker: &Settings) -> Vec<Entry> {
    shown(keys::topic::KEYS)
        .map(|key| {
            let mut descent = own(overrides, key, Source::Topic);
            descent.extend(
                keys::topic_synonym(key.name)
                    .map(|name| from(broker, name))
                    .unwrap_or_default(),
            );
            entry(
                key,
                Some(topic::value(key.name, overrides, broker)),
                false,
                descent,
            )
        })
        .collect()
}

/// The settings of the broker that these layers are of.
pub fn broker(settings: &Settings) -> Vec<Entry> {
    shown_brokers()
        .map(|key| {
            let value = settings.own(key.name).map(str::to_string);
            entry(
                key,
                value,
                key.mode == Mode::ReadOnly,
                from(settings, key.name),
            )
        })
        .collect()
}

/// The settings that were given at run time for all brokers, and no others.
pub fn broker_default(cluster: &Values) -> Vec<Entry> {
    let given = cluster.keys().filter_map(|name| keys::broker(name));
    given
        .map(|key| {
            let descent = own(cluster, key, Source::DynamicDefault);
            entry(key, cluster.get(key.name).cloned(), false, descent)
        })
        .collect()
}

/// The settings of a group with these overrides.
pub fn group(overrides: &Values, broker: &Settings) -> Vec<Entry> {
    let default = |key: &'static Key| {
        let value = key.default.map(str::to_string);
        vec![Step {
            name: key.name,
            value,
            source: Source::Default,
        }]
    };
    shown(keys::group::KEYS)
        .map(|key| {
            let mut descent = own(overrides, key, Source::Group);
            descent.extend(
                keys::group_synonym(key.name)
                    .map_or_else(|| default(key), |name| from(broker, name)),
            );
            let value = descent.first().and_then(|step| step.value.clone());
            entry(key, value, false, descent)
        })
        .collect()
}

/// The settings of a client metrics subscription.
pub fn client_metrics(given: &Values) -> Vec<Entry> {
    shown(keys::client_metrics::KEYS)
        .map(|key| {
            let value = given
                .get(key.name)
                .cloned()
                .or_else(|| key.default.map(str::to_string));
            entry(key, value, false, own(given, key, Source::ClientMetrics))
        })
        .collect()
}

fn shown(table: &'static [Key]) -> impl Iterator<Item = &'static Key> {
    table.iter().filter(|key| !key.internal)
}

fn shown_brokers() -> impl Iterator<Item = &'static Key> {
    keys::brokers().filter(|key| !key.internal)
}

fn own(values: &Values, key: &'static Key, source: Source) -> Vec<Step> {
    let step = |value: &String| Step {
        name: key.name,
        value: Some(value.clone()),
        source,
    };
    values.get(key.name).map(step).into_iter().collect()
}

/// The descent of a broker setting from the place where its own name is first given: what is given only under a synonym
/// counts, but is not shown, as in Kafka.
fn from(settings: &Settings, name: &str) -> Vec<Step> {
    debug_assert!(synonyms(name).contains(&name), "{name}");
    settings
        .descent(name)
        .into_iter()
        .skip_while(|step| step.name != name)
        .collect()
}

fn entry(
    key: &'static Key,
    value: Option<String>,
    read_only: bool,
    mut descent: Vec<Step>,
) -> Entry {
    let source = descent.first().map_or(Source::Default, |step| step.source);
    let hidden = key.kind == Kind::Password;
    if hidden {
        descent.iter_mut().for_each(|step| step.value = None);
    }
    Entry {
        key,
        value: value.filter(|_| !hidden),
        read_only,
        source,
        descent,
    }
}
