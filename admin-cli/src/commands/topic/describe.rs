//! `ottla topic describe`.

use std::collections::BTreeMap;

use clap::Args;
use serde::Serialize;

use crate::args::values::TopicName;
use crate::args::{Broker, OutputArg};
use crate::client::Client;
use crate::client::error::ClientError;
use crate::client::offsets::At;
use crate::client::view::TopicView;
use crate::exit::CliError;
use crate::render::table::Table;
use crate::render::{Render, number, print};

/// Show partitions, leaders, offsets and own settings of topics.
#[derive(Debug, Clone, Args)]
pub struct Describe {
    /// Names of the topics
    #[arg(required = true)]
    pub names: Vec<TopicName>,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub broker: Broker,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub output: OutputArg,
}

/// The topics, in the order named.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Outcome {
    topics: Vec<Description>,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
struct Description {
    name: String,
    id: String,
    internal: bool,
    replication_factor: usize,
    configs: BTreeMap<String, String>,
    partitions: Vec<Row>,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
struct Row {
    partition: i32,
    leader: Option<i32>,
    leader_epoch: i32,
    replicas: Vec<i32>,
    isr: Vec<i32>,
    offline: Vec<i32>,
    begin: Option<i64>,
    end: Option<i64>,
}

/// Joins what was asked of different brokers; offsets are missing where a partition has no leader.
fn describe(
    topic: &TopicView,
    configs: BTreeMap<String, String>,
    begins: &BTreeMap<i32, i64>,
    ends: &BTreeMap<i32, i64>,
) -> Description {
    let row = |partition: &crate::client::view::PartitionView| Row {
        partition: partition.index,
        leader: partition.leader,
        leader_epoch: partition.leader_epoch,
        replicas: partition.replicas.clone(),
        isr: partition.isr.clone(),
        offline: partition.offline.clone(),
        begin: begins.get(&partition.index).copied(),
        end: ends.get(&partition.index).copied(),
    };
    Description {
        name: topic.name.clone(),
        id: topic.id.to_string(),
        internal: topic.internal,
        replication_factor: topic.replication_factor(),
        configs,
        partitions: topic.partitions.iter().map(row).collect(),
    }
}

/// Asks and shows.
pub async fn run(args: Describe) -> Result<(), CliError> {
    let mut client = args.broker.client();
    let names: Vec<&str> = args.names.iter().map(TopicName::as_str).collect();
    let cluster = client.metadata(Some(&names), false).await?;
    for name in &names {
        cluster.topic(name)?;
    }
    let mut configs = client.topic_overrides(&names).await?;
    let mut topics = Vec::new();
    for name in &names {
        let topic = &cluster.topics[*name];
        let (begins, ends) = edges(&mut client, topic).await?;
        topics.push(describe(
            topic,
            configs.remove(*name).unwrap_or_default(),
            &begins,
            &ends,
        ));
    }
    print(&Outcome { topics }, args.output.output)
}

/// First and next offset of every partition that has a leader.
async fn edges(
    client: &mut Client,
    topic: &TopicView,
) -> Result<(BTreeMap<i32, i64>, BTreeMap<i32, i64>), ClientError> {
    if !topic.is_led() {
        // Waiting for the leader would take as long as the outage: show what is known.
        return Ok((BTreeMap::new(), BTreeMap::new()));
    }
    let all: Vec<i32> = topic
        .partitions
        .iter()
        .map(|partition| partition.index)
        .collect();
    let begins = client.offsets(&topic.name, &all, At::Beginning).await?;
    let ends = client.offsets(&topic.name, &all, At::End).await?;
    Ok((begins, ends))
}

impl Render for Outcome {
    fn table(&self) -> String {
        self.topics
            .iter()
            .map(Description::table)
            .collect::<Vec<_>>()
            .join("\n")
    }
}

impl Description {
    fn table(&self) -> String {
        let partitions = number::count(self.partitions.len() as u64, "partition");
        let copies = if self.replication_factor == 1 {
            "copy"
        } else {
            "copies"
        };
        let mut text = format!(
            "{}: {partitions}, {} {copies}, id {}\n",
            self.name, self.replication_factor, self.id
        );
        for (key, value) in &self.configs {
            text += &format!("  {key} = {value}\n");
        }
        let number = |value: Option<i64>| value.map_or("-".to_owned(), |value| value.to_string());
        let list = |nodes: &[i32]| {
            nodes
                .iter()
                .map(i32::to_string)
                .collect::<Vec<_>>()
                .join(",")
        };
        let mut table = Table::new(&["PARTITION", "LEADER", "REPLICAS", "IN SYNC", "BEGIN", "END"]);
        for row in &self.partitions {
            table.row([
                row.partition.to_string(),
                number(row.leader.map(i64::from)),
                list(&row.replicas),
                list(&row.isr),
                number(row.begin),
                number(row.end),
            ]);
        }
        text + &table.to_string()
    }
}
