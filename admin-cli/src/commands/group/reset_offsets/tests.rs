use super::*;
use crate::args::Output;
use crate::commands::group::tests::{group, member, orders, parse};
use crate::exit::Exit;
use crate::render::render;

fn args(line: &str) -> ResetOffsets {
    parse(&format!("reset-offsets {line}")).unwrap()
}

/// `orders/0` has 10 to 20, 15 committed, and 17 at the time asked for; `orders/1` has nothing that young.
fn planned(line: &str) -> Result<Vec<(i64, Option<&'static str>)>, CliError> {
    let committed = BTreeMap::from([(orders(0), 15), (orders(1), 15)]);
    let range = |at_time| Range {
        begin: 10,
        end: 20,
        at_time,
    };
    let ranges = BTreeMap::from([(orders(0), range(Some(17))), (orders(1), range(None))]);
    let plan = plan(&args(line), &committed, &ranges)?;
    Ok(plan
        .partitions
        .into_iter()
        .map(|row| (row.new, row.note))
        .collect())
}

#[test]
fn where_the_offsets_go() {
    let (early, late) = (
        Some("the beginning is after that"),
        Some("the end is before that"),
    );
    for (to, expected) in [
        ("--to-earliest", [(10, None), (10, None)]),
        ("--to-latest", [(20, None), (20, None)]),
        ("--to-offset 12", [(12, None), (12, None)]),
        ("--to-offset 20", [(20, None), (20, None)]),
        ("--to-offset 0", [(10, early), (10, early)]),
        ("--to-offset 99", [(20, late), (20, late)]),
        ("--shift-by 2", [(17, None), (17, None)]),
        ("--shift-by -5", [(10, None), (10, None)]),
        ("--shift-by -6", [(10, early), (10, early)]),
        ("--shift-by 9223372036854775807", [(20, late), (20, late)]),
        (
            "--by-duration PT1H",
            [(17, None), (20, Some("no record is that young"))],
        ),
        (
            "--to-datetime 2026-11-21",
            [(17, None), (20, Some("no record is that young"))],
        ),
    ] {
        assert_eq!(
            planned(&format!("g --all-topics {to}")),
            Ok(expected.to_vec()),
            "{to}"
        );
    }
}

#[test]
fn nothing_committed_cannot_be_shifted() {
    let ranges = BTreeMap::from([(orders(0), Range::default())]);
    let error = plan(
        &args("g --topic orders --shift-by 1"),
        &BTreeMap::new(),
        &ranges,
    )
    .unwrap_err();
    assert_eq!(
        error.what,
        "nothing is committed for orders/0: there is nothing to shift"
    );
}

#[test]
fn only_an_empty_group_of_consumers() {
    let with = |kind, state: &str, protocol: &str| {
        let mut group = group(kind, state);
        group.protocol_type = protocol.to_owned();
        if state == "Stable" {
            group.members = vec![member("m", &[0])];
        }
        check_group("billing", Some(&group)).map_err(|error| error.what)
    };
    assert_eq!(check_group("new", None), Ok(()));
    for (kind, protocol) in [
        (GroupType::Classic, "consumer"),
        (GroupType::Classic, ""),
        (GroupType::Consumer, "consumer"),
        (GroupType::Streams, "streams"),
        (GroupType::Share, "share"),
    ] {
        assert_eq!(with(kind, "Empty", protocol), Ok(()));
        assert_eq!(
            with(kind, "Stable", protocol),
            Err("group \"billing\" is Stable and has 1 member: its offsets can be moved only while it is empty".to_owned())
        );
    }
    let connect = with(GroupType::Classic, "Empty", "connect");
    let expected = "group \"billing\" is a \"connect\" group, not one of consumers";
    assert_eq!(connect, Err(expected.to_owned()));
}

#[test]
fn the_partitions_that_are_meant() {
    let committed = BTreeMap::from([(orders(1), 15)]);
    let all = scope(&args("g --all-topics --to-latest"), &committed).unwrap();
    assert_eq!(all, ["orders:1".parse().unwrap()]);
    let named = scope(&args("g -t a -t b:0 --to-latest"), &committed).unwrap();
    assert_eq!(named, ["a".parse().unwrap(), "b:0".parse().unwrap()]);
    let nothing = scope(&args("g --all-topics --to-latest"), &BTreeMap::new()).unwrap_err();
    assert_eq!(nothing.exit, Exit::Refused);
}

#[test]
fn lines_that_do_not_parse() {
    for line in [
        "g --to-latest",
        "g --topic t",
        "g --topic t --all-topics --to-latest",
        "g --topic t --to-latest --to-earliest",
        "g --topic t --shift-by x",
        "g --topic t --to-offset -1",
        "g --topic t --by-duration soon",
        "g --topic t --to-datetime soon",
        "--all-topics --to-latest",
    ] {
        let line = format!("reset-offsets {line}");
        assert!(parse::<ResetOffsets>(&line).is_err(), "{line}");
    }
}

#[test]
fn the_plan_reads_well() {
    let row = |partition, committed, new, note| Row {
        topic: "orders".to_owned(),
        partition,
        committed,
        new,
        note,
    };
    let outcome = Outcome {
        group: "g".to_owned(),
        dry_run: true,
        partitions: vec![
            row(0, Some(5), 0, None),
            row(1, None, 9, Some("the end is before that")),
        ],
    };
    assert_eq!(
        render(&outcome, Output::Table),
        "TOPIC   PARTITION  COMMITTED  NEW  NOTE\n\
         orders          0          5    0\n\
         orders          1          -    9  the end is before that\n\
         (not done: --dry-run)\n"
    );
}
