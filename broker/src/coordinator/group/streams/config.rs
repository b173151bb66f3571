//! The settings of a streams group: its own, else the broker's.

use std::collections::BTreeMap;

use crate::config::group_number;
use crate::metadata::{ConfigResource, Image};

/// The setting of the assignor that a group's record keeps, by Kafka's name.
const STANDBYS: &str = "num.standby.replicas";

/// Settings in force for one group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Silence after which a member is removed, ms.
    pub session_ms: i32,
    /// Time between heartbeats, ms.
    pub heartbeat_ms: i32,
    /// Least time between two target assignments, ms.
    pub assignment_interval_ms: i32,
    /// Wait for further members of a new group before the first assignment, ms.
    pub initial_delay_ms: i32,
    /// Standby tasks of each task that has state.
    pub standbys: i32,
    /// Most members.
    pub max_size: usize,
}

impl Config {
    /// Those of a group.
    pub fn of(group: &str, image: &Image) -> Config {
        let broker = &image.broker_config.settings;
        let own = image.config(&ConfigResource::Group(group.to_owned()));
        let own = own.map(AsRef::as_ref);
        let number = |name| {
            let number = group_number(broker, own, "streams", name);
            i32::try_from(number).unwrap_or(i32::MAX)
        };
        let max_size = broker.number("group.streams.max.size");
        let most = broker.number("group.streams.max.standby.replicas");
        let most = most.and_then(|n| i32::try_from(n).ok());
        Config {
            session_ms: number("session.timeout.ms"),
            heartbeat_ms: number("heartbeat.interval.ms"),
            assignment_interval_ms: number("assignment.interval.ms"),
            initial_delay_ms: number("initial.rebalance.delay.ms"),
            standbys: number(STANDBYS).clamp(0, most.unwrap_or(i32::MAX).max(0)),
            max_size: max_size.map_or(usize::MAX, |n| usize::try_from(n).unwrap_or(0)),
        }
    }

    /// What the assignor heeds, as it is written down.
    pub fn assignment(&self) -> BTreeMap<String, String> {
        BTreeMap::from([(STANDBYS.to_owned(), self.standbys.to_string())])
    }
}
