//! Parsing, plans and golden answers of the group verbs.

use std::collections::BTreeMap;

use clap::{Args, Parser};
use ottla_protocol::ids::Uuid;

use super::*;
use crate::args::Output;
use crate::client::group::GroupType;
use crate::client::group::describe::{GroupView, MemberView};
use crate::client::group::list::ListedGroup;
use crate::client::view::{PartitionView, TopicView};
use crate::exit::Exit;
use crate::render::render;

#[derive(Parser)]
struct Line<A: Args> {
    #[command(flatten)]
    args: A,
}

pub fn parse<A: Args>(line: &str) -> Result<A, clap::Error> {
    Line::try_parse_from(line.split(' ')).map(|line| line.args)
}

/// A consumer group `billing` without members.
pub fn group(kind: GroupType, state: &str) -> GroupView {
    GroupView {
        name: "billing".to_owned(),
        kind,
        state: state.to_owned(),
        protocol_type: "consumer".to_owned(),
        coordinator: 1,
        assignor: "range".to_owned(),
        epoch: None,
        assignment_epoch: None,
        members: vec![],
    }
}

/// A member that has these partitions of `orders`.
pub fn member(id: &str, orders: &[i32]) -> MemberView {
    MemberView {
        id: id.to_owned(),
        client_id: "app".to_owned(),
        host: "/10.0.0.7".to_owned(),
        assigned: BTreeMap::from([("orders".to_owned(), orders.to_vec())]),
        ..MemberView::default()
    }
}

pub fn orders(partition: i32) -> TopicPartition {
    TopicPartition::new("orders", partition)
}

fn cluster() -> ClusterView {
    let partition = |index| PartitionView {
        index,
        leader: Some(1),
        leader_epoch: 0,
        replicas: vec![1],
        isr: vec![1],
        offline: vec![],
    };
    let topic = TopicView {
        name: "orders".to_owned(),
        id: Uuid::ZERO,
        internal: false,
        partitions: (0..3).map(partition).collect(),
    };
    ClusterView {
        topics: BTreeMap::from([(topic.name.clone(), topic)]),
        ..ClusterView::default()
    }
}

#[test]
fn partitions_that_are_named() {
    let named = |text: &str| {
        let slices: Vec<TopicSlice> = text.split(' ').map(|it| it.parse().unwrap()).collect();
        named(&slices, &cluster())
    };
    assert_eq!(named("orders"), Ok(vec![orders(0), orders(1), orders(2)]));
    assert_eq!(named("orders:2 orders:0,2"), Ok(vec![orders(0), orders(2)]));
    let missing = named("orders:3").unwrap_err();
    assert_eq!(
        missing.what,
        "topic \"orders\" has no partition 3: it has 3, from 0 on"
    );
    let unknown = named("nothere").unwrap_err();
    assert!(
        unknown.what.contains("UNKNOWN_TOPIC_OR_PARTITION 3"),
        "{unknown}"
    );
}

#[test]
fn lines_that_do_not_parse() {
    for line in ["list --type none", "list x"] {
        assert!(parse::<list::List>(line).is_err(), "{line}");
    }
    assert!(parse::<describe::Describe>("describe").is_err());
    for line in ["lag", "lag g --all"] {
        assert!(parse::<lag::Lag>(line).is_err(), "{line}");
    }
    for line in ["delete", "delete g --topic a/b", "delete g --topic t:x"] {
        assert!(parse::<delete::Delete>(line).is_err(), "{line}");
    }
}

#[test]
fn list_filters_and_shows() {
    let listed = |name: &str, kind: &str, protocol: &str, state: &str| ListedGroup {
        name: name.to_owned(),
        kind: kind.to_owned(),
        state: state.to_owned(),
        protocol_type: protocol.to_owned(),
        coordinator: 1,
    };
    let groups = || {
        vec![
            listed("a", "classic", "consumer", "Stable"),
            listed("b", "share", "share", "Empty"),
            listed("old", "", "", ""),
        ]
    };
    let shown = |line: &str| list::plan(&parse(line).unwrap(), groups());
    assert_eq!(
        render(&shown("list"), Output::Table),
        "GROUP  TYPE     PROTOCOL  STATE   COORDINATOR\n\
         a      classic  consumer  Stable            1\n\
         b      share    share     Empty             1\n\
         old    -        -         -                 1\n"
    );
    for (line, names) in [
        ("list --type SHARE", vec!["b"]),
        ("list --type classic,share --state stable", vec!["a"]),
        ("list --state dead", vec![]),
    ] {
        let table = render(&shown(line), Output::Table);
        let found: Vec<&str> = table.lines().skip(1).map(|row| &row[..1]).collect();
        assert_eq!(found, names, "{line}");
    }
    assert_eq!(
        render(&shown("list --type share"), Output::Json),
        r#"[
  {
    "group": "b",
    "type": "share",
    "protocol_type": "share",
    "state": "Empty",
    "coordinator": 1
  }
]
"#
    );
    assert_eq!(
        render(&shown("list --state dead"), Output::Table),
        "no groups\n"
    );
}

#[test]
fn describe_shows_what_is_and_what_shall_be() {
    let mut modern = group(GroupType::Consumer, "Reconciling");
    modern.assignor = "uniform".to_owned();
    (modern.epoch, modern.assignment_epoch) = (Some(7), Some(6));
    let target = BTreeMap::from([("orders".to_owned(), vec![0])]);
    modern.members = vec![MemberView {
        epoch: Some(6),
        target: Some(target),
        instance: Some("i1".to_owned()),
        ..member("m1", &[0, 1])
    }];
    let mut connect = group(GroupType::Classic, "Empty");
    connect.protocol_type = "connect".to_owned();
    connect.assignor = String::new();
    assert_eq!(
        render(&describe::plan(vec![modern, connect]), Output::Table),
        "billing: consumer group, Reconciling, 1 member, assignor uniform, epoch 7 (assignment 6), coordinator 1\n\
         MEMBER   CLIENT  HOST       EPOCH  PARTITIONS\n\
         m1 (i1)  app     /10.0.0.7      6  orders:0,1 (to be: orders:0)\n\
         \n\
         billing: classic group, Empty, 0 members, protocol connect, coordinator 1\n"
    );
    let json = render(
        &describe::plan(vec![group(GroupType::Share, "Empty")]),
        Output::Json,
    );
    assert!(
        json.contains("\"type\": \"share\"") && json.contains("\"epoch\": null"),
        "{json}"
    );
}

#[test]
fn describe_shows_the_tasks_of_streams_groups() {
    let tasks = |part: &str, tasks: &[i32]| BTreeMap::from([(part.to_owned(), tasks.to_vec())]);
    let mut streams = group(GroupType::Streams, "Stable");
    streams.assignor = String::new();
    streams.members = vec![MemberView {
        epoch: Some(4),
        assigned: tasks("0", &[0, 1]),
        target: Some(tasks("0", &[0])),
        standby: Some(tasks("1", &[2])),
        ..member("m1", &[])
    }];
    let shown = render(&describe::plan(vec![streams]), Output::Table);
    assert!(
        shown.ends_with("      4  0:0,1 (standby: 1:2) (to be: 0:0)\n"),
        "{shown}"
    );
}

fn found(state: &str, members: &[MemberView]) -> delete::Found {
    let mut group = group(GroupType::Classic, state);
    group.members = members.to_vec();
    delete::Found {
        group,
        committed: vec![orders(0), orders(1)],
    }
}

#[test]
fn delete_plans() {
    let empty = found("Empty", &[]);
    let plan = delete::plan(&[empty.clone(), empty.clone()]).unwrap();
    assert_eq!(plan.groups, ["billing"]);
    assert_eq!(
        plan.question,
        "Delete group billing with 2 committed offsets?"
    );
    let busy = delete::plan(&[found("Stable", &[member("m", &[0])])]).unwrap_err();
    assert_eq!(
        (busy.exit, busy.what.as_str()),
        (
            Exit::Refused,
            "group \"billing\" is Stable and has 1 member: only an empty group can be deleted"
        )
    );
    assert_eq!(delete::plan(&[]).unwrap().groups, [""; 0]);
    // Offsets may be deleted while others are read: the broker knows which.
    let some = delete::plan_offsets(&found("Stable", &[]), &[orders(1), orders(2)]).unwrap();
    assert_eq!(some.offsets, Some(vec![orders(1)]));
    assert_eq!(
        some.question,
        "Delete the offsets of group billing in orders/1?"
    );
    assert!(delete::plan_offsets(&empty, &[orders(2)]).is_err());
}
