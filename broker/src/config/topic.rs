//! A topic's settings in force: its own overrides over the broker's defaults, typed.

use super::keys;
use super::settings::{Settings, Values};
use super::value as values;

/// How records carry time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimestampType {
    /// The producer's clock.
    CreateTime,
    /// The broker's clock at append.
    LogAppendTime,
}

/// Which compression batches are stored with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// As the producer sent them.
    Producer,
    /// Decompressed.
    Uncompressed,
    /// gzip at this level (-1: the codec's default).
    Gzip(i32),
    /// snappy.
    Snappy,
    /// lz4 at this level.
    Lz4(i32),
    /// zstd at this level.
    Zstd(i32),
}

/// A topic's settings in force. Lives on: every shard, inside the image. View: this node's broker settings under the
/// topic's overrides. Times are milliseconds, sizes bytes.
#[derive(Clone, Debug, PartialEq)]
pub struct TopicConfig {
    /// Old segments are removed by age and size.
    pub delete: bool,
    /// Old records of a key are removed. With both false the log is kept for ever.
    pub compact: bool,
    /// Age after which a segment may be removed; `None`: no limit.
    pub retention_ms: Option<i64>,
    /// Size of the log above which its oldest segments may be removed; `None`: no limit.
    pub retention_bytes: Option<i64>,
    /// A segment is closed at this size.
    pub segment_bytes: i32,
    /// A segment is closed at this age.
    pub segment_ms: i64,
    /// A random part of up to this much is taken off `segment_ms`.
    pub segment_jitter_ms: i64,
    /// Size of a segment's index, kept for tools; our indexes grow.
    pub segment_index_bytes: i32,
    /// Bytes of log between two entries of the sparse index.
    pub index_interval_bytes: i32,
    /// Time between a segment's removal from the log and of its file.
    pub file_delete_delay_ms: i64,
    /// Largest batch taken, compressed, with its header.
    pub max_message_bytes: i32,
    /// Compression batches are stored with.
    pub compression: Compression,
    /// How records carry time.
    pub timestamp_type: TimestampType,
    /// A producer's timestamp may be this far in the past.
    pub timestamp_before_max_ms: i64,
    /// A producer's timestamp may be this far in the future.
    pub timestamp_after_max_ms: i64,
    /// Replicas that must have a record before acks=all is answered.
    pub min_insync_replicas: i32,
    /// Time a tombstone is kept in a compacted log.
    pub delete_retention_ms: i64,
    /// Part of a compacted log that must be new before it is cleaned.
    pub min_cleanable_dirty_ratio: f64,
    /// A record is not compacted before this age.
    pub min_compaction_lag_ms: i64,
    /// A record is compacted at the latest at this age.
    pub max_compaction_lag_ms: i64,
    /// A replica that may lack records may lead.
    pub unclean_leader_election: bool,
    /// Segments reserve their space when they are made.
    pub preallocate: bool,
    /// Older segments may live in object storage.
    pub remote_storage: bool,
}

impl TopicConfig {
    /// The settings in force for a topic with these overrides (checked before they were stored) on a broker with these
    /// settings.
    pub fn effective(overrides: &Values, broker: &Settings) -> TopicConfig {
        let view = View { overrides, broker };
        let cleanup = view.text("cleanup.policy");
        let limit = |name| Some(view.long(name)).filter(|n| *n >= 0);
        TopicConfig {
            delete: values::list(&cleanup).any(|word| word == "delete"),
            compact: values::list(&cleanup).any(|word| word == "compact"),
            retention_ms: limit("retention.ms"),
            retention_bytes: limit("retention.bytes"),
            // Kafka's way for tests to have segments below the limit of `segment.bytes`; empty unless it was set.
            segment_bytes: view
                .text("internal.segment.bytes")
                .parse()
                .unwrap_or_else(|_| view.int("segment.bytes")),
            segment_ms: view.long("segment.ms"),
            segment_jitter_ms: view.long("segment.jitter.ms"),
            segment_index_bytes: view.int("segment.index.bytes"),
            index_interval_bytes: view.int("index.interval.bytes"),
            file_delete_delay_ms: view.long("file.delete.delay.ms"),
            max_message_bytes: view.int("max.message.bytes"),
            compression: view.compression(),
            timestamp_type: match view.text("message.timestamp.type").as_str() {
                "LogAppendTime" => TimestampType::LogAppendTime,
                _ => TimestampType::CreateTime,
            },
            timestamp_before_max_ms: view.long("message.timestamp.before.max.ms"),
            timestamp_after_max_ms: view.long("message.timestamp.after.max.ms"),
            min_insync_replicas: view.int("min.insync.replicas"),
            delete_retention_ms: view.long("delete.retention.ms"),
            min_cleanable_dirty_ratio: values::double(&view.text("min.cleanable.dirty.ratio"))
                .unwrap_or(0.5),
            min_compaction_lag_ms: view.long("min.compaction.lag.ms"),
            max_compaction_lag_ms: view.long("max.compaction.lag.ms"),
            unclean_leader_election: view.text("unclean.leader.election.enable") == "true",
            preallocate: view.text("preallocate") == "true",
            remote_storage: view.text("remote.storage.enable") == "true",
        }
    }
}

impl Default for TopicConfig {
    /// What a topic has on a broker where nothing was set.
    fn default() -> TopicConfig {
        TopicConfig::effective(&Values::new(), &Settings::default())
    }
}

struct View<'a> {
    overrides: &'a Values,
    broker: &'a Settings,
}

impl View<'_> {
    fn text(&self, name: &str) -> String {
        value(name, self.overrides, self.broker)
    }

    fn long(&self, name: &str) -> i64 {
        self.text(name).parse().unwrap_or_default()
    }

    fn int(&self, name: &str) -> i32 {
        self.text(name).parse().unwrap_or_default()
    }

    fn compression(&self) -> Compression {
        match self.text("compression.type").as_str() {
            "uncompressed" => Compression::Uncompressed,
            "gzip" => Compression::Gzip(self.int("compression.gzip.level")),
            "snappy" => Compression::Snappy,
            "lz4" => Compression::Lz4(self.int("compression.lz4.level")),
            "zstd" => Compression::Zstd(self.int("compression.zstd.level")),
            _ => Compression::Producer,
        }
    }
}

/// The text in force for one setting of a topic. A number that the broker was given in hours comes in milliseconds.
pub(super) fn value(name: &str, overrides: &Values, broker: &Settings) -> String {
    if let Some(value) = overrides.get(name) {
        return value.clone();
    }
    let inherited = keys::topic_synonym(name).and_then(|synonym| match broker.number(synonym) {
        Some(number) => Some(number.to_string()),
        None => broker.own(synonym).map(str::to_string),
    });
    inherited
        .or_else(|| keys::topic(name)?.default.map(str::to_string))
        .unwrap_or_default()
}
