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
        "Least time between two assignments of the group, ms."),
    key("consumer.heartbeat.interval.ms", Int, Some("5000"), AtLeast(1), ClusterWide,
        "Time between the members' heartbeats, ms."),
    key("consumer.session.timeout.ms", Int, Some("45000"), AtLeast(1), ClusterWide,
        "Silence after which a member is removed, ms."),
    key("share.assignment.interval.ms", Int, Some("1000"), AtLeast(0), ClusterWide,
        "Least time between two assignments of the group, ms."),
    key("share.auto.offset.reset", String, Some("latest"), OffsetReset, ClusterWide,
        "Where the group begins on a partition it has not read."),
    key("share.delivery.count.limit", Int, Some("5"), AtLeast(2), ClusterWide,
        "Times a record is delivered before it is given up."),
    key("share.heartbeat.interval.ms", Int, Some("5000"), AtLeast(1), ClusterWide,
        "Time between the members' heartbeats, ms."),
    key("share.isolation.level", String, Some("read_uncommitted"), OneOf(&["read_committed", "read_uncommitted"]), ClusterWide,
        "Whether records of open transactions are delivered."),
    key("share.partition.max.record.locks", Int, Some("2000"), AtLeast(100), ClusterWide,
        "Most records of a partition that may be locked at once."),
    key("share.record.lock.duration.ms", Int, Some("30000"), AtLeast(1000), ClusterWide,
        "Time a consumer has to acknowledge a record, ms."),
    key("share.renew.acknowledge.enable", Boolean, Some("true"), Any, ClusterWide,
        "Consumers may ask for more time for a record."),
    key("share.session.timeout.ms", Int, Some("45000"), AtLeast(1), ClusterWide,
        "Silence after which a member is removed, ms."),
    key("streams.assignment.interval.ms", Int, Some("1000"), AtLeast(0), ClusterWide,
        "Least time between two assignments of the group, ms."),
    key("streams.heartbeat.interval.ms", Int, Some("5000"), AtLeast(1), ClusterWide,
        "Time between the members' heartbeats, ms."),
    key("streams.initial.rebalance.delay.ms", Int, Some("3000"), AtLeast(0), ClusterWide,
        "Wait for further members before the first assignment, ms."),
    key("streams.num.standby.replicas", Int, Some("0"), AtLeast(0), ClusterWide,
        "Standby tasks of each stateful task."),
    key("streams.session.timeout.ms", Int, Some("45000"), AtLeast(1), ClusterWide,
        "Silence after which a member is removed, ms."),
];
