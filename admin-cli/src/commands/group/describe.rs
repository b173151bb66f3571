//! `ottla group describe`.

use std::fmt::Write as _;

use clap::Args;
use clap::builder::NonEmptyStringValueParser;
use serde::Serialize;

use crate::args::{Broker, OutputArg};
use crate::client::group::describe::{GroupView, MemberView};
use crate::client::group::embedded::Partitions;
use crate::exit::CliError;
use crate::render::table::Table;
use crate::render::{Render, number, print};

/// Show state, members and assignment of groups.
///
/// What they have committed, and how far they are behind, is shown by `ottla group lag`.
#[derive(Debug, Clone, Args)]
pub struct Describe {
    /// Names of the groups
    #[arg(required = true, value_parser = NonEmptyStringValueParser::new())]
    pub names: Vec<String>,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub broker: Broker,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub output: OutputArg,
}

/// The groups, in the order named.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Outcome {
    groups: Vec<Description>,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
struct Description {
    group: String,
    #[serde(rename = "type")]
    kind: &'static str,
    protocol_type: String,
    state: String,
    coordinator: i32,
    assignor: String,
    epoch: Option<i32>,
    assignment_epoch: Option<i32>,
    members: Vec<Row>,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
struct Row {
    member: String,
    instance: Option<String>,
    rack: Option<String>,
    client: String,
    host: String,
    epoch: Option<i32>,
    assigned: Partitions,
    /// What the broker wants it to have; null where the broker does not decide.
    target: Option<Partitions>,
    /// The tasks whose state it keeps a copy of; null but in a Streams group.
    standby: Option<Partitions>,
}

/// What to show of each group.
pub fn plan(groups: Vec<GroupView>) -> Outcome {
    let row = |member: MemberView| Row {
        member: member.id,
        instance: member.instance,
        rack: member.rack,
        client: member.client_id,
        host: member.host,
        epoch: member.epoch,
        assigned: member.assigned,
        target: member.target,
        standby: member.standby,
    };
    let description = |group: GroupView| Description {
        group: group.name,
        kind: group.kind.name(),
        protocol_type: group.protocol_type,
        state: group.state,
        coordinator: group.coordinator,
        assignor: group.assignor,
        epoch: group.epoch,
        assignment_epoch: group.assignment_epoch,
        members: group.members.into_iter().map(row).collect(),
    };
    Outcome {
        groups: groups.into_iter().map(description).collect(),
    }
}

/// Asks and shows.
pub async fn run(args: Describe) -> Result<(), CliError> {
    let mut client = args.broker.client();
    let mut groups = Vec::new();
    for name in &args.names {
        groups.push(client.describe_group(name).await?);
    }
    print(&plan(groups), args.output.output)
}

impl Render for Outcome {
    fn table(&self) -> String {
        self.groups
            .iter()
            .map(Description::table)
            .collect::<Vec<_>>()
            .join("\n")
    }
}

impl Description {
    fn table(&self) -> String {
        let members = number::count(self.members.len() as u64, "member");
        let mut text = format!(
            "{}: {} group, {}, {members}",
            self.group, self.kind, self.state
        );
        // Writing to a String cannot fail.
        if self.kind == "classic" && !matches!(self.protocol_type.as_str(), "consumer" | "") {
            let _ = write!(text, ", protocol {}", self.protocol_type);
        }
        if !self.assignor.is_empty() {
            let _ = write!(text, ", assignor {}", self.assignor);
        }
        if let (Some(epoch), Some(assigned)) = (self.epoch, self.assignment_epoch) {
            let _ = write!(text, ", epoch {epoch} (assignment {assigned})");
        }
        let _ = writeln!(text, ", coordinator {}", self.coordinator);
        if self.members.is_empty() {
            return text;
        }
        let mut table = Table::new(&["MEMBER", "CLIENT", "HOST", "EPOCH", "PARTITIONS"]);
        for row in &self.members {
            table.row([
                row.instance.as_ref().map_or(row.member.clone(), |name| {
                    format!("{} ({name})", row.member)
                }),
                row.client.clone(),
                row.host.clone(),
                row.epoch.map_or("-".to_owned(), |epoch| epoch.to_string()),
                row.partitions(),
            ]);
        }
        text + &table.to_string()
    }
}

impl Row {
    fn partitions(&self) -> String {
        let mut has = listed(&self.assigned);
        if let Some(standby) = self.standby.as_ref().filter(|tasks| !tasks.is_empty()) {
            // Writing to a String cannot fail.
            let _ = write!(has, " (standby: {})", listed(standby));
        }
        match &self.target {
            Some(target) if *target != self.assigned => {
                format!("{has} (to be: {})", listed(target))
            }
            _ => has,
        }
    }
}

/// `orders:0,1 users:2`; `-` for none.
fn listed(partitions: &Partitions) -> String {
    let topics = partitions.iter().filter(|(_, indexes)| !indexes.is_empty());
    let each = topics.map(|(topic, indexes)| {
        let indexes: Vec<String> = indexes.iter().map(i32::to_string).collect();
        format!("{topic}:{}", indexes.join(","))
    });
    let text = each.collect::<Vec<_>>().join(" ");
    if text.is_empty() {
        "-".to_owned()
    } else {
        text
    }
}
