use super::*;

/// A stable group of static members `a`, which leads, and `b`; their ids.
fn stable(bench: &mut Bench) -> (String, String) {
    let a = bench.joins(static_consumer("a", ""));
    let b = bench.joins(static_consumer("b", ""));
    bench.after(GATHERED);
    let (a, b) = (
        bench.joined(a).expect("joined"),
        bench.joined(b).expect("joined"),
    );
    assert_eq!(a.leader, a.member_id);
    let (a, b) = (a.member_id.into_owned(), b.member_id.into_owned());
    bench.syncs(&b, 1, &[]);
    bench.syncs(&a, 1, &[(&a, "to a"), (&b, "to b")]);
    (a, b)
}

#[test]
fn a_static_member_that_comes_back_has_its_assignment_without_a_rebalance() {
    let mut bench = Bench::new();
    let (a, b) = stable(&mut bench);
    let ask = bench.joins(static_consumer("b", ""));
    let back = bench.joined(ask).expect("at once");
    assert_eq!((back.error_code, back.generation_id), (NONE, 1));
    assert_ne!(back.member_id, b);
    assert_eq!(
        (back.leader.as_ref(), back.skip_assignment),
        (a.as_str(), false)
    );
    let sync = bench.syncs(&back.member_id, 1, &[]);
    assert_eq!(
        bench.synced(sync).expect("at once").assignment.as_ref(),
        b"to b"
    );
    assert_eq!(bench.beats(&a, 1), NONE);
    assert_eq!(bench.beats(&b, 1), ErrorCode::UNKNOWN_MEMBER_ID);
    bench.restart();
    assert_eq!(bench.beats(&back.member_id, 1), NONE, "it was written down");
}

#[test]
fn a_leader_that_comes_back_is_told_not_to_assign() {
    let mut bench = Bench::new();
    let (a, _) = stable(&mut bench);
    let ask = bench.joins(static_consumer("a", ""));
    let back = bench.joined(ask).expect("at once");
    assert!(back.skip_assignment && back.leader == back.member_id);
    assert_eq!(back.members.len(), 2);
    let before = back.member_id.into_owned();
    assert_ne!(before, a);
    // An older client cannot be told so: it is made to believe that it follows.
    let ask = bench.joins(Join {
        version: 8,
        ..static_consumer("a", "")
    });
    let back = bench.joined(ask).expect("at once");
    assert_eq!(
        (back.leader.as_ref(), back.members.len()),
        (before.as_str(), 0)
    );
}

#[test]
fn the_old_id_of_a_static_member_is_fenced() {
    let mut bench = Bench::new();
    let (_, b) = stable(&mut bench);
    let ask = bench.joins(static_consumer("b", ""));
    bench.joined(ask).expect("at once");
    let fenced = bench.joins(static_consumer("b", &b));
    let told = bench.joined(fenced).expect("at once");
    assert_eq!(told.error_code, ErrorCode::FENCED_INSTANCE_ID);
    assert_eq!(
        bench.leave(&[(&b, Some("b"))]),
        [ErrorCode::FENCED_INSTANCE_ID]
    );
    let beat = bench.classic(Command::Heartbeat(Heartbeat {
        group: "g".into(),
        member: b,
        instance: Some("b".into()),
        generation: 1,
    }));
    let heard = bench.told(beat);
    assert!(matches!(
        heard,
        Some(Answer::Heard(ErrorCode::FENCED_INSTANCE_ID))
    ));
}

#[test]
fn who_waits_by_the_old_id_is_fenced_at_once() {
    let mut bench = Bench::new();
    let first = bench.joins(static_consumer("a", ""));
    let second = bench.joins(static_consumer("a", ""));
    let told = bench.joined(first).expect("at once");
    assert_eq!(told.error_code, ErrorCode::FENCED_INSTANCE_ID);
    bench.after(GATHERED);
    let joined = bench.joined(second).expect("joined");
    assert_eq!((joined.error_code, joined.members.len()), (NONE, 1));
}

#[test]
fn a_static_member_that_changes_the_protocol_rebalances() {
    let mut bench = Bench::new();
    let knows = |instance: &str, names: &[&str]| Join {
        protocols: names.iter().map(|n| protocol(n, b"")).collect(),
        ..static_consumer(instance, "")
    };
    let ask = bench.joins(knows("a", &["range", "sticky"]));
    bench.after(GATHERED);
    let a = bench.joined(ask).expect("joined").member_id.into_owned();
    bench.syncs(&a, 1, &[]);
    let ask = bench.joins(knows("a", &["sticky"]));
    let joined = bench.joined(ask).expect("alone, at once");
    assert_eq!(joined.generation_id, 2);
    assert_eq!(joined.protocol_name.as_deref(), Some("sticky"));
}

#[test]
fn a_static_member_that_comes_back_while_the_leader_assigns_begins_a_rebalance() {
    let mut bench = Bench::new();
    let (a, b) = stable(&mut bench);
    let leader = bench.joins(static_consumer("a", &a));
    bench.joins(static_consumer("b", &b));
    assert_eq!(bench.joined(leader).expect("joined").generation_id, 2);
    assert_eq!(bench.state(), State::Completing);
    let waits = bench.syncs(&b, 2, &[]);
    let back = bench.joins(static_consumer("b", ""));
    let told = bench.synced(waits).expect("at once");
    assert_eq!(told.error_code, ErrorCode::FENCED_INSTANCE_ID);
    assert_eq!(bench.state(), State::Preparing);
    bench.joins(static_consumer("a", &a));
    assert_eq!(bench.joined(back).expect("joined").generation_id, 3);
}

#[test]
fn static_members_stay_through_a_rebalance_until_their_session_is_over() {
    let mut bench = Bench::new();
    let long = |join: Join| Join {
        session_timeout_ms: 100_000,
        ..join
    };
    let a = bench.joins(long(static_consumer("a", "")));
    let b = bench.joins(long(static_consumer("b", "")));
    bench.after(GATHERED);
    let a = bench.joined(a).expect("joined").member_id.into_owned();
    let b = bench.joined(b).expect("joined").member_id.into_owned();
    bench.syncs(&b, 1, &[]);
    bench.syncs(&a, 1, &[]);
    let leader = bench.joins(long(static_consumer("a", &a)));
    bench.after(REBALANCE);
    let joined = bench.joined(leader).expect("the rebalance is over");
    assert_eq!(joined.members.len(), 2, "b is still a member");
    bench.syncs(&a, 2, &[]);
    bench.after(REBALANCE);
    assert_eq!(bench.group().members().len(), 1, "it did not sync");
}
