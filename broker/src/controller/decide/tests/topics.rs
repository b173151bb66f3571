//! Making and deleting topics, adding partitions.

use super::*;

#[test]
fn a_topic_has_the_defaults_of_the_broker_where_it_says_nothing() {
    let mut state = cluster(&[1], &[("num.partitions", "4")]);
    let asked = NewTopic {
        partitions: -1,
        replication_factor: -1,
        ..topic("t")
    };
    assert_eq!(create_one(&mut state, asked).0, 0);
    let image = state.image();
    let made = image.topics.named("t").unwrap();
    assert_eq!((made.partitions.len(), made.internal), (4, false));
    assert_eq!(made.partitions[0].replicas, [NodeId(1)]);
    assert_eq!(
        (made.partitions[0].leader, made.partitions[0].leader_epoch),
        (NodeId(1), -1)
    );
}

#[test]
fn numbers_that_cannot_be() {
    let mut state = one_node();
    let mut ask = |partitions, replication_factor| {
        create_one(
            &mut state,
            NewTopic {
                partitions,
                replication_factor,
                ..topic("t")
            },
        )
        .0
    };
    assert_eq!((ask(0, 1), ask(-2, 1)), (37, 37));
    assert_eq!((ask(1, 0), ask(1, -2), ask(1, 3)), (38, 38, 38));
    assert_eq!(ask(10_001, 1), 44);
}

#[test]
fn names_that_cannot_be() {
    let mut state = one_node();
    for name in ["", ".", "..", "a b", &"x".repeat(250)] {
        assert_eq!(create_one(&mut state, topic(name)).0, 17, "{name}");
    }
    assert_eq!(create_one(&mut state, topic("__cluster_metadata")).0, 42);
    assert_eq!(create_one(&mut state, topic("a.b")).0, 0);
    assert_eq!(create_one(&mut state, topic("a.b")).0, 36);
    let (code, text) = create_one(&mut state, topic("a_b"));
    assert_eq!(
        (code, text.as_str()),
        (17, "Topic 'a_b' collides with existing topic: a.b")
    );
    assert_eq!(create_one(&mut state, topic("a-b")).0, 0);
}

#[test]
fn one_request_is_checked_against_itself() {
    let mut state = one_node();
    let results = create(
        &mut state,
        vec![
            topic("d"),
            topic("x.y"),
            topic("d"),
            topic("x_y"),
            topic("ok"),
        ],
    );
    let codes: Vec<(&str, i16)> = results
        .iter()
        .map(|(name, code, _)| (name.as_str(), *code))
        .collect();
    assert_eq!(codes, [("x.y", 0), ("x_y", 17), ("ok", 0), ("d", 42)]);
    // The limit is the request's, not the topic's.
    let many = |name: &str| NewTopic {
        partitions: 6000,
        ..topic(name)
    };
    let results = create(&mut state, vec![many("big1"), many("big2"), topic("small")]);
    assert!(
        results.iter().all(|(_, code, _)| *code == 44),
        "{results:?}"
    );
}

#[test]
fn replicas_that_the_client_chose() {
    let mut state = cluster(&[1, 2], &[]);
    let ask = |state: &mut State, name: &str, assignments: &[(i32, &[i32])]| {
        let chosen = |(n, nodes): &(i32, &[i32])| (*n, nodes.iter().copied().map(NodeId).collect());
        let assignments = assignments.iter().map(chosen).collect();
        create_one(
            state,
            NewTopic {
                partitions: -1,
                replication_factor: -1,
                assignments,
                ..topic(name)
            },
        )
        .0
    };
    assert_eq!(ask(&mut state, "a", &[(1, &[2, 1]), (0, &[1, 2])]), 0);
    assert_eq!(
        state.image().topics.named("a").unwrap().partitions[1].replicas,
        [NodeId(2), NodeId(1)]
    );
    let wrong: [&[(i32, &[i32])]; 6] = [
        &[(1, &[1])],
        &[(0, &[1, 1])],
        &[(0, &[7])],
        &[(0, &[])],
        &[(0, &[1]), (0, &[1])],
        &[(0, &[1]), (1, &[1, 2])],
    ];
    for assignments in wrong {
        assert_eq!(ask(&mut state, "b", assignments), 39, "{assignments:?}");
    }
    let both = NewTopic {
        assignments: vec![(0, vec![NodeId(1)])],
        replication_factor: -1,
        ..topic("c")
    };
    assert_eq!(create_one(&mut state, both.clone()).0, 42);
    assert_eq!(
        create_one(
            &mut state,
            NewTopic {
                partitions: -1,
                replication_factor: 1,
                ..both
            }
        )
        .0,
        42
    );
}

#[test]
fn replicas_are_spread_and_never_twice_on_a_node() {
    let mut state = cluster(&[1, 2, 3], &[]);
    let asked = NewTopic {
        partitions: 12,
        replication_factor: 2,
        ..topic("t")
    };
    assert_eq!(create_one(&mut state, asked).0, 0);
    let image = state.image();
    let mut leads = BTreeMap::new();
    for partition in &image.topics.named("t").unwrap().partitions {
        assert_eq!(partition.replicas.len(), 2);
        assert_ne!(partition.replicas[0], partition.replicas[1]);
        *leads.entry(partition.replicas[0]).or_insert(0) += 1;
        assert_eq!(partition.leader, NodeId::NONE, "nobody was elected yet");
    }
    assert_eq!(leads.into_values().collect::<Vec<_>>(), [4, 4, 4]);
}

#[test]
fn checking_only_changes_nothing_and_finds_the_same_faults() {
    let state = one_node();
    let topics = vec![topic("good"), topic("a b")];
    let (records, outcome) = state.decide(
        Command::CreateTopics {
            topics,
            validate_only: true,
        },
        &mut entropy(),
    );
    let Outcome::Created(created) = outcome else {
        panic!("another outcome")
    };
    assert!(records.is_empty());
    assert!(created[0].result.is_ok() && created[1].result.is_err());
}

#[test]
fn topic_ids_do_not_begin_an_option() {
    let state = one_node();
    let mut random = entropy();
    for _ in 0..200 {
        let id = super::super::topic_id(&state, &mut random);
        assert!(!id.to_string().contains('-') && !id.is_zero());
        assert_eq!((id.0[6] >> 4, id.0[8] >> 6), (4, 2), "version and variant");
    }
}

#[test]
fn deleting_by_name_and_by_id() {
    let mut state = one_node();
    create(&mut state, ["a", "b", "c"].map(topic).to_vec());
    let id = |state: &State, name: &str| state.topics.named(name).unwrap().id;
    let named = |name: &str| TopicRef {
        name: Some(name.to_string()),
        id: Uuid::ZERO,
    };
    let with_id = |id| TopicRef { name: None, id };
    let (a, c) = (id(&state, "a"), id(&state, "c"));
    let topics = vec![
        with_id(a),
        named("b"),
        named("nope"),
        with_id(Uuid([9; 16])),
        with_id(Uuid::ZERO),
        TopicRef {
            name: Some("c".to_string()),
            id: c,
        },
        named("c"),
        with_id(c),
    ];
    let Outcome::Deleted(deleted) = run(&mut state, Command::DeleteTopics { topics }) else {
        panic!()
    };
    let codes: Vec<i16> = deleted
        .iter()
        .map(|d| d.result.as_ref().map_or_else(|r| r.code.0, |()| 0))
        .collect();
    assert_eq!(codes, [0, 0, 3, 100, 42, 42, 42, 42]);
    assert_eq!((deleted[0].name.as_deref(), deleted[0].id), (Some("a"), a));
    assert_eq!(
        state
            .topics
            .iter()
            .map(|topic| topic.name.to_string())
            .collect::<Vec<_>>(),
        ["c"]
    );
    create(&mut state, vec![topic("a")]);
    assert_ne!(
        state.topics.named("a").map(|topic| topic.partitions.len()),
        None
    );
}

#[test]
fn deleting_may_be_forbidden() {
    let mut state = cluster(&[1], &[("delete.topic.enable", "false")]);
    create(&mut state, vec![topic("a")]);
    let topics = vec![TopicRef {
        name: Some("a".to_string()),
        id: Uuid::ZERO,
    }];
    let Outcome::Refused(refusal) = run(&mut state, Command::DeleteTopics { topics }) else {
        panic!()
    };
    assert_eq!(refusal.code, ErrorCode::TOPIC_DELETION_DISABLED);
    assert_eq!(state.topics.len(), 1);
}

#[test]
fn adding_partitions() {
    let mut state = one_node();
    create(
        &mut state,
        vec![
            NewTopic {
                partitions: 2,
                ..topic("t")
            },
            topic("u"),
        ],
    );
    let more = |topic: &str, count, assignments: Option<&[&[i32]]>| MorePartitions {
        topic: topic.to_string(),
        count,
        assignments: assignments.map(|all| {
            all.iter()
                .map(|nodes| nodes.iter().copied().map(NodeId).collect())
                .collect()
        }),
    };
    let mut ask = |topics| {
        items(
            &mut state,
            Command::CreatePartitions {
                topics,
                validate_only: false,
            },
        )
    };
    let both = vec![
        more("u", 2, None),
        more("u", 3, None),
        more("nope", 2, None),
        more("t", 2, None),
    ];
    let codes: Vec<i16> = ask(both).into_iter().map(|(code, _)| code).collect();
    assert_eq!(codes, [42, 42, 3, 37]);
    assert_eq!(
        ask(vec![more("t", 1, None)])[0].1,
        "The topic t currently has 2 partition(s); 1 would not be an increase."
    );
    assert_eq!(ask(vec![more("t", 20_000, None)])[0].0, 44);
    let chosen: [&[&[i32]]; 4] = [&[], &[&[1], &[1]], &[&[5]], &[&[1, 1]]];
    for assignments in chosen {
        assert_eq!(
            ask(vec![more("t", 3, Some(assignments))])[0].0,
            39,
            "{assignments:?}"
        );
    }
    assert_eq!(
        ask(vec![more("t", 3, Some(&[&[1]])), more("u", 4, None)]),
        [(0, String::new()), (0, String::new())]
    );
    let count = |name: &str| state.topics.named(name).unwrap().partitions.len();
    assert_eq!((count("t"), count("u")), (3, 4));
}
