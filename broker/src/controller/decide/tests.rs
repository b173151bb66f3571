use std::collections::BTreeMap;
use std::sync::Arc;

use ottla_protocol::ErrorCode;
use ottla_protocol::ids::{NodeId, Uuid};

use crate::config::Values;
use crate::controller::*;
use crate::metadata::{ConfigResource, Endpoint, QuotaEntity};

mod configs;
mod random;
mod topics;

/// A cluster of these nodes, seen by the first, with these settings in its file.
fn cluster(nodes: &[i32], fixed: &[(&str, &str)]) -> State {
    let fixed = fixed
        .iter()
        .map(|(name, value)| (name.to_string(), value.to_string()))
        .collect();
    let mut state = State::new("c".to_string(), NodeId(nodes[0]), Arc::new(fixed));
    for id in nodes {
        let endpoint = Endpoint {
            host: "127.0.0.1".to_string(),
            port: 9092,
        };
        let endpoints = BTreeMap::from([("PLAINTEXT".to_string(), endpoint)]);
        run(
            &mut state,
            Command::RegisterBroker {
                id: NodeId(*id),
                endpoints,
                rack: None,
            },
        );
    }
    state
}

fn one_node() -> State {
    cluster(&[1], &[])
}

/// Random numbers that are the same in every run.
fn entropy() -> impl FnMut() -> u64 {
    let mut n = 0u64;
    move || {
        n = n.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (n ^ (n >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z ^ (z >> 31)
    }
}

/// Decides and applies, by way of the bytes that would be committed.
fn run(state: &mut State, command: Command) -> Outcome {
    let (records, outcome) = state.decide(command, &mut entropy());
    for record in Record::decode_all(&Record::encode_all(&records)).unwrap() {
        state.apply(&record);
    }
    outcome
}

fn topic(name: &str) -> NewTopic {
    NewTopic {
        name: name.to_string(),
        partitions: 1,
        replication_factor: 1,
        ..Default::default()
    }
}

fn create(state: &mut State, topics: Vec<NewTopic>) -> Vec<(String, i16, String)> {
    let Outcome::Created(created) = run(
        state,
        Command::CreateTopics {
            topics,
            validate_only: false,
        },
    ) else {
        panic!("another outcome")
    };
    let result = |created: Created| match created.result {
        Ok(_) => (created.name, 0, String::new()),
        Err(refusal) => (created.name, refusal.code.0, refusal.message),
    };
    created.into_iter().map(result).collect()
}

/// The code and the text of what becomes of one topic.
fn create_one(state: &mut State, topic: NewTopic) -> (i16, String) {
    let (_, code, text) = create(state, vec![topic]).remove(0);
    (code, text)
}

fn items(state: &mut State, command: Command) -> Vec<(i16, String)> {
    let Outcome::Items(items) = run(state, command) else {
        panic!("another outcome")
    };
    let code = |item: Result<(), Refusal>| {
        item.map_or_else(|r| (r.code.0, r.message), |()| (0, String::new()))
    };
    items.into_iter().map(code).collect()
}

#[test]
fn producer_ids_are_handed_out_once() {
    let mut state = one_node();
    for first in [0, 1000, 2000] {
        let Outcome::ProducerIds(ids) = run(&mut state, Command::AllocateProducerIds) else {
            panic!()
        };
        assert_eq!(ids, Ok(ProducerIds { first, count: 1000 }));
    }
    state.next_producer_id = i64::MAX;
    let Outcome::ProducerIds(ids) = run(&mut state, Command::AllocateProducerIds) else {
        panic!()
    };
    assert!(ids.is_err());
}

#[test]
fn features_go_up_freely_and_down_when_asked_to() {
    let mut state = one_node();
    let mut update = |name: &str, level, direction| {
        let updates = vec![FeatureUpdate {
            name: name.to_string(),
            level,
            direction,
        }];
        match run(
            &mut state,
            Command::UpdateFeatures {
                updates,
                validate_only: false,
            },
        ) {
            Outcome::Items(items) if items == [Ok(())] => 0,
            Outcome::Refused(refusal) => refusal.code.0,
            other => panic!("{other:?}"),
        }
    };
    use FeatureDirection::{SafeDowngrade, UnsafeDowngrade, Upgrade};
    assert_eq!(update("kraft.version", 0, Upgrade), 95);
    assert_eq!(update("kraft.version", 0, SafeDowngrade), 0);
    assert_eq!(update("kraft.version", 1, Upgrade), 0);
    assert_eq!(update("kraft.version", 9, Upgrade), 95);
    assert_eq!(update("kraft.version", -1, UnsafeDowngrade), 95);
    assert_eq!(update("nope", 1, Upgrade), 95);
    assert_eq!(update("metadata.version", 8, UnsafeDowngrade), 95);
}

#[test]
fn quotas_are_checked_and_kept_by_entity() {
    let mut state = one_node();
    let user = |name: &str| QuotaEntity {
        user: Some(Some(name.to_string())),
        ..Default::default()
    };
    let ip = |name: &str| QuotaEntity {
        ip: Some(Some(name.to_string())),
        ..Default::default()
    };
    let mut alter = |entity: &QuotaEntity, name: &str, value| {
        let changes = vec![QuotaChange {
            entity: entity.clone(),
            ops: vec![(name.to_string(), value)],
        }];
        items(
            &mut state,
            Command::AlterClientQuotas {
                changes,
                validate_only: false,
            },
        )
        .remove(0)
        .0
    };
    assert_eq!(
        alter(&QuotaEntity::default(), "producer_byte_rate", Some(1.0)),
        42
    );
    assert_eq!(
        alter(
            &QuotaEntity {
                ip: Some(None),
                ..user("u")
            },
            "producer_byte_rate",
            Some(1.0)
        ),
        42
    );
    for (name, value) in [
        ("nope", 1.0),
        ("producer_byte_rate", 0.0),
        ("producer_byte_rate", 1.5),
        ("request_percentage", f64::NAN),
    ] {
        assert_eq!(alter(&user("u"), name, Some(value)), 42, "{name} {value}");
    }
    assert_eq!(alter(&user(""), "producer_byte_rate", Some(1.0)), 42);
    assert_eq!(alter(&ip("1.1.1.1"), "producer_byte_rate", Some(1.0)), 42);
    assert_eq!(
        alter(&ip("not an address"), "connection_creation_rate", Some(1.0)),
        42
    );
    assert_eq!(
        alter(&ip("1.1.1.1"), "connection_creation_rate", Some(1.0)),
        0
    );
    assert_eq!(alter(&user("u"), "request_percentage", Some(1.5)), 0);
    assert_eq!(alter(&user("u"), "consumer_byte_rate", None), 0);
    assert_eq!(alter(&ip("1.1.1.1"), "connection_creation_rate", None), 0);
    let image = state.image();
    assert_eq!(image.quotas.len(), 1);
    assert_eq!(
        image.quotas[&user("u")],
        BTreeMap::from([("request_percentage".to_string(), 1.5)])
    );
}

#[test]
fn nodes_come_and_go() {
    let mut state = cluster(&[1, 2], &[]);
    let leave = |state: &mut State, id| {
        items(state, Command::UnregisterBroker(NodeId(id)))
            .remove(0)
            .0
    };
    assert_eq!(leave(&mut state, 7), 102);
    let version = state.image().version;
    let again = state.image().brokers[&NodeId(2)].clone();
    run(
        &mut state,
        Command::RegisterBroker {
            id: again.id,
            endpoints: again.endpoints,
            rack: again.rack,
        },
    );
    assert_eq!(state.image().version, version, "nothing new was said");
    let replicas = NewTopic {
        partitions: -1,
        replication_factor: -1,
        assignments: vec![(0, vec![NodeId(2)])],
        ..topic("t")
    };
    assert_eq!(create_one(&mut state, replicas).0, 0);
    assert_eq!(leave(&mut state, 2), 42);
    assert_eq!((leave(&mut state, 1), leave(&mut state, 2)), (0, 42));
    assert_eq!(state.image().brokers.len(), 1);
}

#[test]
fn leaders_are_noted_and_never_go_back() {
    let mut state = one_node();
    create(&mut state, vec![topic("t")]);
    let id = state.topics.named("t").unwrap().partition_id(0);
    let gone = ottla_protocol::ids::PartitionId { partition: 9, ..id };
    state.observe_leaders(&[(id, NodeId(1), 3), (gone, NodeId(1), 3)]);
    state.observe_leaders(&[(id, NodeId(1), 2)]);
    let leader = |state: &State| {
        state
            .image()
            .topics
            .partition(id)
            .map(|(_, state)| state.leader_epoch)
    };
    assert_eq!(leader(&state), Some(3));
    let resource = ConfigResource::Topic("t".to_string());
    let ops = vec![(
        "retention.ms".to_string(),
        ConfigOp::Set,
        Some("5".to_string()),
    )];
    items(
        &mut state,
        Command::AlterConfigs {
            changes: vec![ConfigChange { resource, ops }],
            validate_only: false,
        },
    );
    assert_eq!(
        leader(&state),
        Some(3),
        "a change of settings keeps the leader"
    );
}
