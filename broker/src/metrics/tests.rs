//! The names, the merge and the text.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::*;

#[test]
fn names_follow_the_conventions() {
    let mut seen = BTreeSet::new();
    for family in FAMILIES {
        assert!(seen.insert(family.name), "{} twice", family.name);
        assert!(family.name.starts_with("ottla_"), "{}", family.name);
        assert_eq!(
            family.kind == Kind::Counter,
            family.name.ends_with("_total"),
            "{}",
            family.name
        );
        assert_eq!(
            family.kind == Kind::Histogram,
            family.name.ends_with("_seconds"),
            "{}",
            family.name
        );
        assert!(family.help.trim().ends_with('.'), "{}", family.name);
    }
}

fn api(name: &str) -> Labels {
    Labels::of([("api", name)])
}

#[test]
fn labelled_gauges_are_set_at_once_and_add_up() {
    let (a, b) = (Metrics::default(), Metrics::default());
    let lag = |group: &str| Labels::of([("group", group), ("topic", "t")]);
    a.group_lag.replace(BTreeMap::from([(lag("old"), 1)]));
    a.group_lag
        .replace(BTreeMap::from([(lag("g"), 2), (lag("a\\b\"c\nd"), 3)]));
    b.group_lag.replace(BTreeMap::from([(lag("g"), 5)]));
    let mut sum = a.snapshot();
    sum.merge(b.snapshot());
    let text = render(&sum);
    let lines: Vec<&str> = text
        .lines()
        .filter(|line| line.starts_with("ottla_group_lag"))
        .collect();
    assert_eq!(
        lines,
        [
            r#"ottla_group_lag_records{group="a\\b\"c\nd",topic="t"} 3"#,
            r#"ottla_group_lag_records{group="g",topic="t"} 7"#,
        ]
    );
}

#[test]
fn shards_add_up() {
    let (a, b) = (Metrics::default(), Metrics::default());
    a.connections.add(3);
    b.connections.add(4);
    a.requests.of(ApiKey::FETCH).inc();
    b.requests.of(ApiKey::FETCH).add(2);
    b.requests.of(ApiKey::PRODUCE).inc();
    a.append_time.record(Duration::from_millis(1));
    b.append_time.record(Duration::from_millis(2));
    let mut sum = a.snapshot();
    sum.merge(b.snapshot());
    assert_eq!(
        sum.get("ottla_connections", Labels::default()),
        Some(&Value::Number(7))
    );
    assert_eq!(
        sum.get("ottla_requests_total", api("Fetch")),
        Some(&Value::Number(3))
    );
    assert_eq!(
        sum.get("ottla_requests_total", api("Produce")),
        Some(&Value::Number(1))
    );
    match sum.get("ottla_journal_append_seconds", Labels::default()) {
        Some(Value::Durations(d)) => assert_eq!(d.count(), 2),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_text_is_well_formed() {
    let metrics = Metrics::default();
    metrics.sent_bytes.add(u64::MAX);
    metrics.requests.of(ApiKey::API_VERSIONS).inc();
    metrics
        .request_time
        .of(ApiKey::FETCH)
        .record(Duration::from_micros(300));
    let text = render(&metrics.snapshot());
    assert!(
        text.contains(
            "# TYPE ottla_sent_bytes_total counter\nottla_sent_bytes_total 18446744073709551615\n"
        ),
        "{text}"
    );
    assert!(
        text.contains("ottla_requests_total{api=\"ApiVersions\"} 1\n"),
        "{text}"
    );
    assert!(
        text.contains("ottla_request_seconds_bucket{api=\"Fetch\",le=\"+Inf\"} 1\n"),
        "{text}"
    );
    assert!(
        text.contains("ottla_request_seconds_count{api=\"Fetch\"} 1\n"),
        "{text}"
    );
    for line in text.lines() {
        let ok = line.starts_with("# ")
            || line.rsplit_once(' ').is_some_and(|(name, value)| {
                name.starts_with("ottla_") && value.parse::<f64>().is_ok()
            });
        assert!(ok, "{line}");
    }
}
