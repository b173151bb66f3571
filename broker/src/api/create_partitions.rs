//! CreatePartitions (key 37).

use std::collections::BTreeSet;

use ottla_protocol::ids::NodeId;
use ottla_protocol::messages::create_partitions::{
    CreatePartitionsRequest, CreatePartitionsResponse, CreatePartitionsTopicResult,
};

use super::{Context, RequestMeta};
use crate::controller::{Command, MorePartitions};

/// Answers a CreatePartitions request. A topic that is given twice has one result, as in Kafka.
pub async fn handle(
    ctx: &Context,
    _meta: &RequestMeta,
    request: CreatePartitionsRequest<'_>,
) -> CreatePartitionsResponse<'static> {
    let topics: Vec<MorePartitions> = request
        .topics
        .iter()
        .map(|topic| MorePartitions {
            topic: topic.name.to_string(),
            count: topic.count,
            assignments: topic.assignments.as_ref().map(|all| {
                all.iter()
                    .map(|one| one.broker_ids.iter().copied().map(NodeId).collect())
                    .collect()
            }),
        })
        .collect();
    let names: Vec<String> = topics.iter().map(|item| item.topic.clone()).collect();
    let command = Command::CreatePartitions {
        topics,
        validate_only: request.validate_only,
    };
    let items = super::items(ctx.controller(command).await, names.len());
    let mut seen = BTreeSet::new();
    let results = names
        .into_iter()
        .zip(items)
        .filter(|(name, _)| seen.insert(name.clone()))
        .map(|(name, item)| {
            let (error_code, error_message) = super::code_and_text(item);
            CreatePartitionsTopicResult {
                name: name.into(),
                error_code,
                error_message,
            }
        });
    CreatePartitionsResponse {
        results: results.collect(),
        ..Default::default()
    }
}
