use super::*;

#[test]
fn a_new_member_is_told_its_id_and_joins_by_it() {
    let mut bench = Bench::new();
    let id = bench.promised();
    assert!(id.starts_with("client-") && id.len() == "client-".len() + 36);
    assert_eq!(bench.state(), State::Empty);
    let ask = bench.joins(consumer(&id));
    bench.after(FIRST_DELAY - 1);
    assert!(bench.joined(ask).is_none(), "it waits for others");
    bench.after(1);
    let joined = bench.joined(ask).expect("joined");
    assert_eq!((joined.error_code, joined.generation_id), (NONE, 1));
    assert_eq!(
        (&joined.leader, &joined.member_id),
        (&joined.member_id, &id.into())
    );
    assert_eq!(joined.protocol_name.as_deref(), Some("range"));
    assert_eq!(joined.members[0].metadata, subscription(&["t"]));
}

#[test]
fn old_clients_join_at_once() {
    let mut bench = Bench::new();
    let old = |bench: &mut Bench| {
        bench.joins(Join {
            version: 3,
            ..consumer("")
        })
    };
    let (a, b) = (old(&mut bench), old(&mut bench));
    bench.after(2 * FIRST_DELAY);
    let (a, b) = (
        bench.joined(a).expect("joined"),
        bench.joined(b).expect("joined"),
    );
    assert_eq!((a.generation_id, b.generation_id), (1, 1));
    assert_eq!(
        (a.members.len(), b.members.len()),
        (2, 0),
        "the leader hears of all"
    );
}

#[test]
fn newcomers_put_the_first_rebalance_off_up_to_the_rebalance_timeout() {
    let mut bench = Bench::new();
    let short = |id: &str| Join {
        rebalance_timeout_ms: 7_000,
        ..consumer(id)
    };
    let ids: Vec<_> = (0..5).map(|_| bench.promised()).collect();
    let first = bench.joins(short(&ids[0]));
    for id in &ids[1..4] {
        bench.after(2_000);
        bench.joins(short(id));
    }
    bench.after(900);
    assert!(bench.joined(first).is_none());
    // The fifth never comes: the end is the clock's.
    bench.after(200);
    let joined = bench.joined(first).expect("the longest wait is over");
    assert_eq!(joined.members.len(), 4);
}

#[test]
fn an_id_that_was_promised_is_awaited_until_its_session_is_over() {
    let mut bench = Bench::new();
    let ids = bench.stable(1);
    let promised = bench.promised();
    let ask = bench.joins(consumer(&ids[0]));
    bench.after(SESSION - 1);
    assert!(bench.joined(ask).is_none(), "somebody is promised");
    bench.after(1);
    assert_eq!(bench.joined(ask).expect("joined").generation_id, 2);
    let late = bench.joins(consumer(&promised));
    assert_eq!(
        bench.joined(late).expect("refused").error_code,
        ErrorCode::UNKNOWN_MEMBER_ID
    );
}

#[test]
fn ids_that_nobody_was_told_are_refused() {
    let mut bench = Bench::new();
    let code = |bench: &mut Bench, join| {
        let ask = bench.joins(join);
        bench.joined(ask).expect("at once").error_code
    };
    assert_eq!(
        code(&mut bench, consumer("made-up")),
        ErrorCode::UNKNOWN_MEMBER_ID
    );
    assert!(bench.groups.groups.is_empty(), "no group by that");
    bench.stable(1);
    assert_eq!(
        code(&mut bench, consumer("made-up")),
        ErrorCode::UNKNOWN_MEMBER_ID
    );
    assert_eq!(
        code(&mut bench, static_consumer("i", "made-up")),
        ErrorCode::UNKNOWN_MEMBER_ID
    );
}

#[test]
fn members_share_a_protocol_and_elect_the_one_that_most_like_best() {
    let mut bench = Bench::new();
    let knows = |id: &str, names: &[&str]| Join {
        version: 3,
        protocols: names.iter().map(|n| protocol(n, b"")).collect(),
        ..consumer(id)
    };
    let a = bench.joins(knows("", &["range", "sticky", "mine"]));
    bench.joins(knows("", &["sticky", "range"]));
    bench.joins(knows("", &["sticky", "range", "x"]));
    let stranger = bench.joins(knows("", &["mine", "x"]));
    let refused = bench.joined(stranger).expect("at once");
    assert_eq!(refused.error_code, ErrorCode::INCONSISTENT_GROUP_PROTOCOL);
    let other_type = bench.joins(Join {
        protocol_type: "connect".into(),
        ..consumer("")
    });
    let refused = bench.joined(other_type).expect("at once");
    assert_eq!(refused.error_code, ErrorCode::INCONSISTENT_GROUP_PROTOCOL);
    bench.after(GATHERED);
    assert_eq!(
        bench.joined(a).expect("joined").protocol_name.as_deref(),
        Some("sticky")
    );
}

#[test]
fn a_group_without_protocols_is_none() {
    let mut bench = Bench::new();
    let ask = bench.joins(Join {
        protocols: Vec::new(),
        ..consumer("")
    });
    let refused = bench.joined(ask).expect("at once");
    assert_eq!(refused.error_code, ErrorCode::INCONSISTENT_GROUP_PROTOCOL);
}

#[test]
fn the_leader_rebalances_by_joining_and_a_follower_by_a_change() {
    let mut bench = Bench::new();
    let ids = bench.stable(2);
    let same = bench.joins(consumer(&ids[1]));
    let told = bench.joined(same).expect("at once");
    assert_eq!(
        (told.generation_id, told.leader.as_ref()),
        (1, ids[0].as_str())
    );
    assert!(told.members.is_empty());
    let changed = Join {
        protocols: vec![protocol("range", b"other")],
        ..consumer(&ids[1])
    };
    let follower = bench.joins(changed);
    assert_eq!(bench.beats(&ids[0], 1), ErrorCode::REBALANCE_IN_PROGRESS);
    let leader = bench.joins(consumer(&ids[0]));
    assert_eq!(bench.joined(follower).expect("joined").generation_id, 2);
    assert_eq!(bench.joined(leader).expect("joined").members.len(), 2);
}

#[test]
fn who_does_not_come_back_in_time_is_dropped_and_another_leads() {
    let mut bench = Bench::new();
    let ids = bench.stable(2);
    let follower = bench.joins(Join {
        protocols: vec![protocol("range", b"other")],
        ..consumer(&ids[1])
    });
    for _ in 0..9 {
        bench.after(REBALANCE / 10);
        assert_eq!(
            bench.beats(&ids[0], 1),
            ErrorCode::REBALANCE_IN_PROGRESS,
            "alive"
        );
    }
    bench.after(REBALANCE / 10);
    let joined = bench.joined(follower).expect("joined");
    assert_eq!(
        (joined.leader.as_ref(), joined.members.len()),
        (ids[1].as_str(), 1)
    );
    assert_eq!(bench.beats(&ids[0], 1), ErrorCode::UNKNOWN_MEMBER_ID);
}

#[test]
fn a_repeated_join_takes_the_place_of_the_one_that_waits() {
    let mut bench = Bench::new();
    let id = bench.promised();
    let first = bench.joins(consumer(&id));
    let second = bench.joins(consumer(&id));
    let told = bench.joined(first).expect("given up by the client");
    assert_eq!(told.error_code, ErrorCode::REBALANCE_IN_PROGRESS);
    bench.after(GATHERED);
    assert_eq!(bench.joined(second).expect("joined").generation_id, 1);
    // The answer was lost: the same again.
    let third = bench.joins(consumer(&id));
    let told = bench.joined(third).expect("at once");
    assert_eq!((told.generation_id, told.members.len()), (1, 1));
}

#[test]
fn a_new_member_that_waits_too_long_is_dropped() {
    let mut bench = Bench::new();
    let patient = Join {
        rebalance_timeout_ms: 900_000,
        version: 3,
        ..consumer("")
    };
    let first = bench.joins(patient.clone());
    bench.after(FIRST_DELAY);
    let leader = bench.joined(first).expect("joined").member_id.into_owned();
    bench.syncs(&leader, 1, &[]);
    let newcomer = bench.joins(patient);
    for _ in 0..60 {
        bench.beats(&leader, 1);
        bench.after(5_000);
    }
    let told = bench.joined(newcomer).expect("after five minutes");
    assert_eq!(told.error_code, ErrorCode::UNKNOWN_MEMBER_ID);
}

#[test]
fn a_group_takes_no_more_members_than_it_may() {
    let mut bench = Bench::with(&[("group.max.size", "2")]);
    let old = |bench: &mut Bench| {
        bench.joins(Join {
            version: 3,
            ..consumer("")
        })
    };
    let (a, b, c) = (old(&mut bench), old(&mut bench), old(&mut bench));
    let refused = bench.joined(c).expect("at once");
    assert_eq!(refused.error_code, ErrorCode::GROUP_MAX_SIZE_REACHED);
    bench.after(GATHERED);
    assert_eq!(bench.joined(a).expect("joined").members.len(), 2);
    assert_eq!(bench.joined(b).expect("joined").error_code, NONE);
    let d = old(&mut bench);
    let refused = bench.joined(d).expect("at once");
    assert_eq!(refused.error_code, ErrorCode::GROUP_MAX_SIZE_REACHED);
}

#[test]
fn a_thousand_join_at_once() {
    let mut bench = Bench::new();
    let ids: Vec<_> = (0..1000).map(|_| bench.promised()).collect();
    let asks: Vec<_> = ids.iter().map(|id| bench.joins(consumer(id))).collect();
    bench.after(2 * FIRST_DELAY);
    let joined: Vec<_> = asks
        .into_iter()
        .map(|ask| bench.joined(ask).expect("joined"))
        .collect();
    assert!(joined.iter().all(|j| j.generation_id == 1));
    let told: usize = joined.iter().map(|j| j.members.len()).sum();
    assert_eq!(told, 1000, "the leader alone");
}
