//! Static members: they go and come back under another id.

use super::*;

fn with(instance: &str, heartbeat: Heartbeat) -> Heartbeat {
    Heartbeat {
        instance: Some(instance.into()),
        ..heartbeat
    }
}

#[test]
fn a_static_member_that_is_back_in_time_has_what_it_had() {
    let mut world = World::new(&[("a", 2)]);
    world.fine(with("i1", join("m1", &["a"])));
    world.after(1000);
    world.fine(with("i2", join("m2", &["a"])));
    world.fine(with("i1", owning("m1", 2, world.parts([("a", &[0])]))));
    world.fine(with("i1", owning("m1", 2, world.parts([("a", &[0])]))));
    world.fine(with("i2", next("m2", 3)));

    let beat = world.fine(with("i2", next("m2", -2)));
    assert_eq!((beat.member.as_str(), beat.epoch), ("m2", -2));
    world.after(20_000);
    world.fine(with("i1", next("m1", 3)));
    let beat = world.fine(with("i2", join("m2b", &["a"])));
    assert_eq!((beat.member.as_str(), beat.epoch), ("m2b", 3));
    assert_eq!(beat.assignment, Some(world.parts([("a", &[1])])));
    let fenced = world.refused(with("i2", next("m2", 3)));
    assert_eq!(fenced, ErrorCode::FENCED_INSTANCE_ID);
    // The old life's session does not end the new one.
    world.after(25_001);
    world.fine(with("i1", next("m1", 3)));
    assert_eq!(world.describe().members.len(), 2);
    let before = format!("{:?}", world.describe());
    world.restart();
    assert_eq!(format!("{:?}", world.describe()), before);
}

#[test]
fn a_static_member_that_is_not_back_in_time_is_removed() {
    let mut world = World::new(&[("a", 2)]);
    world.fine(with("i1", join("m1", &["a"])));
    world.fine(with("i1", next("m1", -2)));
    world.after(44_999);
    assert_eq!(world.describe().members.len(), 1);
    world.after(1);
    assert_eq!(world.describe().members.len(), 0);
}

#[test]
fn an_instance_id_that_somebody_has_is_not_given_away() {
    let mut world = World::new(&[("a", 2)]);
    world.fine(with("i", join("m1", &["a"])));
    let refused = world.refused(with("i", join("m2", &["a"])));
    assert_eq!(refused, ErrorCode::UNRELEASED_INSTANCE_ID);
    let refused = world.refused(with("j", next("m1", 2)));
    assert_eq!(refused, ErrorCode::UNKNOWN_MEMBER_ID);
    // Gone for good, it is free.
    world.fine(with("i", next("m1", -1)));
    world.after(1000);
    let beat = world.fine(with("i", join("m2", &["a"])));
    assert_eq!(beat.assignment, Some(world.parts([("a", &[0, 1])])));
}
