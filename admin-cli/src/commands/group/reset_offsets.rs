//! `ottla group reset-offsets`.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use clap::Args;
use clap::builder::NonEmptyStringValueParser;
use ottla_protocol::error_code::ErrorCode;
use ottla_runtime::time;
use serde::Serialize;

use super::named;
use crate::args::values::{self, TopicSlice};
use crate::args::{Broker, OutputArg};
use crate::client::Client;
use crate::client::error::ClientError;
use crate::client::group::GroupType;
use crate::client::group::describe::GroupView;
use crate::client::group::offsets::Identity;
use crate::client::offsets::At;
use crate::client::view::TopicPartition;
use crate::commands::confirm::confirm;
use crate::exit::CliError;
use crate::render::table::Table;
use crate::render::{Render, number, print};

const EXAMPLES: &str = "\
Examples:
  ottla group reset-offsets billing --all-topics --to-earliest --dry-run
  ottla group reset-offsets billing --topic orders:0,1 --shift-by -100
  ottla group reset-offsets billing --topic orders --to-datetime 2026-11-21T10:00:00Z
  ottla group reset-offsets billing --topic orders --by-duration 36h --yes

The group must have no members. An offset outside of a partition is moved to its beginning or end.";

/// Move the offsets of a group that has no members.
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES)]
pub struct ResetOffsets {
    /// Name of the group; one that is not there yet is made
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    pub name: String,
    /// Topic, or some of its partitions; may be repeated
    #[arg(
        short,
        long,
        value_name = "TOPIC[:0,1]",
        required_unless_present = "all_topics"
    )]
    pub topic: Vec<TopicSlice>,
    /// Every partition that the group has committed
    #[arg(long, conflicts_with = "topic")]
    pub all_topics: bool,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub to: To,
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

/// Where the offsets go: exactly one of these.
#[derive(Debug, Clone, Args)]
#[group(required = true, multiple = false)]
pub struct To {
    /// To the oldest record kept
    #[arg(long)]
    pub to_earliest: bool,
    /// To the end
    #[arg(long)]
    pub to_latest: bool,
    /// To this offset
    #[arg(long, value_name = "OFFSET", value_parser = clap::value_parser!(i64).range(0..))]
    pub to_offset: Option<i64>,
    /// So many records on, or back when negative
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub shift_by: Option<i64>,
    /// To the first record that is not older than this: 36h, PT1H30M
    #[arg(long, value_name = "TIME", value_parser = values::long_duration)]
    pub by_duration: Option<Duration>,
    /// To the first record that is not older than this time: 2026-11-21T10:00:00Z, @MILLISECONDS
    #[arg(long, value_name = "TIME", value_parser = values::timestamp)]
    pub to_datetime: Option<i64>,
}

/// What a partition has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Range {
    begin: i64,
    end: i64,
    /// The first record of the time asked for; None when there is none that young, or no time was asked for.
    at_time: Option<i64>,
}

/// What is to be stored, or was.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Outcome {
    group: String,
    dry_run: bool,
    partitions: Vec<Row>,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
struct Row {
    topic: String,
    partition: i32,
    committed: Option<i64>,
    new: i64,
    /// Why it is not the offset that was asked for.
    note: Option<&'static str>,
}

/// Refuses a group whose offsets are not to be moved now; a group that is not there yet has none.
fn check_group(name: &str, group: Option<&GroupView>) -> Result<(), CliError> {
    let Some(group) = group else {
        return Ok(());
    };
    let consumers = match group.kind {
        GroupType::Classic => matches!(group.protocol_type.as_str(), "consumer" | ""),
        GroupType::Consumer | GroupType::Streams | GroupType::Share => true,
    };
    if !consumers {
        let what = &group.protocol_type;
        return Err(CliError::refused(format!(
            "group {name:?} is a {what:?} group, not one of consumers"
        ))
        .next("ottla group list shows the groups with their types"));
    }
    if group.is_empty() {
        return Ok(());
    }
    let members = number::count(group.members.len() as u64, "member");
    Err(CliError::refused(format!(
        "group {name:?} is {} and has {members}: its offsets can be moved only while it is empty",
        group.state
    ))
    .next(format!(
        "stop its members (ottla group describe {name} shows them), or wait until their sessions have ended"
    )))
}

/// The partitions that are meant.
fn scope(
    args: &ResetOffsets,
    committed: &BTreeMap<TopicPartition, i64>,
) -> Result<Vec<TopicSlice>, CliError> {
    if !args.all_topics {
        return Ok(args.topic.clone());
    }
    if committed.is_empty() {
        return Err(
            CliError::refused(format!("group {:?} has committed nothing", args.name))
                .next("name what to set: --topic TOPIC"),
        );
    }
    let slice = |place: &TopicPartition| match place.topic.parse() {
        Ok(topic) => Ok(TopicSlice {
            topic,
            partitions: Some(vec![place.partition]),
        }),
        Err(why) => Err(CliError::refused(format!("topic {:?}: {why}", place.topic))),
    };
    committed.keys().map(slice).collect()
}

/// Where each partition goes.
fn plan(
    args: &ResetOffsets,
    committed: &BTreeMap<TopicPartition, i64>,
    ranges: &BTreeMap<TopicPartition, Range>,
) -> Result<Outcome, CliError> {
    let mut partitions = Vec::new();
    for (place, range) in ranges {
        let committed = committed.get(place).copied();
        let (wanted, note) = wanted(&args.to, place, committed, *range)?;
        let (new, note) = match wanted {
            offset if offset > range.end => (range.end, Some("the end is before that")),
            offset if offset < range.begin => (range.begin, Some("the beginning is after that")),
            offset => (offset, note),
        };
        partitions.push(Row {
            topic: place.topic.clone(),
            partition: place.partition,
            committed,
            new,
            note,
        });
    }
    Ok(Outcome {
        group: args.name.clone(),
        dry_run: args.dry_run,
        partitions,
    })
}

/// The offset that was asked for, wherever it lies.
fn wanted(
    to: &To,
    place: &TopicPartition,
    committed: Option<i64>,
    range: Range,
) -> Result<(i64, Option<&'static str>), CliError> {
    if let Some(by) = to.shift_by {
        let from = committed.ok_or_else(|| {
            CliError::refused(format!("nothing is committed for {place}: there is nothing to shift"))
                .next("name only partitions with an offset (ottla group lag shows them), or say --to-offset")
        })?;
        return Ok((from.saturating_add(by), None));
    }
    Ok(match to {
        To {
            to_earliest: true, ..
        } => (range.begin, None),
        To {
            to_latest: true, ..
        } => (range.end, None),
        To {
            to_offset: Some(offset),
            ..
        } => (*offset, None),
        _ => match range.at_time {
            Some(offset) => (offset, None),
            None => (range.end, Some("no record is that young")),
        },
    })
}

/// Looks, plans, asks, sends.
pub async fn run(args: ResetOffsets) -> Result<(), CliError> {
    let mut client = args.broker.client();
    let name = &args.name;
    let group = match client.describe_group(name).await {
        Ok(group) => Some(group),
        Err(error) if error.code() == Some(ErrorCode::GROUP_ID_NOT_FOUND) => None,
        Err(error) => return Err(error.into()),
    };
    check_group(name, group.as_ref())?;
    let shares = group.is_some_and(|group| group.kind == GroupType::Share);
    let committed = match shares {
        true => {
            let reached = client.reached(name).await?.into_iter();
            reached.map(|(place, it)| (place, it.start)).collect()
        }
        false => client.committed(name, false).await?,
    };
    let slices = scope(&args, &committed)?;
    let topics: BTreeSet<&str> = slices.iter().map(|slice| slice.topic.as_str()).collect();
    let topics: Vec<&str> = topics.into_iter().collect();
    let cluster = client.metadata(Some(&topics), false).await?;
    let ranges = ranges(&mut client, &args.to, &named(&slices, &cluster)?).await?;
    let plan = plan(&args, &committed, &ranges)?;
    if !args.dry_run {
        if !args.yes {
            eprint!("{}", plan.table());
        }
        let count = number::count(plan.partitions.len() as u64, "offset");
        confirm(&format!("Set {count} of group {name}?"), args.yes)?;
        let offsets = plan.partitions.iter();
        let offsets = offsets.map(|row| (TopicPartition::new(&row.topic, row.partition), row.new));
        let offsets = offsets.collect();
        let stored = match shares {
            true => client.set_starts(name, &offsets).await,
            false => client.commit(name, &Identity::outside(), &offsets).await,
        };
        stored.map_err(|error| commit_error(name, error))?;
    }
    print(&plan, args.output.output)
}

/// Somebody may have joined since we looked.
fn commit_error(name: &str, error: ClientError) -> CliError {
    let code = error.code();
    let joined =
        code == Some(ErrorCode::UNKNOWN_MEMBER_ID) || code == Some(ErrorCode::NON_EMPTY_GROUP);
    let error = CliError::from(error);
    if joined {
        error.next(format!(
            "the group is in use by now: stop its members; ottla group describe {name} shows them"
        ))
    } else {
        error
    }
}

/// Beginning and end of each partition, and where the time asked for is in it.
async fn ranges(
    client: &mut Client,
    to: &To,
    places: &[TopicPartition],
) -> Result<BTreeMap<TopicPartition, Range>, ClientError> {
    let ago = |it: Duration| i64::try_from(it.as_millis()).unwrap_or(i64::MAX);
    let by_duration = to
        .by_duration
        .map(|it| time::wall_ms().saturating_sub(ago(it)).max(0));
    let at_time = to.to_datetime.or(by_duration);
    let mut topics: BTreeMap<&str, Vec<i32>> = BTreeMap::new();
    for place in places {
        topics
            .entry(&place.topic)
            .or_default()
            .push(place.partition);
    }
    let mut ranges = BTreeMap::new();
    for (topic, partitions) in topics {
        let begins = client.offsets(topic, &partitions, At::Beginning).await?;
        let ends = client.offsets(topic, &partitions, At::End).await?;
        let times = match at_time {
            Some(millis) => {
                client
                    .offsets(topic, &partitions, At::Timestamp(millis))
                    .await?
            }
            None => BTreeMap::new(),
        };
        for partition in partitions {
            let of = |offsets: &BTreeMap<i32, i64>| offsets.get(&partition).copied();
            let range = Range {
                begin: of(&begins).unwrap_or(0),
                end: of(&ends).unwrap_or(0),
                at_time: of(&times).filter(|&offset| offset >= 0),
            };
            ranges.insert(TopicPartition::new(topic, partition), range);
        }
    }
    Ok(ranges)
}

impl Render for Outcome {
    fn table(&self) -> String {
        let mut table = Table::new(&["TOPIC", "PARTITION", "COMMITTED", "NEW", "NOTE"]);
        for row in &self.partitions {
            table.row([
                row.topic.clone(),
                row.partition.to_string(),
                row.committed
                    .map_or("-".to_owned(), |offset| offset.to_string()),
                row.new.to_string(),
                row.note.unwrap_or_default().to_owned(),
            ]);
        }
        let note = if self.dry_run {
            "(not done: --dry-run)\n"
        } else {
            ""
        };
        format!("{table}{note}")
    }
}

#[cfg(test)]
mod tests;
