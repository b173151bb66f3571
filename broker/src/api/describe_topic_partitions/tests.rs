use super::*;
use crate::api::testing::{encodes, with_topics};
use ottla_protocol::messages::describe_topic_partitions::TopicRequest;

/// Topics with their code and partition numbers, and where the next page begins.
type Shown = (Vec<(String, i16, Vec<i32>)>, Option<(String, i32)>);

fn ask(names: &[&str], limit: i32, from: Option<(&str, i32)>) -> Shown {
    let image = with_topics(&[("a", 2), ("b", 3), ("c", 1)]);
    let topic = |name: &&str| TopicRequest {
        name: name.to_string().into(),
    };
    let request = DescribeTopicPartitionsRequest {
        topics: names.iter().map(topic).collect(),
        response_partition_limit: limit,
        cursor: from
            .map(|(name, partition)| cursor(name, partition as usize))
            .map(|mut cursor| {
                cursor.partition_index = from.unwrap().1;
                cursor
            }),
    };
    let response = answer(&image, &request);
    encodes(&response, 0..=0);
    let topics = response.topics.into_iter().map(|topic| {
        let numbers = topic
            .partitions
            .iter()
            .map(|partition| partition.partition_index)
            .collect();
        (topic.name.unwrap().to_string(), topic.error_code.0, numbers)
    });
    (
        topics.collect(),
        response
            .next_cursor
            .map(|cursor| (cursor.topic_name.to_string(), cursor.partition_index)),
    )
}

fn topic(name: &str, code: i16, partitions: &[i32]) -> (String, i16, Vec<i32>) {
    (name.to_string(), code, partitions.to_vec())
}

#[test]
fn topics_come_sorted_with_the_unknown_among_them() {
    let (topics, next) = ask(&["c", "nope", "a", "a b", "a"], 2000, None);
    let expected = [
        topic("a", 0, &[0, 1]),
        topic("a b", 17, &[]),
        topic("c", 0, &[0]),
        topic("nope", 3, &[]),
    ];
    assert_eq!((topics.as_slice(), next), (expected.as_slice(), None));
}

#[test]
fn pages_follow_each_other_without_gap_or_overlap() {
    let (mut from, mut seen) = (None, Vec::new());
    for _ in 0..10 {
        let (topics, next) = ask(
            &[],
            2,
            from.as_ref()
                .map(|(name, n): &(String, i32)| (name.as_str(), *n)),
        );
        seen.extend(
            topics
                .into_iter()
                .flat_map(|(name, _, numbers)| numbers.into_iter().map(move |n| (name.clone(), n))),
        );
        match next {
            Some(next) => from = Some(next),
            None => break,
        }
    }
    let all: Vec<(String, i32)> = [("a", 0), ("a", 1), ("b", 0), ("b", 1), ("b", 2), ("c", 0)]
        .map(|(name, n)| (name.to_string(), n))
        .to_vec();
    assert_eq!(seen, all);
}

#[test]
fn a_page_has_one_partition_at_least() {
    for limit in [0, -1, 1] {
        assert_eq!(
            ask(&["a"], limit, None),
            (vec![topic("a", 0, &[0])], Some(("a".to_string(), 1))),
            "{limit}"
        );
    }
}

#[test]
fn cursors_that_point_nowhere() {
    assert_eq!(
        ask(&["a", "b"], 9, Some(("u", 0))),
        (vec![topic("a", 42, &[]), topic("b", 42, &[])], None)
    );
    assert_eq!(
        ask(&["b"], 9, Some(("a", 0))).0,
        [topic("b", 42, &[])],
        "not a topic of the request"
    );
    assert_eq!(
        ask(&["a"], 9, Some(("a", -1))),
        (vec![topic("a", 42, &[])], None)
    );
    // Beyond the end of a topic there is nothing more of it.
    assert_eq!(
        ask(&["a"], 9, Some(("a", 7))),
        (vec![topic("a", 0, &[])], None)
    );
}
