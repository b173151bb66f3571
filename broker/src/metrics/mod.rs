//! Counters and gauges of one shard: plain cells, no atomics; the admin endpoint asks every shard and adds them up.
//!
//! [`Metrics`] is the list: each field is one Prometheus family, its documentation is the family's help text. Names follow
//! Prometheus: `ottla_` first, base units (bytes, seconds), `_total` on counters.

mod expose;
mod histogram;
mod labelled;

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use ottla_protocol::api::ApiKey;

pub use expose::{CONTENT_TYPE, render};
pub use histogram::{Distribution, Histogram};
pub use labelled::{Labelled, Labels};

/// A count that only rises.
#[derive(Debug, Default)]
pub struct Counter(Cell<u64>);

impl Counter {
    /// Counts one.
    pub fn inc(&self) {
        self.add(1);
    }

    /// Counts `n`.
    pub fn add(&self, n: u64) {
        self.0.set(self.0.get().wrapping_add(n));
    }

    /// The count so far.
    pub fn get(&self) -> u64 {
        self.0.get()
    }
}

/// A reading that rises and falls.
#[derive(Debug, Default)]
pub struct Gauge(Cell<i64>);

impl Gauge {
    /// Replaces the reading.
    pub fn set(&self, to: i64) {
        self.0.set(to);
    }

    /// Moves the reading by `n`.
    pub fn add(&self, n: i64) {
        self.0.set(self.0.get().wrapping_add(n));
    }

    /// The reading.
    pub fn get(&self) -> i64 {
        self.0.get()
    }
}

/// One `M` for each API that was asked for, labelled `api`.
#[derive(Debug)]
pub struct PerApi<M>(RefCell<BTreeMap<ApiKey, std::rc::Rc<M>>>);

impl<M> Default for PerApi<M> {
    fn default() -> Self {
        PerApi(RefCell::default())
    }
}

impl<M: Default> PerApi<M> {
    /// The series of `api`; made when it is first asked for.
    pub fn of(&self, api: ApiKey) -> std::rc::Rc<M> {
        self.0.borrow_mut().entry(api).or_default().clone()
    }
}

/// How a family's readings are meant and how those of several shards become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Only rises; shards are added.
    Counter,
    /// Rises and falls; shards are added.
    Gauge,
    /// Durations; shards are added bucket by bucket.
    Histogram,
}

/// One reading, as plain data.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Of a counter or gauge.
    Number(i128),
    /// Of a histogram.
    Durations(Distribution),
}

/// One family's description.
#[derive(Clone, Copy, Debug)]
pub struct Family {
    /// Full name, as exposed.
    pub name: &'static str,
    /// What it is.
    pub kind: Kind,
    /// One line of help.
    pub help: &'static str,
}

/// What can be a field of [`Metrics`].
trait Readings {
    const KIND: Kind;
    /// Calls `each` for every series, with its labels.
    fn read(&self, each: &mut dyn FnMut(Labels, Value));
}

impl Readings for Counter {
    const KIND: Kind = Kind::Counter;
    fn read(&self, each: &mut dyn FnMut(Labels, Value)) {
        each(Labels::default(), Value::Number(self.get().into()));
    }
}

impl Readings for Gauge {
    const KIND: Kind = Kind::Gauge;
    fn read(&self, each: &mut dyn FnMut(Labels, Value)) {
        each(Labels::default(), Value::Number(self.get().into()));
    }
}

impl Readings for Histogram {
    const KIND: Kind = Kind::Histogram;
    fn read(&self, each: &mut dyn FnMut(Labels, Value)) {
        each(Labels::default(), Value::Durations(self.snapshot()));
    }
}

impl<M: Readings> Readings for PerApi<M> {
    const KIND: Kind = M::KIND;
    fn read(&self, each: &mut dyn FnMut(Labels, Value)) {
        for (api, series) in self.0.borrow().iter() {
            series.read(&mut |_, value| each(Labels::of([("api", api.name())]), value));
        }
    }
}

/// The families: field, type, exposed name; the doc comment is the help text.
macro_rules! families {
    ($($(#[doc = $help:literal])+ $field:ident: $type:ty = $name:literal;)+) => {
        /// Every reading of one shard. Rooms hold it by `Rc` and touch the fields they own.
        #[derive(Debug, Default)]
        pub struct Metrics {
            $($(#[doc = $help])+ pub $field: $type,)+
        }

        /// All families, in the order they are exposed in.
        pub const FAMILIES: &[Family] = &[
            $(Family { name: $name, kind: <$type as Readings>::KIND, help: concat!($($help),+) },)+
        ];

        impl Metrics {
            /// A copy that can leave the shard.
            pub fn snapshot(&self) -> Snapshot {
                let mut series = BTreeMap::new();
                $(self.$field.read(&mut |labels, value| { series.insert(($name, labels), value); });)+
                Snapshot { series }
            }
        }
    };
}

families! {
    /// Connections of clients that are open now.
    connections: Gauge = "ottla_connections";
    /// Connections accepted.
    connections_accepted: Counter = "ottla_connections_accepted_total";
    /// Connections closed at once because max.connections or max.connections.per.ip was reached.
    connections_refused: Counter = "ottla_connections_refused_total";
    /// Connections closed because of what the client sent, or because it held memory without sending.
    connections_faulty: Counter = "ottla_connections_closed_faulty_total";
    /// Connections closed after connections.max.idle.ms without a request.
    connections_idle_closed: Counter = "ottla_connections_closed_idle_total";
    /// Bytes read from clients.
    received_bytes: Counter = "ottla_received_bytes_total";
    /// Bytes written to clients.
    sent_bytes: Counter = "ottla_sent_bytes_total";
    /// Requests started, by API.
    requests: PerApi<Counter> = "ottla_requests_total";
    /// From the last byte of a request to its answer being ready, by API.
    request_time: PerApi<Histogram> = "ottla_request_seconds";
    /// Bytes of requests held in memory now.
    request_memory: Gauge = "ottla_request_memory_bytes";
    /// Most bytes of requests that may be held, apart from a fixed few KiB for each connection and one large frame.
    request_memory_limit: Gauge = "ottla_request_memory_limit_bytes";
    /// Times a connection was not read because request memory was full.
    request_memory_waits: Counter = "ottla_request_memory_waits_total";
    /// Bytes of answers not yet taken by their clients.
    answer_memory: Gauge = "ottla_answer_memory_bytes";
    /// Records accepted from producers.
    produced_records: Counter = "ottla_produced_records_total";
    /// Bytes of record batches accepted from producers.
    produced_bytes: Counter = "ottla_produced_bytes_total";
    /// Partitions of produce requests that were refused.
    produce_errors: Counter = "ottla_produce_errors_total";
    /// Bytes of record batches given to consumers.
    fetched_bytes: Counter = "ottla_fetched_bytes_total";
    /// Partitions that this node holds a copy of.
    partitions: Gauge = "ottla_partitions";
    /// Appends to the journal; one carries what all partitions of a shard had to write, and some share a flush.
    journal_appends: Counter = "ottla_journal_appends_total";
    /// From an append to the journal to its being durable.
    append_time: Histogram = "ottla_journal_append_seconds";
    /// Rounds of compaction.
    compactions: Counter = "ottla_compactions_total";
    /// Rounds of compaction that failed.
    compactions_failed: Counter = "ottla_compactions_failed_total";
    /// Times that a round of compaction was due and there was no room on the disk to write it.
    compactions_refused: Counter = "ottla_compactions_refused_total";
    /// From the beginning of a round of compaction to its end.
    compaction_time: Histogram = "ottla_compaction_seconds";
    /// Bytes of segments that compaction has replaced.
    compacted_bytes: Counter = "ottla_compacted_bytes_total";
    /// Bytes of segments that compaction has put in their place.
    compacted_left_bytes: Counter = "ottla_compacted_left_bytes_total";
    /// Groups that this node coordinates, by type and state.
    groups: Labelled = "ottla_groups";
    /// Partitions for which groups have committed an offset.
    group_offsets: Gauge = "ottla_group_offsets";
    /// Records that a group has not committed yet, of all partitions of a topic that it has committed an offset for.
    group_lag: Labelled = "ottla_group_lag_records";
    /// Offsets that groups have committed, those of transactions included.
    offset_commits: Counter = "ottla_group_offset_commits_total";
    /// Assignments of partitions that ended a rebalance of a group; in classic groups also static members that came back.
    rebalances: Counter = "ottla_group_rebalances_total";
    /// Transactional ids that this node coordinates, by state; those that are Ongoing have an open transaction.
    transactions: Labelled = "ottla_transactions";
    /// Transactions committed.
    transactions_committed: Counter = "ottla_transactions_committed_total";
    /// Transactions aborted, by their producers or because their time was up.
    transactions_aborted: Counter = "ottla_transactions_aborted_total";
    /// Bytes of records in the batch cache.
    cache_bytes: Gauge = "ottla_batch_cache_bytes";
    /// Reads that the batch cache answered.
    cache_hits: Counter = "ottla_batch_cache_hits_total";
    /// Reads that had to go to a segment file.
    cache_misses: Counter = "ottla_batch_cache_misses_total";
}

/// The readings of one shard, or of several merged: plain data that crosses cores.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Snapshot {
    series: BTreeMap<(&'static str, Labels), Value>,
}

impl Snapshot {
    /// Adds another shard's readings.
    pub fn merge(&mut self, other: Snapshot) {
        for (key, theirs) in other.series {
            match (self.series.get_mut(&key), theirs) {
                (Some(Value::Number(mine)), Value::Number(n)) => *mine += n,
                (Some(Value::Durations(mine)), Value::Durations(d)) => mine.merge(&d),
                (_, theirs) => {
                    self.series.insert(key, theirs);
                }
            }
        }
    }

    /// The reading of `family` (exposed name) with these labels.
    pub fn get(&self, family: &'static str, labels: Labels) -> Option<&Value> {
        self.series.get(&(family, labels))
    }
}

#[cfg(test)]
mod tests;
