//! The settings of group coordinators, typed.

use super::settings::{Settings, Values};

/// What group coordinators go by. Times are milliseconds.
#[derive(Clone, Debug, PartialEq)]
pub struct GroupsConfig {
    /// `group.coordinator.rebalance.protocols`: in lower case.
    pub protocols: Vec<String>,
    /// `group.initial.rebalance.delay.ms`.
    pub initial_rebalance_delay_ms: i64,
    /// `group.min.session.timeout.ms`.
    pub min_session_timeout_ms: i64,
    /// `group.max.session.timeout.ms`.
    pub max_session_timeout_ms: i64,
    /// `group.max.size`.
    pub max_size: usize,
    /// `offsets.retention.minutes`.
    pub offsets_retention_ms: i64,
    /// `offsets.retention.check.interval.ms`.
    pub offsets_check_interval_ms: i64,
}

impl GroupsConfig {
    pub(super) fn new(s: &Settings) -> GroupsConfig {
        let number = |name| s.number(name).unwrap_or_default();
        let protocols = s.text("group.coordinator.rebalance.protocols").split(',');
        GroupsConfig {
            protocols: protocols.map(|p| p.trim().to_ascii_lowercase()).collect(),
            initial_rebalance_delay_ms: number("group.initial.rebalance.delay.ms"),
            min_session_timeout_ms: number("group.min.session.timeout.ms"),
            max_session_timeout_ms: number("group.max.session.timeout.ms"),
            max_size: usize::try_from(number("group.max.size")).unwrap_or(0),
            offsets_retention_ms: number("offsets.retention.minutes").saturating_mul(60_000),
            offsets_check_interval_ms: number("offsets.retention.check.interval.ms"),
        }
    }

    /// Is this protocol switched on?
    pub fn has(&self, protocol: &str) -> bool {
        self.protocols.iter().any(|p| p == protocol)
    }
}

/// A number that a group of this kind goes by: its own, kept between the broker's limits where there are any, else the broker's.
pub fn group_number(broker: &Settings, own: Option<&Values>, kind: &str, name: &str) -> i64 {
    let own = own.and_then(|own| own.get(&format!("{kind}.{name}")));
    let value = own
        .and_then(|text| text.parse::<i64>().ok())
        .or_else(|| broker.number(&format!("group.{kind}.{name}")));
    let least = broker.number(&format!("group.{kind}.min.{name}"));
    let most = broker.number(&format!("group.{kind}.max.{name}"));
    value
        .unwrap_or_default()
        .min(most.unwrap_or(i64::MAX))
        .max(least.unwrap_or(i64::MIN))
}
