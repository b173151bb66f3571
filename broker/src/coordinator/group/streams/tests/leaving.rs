//! Members go, fall silent, or do not give up what they must.

use super::*;
use crate::coordinator::group::classic;

#[test]
fn what_a_member_had_goes_to_the_others() {
    let mut world = World::new(&[("words", 2)]);
    world.fine(join("m1"));
    world.fine(join("m2"));
    let beat = world.fine(next("m1", -1));
    assert_eq!((beat.epoch, told(&beat)), (-1, vec![]));
    let two = world.fine(next("m2", 3));
    assert_eq!((two.epoch, active(&two)), (4, tasks([("0", &[0, 1])])));
    assert_eq!(world.refused(next("m1", -1)), ErrorCode::UNKNOWN_MEMBER_ID);
    world.fine(next("m2", -1));
    assert_eq!(world.state(), "Empty");
}

#[test]
fn a_silent_member_is_removed() {
    let mut world = World::new(&[("words", 1)]);
    world.fine(join("m1"));
    world.after(44_000);
    world.fine(next("m1", 2));
    world.after(44_000);
    world.fine(next("m1", 2));
    world.after(45_000);
    assert_eq!(world.state(), "Empty");
}

#[test]
fn a_member_that_gives_nothing_up_is_removed() {
    let mut world = World::new(&[("words", 2)]);
    world.fine(Heartbeat {
        rebalance_timeout_ms: 10_000,
        ..join("m1")
    });
    world.fine(join("m2"));
    world.fine(next("m1", 2));
    world.after(9_000);
    world.restart();
    assert_eq!(world.fine(next("m1", 2)).assignment, None);
    world.after(10_000);
    assert_eq!(world.refused(next("m1", 2)), ErrorCode::UNKNOWN_MEMBER_ID);
    assert_eq!(active(&world.fine(next("m2", 3))), tasks([("0", &[0, 1])]));
}

#[test]
fn one_member_stops_the_application() {
    let mut world = World::new(&[("words", 2)]);
    world.fine(join("m1"));
    world.fine(join("m2"));
    world.fine(Heartbeat {
        shutdown: true,
        ..next("m1", -1)
    });
    let beat = world.fine(next("m2", 3));
    assert_eq!(told(&beat), [Status::ShutdownApplication]);
    assert_eq!(
        beat.status[0].1,
        "Streams group member m1 encountered a fatal error and requested a shutdown for the entire application."
    );
    world.fine(next("m2", -1));
    assert_eq!(
        told(&world.fine(join("m1"))),
        [],
        "forgotten with the last member"
    );
}

#[test]
fn an_empty_group_can_be_deleted() {
    let mut world = World::new(&[("words", 1)]);
    world.fine(join("m1"));
    let delete = || Command::Delete(vec![GROUP.into()]);
    let Answer::Deleted(codes) = world.tell(delete()) else {
        panic!("not deleted");
    };
    assert_eq!(codes, [ErrorCode::NON_EMPTY_GROUP]);
    world.fine(next("m1", -1));
    let Answer::Deleted(codes) = world.tell(delete()) else {
        panic!("not deleted");
    };
    assert_eq!(codes, [ErrorCode::NONE]);
    assert!(world.groups.groups.is_empty());
    assert!(world.replayed().groups.is_empty());
}

#[test]
fn an_empty_group_gives_way_to_a_classic_one_and_takes_the_place_of_one() {
    let mut world = World::new(&[("words", 1)]);
    world.fine(join("m1"));
    let classic = || {
        let join = classic::Join {
            version: 9,
            group: GROUP.into(),
            session_timeout_ms: 10_000,
            rebalance_timeout_ms: 10_000,
            protocol_type: "consumer".into(),
            protocols: vec![classic::member::Protocol {
                name: "range".into(),
                metadata: Vec::new(),
            }],
            ..classic::Join::default()
        };
        Command::Classic(classic::Command::Join(join))
    };
    let code = |answer| match answer {
        Answer::Classic(classic::Answer::Joined(joined)) => joined.error_code,
        other => panic!("not joined: {other:?}"),
    };
    let refused = world.tell(classic());
    assert_eq!(code(refused), ErrorCode::INCONSISTENT_GROUP_PROTOCOL);
    world.fine(next("m1", -1));
    let told_its_id = world.tell(classic());
    assert_eq!(code(told_its_id), ErrorCode::MEMBER_ID_REQUIRED);
    assert_eq!(world.groups.groups[GROUP].kind(), "classic");
    world.after(10_000);
    world.fine(join("m1"));
    assert_eq!(world.groups.groups[GROUP].kind(), "streams");
    assert_eq!(world.replayed().groups[GROUP].kind(), "streams");
}
