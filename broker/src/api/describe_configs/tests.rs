use super::*;
use crate::api::testing::{encodes, with_topics};

fn ask(kind: i8, name: &str, keys: Option<&[&str]>) -> DescribeConfigsResult<'static> {
    let request = DescribeConfigsRequest {
        resources: vec![DescribeConfigsResource {
            resource_type: kind,
            resource_name: name.to_string().into(),
            configuration_keys: keys
                .map(|keys| keys.iter().map(|key| key.to_string().into()).collect()),
        }],
        include_synonyms: true,
        include_documentation: true,
    };
    let mut response = answer(&with_topics(&[("t", 1)]), &request);
    encodes(&response, 1..=4);
    response.results.remove(0)
}

fn refused(kind: i8, name: &str) -> (i16, String) {
    let result = ask(kind, name, None);
    assert!(result.configs.is_empty());
    (
        result.error_code.0,
        result.error_message.unwrap().to_string(),
    )
}

#[test]
fn a_topic_with_all_or_some_keys() {
    assert_eq!(ask(2, "t", None).configs.len(), 33);
    assert_eq!(
        ask(2, "t", Some(&[])).configs.len(),
        33,
        "no keys are all keys"
    );
    let some = ask(2, "t", Some(&["cleanup.policy", "nope"]));
    let config = &some.configs[0];
    assert_eq!(
        (
            some.configs.len(),
            config.value.as_deref(),
            config.config_source
        ),
        (1, Some("delete"), 5)
    );
    assert_eq!(
        (config.config_type, config.synonyms.len(), config.read_only),
        (7, 1, false)
    );
    assert!(!config.documentation.as_deref().unwrap().is_empty());
}

#[test]
fn a_broker_answers_for_itself() {
    let all = ask(4, "1", None);
    assert_eq!(all.configs.len(), 340);
    let hidden = all
        .configs
        .iter()
        .find(|config| config.name == "ssl.key.password")
        .unwrap();
    assert!(hidden.is_sensitive && hidden.value.is_none());
    assert!(
        all.configs
            .iter()
            .any(|config| config.name == "advertised.listeners")
    );
    assert_eq!(ask(4, "", None).configs.len(), 0, "nothing was set for all");
    assert_eq!(
        ask(8, "1", Some(&["root"])).configs[0].value.as_deref(),
        Some("WARN")
    );
}

#[test]
fn what_is_not_there() {
    assert_eq!(
        refused(4, "3").1,
        "Unexpected broker id, expected 1 or empty string, but received 3"
    );
    assert_eq!(
        refused(4, "x").1,
        "Broker id must be an integer, but it is: x"
    );
    assert_eq!(refused(2, "nope"), (3, String::new()));
    assert_eq!((refused(2, "a b").0, refused(2, "").0), (17, 17));
    assert_eq!(
        (
            refused(8, "").0,
            refused(8, "4").0,
            refused(16, "").0,
            refused(32, "").0
        ),
        (42, 42, 42, 42)
    );
    assert_eq!((refused(1, "m").0, refused(99, "m").0), (42, 42));
}

#[test]
fn groups_and_subscriptions_that_nobody_configured_have_the_defaults() {
    assert_eq!(ask(32, "g", None).configs.len(), 17);
    let metrics = ask(16, "m", None);
    assert_eq!(
        (metrics.configs.len(), metrics.configs[0].config_source),
        (3, 5)
    );
}

#[test]
fn one_unknown_kind_spoils_the_request() {
    let resource = |kind| DescribeConfigsResource {
        resource_type: kind,
        resource_name: "t".into(),
        configuration_keys: None,
    };
    let request = DescribeConfigsRequest {
        resources: vec![resource(2), resource(99)],
        ..Default::default()
    };
    let response = answer(&with_topics(&[("t", 1)]), &request);
    assert!(
        response
            .results
            .iter()
            .all(|result| result.error_code == ErrorCode::INVALID_REQUEST)
    );
}
