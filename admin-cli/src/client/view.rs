//! What a cluster looks like from outside: plain values that plans are made from.

use std::collections::BTreeMap;
use std::fmt;

use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::ids::Uuid;

use super::error::ClientError;
use crate::args::values::Address;

/// Brokers and topics, as one Metadata answer tells them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ClusterView {
    /// The cluster's id.
    pub cluster_id: Option<String>,
    /// The brokers that are up, by node id.
    pub brokers: BTreeMap<i32, Address>,
    /// The topics asked for that exist, by name.
    pub topics: BTreeMap<String, TopicView>,
    /// The topics asked for that the broker answered with an error, by name.
    pub refused: BTreeMap<String, ErrorCode>,
}

impl ClusterView {
    /// A topic that was asked for.
    ///
    /// # Errors
    /// The broker's code when it is not there.
    pub fn topic(&self, name: &str) -> Result<&TopicView, ClientError> {
        self.topics.get(name).ok_or_else(|| {
            let code = self.refused.get(name).copied();
            let code = code.unwrap_or(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION);
            ClientError::refused(format!("topic {name:?}"), code, None)
        })
    }
}

/// A partition of a topic, by name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct TopicPartition {
    /// The topic.
    pub topic: String,
    /// The partition's index.
    pub partition: i32,
}

impl TopicPartition {
    /// The partition `partition` of `topic`.
    pub fn new(topic: &str, partition: i32) -> TopicPartition {
        TopicPartition {
            topic: topic.to_owned(),
            partition,
        }
    }
}

impl fmt::Display for TopicPartition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.topic, self.partition)
    }
}

/// One topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicView {
    /// Its name.
    pub name: String,
    /// Its id; zero when the broker is too old to tell.
    pub id: Uuid,
    /// Made by the broker for itself.
    pub internal: bool,
    /// In order of their index.
    pub partitions: Vec<PartitionView>,
}

/// One partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartitionView {
    /// Its index.
    pub index: i32,
    /// The node that leads it, if any does.
    pub leader: Option<i32>,
    /// The leader's epoch, or -1 when not told.
    pub leader_epoch: i32,
    /// All nodes with a copy, the preferred leader first.
    pub replicas: Vec<i32>,
    /// The copies that are in sync.
    pub isr: Vec<i32>,
    /// The copies that are not available.
    pub offline: Vec<i32>,
}

impl TopicView {
    /// True when every partition has a leader.
    pub fn is_led(&self) -> bool {
        self.partitions
            .iter()
            .all(|partition| partition.leader.is_some())
    }

    /// Copies of a partition; the first partition speaks for all.
    pub fn replication_factor(&self) -> usize {
        self.partitions
            .first()
            .map_or(0, |partition| partition.replicas.len())
    }
}
