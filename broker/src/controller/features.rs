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

/// The features, in name order. The levels of groups, transactions, share groups and streams groups are not here because
/// those are not served yet: a client that sees `transaction.version` 2, say, stops sending AddPartitionsToTxn.
pub const FEATURES: &[Feature] = &[
    Feature {
        name: "kraft.version",
        min: 0,
        max: 1,
    },
    // 30 is 4.3-IV0, 7 the oldest that Kafka 4 starts with.
    Feature {
        name: "metadata.version",
        min: 7,
        max: 30,
    },
];

/// The levels of a new cluster.
pub(super) fn initial() -> BTreeMap<String, i16> {
    FEATURES
        .iter()
        .map(|feature| (feature.name.to_string(), feature.max))
        .collect()
}
