//! Which settings a group may have, given the limits that the broker sets.

use crate::config::{Settings, Values, keys};

/// A group's number and the broker settings it must stay between.
const LIMITS: &[(&str, Option<&str>, &str)] = &[
    (
        "consumer.heartbeat.interval.ms",
        Some("group.consumer.min.heartbeat.interval.ms"),
        "group.consumer.max.heartbeat.interval.ms",
    ),
    (
        "consumer.session.timeout.ms",
        Some("group.consumer.min.session.timeout.ms"),
        "group.consumer.max.session.timeout.ms",
    ),
    (
        "consumer.assignment.interval.ms",
        Some("group.consumer.min.assignment.interval.ms"),
        "group.consumer.max.assignment.interval.ms",
    ),
    (
        "share.heartbeat.interval.ms",
        Some("group.share.min.heartbeat.interval.ms"),
        "group.share.max.heartbeat.interval.ms",
    ),
    (
        "share.session.timeout.ms",
        Some("group.share.min.session.timeout.ms"),
        "group.share.max.session.timeout.ms",
    ),
    (
        "share.assignment.interval.ms",
        Some("group.share.min.assignment.interval.ms"),
        "group.share.max.assignment.interval.ms",
    ),
    (
        "share.record.lock.duration.ms",
        Some("group.share.min.record.lock.duration.ms"),
        "group.share.max.record.lock.duration.ms",
    ),
    (
        "share.delivery.count.limit",
        Some("group.share.min.delivery.count.limit"),
        "group.share.max.delivery.count.limit",
    ),
    (
        "share.partition.max.record.locks",
        Some("group.share.min.partition.max.record.locks"),
        "group.share.max.partition.max.record.locks",
    ),
    (
        "streams.heartbeat.interval.ms",
        Some("group.streams.min.heartbeat.interval.ms"),
        "group.streams.max.heartbeat.interval.ms",
    ),
    (
        "streams.session.timeout.ms",
        Some("group.streams.min.session.timeout.ms"),
        "group.streams.max.session.timeout.ms",
    ),
    (
        "streams.assignment.interval.ms",
        Some("group.streams.min.assignment.interval.ms"),
        "group.streams.max.assignment.interval.ms",
    ),
    (
        "streams.num.standby.replicas",
        None,
        "group.streams.max.standby.replicas",
    ),
];

/// Checks the settings given for a group against the broker's limits, and those in force against each other.
pub(super) fn check(broker: &Settings, given: &Values) -> Result<(), String> {
    for (name, least, most) in LIMITS {
        let Some(number) = given.get(*name).and_then(|text| text.parse::<i64>().ok()) else {
            continue;
        };
        if let Some(least) =
            least.filter(|least| broker.number(least).is_some_and(|low| number < low))
        {
            return Err(format!("{name} must be greater than or equal to {least}"));
        }
        if broker.number(most).is_some_and(|high| number > high) {
            return Err(format!("{name} must be less than or equal to {most}"));
        }
    }
    for kind in ["consumer", "share", "streams"] {
        let (session, heartbeat) = (
            format!("{kind}.session.timeout.ms"),
            format!("{kind}.heartbeat.interval.ms"),
        );
        if in_force(broker, given, &session) <= in_force(broker, given, &heartbeat) {
            return Err(format!("{session} must be greater than {heartbeat}"));
        }
    }
    Ok(())
}

fn in_force(broker: &Settings, given: &Values, name: &str) -> i64 {
    let inherited = || keys::group_synonym(name).and_then(|synonym| broker.number(synonym));
    given
        .get(name)
        .and_then(|text| text.parse().ok())
        .or_else(inherited)
        .unwrap_or_default()
}
