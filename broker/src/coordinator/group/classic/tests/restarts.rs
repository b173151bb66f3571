use super::*;

#[test]
fn members_of_the_last_generation_are_back_with_fresh_sessions() {
    let mut bench = Bench::new();
    let ids = bench.stable(2);
    bench.after(SESSION - 1);
    bench.restart();
    bench.after(SESSION - 1);
    assert_eq!(bench.beats(&ids[0], 1), NONE);
    let sync = bench.syncs(&ids[1], 1, &[]);
    assert_eq!(
        bench.synced(sync).expect("at once").assignment.as_ref(),
        b"part"
    );
    assert_eq!(bench.group().leader.as_deref(), Some(ids[0].as_str()));
    assert!(bench.group().is_subscribed_to("t") && !bench.group().is_subscribed_to("u"));
    bench.after(1);
    assert_eq!(bench.beats(&ids[1], 1), ErrorCode::UNKNOWN_MEMBER_ID);
}

#[test]
fn a_rebalance_under_way_is_forgotten() {
    let mut bench = Bench::new();
    let ids = bench.stable(2);
    let newcomer = bench.promised();
    bench.joins(consumer(&newcomer));
    bench.restart();
    assert_eq!(bench.state(), State::Stable);
    let ask = bench.joins(consumer(&newcomer));
    let told = bench.joined(ask).expect("at once");
    assert_eq!(told.error_code, ErrorCode::UNKNOWN_MEMBER_ID);
    assert_eq!(bench.beats(&ids[1], 1), NONE);
}

#[test]
fn a_new_group_is_there_after_a_crash() {
    let mut bench = Bench::new();
    bench.promised();
    bench.restart();
    assert_eq!(
        (bench.state(), bench.group().generation()),
        (State::Empty, 0)
    );
}

#[test]
fn a_group_above_a_lowered_limit_rebalances_down_to_it() {
    let mut bench = Bench::new();
    let ids = bench.stable(3);
    let log = std::mem::take(&mut bench.log);
    let mut bench = Bench::with(&[("group.max.size", "2")]);
    bench.log = log;
    bench.restart();
    assert_eq!(bench.beats(&ids[0], 1), ErrorCode::REBALANCE_IN_PROGRESS);
    let asks: Vec<_> = ids.iter().map(|id| bench.joins(consumer(id))).collect();
    let codes: Vec<_> = asks
        .into_iter()
        .map(|ask| {
            bench
                .joined(ask)
                .expect("the third frees the others")
                .error_code
        })
        .collect();
    assert_eq!(codes, [NONE, NONE, ErrorCode::GROUP_MAX_SIZE_REACHED]);
}
