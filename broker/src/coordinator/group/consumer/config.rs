//! The settings of a consumer group: its own, else the broker's.

use super::super::assignor::Assignor;
use crate::config::{Settings, Values, group_number};
use crate::metadata::{ConfigResource, Image};

/// Whether live groups may change between the classic and the consumer protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Migration {
    /// From classic to consumer.
    pub upgrade: bool,
    /// And back.
    pub downgrade: bool,
}

/// Settings in force for one group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Silence after which a member is removed, ms.
    pub session_ms: i32,
    /// Time between heartbeats, ms.
    pub heartbeat_ms: i32,
    /// Least time between two target assignments, ms.
    pub assignment_interval_ms: i32,
    /// Most members.
    pub max_size: usize,
    /// Most members of a classic group.
    pub classic_max_size: usize,
    /// Which assignors members may ask for; the first is for those who ask for none.
    pub assignors: Vec<Assignor>,
    /// May it change its protocol?
    pub migration: Migration,
}

impl Config {
    /// Those of a group.
    pub fn of(group: &str, image: &Image) -> Config {
        let broker = &image.broker_config.settings;
        let own = image.config(&ConfigResource::Group(group.to_owned()));
        let own = own.map(AsRef::as_ref);
        Config {
            session_ms: between(broker, own, "session.timeout.ms"),
            heartbeat_ms: between(broker, own, "heartbeat.interval.ms"),
            assignment_interval_ms: between(broker, own, "assignment.interval.ms"),
            max_size: size(broker, "group.consumer.max.size"),
            classic_max_size: size(broker, "group.max.size"),
            assignors: assignors(broker),
            migration: migration(broker),
        }
    }

    /// The assignor for groups whose members ask for none.
    pub fn default_assignor(&self) -> Assignor {
        self.assignors.first().copied().unwrap_or(Assignor::Uniform)
    }

    /// The assignor of this name, if members may ask for it.
    pub fn assignor(&self, name: &str) -> Option<Assignor> {
        self.assignors.iter().copied().find(|a| a.name() == name)
    }
}

fn between(broker: &Settings, own: Option<&Values>, name: &str) -> i32 {
    i32::try_from(group_number(broker, own, "consumer", name)).unwrap_or(i32::MAX)
}

fn size(broker: &Settings, name: &str) -> usize {
    usize::try_from(broker.number(name).unwrap_or(i64::MAX)).unwrap_or(usize::MAX)
}

fn migration(broker: &Settings) -> Migration {
    let (upgrade, downgrade) = match broker
        .text("group.consumer.migration.policy")
        .to_ascii_lowercase()
        .as_str()
    {
        "upgrade" => (true, false),
        "downgrade" => (false, true),
        "disabled" => (false, false),
        _ => (true, true),
    };
    Migration { upgrade, downgrade }
}

/// By name, or by the name of Kafka's class.
fn assignors(broker: &Settings) -> Vec<Assignor> {
    let of = |name: &str| match name.rsplit('.').next().unwrap_or(name) {
        "UniformAssignor" => Some(Assignor::Uniform),
        "RangeAssignor" => Some(Assignor::Range),
        name => Assignor::named(name),
    };
    let names = broker.text("group.consumer.assignors");
    names
        .split(',')
        .filter_map(|name| of(name.trim()))
        .collect()
}
