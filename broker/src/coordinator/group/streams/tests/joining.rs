//! Members come, report, and get tasks.

use super::super::member::Endpoint;
use super::super::tasks::Assignment;
use super::*;

#[test]
fn the_first_member_gets_all_tasks() {
    let mut world = World::new(&[("words", 3)]);
    let beat = world.fine(join("m1"));
    assert_eq!((beat.epoch, beat.interval_ms), (2, 5_000));
    assert_eq!(active(&beat), tasks([("0", &[0, 1, 2])]));
    assert_eq!((told(&beat), world.state()), (vec![], "Stable"));
    let beat = world.fine(next("m1", 2));
    assert_eq!((beat.epoch, beat.assignment), (2, None), "no news");
}

#[test]
fn a_new_group_waits_for_more_members() {
    let mut world = World::with_settings(&[("words", 4)], &[]);
    let beat = world.fine(join("m1"));
    assert_eq!(
        (beat.epoch, told(&beat)),
        (1, vec![Status::AssignmentDelayed])
    );
    assert_eq!(beat.assignment, Some(Assignment::default()));
    world.after(2_000);
    assert_eq!(told(&world.fine(join("m2"))), [Status::AssignmentDelayed]);
    assert_eq!(world.state(), "Assigning");
    world.after(1_000);
    let (one, two) = (world.fine(next("m1", 1)), world.fine(next("m2", 1)));
    assert_eq!((one.epoch, active(&one)), (3, tasks([("0", &[0, 2])])));
    assert_eq!((two.epoch, active(&two)), (3, tasks([("0", &[1, 3])])));
    assert_eq!(world.state(), "Stable");
}

#[test]
fn a_group_that_has_members_does_not_wait_but_for_the_interval() {
    let settings = [("group.streams.initial.rebalance.delay.ms", "0")];
    let mut world = World::with_settings(&[("words", 2)], &settings);
    world.fine(join("m1"));
    let beat = world.fine(join("m2"));
    assert_eq!(
        (beat.epoch, told(&beat)),
        (2, vec![Status::AssignmentDelayed])
    );
    world.after(1_000);
    assert_eq!(told(&world.fine(next("m2", 2))), []);
}

#[test]
fn a_task_goes_to_another_member_when_it_was_given_up() {
    let mut world = World::new(&[("words", 2)]);
    world.fine(join("m1"));
    let two = world.fine(join("m2"));
    assert_eq!((two.epoch, active(&two)), (3, Tasks::new()), "not free yet");
    let one = world.fine(next("m1", 2));
    assert_eq!((one.epoch, active(&one)), (2, tasks([("0", &[0])])));
    assert_eq!(world.state(), "Reconciling");
    assert_eq!(world.fine(next("m2", 3)).assignment, None);
    let one = world.fine(owning("m1", 2, tasks([("0", &[0])]), Tasks::new()));
    assert_eq!((one.epoch, one.assignment), (3, None));
    let two = world.fine(next("m2", 3));
    assert_eq!(active(&two), tasks([("0", &[1])]));
    assert_eq!(world.state(), "Stable");
}

#[test]
fn a_member_in_an_epoch_that_is_not_its_own_is_fenced() {
    let mut world = World::new(&[("words", 1)]);
    world.fine(join("m1"));
    assert_eq!(world.refused(next("m1", 7)), ErrorCode::FENCED_MEMBER_EPOCH);
    assert_eq!(world.refused(next("m1", 1)), ErrorCode::FENCED_MEMBER_EPOCH);
    assert_eq!(world.refused(next("m2", 2)), ErrorCode::UNKNOWN_MEMBER_ID);
    // The answer that told it of epoch 2 was lost; it has nothing but what it was given.
    world.set("streams.num.standby.replicas", "1");
    assert_eq!(world.fine(next("m1", 2)).epoch, 3);
    let late = owning("m1", 2, tasks([("0", &[0])]), Tasks::new());
    assert_eq!(world.fine(late).epoch, 3);
    let has_more = owning("m1", 2, tasks([("0", &[0])]), tasks([("0", &[0])]));
    assert_eq!(world.refused(has_more), ErrorCode::FENCED_MEMBER_EPOCH);
    assert_eq!(world.fine(join("m1")).epoch, 3, "it may begin anew");
}

#[test]
fn what_may_not_be_sent_is_refused_in_kafkas_words() {
    let mut world = World::new(&[("words", 1)]);
    let mut says = |heartbeat: Heartbeat| {
        let refusal = world.beat(heartbeat).expect_err("refused");
        assert_eq!(refusal.code, ErrorCode::INVALID_REQUEST);
        refusal.message
    };
    let instance = Some("i".to_owned());
    assert_eq!(
        says(Heartbeat {
            instance,
            ..join("m")
        }),
        "Static membership is not yet supported."
    );
    let warmup = Some(tasks([("0", &[0])]));
    assert_eq!(
        says(Heartbeat {
            warmup,
            ..join("m")
        }),
        "WarmupTasks are not supported yet."
    );
    let rebalance_timeout_ms = -1;
    assert_eq!(
        says(Heartbeat {
            rebalance_timeout_ms,
            ..join("m")
        }),
        "RebalanceTimeoutMs must be provided in first request."
    );
    assert_eq!(
        says(Heartbeat {
            topology: None,
            ..join("m")
        }),
        "Topology must be non-null when (re-)joining."
    );
    assert_eq!(
        says(Heartbeat {
            epoch: 1,
            ..join("m")
        }),
        "Topology can only be provided when (re-)joining."
    );
    assert_eq!(
        says(Heartbeat {
            active: None,
            ..join("m")
        }),
        "ActiveTasks must be empty when (re-)joining."
    );
    let active = Some(Tasks::new());
    assert_eq!(
        says(Heartbeat {
            active,
            ..next("m", 1)
        }),
        "If one task-type is non-null, all must be non-null."
    );
    assert_eq!(
        says(Heartbeat {
            epoch: -3,
            ..next("m", 0)
        }),
        "MemberEpoch is -3, but must be greater than or equal to -2."
    );
    assert_eq!(says(join(" ")), "MemberId can't be empty.");
}

#[test]
fn a_task_that_the_topology_does_not_have_is_refused() {
    let mut world = World::new(&[("words", 2)]);
    world.fine(join("m1"));
    for wrong in [("0", &[2][..]), ("0", &[-1]), ("1", &[0])] {
        let beat = owning("m1", 2, tasks([wrong]), Tasks::new());
        assert_eq!(world.refused(beat), ErrorCode::INVALID_REQUEST);
    }
}

#[test]
fn only_so_many_members_fit() {
    let settings = [("group.streams.max.size", "1")];
    let mut world = World::with_settings(&[("words", 2)], &settings);
    world.fine(join("m1"));
    assert_eq!(world.refused(join("m2")), ErrorCode::GROUP_MAX_SIZE_REACHED);
    world.fine(join("m1"));
}

#[test]
fn a_group_of_another_kind_is_no_streams_group() {
    let mut world = World::new(&[("words", 1)]);
    let refusal = world.beat(next("m1", 1)).expect_err("no group");
    assert_eq!(refusal.code, ErrorCode::GROUP_ID_NOT_FOUND);
    assert_eq!(refusal.message, "Streams group g not found.");
    let refusal = world.beat(next("m1", -1)).expect_err("no group");
    assert_eq!(refusal.message, "Group g not found.");
    assert_eq!(world.describe().expect_err("no group"), Missing::Unknown);
}

#[test]
fn a_topology_stays_as_it_is() {
    let mut world = World::new(&[("words", 1), ("more", 1)]);
    let at = |epoch, topic| {
        let mut topology = plain(topic);
        topology.epoch = epoch;
        Some(topology)
    };
    let topology = at(1, "words");
    world.fine(Heartbeat {
        topology,
        ..join("m1")
    });
    let topology = at(0, "more");
    let beat = world.fine(Heartbeat {
        topology,
        ..join("m2")
    });
    assert_eq!(told(&beat), [Status::StaleTopology]);
    for other in [at(1, "more"), at(2, "words")] {
        let beat = Heartbeat {
            topology: other,
            ..join("m3")
        };
        assert_eq!(world.refused(beat), ErrorCode::INVALID_REQUEST);
    }
}

#[test]
fn members_with_an_endpoint_hear_who_has_what() {
    let mut world = World::new(&[("words", 2)]);
    let at = |port| Endpoint {
        host: "here".into(),
        port,
    };
    let with_endpoint = |member, port| Heartbeat {
        endpoint: Some(at(port)),
        endpoint_epoch: -1,
        ..join(member)
    };
    let beat = world.fine(with_endpoint("m1", 1));
    let endpoints = beat.endpoints.expect("news");
    assert_eq!(endpoints[0].active, [("words".to_owned(), vec![0, 1])]);
    assert_eq!(
        beat.endpoint_epoch, 0,
        "of a new group nothing is remembered"
    );
    world.fine(with_endpoint("m2", 2));
    let beat = world.fine(Heartbeat {
        endpoint_epoch: 0,
        ..next("m1", 2)
    });
    assert_eq!(beat.endpoint_epoch, 2);
    let endpoints = beat.endpoints.expect("news");
    let ports: Vec<u16> = endpoints.iter().map(|e| e.endpoint.port).collect();
    assert_eq!(ports, [2, 1]);
    let beat = world.fine(Heartbeat {
        endpoint_epoch: 2,
        ..next("m1", 2)
    });
    assert_eq!(beat.endpoints, None, "it knows them");
}

#[test]
fn standby_tasks_are_in_another_process() {
    let mut world = World::new(&[("words", 2), ("store-changelog", 2)]);
    world.set("streams.num.standby.replicas", "1");
    let join = |member: &str| Heartbeat {
        topology: Some(stateful("words")),
        ..join(member)
    };
    assert_eq!(standby(&world.fine(join("m1"))), Tasks::new());
    world.fine(join("m2"));
    let one = world.fine(next("m1", 2));
    assert_eq!(active(&one), tasks([("0", &[0])]));
    let one = world.fine(owning("m1", 2, active(&one), Tasks::new()));
    assert_eq!(
        (one.epoch, one.assignment),
        (3, None),
        "it was its own till now"
    );
    let one = world.fine(next("m1", 3));
    assert_eq!(standby(&one), tasks([("0", &[1])]), "what it had before");
    let two = world.fine(next("m2", 3));
    assert_eq!(active(&two), tasks([("0", &[1])]));
    assert_eq!(standby(&two), tasks([("0", &[0])]));
    assert_eq!(world.state(), "Stable");
}
