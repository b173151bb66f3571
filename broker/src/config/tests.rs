use super::given::{GivenError, check, from_pair, from_toml};
use super::key::{Kind, Rule};
use super::settings::synonyms;
use super::*;

fn values(pairs: &[(&str, &str)]) -> Values {
    pairs
        .iter()
        .map(|(name, value)| (name.to_string(), value.to_string()))
        .collect()
}

fn settings(fixed: &[(&str, &str)], cluster: &[(&str, &str)], broker: &[(&str, &str)]) -> Settings {
    Settings {
        fixed: values(fixed).into(),
        cluster: values(cluster).into(),
        broker: values(broker).into(),
    }
}

#[test]
fn tables_are_sorted_and_every_default_passes_its_own_rule() {
    for table in [
        keys::topic::KEYS,
        keys::group::KEYS,
        keys::client_metrics::KEYS,
    ] {
        assert!(table.windows(2).all(|pair| pair[0].name < pair[1].name));
    }
    let tables = [
        keys::topic::KEYS,
        keys::group::KEYS,
        keys::client_metrics::KEYS,
    ];
    for key in keys::brokers().chain(tables.into_iter().flatten()) {
        let Some(default) = key.default else { continue };
        assert_eq!(
            value::check(key, default).as_deref(),
            Ok(default),
            "{}",
            key.name
        );
    }
    // As many as Kafka 4.3.1 has: its internal ones, and three that can only be set while it runs, included.
    assert_eq!(keys::brokers().count(), 363);
    assert_eq!(keys::topic::KEYS.len(), 34);
}

#[test]
fn every_key_is_documented() {
    let tables = [
        keys::topic::KEYS,
        keys::group::KEYS,
        keys::client_metrics::KEYS,
    ];
    let silent = keys::brokers()
        .chain(tables.into_iter().flatten())
        .filter(|key| key.doc.is_empty());
    assert_eq!(
        silent.map(|key| key.name).collect::<Vec<_>>(),
        Vec::<&str>::new()
    );
}

#[test]
fn every_synonym_of_a_topic_setting_exists_and_has_its_type() {
    for key in keys::topic::KEYS {
        let Some(name) = keys::topic_synonym(key.name) else {
            continue;
        };
        assert_eq!(
            keys::broker(name).map(|broker| broker.kind),
            Some(key.kind),
            "{}",
            key.name
        );
    }
    assert_eq!(
        keys::topic_synonym("retention.ms"),
        Some("log.retention.ms")
    );
    assert_eq!(keys::topic_synonym("remote.storage.enable"), None);
    assert_eq!(
        keys::group_synonym("consumer.session.timeout.ms"),
        Some("group.consumer.session.timeout.ms")
    );
    assert_eq!(keys::group_synonym("share.auto.offset.reset"), None);
    for key in keys::brokers() {
        assert!(synonyms(key.name).contains(&key.name), "{}", key.name);
    }
}

#[test]
fn values_are_checked_in_kafkas_words() {
    let refused = |name: &str, text: &str| {
        let key = keys::topic(name).or_else(|| keys::broker(name)).unwrap();
        value::check(key, text).unwrap_err()
    };
    assert_eq!(
        refused("retention.ms", "soon"),
        "Invalid value soon for configuration retention.ms: Not a number of type LONG"
    );
    assert_eq!(
        refused("segment.bytes", "100"),
        "Invalid value 100 for configuration segment.bytes: Value must be at least 1048576"
    );
    assert_eq!(
        refused("cleanup.policy", "bad"),
        "Invalid value bad for configuration cleanup.policy: String must be one of: compact, delete"
    );
    for (name, text) in [
        ("min.cleanable.dirty.ratio", "2"),
        ("min.cleanable.dirty.ratio", "NaN"),
        ("compression.gzip.level", "0"),
        ("compression.gzip.level", "10"),
        ("leader.replication.throttled.replicas", "abc"),
        ("preallocate", "yes"),
        ("retention.ms", "9223372036854775808"),
        ("retention.ms", ""),
        ("message.timestamp.type", "createtime"),
        ("group.share.delivery.count.limit", "11"),
    ] {
        refused(name, text);
    }
}

#[test]
fn good_values_come_back_in_one_form() {
    let taken = |name: &str, text: &str| value::check(keys::topic(name).unwrap(), text).unwrap();
    assert_eq!(taken("preallocate", "TRUE"), "true");
    assert_eq!(taken("retention.ms", " 7 "), "7");
    assert_eq!(
        taken("cleanup.policy", "compact , delete"),
        "compact,delete"
    );
    assert_eq!(taken("cleanup.policy", "delete,delete"), "delete");
    assert_eq!(taken("cleanup.policy", ""), "");
    assert_eq!(taken("compression.gzip.level", "-1"), "-1");
    assert_eq!(
        taken("leader.replication.throttled.replicas", "0:1,1:2"),
        "0:1,1:2"
    );
    assert_eq!(taken("follower.replication.throttled.replicas", "*"), "*");
}

#[test]
fn durations_of_the_offset_reset() {
    let key = keys::group("share.auto.offset.reset").unwrap();
    for good in [
        "earliest",
        "latest",
        "by_duration:P1D",
        "by_duration:PT1H30M",
        "by_duration:P2DT3H4M5.5S",
    ] {
        assert!(value::check(key, good).is_ok(), "{good}");
    }
    for bad in [
        "by_duration:",
        "by_duration:P",
        "by_duration:PT",
        "by_duration:1D",
        "by_duration:PT1.5H",
        "never",
        "by_duration:PT1M1H",
        "by_duration:P-1D",
        "by_duration:PT1",
    ] {
        assert!(value::check(key, bad).is_err(), "{bad}");
    }
}

#[test]
fn a_password_is_not_shown_when_it_is_refused_or_described() {
    let key = keys::broker("ssl.key.password").unwrap();
    assert_eq!(
        (key.kind, key.sensitive(), key.rule),
        (Kind::Password, true, Rule::Any)
    );
    let entries = describe::broker(&settings(&[("ssl.key.password", "secret")], &[], &[]));
    let entry = entries
        .iter()
        .find(|entry| entry.key.name == key.name)
        .unwrap();
    assert_eq!(entry.value, None);
    assert!(entry.descent.iter().all(|step| step.value.is_none()));
}

#[test]
fn the_nearest_layer_and_the_finest_unit_win() {
    let s = settings(
        &[("log.retention.hours", "2"), ("log.retention.minutes", "7")],
        &[],
        &[],
    );
    assert_eq!(s.number("log.retention.ms"), Some(7 * 60_000));
    let s = settings(
        &[("log.retention.ms", "1")],
        &[("log.retention.ms", "2")],
        &[("log.retention.ms", "3")],
    );
    assert_eq!(s.number("log.retention.ms"), Some(3));
    assert_eq!(
        settings(&[("log.retention.hours", "-1")], &[], &[]).number("log.retention.ms"),
        Some(-1)
    );
    assert_eq!(
        Settings::default().number("log.roll.ms"),
        Some(168 * 3_600_000)
    );
}

#[test]
fn a_topic_inherits_what_it_does_not_say() {
    let broker = settings(
        &[("log.segment.bytes", "2000000")],
        &[("log.retention.ms", "777")],
        &[],
    );
    let topic = TopicConfig::effective(&values(&[("cleanup.policy", "compact,delete")]), &broker);
    assert_eq!(
        (topic.delete, topic.compact, topic.segment_bytes),
        (true, true, 2_000_000)
    );
    assert_eq!(
        (topic.retention_ms, topic.retention_bytes),
        (Some(777), None)
    );
    let topic = TopicConfig::effective(
        &values(&[("cleanup.policy", ""), ("retention.ms", "-1")]),
        &broker,
    );
    assert_eq!(
        (topic.delete, topic.compact, topic.retention_ms),
        (false, false, None)
    );
}

/// `internal.segment.bytes`, by which tests have segments below the least that `segment.bytes` may be, was taken, described and
/// ignored: a test with a thousand small batches had one segment and never saw retention, rolls or more than one index.
#[test]
fn segments_may_be_small_for_tests() {
    let size =
        |overrides| TopicConfig::effective(&values(overrides), &Settings::default()).segment_bytes;
    let asked = [
        ("internal.segment.bytes", "5000"),
        ("segment.bytes", "2000000"),
    ];
    assert_eq!(size(&asked), 5000);
    assert_eq!(size(&asked[1..]), 2_000_000, "not asked for");
}

#[test]
fn defaults_are_kafkas() {
    let broker = BrokerConfig::default();
    assert_eq!(
        (broker.num_partitions, broker.default_replication_factor),
        (1, 1)
    );
    assert!(broker.auto_create_topics && broker.delete_topics && !broker.two_phase_commit);
    assert_eq!(broker.net.request_max_bytes, 104_857_600);
    assert_eq!(
        (broker.net.max_idle_ms, broker.net.queued_max_bytes),
        (Some(600_000), None)
    );
    assert_eq!(
        (broker.fetch.max_bytes, broker.fetch.session_slots),
        (57_671_680, 1000)
    );
    let topic = TopicConfig::default();
    assert_eq!(
        (topic.delete, topic.compact, topic.retention_ms),
        (true, false, Some(604_800_000))
    );
    assert_eq!(
        (topic.segment_bytes, topic.segment_ms),
        (1 << 30, 604_800_000)
    );
    assert_eq!(
        (topic.max_message_bytes, topic.min_insync_replicas),
        (1_048_588, 1)
    );
    assert_eq!(
        (topic.compression, topic.timestamp_type),
        (Compression::Producer, TimestampType::CreateTime)
    );
    assert_eq!(
        (topic.timestamp_before_max_ms, topic.timestamp_after_max_ms),
        (i64::MAX, 3_600_000)
    );
    assert_eq!(
        (topic.max_compaction_lag_ms, topic.min_cleanable_dirty_ratio),
        (i64::MAX, 0.5)
    );
}

#[test]
fn described_as_kafka_does() {
    let broker = settings(&[], &[("log.retention.ms", "777")], &[]);
    let all = describe::topic(&values(&[("cleanup.policy", "compact")]), &broker);
    let chain = |name: &str| {
        let entry = all.iter().find(|entry| entry.key.name == name).unwrap();
        let steps = entry
            .descent
            .iter()
            .map(|s| format!("{}={}/{}", s.name, s.value.clone().unwrap(), s.source as i8));
        (
            entry.value.clone().unwrap(),
            entry.source as i8,
            steps.collect::<Vec<_>>(),
        )
    };
    let expect = |value: &str, source, steps: &[&str]| {
        (
            value.to_string(),
            source,
            steps
                .iter()
                .map(|step| step.to_string())
                .collect::<Vec<_>>(),
        )
    };
    assert_eq!(
        chain("cleanup.policy"),
        expect(
            "compact",
            1,
            &["cleanup.policy=compact/1", "log.cleanup.policy=delete/5"]
        )
    );
    assert_eq!(
        chain("retention.ms"),
        expect(
            "777",
            3,
            &["log.retention.ms=777/3", "log.retention.hours=168/5"]
        )
    );
    assert_eq!(chain("segment.ms"), expect("604800000", 5, &[]));
    assert_eq!(chain("flush.ms"), expect("9223372036854775807", 5, &[]));
    assert_eq!(all.len(), 33);
    assert!(!all.iter().any(|entry| entry.key.internal));
    // Kafka's own count of what it shows of a broker.
    let entries = describe::broker(&broker);
    assert_eq!(entries.len(), 340);
    let find = |name: &str| entries.iter().find(|entry| entry.key.name == name).unwrap();
    assert!(find("num.partitions").read_only && !find("log.retention.ms").read_only);
    assert_eq!(find("log.retention.minutes").value, None);
}

#[test]
fn groups_and_subscriptions_described() {
    let broker = settings(
        &[("group.consumer.heartbeat.interval.ms", "1000")],
        &[],
        &[],
    );
    let all = describe::group(
        &values(&[("consumer.session.timeout.ms", "50000")]),
        &broker,
    );
    let find = |name: &str| all.iter().find(|entry| entry.key.name == name).unwrap();
    let heartbeat = find("consumer.heartbeat.interval.ms");
    assert_eq!(
        (
            heartbeat.value.as_deref(),
            heartbeat.source,
            heartbeat.descent.len()
        ),
        (Some("1000"), Source::Static, 2)
    );
    let session = find("consumer.session.timeout.ms");
    assert_eq!(
        (
            session.value.as_deref(),
            session.source,
            session.descent.len()
        ),
        (Some("50000"), Source::Group, 2)
    );
    let reset = find("share.auto.offset.reset");
    assert_eq!(
        (reset.value.as_deref(), reset.source, reset.descent.len()),
        (Some("latest"), Source::Default, 1)
    );
    let subscription = describe::client_metrics(&values(&[("interval.ms", "1000")]));
    assert_eq!(subscription[0].source, Source::ClientMetrics);
    assert_eq!(
        (
            subscription[1].value.as_deref(),
            subscription[1].descent.len()
        ),
        (Some(""), 0)
    );
}

#[test]
fn a_file_may_be_dotted_quoted_or_in_tables() {
    let text = "num.partitions = 3\n\"max.connections\" = 10\n\"max.connections.per.ip\" = 2\n\
                [log]\nretention.ms = 1000\ncleanup.policy = [\"compact\", \"delete\"]\n[auto]\ncreate.topics.enable = false";
    let given = check(from_toml(text).unwrap()).unwrap();
    let expected = values(&[
        ("auto.create.topics.enable", "false"),
        ("log.cleanup.policy", "compact,delete"),
        ("log.retention.ms", "1000"),
        ("max.connections", "10"),
        ("max.connections.per.ip", "2"),
        ("num.partitions", "3"),
    ]);
    assert_eq!(given, expected);
}

#[test]
fn what_is_not_a_setting_is_refused() {
    let refused = |name: &str, text: &str| check(values(&[(name, text)])).unwrap_err();
    assert_eq!(
        refused("num.partition", "3").to_string(),
        "unknown setting num.partition; did you mean num.partitions?"
    );
    assert!(matches!(
        refused("qqqqqqqqqqqq", "3"),
        GivenError::Unknown { nearest: None, .. }
    ));
    assert!(
        refused("num.partitions", "0")
            .to_string()
            .contains("Value must be at least 1")
    );
    assert_eq!(
        refused("authorizer.class.name", "A"),
        GivenError::Unsafe("authorizer.class.name")
    );
    assert!(matches!(
        refused("listener.security.protocol.map", "X:SSL"),
        GivenError::Unsafe(_)
    ));
    assert!(check(values(&[("listener.security.protocol.map", "X:PLAINTEXT")])).is_ok());
    assert!(matches!(from_toml("= 3"), Err(GivenError::Syntax(_))));
    assert!(matches!(
        from_toml("a = 1979-05-27"),
        Err(GivenError::Shape(_))
    ));
    assert!(matches!(
        from_pair("num.partitions"),
        Err(GivenError::Pair(_))
    ));
    assert_eq!(
        from_pair("a = b=c"),
        Ok(("a".to_string(), " b=c".to_string()))
    );
}
