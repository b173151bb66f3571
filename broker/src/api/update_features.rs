//! UpdateFeatures (key 57): the levels of finalized features (KIP-584, KIP-778).

use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::messages::update_features::{
    FeatureUpdateKey, UpdatableFeatureResult, UpdateFeaturesRequest, UpdateFeaturesResponse,
};

use super::{Context, RequestMeta};
use crate::controller::{Command, FeatureDirection, FeatureUpdate, Outcome, Refusal};

/// Answers an UpdateFeatures request: all updates or none.
pub async fn handle(
    ctx: &Context,
    meta: &RequestMeta,
    request: UpdateFeaturesRequest<'_>,
) -> UpdateFeaturesResponse<'static> {
    let updates: Result<Vec<FeatureUpdate>, Refusal> = request
        .feature_updates
        .iter()
        .map(|update| read(meta.version, update))
        .collect();
    let outcome = match updates {
        Ok(updates) => {
            ctx.controller(Command::UpdateFeatures {
                updates,
                validate_only: request.validate_only,
            })
            .await
        }
        Err(refusal) => Outcome::Refused(refusal),
    };
    answer(meta.version, &request, outcome)
}

fn answer(
    version: i16,
    request: &UpdateFeaturesRequest<'_>,
    outcome: Outcome,
) -> UpdateFeaturesResponse<'static> {
    if let Outcome::Items(_) = outcome {
        // Version 2 has no results of single features any more.
        let done = |update: &FeatureUpdateKey<'_>| UpdatableFeatureResult {
            feature: update.feature.to_string().into(),
            error_code: ErrorCode::NONE,
            error_message: None,
        };
        let results = request
            .feature_updates
            .iter()
            .filter(|_| version < 2)
            .map(done);
        return UpdateFeaturesResponse {
            error_message: None,
            results: results.collect(),
            ..Default::default()
        };
    }
    let refusal = super::refusal(outcome);
    UpdateFeaturesResponse {
        error_code: refusal.code,
        error_message: Some(refusal.message.into()),
        ..Default::default()
    }
}

fn read(version: i16, update: &FeatureUpdateKey<'_>) -> Result<FeatureUpdate, Refusal> {
    const DIRECTIONS: [FeatureDirection; 3] = [
        FeatureDirection::Upgrade,
        FeatureDirection::SafeDowngrade,
        FeatureDirection::UnsafeDowngrade,
    ];
    let direction = match version {
        0 if update.allow_downgrade => Some(FeatureDirection::SafeDowngrade),
        0 => Some(FeatureDirection::Upgrade),
        _ => DIRECTIONS
            .into_iter()
            .find(|direction| *direction as i8 == update.upgrade_type),
    };
    let direction = direction.ok_or_else(|| {
        let text = format!(
            "The update failed for all features since the following feature had an error: Invalid update version {} for \
             feature {}. The upgrade type {} is not known.",
            update.max_version_level, update.feature, update.upgrade_type
        );
        Refusal::new(ErrorCode::INVALID_UPDATE_VERSION, text)
    })?;
    Ok(FeatureUpdate {
        name: update.feature.to_string(),
        level: update.max_version_level,
        direction,
    })
}
