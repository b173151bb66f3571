//! `ottla group delete`.

use clap::Args;
use clap::builder::NonEmptyStringValueParser;
use ottla_protocol::error_code::ErrorCode;
use serde::Serialize;

use super::named;
use crate::args::values::TopicSlice;
use crate::args::{Broker, OutputArg};
use crate::client::Client;
use crate::client::error::ClientError;
use crate::client::group::GroupType;
use crate::client::group::describe::GroupView;
use crate::client::view::TopicPartition;
use crate::commands::confirm::confirm;
use crate::exit::CliError;
use crate::render::{Render, number, print};

const EXAMPLES: &str = "\
Examples:
  ottla group delete billing                    the group with all it has committed
  ottla group delete billing --topic orders:3   only the offset of this partition";

/// Delete groups that have no members, or their offsets in some topics.
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES)]
pub struct Delete {
    /// Names of the groups
    #[arg(required = true, value_parser = NonEmptyStringValueParser::new())]
    pub names: Vec<String>,
    /// Delete only the offsets in this topic, which no member may read; may be repeated
    #[arg(short, long, value_name = "TOPIC[:0,1]")]
    pub topic: Vec<TopicSlice>,
    /// Take a group that is not there for done
    #[arg(long)]
    pub if_exists: bool,
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

/// A group as it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    pub(super) group: GroupView,
    /// What it has committed.
    pub(super) committed: Vec<TopicPartition>,
}

/// What is to be deleted.
#[derive(Debug, PartialEq, Eq)]
pub struct Plan {
    /// In the order named, each once.
    pub(super) groups: Vec<String>,
    /// Only these offsets; None for the groups as a whole.
    pub(super) offsets: Option<Vec<TopicPartition>>,
    pub(super) question: String,
}

/// What is gone, or would be.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Outcome {
    dry_run: bool,
    deleted: Vec<String>,
    /// `topic/partition` of the offsets; null when whole groups were deleted.
    offsets: Option<Vec<String>>,
}

/// Decides about whole groups.
pub fn plan(found: &[Found]) -> Result<Plan, CliError> {
    let mut groups: Vec<String> = Vec::new();
    let mut offsets = 0;
    for Found { group, committed } in found {
        let name = &group.name;
        if groups.contains(name) {
            continue;
        }
        if !group.is_empty() {
            let members = number::count(group.members.len() as u64, "member");
            return Err(CliError::refused(format!(
                "group {name:?} is {} and has {members}: only an empty group can be deleted",
                group.state
            ))
            .next(format!(
                "stop its members (ottla group describe {name} shows them), or wait until their sessions have ended"
            )));
        }
        groups.push(name.clone());
        offsets += committed.len();
    }
    let noun = if groups.len() == 1 { "group" } else { "groups" };
    let count = number::count(offsets as u64, "committed offset");
    let question = format!("Delete {noun} {} with {count}?", groups.join(", "));
    Ok(Plan {
        groups,
        offsets: None,
        question,
    })
}

/// Decides about offsets of one group: those that are named and that it has.
pub fn plan_offsets(found: &Found, named: &[TopicPartition]) -> Result<Plan, CliError> {
    let name = &found.group.name;
    let committed = |place: &&TopicPartition| found.committed.contains(place);
    let offsets: Vec<TopicPartition> = named.iter().filter(committed).cloned().collect();
    if offsets.is_empty() {
        return Err(
            CliError::refused(format!("group {name:?} has committed nothing there"))
                .next(format!("ottla group lag {name} shows its offsets")),
        );
    }
    let places: Vec<String> = offsets.iter().map(TopicPartition::to_string).collect();
    let question = format!(
        "Delete the offsets of group {name} in {}?",
        places.join(", ")
    );
    Ok(Plan {
        groups: vec![name.clone()],
        offsets: Some(offsets),
        question,
    })
}

/// Looks, plans, asks, sends.
pub async fn run(args: Delete) -> Result<(), CliError> {
    let mut client = args.broker.client();
    if !args.topic.is_empty() && args.names.len() > 1 {
        return Err(CliError::usage("--topic goes with one group").next("name one group at a time"));
    }
    let found = look(&mut client, &args).await?;
    let plan = match found.first() {
        Some(found) if !args.topic.is_empty() => {
            let is_part = args.topic.iter().any(|it| it.partitions.is_some());
            if is_part && found.group.kind == GroupType::Share {
                return Err(CliError::usage(
                    "a share group forgets whole topics, not single partitions",
                )
                .next("name the topic alone"));
            }
            let topics: Vec<&str> = args.topic.iter().map(|it| it.topic.as_str()).collect();
            let cluster = client.metadata(Some(&topics), false).await?;
            plan_offsets(found, &named(&args.topic, &cluster)?)?
        }
        _ => plan(&found)?,
    };
    if args.dry_run {
        return print(
            &outcome(&plan, plan.groups.clone(), true),
            args.output.output,
        );
    }
    let mut deleted = Vec::new();
    let mut failure = None;
    if !plan.groups.is_empty() {
        confirm(&plan.question, args.yes)?;
    }
    for name in &plan.groups {
        let shares = found
            .iter()
            .any(|it| it.group.name == *name && it.group.kind == GroupType::Share);
        match delete(&mut client, name, shares, plan.offsets.as_deref()).await {
            Ok(()) => deleted.push(name.clone()),
            Err(error) => failure = failure.or(Some(error)),
        }
    }
    print(&outcome(&plan, deleted, false), args.output.output)?;
    failure.map_or(Ok(()), |error| Err(error.into()))
}

async fn look(client: &mut Client, args: &Delete) -> Result<Vec<Found>, ClientError> {
    let mut found = Vec::new();
    for name in &args.names {
        let group = match client.describe_group(name).await {
            Ok(group) => group,
            Err(error) if args.if_exists && error.code() == Some(ErrorCode::GROUP_ID_NOT_FOUND) => {
                continue;
            }
            Err(error) => return Err(error),
        };
        let committed = match group.kind {
            GroupType::Share => client.reached(name).await?.into_keys().collect(),
            _ => client.committed(name, false).await?.into_keys().collect(),
        };
        found.push(Found { group, committed });
    }
    Ok(found)
}

async fn delete(
    client: &mut Client,
    name: &str,
    shares: bool,
    offsets: Option<&[TopicPartition]>,
) -> Result<(), ClientError> {
    let Some(offsets) = offsets else {
        return client.delete_group(name).await;
    };
    if shares {
        let topics = offsets.iter().map(|place| place.topic.as_str()).collect();
        return client.forget_starts(name, &topics).await;
    }
    let said = client.delete_offsets(name, offsets).await?;
    said.into_iter().try_for_each(|(_, result)| result)
}

fn outcome(plan: &Plan, deleted: Vec<String>, dry_run: bool) -> Outcome {
    let offsets = plan.offsets.as_ref();
    Outcome {
        dry_run,
        deleted,
        offsets: offsets.map(|places| places.iter().map(TopicPartition::to_string).collect()),
    }
}

impl Render for Outcome {
    fn table(&self) -> String {
        if self.deleted.is_empty() {
            return "nothing deleted\n".to_owned();
        }
        let verb = if self.dry_run { "to delete" } else { "deleted" };
        let note = if self.dry_run {
            " (not done: --dry-run)"
        } else {
            ""
        };
        let groups = self.deleted.join(", ");
        match &self.offsets {
            Some(places) => format!(
                "{verb}: offsets of {groups} in {}{note}\n",
                places.join(", ")
            ),
            None => format!("{verb}: {groups}{note}\n"),
        }
    }
}
