//! `ottla topic alter`.

use std::collections::BTreeSet;

use clap::Args;
use serde::Serialize;

use crate::args::values::{Pair, TopicName};
use crate::args::{Broker, OutputArg};
use crate::client::view::ClusterView;
use crate::exit::CliError;
use crate::render::{Render, print};

const EXAMPLES: &str = "\
Examples:
  ottla topic alter orders --partitions 24
  ottla topic alter orders --config retention.ms=86400000 --delete-config segment.bytes";

/// Add partitions to a topic, set and unset its settings.
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES)]
pub struct Alter {
    /// Name of the topic
    pub name: TopicName,
    /// How many partitions it shall have; it can only grow, and keys move to other partitions
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(i32).range(1..))]
    pub partitions: Option<i32>,
    /// Set a setting; may be repeated
    #[arg(short, long, value_name = "KEY=VALUE")]
    pub config: Vec<Pair>,
    /// Take a setting back to the broker's; may be repeated
    #[arg(short, long, value_name = "KEY")]
    pub delete_config: Vec<String>,
    /// Only check whether it could be done
    #[arg(long)]
    pub dry_run: bool,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub broker: Broker,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub output: OutputArg,
}

/// What is to be done; settings go first, because they are all or nothing.
#[derive(Debug, PartialEq, Eq)]
pub struct Plan {
    set: Vec<(String, String)>,
    delete: Vec<String>,
    partitions: Option<i32>,
}

/// What was done.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Outcome {
    topic: String,
    dry_run: bool,
    partitions: Option<i32>,
    set: Vec<String>,
    deleted: Vec<String>,
}

/// Decides, knowing the topic as it is.
pub fn plan(args: &Alter, cluster: &ClusterView) -> Result<Plan, CliError> {
    let name = args.name.as_str();
    if args.partitions.is_none() && args.config.is_empty() && args.delete_config.is_empty() {
        return Err(CliError::usage("nothing to alter")
            .next("say --partitions, --config or --delete-config"));
    }
    let mut seen = BTreeSet::new();
    let keys = args
        .config
        .iter()
        .map(|pair| &pair.key)
        .chain(&args.delete_config);
    if let Some(twice) = keys.into_iter().find(|key| !seen.insert(*key)) {
        return Err(
            CliError::usage(format!("{twice:?} is named twice")).next("name each setting once")
        );
    }
    let topic = cluster.topic(name)?;
    let have = i32::try_from(topic.partitions.len()).unwrap_or(i32::MAX);
    if args.partitions.is_some_and(|wanted| wanted < have) {
        return Err(CliError::refused(format!(
            "topic {name:?} has {have} partitions, and a topic cannot shrink"
        ))
        .next("create another topic and copy the records"));
    }
    Ok(Plan {
        set: args
            .config
            .iter()
            .map(|pair| (pair.key.clone(), pair.value.clone()))
            .collect(),
        delete: args.delete_config.clone(),
        partitions: args.partitions.filter(|&wanted| wanted > have),
    })
}

/// Looks, plans, sends.
pub async fn run(args: Alter) -> Result<(), CliError> {
    let mut client = args.broker.client();
    let name = args.name.as_str();
    let plan = plan(&args, &client.metadata(Some(&[name]), false).await?)?;
    if !plan.set.is_empty() || !plan.delete.is_empty() {
        client
            .alter_topic(name, &plan.set, &plan.delete, args.dry_run)
            .await?;
    }
    if let Some(count) = plan.partitions {
        client.create_partitions(name, count, args.dry_run).await?;
    }
    print(&outcome(&args, plan), args.output.output)
}

fn outcome(args: &Alter, plan: Plan) -> Outcome {
    Outcome {
        topic: args.name.to_string(),
        dry_run: args.dry_run,
        partitions: plan.partitions,
        set: plan.set.into_iter().map(|(key, _)| key).collect(),
        deleted: plan.delete,
    }
}

impl Render for Outcome {
    fn table(&self) -> String {
        let mut done = Vec::new();
        if !self.set.is_empty() {
            done.push(format!("set {}", self.set.join(", ")));
        }
        if !self.deleted.is_empty() {
            done.push(format!("unset {}", self.deleted.join(", ")));
        }
        if let Some(count) = self.partitions {
            done.push(format!("now {count} partitions"));
        }
        let done = if done.is_empty() {
            "nothing to change".to_owned()
        } else {
            done.join("; ")
        };
        let note = if self.dry_run {
            " (not done: --dry-run)"
        } else {
            ""
        };
        format!("topic {}: {done}{note}\n", self.topic)
    }
}
