//! Metadata (key 3): which brokers there are, which topics, and who leads their partitions.
//!
//! A topic that is asked for by name and does not exist is made, where the broker and the request allow it. Kafka answers
//! "unknown" (3) while it is being made; we answer when it is there, so that the client's next step succeeds at once.

use std::collections::BTreeSet;

use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::ids::{NodeId, Uuid};
use ottla_protocol::messages::metadata::{
    MetadataRequest, MetadataResponse, MetadataResponseBroker, MetadataResponsePartition,
    MetadataResponseTopic,
};

use super::brokers::Reachable;
use super::{Context, RequestMeta, operations};
use crate::config::BrokerConfig;
use crate::controller::{Command, NewTopic, Outcome};
use crate::coordinator::topics::Kind;
use crate::metadata::{Image, Topic, check_topic_name, is_internal};

/// First version whose empty list means "none" and whose null means "all".
const NULL_IS_ALL: i16 = 1;
/// First version with topic ids in the response; requests name topics by them two versions later.
const WITH_IDS: i16 = 10;
const BY_ID: i16 = 12;
/// Versions that carry the cluster's authorized operations.
const CLUSTER_OPERATIONS: std::ops::RangeInclusive<i16> = 8..=10;
/// First version that carries the topics'.
const TOPIC_OPERATIONS: i16 = 8;
/// First version that tells a missing listener from a missing leader.
const LISTENER_NOT_FOUND: i16 = 6;

/// What the request asks about.
#[derive(Debug, PartialEq)]
enum Asked {
    All,
    Names(Vec<String>),
    Ids(Vec<Uuid>),
}

/// Answers a Metadata request.
pub async fn handle(
    ctx: &Context,
    meta: &RequestMeta,
    request: MetadataRequest<'_>,
) -> MetadataResponse<'static> {
    let Some(asked) = asked(&request, meta.version) else {
        return refused(&request);
    };
    let mut refusals = Vec::new();
    // The answer is of the cluster as it was when the request came: a topic that the request itself makes is not in it
    // yet (error 3), as in Kafka. Clients count on that answer, and ask again.
    let image = ctx.image();
    if let Asked::Names(names) = &asked {
        let allowed = request.allow_auto_topic_creation && image.broker_config.auto_create_topics;
        let missing = missing(&image, names);
        if allowed && !missing.is_empty() {
            refusals = create(ctx, &image, missing).await;
        }
    }
    answer(
        &image,
        &Reachable::new(&image, meta),
        meta.version,
        &request,
        &asked,
        &refusals,
    )
}

/// `None`: the request names topics in a way that its version does not have.
fn asked(request: &MetadataRequest<'_>, version: i16) -> Option<Asked> {
    let Some(topics) = &request.topics else {
        return Some(Asked::All);
    };
    if topics.is_empty() && version < NULL_IS_ALL {
        return Some(Asked::All);
    }
    if topics.iter().any(|topic| !topic.topic_id.is_zero()) {
        let ids: BTreeSet<Uuid> = topics
            .iter()
            .map(|topic| topic.topic_id)
            .filter(|id| !id.is_zero())
            .collect();
        return (version >= BY_ID).then(|| Asked::Ids(ids.into_iter().collect()));
    }
    let mut seen = BTreeSet::new();
    let mut names = Vec::new();
    for topic in topics {
        let name = topic.name.as_deref()?;
        if seen.insert(name) {
            names.push(name.to_string());
        }
    }
    Some(Asked::Names(names))
}

/// Kafka's answer to a request that names topics wrongly: error 42 for each, nothing else.
fn refused(request: &MetadataRequest<'_>) -> MetadataResponse<'static> {
    let topics = request
        .topics
        .iter()
        .flatten()
        .map(|topic| MetadataResponseTopic {
            error_code: ErrorCode::INVALID_REQUEST,
            name: Some(topic.name.as_deref().unwrap_or("").to_string().into()),
            topic_id: Uuid::ZERO,
            ..Default::default()
        });
    MetadataResponse {
        controller_id: -1,
        topics: topics.collect(),
        ..Default::default()
    }
}

fn missing(image: &Image, names: &[String]) -> Vec<String> {
    let good =
        |name: &&String| check_topic_name(name).is_ok() && image.topics.named(name).is_none();
    names.iter().filter(good).cloned().collect()
}

/// Makes the topics and gives back those that could not be made, with the reason.
async fn create(ctx: &Context, image: &Image, names: Vec<String>) -> Vec<(String, ErrorCode)> {
    let config = &image.broker_config;
    let topics = names
        .into_iter()
        .map(|name| new_topic(config, image.brokers.len(), name))
        .collect::<Vec<_>>();
    let all = |code| {
        topics
            .iter()
            .map(|topic| (topic.name.clone(), code))
            .collect()
    };
    match ctx
        .controller(Command::CreateTopics {
            topics: topics.clone(),
            validate_only: false,
        })
        .await
    {
        Outcome::Created(results) => results
            .into_iter()
            .filter_map(|created| Some((created.name, created.result.err()?.code)))
            .collect(),
        Outcome::Refused(refusal) => all(refusal.code),
        _ => all(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION),
    }
}

/// A topic with the broker's defaults; the broker's own topics have settings of their own.
fn new_topic(config: &BrokerConfig, nodes: usize, name: String) -> NewTopic {
    match Kind::of_topic(&name) {
        Some(kind) => kind.new_topic(config, nodes),
        None => NewTopic {
            name,
            partitions: -1,
            replication_factor: -1,
            ..Default::default()
        },
    }
}

fn answer(
    image: &Image,
    reachable: &Reachable<'_>,
    version: i16,
    request: &MetadataRequest<'_>,
    asked: &Asked,
    refusals: &[(String, ErrorCode)],
) -> MetadataResponse<'static> {
    let view = View {
        reachable,
        version,
        operations: request.include_topic_authorized_operations,
    };
    let topics = match asked {
        Asked::All => image.topics.iter().map(|topic| view.topic(topic)).collect(),
        Asked::Names(names) => names
            .iter()
            .map(|name| view.named(image, name, refusals))
            .collect(),
        Asked::Ids(ids) => ids.iter().map(|id| view.with_id(image, *id)).collect(),
    };
    let brokers = reachable
        .all()
        .map(|(broker, address)| MetadataResponseBroker {
            node_id: broker.id.0,
            host: address.host.into(),
            port: i32::from(address.port),
            rack: broker.rack.clone().map(Into::into),
        });
    let cluster_asked =
        request.include_cluster_authorized_operations && CLUSTER_OPERATIONS.contains(&version);
    MetadataResponse {
        brokers: brokers.collect(),
        cluster_id: Some(image.cluster_id.clone().into()),
        controller_id: image.node.0,
        topics,
        cluster_authorized_operations: operations::if_asked(cluster_asked, operations::CLUSTER),
        ..Default::default()
    }
}

struct View<'a> {
    reachable: &'a Reachable<'a>,
    version: i16,
    operations: bool,
}

impl View<'_> {
    fn topic(&self, topic: &Topic) -> MetadataResponseTopic<'static> {
        let partitions = topic.partitions.iter().zip(0..).map(|(state, number)| {
            let (error_code, leader) = self.leader(state.leader);
            let nodes = |nodes: &[NodeId]| nodes.iter().map(|node| node.0).collect::<Vec<_>>();
            let offline = state
                .replicas
                .iter()
                .filter(|node| !self.reachable.has(**node))
                .copied();
            MetadataResponsePartition {
                error_code,
                partition_index: number,
                leader_id: leader.0,
                leader_epoch: state.leader_epoch,
                replica_nodes: nodes(&state.replicas),
                isr_nodes: nodes(&state.isr),
                offline_replicas: nodes(&offline.collect::<Vec<_>>()),
            }
        });
        MetadataResponseTopic {
            error_code: ErrorCode::NONE,
            name: Some(topic.name.to_string().into()),
            topic_id: if self.version >= WITH_IDS {
                topic.id
            } else {
                Uuid::ZERO
            },
            is_internal: topic.internal,
            partitions: partitions.collect(),
            topic_authorized_operations: self.operations(),
        }
    }

    fn leader(&self, leader: NodeId) -> (ErrorCode, NodeId) {
        if leader == NodeId::NONE {
            return (ErrorCode::LEADER_NOT_AVAILABLE, NodeId::NONE);
        }
        match self.reachable.has(leader) {
            true => (ErrorCode::NONE, leader),
            false if self.version >= LISTENER_NOT_FOUND => {
                (ErrorCode::LISTENER_NOT_FOUND, NodeId::NONE)
            }
            false => (ErrorCode::LEADER_NOT_AVAILABLE, NodeId::NONE),
        }
    }

    fn operations(&self) -> i32 {
        operations::if_asked(
            self.operations && self.version >= TOPIC_OPERATIONS,
            operations::TOPIC,
        )
    }

    fn named(
        &self,
        image: &Image,
        name: &str,
        refusals: &[(String, ErrorCode)],
    ) -> MetadataResponseTopic<'static> {
        if let Some(topic) = image.topics.named(name) {
            return self.topic(topic);
        }
        let refused = refusals
            .iter()
            .find(|(other, _)| other == name)
            .map(|(_, code)| *code);
        let unknown = match check_topic_name(name) {
            Ok(()) => ErrorCode::UNKNOWN_TOPIC_OR_PARTITION,
            Err(_) => ErrorCode::INVALID_TOPIC_EXCEPTION,
        };
        MetadataResponseTopic {
            error_code: refused.unwrap_or(unknown),
            name: Some(name.to_string().into()),
            is_internal: is_internal(name),
            topic_authorized_operations: self.operations(),
            ..Default::default()
        }
    }

    fn with_id(&self, image: &Image, id: Uuid) -> MetadataResponseTopic<'static> {
        match image.topics.with_id(id) {
            Some(topic) => self.topic(topic),
            None => MetadataResponseTopic {
                error_code: ErrorCode::UNKNOWN_TOPIC_ID,
                name: None,
                topic_id: id,
                ..Default::default()
            },
        }
    }
}

#[cfg(test)]
mod tests;
