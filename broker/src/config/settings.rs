//! The layers a broker setting's value may come from, and which of them wins.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::key::Key;
use super::keys;
use super::value;

/// Setting names and values, in name order.
pub type Values = BTreeMap<String, String>;

/// Where a value comes from. The numbers are those of the DescribeConfigs response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i8)]
pub enum Source {
    /// Set on the topic.
    Topic = 1,
    /// Set at run time on this broker.
    DynamicBroker = 2,
    /// Set at run time for all brokers.
    DynamicDefault = 3,
    /// From the settings file or the command line.
    Static = 4,
    /// From the table.
    Default = 5,
    /// A logger's level.
    Logger = 6,
    /// Set on a client metrics subscription.
    ClientMetrics = 7,
    /// Set on a group.
    Group = 8,
}

/// Broker settings by layer. Every value in it was checked by [`value::check`] on the way in.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Settings {
    /// From the file and the command line; fixed until restart.
    pub fixed: Arc<Values>,
    /// Set at run time for all brokers.
    pub cluster: Arc<Values>,
    /// Set at run time on this broker.
    pub broker: Arc<Values>,
}

/// One step of a setting's descent: a name, its value there, and the layer.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// Name the value was given under.
    pub name: &'static str,
    /// The value; `None` is null.
    pub value: Option<String>,
    /// The layer.
    pub source: Source,
}

impl Settings {
    /// Settings with nothing but what the process was started with.
    pub fn fixed(values: Values) -> Settings {
        Settings {
            fixed: Arc::new(values),
            ..Settings::default()
        }
    }

    /// Every value that `name` or a synonym of it has, the one in force first. Order: this broker, all brokers,
    /// static, default; within a layer, `name`'s own list of synonyms (the finer unit first).
    pub fn descent(&self, name: &str) -> Vec<Step> {
        let names: Vec<&Key> = synonyms(name)
            .iter()
            .filter_map(|n| keys::broker(n))
            .collect();
        let mut steps = Vec::new();
        let layers = [
            (&self.broker, Source::DynamicBroker),
            (&self.cluster, Source::DynamicDefault),
            (&self.fixed, Source::Static),
        ];
        for (values, source) in layers {
            for key in &names {
                if let Some(value) = values.get(key.name) {
                    steps.push(Step {
                        name: key.name,
                        value: Some(value.clone()),
                        source,
                    });
                }
            }
        }
        for key in &names {
            if let Some(value) = key.default {
                steps.push(Step {
                    name: key.name,
                    value: Some(value.to_string()),
                    source: Source::Default,
                });
            }
        }
        steps
    }

    /// The value in force under `name` itself, without its synonyms.
    pub fn own(&self, name: &str) -> Option<&str> {
        let layers = [&self.broker, &self.cluster, &self.fixed];
        let set = layers.into_iter().find_map(|values| values.get(name));
        set.map(String::as_str)
            .or_else(|| keys::broker(name).and_then(|key| key.default))
    }

    /// The number in force for `name` in the unit of `name`, whichever synonym it was given under. `None`: null.
    pub fn number(&self, name: &str) -> Option<i64> {
        let step = self.descent(name).into_iter().next()?;
        let number = step.value?.parse::<i64>().ok()?;
        // A negative number of hours means "no limit", as does a negative number of milliseconds.
        Some(if number < 0 {
            number
        } else {
            number.saturating_mul(factor(step.name, name))
        })
    }

    /// The fraction or rate in force for `name`; 0 if it has none.
    pub fn real(&self, name: &str) -> f64 {
        self.own(name).and_then(value::double).unwrap_or(0.0)
    }

    /// The switch in force for `name`; off if it has none.
    pub fn switch(&self, name: &str) -> bool {
        self.own(name) == Some("true")
    }

    /// The text in force for `name`; empty if it has none.
    pub fn text(&self, name: &str) -> &str {
        self.own(name).unwrap_or("")
    }
}

/// The names under which `name` may be given, the one that wins first.
pub fn synonyms(name: &str) -> &[&str] {
    const FAMILIES: &[&[&str]] = &[
        &[
            "log.retention.ms",
            "log.retention.minutes",
            "log.retention.hours",
        ],
        &["log.roll.ms", "log.roll.hours"],
        &["log.roll.jitter.ms", "log.roll.jitter.hours"],
    ];
    const FLUSH: &[&str] = &["log.flush.interval.ms", "log.flush.scheduler.interval.ms"];
    if name == FLUSH[0] {
        return FLUSH;
    }
    if let Some(family) = FAMILIES.iter().find(|family| family.contains(&name)) {
        return family;
    }
    keys::broker(name).map_or(&[], |key| std::slice::from_ref(&key.name))
}

/// What a number given under `from` is multiplied by to be in the unit of `to`.
fn factor(from: &str, to: &str) -> i64 {
    let unit = |name: &str| match name {
        _ if name.ends_with(".hours") => 3_600_000,
        _ if name.ends_with(".minutes") => 60_000,
        _ => 1,
    };
    (unit(from) / unit(to)).max(1)
}
