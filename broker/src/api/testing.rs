//! Images for tests of handlers, made by the controller itself.

use std::collections::BTreeMap;
use std::sync::Arc;

use ottla_protocol::ids::NodeId;
use ottla_protocol::wire::{Encode, Writer};

use super::Endpoint;
use super::brokers::Reachable;
use crate::controller::{Command, NewTopic, State};
use crate::metadata::{self, Image};

/// The listener that tests connect to.
pub fn here() -> Endpoint {
    Endpoint {
        host: "127.0.0.1".to_string(),
        port: 9092,
    }
}

/// A cluster of node 1 alone, after these commands.
pub fn state(commands: Vec<Command>) -> State {
    let mut state = State::new("cluster".to_string(), NodeId(1), Arc::default());
    let endpoint = metadata::Endpoint {
        host: here().host,
        port: here().port,
    };
    let endpoints = BTreeMap::from([("PLAINTEXT".to_string(), endpoint)]);
    let register = Command::RegisterBroker {
        id: NodeId(1),
        endpoints,
        rack: None,
    };
    let mut seed = 0u64;
    for command in std::iter::once(register).chain(commands) {
        let (records, _) = state.decide(command, &mut || {
            seed = seed
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            seed ^ (seed >> 29)
        });
        records.iter().for_each(|record| state.apply(record));
    }
    state
}

/// Topics of this many partitions, all led by node 1 in epoch 2.
pub fn with_topics(topics: &[(&str, i32)]) -> Image {
    let topics = topics.iter().map(|(name, partitions)| NewTopic {
        name: name.to_string(),
        partitions: *partitions,
        replication_factor: 1,
        ..Default::default()
    });
    let mut state = state(vec![Command::CreateTopics {
        topics: topics.collect(),
        validate_only: false,
    }]);
    let led: Vec<_> = state
        .image()
        .topics
        .partitions()
        .map(|(id, _, _)| (id, NodeId(1), 2))
        .collect();
    state.observe_leaders(&led);
    state.image()
}

/// The nodes as seen from [`here`].
pub fn reachable(image: &Image) -> Reachable<'_> {
    Reachable::from(image, here())
}

/// Every version in which a response must be sayable.
pub fn encodes(response: &impl Encode, versions: std::ops::RangeInclusive<i16>) {
    for version in versions {
        let mut writer = Writer::default();
        response
            .encode(&mut writer, version)
            .unwrap_or_else(|error| panic!("version {version}: {error}"));
    }
}
