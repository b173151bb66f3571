//! Settings of a group (resource type 32).
//! Names, types, ranges and defaults are Kafka 4.3.1's.

use super::key;
use crate::config::key::Key;
use crate::config::key::Kind::{Boolean, Int, String};
use crate::config::key::Mode::ClusterWide;
use crate::config::key::Rule::{Any, AtLeast, OffsetReset, OneOf};

/// The table, in name order.
#[rustfmt::skip]
pub const KEYS: &[Key] = &[
    key("consumer.assignment.interval.ms", Int, Some("1000"), AtLeast(0), ClusterWide,
        ""),
    key("consumer.heartbeat.interval.ms", Int, Some("5000"), AtLeast(1), ClusterWide,
        ""),
    key("consumer.session.timeout.ms", Int, Some("45000"), AtLeast(1), ClusterWide,
        ""),
    key("share.assignment.interval.ms", Int, Some("1000"), AtLeast(0), ClusterWide,
        ""),
    key("share.auto.offset.reset", String, Some("latest"), OffsetReset, ClusterWide,
        ""),
    key("share.delivery.count.limit", Int, Some("5"), AtLeast(2), ClusterWide,
        ""),
    key("share.heartbeat.interval.ms", Int, Some("5000"), AtLeast(1), ClusterWide,
        ""),
    key("share.isolation.level", String, Some("read_uncommitted"), OneOf(&["read_committed", "read_uncommitted"]), ClusterWide,
        ""),
    key("share.partition.max.record.locks", Int, Some("2000"), AtLeast(100), ClusterWide,
        ""),
    key("share.record.lock.duration.ms", Int, Some("30000"), AtLeast(1000), ClusterWide,
        ""),
    key("share.renew.acknowledge.enable", Boolean, Some("true"), Any, ClusterWide,
        ""),
    key("share.session.timeout.ms", Int, Some("45000"), AtLeast(1), ClusterWide,
        ""),
    key("streams.assignment.interval.ms", Int, Some("1000"), AtLeast(0), ClusterWide,
        ""),
    key("streams.heartbeat.interval.ms", Int, Some("5000"), AtLeast(1), ClusterWide,
        ""),
    key("streams.initial.rebalance.delay.ms", Int, Some("3000"), AtLeast(0), ClusterWide,
        ""),
    key("streams.num.standby.replicas", Int, Some("0"), AtLeast(0), ClusterWide,
        ""),
    key("streams.session.timeout.ms", Int, Some("45000"), AtLeast(1), ClusterWide,
        ""),
];
