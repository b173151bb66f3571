//! Who may commit what, and who is told.

use super::*;
use crate::coordinator::group::offsets::{Commit, Committer, Fetch, NewOffset};

fn commit(world: &mut World, member: &str, epoch: i32, partition: i32) -> ErrorCode {
    let topic = world.image().topics.named("words").expect("a topic").id;
    let commit = Commit {
        group: GROUP.into(),
        member: Committer {
            version: 9,
            id: member.into(),
            instance: None,
            generation: epoch,
        },
        offsets: vec![NewOffset {
            topic: "words".into(),
            topic_id: topic,
            partition,
            offset: 7,
            leader_epoch: -1,
            metadata: String::new(),
        }],
        ..Commit::default()
    };
    match world.tell(Command::Commit(commit)) {
        Answer::Committed(Ok(codes)) => codes[0],
        Answer::Committed(Err(code)) => code,
        other => panic!("not committed: {other:?}"),
    }
}

#[test]
fn a_member_commits_in_its_epoch() {
    let mut world = World::new(&[("words", 2)]);
    world.fine(join("m1"));
    assert_eq!(commit(&mut world, "m1", 2, 0), ErrorCode::NONE);
    assert_eq!(
        commit(&mut world, "m1", 3, 0),
        ErrorCode::STALE_MEMBER_EPOCH
    );
    assert_eq!(commit(&mut world, "m2", 2, 0), ErrorCode::UNKNOWN_MEMBER_ID);
    assert_eq!(commit(&mut world, "", -1, 0), ErrorCode::UNKNOWN_MEMBER_ID);
    world.fine(next("m1", -1));
    assert_eq!(
        commit(&mut world, "", -1, 0),
        ErrorCode::NONE,
        "nobody is there"
    );
}

#[test]
fn a_member_that_is_behind_commits_what_it_has_had_since_then() {
    let mut world = World::new(&[("words", 3)]);
    world.fine(join("m1"));
    world.fine(join("m2"));
    let one = world.fine(next("m1", 2));
    let kept = active(&one);
    world.fine(owning("m1", 2, kept, Tasks::new()));
    // It is in epoch 3 now, which it may not know yet.
    assert_eq!(commit(&mut world, "m1", 2, 0), ErrorCode::NONE);
    assert_eq!(
        commit(&mut world, "m1", 1, 0),
        ErrorCode::STALE_MEMBER_EPOCH
    );
    assert_eq!(
        commit(&mut world, "m1", 2, 2),
        ErrorCode::STALE_MEMBER_EPOCH
    );
}

#[test]
fn a_member_asks_in_its_epoch() {
    let mut world = World::new(&[("words", 1)]);
    world.fine(join("m1"));
    let mut ask = |member: Option<(&str, i32)>| {
        let fetch = Fetch {
            group: GROUP.into(),
            member: member.map(|(id, epoch)| (id.to_owned(), epoch)),
            topics: None,
            require_stable: true,
        };
        match world.tell(Command::FetchOffsets(fetch)) {
            Answer::Offsets(result) => result.err().unwrap_or_default(),
            other => panic!("no offsets: {other:?}"),
        }
    };
    assert_eq!(ask(None), ErrorCode::NONE);
    assert_eq!(ask(Some(("m1", 2))), ErrorCode::NONE);
    assert_eq!(ask(Some(("m1", 1))), ErrorCode::STALE_MEMBER_EPOCH);
    assert_eq!(ask(Some(("m2", 1))), ErrorCode::UNKNOWN_MEMBER_ID);
}
