//! `ottla topic delete`.

use clap::Args;
use serde::Serialize;

use crate::args::values::TopicName;
use crate::args::{Broker, OutputArg};
use crate::client::view::ClusterView;
use crate::commands::confirm::confirm;
use crate::exit::CliError;
use crate::render::{Render, print};

/// Delete topics with all their records.
#[derive(Debug, Clone, Args)]
pub struct Delete {
    /// Names of the topics
    #[arg(required = true)]
    pub names: Vec<TopicName>,
    /// Do not ask
    #[arg(short, long)]
    pub yes: bool,
    /// Take a topic that is not there for done
    #[arg(long)]
    pub if_exists: bool,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub broker: Broker,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub output: OutputArg,
}

/// What is to be deleted.
#[derive(Debug, PartialEq, Eq)]
pub struct Plan {
    /// Each name once, in the order typed.
    topics: Vec<String>,
    question: String,
}

/// What is gone.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Outcome {
    deleted: Vec<String>,
}

/// Decides, knowing what the cluster has.
pub fn plan(args: &Delete, cluster: &ClusterView) -> Result<Plan, CliError> {
    let mut topics: Vec<String> = Vec::new();
    let mut partitions = 0;
    for name in args.names.iter().map(TopicName::as_str) {
        match cluster.topic(name) {
            Ok(_) if topics.iter().any(|topic| topic == name) => {}
            Ok(topic) => {
                topics.push(name.to_owned());
                partitions += topic.partitions.len();
            }
            Err(_) if args.if_exists => {}
            Err(error) => return Err(error.into()),
        }
    }
    let noun = if topics.len() == 1 { "topic" } else { "topics" };
    let of = if partitions == 1 {
        "1 partition".to_owned()
    } else {
        format!("{partitions} partitions")
    };
    let question = format!(
        "Delete {noun} {} and all records in {of}?",
        topics.join(", ")
    );
    Ok(Plan { topics, question })
}

/// Looks, plans, asks, sends.
pub async fn run(args: Delete) -> Result<(), CliError> {
    let mut client = args.broker.client();
    let names: Vec<&str> = args.names.iter().map(TopicName::as_str).collect();
    let plan = plan(&args, &client.metadata(Some(&names), false).await?)?;
    let mut deleted = Vec::new();
    let mut failure = None;
    if !plan.topics.is_empty() {
        confirm(&plan.question, args.yes)?;
        let names: Vec<&str> = plan.topics.iter().map(String::as_str).collect();
        for (name, result) in client.delete_topics(&names).await? {
            match result {
                Ok(()) => deleted.push(name),
                Err(error) => failure = failure.or(Some(error)),
            }
        }
    }
    print(&Outcome { deleted }, args.output.output)?;
    failure.map_or(Ok(()), |error| Err(error.into()))
}

impl Render for Outcome {
    fn table(&self) -> String {
        if self.deleted.is_empty() {
            return "nothing deleted\n".to_owned();
        }
        format!("deleted: {}\n", self.deleted.join(", "))
    }
}
