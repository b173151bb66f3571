//! DescribeConfigs (key 32): the settings of topics, brokers, loggers, groups and client metrics subscriptions.

use std::borrow::Cow;

use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::messages::describe_configs::{
    DescribeConfigsRequest, DescribeConfigsResource, DescribeConfigsResourceResult,
    DescribeConfigsResponse, DescribeConfigsResult, DescribeConfigsSynonym,
};

use super::resources::{self, Resource};
use super::{Context, RequestMeta};
use crate::config::describe::Entry;
use crate::config::{Source, Values, loggers};
use crate::controller::Refusal;
use crate::metadata::Image;

/// Answers a DescribeConfigs request.
pub async fn handle(
    ctx: &Context,
    _meta: &RequestMeta,
    request: DescribeConfigsRequest<'_>,
) -> DescribeConfigsResponse<'static> {
    answer(&ctx.image(), &request)
}

/// Pure: all of it stands in the image. A kind of resource that does not exist spoils the whole request, as in Kafka.
pub(super) fn answer(
    image: &Image,
    request: &DescribeConfigsRequest<'_>,
) -> DescribeConfigsResponse<'static> {
    let known = |resource: &DescribeConfigsResource<'_>| resources::is_kind(resource.resource_type);
    let spoilt = !request.resources.iter().all(known);
    let results = request.resources.iter().map(|resource| {
        let found = match spoilt {
            true => Err(Refusal::new(
                ErrorCode::INVALID_REQUEST,
                "The request names a resource type that is not known.",
            )),
            false => one(image, request, resource),
        };
        let (error_code, error_message, configs) = match found {
            Ok(configs) => (ErrorCode::NONE, String::new(), configs),
            Err(refusal) => (refusal.code, refusal.message, Vec::new()),
        };
        DescribeConfigsResult {
            error_code,
            error_message: Some(error_message.into()),
            resource_type: resource.resource_type,
            resource_name: resource.resource_name.to_string().into(),
            configs,
        }
    });
    DescribeConfigsResponse {
        results: results.collect(),
        ..Default::default()
    }
}

fn one(
    image: &Image,
    request: &DescribeConfigsRequest<'_>,
    resource: &DescribeConfigsResource<'_>,
) -> Result<Vec<DescribeConfigsResourceResult<'static>>, Refusal> {
    let wanted = resource.configuration_keys.as_deref().unwrap_or_default();
    // An empty list of keys asks for all, as null does.
    let asked = |name: &str| wanted.is_empty() || wanted.iter().any(|key| key == name);
    let results =
        match resources::to_describe(image, resource.resource_type, &resource.resource_name)? {
            Resource::Levels(given) => levels(given, asked),
            Resource::Entries(entries) => {
                let entries = entries.into_iter().filter(|entry| asked(entry.key.name));
                entries.map(|entry| shown(entry, request)).collect()
            }
        };
    Ok(results)
}

fn shown(
    entry: Entry,
    request: &DescribeConfigsRequest<'_>,
) -> DescribeConfigsResourceResult<'static> {
    let synonyms = entry
        .descent
        .into_iter()
        .map(|step| DescribeConfigsSynonym {
            name: step.name.into(),
            value: step.value.map(Into::into),
            source: step.source as i8,
        });
    DescribeConfigsResourceResult {
        name: entry.key.name.into(),
        value: entry.value.map(Into::into),
        read_only: entry.read_only,
        config_source: entry.source as i8,
        is_sensitive: entry.key.sensitive(),
        synonyms: if request.include_synonyms {
            synonyms.collect()
        } else {
            Vec::new()
        },
        config_type: entry.key.kind as i8,
        documentation: request
            .include_documentation
            .then_some(Cow::Borrowed(entry.key.doc)),
    }
}

/// The levels of this node's loggers. They have no type in the table of types.
fn levels(
    given: &Values,
    asked: impl Fn(&str) -> bool,
) -> Vec<DescribeConfigsResourceResult<'static>> {
    let level = |name: &'static str| DescribeConfigsResourceResult {
        name: name.into(),
        value: Some(loggers::level(given, name).to_string().into()),
        config_source: Source::Logger as i8,
        documentation: Some("".into()),
        ..Default::default()
    };
    loggers::NAMES
        .iter()
        .filter(|name| asked(name))
        .map(|name| level(name))
        .collect()
}

#[cfg(test)]
mod tests;
