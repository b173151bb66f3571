//! Members leave, fall silent, or do not give up what they must.

use super::super::super::offsets::{Commit, Committer, NewOffset};
use super::*;

fn leave(member: &str) -> Heartbeat {
    next(member, -1)
}

#[test]
fn what_a_member_leaves_goes_to_the_others() {
    let mut world = World::new(&[("a", 2)]);
    world.fine(join("m1", &["a"]));
    world.after(1000);
    world.fine(join("m2", &["a"]));
    let beat = world.fine(leave("m1"));
    assert_eq!((beat.member.as_str(), beat.epoch), ("m1", -1));
    assert_eq!(world.refused(next("m1", 2)), ErrorCode::UNKNOWN_MEMBER_ID);
    world.after(1000);
    let beat = world.fine(next("m2", 3));
    assert_eq!(beat.assignment, Some(world.parts([("a", &[0, 1])])));

    world.fine(leave("m2"));
    assert_eq!(world.state(), "Empty");
    assert_eq!(world.refused(leave("m2")), ErrorCode::UNKNOWN_MEMBER_ID);
}

#[test]
fn a_silent_member_is_removed_when_its_session_ends() {
    let mut world = World::new(&[("a", 2)]);
    world.fine(join("m1", &["a"]));
    world.fine(join("m2", &["a"]));
    world.after(44_999);
    world.fine(next("m2", 2));
    assert_eq!(world.describe().members.len(), 2);
    world.after(1);
    let left = world.describe().members;
    assert_eq!(left.len(), 1);
    assert_eq!(left[0].0.id, "m2");
    world.after(44_999);
    assert_eq!(world.state(), "Empty");
}

#[test]
fn a_member_that_does_not_give_up_in_time_is_removed() {
    let mut world = World::new(&[("a", 2)]);
    world.fine(join("m1", &["a"]));
    world.after(1000);
    world.fine(join("m2", &["a"]));
    // Told to give one up, it goes on as if it had not heard.
    for _ in 0..12 {
        let beat = world.fine(owning("m1", 2, world.parts([("a", &[0, 1])])));
        assert_eq!(beat.epoch, 2);
        world.fine(next("m2", 3));
        world.after(5000);
    }
    assert_eq!(world.refused(next("m1", 2)), ErrorCode::UNKNOWN_MEMBER_ID);
    let beat = world.fine(next("m2", 3));
    assert_eq!(beat.assignment, Some(world.parts([("a", &[0, 1])])));
}

#[test]
fn after_a_restart_everybody_has_a_whole_session_and_time_to_give_up() {
    let mut world = World::new(&[("a", 2)]);
    world.fine(join("m1", &["a"]));
    world.after(1000);
    world.fine(join("m2", &["a"]));
    world.fine(next("m1", 2));
    world.after(40_000);
    let before = format!("{:?}", world.describe());
    world.restart();
    assert_eq!(format!("{:?}", world.describe()), before);
    world.after(44_999);
    world.fine(next("m1", 2));
    world.fine(next("m2", 3));
    world.after(15_000);
    assert_eq!(world.describe().members.len(), 2);
    world.after(1);
    assert_eq!(world.describe().members.len(), 1);
}

#[test]
fn a_group_that_was_deleted_leaves_no_trace() {
    let mut world = World::new(&[("a", 2)]);
    world.fine(join("m1", &["a"]));
    let delete = || Command::Delete(vec![GROUP.into()]);
    let codes = |answer| match answer {
        Answer::Deleted(codes) => codes,
        other => panic!("{other:?}"),
    };
    assert_eq!(codes(world.tell(delete())), [ErrorCode::NON_EMPTY_GROUP]);
    world.fine(leave("m1"));
    assert_eq!(codes(world.tell(delete())), [ErrorCode::NONE]);
    assert!(world.groups.groups.is_empty());
    world.restart();
    assert!(world.groups.groups.is_empty());
}

fn commit(world: &mut World, member: &str, epoch: i32, partition: i32) -> Option<ErrorCode> {
    let commit = Commit {
        group: GROUP.into(),
        member: Committer {
            version: 9,
            id: member.into(),
            instance: None,
            generation: epoch,
        },
        offsets: vec![NewOffset {
            topic: "a".into(),
            topic_id: world.topic_id("a"),
            partition,
            offset: 1,
            leader_epoch: 0,
            metadata: String::new(),
        }],
        ..Commit::default()
    };
    match world.tell(Command::Commit(commit)) {
        Answer::Committed(result) => result.err(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_member_commits_what_it_has_had_since_the_epoch_that_it_says() {
    let mut world = World::new(&[("a", 2)]);
    world.fine(join("m", &["a"]));
    world.after(1000);
    world.add_partitions("a", 3);
    assert_eq!(world.fine(next("m", 2)).epoch, 3);

    assert_eq!(commit(&mut world, "m", 3, 0), None);
    assert_eq!(commit(&mut world, "m", 3, 2), None);
    // In epoch 2 it had 0 and 1, not 2; in epoch 1 nothing.
    assert_eq!(commit(&mut world, "m", 2, 0), None);
    let stale = Some(ErrorCode::STALE_MEMBER_EPOCH);
    assert_eq!(commit(&mut world, "m", 2, 2), stale);
    assert_eq!(commit(&mut world, "m", 1, 0), stale);
    assert_eq!(commit(&mut world, "m", 4, 0), stale);
    let unknown = Some(ErrorCode::UNKNOWN_MEMBER_ID);
    assert_eq!(commit(&mut world, "n", 3, 0), unknown);
    // Nobody's commit is taken once the group is empty.
    assert_eq!(commit(&mut world, "", -1, 0), unknown);
    world.fine(leave("m"));
    assert_eq!(commit(&mut world, "", -1, 0), None);
}
