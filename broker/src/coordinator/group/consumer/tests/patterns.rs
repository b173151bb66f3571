//! Subscriptions by pattern.

use super::*;

fn by(pattern: &str, heartbeat: Heartbeat) -> Heartbeat {
    Heartbeat {
        topics: None,
        regex: Some(pattern.into()),
        ..heartbeat
    }
}

#[test]
fn topics_that_match_are_known_at_the_next_heartbeat() {
    let mut world = World::new(&[("foo", 1), ("foobar", 1), ("bar", 1)]);
    let beat = world.fine(by("foo.*", join("m", &[])));
    assert_eq!((beat.epoch, beat.assignment), (1, Some(Partitions::new())));
    let beat = world.fine(next("m", 1));
    let both = world.parts([("foo", &[0]), ("foobar", &[0])]);
    assert_eq!((beat.epoch, beat.assignment), (2, Some(both.clone())));

    // A second member with the same pattern needs no trial.
    world.after(1000);
    let beat = world.fine(by("foo.*", join("m2", &[])));
    assert_eq!(beat.epoch, 3);
    let before = format!("{:?}", world.describe());
    world.restart();
    assert_eq!(format!("{:?}", world.describe()), before);
}

#[test]
fn new_topics_are_found_but_not_more_often_than_every_ten_seconds() {
    let mut world = World::new(&[("foo", 1)]);
    world.fine(by("foo.*", join("m", &[])));
    world.fine(next("m", 1));
    world.create_topic_of("foo2", 1);
    world.after(9_999);
    world.fine(next("m", 2));
    assert_eq!(world.fine(next("m", 2)).epoch, 2);
    world.after(2);
    world.fine(next("m", 2));
    let beat = world.fine(next("m", 2));
    let both = world.parts([("foo", &[0]), ("foo2", &[0])]);
    assert_eq!((beat.epoch, beat.assignment), (3, Some(both)));

    // Topics that do not match change nothing.
    world.written();
    world.after(10_001);
    world.create_topic_of("other", 1);
    world.fine(next("m", 3));
    world.fine(next("m", 3));
    assert!(world.written().is_empty());
}

#[test]
fn a_pattern_that_is_none_is_refused_and_nothing_is_written() {
    let mut world = World::new(&[("foo", 1)]);
    let refused = world.refused(by("[", join("m", &[])));
    assert_eq!(refused, ErrorCode::INVALID_REGULAR_EXPRESSION);
    assert!(world.log.is_empty());
    // An empty one is a subscription to nothing.
    world.fine(by("", join("m", &[])));
    let refused = world.refused(by("(?=a)", next("m", 1)));
    assert_eq!(refused, ErrorCode::INVALID_REGULAR_EXPRESSION);
}

#[test]
fn names_and_patterns_go_together_and_one_replaces_the_other() {
    let mut world = World::new(&[("foo", 1), ("bar", 1)]);
    let both = Heartbeat {
        regex: Some("f.*".into()),
        ..join("m", &["bar"])
    };
    let beat = world.fine(both);
    assert_eq!(beat.assignment, Some(world.parts([("bar", &[0])])));
    world.after(1000);
    let all = world.parts([("foo", &[0]), ("bar", &[0])]);
    assert_eq!(world.fine(next("m", beat.epoch)).assignment, Some(all));
    world.after(1000);
    // Without the pattern, its topics are given up at once.
    let without = by("", owning("m", 3, world.parts([("bar", &[0])])));
    let beat = world.fine(without);
    assert_eq!(beat.assignment, Some(world.parts([("bar", &[0])])));
    assert!(
        world
            .groups
            .groups
            .values()
            .all(|g| !g.is_subscribed_to("foo"))
    );
}

#[test]
fn the_last_subscriber_takes_its_pattern_along() {
    let mut world = World::new(&[("foo", 1)]);
    world.fine(by("f.*", join("m1", &[])));
    world.fine(by("f.*", join("m2", &[])));
    world.fine(next("m1", -1));
    assert!(world.groups.groups[GROUP].is_subscribed_to("foo"));
    world.fine(next("m2", -1));
    assert!(!world.groups.groups[GROUP].is_subscribed_to("foo"));
}
