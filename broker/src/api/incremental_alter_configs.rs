//! IncrementalAlterConfigs (key 44): some settings of some resources.

use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::messages::incremental_alter_configs::{
    AlterConfigsResource, AlterConfigsResourceResponse, IncrementalAlterConfigsRequest,
    IncrementalAlterConfigsResponse,
};

use super::{Context, RequestMeta, resources};
use crate::controller::{Command, ConfigChange, ConfigOp, Refusal};
use crate::metadata::Image;

/// Answers an IncrementalAlterConfigs request, in the order of its resources.
pub async fn handle(
    ctx: &Context,
    _meta: &RequestMeta,
    request: IncrementalAlterConfigsRequest<'_>,
) -> IncrementalAlterConfigsResponse<'static> {
    let image = ctx.image();
    let read: Vec<Result<ConfigChange, Refusal>> = request
        .resources
        .iter()
        .map(|r| change(&image, r))
        .collect();
    let changes: Vec<ConfigChange> = read
        .iter()
        .filter_map(|change| change.as_ref().ok().cloned())
        .collect();
    let count = changes.len();
    let mut items = match count {
        0 => Vec::new(),
        _ => {
            let command = Command::AlterConfigs {
                changes,
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
    IncrementalAlterConfigsResponse {
        responses: responses.collect(),
        ..Default::default()
    }
}

fn change(image: &Image, resource: &AlterConfigsResource<'_>) -> Result<ConfigChange, Refusal> {
    let place = resources::to_change(image, resource.resource_type, &resource.resource_name)?;
    let mut ops = Vec::new();
    for config in &resource.configs {
        let op = operation(config.config_operation).ok_or_else(|| {
            let text = format!("Unknown operation type {}", config.config_operation);
            Refusal::new(ErrorCode::INVALID_REQUEST, text)
        })?;
        ops.push((
            config.name.to_string(),
            op,
            config.value.as_ref().map(|value| value.to_string()),
        ));
    }
    Ok(ConfigChange {
        resource: place,
        ops,
    })
}

fn operation(number: i8) -> Option<ConfigOp> {
    const OPS: [ConfigOp; 4] = [
        ConfigOp::Set,
        ConfigOp::Delete,
        ConfigOp::Append,
        ConfigOp::Subtract,
    ];
    OPS.into_iter().find(|op| *op as i8 == number)
}
