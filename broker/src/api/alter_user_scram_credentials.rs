//! AlterUserScramCredentials (key 51): no listener asks for a password, so no mechanism is there to have users of.

use std::collections::BTreeMap;

use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::messages::alter_user_scram_credentials::{
    AlterUserScramCredentialsRequest, AlterUserScramCredentialsResponse,
    AlterUserScramCredentialsResult,
};

use super::{Context, RequestMeta};

/// Answers an AlterUserScramCredentials request.
pub async fn handle(
    _ctx: &Context,
    _meta: &RequestMeta,
    request: AlterUserScramCredentialsRequest<'_>,
) -> AlterUserScramCredentialsResponse<'static> {
    answer(&request)
}

/// One result for each user. Storing a password that nothing will ever check would be worse than refusing it.
fn answer(
    request: &AlterUserScramCredentialsRequest<'_>,
) -> AlterUserScramCredentialsResponse<'static> {
    let deleted = request
        .deletions
        .iter()
        .map(|deletion| (&*deletion.name, false));
    let given = request
        .upsertions
        .iter()
        .map(|upsertion| (&*upsertion.name, true));
    let mut users: BTreeMap<&str, Vec<bool>> = BTreeMap::new();
    for (user, gives) in deleted.chain(given) {
        users.entry(user).or_default().push(gives);
    }
    let results = users.into_iter().map(|(user, changes)| {
        let (error_code, text) = match changes[..] {
            _ if user.is_empty() => (
                ErrorCode::UNACCEPTABLE_CREDENTIAL,
                "Username must not be empty",
            ),
            [true] => (
                ErrorCode::UNSUPPORTED_SASL_MECHANISM,
                "SCRAM is not available in this version of Ottla",
            ),
            [false] => (
                ErrorCode::RESOURCE_NOT_FOUND,
                "Attempt to delete a user credential that does not exist",
            ),
            _ => (
                ErrorCode::DUPLICATE_RESOURCE,
                "A user credential cannot be altered twice in the same request",
            ),
        };
        AlterUserScramCredentialsResult {
            user: user.to_string().into(),
            error_code,
            error_message: Some(text.into()),
        }
    });
    AlterUserScramCredentialsResponse {
        results: results.collect(),
        ..Default::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ottla_protocol::messages::alter_user_scram_credentials::{
        ScramCredentialDeletion, ScramCredentialUpsertion,
    };

    #[test]
    fn every_user_has_one_answer() {
        let gone = |name: &'static str| ScramCredentialDeletion {
            name: name.into(),
            mechanism: 1,
        };
        let given = |name: &'static str| ScramCredentialUpsertion {
            name: name.into(),
            ..Default::default()
        };
        let request = AlterUserScramCredentialsRequest {
            deletions: vec![gone("a"), gone("c")],
            upsertions: vec![given("b"), given(""), given("c")],
        };
        let codes: Vec<i16> = answer(&request)
            .results
            .iter()
            .map(|result| result.error_code.0)
            .collect();
        assert_eq!(codes, [93, 91, 33, 92]);
    }
}
