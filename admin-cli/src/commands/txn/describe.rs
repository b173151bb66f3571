//! `ottla txn describe`.

use std::time::Duration;

use clap::Args;
use clap::builder::NonEmptyStringValueParser;
use ottla_runtime::time;
use serde::Serialize;

use crate::args::time::format_timestamp;
use crate::args::values::TopicSlice;
use crate::args::{Broker, OutputArg};
use crate::client::transactions::{ActiveProducer, Transaction};
use crate::client::view::TopicPartition;
use crate::commands::group::named;
use crate::exit::CliError;
use crate::render::table::Table;
use crate::render::{Render, number, print};

const EXAMPLES: &str = "\
Examples:
  ottla txn describe payments-1
  ottla txn describe --topic orders:0    who wrote to this partition, and whose transaction is open there";

/// Show transactional ids in full, or the producers of partitions.
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES)]
pub struct Describe {
    /// Transactional ids
    #[arg(required_unless_present = "topic", value_parser = NonEmptyStringValueParser::new())]
    pub ids: Vec<String>,
    /// The producers of this topic instead; may be repeated
    #[arg(short, long, value_name = "TOPIC[:0,1]", conflicts_with = "ids")]
    pub topic: Vec<TopicSlice>,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub broker: Broker,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub output: OutputArg,
}

/// The transactional ids, in the order named.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Transactions {
    transactions: Vec<Description>,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
struct Description {
    transactional_id: String,
    state: String,
    coordinator: i32,
    producer_id: i64,
    producer_epoch: i16,
    timeout_ms: i32,
    started: Option<String>,
    /// For how long the transaction is open.
    open_ms: Option<i64>,
    partitions: Vec<String>,
}

/// The producers, by partition and id.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Producers {
    producers: Vec<Row>,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
struct Row {
    topic: String,
    partition: i32,
    producer_id: i64,
    epoch: i32,
    last_sequence: Option<i32>,
    last_written: String,
    coordinator_epoch: Option<i32>,
    /// Where its open transaction begins.
    open_from: Option<i64>,
}

/// What to show of transactional ids; `now` in milliseconds since 1970.
pub fn plan(found: Vec<Transaction>, now: i64) -> Transactions {
    let description = |it: Transaction| Description {
        transactional_id: it.id,
        state: it.state,
        coordinator: it.coordinator,
        producer_id: it.producer_id,
        producer_epoch: it.producer_epoch,
        timeout_ms: it.timeout_ms,
        started: it.started_ms.map(format_timestamp),
        open_ms: it.started_ms.map(|at| now.saturating_sub(at).max(0)),
        partitions: it
            .partitions
            .iter()
            .map(TopicPartition::to_string)
            .collect(),
    };
    Transactions {
        transactions: found.into_iter().map(description).collect(),
    }
}

/// What to show of partitions.
pub fn plan_producers(found: Vec<(TopicPartition, Vec<ActiveProducer>)>) -> Producers {
    let rows = found.into_iter().flat_map(|(place, producers)| {
        producers.into_iter().map(move |it| Row {
            topic: place.topic.clone(),
            partition: place.partition,
            producer_id: it.producer_id,
            epoch: it.epoch,
            last_sequence: Some(it.last_sequence).filter(|&sequence| sequence >= 0),
            last_written: format_timestamp(it.last_timestamp),
            coordinator_epoch: it.coordinator_epoch,
            open_from: it.open_from,
        })
    });
    Producers {
        producers: rows.collect(),
    }
}

/// Asks and shows.
pub async fn run(args: Describe) -> Result<(), CliError> {
    let mut client = args.broker.client();
    if args.topic.is_empty() {
        let mut found = Vec::new();
        for id in &args.ids {
            found.push(client.describe_transaction(id).await?);
        }
        return print(&plan(found, time::wall_ms()), args.output.output);
    }
    let topics: Vec<&str> = args.topic.iter().map(|it| it.topic.as_str()).collect();
    let cluster = client.metadata(Some(&topics), false).await?;
    let mut found = Vec::new();
    for place in named(&args.topic, &cluster)? {
        let producers = client.producers(&place).await?;
        found.push((place, producers));
    }
    print(&plan_producers(found), args.output.output)
}

impl Render for Transactions {
    fn table(&self) -> String {
        self.transactions
            .iter()
            .map(Description::text)
            .collect::<Vec<_>>()
            .join("\n")
    }
}

impl Description {
    fn text(&self) -> String {
        let millis = |millis: i64| number::span(Duration::from_millis(millis.unsigned_abs()));
        let open = match (&self.started, self.open_ms) {
            (Some(started), Some(open)) => format!("open for {}, since {started}", millis(open)),
            _ => "none open".to_owned(),
        };
        let partitions = match self.partitions.is_empty() {
            true => "-".to_owned(),
            false => self.partitions.join(" "),
        };
        format!(
            "{}: {}\n  producer     {}, epoch {}\n  coordinator  {}\n  timeout      {}\n  transaction  {open}\n  partitions   {partitions}\n",
            self.transactional_id,
            self.state,
            self.producer_id,
            self.producer_epoch,
            self.coordinator,
            millis(i64::from(self.timeout_ms)),
        )
    }
}

impl Render for Producers {
    fn table(&self) -> String {
        if self.producers.is_empty() {
            return "no producers\n".to_owned();
        }
        let number = |value: Option<i64>| value.map_or("-".to_owned(), |value| value.to_string());
        let mut table = Table::new(&[
            "TOPIC",
            "PARTITION",
            "PRODUCER ID",
            "EPOCH",
            "LAST SEQUENCE",
            "LAST WRITTEN",
            "COORDINATOR EPOCH",
            "OPEN FROM",
        ]);
        for row in &self.producers {
            table.row([
                row.topic.clone(),
                row.partition.to_string(),
                row.producer_id.to_string(),
                row.epoch.to_string(),
                number(row.last_sequence.map(i64::from)),
                row.last_written.clone(),
                number(row.coordinator_epoch.map(i64::from)),
                number(row.open_from),
            ]);
        }
        table.to_string()
    }
}
