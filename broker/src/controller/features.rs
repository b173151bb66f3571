//! Which features this build has, and at which levels they start.

use std::collections::BTreeMap;

/// A feature's name and the levels it may have; level 0 is "off".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Feature {
    /// Kafka's name of it.
    pub name: &'static str,
    /// Lowest level.
    pub min: i16,
    /// Highest level, where a new cluster starts.
    pub max: i16,
}

/// The features, in name order. Levels are those a Kafka 4.3 cluster has, of what this build serves.
pub const FEATURES: &[Feature] = &[
    Feature {
        name: "group.version",
        min: 0,
        max: 1,
    },
    Feature {
        name: "metadata.version",
        min: 7,
        max: 29,
    },
    Feature {
        name: "transaction.version",
        min: 0,
        max: 2,
    },
];

/// The levels of a new cluster.
pub(super) fn initial() -> BTreeMap<String, i16> {
    FEATURES
        .iter()
        .map(|feature| (feature.name.to_string(), feature.max))
        .collect()
}
