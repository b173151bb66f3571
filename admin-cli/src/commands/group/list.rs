//! `ottla group list`.

use clap::Args;
use serde::Serialize;

use crate::args::{Broker, OutputArg};
use crate::client::group::list::ListedGroup;
use crate::exit::CliError;
use crate::render::table::Table;
use crate::render::{Render, print};

/// List the groups of every type.
#[derive(Debug, Clone, Args)]
pub struct List {
    /// Only groups of this type: classic, consumer, share, streams; with commas, or repeated
    #[arg(long = "type", value_name = "TYPE", value_delimiter = ',', ignore_case = true,
          value_parser = ["classic", "consumer", "share", "streams"])]
    pub kind: Vec<String>,
    /// Only groups in this state, as stable or empty; with commas, or repeated
    #[arg(long, value_name = "STATE", value_delimiter = ',')]
    pub state: Vec<String>,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub broker: Broker,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub output: OutputArg,
}

/// The groups, by name.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Outcome {
    groups: Vec<Row>,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
struct Row {
    group: String,
    #[serde(rename = "type")]
    kind: String,
    protocol_type: String,
    state: String,
    coordinator: i32,
}

/// The rows to show.
pub fn plan(args: &List, groups: Vec<ListedGroup>) -> Outcome {
    let among = |wanted: &[String], is: &str| {
        wanted.is_empty() || wanted.iter().any(|wanted| wanted.eq_ignore_ascii_case(is))
    };
    let shown = groups
        .into_iter()
        .filter(|group| among(&args.kind, &group.kind) && among(&args.state, &group.state));
    let row = shown.map(|group| Row {
        group: group.name,
        kind: group.kind,
        protocol_type: group.protocol_type,
        state: group.state,
        coordinator: group.coordinator,
    });
    Outcome {
        groups: row.collect(),
    }
}

/// Asks and shows.
pub async fn run(args: List) -> Result<(), CliError> {
    let groups = args.broker.client().list_groups().await?;
    print(&plan(&args, groups), args.output.output)
}

impl Render for Outcome {
    fn table(&self) -> String {
        if self.groups.is_empty() {
            return "no groups\n".to_owned();
        }
        let or_dash = |text: &str| if text.is_empty() { "-" } else { text }.to_owned();
        let mut table = Table::new(&["GROUP", "TYPE", "PROTOCOL", "STATE", "COORDINATOR"]);
        for row in &self.groups {
            table.row([
                row.group.clone(),
                or_dash(&row.kind),
                or_dash(&row.protocol_type),
                or_dash(&row.state),
                row.coordinator.to_string(),
            ]);
        }
        table.to_string()
    }
}
