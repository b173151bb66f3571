//! The broker's settings in force, typed: what each part of the broker reads instead of names and texts.

use std::sync::Arc;

use super::groups::GroupsConfig;
use super::settings::Settings;
use super::topic::TopicConfig;

/// A broker's settings in force. Lives on: every shard, replaced whole when a dynamic setting changes. Times are
/// milliseconds, sizes bytes.
#[derive(Clone, Debug, PartialEq)]
pub struct BrokerConfig {
    /// The layers all the rest was read from.
    pub settings: Settings,
    /// What a topic without overrides has.
    pub topic: Arc<TopicConfig>,
    /// `num.partitions`: of topics created without saying how many.
    pub num_partitions: i32,
    /// `default.replication.factor`: likewise.
    pub default_replication_factor: i16,
    /// `auto.create.topics.enable`.
    pub auto_create_topics: bool,
    /// `delete.topic.enable`.
    pub delete_topics: bool,
    /// `message.max.bytes`: default of a topic's largest batch.
    pub message_max_bytes: i32,
    /// `max.request.partition.size.limit`: partitions in one page of DescribeTopicPartitions.
    pub max_partitions_per_page: i32,
    /// Limits of connections and requests.
    pub net: NetConfig,
    /// Limits of fetches.
    pub fetch: FetchConfig,
    /// What group coordinators go by.
    pub groups: GroupsConfig,
    /// `log.retention.check.interval.ms`.
    pub retention_check_interval_ms: i64,
    /// Compaction.
    pub cleaner: CleanerConfig,
    /// `request.timeout.ms`: longest wait inside the broker where a request does not say.
    pub request_timeout_ms: i32,
    /// `producer.id.expiration.ms`: a producer unused for this long is forgotten.
    pub producer_id_expiration_ms: i64,
    /// `offset.metadata.max.bytes`.
    pub offset_metadata_max: usize,
    /// `transaction.max.timeout.ms`.
    pub transaction_max_timeout_ms: i32,
    /// `transaction.two.phase.commit.enable`.
    pub two_phase_commit: bool,
    /// `transaction.partition.verification.enable`: the first write of a transaction to a partition is checked with its
    /// coordinator.
    pub transaction_verification: bool,
    /// `add.partitions.to.txn.retry.backoff.max.ms`: how long a Produce waits for the transaction before to end.
    pub add_partitions_retry_max_ms: i32,
    /// `transactional.id.expiration.ms`: a transactional id unused for this long is forgotten.
    pub transactional_id_expiration_ms: i64,
}

/// Limits of connections and requests.
#[derive(Clone, Debug, PartialEq)]
pub struct NetConfig {
    /// `socket.request.max.bytes`: a frame that announces more closes its connection.
    pub request_max_bytes: i32,
    /// `queued.max.request.bytes`; `None`: decided by the memory budget.
    pub queued_max_bytes: Option<i64>,
    /// `connections.max.idle.ms`; `None`: connections are never closed for being idle.
    pub max_idle_ms: Option<i64>,
    /// `max.connections`.
    pub max_connections: i32,
    /// `max.connections.per.ip`.
    pub max_connections_per_ip: i32,
    /// `max.connection.creation.rate`, per second.
    pub max_creation_rate: i32,
    /// `socket.send.buffer.bytes`; `None`: the system's.
    pub send_buffer_bytes: Option<i32>,
    /// `socket.receive.buffer.bytes`; `None`: the system's.
    pub receive_buffer_bytes: Option<i32>,
    /// `socket.listen.backlog.size`.
    pub backlog: i32,
}

/// Limits of fetches.
#[derive(Clone, Debug, PartialEq)]
pub struct FetchConfig {
    /// `fetch.max.bytes`: most bytes in one response, whatever the request says.
    pub max_bytes: i32,
    /// `max.incremental.fetch.session.cache.slots`, of the whole node.
    pub session_slots: i32,
}

/// Compaction.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CleanerConfig {
    /// `log.cleaner.enable`.
    pub enabled: bool,
    /// `log.cleaner.backoff.ms`: sleep when there is nothing to do.
    pub backoff_ms: i64,
    /// `log.cleaner.dedupe.buffer.size`: memory for tables of keys, of the whole node.
    pub table_bytes: i64,
    /// `log.cleaner.io.buffer.load.factor`: how full such a table may get.
    pub load_factor: f64,
    /// `log.cleaner.io.max.bytes.per.second`, of each core.
    pub bytes_per_second: f64,
}

impl BrokerConfig {
    /// Reads all of it from the layers.
    pub fn new(settings: Settings) -> BrokerConfig {
        let s = &settings;
        BrokerConfig {
            topic: Arc::new(TopicConfig::effective(&super::Values::new(), s)),
            num_partitions: int(s, "num.partitions"),
            default_replication_factor: i16::try_from(int(s, "default.replication.factor"))
                .unwrap_or(i16::MAX),
            auto_create_topics: s.switch("auto.create.topics.enable"),
            delete_topics: s.switch("delete.topic.enable"),
            message_max_bytes: int(s, "message.max.bytes"),
            max_partitions_per_page: int(s, "max.request.partition.size.limit"),
            net: NetConfig::new(s),
            fetch: FetchConfig {
                max_bytes: int(s, "fetch.max.bytes"),
                session_slots: int(s, "max.incremental.fetch.session.cache.slots"),
            },
            groups: GroupsConfig::new(s),
            retention_check_interval_ms: long(s, "log.retention.check.interval.ms"),
            cleaner: CleanerConfig {
                enabled: s.switch("log.cleaner.enable"),
                backoff_ms: long(s, "log.cleaner.backoff.ms"),
                table_bytes: long(s, "log.cleaner.dedupe.buffer.size"),
                load_factor: s.real("log.cleaner.io.buffer.load.factor"),
                bytes_per_second: s.real("log.cleaner.io.max.bytes.per.second"),
            },
            request_timeout_ms: int(s, "request.timeout.ms"),
            producer_id_expiration_ms: long(s, "producer.id.expiration.ms"),
            offset_metadata_max: usize::try_from(int(s, "offset.metadata.max.bytes")).unwrap_or(0),
            transaction_max_timeout_ms: int(s, "transaction.max.timeout.ms"),
            two_phase_commit: s.switch("transaction.two.phase.commit.enable"),
            transaction_verification: s.switch("transaction.partition.verification.enable"),
            add_partitions_retry_max_ms: int(s, "add.partitions.to.txn.retry.backoff.max.ms"),
            transactional_id_expiration_ms: long(s, "transactional.id.expiration.ms"),
            settings,
        }
    }
}

impl NetConfig {
    fn new(s: &Settings) -> NetConfig {
        let buffer = |name| Some(int(s, name)).filter(|n| *n > 0);
        NetConfig {
            request_max_bytes: int(s, "socket.request.max.bytes"),
            queued_max_bytes: Some(long(s, "queued.max.request.bytes")).filter(|n| *n > 0),
            max_idle_ms: Some(long(s, "connections.max.idle.ms")).filter(|n| *n >= 0),
            max_connections: int(s, "max.connections"),
            max_connections_per_ip: int(s, "max.connections.per.ip"),
            max_creation_rate: int(s, "max.connection.creation.rate"),
            send_buffer_bytes: buffer("socket.send.buffer.bytes"),
            receive_buffer_bytes: buffer("socket.receive.buffer.bytes"),
            backlog: int(s, "socket.listen.backlog.size"),
        }
    }
}

impl Default for BrokerConfig {
    /// What a broker has where nothing was set.
    fn default() -> BrokerConfig {
        BrokerConfig::new(Settings::default())
    }
}

fn long(settings: &Settings, name: &str) -> i64 {
    settings.number(name).unwrap_or_default()
}

fn int(settings: &Settings, name: &str) -> i32 {
    i32::try_from(long(settings, name)).unwrap_or(i32::MAX)
}
