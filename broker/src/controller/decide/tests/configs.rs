//! Settings of topics, brokers, groups, subscriptions and loggers.

use super::*;

fn on_topic(name: &str) -> ConfigResource {
    ConfigResource::Topic(name.to_string())
}

fn change(resource: ConfigResource, ops: &[(&str, ConfigOp, Option<&str>)]) -> ConfigChange {
    let owned = |(name, op, value): &(&str, ConfigOp, Option<&str>)| {
        (name.to_string(), *op, value.map(str::to_string))
    };
    ConfigChange {
        resource,
        ops: ops.iter().map(owned).collect(),
    }
}

fn alter(
    state: &mut State,
    resource: ConfigResource,
    ops: &[(&str, ConfigOp, Option<&str>)],
) -> (i16, String) {
    let changes = vec![change(resource, ops)];
    items(
        state,
        Command::AlterConfigs {
            changes,
            validate_only: false,
        },
    )
    .remove(0)
}

fn set(state: &mut State, resource: ConfigResource, name: &str, value: &str) -> (i16, String) {
    alter(state, resource, &[(name, ConfigOp::Set, Some(value))])
}

fn overrides(state: &State, topic: &str) -> Vec<String> {
    let topic = state.topics.named(topic).unwrap();
    topic
        .overrides
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect()
}

fn with_topic() -> State {
    let mut state = one_node();
    create(&mut state, vec![topic("t")]);
    state
}

#[test]
fn a_new_topic_with_settings() {
    let mut state = one_node();
    let mut ask = |configs: &[(&str, Option<&str>)]| {
        let configs = configs
            .iter()
            .map(|(name, value)| (name.to_string(), value.map(str::to_string)))
            .collect();
        create_one(
            &mut state,
            NewTopic {
                configs,
                ..topic("t")
            },
        )
    };
    let (code, text) = ask(&[("retention.mss", Some("1"))]);
    assert_eq!(
        (code, text.as_str()),
        (
            40,
            "Unknown topic config name: retention.mss (did you mean retention.ms?)"
        )
    );
    assert_eq!(ask(&[("retention.ms", Some("soon"))]).0, 40);
    assert_eq!(
        ask(&[("retention.ms", None)]),
        (
            40,
            "Null value not supported for topic configs: retention.ms".to_string()
        )
    );
    assert_eq!(
        ask(&[
            ("min.compaction.lag.ms", Some("100")),
            ("max.compaction.lag.ms", Some("10"))
        ])
        .0,
        40
    );
    assert_eq!(ask(&[("remote.storage.enable", Some("true"))]).0, 40);
    assert_eq!(
        ask(&[
            ("retention.ms", Some("1")),
            ("retention.ms", Some(" 2 ")),
            ("preallocate", Some("TRUE"))
        ])
        .0,
        0
    );
    assert_eq!(
        overrides(&state, "t"),
        ["preallocate=true", "retention.ms=2"]
    );
    assert_eq!(
        state.topics.named("t").unwrap().config.retention_ms,
        Some(2)
    );
}

#[test]
fn a_topic_is_changed_wholly_or_not_at_all() {
    use ConfigOp::{Delete, Set};
    let mut state = with_topic();
    let both = [
        ("retention.ms", Set, Some("5")),
        ("segment.bytes", Set, Some("1")),
    ];
    assert_eq!(alter(&mut state, on_topic("t"), &both).0, 40);
    assert_eq!(overrides(&state, "t"), Vec::<String>::new());
    assert_eq!(
        alter(
            &mut state,
            on_topic("t"),
            &[("retention.ms", Set, Some("5"))]
        )
        .0,
        0
    );
    assert_eq!(
        state.topics.named("t").unwrap().config.retention_ms,
        Some(5)
    );
    assert_eq!(
        alter(
            &mut state,
            on_topic("t"),
            &[("nope", Delete, None), ("retention.bytes", Delete, None)]
        )
        .0,
        0
    );
    assert_eq!(
        alter(&mut state, on_topic("t"), &[("retention.ms", Delete, None)]).0,
        0
    );
    assert_eq!(
        state.topics.named("t").unwrap().config.retention_ms,
        Some(604_800_000)
    );
}

#[test]
fn requests_that_contradict_themselves() {
    use ConfigOp::{Delete, Set};
    let mut state = with_topic();
    let twice = [
        ("retention.ms", Set, Some("5")),
        ("retention.ms", Delete, None),
    ];
    assert_eq!(
        alter(&mut state, on_topic("t"), &twice),
        (42, "Error due to duplicate config keys".to_string())
    );
    let null = [("retention.ms", Set, None)];
    assert_eq!(
        alter(&mut state, on_topic("t"), &null),
        (
            42,
            "Null value not supported for : retention.ms".to_string()
        )
    );
    let one = change(on_topic("t"), &[("retention.ms", Set, Some("5"))]);
    let results = items(
        &mut state,
        Command::AlterConfigs {
            changes: vec![one.clone(), one],
            validate_only: false,
        },
    );
    assert!(results.iter().all(|(code, _)| *code == 42) && results.len() == 2);
    assert_eq!(overrides(&state, "t"), Vec::<String>::new());
}

#[test]
fn resources_that_are_not_there() {
    let mut state = with_topic();
    let mut code = |resource, name: &str, value: &str| set(&mut state, resource, name, value).0;
    assert_eq!(code(on_topic("nope"), "retention.ms", "5"), 3);
    assert_eq!(code(on_topic("a b"), "retention.ms", "5"), 17);
    assert_eq!(code(on_topic(""), "retention.ms", "5"), 42);
    assert_eq!(
        code(
            ConfigResource::Broker(NodeId(7)),
            "log.cleaner.threads",
            "2"
        ),
        42
    );
    assert_eq!(
        code(ConfigResource::BrokerLogger(NodeId(7)), "root", "INFO"),
        42
    );
    assert_eq!(
        code(
            ConfigResource::Group(String::new()),
            "consumer.session.timeout.ms",
            "50000"
        ),
        42
    );
    assert_eq!(
        code(
            ConfigResource::ClientMetrics(String::new()),
            "interval.ms",
            "1000"
        ),
        42
    );
}

#[test]
fn lists_grow_and_shrink_from_what_is_in_force() {
    use ConfigOp::{Append, Subtract};
    let mut state = with_topic();
    let mut step = |op, value| {
        let code = alter(
            &mut state,
            on_topic("t"),
            &[("cleanup.policy", op, Some(value))],
        )
        .0;
        (code, overrides(&state, "t").concat())
    };
    assert_eq!(
        step(Append, "compact"),
        (0, "cleanup.policy=delete,compact".to_string())
    );
    assert_eq!(
        step(Append, "compact"),
        (0, "cleanup.policy=delete,compact".to_string())
    );
    assert_eq!(
        step(Subtract, "delete"),
        (0, "cleanup.policy=compact".to_string())
    );
    assert_eq!((step(Append, "bad").0, step(Append, "").0), (40, 40));
    assert_eq!(
        step(Subtract, "compact"),
        (0, "cleanup.policy=".to_string())
    );
    let (code, text) = alter(
        &mut state,
        on_topic("t"),
        &[("retention.ms", Append, Some("4"))],
    );
    assert_eq!(
        (code, text.as_str()),
        (
            40,
            "Can't APPEND to key retention.ms because its type is not LIST."
        )
    );
}

#[test]
fn broker_settings_change_for_all_or_for_one_and_reach_the_topics() {
    let mut state = with_topic();
    let retention = |state: &State| state.topics.named("t").unwrap().config.retention_ms;
    assert_eq!(
        set(
            &mut state,
            ConfigResource::BrokerDefault,
            "log.retention.ms",
            "777"
        )
        .0,
        0
    );
    assert_eq!(retention(&state), Some(777));
    assert_eq!(
        set(
            &mut state,
            ConfigResource::Broker(NodeId(1)),
            "log.retention.ms",
            "778"
        )
        .0,
        0
    );
    assert_eq!(retention(&state), Some(778));
    assert_eq!(
        alter(
            &mut state,
            ConfigResource::Broker(NodeId(1)),
            &[("log.retention.ms", ConfigOp::Delete, None)]
        )
        .0,
        0
    );
    assert_eq!(retention(&state), Some(777));
    assert!(
        !state
            .configs
            .contains_key(&ConfigResource::Broker(NodeId(1))),
        "nothing is kept of what says nothing"
    );
    assert_eq!(state.image().broker_config.topic.retention_ms, Some(777));
}

#[test]
fn broker_settings_that_cannot_change() {
    let mut state = one_node();
    let one = || ConfigResource::Broker(NodeId(1));
    let (code, text) = set(&mut state, one(), "num.partitions", "2");
    assert_eq!(
        (code, text.as_str()),
        (
            42,
            "Cannot update these configs dynamically: [num.partitions]"
        )
    );
    assert_eq!(
        set(
            &mut state,
            ConfigResource::BrokerDefault,
            "listeners",
            "PLAINTEXT://:1"
        )
        .0,
        42
    );
    assert_eq!(set(&mut state, one(), "log.retention.ms", "abc").0, 42);
    assert_eq!(set(&mut state, one(), "no.such.setting.at.all", "2").0, 42);
    assert_eq!(set(&mut state, one(), "ssl.keystore.password", "x").0, 42);
    let (code, text) = set(&mut state, one(), "log.cleaner.thread", "2");
    assert!(code == 42 && text.contains("log.cleaner.threads"), "{text}");
}

#[test]
fn groups_stay_within_the_brokers_limits() {
    let mut state = one_node();
    let mut ask = |name: &str, value: &str| {
        set(
            &mut state,
            ConfigResource::Group("g".to_string()),
            name,
            value,
        )
    };
    assert_eq!(
        ask("consumer.session.timeout.ms", "100"),
        (40, "consumer.session.timeout.ms must be greater than or equal to group.consumer.min.session.timeout.ms".into())
    );
    assert_eq!(ask("consumer.heartbeat.interval.ms", "60000").0, 40);
    assert_eq!(ask("share.delivery.count.limit", "20").0, 40);
    assert_eq!(ask("no.such", "1").0, 40);
    assert_eq!(ask("consumer.session.timeout.ms", "50000").0, 0);
    assert_eq!(ask("share.auto.offset.reset", "by_duration:P1D").0, 0);
    assert_eq!(
        state.configs[&ConfigResource::Group("g".to_string())].len(),
        2
    );
}

#[test]
fn client_metrics_subscriptions() {
    let mut state = one_node();
    let mut ask = |name: &str, value: &str| {
        set(
            &mut state,
            ConfigResource::ClientMetrics("m".into()),
            name,
            value,
        )
        .0
    };
    assert_eq!(
        (
            ask("interval.ms", "10"),
            ask("interval.ms", "5000000"),
            ask("nope", "1")
        ),
        (42, 42, 42)
    );
    assert_eq!(
        (
            ask("match", "client_id=a.*,bad=3"),
            ask("match", "client_id=((")
        ),
        (40, 40)
    );
    assert_eq!(
        (
            ask("interval.ms", "1000"),
            ask("match", "client_id=x"),
            ask("metrics", "a.b,c")
        ),
        (0, 0, 0)
    );
}

#[test]
fn levels_of_loggers() {
    use ConfigOp::{Append, Delete, Set};
    let mut state = one_node();
    let mut ask = |name, op, value| {
        alter(
            &mut state,
            ConfigResource::BrokerLogger(NodeId(1)),
            &[(name, op, value)],
        )
    };
    assert_eq!(
        ask("kafka.server", Set, Some("DEBUG")),
        (40, "Logger kafka.server does not exist!".to_string())
    );
    assert_eq!(ask("ottla_raft", Set, Some("LOUD")).0, 40);
    assert_eq!(ask("ottla_raft", Append, Some("DEBUG")).0, 42);
    assert_eq!(ask("root", Delete, None).0, 42);
    assert_eq!(ask("ottla_raft", Set, Some("DEBUG")).0, 0);
    assert_eq!(ask("ottla_raft", Delete, None).0, 0);
}

#[test]
fn replacing_all_settings() {
    let mut state = with_topic();
    let mut replace = |resource: ConfigResource, configs: &[(&str, Option<&str>)]| {
        let configs = configs
            .iter()
            .map(|(name, value)| (name.to_string(), value.map(str::to_string)))
            .collect();
        let resources = vec![ConfigReplacement { resource, configs }];
        items(
            &mut state,
            Command::ReplaceConfigs {
                resources,
                validate_only: false,
            },
        )
        .remove(0)
        .0
    };
    assert_eq!(
        replace(
            on_topic("t"),
            &[("retention.ms", Some("5")), ("retention.bytes", Some("6"))]
        ),
        0
    );
    assert_eq!(
        replace(
            on_topic("t"),
            &[("retention.ms", Some("5")), ("retention.ms", Some("6"))]
        ),
        42
    );
    assert_eq!(replace(on_topic("t"), &[("retention.ms", None)]), 42);
    assert_eq!(replace(on_topic("nope"), &[]), 3);
    assert_eq!(replace(ConfigResource::BrokerLogger(NodeId(1)), &[]), 42);
    assert_eq!(
        replace(
            ConfigResource::Broker(NodeId(1)),
            &[("num.partitions", Some("3"))]
        ),
        42
    );
    assert_eq!(replace(on_topic("t"), &[("retention.bytes", Some("7"))]), 0);
    assert_eq!(overrides(&state, "t"), ["retention.bytes=7"]);
    let _: &Values = &state.topics.named("t").unwrap().overrides;
}
