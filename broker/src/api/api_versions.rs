//! ApiVersions (key 18): what is served in which versions, and the features (KIP-511, KIP-584).
//!
//! Every client asks this first, so it is answered in any state, and an unknown version of it gets an answer that any
//! client can read. Seen on Kafka 4.3.1 and kept:
//! - unknown version, any body: error 35 in a version 0 body that names this API alone;
//! - a software name or version that is not made of letters, digits, `-` and `.`, or begins or ends with the latter two:
//!   error 42 and nothing else;
//! - features whose lowest version is 0 are left out before version 4, old Java clients refuse them.

use ottla_protocol::api::ApiKey;
use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::messages::api_versions::{
    ApiVersion, ApiVersionsRequest, ApiVersionsResponse, FinalizedFeatureKey, SupportedFeatureKey,
};

use super::dispatch::SERVED;
use super::{Context, RequestMeta, Software};
use crate::controller::features::FEATURES;

/// First version whose clients accept a feature with lowest level 0.
const ZERO_LEVELS: i16 = 4;

/// Answers a version that is served.
pub(super) fn handle(
    ctx: &Context,
    meta: &RequestMeta,
    request: ApiVersionsRequest<'_>,
) -> ApiVersionsResponse<'static> {
    if meta.version >= 3 {
        let (name, version) = (
            &request.client_software_name,
            &request.client_software_version,
        );
        if !is_well_formed(name) || !is_well_formed(version) {
            return ApiVersionsResponse {
                error_code: ErrorCode::INVALID_REQUEST,
                ..Default::default()
            };
        }
        *meta.conn.software.borrow_mut() = Software {
            name: name.to_string(),
            version: version.to_string(),
        };
    }
    let mut api_keys: Vec<ApiVersion> = SERVED.iter().filter_map(|api| advertise(*api)).collect();
    api_keys.sort_by_key(|api| api.api_key);
    let image = ctx.image();
    let supported = FEATURES
        .iter()
        .filter(|feature| feature.min > 0 || meta.version >= ZERO_LEVELS);
    ApiVersionsResponse {
        api_keys,
        supported_features: supported
            .map(|feature| SupportedFeatureKey {
                name: feature.name.into(),
                min_version: feature.min,
                max_version: feature.max,
            })
            .collect(),
        finalized_features_epoch: i64::try_from(image.version).unwrap_or(i64::MAX),
        // Kafka says the level in force twice: lowest and highest are one.
        finalized_features: image
            .features
            .iter()
            .map(|(name, level)| FinalizedFeatureKey {
                name: name.clone().into(),
                max_version_level: *level,
                min_version_level: *level,
            })
            .collect(),
        ..Default::default()
    }
}

/// The answer to a version that is not served; it goes out as version 0.
pub(super) fn unsupported() -> ApiVersionsResponse<'static> {
    ApiVersionsResponse {
        error_code: ErrorCode::UNSUPPORTED_VERSION,
        api_keys: advertise(ApiKey::API_VERSIONS).into_iter().collect(),
        ..Default::default()
    }
}

fn advertise(api: ApiKey) -> Option<ApiVersion> {
    let versions = api.api()?.advertised;
    Some(ApiVersion {
        api_key: api.0,
        min_version: versions.min,
        max_version: versions.max,
    })
}

fn is_well_formed(text: &str) -> bool {
    let bytes = text.as_bytes();
    let ends = bytes.first().zip(bytes.last());
    ends.is_some_and(|(first, last)| first.is_ascii_alphanumeric() && last.is_ascii_alphanumeric())
        && bytes
            .iter()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.'))
}
