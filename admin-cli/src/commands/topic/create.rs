//! `ottla topic create`.

use clap::Args;
use ottla_protocol::error_code::ErrorCode;
use serde::Serialize;

use crate::args::values::{Pair, TopicName};
use crate::args::{Broker, OutputArg};
use crate::client::Missing;
use crate::client::view::ClusterView;
use crate::exit::CliError;
use crate::render::{Render, number, print};

const EXAMPLES: &str = "\
Examples:
  ottla topic create orders
  ottla topic create orders --partitions 12 --config retention.ms=604800000
  ottla topic create state --config cleanup.policy=compact --if-not-exists";

/// Create a topic and wait until every partition has a leader.
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES)]
pub struct Create {
    /// Name of the topic
    pub name: TopicName,
    /// How many partitions [default: the broker's num.partitions]
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(i32).range(1..))]
    pub partitions: Option<i32>,
    /// How many copies of each partition [default: the broker's default.replication.factor]
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(i16).range(1..))]
    pub replication_factor: Option<i16>,
    /// A setting of the topic; may be repeated
    #[arg(short, long, value_name = "KEY=VALUE")]
    pub config: Vec<Pair>,
    /// Take a topic that is there already for done
    #[arg(long)]
    pub if_not_exists: bool,
    /// Only check whether it could be created
    #[arg(long)]
    pub dry_run: bool,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub broker: Broker,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub output: OutputArg,
}

/// What is to be done.
#[derive(Debug, PartialEq, Eq)]
pub enum Plan {
    /// The topic is there, and that is all right.
    Nothing,
    /// Ask the broker for it.
    Create,
}

/// What became of it.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Outcome {
    topic: String,
    /// `created`, `exists` or `possible`.
    result: &'static str,
    id: Option<String>,
    partitions: Option<usize>,
    replication_factor: Option<usize>,
}

/// Decides, knowing what the cluster has.
pub fn plan(args: &Create, cluster: &ClusterView) -> Result<Plan, CliError> {
    let name = args.name.as_str();
    if cluster.topics.contains_key(name) {
        if args.if_not_exists {
            return Ok(Plan::Nothing);
        }
        return Err(
            CliError::refused(format!("topic {name:?} exists already")).next(format!(
                "ottla topic describe {name} shows it; --if-not-exists accepts it"
            )),
        );
    }
    let brokers = cluster.brokers.len();
    match args.replication_factor {
        Some(copies) if usize::from(copies.unsigned_abs()) > brokers => {
            let have = number::count(brokers as u64, "broker");
            Err(CliError::refused(format!(
                "{copies} copies need {copies} brokers, this cluster has {have}"
            ))
            .next("leave --replication-factor away, or start more brokers"))
        }
        _ => Ok(Plan::Create),
    }
}

/// Looks, plans, sends, waits.
pub async fn run(args: Create) -> Result<(), CliError> {
    let mut client = args.broker.client();
    let name = args.name.as_str();
    let mut outcome = Outcome {
        topic: name.to_owned(),
        result: "exists",
        id: None,
        partitions: None,
        replication_factor: None,
    };
    if plan(&args, &client.metadata(Some(&[name]), false).await?)? == Plan::Create {
        let (partitions, copies) = (
            args.partitions.unwrap_or(-1),
            args.replication_factor.unwrap_or(-1),
        );
        let configs: Vec<_> = args
            .config
            .iter()
            .map(|pair| (pair.key.clone(), pair.value.clone()))
            .collect();
        let created = client
            .create_topic(name, partitions, copies, &configs, args.dry_run)
            .await;
        match created {
            Ok(made) if args.dry_run => {
                outcome.result = "possible";
                outcome.partitions = usize::try_from(made.partitions).ok();
                outcome.replication_factor = usize::try_from(made.replication_factor).ok();
                return print(&outcome, args.output.output);
            }
            Ok(_) => outcome.result = "created",
            // Somebody else was faster.
            Err(error)
                if args.if_not_exists && error.code() == Some(ErrorCode::TOPIC_ALREADY_EXISTS) => {}
            Err(error) => return Err(error.into()),
        }
    }
    let topic = client.topic(name, Missing::Await).await?;
    outcome.id = (!topic.id.is_zero()).then(|| topic.id.to_string());
    outcome.partitions = Some(topic.partitions.len());
    outcome.replication_factor = Some(topic.replication_factor());
    print(&outcome, args.output.output)
}

impl Render for Outcome {
    fn table(&self) -> String {
        let done = match self.result {
            "possible" => "can be created",
            "exists" => "exists already",
            created => created,
        };
        let mut text = format!("topic {} {done}", self.topic);
        if let (Some(partitions), Some(copies)) = (self.partitions, self.replication_factor) {
            text += &format!(": {}", number::count(partitions as u64, "partition"));
            text += &if copies == 1 {
                ", 1 copy".to_owned()
            } else {
                format!(", {copies} copies")
            };
        }
        text + "\n"
    }
}
