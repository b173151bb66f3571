//! The controller's state: what the records applied so far say.
//!
//! Invariants: the replicated part (all but `version`, the observed leaders and levels of loggers) is a function of the
//! records alone; [`State::snapshot`] gives records that rebuild it; a topic's settings in force always fit its overrides and this
//! node's broker settings.

use std::collections::BTreeMap;
use std::sync::Arc;

use ottla_protocol::ids::{NodeId, PartitionId, Uuid};

use super::record::{self, ConfigChanged, Fact, QuotaChanged, QuotaPart, Record};
use crate::config::{BrokerConfig, Settings, TopicConfig, Values};
use crate::metadata::{
    Broker, ConfigResource, Endpoint, Image, PartitionState, Quorum, QuotaEntity, Topic, Topics,
    is_internal,
};

/// The cluster as the controller's log says. Lives on: shard 0. View: everything applied so far.
///
/// The driver: (1) makes it with [`State::new`] and applies the snapshot and every committed record in order; (2) on the
/// leader, calls [`State::decide`], proposes the records as one payload, applies them when that payload is committed, and
/// only then gives the outcome out; one command at a time; (3) after each change publishes [`State::image`].
#[derive(Clone, Debug)]
pub struct State {
    pub(super) node: NodeId,
    fixed: Arc<Values>,
    pub(super) cluster_id: String,
    pub(super) version: u64,
    quorum: Quorum,
    pub(super) broker_config: Arc<BrokerConfig>,
    pub(super) brokers: Arc<BTreeMap<NodeId, Broker>>,
    pub(super) topics: Topics,
    pub(super) configs: Arc<BTreeMap<ConfigResource, Arc<Values>>>,
    pub(super) quotas: Arc<BTreeMap<QuotaEntity, BTreeMap<String, f64>>>,
    pub(super) features: Arc<BTreeMap<String, i16>>,
    pub(super) next_producer_id: i64,
}

impl State {
    /// An empty cluster as seen by `node`, whose settings file and command line said `fixed`.
    pub fn new(cluster_id: String, node: NodeId, fixed: Arc<Values>) -> State {
        let settings = Settings {
            fixed: fixed.clone(),
            ..Settings::default()
        };
        State {
            node,
            fixed,
            cluster_id,
            version: 0,
            quorum: Quorum {
                leader: node,
                epoch: 0,
                committed: 0,
            },
            broker_config: Arc::new(BrokerConfig::new(settings)),
            brokers: Arc::default(),
            topics: Topics::default(),
            configs: Arc::default(),
            quotas: Arc::default(),
            features: Arc::new(super::features::initial()),
            next_producer_id: 0,
        }
    }

    /// The image to publish now. Cheap: it shares the maps.
    pub fn image(&self) -> Image {
        Image {
            cluster_id: self.cluster_id.clone(),
            node: self.node,
            version: self.version,
            quorum: self.quorum,
            brokers: self.brokers.clone(),
            configs: self.configs.clone(),
            quotas: self.quotas.clone(),
            features: self.features.clone(),
            broker_config: self.broker_config.clone(),
            topics: self.topics.clone(),
        }
    }

    /// Notes who leads partitions, and in which epoch (Raft term). Not replicated: each node learns it from the partitions'
    /// own Raft groups. A lower epoch than the known one is ignored, as are partitions that are gone.
    pub fn observe_leaders(&mut self, leaders: &[(PartitionId, NodeId, i32)]) {
        let mut topics: BTreeMap<Uuid, Topic> = BTreeMap::new();
        for (id, leader, epoch) in leaders {
            let Some(topic) = self.topics.with_id(id.topic) else {
                continue;
            };
            let topic = topics
                .entry(id.topic)
                .or_insert_with(|| Topic::clone(topic));
            let state = usize::try_from(id.partition)
                .ok()
                .and_then(|n| topic.partitions.get_mut(n));
            if let Some(state) = state.filter(|state| state.leader_epoch <= *epoch) {
                state.leader = *leader;
                state.leader_epoch = *epoch;
            }
        }
        for topic in topics.into_values() {
            self.topics.insert(topic);
            self.version += 1;
        }
    }

    /// Notes how the controller's own Raft group stands; shown by DescribeQuorum. Not replicated.
    pub fn observe_quorum(&mut self, leader: NodeId, epoch: i32, committed: i64) {
        self.quorum = Quorum {
            leader,
            epoch,
            committed,
        };
    }

    /// Applies one committed record. Records that speak of things that are gone change nothing.
    pub fn apply(&mut self, record: &Record) {
        self.version += 1;
        let Some(fact) = &record.fact else { return };
        match fact {
            Fact::BrokerRegistered(fact) => self.apply_broker(fact),
            Fact::BrokerRemoved(id) => drop(Arc::make_mut(&mut self.brokers).remove(&NodeId(*id))),
            Fact::TopicCreated(fact) => self.apply_topic(fact),
            Fact::TopicDeleted(id) => drop(self.topics.remove(uuid(id))),
            Fact::PartitionsAdded(fact) => self.apply_partitions(fact),
            Fact::ConfigChanged(fact) => self.apply_config(fact),
            Fact::QuotaChanged(fact) => self.apply_quota(fact),
            Fact::ProducerIdsTaken(next) => self.next_producer_id = *next,
            Fact::FeatureChanged(fact) => self.apply_feature(fact),
        }
    }

    /// Records that make this state out of an empty one.
    pub fn snapshot(&self) -> Vec<Record> {
        let mut facts = Vec::new();
        facts.extend(
            self.brokers
                .values()
                .map(|broker| Fact::BrokerRegistered(broker_fact(broker))),
        );
        facts.extend(
            self.topics
                .iter()
                .map(|topic| Fact::TopicCreated(topic_fact(topic))),
        );
        facts.extend(self.configs.iter().map(|(resource, values)| {
            let (kind, name) = resource_parts(resource);
            Fact::ConfigChanged(ConfigChanged {
                kind,
                name,
                set: Values::clone(values),
                removed: Vec::new(),
            })
        }));
        facts.extend(self.quotas.iter().map(|(entity, quotas)| {
            let entity = entity_parts(entity);
            Fact::QuotaChanged(QuotaChanged {
                entity,
                set: quotas.clone(),
                removed: Vec::new(),
            })
        }));
        facts.push(Fact::ProducerIdsTaken(self.next_producer_id));
        let off = super::features::initial()
            .into_keys()
            .filter(|name| !self.features.contains_key(name));
        facts.extend(
            off.map(|name| Fact::FeatureChanged(record::FeatureChanged { name, level: 0 })),
        );
        facts.extend(self.features.iter().map(|(name, level)| {
            Fact::FeatureChanged(record::FeatureChanged {
                name: name.clone(),
                level: i32::from(*level),
            })
        }));
        let records = facts.into_iter().map(Record::from);
        records.filter(Record::lasts).collect()
    }

    fn apply_broker(&mut self, fact: &record::BrokerRegistered) {
        let endpoints = fact.endpoints.iter().map(|(name, address)| {
            let port = u16::try_from(address.port).unwrap_or_default();
            (
                name.clone(),
                Endpoint {
                    host: address.host.clone(),
                    port,
                },
            )
        });
        let id = NodeId(fact.id);
        let broker = Broker {
            id,
            endpoints: endpoints.collect(),
            rack: fact.rack.clone(),
            fenced: false,
        };
        Arc::make_mut(&mut self.brokers).insert(id, broker);
    }

    fn apply_topic(&mut self, fact: &record::TopicCreated) {
        let overrides = fact.configs.clone();
        self.topics.insert(Topic {
            id: uuid(&fact.id),
            name: fact.name.as_str().into(),
            partitions: fact.partitions.iter().map(new_partition).collect(),
            internal: is_internal(&fact.name),
            config: Arc::new(TopicConfig::effective(
                &overrides,
                &self.broker_config.settings,
            )),
            overrides,
        });
    }

    fn apply_partitions(&mut self, fact: &record::PartitionsAdded) {
        let Some(topic) = self.topics.with_id(uuid(&fact.topic)) else {
            return;
        };
        let mut topic = Topic::clone(topic);
        topic
            .partitions
            .extend(fact.partitions.iter().map(new_partition));
        self.topics.insert(topic);
    }

    fn apply_config(&mut self, fact: &ConfigChanged) {
        let Some(resource) = resource_from(fact.kind, &fact.name) else {
            return;
        };
        if let ConfigResource::Topic(name) = &resource {
            return self.apply_topic_config(name, fact);
        }
        let configs = Arc::make_mut(&mut self.configs);
        let values = Arc::make_mut(configs.entry(resource.clone()).or_default());
        change(values, fact);
        if values.is_empty() {
            configs.remove(&resource);
        }
        if resource == ConfigResource::BrokerDefault
            || resource == ConfigResource::Broker(self.node)
        {
            self.reread_broker_config();
        }
    }

    fn apply_topic_config(&mut self, name: &str, fact: &ConfigChanged) {
        let Some(topic) = self.topics.named(name) else {
            return;
        };
        let mut topic = Topic::clone(topic);
        change(&mut topic.overrides, fact);
        topic.config = Arc::new(TopicConfig::effective(
            &topic.overrides,
            &self.broker_config.settings,
        ));
        self.topics.insert(topic);
    }

    /// Every topic inherits from the broker's settings, so all are read again.
    fn reread_broker_config(&mut self) {
        let layer = |resource| self.configs.get(&resource).cloned().unwrap_or_default();
        let settings = Settings {
            fixed: self.fixed.clone(),
            cluster: layer(ConfigResource::BrokerDefault),
            broker: layer(ConfigResource::Broker(self.node)),
        };
        let topics: Vec<Arc<Topic>> = self.topics.iter().cloned().collect();
        for topic in topics {
            let config = TopicConfig::effective(&topic.overrides, &settings);
            if config != *topic.config {
                self.topics.insert(Topic {
                    config: Arc::new(config),
                    ..Topic::clone(&topic)
                });
            }
        }
        self.broker_config = Arc::new(BrokerConfig::new(settings));
    }

    fn apply_quota(&mut self, fact: &QuotaChanged) {
        let entity = entity_from(&fact.entity);
        let quotas = Arc::make_mut(&mut self.quotas);
        let values = quotas.entry(entity.clone()).or_default();
        values.extend(fact.set.iter().map(|(name, value)| (name.clone(), *value)));
        for name in &fact.removed {
            values.remove(name);
        }
        if values.is_empty() {
            quotas.remove(&entity);
        }
    }

    fn apply_feature(&mut self, fact: &record::FeatureChanged) {
        let features = Arc::make_mut(&mut self.features);
        match i16::try_from(fact.level).unwrap_or(i16::MAX) {
            0 => drop(features.remove(&fact.name)),
            level => drop(features.insert(fact.name.clone(), level)),
        }
    }
}

fn change(values: &mut Values, fact: &ConfigChanged) {
    values.extend(
        fact.set
            .iter()
            .map(|(name, value)| (name.clone(), value.clone())),
    );
    for name in &fact.removed {
        values.remove(name);
    }
}

/// A partition nobody was elected for yet. With one replica there is no doubt who will lead it.
fn new_partition(replicas: &record::Replicas) -> PartitionState {
    let nodes: Vec<NodeId> = replicas.nodes.iter().copied().map(NodeId).collect();
    let leader = if let [only] = nodes[..] {
        only
    } else {
        NodeId::NONE
    };
    PartitionState {
        leader,
        leader_epoch: -1,
        isr: nodes.clone(),
        replicas: nodes,
    }
}

fn broker_fact(broker: &Broker) -> record::BrokerRegistered {
    let endpoints = broker.endpoints.iter().map(|(name, endpoint)| {
        (
            name.clone(),
            record::Address {
                host: endpoint.host.clone(),
                port: u32::from(endpoint.port),
            },
        )
    });
    record::BrokerRegistered {
        id: broker.id.0,
        endpoints: endpoints.collect(),
        rack: broker.rack.clone(),
    }
}

fn topic_fact(topic: &Topic) -> record::TopicCreated {
    let replicas = |state: &PartitionState| record::Replicas {
        nodes: state.replicas.iter().map(|n| n.0).collect(),
    };
    record::TopicCreated {
        id: topic.id.0.to_vec(),
        name: topic.name.to_string(),
        partitions: topic.partitions.iter().map(replicas).collect(),
        configs: topic.overrides.clone(),
    }
}

/// An id out of a record; zero if it is not one.
fn uuid(bytes: &[u8]) -> Uuid {
    bytes.try_into().map_or(Uuid::ZERO, Uuid)
}

/// Kafka's number of the kind of a resource, and its name.
pub(super) fn resource_parts(resource: &ConfigResource) -> (i32, String) {
    match resource {
        ConfigResource::Topic(name) => (2, name.clone()),
        ConfigResource::BrokerDefault => (4, String::new()),
        ConfigResource::Broker(id) => (4, id.to_string()),
        ConfigResource::BrokerLogger(id) => (record::BROKER_LOGGER, id.to_string()),
        ConfigResource::ClientMetrics(name) => (16, name.clone()),
        ConfigResource::Group(name) => (32, name.clone()),
    }
}

fn resource_from(kind: i32, name: &str) -> Option<ConfigResource> {
    let node = || name.parse().ok().map(NodeId);
    match kind {
        2 => Some(ConfigResource::Topic(name.to_string())),
        4 if name.is_empty() => Some(ConfigResource::BrokerDefault),
        4 => node().map(ConfigResource::Broker),
        record::BROKER_LOGGER => node().map(ConfigResource::BrokerLogger),
        16 => Some(ConfigResource::ClientMetrics(name.to_string())),
        32 => Some(ConfigResource::Group(name.to_string())),
        _ => None,
    }
}

pub(super) fn entity_parts(entity: &QuotaEntity) -> Vec<QuotaPart> {
    let parts = [
        ("user", &entity.user),
        ("client-id", &entity.client_id),
        ("ip", &entity.ip),
    ];
    let given = parts
        .into_iter()
        .filter_map(|(kind, name)| Some((kind, name.clone()?)));
    given
        .map(|(kind, name)| QuotaPart {
            kind: kind.to_string(),
            name,
        })
        .collect()
}

fn entity_from(parts: &[QuotaPart]) -> QuotaEntity {
    let mut entity = QuotaEntity::default();
    for part in parts {
        let name = Some(part.name.clone());
        match part.kind.as_str() {
            "user" => entity.user = name,
            "client-id" => entity.client_id = name,
            _ => entity.ip = name,
        }
    }
    entity
}
