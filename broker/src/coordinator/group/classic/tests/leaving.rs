use ottla_protocol::records::GroupRecord;

use super::*;

#[test]
fn who_leaves_makes_the_others_rebalance() {
    let mut bench = Bench::new();
    let ids = bench.stable(2);
    let left = bench.leave(&[(&ids[0], None), ("x", None), ("", Some("i"))]);
    let unknown = ErrorCode::UNKNOWN_MEMBER_ID;
    assert_eq!(left, [NONE, unknown, unknown]);
    assert_eq!(bench.beats(&ids[1], 1), ErrorCode::REBALANCE_IN_PROGRESS);
    let ask = bench.joins(consumer(&ids[1]));
    assert_eq!(bench.joined(ask).expect("joined").leader, ids[1]);
}

#[test]
fn leaving_what_is_not_there_is_said_of_each() {
    let mut bench = Bench::new();
    assert_eq!(bench.leave(&[("x", None)]), [ErrorCode::UNKNOWN_MEMBER_ID]);
}

#[test]
fn the_last_one_leaves_an_empty_group_in_the_log() {
    let mut bench = Bench::new();
    let ids = bench.stable(2);
    bench.leave(&[(&ids[0], None), (&ids[1], None)]);
    assert_eq!(bench.state(), State::Empty);
    let Some((GroupRecord::GroupMetadata(_, Some(last)), _)) = bench.log.last() else {
        panic!("a record of the group");
    };
    assert_eq!((last.generation, last.members.len()), (2, 0));
    assert_eq!(
        (last.protocol_type.as_ref(), &last.protocol),
        ("consumer", &None)
    );
    bench.restart();
    assert_eq!(
        (bench.state(), bench.group().generation()),
        (State::Empty, 2)
    );
}

#[test]
fn a_static_member_leaves_by_its_name() {
    let mut bench = Bench::new();
    let ask = bench.joins(static_consumer("a", ""));
    bench.after(GATHERED);
    bench.joined(ask).expect("joined");
    assert_eq!(bench.leave(&[("", Some("a"))]), [NONE]);
    assert_eq!(bench.state(), State::Empty);
}

#[test]
fn who_leaves_while_it_waits_is_answered() {
    let mut bench = Bench::new();
    let ids = bench.stable(2);
    let joining = bench.joins(consumer(&ids[0]));
    bench.leave(&[(&ids[0], None)]);
    let told = bench.joined(joining).expect("at once");
    assert_eq!(told.error_code, ErrorCode::UNKNOWN_MEMBER_ID);
    let ask = bench.joins(consumer(&ids[1]));
    bench.joined(ask).expect("alone, at once");
    let newcomer = bench.promised();
    bench.joins(consumer(&newcomer));
    bench.joins(consumer(&ids[1]));
    let syncing = bench.syncs(&newcomer, 3, &[]);
    assert!(bench.synced(syncing).is_none());
    bench.leave(&[(&newcomer, None)]);
    let told = bench.synced(syncing).expect("at once");
    assert_eq!(told.error_code, ErrorCode::UNKNOWN_MEMBER_ID);
}

#[test]
fn a_promised_member_may_leave() {
    let mut bench = Bench::new();
    let ids = bench.stable(1);
    let promised = bench.promised();
    let ask = bench.joins(consumer(&ids[0]));
    assert!(bench.joined(ask).is_none());
    assert_eq!(bench.leave(&[(&promised, None)]), [NONE]);
    assert_eq!(
        bench
            .joined(ask)
            .expect("nobody else is awaited")
            .generation_id,
        2
    );
}
