//! Parsing, plans and golden answers of the topic verbs.

use std::collections::BTreeMap;

use clap::{Args, Parser};
use ottla_protocol::ids::Uuid;

use super::*;
use crate::args::Output;
use crate::args::values::Address;
use crate::client::view::{ClusterView, PartitionView, TopicView};
use crate::exit::Exit;
use crate::render::render;

#[derive(Parser)]
struct Line<A: Args> {
    #[command(flatten)]
    args: A,
}

fn parse<A: Args>(line: &str) -> Result<A, clap::Error> {
    Line::try_parse_from(line.split(' ')).map(|line| line.args)
}

fn topic(name: &str, partitions: i32) -> TopicView {
    let partition = |index| PartitionView {
        index,
        leader: Some(1),
        leader_epoch: 4,
        replicas: vec![1],
        isr: vec![1],
        offline: vec![],
    };
    TopicView {
        name: name.to_owned(),
        id: Uuid([7; 16]),
        internal: false,
        partitions: (0..partitions).map(partition).collect(),
    }
}

/// One broker, topic `orders` with three partitions, an internal topic.
fn cluster() -> ClusterView {
    let hidden = TopicView {
        internal: true,
        ..topic("__hidden", 1)
    };
    ClusterView {
        cluster_id: None,
        brokers: BTreeMap::from([(
            1,
            Address {
                host: "h".to_owned(),
                port: 9092,
            },
        )]),
        topics: [topic("orders", 3), hidden]
            .map(|topic| (topic.name.clone(), topic))
            .into(),
        refused: BTreeMap::new(),
    }
}

#[test]
fn create_plans() {
    let plan = |line: &str| create::plan(&parse(line).unwrap(), &cluster());
    assert_eq!(plan("create new"), Ok(create::Plan::Create));
    assert_eq!(plan("create new -r 1 -p 5"), Ok(create::Plan::Create));
    assert_eq!(
        plan("create orders --if-not-exists"),
        Ok(create::Plan::Nothing)
    );
    let exists = plan("create orders").unwrap_err();
    assert_eq!(
        (exists.exit, exists.what.as_str()),
        (Exit::Refused, "topic \"orders\" exists already")
    );
    let copies = plan("create new -r 3").unwrap_err();
    assert_eq!(
        copies.what,
        "3 copies need 3 brokers, this cluster has 1 broker"
    );
}

#[test]
fn create_lines_that_do_not_parse() {
    for line in [
        "create",
        "create a/b",
        "create t -p 0",
        "create t -r 0",
        "create t -c x",
        "create t u",
    ] {
        assert!(parse::<create::Create>(line).is_err(), "{line}");
    }
}

#[test]
fn list_hides_internal_topics_unless_asked() {
    let shown = list::plan(&parse("list").unwrap(), &cluster());
    assert_eq!(
        render(&shown, Output::Table),
        "NAME    PARTITIONS  COPIES  ID\norders           3       1  BwcHBwcHBwcHBwcHBwcHBw\n"
    );
    assert_eq!(
        render(&shown, Output::Json),
        r#"[
  {
    "name": "orders",
    "id": "BwcHBwcHBwcHBwcHBwcHBw",
    "partitions": 3,
    "replication_factor": 1,
    "internal": false
  }
]
"#
    );
    let all = list::plan(&parse("list --internal").unwrap(), &cluster());
    assert_eq!(render(&all, Output::Table).lines().count(), 3);
    let none = list::plan(&parse("list").unwrap(), &ClusterView::default());
    assert_eq!(render(&none, Output::Table), "no topics\n");
    assert_eq!(render(&none, Output::Json), "[]\n");
}

#[test]
fn alter_plans() {
    let plan = |line: &str| alter::plan(&parse(line).unwrap(), &cluster());
    for (line, exit, what) in [
        ("alter orders", Exit::Usage, "nothing to alter"),
        (
            "alter orders -c a=1 -d a",
            Exit::Usage,
            "\"a\" is named twice",
        ),
        (
            "alter orders -p 2",
            Exit::Refused,
            "topic \"orders\" has 3 partitions, and a topic cannot shrink",
        ),
    ] {
        let error = plan(line).unwrap_err();
        assert_eq!((error.exit, error.what.as_str()), (exit, what), "{line}");
    }
    let unknown = plan("alter nothere -p 9").unwrap_err();
    assert!(
        unknown.what.contains("UNKNOWN_TOPIC_OR_PARTITION 3"),
        "{}",
        unknown.what
    );
    assert!(plan("alter orders -p 3").is_ok());
}

#[test]
fn delete_plans() {
    let plan = |line: &str| {
        delete::plan(&parse(line).unwrap(), &cluster()).map(|plan| format!("{plan:?}"))
    };
    assert_eq!(
        plan("delete orders orders"),
        Ok("Plan { topics: [\"orders\"], question: \"Delete topic orders and all records in 3 partitions?\" }".to_owned())
    );
    assert!(plan("delete nothere").is_err());
    assert!(
        plan("delete nothere --if-exists")
            .unwrap()
            .contains("topics: []")
    );
    assert!(parse::<delete::Delete>("delete").is_err());
}
