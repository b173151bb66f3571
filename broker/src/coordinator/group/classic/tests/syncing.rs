use super::*;

#[test]
fn the_leaders_assignment_reaches_everybody() {
    let mut bench = Bench::new();
    let old = |bench: &mut Bench| {
        bench.joins(Join {
            version: 3,
            ..consumer("")
        })
    };
    let (a, b) = (old(&mut bench), old(&mut bench));
    bench.after(GATHERED);
    let a = bench.joined(a).expect("joined").member_id.into_owned();
    let b = bench.joined(b).expect("joined").member_id.into_owned();
    assert_eq!(bench.commits(&b, 1), Err(ErrorCode::REBALANCE_IN_PROGRESS));
    let follower = bench.syncs(&b, 1, &[]);
    assert!(bench.synced(follower).is_none(), "it waits for the leader");
    let leader = bench.syncs(&a, 1, &[(&a, "to a"), (&b, "to b"), ("gone", "lost")]);
    let (to_a, to_b) = (bench.synced(leader), bench.synced(follower));
    assert_eq!(to_a.expect("synced").assignment.as_ref(), b"to a");
    let to_b = to_b.expect("synced");
    assert_eq!(to_b.assignment.as_ref(), b"to b");
    assert_eq!(to_b.protocol_name.as_deref(), Some("range"));
    let again = bench.syncs(&b, 1, &[]);
    assert_eq!(
        bench.synced(again).expect("at once").assignment.as_ref(),
        b"to b"
    );
    assert_eq!(bench.commits(&b, 1), Ok(vec![NONE]));
}

#[test]
fn who_is_left_out_by_the_leader_gets_nothing() {
    let mut bench = Bench::new();
    let ids = bench.stable(2);
    let ask = bench.joins(consumer(&ids[0]));
    let other = bench.joins(consumer(&ids[1]));
    assert!(bench.joined(ask).is_some() && bench.joined(other).is_some());
    let forgotten = bench.syncs(&ids[1], 2, &[]);
    bench.syncs(&ids[0], 2, &[]);
    assert!(
        bench
            .synced(forgotten)
            .expect("synced")
            .assignment
            .is_empty()
    );
}

#[test]
fn syncs_of_others_are_refused() {
    let mut bench = Bench::new();
    let code = |bench: &mut Bench, member: &str, generation| {
        let ask = bench.syncs(member, generation, &[]);
        bench.synced(ask).expect("at once").error_code
    };
    assert_eq!(
        code(&mut bench, "x", 1),
        ErrorCode::UNKNOWN_MEMBER_ID,
        "no group"
    );
    let ids = bench.stable(1);
    assert_eq!(code(&mut bench, "x", 1), ErrorCode::UNKNOWN_MEMBER_ID);
    assert_eq!(code(&mut bench, &ids[0], 0), ErrorCode::ILLEGAL_GENERATION);
    let ask = bench.classic(Command::Sync(Sync {
        group: "g".into(),
        member: ids[0].clone(),
        generation: 1,
        protocol_type: Some("consumer".into()),
        protocol: Some("sticky".into()),
        ..Sync::default()
    }));
    let refused = bench.synced(ask).expect("at once").error_code;
    assert_eq!(refused, ErrorCode::INCONSISTENT_GROUP_PROTOCOL);
    bench.joins(Join {
        version: 3,
        ..consumer("")
    });
    assert_eq!(
        code(&mut bench, &ids[0], 1),
        ErrorCode::REBALANCE_IN_PROGRESS
    );
}

#[test]
fn who_waits_for_the_leader_is_told_when_somebody_comes() {
    let mut bench = Bench::new();
    let ids = bench.stable(2);
    let leader = bench.joins(consumer(&ids[0]));
    bench.joins(consumer(&ids[1]));
    assert_eq!(bench.joined(leader).expect("joined").generation_id, 2);
    let waits = bench.syncs(&ids[1], 2, &[]);
    bench.joins(Join {
        version: 3,
        ..consumer("")
    });
    let told = bench.synced(waits).expect("sent to join again");
    assert_eq!(told.error_code, ErrorCode::REBALANCE_IN_PROGRESS);
}

#[test]
fn a_member_that_never_syncs_is_dropped() {
    let mut bench = Bench::new();
    let ids = bench.stable(2);
    bench.joins(consumer(&ids[0]));
    bench.joins(consumer(&ids[1]));
    bench.syncs(&ids[0], 2, &[]);
    for _ in 0..10 {
        assert_eq!(bench.beats(&ids[0], 2), NONE);
        assert_eq!(bench.beats(&ids[1], 2), NONE, "alive, but it does not sync");
        bench.after(REBALANCE / 10);
    }
    assert_eq!(bench.beats(&ids[1], 2), ErrorCode::UNKNOWN_MEMBER_ID);
    assert_eq!(bench.beats(&ids[0], 2), ErrorCode::REBALANCE_IN_PROGRESS);
}

#[test]
fn a_leader_that_never_syncs_holds_nobody_for_ever() {
    let mut bench = Bench::new();
    let ids = bench.stable(2);
    bench.joins(consumer(&ids[0]));
    bench.joins(consumer(&ids[1]));
    let waits = bench.syncs(&ids[1], 2, &[]);
    bench.after(SESSION);
    let told = bench.synced(waits).expect("sent to join again");
    assert_eq!(told.error_code, ErrorCode::REBALANCE_IN_PROGRESS);
    let again = bench.joins(consumer(&ids[1]));
    assert_eq!(bench.joined(again).expect("joined").leader, ids[1]);
}

#[test]
fn silence_ends_a_session_and_signs_of_life_prolong_it() {
    let mut bench = Bench::new();
    let ids = bench.stable(3);
    bench.after(SESSION - 1);
    assert_eq!(bench.beats(&ids[0], 1), NONE);
    assert_eq!(
        bench.commits(&ids[1], 1),
        Ok(vec![NONE]),
        "a commit is one, too"
    );
    bench.after(1);
    assert_eq!(bench.beats(&ids[0], 1), ErrorCode::REBALANCE_IN_PROGRESS);
    assert_eq!(bench.beats(&ids[1], 1), ErrorCode::REBALANCE_IN_PROGRESS);
    assert_eq!(bench.beats(&ids[2], 1), ErrorCode::UNKNOWN_MEMBER_ID);
}

#[test]
fn heartbeats_of_others_are_refused() {
    let mut bench = Bench::new();
    assert_eq!(bench.beats("x", 1), ErrorCode::UNKNOWN_MEMBER_ID);
    let ids = bench.stable(1);
    assert_eq!(bench.beats("x", 1), ErrorCode::UNKNOWN_MEMBER_ID);
    assert_eq!(bench.beats(&ids[0], 2), ErrorCode::ILLEGAL_GENERATION);
    assert_eq!(bench.beats(&ids[0], 1), NONE);
}

#[test]
fn who_may_commit() {
    let mut bench = Bench::new();
    assert_eq!(bench.commits("x", 3), Err(ErrorCode::GROUP_ID_NOT_FOUND));
    assert_eq!(bench.commits("", -1), Ok(vec![NONE]), "nobody's");
    assert!(bench.group().is_simple());
    let ids = bench.stable(1);
    assert_eq!(bench.commits("", -1), Err(ErrorCode::UNKNOWN_MEMBER_ID));
    assert_eq!(bench.commits("x", 1), Err(ErrorCode::UNKNOWN_MEMBER_ID));
    assert_eq!(
        bench.commits(&ids[0], 0),
        Err(ErrorCode::ILLEGAL_GENERATION)
    );
    assert_eq!(bench.commits(&ids[0], 1), Ok(vec![NONE]));
    bench.leave(&[(&ids[0], None)]);
    assert_eq!(bench.commits("", -1), Ok(vec![NONE]), "empty again");
    assert_eq!(bench.commits(&ids[0], 1), Err(ErrorCode::UNKNOWN_MEMBER_ID));
}
