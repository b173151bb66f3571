//! CreateTopics (key 19). The rules stand in the controller; from version 5 the answer lists all settings in force.

use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::ids::NodeId;
use ottla_protocol::messages::create_topics::{
    CreatableTopic, CreatableTopicConfigs, CreatableTopicResult, CreateTopicsRequest,
    CreateTopicsResponse,
};

use super::{Context, RequestMeta};
use crate::config::{BrokerConfig, describe};
use crate::controller::{Command, Created, CreatedTopic, NewTopic, Outcome, Refusal};

/// Answers a CreateTopics request.
pub async fn handle(
    ctx: &Context,
    _meta: &RequestMeta,
    request: CreateTopicsRequest<'_>,
) -> CreateTopicsResponse<'static> {
    let topics: Vec<NewTopic> = request.topics.iter().map(new_topic).collect();
    let names: Vec<String> = topics.iter().map(|topic| topic.name.clone()).collect();
    let command = Command::CreateTopics {
        topics,
        validate_only: request.validate_only,
    };
    answer(&ctx.config(), names, ctx.controller(command).await)
}

fn new_topic(topic: &CreatableTopic<'_>) -> NewTopic {
    let assignment = |brokers: &[i32]| brokers.iter().copied().map(NodeId).collect();
    NewTopic {
        name: topic.name.to_string(),
        partitions: topic.num_partitions,
        replication_factor: topic.replication_factor,
        assignments: topic
            .assignments
            .iter()
            .map(|a| (a.partition_index, assignment(&a.broker_ids)))
            .collect(),
        configs: topic
            .configs
            .iter()
            .map(|config| {
                (
                    config.name.to_string(),
                    config.value.as_ref().map(|value| value.to_string()),
                )
            })
            .collect(),
    }
}

fn answer(
    config: &BrokerConfig,
    names: Vec<String>,
    outcome: Outcome,
) -> CreateTopicsResponse<'static> {
    let all = |refusal: Refusal| {
        let refused = |name| failed(name, refusal.clone());
        names.into_iter().map(refused).collect()
    };
    let topics = match outcome {
        Outcome::Created(created) => created
            .into_iter()
            .map(|created| result(config, created))
            .collect(),
        other => all(super::refusal(other)),
    };
    CreateTopicsResponse {
        topics,
        ..Default::default()
    }
}

fn result(config: &BrokerConfig, created: Created) -> CreatableTopicResult<'static> {
    match created.result {
        Ok(topic) => made(config, created.name, topic),
        Err(refusal) => failed(created.name, refusal),
    }
}

fn made(config: &BrokerConfig, name: String, topic: CreatedTopic) -> CreatableTopicResult<'static> {
    let configs = describe::topic(&topic.overrides, &config.settings)
        .into_iter()
        .map(|entry| CreatableTopicConfigs {
            name: entry.key.name.into(),
            value: entry.value.map(Into::into),
            read_only: entry.read_only,
            config_source: entry.source as i8,
            is_sensitive: entry.key.sensitive(),
        });
    CreatableTopicResult {
        name: name.into(),
        topic_id: topic.id,
        error_code: ErrorCode::NONE,
        error_message: None,
        num_partitions: topic.partitions,
        replication_factor: topic.replication_factor,
        configs: Some(configs.collect()),
        ..Default::default()
    }
}

fn failed(name: String, refusal: Refusal) -> CreatableTopicResult<'static> {
    CreatableTopicResult {
        name: name.into(),
        error_code: refusal.code,
        error_message: Some(refusal.message.into()),
        num_partitions: -1,
        replication_factor: -1,
        configs: Some(Vec::new()),
        ..Default::default()
    }
}
