//! What coordinators tell operators: what they have, asked for now and then, and what has happened, counted as it is written.

use std::collections::BTreeMap;

use ottla_protocol::ids::Uuid;

use crate::metrics::Metrics;

/// What the coordinators of a shard have.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Census {
    /// Groups, by type and state.
    pub groups: BTreeMap<(&'static str, &'static str), i64>,
    /// Transactional ids, by state.
    pub transactions: BTreeMap<&'static str, i64>,
    /// What groups have committed.
    pub committed: Vec<Committed>,
}

/// An offset that a group has committed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Committed {
    /// The group.
    pub group: String,
    /// The topic's name.
    pub topic: String,
    /// Its id, zero where it is not known.
    pub topic_id: Uuid,
    /// The partition.
    pub partition: i32,
    /// The next offset that the group wants.
    pub offset: i64,
}

/// Something that operators count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// A group has committed the offset of one partition.
    OffsetCommitted,
    /// The members of a group have got other partitions.
    Rebalanced,
    /// A transaction is committed everywhere.
    TransactionCommitted,
    /// A transaction is aborted everywhere.
    TransactionAborted,
}

impl Event {
    /// Counts it.
    pub fn count(self, metrics: &Metrics) {
        let counter = match self {
            Event::OffsetCommitted => &metrics.offset_commits,
            Event::Rebalanced => &metrics.rebalances,
            Event::TransactionCommitted => &metrics.transactions_committed,
            Event::TransactionAborted => &metrics.transactions_aborted,
        };
        counter.inc();
    }
}
