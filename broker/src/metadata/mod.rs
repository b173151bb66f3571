//! The immutable picture of the cluster that every shard holds: topics, partitions, brokers, configs.
//!
//! The controller publishes a new [`Image`] after each change; readers keep the `Arc` they have for as long as one request
//! takes, so that a request sees one state of the cluster. Nothing here changes after it was built.

use std::collections::BTreeMap;
use std::sync::Arc;

use ottla_protocol::ids::{NodeId, PartitionId, Uuid};

use crate::config::{BrokerConfig, TopicConfig, Values};

mod names;
mod topics;

pub use names::{INTERNAL_TOPICS, NameFault, check_topic_name, collision_key, is_internal};
pub use topics::Topics;

/// The cluster at one version. Lives on: every shard (shared, `Send`). View: everything that was committed up to `version`.
#[derive(Clone, Debug, PartialEq)]
pub struct Image {
    /// The node that this image was published on.
    pub node: NodeId,
    /// The cluster's id, as clients see it.
    pub cluster_id: String,
    /// Grows with every change.
    pub version: u64,
    /// The controller's own group.
    pub quorum: Quorum,
    /// The nodes, by id.
    pub brokers: Arc<BTreeMap<NodeId, Broker>>,
    /// Settings that were changed at run time, by what they belong to. Topics' own are in [`Topic::overrides`].
    pub configs: Arc<BTreeMap<ConfigResource, Arc<Values>>>,
    /// Client quotas, by whom they bind.
    pub quotas: Arc<BTreeMap<QuotaEntity, BTreeMap<String, f64>>>,
    /// Finalized feature levels, by name; a feature at level 0 is absent.
    pub features: Arc<BTreeMap<String, i16>>,
    /// This node's broker settings in force.
    pub broker_config: Arc<BrokerConfig>,
    /// The topics, by name and by id.
    pub topics: Topics,
}

/// The controller's Raft group as this node last saw it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quorum {
    /// The active controller.
    pub leader: NodeId,
    /// Its term.
    pub epoch: i32,
    /// First index of its log that is not committed.
    pub committed: i64,
}

/// A node of the cluster as clients reach it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broker {
    /// The node.
    pub id: NodeId,
    /// Where clients of each listener connect, by listener name.
    pub endpoints: BTreeMap<String, Endpoint>,
    /// Where the node stands, for placement.
    pub rack: Option<String>,
    /// False once an operator asked to take it out of use.
    pub fenced: bool,
}

/// An address that clients connect to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// Name or address.
    pub host: String,
    /// TCP port.
    pub port: u16,
}

/// A topic.
#[derive(Clone, Debug, PartialEq)]
pub struct Topic {
    /// Its id; a topic made again under the same name has another.
    pub id: Uuid,
    /// Its name.
    pub name: Arc<str>,
    /// Its partitions; the index is the number.
    pub partitions: Vec<PartitionState>,
    /// True for the broker's own topics.
    pub internal: bool,
    /// Its settings in force on this node.
    pub config: Arc<TopicConfig>,
    /// The settings that were given for it.
    pub overrides: Values,
}

/// Who holds a partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartitionState {
    /// The node that leads it; [`NodeId::NONE`] while nobody is known to.
    pub leader: NodeId,
    /// The leader's epoch: the term of the partition's Raft group. -1 while no leader is known.
    pub leader_epoch: i32,
    /// The nodes that hold a copy, the preferred leader first.
    pub replicas: Vec<NodeId>,
    /// Of those, the ones that have all that is committed.
    pub isr: Vec<NodeId>,
}

/// What a set of settings belongs to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ConfigResource {
    /// All brokers (the empty name).
    BrokerDefault,
    /// One broker.
    Broker(NodeId),
    /// The levels of one broker's loggers.
    BrokerLogger(NodeId),
    /// A client metrics subscription.
    ClientMetrics(String),
    /// A group.
    Group(String),
    /// A topic.
    Topic(String),
}

/// Whom a quota binds: a user, a client id, both, or an address. In each, `Some(None)` is "all without their own".
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct QuotaEntity {
    /// The user.
    pub user: Option<Option<String>>,
    /// The client id.
    pub client_id: Option<Option<String>>,
    /// The address.
    pub ip: Option<Option<String>>,
}

impl Image {
    /// A cluster with nothing in it.
    pub fn empty(cluster_id: String, node: NodeId) -> Image {
        Image {
            node,
            cluster_id,
            version: 0,
            quorum: Quorum {
                leader: node,
                epoch: 0,
                committed: 0,
            },
            brokers: Arc::default(),
            configs: Arc::default(),
            quotas: Arc::default(),
            features: Arc::default(),
            broker_config: Arc::default(),
            topics: Topics::default(),
        }
    }

    /// Settings that were given at run time for a resource that is not a topic.
    pub fn config(&self, resource: &ConfigResource) -> Option<&Arc<Values>> {
        self.configs.get(resource)
    }
}

impl Topic {
    /// The id of this topic's partition of this number, whether or not it exists.
    pub fn partition_id(&self, partition: i32) -> PartitionId {
        PartitionId {
            topic: self.id,
            partition,
        }
    }

    /// The partition of this number.
    pub fn partition(&self, number: i32) -> Option<&PartitionState> {
        self.partitions.get(usize::try_from(number).ok()?)
    }
}

#[cfg(test)]
mod tests;
