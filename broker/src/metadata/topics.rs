//! The topics of an image: two maps over the same values.
//!
//! Invariants: a topic stands in both maps or in neither; `partitions` is the sum over all. Copies share their maps until
//! one of them changes.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use ottla_protocol::ids::{PartitionId, Uuid};

use super::{PartitionState, Topic};

/// Topics by name and by id.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Topics {
    by_name: Arc<BTreeMap<Arc<str>, Arc<Topic>>>,
    by_id: Arc<BTreeMap<Uuid, Arc<Topic>>>,
    partitions: usize,
}

impl Topics {
    /// The topic of this name.
    pub fn named(&self, name: &str) -> Option<&Arc<Topic>> {
        self.by_name.get(name)
    }

    /// The topic of this id.
    pub fn with_id(&self, id: Uuid) -> Option<&Arc<Topic>> {
        self.by_id.get(&id)
    }

    /// All, in name order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Arc<Topic>> {
        self.by_name.values()
    }

    /// Those from this name on, in name order.
    pub fn from_name(&self, name: &str) -> impl Iterator<Item = &Arc<Topic>> {
        self.by_name
            .range::<str, _>((Bound::Included(name), Bound::Unbounded))
            .map(|(_, topic)| topic)
    }

    /// Number of topics.
    pub fn len(&self) -> usize {
        self.by_name.len()
    }

    /// True if there are none.
    pub fn is_empty(&self) -> bool {
        self.by_name.is_empty()
    }

    /// Number of partitions of all topics.
    pub fn partition_count(&self) -> usize {
        self.partitions
    }

    /// The partition and the topic it is of.
    pub fn partition(&self, id: PartitionId) -> Option<(&Arc<Topic>, &PartitionState)> {
        let topic = self.by_id.get(&id.topic)?;
        Some((topic, topic.partition(id.partition)?))
    }

    /// Every partition, by topic name, then number.
    pub fn partitions(&self) -> impl Iterator<Item = (PartitionId, &Arc<Topic>, &PartitionState)> {
        self.iter().flat_map(|topic| {
            topic
                .partitions
                .iter()
                .zip(0..)
                .map(move |(state, n)| (topic.partition_id(n), topic, state))
        })
    }

    /// Puts a topic in, in place of one of the same id or name.
    pub fn insert(&mut self, topic: Topic) {
        self.remove(topic.id);
        if let Some(id) = self.named(&topic.name).map(|old| old.id) {
            self.remove(id);
        }
        let topic = Arc::new(topic);
        self.partitions += topic.partitions.len();
        Arc::make_mut(&mut self.by_name).insert(topic.name.clone(), topic.clone());
        Arc::make_mut(&mut self.by_id).insert(topic.id, topic);
    }

    /// Takes a topic out.
    pub fn remove(&mut self, id: Uuid) -> Option<Arc<Topic>> {
        if !self.by_id.contains_key(&id) {
            return None;
        }
        let topic = Arc::make_mut(&mut self.by_id).remove(&id)?;
        Arc::make_mut(&mut self.by_name).remove(&topic.name);
        self.partitions -= topic.partitions.len();
        Some(topic)
    }
}
