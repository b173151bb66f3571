//! ListConfigResources (key 74): what has settings. Version 0 listed client metrics subscriptions only.

use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::messages::list_config_resources as wire;
use ottla_protocol::messages::list_config_resources::{
    ListConfigResourcesRequest, ListConfigResourcesResponse,
};

use super::{Context, RequestMeta, resources};
use crate::metadata::{ConfigResource, Image};

/// Answers a ListConfigResources request.
pub async fn handle(
    ctx: &Context,
    meta: &RequestMeta,
    request: ListConfigResourcesRequest,
) -> ListConfigResourcesResponse<'static> {
    answer(&ctx.image(), meta.version, &request)
}

fn answer(
    image: &Image,
    version: i16,
    request: &ListConfigResourcesRequest,
) -> ListConfigResourcesResponse<'static> {
    let kinds: &[i8] = match version {
        0 => &[resources::CLIENT_METRICS],
        _ if request.resource_types.is_empty() => &resources::KINDS,
        _ => &request.resource_types,
    };
    if !kinds.iter().all(|kind| resources::is_kind(*kind)) {
        return ListConfigResourcesResponse {
            error_code: ErrorCode::UNSUPPORTED_VERSION,
            ..Default::default()
        };
    }
    let named = resources::KINDS
        .iter()
        .rev()
        .filter(|kind| kinds.contains(kind))
        .flat_map(|kind| {
            names(image, *kind)
                .into_iter()
                .map(move |name| wire::ConfigResource {
                    resource_name: name.into(),
                    // Version 0 has no field for the kind; what it would say is what the field is when it is absent.
                    resource_type: *kind,
                })
        });
    ListConfigResourcesResponse {
        config_resources: named.collect(),
        ..Default::default()
    }
}

fn names(image: &Image, kind: i8) -> Vec<String> {
    let configured = |take: fn(&ConfigResource) -> Option<&String>| {
        image
            .configs
            .keys()
            .filter_map(take)
            .cloned()
            .collect::<Vec<_>>()
    };
    match kind {
        resources::TOPIC => image
            .topics
            .iter()
            .map(|topic| topic.name.to_string())
            .collect(),
        resources::BROKER | resources::BROKER_LOGGER => {
            image.brokers.keys().map(|id| id.to_string()).collect()
        }
        resources::CLIENT_METRICS => configured(|resource| {
            if let ConfigResource::ClientMetrics(name) = resource {
                Some(name)
            } else {
                None
            }
        }),
        _ => configured(|resource| {
            if let ConfigResource::Group(name) = resource {
                Some(name)
            } else {
                None
            }
        }),
    }
}
