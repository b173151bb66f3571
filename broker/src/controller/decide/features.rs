//! Finalized feature levels.

use ottla_protocol::ErrorCode;

use crate::controller::features::FEATURES;
use crate::controller::record::{Fact, FeatureChanged};
use crate::controller::{FeatureDirection, FeatureUpdate, Outcome, Refusal, State};

/// All updates or none: the first fault refuses the whole.
pub(super) fn decide(state: &State, updates: Vec<FeatureUpdate>, facts: &mut Vec<Fact>) -> Outcome {
    let mut results = Vec::new();
    for update in &updates {
        if let Err(fault) = check(state, update) {
            facts.clear();
            let text = format!(
                "The update failed for all features since the following feature had an error: Invalid update version \
                 {} for feature {}. {fault}",
                update.level, update.name
            );
            return Outcome::Refused(Refusal::new(ErrorCode::INVALID_UPDATE_VERSION, text));
        }
        if level(state, &update.name) != update.level {
            let change = FeatureChanged {
                name: update.name.clone(),
                level: i32::from(update.level),
            };
            facts.push(Fact::FeatureChanged(change));
        }
        results.push(Ok(()));
    }
    Outcome::Items(results)
}

fn level(state: &State, name: &str) -> i16 {
    state.features.get(name).copied().unwrap_or(0)
}

fn check(state: &State, update: &FeatureUpdate) -> Result<(), String> {
    let Some(feature) = FEATURES.iter().find(|feature| feature.name == update.name) else {
        return Err("This cluster does not support this feature.".to_string());
    };
    if update.level < 0 {
        return Err("A feature version cannot be less than 0.".to_string());
    }
    if !(feature.min..=feature.max).contains(&update.level) {
        return Err(format!(
            "This cluster only supports versions {}-{}",
            feature.min, feature.max
        ));
    }
    let now = level(state, &update.name);
    match update.direction {
        FeatureDirection::Upgrade if update.level < now => {
            Err("Can't downgrade the version of this feature without \
             setting the upgrade type to either safe or unsafe downgrade."
                .to_string())
        }
        FeatureDirection::SafeDowngrade | FeatureDirection::UnsafeDowngrade
            if update.name == "metadata.version" && update.level < now =>
        {
            Err("The metadata log cannot be rewritten for an older version.".to_string())
        }
        _ => Ok(()),
    }
}
