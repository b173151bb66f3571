//! DescribeUserScramCredentials (key 50): there are no SCRAM users, since no listener asks for a password.

use std::collections::BTreeMap;

use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::messages::describe_user_scram_credentials::{
    DescribeUserScramCredentialsRequest, DescribeUserScramCredentialsResponse,
    DescribeUserScramCredentialsResult,
};

use super::{Context, RequestMeta};

/// Answers a DescribeUserScramCredentials request.
pub async fn handle(
    _ctx: &Context,
    _meta: &RequestMeta,
    request: DescribeUserScramCredentialsRequest<'_>,
) -> DescribeUserScramCredentialsResponse<'static> {
    answer(&request)
}

/// One result for each user that is asked for by name; none when all are asked for.
fn answer(
    request: &DescribeUserScramCredentialsRequest<'_>,
) -> DescribeUserScramCredentialsResponse<'static> {
    let mut times: BTreeMap<&str, usize> = BTreeMap::new();
    for user in request.users.iter().flatten() {
        *times.entry(&user.name).or_default() += 1;
    }
    let results = times.into_iter().map(|(user, times)| {
        let (error_code, text) = match times {
            1 => {
                let text = format!("Attempt to describe a user credential that does not exist: {user}");
                (ErrorCode::RESOURCE_NOT_FOUND, text)
            }
            _ => {
                let text = format!("Cannot describe SCRAM credentials for the same user twice in a single request: {user}");
                (ErrorCode::DUPLICATE_RESOURCE, text)
            }
        };
        DescribeUserScramCredentialsResult {
            user: user.to_string().into(),
            error_code,
            error_message: Some(text.into()),
            credential_infos: Vec::new(),
        }
    });
    DescribeUserScramCredentialsResponse {
        error_message: Some("".into()),
        results: results.collect(),
        ..Default::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ottla_protocol::messages::describe_user_scram_credentials::UserName;

    #[test]
    fn nobody_is_there() {
        let named = |names: &[&str]| {
            let users = names
                .iter()
                .map(|name| UserName {
                    name: name.to_string().into(),
                })
                .collect();
            let response = answer(&DescribeUserScramCredentialsRequest { users: Some(users) });
            response
                .results
                .iter()
                .map(|result| (result.user.to_string(), result.error_code.0))
                .collect::<Vec<_>>()
        };
        assert_eq!(
            named(&["b", "a"]),
            [("a".to_string(), 91), ("b".to_string(), 91)]
        );
        assert_eq!(named(&["a", "a"]), [("a".to_string(), 92)]);
        assert!(
            answer(&DescribeUserScramCredentialsRequest { users: None })
                .results
                .is_empty()
        );
    }
}
