//! `ottla txn list`.

use std::time::Duration;

use clap::Args;
use serde::Serialize;

use crate::args::values;
use crate::args::{Broker, OutputArg};
use crate::client::transactions::ListedTransaction;
use crate::exit::CliError;
use crate::render::table::Table;
use crate::render::{Render, print};

const EXAMPLES: &str = "\
Examples:
  ottla txn list
  ottla txn list --state Ongoing --longer-than 5m";

/// List the transactional ids.
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES)]
pub struct List {
    /// Only those in this state: Ongoing, PrepareCommit, CompleteAbort, ...; with commas, or repeated
    #[arg(long, value_name = "STATE", value_delimiter = ',')]
    pub state: Vec<String>,
    /// Only those whose transaction is open for longer than this
    #[arg(long, value_name = "TIME", value_parser = values::duration)]
    pub longer_than: Option<Duration>,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub broker: Broker,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub output: OutputArg,
}

/// The ids, in order.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Outcome {
    transactions: Vec<Row>,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
struct Row {
    transactional_id: String,
    state: String,
    producer_id: i64,
    coordinator: i32,
}

/// The rows to show.
pub fn plan(found: Vec<ListedTransaction>) -> Outcome {
    let row = |it: ListedTransaction| Row {
        transactional_id: it.id,
        state: it.state,
        producer_id: it.producer_id,
        coordinator: it.coordinator,
    };
    Outcome {
        transactions: found.into_iter().map(row).collect(),
    }
}

/// Asks and shows.
pub async fn run(args: List) -> Result<(), CliError> {
    let mut client = args.broker.client();
    let found = client
        .list_transactions(&args.state, args.longer_than)
        .await?;
    print(&plan(found), args.output.output)
}

impl Render for Outcome {
    fn table(&self) -> String {
        if self.transactions.is_empty() {
            return "no transactions\n".to_owned();
        }
        let mut table = Table::new(&["TRANSACTIONAL ID", "STATE", "PRODUCER ID", "COORDINATOR"]);
        for row in &self.transactions {
            table.row([
                row.transactional_id.clone(),
                row.state.clone(),
                row.producer_id.to_string(),
                row.coordinator.to_string(),
            ]);
        }
        table.to_string()
    }
}
