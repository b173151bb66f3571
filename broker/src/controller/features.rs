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

/// The features, in name order: those of a Kafka 4.3.1 cluster with its levels, whatever of them is served already. Clients look
/// at the APIs that ApiVersions names before they look at a level here; tools compare the list with Kafka's.
pub const FEATURES: &[Feature] = &[
    Feature {
        name: "eligible.leader.replicas.version",
        min: 0,
        max: 1,
    },
    Feature {
        name: "group.version",
        min: 0,
        max: 1,
    },
    Feature {
        name: "kraft.version",
        min: 0,
        max: 1,
    },
    Feature {
        name: "metadata.version",
        min: 7,
        max: 30,
    },
    Feature {
        name: "share.version",
        min: 0,
        max: 1,
    },
    Feature {
        name: "streams.version",
        min: 0,
        max: 1,
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
