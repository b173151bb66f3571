//! Admin requests: topics and their settings.

use std::collections::BTreeMap;

use ottla_protocol::api::Request;
use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::ids::Uuid;
use ottla_protocol::messages::create_partitions::{CreatePartitionsRequest, CreatePartitionsTopic};
use ottla_protocol::messages::create_topics::{
    CreatableTopic, CreatableTopicConfig, CreateTopicsRequest,
};
use ottla_protocol::messages::delete_topics::{DeleteTopicState, DeleteTopicsRequest};
use ottla_protocol::messages::describe_configs::{DescribeConfigsRequest, DescribeConfigsResource};
use ottla_protocol::messages::incremental_alter_configs::{
    AlterConfigsResource, AlterableConfig, IncrementalAlterConfigsRequest,
};

use super::Client;
use super::error::ClientError;

/// Kafka's number for a topic as the owner of settings.
const TOPIC_RESOURCE: i8 = 2;

/// A setting's value is the topic's own (DescribeConfigs' source).
const SOURCE_TOPIC: i8 = 1;

const SET: i8 = 0;
const DELETE: i8 = 1;

/// A topic that the broker made, or would make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Created {
    /// Its id; zero from a broker that is too old to tell.
    pub id: Uuid,
    /// -1 from a broker that is too old to tell.
    pub partitions: i32,
    /// -1 from a broker that is too old to tell.
    pub replication_factor: i16,
}

impl Client {
    /// Makes a topic; `partitions` and `replication_factor` of -1 are the broker's default. With `dry_run` only checks.
    pub async fn create_topic(
        &mut self,
        name: &str,
        partitions: i32,
        replication_factor: i16,
        configs: &[(String, String)],
        dry_run: bool,
    ) -> Result<Created, ClientError> {
        let config = |(key, value): &(String, String)| CreatableTopicConfig {
            name: key.clone().into(),
            value: Some(value.clone().into()),
        };
        let request = CreateTopicsRequest {
            topics: vec![CreatableTopic {
                name: name.to_owned().into(),
                num_partitions: partitions,
                replication_factor,
                configs: configs.iter().map(config).collect(),
                ..Default::default()
            }],
            timeout_ms: self.timeout_ms(),
            validate_only: dry_run,
        };
        let answer = self.call(&request).await?;
        let body = answer.body()?;
        let topic = body.topics.first().ok_or_else(|| silent("CreateTopics"))?;
        accepted(
            format!("creating topic {name:?}"),
            topic.error_code,
            topic.error_message.as_deref(),
        )?;
        Ok(Created {
            id: topic.topic_id,
            partitions: topic.num_partitions,
            replication_factor: topic.replication_factor,
        })
    }

    /// Deletes topics; what the broker said to each, in the order named.
    pub async fn delete_topics(
        &mut self,
        names: &[&str],
    ) -> Result<Vec<(String, Result<(), ClientError>)>, ClientError> {
        // Version 6 moved the names into a structure that can also hold an id.
        let structured = self.any().await?.version::<DeleteTopicsRequest<'_>>()? >= 6;
        let mut request = DeleteTopicsRequest {
            timeout_ms: self.timeout_ms(),
            ..Default::default()
        };
        for name in names {
            if structured {
                let state = DeleteTopicState {
                    name: Some((*name).to_owned().into()),
                    ..Default::default()
                };
                request.topics.push(state);
            } else {
                request.topic_names.push((*name).to_owned().into());
            }
        }
        let answer = self.call(&request).await?;
        let body = answer.body()?;
        let said: BTreeMap<&str, _> = body
            .responses
            .iter()
            .filter_map(|result| Some((result.name.as_deref()?, result)))
            .collect();
        let verdict = |name: &&str| match said.get(name) {
            Some(result) => accepted(
                format!("deleting topic {name:?}"),
                result.error_code,
                result.error_message.as_deref(),
            ),
            None => Err(silent("DeleteTopics")),
        };
        Ok(names
            .iter()
            .map(|name| ((*name).to_owned(), verdict(name)))
            .collect())
    }

    /// Raises a topic's number of partitions to `count`. With `dry_run` only checks.
    pub async fn create_partitions(
        &mut self,
        name: &str,
        count: i32,
        dry_run: bool,
    ) -> Result<(), ClientError> {
        let request = CreatePartitionsRequest {
            topics: vec![CreatePartitionsTopic {
                name: name.to_owned().into(),
                count,
                assignments: None,
            }],
            timeout_ms: self.timeout_ms(),
            validate_only: dry_run,
        };
        let answer = self.call(&request).await?;
        let body = answer.body()?;
        let result = body
            .results
            .first()
            .ok_or_else(|| silent("CreatePartitions"))?;
        accepted(
            format!("adding partitions to topic {name:?}"),
            result.error_code,
            result.error_message.as_deref(),
        )
    }

    /// Sets and unsets settings of a topic, all or none. With `dry_run` only checks.
    pub async fn alter_topic(
        &mut self,
        name: &str,
        set: &[(String, String)],
        delete: &[String],
        dry_run: bool,
    ) -> Result<(), ClientError> {
        let set = set.iter().map(|(key, value)| AlterableConfig {
            name: key.clone().into(),
            config_operation: SET,
            value: Some(value.clone().into()),
        });
        let delete = delete.iter().map(|key| AlterableConfig {
            name: key.clone().into(),
            config_operation: DELETE,
            value: None,
        });
        let request = IncrementalAlterConfigsRequest {
            resources: vec![AlterConfigsResource {
                resource_type: TOPIC_RESOURCE,
                resource_name: name.to_owned().into(),
                configs: set.chain(delete).collect(),
            }],
            validate_only: dry_run,
        };
        let answer = self.call(&request).await?;
        let body = answer.body()?;
        let result = body
            .responses
            .first()
            .ok_or_else(|| silent(IncrementalAlterConfigsRequest::KEY.name()))?;
        accepted(
            format!("altering topic {name:?}"),
            result.error_code,
            result.error_message.as_deref(),
        )
    }

    /// The settings that are the topics' own, by topic.
    pub async fn topic_overrides(
        &mut self,
        names: &[&str],
    ) -> Result<BTreeMap<String, BTreeMap<String, String>>, ClientError> {
        let resource = |name: &&str| DescribeConfigsResource {
            resource_type: TOPIC_RESOURCE,
            resource_name: (*name).to_owned().into(),
            configuration_keys: None,
        };
        let request = DescribeConfigsRequest {
            resources: names.iter().map(resource).collect(),
            ..Default::default()
        };
        let answer = self.call(&request).await?;
        let body = answer.body()?;
        let mut found = BTreeMap::new();
        for result in &body.results {
            let what = format!("the settings of topic {:?}", result.resource_name);
            accepted(what, result.error_code, result.error_message.as_deref())?;
            let own = result
                .configs
                .iter()
                .filter(|config| config.config_source == SOURCE_TOPIC);
            let text = |value: Option<&str>| value.unwrap_or("(hidden)").to_owned();
            let own = own.map(|config| (config.name.to_string(), text(config.value.as_deref())));
            found.insert(result.resource_name.to_string(), own.collect());
        }
        Ok(found)
    }

    /// What the broker is told to wait at most; our own wait ends a little later.
    fn timeout_ms(&self) -> i32 {
        i32::try_from(self.timeout().as_millis()).unwrap_or(i32::MAX)
    }
}

pub(super) fn accepted(
    what: String,
    code: ErrorCode,
    message: Option<&str>,
) -> Result<(), ClientError> {
    if code.is_error() {
        Err(ClientError::refused(what, code, message))
    } else {
        Ok(())
    }
}

/// The broker left out what it was asked about.
pub(super) fn silent(asked: &'static str) -> ClientError {
    ClientError::refused(
        asked,
        ErrorCode::UNKNOWN_SERVER_ERROR,
        Some("the answer does not mention what was asked"),
    )
}
