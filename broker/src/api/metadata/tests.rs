use super::*;
use crate::api::testing::{encodes, reachable, with_topics};
use ottla_protocol::messages::metadata::MetadataRequestTopic;

fn named(names: &[&str]) -> MetadataRequest<'static> {
    let topic = |name: &&str| MetadataRequestTopic {
        name: Some(name.to_string().into()),
        ..Default::default()
    };
    MetadataRequest {
        topics: Some(names.iter().map(topic).collect()),
        ..Default::default()
    }
}

fn with_ids(ids: &[Uuid]) -> MetadataRequest<'static> {
    let topic = |id: &Uuid| MetadataRequestTopic {
        topic_id: *id,
        name: None,
    };
    MetadataRequest {
        topics: Some(ids.iter().map(topic).collect()),
        ..Default::default()
    }
}

fn ask(image: &Image, version: i16, request: &MetadataRequest<'_>) -> MetadataResponse<'static> {
    match asked(request, version) {
        Some(asked) => answer(image, &reachable(image), version, request, &asked, &[]),
        None => refused(request),
    }
}

fn codes(response: &MetadataResponse<'_>) -> Vec<(String, i16)> {
    let topics = response.topics.iter();
    topics
        .map(|topic| {
            (
                topic.name.as_deref().unwrap_or("-").to_string(),
                topic.error_code.0,
            )
        })
        .collect()
}

#[test]
fn all_topics_or_none() {
    let image = with_topics(&[("a", 1), ("b", 2)]);
    let empty = MetadataRequest {
        topics: Some(Vec::new()),
        ..Default::default()
    };
    let null = MetadataRequest {
        topics: None,
        ..Default::default()
    };
    assert_eq!(ask(&image, 0, &empty).topics.len(), 2);
    assert_eq!(ask(&image, 1, &empty).topics.len(), 0);
    assert_eq!(ask(&image, 12, &null).topics.len(), 2);
    assert_eq!(ask(&image, 12, &null).topics[1].partitions.len(), 2);
}

#[test]
fn the_answer_can_be_said_in_every_version() {
    let image = with_topics(&[("a", 1)]);
    for version in 0..=13 {
        let mut request = named(&["a", "nope", "bad name"]);
        request.include_cluster_authorized_operations = true;
        request.include_topic_authorized_operations = true;
        encodes(&ask(&image, version, &request), version..=version);
        encodes(
            &ask(&image, version, &with_ids(&[Uuid([7; 16])])),
            version..=version,
        );
    }
}

#[test]
fn names_known_unknown_and_bad_each_once() {
    let image = with_topics(&[("a", 1)]);
    let response = ask(&image, 12, &named(&["nope", "a", "bad name", "a"]));
    assert_eq!(
        codes(&response),
        [("nope".into(), 3), ("a".into(), 0), ("bad name".into(), 17)]
    );
    let partition = &response.topics[1].partitions[0];
    assert_eq!(
        (
            partition.leader_id,
            partition.leader_epoch,
            partition.error_code
        ),
        (1, 2, ErrorCode::NONE)
    );
    assert_eq!(
        (response.brokers[0].port, response.controller_id),
        (9092, 1)
    );
    assert_eq!(response.cluster_id.as_deref(), Some("cluster"));
}

#[test]
fn ids_are_for_versions_that_have_them() {
    let image = with_topics(&[("a", 1)]);
    let id = image.topics.named("a").unwrap().id;
    assert_eq!(
        codes(&ask(&image, 12, &with_ids(&[id, Uuid([7; 16])])))
            .iter()
            .filter(|(_, code)| *code == 100)
            .count(),
        1
    );
    assert_eq!(
        codes(&ask(&image, 10, &with_ids(&[id]))),
        [("".to_string(), 42)]
    );
    assert_eq!(
        ask(&image, 9, &named(&["a"])).topics[0].topic_id,
        Uuid::ZERO
    );
    assert_eq!(ask(&image, 10, &named(&["a"])).topics[0].topic_id, id);
}

#[test]
fn operations_only_when_asked_and_where_there_is_a_field() {
    let image = with_topics(&[("a", 1)]);
    let request = MetadataRequest {
        include_cluster_authorized_operations: true,
        include_topic_authorized_operations: true,
        ..named(&["a"])
    };
    let fields = |version| {
        let response = ask(&image, version, &request);
        (
            response.cluster_authorized_operations,
            response.topics[0].topic_authorized_operations,
        )
    };
    assert_eq!(
        (fields(7), fields(8), fields(11)),
        ((i32::MIN, i32::MIN), (8096, 3576), (i32::MIN, 3576))
    );
    assert_eq!(
        ask(&image, 8, &named(&["a"])).cluster_authorized_operations,
        i32::MIN
    );
}

#[test]
fn a_leader_that_is_unknown_or_cannot_be_reached() {
    let image = with_topics(&[("a", 1)]);
    let mut topic = Topic::clone(image.topics.named("a").unwrap());
    let mut image = Image::clone(&image);
    let mut code = |leader, version| {
        topic.partitions[0].leader = leader;
        image.topics.insert(topic.clone());
        ask(&image, version, &named(&["a"])).topics[0].partitions[0]
            .error_code
            .0
    };
    assert_eq!(
        (
            code(NodeId::NONE, 12),
            code(NodeId(9), 5),
            code(NodeId(9), 6)
        ),
        (5, 5, 72)
    );
}

#[test]
fn what_could_not_be_made_says_why() {
    let image = with_topics(&[]);
    let request = named(&["t"]);
    let asked = asked(&request, 12).unwrap();
    let refusals = [("t".to_string(), ErrorCode::INVALID_REPLICATION_FACTOR)];
    let response = answer(&image, &reachable(&image), 12, &request, &asked, &refusals);
    assert_eq!(codes(&response), [("t".to_string(), 38)]);
    assert_eq!(
        missing(&image, &["t".to_string(), "bad name".to_string()]),
        ["t"]
    );
    let offsets = |nodes| {
        new_topic(
            &image.broker_config,
            nodes,
            "__consumer_offsets".to_string(),
        )
    };
    assert_eq!(
        (offsets(3).partitions, offsets(3).replication_factor),
        (50, 3)
    );
    assert_eq!(
        offsets(1).replication_factor,
        1,
        "a lone node must be able to coordinate"
    );
}
