//! Members join, report, and share out what there is.

use super::*;

#[test]
fn the_first_member_gets_everything() {
    let mut world = World::new(&[("a", 2), ("b", 1)]);
    let beat = world.fine(join("m", &["a", "b", "not there"]));
    assert_eq!((beat.member.as_str(), beat.epoch), ("m", 2));
    assert_eq!(beat.interval_ms, 5000);
    let all = world.parts([("a", &[0, 1]), ("b", &[0])]);
    assert_eq!(beat.assignment, Some(all.clone()));
    assert_eq!(world.state(), "Stable");

    // Nothing new: nothing written, and no assignment said.
    world.written();
    let beat = world.fine(next("m", 2));
    assert_eq!((beat.epoch, beat.assignment), (2, None));
    // A full request is answered in full.
    let full = Heartbeat {
        epoch: 2,
        owned: Some(all.clone()),
        ..join("m", &["a", "b", "not there"])
    };
    assert_eq!(world.fine(full).assignment, Some(all));
    assert!(world.written().is_empty());
}

#[test]
fn a_second_member_gets_its_part_when_the_first_has_given_it_up() {
    let mut world = World::new(&[("a", 4)]);
    world.fine(join("m1", &["a"]));
    world.after(1000);
    let beat = world.fine(join("m2", &["a"]));
    // All is still with the first: the new one is in the group's epoch, and waits.
    assert_eq!((beat.epoch, beat.assignment), (3, Some(Partitions::new())));
    assert_eq!(world.state(), "Reconciling");

    // The first is told to give up two, in its old epoch.
    let beat = world.fine(next("m1", 2));
    let keeps = world.parts([("a", &[0, 1])]);
    assert_eq!((beat.epoch, beat.assignment), (2, Some(keeps.clone())));
    // It has not yet.
    let beat = world.fine(owning("m1", 2, world.parts([("a", &[0, 1, 2, 3])])));
    assert_eq!((beat.epoch, beat.assignment), (2, None));
    let beat = world.fine(next("m2", 3));
    assert_eq!(beat.assignment, None);
    // Now it has.
    let beat = world.fine(owning("m1", 2, keeps));
    assert_eq!((beat.epoch, beat.assignment), (3, None));
    let beat = world.fine(next("m2", 3));
    let gets = world.parts([("a", &[2, 3])]);
    assert_eq!((beat.epoch, beat.assignment), (3, Some(gets)));
    assert_eq!(world.state(), "Stable");
}

#[test]
fn assignments_are_not_made_more_often_than_the_interval_says() {
    let mut world = World::new(&[("a", 2)]);
    world.fine(join("m1", &["a"]));
    world.after(999);
    let beat = world.fine(join("m2", &["a"]));
    assert_eq!(beat.epoch, 2, "the epoch of the assignment there is");
    assert_eq!(world.state(), "Assigning");
    world.after(1);
    world.fine(next("m1", 2));
    assert_eq!(world.state(), "Reconciling");
    assert_eq!(world.fine(next("m2", 2)).epoch, 3);

    // A clock that is set back by a year does not stop them.
    world.wall_ms -= 31_536_000_000;
    assert_eq!(world.fine(join("m3", &["a"])).epoch, 4);
}

#[test]
fn a_member_without_an_id_gets_one_from_an_old_version_alone() {
    let mut world = World::new(&[("a", 1)]);
    let anonymous = Heartbeat {
        version: 0,
        ..join("", &["a"])
    };
    let id = world.fine(anonymous.clone()).member;
    assert_eq!(id.len(), 22, "{id}");
    assert_ne!(world.fine(anonymous.clone()).member, id);
    let newer = Heartbeat {
        version: 1,
        ..anonymous
    };
    assert_eq!(world.refused(newer), ErrorCode::INVALID_REQUEST);
}

#[test]
fn requests_that_make_no_sense_are_refused() {
    let mut world = World::new(&[("a", 1)]);
    let good = || join("m", &["a"]);
    let bad = [
        Heartbeat {
            group: " ".into(),
            ..good()
        },
        Heartbeat {
            instance: Some("".into()),
            ..good()
        },
        Heartbeat {
            rack: Some(" ".into()),
            ..good()
        },
        Heartbeat {
            rebalance_timeout_ms: -1,
            ..good()
        },
        Heartbeat {
            owned: None,
            ..good()
        },
        Heartbeat {
            owned: Some(world.parts([("a", &[0])])),
            ..good()
        },
        Heartbeat {
            topics: None,
            ..good()
        },
        Heartbeat {
            epoch: -2,
            ..good()
        },
        Heartbeat {
            epoch: -3,
            ..good()
        },
        Heartbeat {
            member: "".into(),
            version: 0,
            epoch: -1,
            ..good()
        },
    ];
    for request in bad {
        let text = format!("{request:?}");
        assert_eq!(world.refused(request), ErrorCode::INVALID_REQUEST, "{text}");
    }
    let assignor = Heartbeat {
        assignor: Some("best".into()),
        ..good()
    };
    assert_eq!(world.refused(assignor), ErrorCode::UNSUPPORTED_ASSIGNOR);
    assert_eq!(world.refused(next("m", 1)), ErrorCode::GROUP_ID_NOT_FOUND);
    assert!(world.log.is_empty());
    world.fine(good());
    assert_eq!(world.refused(next("n", 1)), ErrorCode::UNKNOWN_MEMBER_ID);
}

#[test]
fn a_member_of_another_epoch_is_fenced_unless_it_may_not_have_heard() {
    let mut world = World::new(&[("a", 2)]);
    world.fine(join("m1", &["a"]));
    world.after(1000);
    world.add_partitions("a", 4);
    let all = world.parts([("a", &[0, 1, 2, 3])]);
    let beat = world.fine(owning("m1", 2, world.parts([("a", &[0, 1])])));
    assert_eq!((beat.epoch, beat.assignment), (3, Some(all.clone())));

    assert_eq!(world.refused(next("m1", 4)), ErrorCode::FENCED_MEMBER_EPOCH);
    assert_eq!(world.refused(next("m1", 1)), ErrorCode::FENCED_MEMBER_EPOCH);
    // The epoch before: what it has must be its own.
    assert_eq!(world.refused(next("m1", 2)), ErrorCode::FENCED_MEMBER_EPOCH);
    let other = owning("m1", 2, world.parts([("a", &[4])]));
    assert_eq!(world.refused(other), ErrorCode::FENCED_MEMBER_EPOCH);
    let beat = world.fine(owning("m1", 2, world.parts([("a", &[0])])));
    assert_eq!(beat.epoch, 3);
    // Fenced, it begins again.
    assert_eq!(world.fine(join("m1", &["a"])).assignment, Some(all));
}

#[test]
fn the_group_follows_its_topics() {
    let mut world = World::new(&[("a", 1)]);
    world.fine(join("m", &["a", "b"]));
    world.after(1000);
    world.create_topic_of("b", 1);
    let beat = world.fine(next("m", 2));
    let both = world.parts([("a", &[0]), ("b", &[0])]);
    assert_eq!((beat.epoch, beat.assignment), (3, Some(both)));
    world.after(1000);
    world.delete_topic("a");
    let beat = world.fine(next("m", 3));
    let rest = world.parts([("b", &[0])]);
    assert_eq!((beat.epoch, beat.assignment), (3, Some(rest.clone())));
    assert_eq!(world.fine(owning("m", 3, rest)).epoch, 4);
    // Other topics are none of its business.
    world.written();
    world.create_topic_of("c", 1);
    world.fine(next("m", 4));
    assert!(world.written().is_empty());
}

#[test]
fn the_assignor_that_most_members_ask_for_is_taken() {
    let mut world = World::new(&[("a", 2), ("b", 2)]);
    world.fine(join("m1", &["a", "b"]));
    assert_eq!(world.describe().assignor, "uniform");
    world.after(1000);
    let ranged = |member: &str| Heartbeat {
        assignor: Some("range".into()),
        ..join(member, &["a", "b"])
    };
    world.fine(ranged("m2"));
    let group = world.describe();
    assert_eq!(group.assignor, "range");
    let targets: Vec<_> = group
        .members
        .into_iter()
        .map(|(_, target)| target)
        .collect();
    let first = world.parts([("a", &[0]), ("b", &[0])]);
    let second = world.parts([("a", &[1]), ("b", &[1])]);
    assert_eq!(targets, [first, second]);
}

#[test]
fn a_full_group_takes_nobody_new() {
    let mut world = World::with_settings(&[("a", 1)], &[("group.consumer.max.size", "1")]);
    world.fine(join("m1", &["a"]));
    let refused = world.refused(join("m2", &["a"]));
    assert_eq!(refused, ErrorCode::GROUP_MAX_SIZE_REACHED);
    world.fine(join("m1", &["a"]));
}

#[test]
fn a_group_has_settings_of_its_own() {
    let mut world = World::new(&[("a", 1)]);
    world.set("consumer.heartbeat.interval.ms", "7000");
    world.set("consumer.session.timeout.ms", "50000");
    assert_eq!(world.fine(join("m", &["a"])).interval_ms, 7000);
    world.after(49_999);
    assert_eq!(world.state(), "Stable");
    world.after(1);
    assert_eq!(world.state(), "Empty");
}
