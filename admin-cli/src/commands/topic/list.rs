//! `ottla topic list`.

use clap::Args;
use serde::Serialize;

use crate::args::{Broker, OutputArg};
use crate::client::view::ClusterView;
use crate::exit::CliError;
use crate::render::table::Table;
use crate::render::{Render, print};

/// List the topics.
#[derive(Debug, Clone, Args)]
pub struct List {
    /// Show the broker's own topics too
    #[arg(long)]
    pub internal: bool,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub broker: Broker,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub output: OutputArg,
}

/// The topics, by name.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Outcome {
    topics: Vec<Row>,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
struct Row {
    name: String,
    id: String,
    partitions: usize,
    replication_factor: usize,
    internal: bool,
}

/// The rows to show.
pub fn plan(args: &List, cluster: &ClusterView) -> Outcome {
    let shown = cluster
        .topics
        .values()
        .filter(|topic| args.internal || !topic.internal);
    let row = shown.map(|topic| Row {
        name: topic.name.clone(),
        id: topic.id.to_string(),
        partitions: topic.partitions.len(),
        replication_factor: topic.replication_factor(),
        internal: topic.internal,
    });
    Outcome {
        topics: row.collect(),
    }
}

/// Asks and shows.
pub async fn run(args: List) -> Result<(), CliError> {
    let cluster = args.broker.client().metadata(None, false).await?;
    print(&plan(&args, &cluster), args.output.output)
}

impl Render for Outcome {
    fn table(&self) -> String {
        if self.topics.is_empty() {
            return "no topics\n".to_owned();
        }
        let mut table = Table::new(&["NAME", "PARTITIONS", "COPIES", "ID"]);
        for row in &self.topics {
            table.row([
                row.name.clone(),
                row.partitions.to_string(),
                row.replication_factor.to_string(),
                row.id.clone(),
            ]);
        }
        table.to_string()
    }
}
