//! What is kept of a share group: a function of its records.

use std::collections::{BTreeMap, BTreeSet};

use ottla_protocol::ids::Uuid;

use super::Partitions;

/// A member.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Member {
    /// Its id.
    pub id: String,
    /// Where it runs.
    pub rack: Option<String>,
    /// The client's name.
    pub client_id: String,
    /// The client's address.
    pub client_host: String,
    /// The topics that it reads.
    pub topics: BTreeSet<String>,
    /// Its epoch.
    pub epoch: i32,
    /// The one before.
    pub previous_epoch: i32,
    /// What it has.
    pub assigned: Partitions,
}

/// Partitions of a topic whose state is with the share coordinator.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OfTopic {
    /// The topic's name.
    pub name: String,
    /// The partitions.
    pub partitions: BTreeSet<i32>,
}

/// Which partitions the share coordinator has state of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct States {
    /// About to be made.
    pub initializing: BTreeMap<Uuid, OfTopic>,
    /// There.
    pub initialized: BTreeMap<Uuid, OfTopic>,
    /// About to be deleted, by name.
    pub deleting: BTreeMap<Uuid, String>,
}

/// A share group.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Group {
    /// Grows with each change that needs another assignment.
    pub epoch: i32,
    /// Of the topics that members read, as of this epoch.
    pub metadata_hash: i64,
    /// The epoch that the target assignment is for.
    pub target_epoch: i32,
    /// When the target assignment was made, ms.
    pub target_ms: i64,
    /// The members, by id.
    pub members: BTreeMap<String, Member>,
    /// What each is to have.
    pub target: BTreeMap<String, Partitions>,
    /// Which partitions have state.
    pub states: States,
    /// When the state of each topic that is about to have one was asked for, ms: what is long ago is asked for again.
    pub asked_ms: BTreeMap<Uuid, i64>,
}

impl Group {
    /// Kafka's name of its state.
    pub fn state(&self) -> &'static str {
        match self.members.is_empty() {
            true => "Empty",
            false => "Stable",
        }
    }

    /// Does anybody read this topic?
    pub fn is_subscribed_to(&self, topic: &str) -> bool {
        self.members.values().any(|m| m.topics.contains(topic))
    }

    /// The topics that are read when this member is as given, or not there.
    pub fn topics_with(&self, id: &str, member: Option<&Member>) -> BTreeSet<String> {
        let others = self.members.values().filter(|m| m.id != id);
        let all = others.chain(member).flat_map(|m| &m.topics);
        all.cloned().collect()
    }
}
