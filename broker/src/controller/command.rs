//! What the controller can be asked to do. Commands are plain values; who may give them was decided before.

use std::collections::BTreeMap;

use ottla_protocol::ids::{NodeId, Uuid};

use crate::metadata::{ConfigResource, Endpoint, QuotaEntity};

/// A request to change the cluster's state.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// A node says where clients reach it; given by each node when it starts. Answer: [`super::Outcome::Done`].
    RegisterBroker {
        /// The node.
        id: NodeId,
        /// Where clients of each listener connect, by listener name.
        endpoints: BTreeMap<String, Endpoint>,
        /// Where the node stands.
        rack: Option<String>,
    },
    /// Take a node that holds no replicas out of the cluster. Answer: [`super::Outcome::Items`], one item.
    UnregisterBroker(NodeId),
    /// Make topics. Answer: [`super::Outcome::Created`].
    CreateTopics {
        /// The topics.
        topics: Vec<NewTopic>,
        /// Check only.
        validate_only: bool,
    },
    /// Delete topics. Answer: [`super::Outcome::Deleted`].
    DeleteTopics {
        /// The topics.
        topics: Vec<TopicRef>,
    },
    /// Add partitions to topics. Answer: [`super::Outcome::Items`], one for each topic.
    CreatePartitions {
        /// The topics.
        topics: Vec<MorePartitions>,
        /// Check only.
        validate_only: bool,
    },
    /// Change some settings of some resources, each resource wholly or not at all. Answer: [`super::Outcome::Items`].
    AlterConfigs {
        /// The changes.
        changes: Vec<ConfigChange>,
        /// Check only.
        validate_only: bool,
    },
    /// Replace all settings of some resources. Answer: [`super::Outcome::Items`].
    ReplaceConfigs {
        /// The new settings.
        resources: Vec<ConfigReplacement>,
        /// Check only.
        validate_only: bool,
    },
    /// Change client quotas. Answer: [`super::Outcome::Items`].
    AlterClientQuotas {
        /// The changes.
        changes: Vec<QuotaChange>,
        /// Check only.
        validate_only: bool,
    },
    /// Take a block of producer ids. Answer: [`super::Outcome::ProducerIds`].
    AllocateProducerIds,
    /// Change finalized feature levels, all or none. Answer: [`super::Outcome::Items`], one for each update, or
    /// [`super::Outcome::Refused`].
    UpdateFeatures {
        /// The new levels.
        updates: Vec<FeatureUpdate>,
        /// Check only.
        validate_only: bool,
    },
}

/// A topic to be made.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NewTopic {
    /// Its name.
    pub name: String,
    /// Number of partitions; -1: the broker's default, or what `assignments` says.
    pub partitions: i32,
    /// Replicas of each partition; -1: the broker's default, or what `assignments` says.
    pub replication_factor: i16,
    /// Partition numbers and their replicas, where the client chose them.
    pub assignments: Vec<(i32, Vec<NodeId>)>,
    /// Settings.
    pub configs: Vec<(String, Option<String>)>,
}

/// A topic by name or by id; giving both or none is refused.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TopicRef {
    /// The name.
    pub name: Option<String>,
    /// The id; zero: not given.
    pub id: Uuid,
}

/// Partitions to be added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MorePartitions {
    /// Name of the topic.
    pub topic: String,
    /// Number of partitions afterwards.
    pub count: i32,
    /// Replicas of each new partition, where the client chose them.
    pub assignments: Option<Vec<Vec<NodeId>>>,
}

/// What to do with one setting. The numbers are those of the IncrementalAlterConfigs request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i8)]
pub enum ConfigOp {
    /// Give it this value.
    Set = 0,
    /// Back to the default.
    Delete = 1,
    /// Add these items to the list in force.
    Append = 2,
    /// Take these items from the list in force.
    Subtract = 3,
}

/// Changes of one resource.
#[derive(Clone, Debug, PartialEq)]
pub struct ConfigChange {
    /// The resource.
    pub resource: ConfigResource,
    /// Setting, what to do, value.
    pub ops: Vec<(String, ConfigOp, Option<String>)>,
}

/// All settings of one resource.
#[derive(Clone, Debug, PartialEq)]
pub struct ConfigReplacement {
    /// The resource.
    pub resource: ConfigResource,
    /// Settings and values.
    pub configs: Vec<(String, Option<String>)>,
}

/// Changes of one entity's quotas.
#[derive(Clone, Debug, PartialEq)]
pub struct QuotaChange {
    /// Whom they bind.
    pub entity: QuotaEntity,
    /// Quota and new value; `None` removes it.
    pub ops: Vec<(String, Option<f64>)>,
}

/// A new level of one feature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeatureUpdate {
    /// The feature.
    pub name: String,
    /// The level; 0 switches the feature off.
    pub level: i16,
    /// Which way the level may go.
    pub direction: FeatureDirection,
}

/// Which way an update of a feature may go. The numbers are those of the UpdateFeatures request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i8)]
pub enum FeatureDirection {
    /// Up only.
    Upgrade = 1,
    /// Down too, where nothing is lost.
    SafeDowngrade = 2,
    /// Down too, even where something is lost.
    UnsafeDowngrade = 3,
}
