//! The tables of settings and the lookups over them.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use super::key::{Key, Kind, Mode, Rule};

pub mod client_metrics;
mod cluster;
mod coordinators;
pub mod group;
mod log;
mod network;
mod remote;
mod security;
pub mod topic;

const BROKER: [&[Key]; 6] = [
    cluster::KEYS,
    coordinators::KEYS,
    log::KEYS,
    network::KEYS,
    remote::KEYS,
    security::KEYS,
];

/// Topic settings and the broker setting each takes its default from.
const TOPIC_SYNONYMS: &[(&str, &str)] = &[
    ("cleanup.policy", "log.cleanup.policy"),
    ("compression.gzip.level", "compression.gzip.level"),
    ("compression.lz4.level", "compression.lz4.level"),
    ("compression.type", "compression.type"),
    ("compression.zstd.level", "compression.zstd.level"),
    ("delete.retention.ms", "log.cleaner.delete.retention.ms"),
    ("file.delete.delay.ms", "log.segment.delete.delay.ms"),
    ("flush.messages", "log.flush.interval.messages"),
    ("flush.ms", "log.flush.interval.ms"),
    ("index.interval.bytes", "log.index.interval.bytes"),
    ("local.retention.bytes", "log.local.retention.bytes"),
    ("local.retention.ms", "log.local.retention.ms"),
    ("max.compaction.lag.ms", "log.cleaner.max.compaction.lag.ms"),
    ("max.message.bytes", "message.max.bytes"),
    (
        "message.timestamp.after.max.ms",
        "log.message.timestamp.after.max.ms",
    ),
    (
        "message.timestamp.before.max.ms",
        "log.message.timestamp.before.max.ms",
    ),
    ("message.timestamp.type", "log.message.timestamp.type"),
    (
        "min.cleanable.dirty.ratio",
        "log.cleaner.min.cleanable.ratio",
    ),
    ("min.compaction.lag.ms", "log.cleaner.min.compaction.lag.ms"),
    ("min.insync.replicas", "min.insync.replicas"),
    ("preallocate", "log.preallocate"),
    ("retention.bytes", "log.retention.bytes"),
    ("retention.ms", "log.retention.ms"),
    ("segment.bytes", "log.segment.bytes"),
    ("segment.index.bytes", "log.index.size.max.bytes"),
    ("segment.jitter.ms", "log.roll.jitter.ms"),
    ("segment.ms", "log.roll.ms"),
    (
        "unclean.leader.election.enable",
        "unclean.leader.election.enable",
    ),
];

/// All broker settings, in name order.
pub fn brokers() -> impl Iterator<Item = &'static Key> {
    broker_index().values().copied()
}

/// The broker setting of this name.
pub fn broker(name: &str) -> Option<&'static Key> {
    broker_index().get(name).copied()
}

/// True for a broker setting about who may do what.
pub fn is_security(name: &str) -> bool {
    find(security::KEYS, name).is_some()
}

/// The topic setting of this name.
pub fn topic(name: &str) -> Option<&'static Key> {
    find(topic::KEYS, name)
}

/// The group setting of this name.
pub fn group(name: &str) -> Option<&'static Key> {
    find(group::KEYS, name)
}

/// The client metrics setting of this name.
pub fn client_metrics(name: &str) -> Option<&'static Key> {
    find(client_metrics::KEYS, name)
}

/// The broker setting that gives a topic setting its default.
pub fn topic_synonym(name: &str) -> Option<&'static str> {
    let at = TOPIC_SYNONYMS
        .binary_search_by_key(&name, |pair| pair.0)
        .ok()?;
    Some(TOPIC_SYNONYMS[at].1)
}

/// The broker setting that gives a group setting its default: the same name behind `group.`, where there is one.
pub fn group_synonym(name: &str) -> Option<&'static str> {
    broker(&format!("group.{name}")).map(|key| key.name)
}

fn find(table: &'static [Key], name: &str) -> Option<&'static Key> {
    table
        .binary_search_by_key(&name, |key| key.name)
        .ok()
        .map(|at| &table[at])
}

fn broker_index() -> &'static BTreeMap<&'static str, &'static Key> {
    static INDEX: OnceLock<BTreeMap<&'static str, &'static Key>> = OnceLock::new();
    INDEX.get_or_init(|| {
        BROKER
            .iter()
            .flat_map(|table| table.iter())
            .map(|key| (key.name, key))
            .collect()
    })
}

/// A row of a table.
const fn key(
    name: &'static str,
    kind: Kind,
    default: Option<&'static str>,
    rule: Rule,
    mode: Mode,
    doc: &'static str,
) -> Key {
    Key {
        name,
        kind,
        default,
        rule,
        mode,
        internal: false,
        doc,
    }
}

/// A row that is taken but not shown: for tests and for the brave.
const fn internal(
    name: &'static str,
    kind: Kind,
    default: Option<&'static str>,
    rule: Rule,
    mode: Mode,
    doc: &'static str,
) -> Key {
    Key {
        name,
        kind,
        default,
        rule,
        mode,
        internal: true,
        doc,
    }
}
