//! `ottla txn abort`.

use clap::Args;
use clap::builder::NonEmptyStringValueParser;
use serde::Serialize;

use crate::args::values::TopicSlice;
use crate::args::{Broker, OutputArg};
use crate::client::transactions::{self, ActiveProducer, Transaction};
use crate::client::view::TopicPartition;
use crate::commands::confirm::confirm;
use crate::commands::group::named;
use crate::exit::CliError;
use crate::render::{Render, print};

const EXAMPLES: &str = "\
Examples:
  ottla txn abort payments-1                          as a new producer with this id would: the old one is fenced
  ottla txn describe --topic orders:0                 where a transaction hangs, and from which offset
  ottla txn abort --topic orders:0 --start-offset 42  a marker into this one partition

A transaction hangs when its partition holds it open and no coordinator knows it any more: only then should a marker be
written past the coordinator.";

/// Abort the transaction of a transactional id, or one that hangs in a partition.
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES)]
pub struct Abort {
    /// Transactional id; its producer is fenced
    #[arg(required_unless_present = "topic", value_parser = NonEmptyStringValueParser::new())]
    pub id: Option<String>,
    /// Partition in which a transaction hangs
    #[arg(
        short,
        long,
        value_name = "TOPIC:N",
        conflicts_with = "id",
        requires = "whose"
    )]
    pub topic: Option<TopicSlice>,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub whose: Whose,
    /// Show what would be done, and do nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Do not ask
    #[arg(short, long)]
    pub yes: bool,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub broker: Broker,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub output: OutputArg,
}

/// Which transaction of the partition: one of these.
#[derive(Debug, Clone, Args)]
#[group(id = "whose", multiple = false)]
pub struct Whose {
    /// The one that begins at this offset
    #[arg(long, value_name = "OFFSET", requires = "topic", conflicts_with = "id", value_parser = clap::value_parser!(i64).range(0..))]
    pub start_offset: Option<i64>,
    /// The one of this producer
    #[arg(long, value_name = "ID", requires = "topic", conflicts_with = "id", value_parser = clap::value_parser!(i64).range(0..))]
    pub producer_id: Option<i64>,
}

/// What is to be aborted.
#[derive(Debug, PartialEq, Eq)]
pub enum Plan {
    /// Take the id away from its producer, after this question.
    Fence(Outcome, String),
    /// Write a marker, after this question.
    Marker(Outcome, String, transactions::Abort),
}

/// What is aborted, or would be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Outcome {
    dry_run: bool,
    transactional_id: Option<String>,
    producer_id: i64,
    producer_epoch: i64,
    /// `topic/partition`.
    partitions: Vec<String>,
    /// Where the transaction begins; null when its partitions were not asked.
    open_from: Option<i64>,
}

/// Decides about a transactional id.
pub fn plan_fence(args: &Abort, found: &Transaction) -> Result<Plan, CliError> {
    let (id, state) = (&found.id, &found.state);
    if state != "Ongoing" {
        return Err(CliError::refused(format!(
            "transactional id {id:?} has no open transaction: it is {state}"
        ))
        .next(format!("ottla txn describe {id} shows it")));
    }
    let outcome = Outcome {
        dry_run: args.dry_run,
        transactional_id: Some(id.clone()),
        producer_id: found.producer_id,
        producer_epoch: i64::from(found.producer_epoch),
        partitions: found
            .partitions
            .iter()
            .map(TopicPartition::to_string)
            .collect(),
        open_from: None,
    };
    let question = format!(
        "Abort the transaction of {id} in {} and fence producer {}?",
        outcome.partitions.join(", "),
        found.producer_id
    );
    Ok(Plan::Fence(outcome, question))
}

/// Decides about a partition.
pub fn plan_marker(
    args: &Abort,
    place: &TopicPartition,
    producers: &[ActiveProducer],
) -> Result<Plan, CliError> {
    let meant = |it: &&ActiveProducer| match args.whose.start_offset {
        Some(offset) => it.open_from == Some(offset),
        None => it.open_from.is_some() && Some(it.producer_id) == args.whose.producer_id,
    };
    let Some(found) = producers.iter().find(meant) else {
        let which = match (args.whose.start_offset, args.whose.producer_id) {
            (Some(offset), _) => format!(" that begins at offset {offset}"),
            (None, Some(id)) => format!(" of producer {id}"),
            (None, None) => String::new(),
        };
        return Err(
            CliError::refused(format!("{place} has no open transaction{which}")).next(format!(
                "ottla txn describe --topic {}:{} shows those that are open",
                place.topic, place.partition
            )),
        );
    };
    let abort = transactions::Abort {
        place: place.clone(),
        producer_id: found.producer_id,
        producer_epoch: i16::try_from(found.epoch).unwrap_or(i16::MAX),
        // Before a producer's first marker no epoch is known. 0 is not above that of any coordinator.
        coordinator_epoch: found.coordinator_epoch.unwrap_or(0),
    };
    let outcome = Outcome {
        dry_run: args.dry_run,
        transactional_id: None,
        producer_id: found.producer_id,
        producer_epoch: i64::from(found.epoch),
        partitions: vec![place.to_string()],
        open_from: found.open_from,
    };
    let question = format!(
        "Write an abort marker for producer {} (epoch {}) into {place}, past its coordinator?",
        found.producer_id, found.epoch
    );
    Ok(Plan::Marker(outcome, question, abort))
}

/// Looks, plans, asks, sends.
pub async fn run(args: Abort) -> Result<(), CliError> {
    let mut client = args.broker.client();
    let plan = match (&args.id, &args.topic) {
        (_, Some(slice)) => {
            let cluster = client
                .metadata(Some(&[slice.topic.as_str()]), false)
                .await?;
            let places = named(std::slice::from_ref(slice), &cluster)?;
            let [place] = &places[..] else {
                let count = places.len();
                return Err(CliError::usage(format!("--topic names {count} partitions"))
                    .next(format!("name one: --topic {}:0", slice.topic)));
            };
            plan_marker(&args, place, &client.producers(place).await?)?
        }
        (Some(id), None) => plan_fence(&args, &client.describe_transaction(id).await?)?,
        (None, None) => return Err(CliError::usage("no transaction is named")),
    };
    let (outcome, question) = match &plan {
        Plan::Fence(outcome, question) | Plan::Marker(outcome, question, _) => (outcome, question),
    };
    if !args.dry_run {
        confirm(question, args.yes)?;
        match &plan {
            Plan::Fence(..) => client.fence(args.id.as_deref().unwrap_or_default()).await?,
            Plan::Marker(_, _, abort) => client.write_abort(abort).await?,
        }
    }
    print(outcome, args.output.output)
}

impl Render for Outcome {
    fn table(&self) -> String {
        let verb = if self.dry_run { "to abort" } else { "aborted" };
        let note = if self.dry_run {
            " (not done: --dry-run)"
        } else {
            ""
        };
        let whose = match &self.transactional_id {
            Some(id) => format!("{id}, producer {}", self.producer_id),
            None => format!("producer {}", self.producer_id),
        };
        format!(
            "{verb}: transaction of {whose} (epoch {}) in {}{note}\n",
            self.producer_epoch,
            self.partitions.join(", ")
        )
    }
}
