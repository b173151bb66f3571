//! Settings of a client metrics subscription (resource type 16).
//! Names, types, ranges and defaults are Kafka 4.3.1's.

use super::key;
use crate::config::key::Key;
use crate::config::key::Kind::{Int, List};
use crate::config::key::Mode::ClusterWide;
use crate::config::key::Rule::Any;

/// The table, in name order.
#[rustfmt::skip]
pub const KEYS: &[Key] = &[
    key("interval.ms", Int, Some("300000"), Any, ClusterWide,
        "Time between the pushes of matching clients, ms."),
    key("match", List, Some(""), Any, ClusterWide,
        "Which clients are meant, PARAMETER=PATTERN; empty: all."),
    key("metrics", List, Some(""), Any, ClusterWide,
        "Prefixes of the metrics asked for; *: all."),
];
