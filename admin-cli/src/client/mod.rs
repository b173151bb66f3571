//! A small Kafka client for one task on one shard: connections by node, metadata, admin calls, a producer, a consumer.
//!
//! Everything waits at most as long as [`Options::timeout`] says; all clocks and sockets are the runtime's.

pub mod aborted;
pub mod admin;
pub mod connection;
pub mod consumer;
pub mod coordinator;
pub mod error;
pub mod group;
pub mod offsets;
pub mod partitioner;
pub mod producer;
pub mod transactions;
pub mod view;

use std::collections::BTreeMap;
use std::time::Duration;

use ottla_protocol::api::Request;
use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::messages::metadata::{
    MetadataRequest, MetadataRequestTopic, MetadataResponse, MetadataResponseTopic,
};
use ottla_runtime::time;

use crate::args::values::Address;
use connection::{Answer, Connection};
use coordinator::Charge;
use error::ClientError;
use view::{ClusterView, PartitionView, TopicView};

/// How often a state that is about to change is looked at again.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// What a topic that the broker does not know means to the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// An error.
    Fail,
    /// It is being made: wait for it.
    Await,
    /// The broker may make it.
    Create,
}

/// Whom to ask first, and how long to wait.
#[derive(Debug, Clone)]
pub struct Options {
    /// Brokers to try, in this order.
    pub brokers: Vec<Address>,
    /// For a connect, for an answer, and for a state to be reached.
    pub timeout: Duration,
}

/// See the module's text.
pub struct Client {
    options: Options,
    /// The connection that questions to no broker in particular go to.
    any: Option<Connection>,
    nodes: BTreeMap<i32, Connection>,
    known: BTreeMap<i32, Address>,
    /// The nodes that coordinate what has been asked about.
    coordinators: BTreeMap<Charge, i32>,
}

impl Client {
    /// A client without a connection; the first call makes one.
    pub fn new(options: Options) -> Client {
        Client {
            options,
            any: None,
            nodes: BTreeMap::new(),
            known: BTreeMap::new(),
            coordinators: BTreeMap::new(),
        }
    }

    /// The limit on every wait.
    pub fn timeout(&self) -> Duration {
        self.options.timeout
    }

    /// A connection to some broker: one of those named first, else one learned since.
    pub async fn any(&mut self) -> Result<&mut Connection, ClientError> {
        if self.any.as_ref().is_none_or(Connection::is_dead) {
            self.any = Some(self.dial_any().await?);
        }
        Ok(self.any.as_mut().expect("set just now"))
    }

    async fn dial_any(&self) -> Result<Connection, ClientError> {
        let mut first_error = None;
        for address in self.options.brokers.iter().chain(self.known.values()) {
            match Connection::open(address, self.options.timeout).await {
                Ok(connection) => return Ok(connection),
                Err(error) => first_error = first_error.or(Some(error)),
            }
        }
        Err(first_error.unwrap_or_else(|| ClientError::Connect {
            address: "-".to_owned(),
            why: "none is named".to_owned(),
        }))
    }

    /// A connection to the node `id`, whose address came with the last metadata.
    pub async fn node(&mut self, id: i32) -> Result<&mut Connection, ClientError> {
        if self.nodes.get(&id).is_none_or(Connection::is_dead) {
            let address = self.known.get(&id).ok_or_else(|| ClientError::Connect {
                address: format!("node {id}"),
                why: "the cluster does not list it".to_owned(),
            })?;
            let connection = Connection::open(address, self.options.timeout).await?;
            self.nodes.insert(id, connection);
        }
        Ok(self.nodes.get_mut(&id).expect("inserted just now"))
    }

    /// Asks some broker.
    pub async fn call<Q: Request>(&mut self, request: &Q) -> Result<Answer<Q>, ClientError> {
        self.any().await?.call(request).await
    }

    /// Brokers and the topics named (None: all of them). With `create`, a topic that is missing may be made by the broker.
    pub async fn metadata(
        &mut self,
        topics: Option<&[&str]>,
        create: bool,
    ) -> Result<ClusterView, ClientError> {
        let named = |name: &&str| MetadataRequestTopic {
            name: Some((*name).to_owned().into()),
            ..Default::default()
        };
        let request = MetadataRequest {
            topics: topics.map(|names| names.iter().map(named).collect()),
            allow_auto_topic_creation: create,
            ..Default::default()
        };
        let answer = self.call(&request).await?;
        let body = answer.body()?;
        if body.error_code.is_error() {
            return Err(ClientError::refused(
                "the cluster's metadata",
                body.error_code,
                None,
            ));
        }
        let view = cluster_view(&body);
        self.known.clone_from(&view.brokers);
        Ok(view)
    }

    /// Metadata of one topic once all of its partitions have a leader; waits for that up to the timeout.
    ///
    /// # Errors
    /// The broker's code when the topic does not exist and `missing` does not say otherwise.
    pub async fn topic(&mut self, name: &str, missing: Missing) -> Result<TopicView, ClientError> {
        let deadline = time::now() + self.options.timeout;
        loop {
            let mut view = self
                .metadata(Some(&[name]), missing == Missing::Create)
                .await?;
            let code = match view.topics.remove(name) {
                Some(topic) if topic.is_led() => return Ok(topic),
                Some(_) => ErrorCode::LEADER_NOT_AVAILABLE,
                None => view
                    .refused
                    .remove(name)
                    .unwrap_or(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION),
            };
            let unknown = code == ErrorCode::UNKNOWN_TOPIC_OR_PARTITION;
            let passing = code.retriable() && (missing != Missing::Fail || !unknown);
            if !passing || time::now() >= deadline {
                return Err(ClientError::refused(format!("topic {name:?}"), code, None));
            }
            time::sleep(LOOK_AGAIN).await;
        }
    }
}

fn cluster_view(body: &MetadataResponse<'_>) -> ClusterView {
    let mut view = ClusterView {
        cluster_id: body.cluster_id.as_deref().map(str::to_owned),
        ..ClusterView::default()
    };
    for broker in &body.brokers {
        let address = Address {
            host: broker.host.to_string(),
            port: u16::try_from(broker.port).unwrap_or(0),
        };
        view.brokers.insert(broker.node_id, address);
    }
    for topic in &body.topics {
        let Some(name) = topic.name.as_deref() else {
            continue;
        };
        if topic.error_code.is_error() {
            view.refused.insert(name.to_owned(), topic.error_code);
        } else {
            view.topics.insert(name.to_owned(), topic_view(name, topic));
        }
    }
    view
}

fn topic_view(name: &str, topic: &MetadataResponseTopic<'_>) -> TopicView {
    let mut partitions: Vec<PartitionView> = topic
        .partitions
        .iter()
        .map(|partition| PartitionView {
            index: partition.partition_index,
            leader: Some(partition.leader_id).filter(|&leader| leader >= 0),
            leader_epoch: partition.leader_epoch,
            replicas: partition.replica_nodes.clone(),
            isr: partition.isr_nodes.clone(),
            offline: partition.offline_replicas.clone(),
        })
        .collect();
    partitions.sort_by_key(|partition| partition.index);
    TopicView {
        name: name.to_owned(),
        id: topic.topic_id,
        internal: topic.is_internal,
        partitions,
    }
}
