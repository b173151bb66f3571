//! AlterConfigs (key 33): all settings of some resources at once. Older than IncrementalAlterConfigs, and not for loggers.

use ottla_protocol::messages::alter_configs::{
    AlterConfigsRequest, AlterConfigsResource, AlterConfigsResourceResponse, AlterConfigsResponse,
};

use super::{Context, RequestMeta, resources};
use crate::controller::{Command, ConfigReplacement, Refusal};
use crate::metadata::Image;

/// Answers an AlterConfigs request, in the order of its resources.
pub async fn handle(
    ctx: &Context,
    _meta: &RequestMeta,
    request: AlterConfigsRequest<'_>,
) -> AlterConfigsResponse<'static> {
    let image = ctx.image();
    let read: Vec<Result<ConfigReplacement, Refusal>> = request
        .resources
        .iter()
        .map(|r| replacement(&image, r))
        .collect();
    let replacements: Vec<ConfigReplacement> = read
        .iter()
        .filter_map(|r| r.as_ref().ok().cloned())
        .collect();
    let count = replacements.len();
    let mut items = match count {
        0 => Vec::new(),
        _ => {
            let command = Command::ReplaceConfigs {
                resources: replacements,
                validate_only: request.validate_only,
            };
            super::items(ctx.controller(command).await, count)
        }
    }
    .into_iter();
    let responses = request.resources.iter().zip(read).map(|(resource, read)| {
        let result = read.and_then(|_| items.next().unwrap_or(Ok(())));
        let (error_code, error_message) = super::code_and_text(result);
        AlterConfigsResourceResponse {
            error_code,
            error_message,
            resource_type: resource.resource_type,
            resource_name: resource.resource_name.to_string().into(),
        }
    });
    AlterConfigsResponse {
        responses: responses.collect(),
        ..Default::default()
    }
}

fn replacement(
    image: &Image,
    resource: &AlterConfigsResource<'_>,
) -> Result<ConfigReplacement, Refusal> {
    let configs = resource.configs.iter();
    Ok(ConfigReplacement {
        resource: resources::to_change(image, resource.resource_type, &resource.resource_name)?,
        configs: configs
            .map(|c| {
                (
                    c.name.to_string(),
                    c.value.as_ref().map(|value| value.to_string()),
                )
            })
            .collect(),
    })
}
