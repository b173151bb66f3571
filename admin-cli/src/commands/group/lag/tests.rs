use super::*;
use crate::args::Output;
use crate::commands::group::tests::{group, member, orders};
use crate::render::render;

/// Members' partitions, committed ones, both, and one of a topic that is gone.
#[test]
fn rows_of_whoever_has_or_committed_something() {
    let mut group = group(GroupType::Classic, "Stable");
    group.members = vec![member("m1", &[0, 1]), member("m2", &[2])];
    let gone = TopicPartition::new("gone", 0);
    let offsets = BTreeMap::from([(orders(0), 5), (orders(2), 0), (gone, 3)]);
    let ends = BTreeMap::from([(orders(0), 9), (orders(1), 4), (orders(2), 1_000)]);
    let outcome = Outcome {
        groups: vec![plan(&group, &committed(offsets), &ends)],
    };
    assert_eq!(
        render(&outcome, Output::Table),
        "billing: classic group, Stable, 2 members, 1,004 records behind\n\
         TOPIC   PARTITION  COMMITTED   END   LAG  MEMBER  CLIENT  HOST\n\
         gone            0          3     -     -  -       -       -\n\
         orders          0          5     9     4  m1      app     /10.0.0.7\n\
         orders          1          -     4     -  m1      app     /10.0.0.7\n\
         orders          2          0  1000  1000  m2      app     /10.0.0.7\n"
    );
    let json = render(&outcome, Output::Json);
    assert!(json.contains("\"lag\": 1004"), "{json}");
    assert!(json.contains("\"committed\": null"), "{json}");
}

/// A Streams group's members have tasks; its rows come from what it committed.
#[test]
fn tasks_are_no_partitions() {
    let mut group = group(GroupType::Streams, "Stable");
    group.members = vec![member("m1", &[0, 1])];
    let offsets = committed(BTreeMap::from([(orders(0), 5)]));
    let shown = plan(&group, &offsets, &BTreeMap::from([(orders(0), 4)]));
    assert_eq!(shown.partitions.len(), 1);
    assert_eq!(shown.partitions[0].member, None);
    // A topic that was made anew is shorter than what was committed.
    assert_eq!(shown.lag, -1);
    assert!(
        shown
            .table()
            .starts_with("billing: streams group, Stable, 1 member, -1 record behind\n")
    );
}

#[test]
fn nothing_committed_is_a_line() {
    let shown = plan(
        &group(GroupType::Classic, "Empty"),
        &BTreeMap::new(),
        &BTreeMap::new(),
    );
    assert_eq!(
        shown.table(),
        "billing: classic group, Empty, 0 members, 0 records behind\n"
    );
}

/// Its records are done one by one: what the broker counts is not the way to the end.
#[test]
fn a_share_group_is_as_far_behind_as_the_broker_says() {
    let mut group = group(GroupType::Share, "Stable");
    group.members = vec![member("m1", &[0]), member("m2", &[0])];
    let reached = Reached {
        start: 5,
        lag: Some(2),
    };
    let reached = BTreeMap::from([(orders(0), reached)]);
    let shown = plan(&group, &reached, &BTreeMap::from([(orders(0), 12)]));
    assert_eq!(
        shown.table(),
        "billing: share group, Stable, 2 members, 2 records behind\n\
         TOPIC   PARTITION  COMMITTED  END  LAG  MEMBER  CLIENT  HOST\n\
         orders          0          5   12    2       -       -     -\n"
    );
}
