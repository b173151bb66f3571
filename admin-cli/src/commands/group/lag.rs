//! `ottla group lag`.

use std::collections::{BTreeMap, BTreeSet};

use clap::Args;
use clap::builder::NonEmptyStringValueParser;
use serde::Serialize;

use crate::args::{Broker, OutputArg};
use crate::client::Client;
use crate::client::error::ClientError;
use crate::client::group::GroupType;
use crate::client::group::describe::{GroupView, MemberView};
use crate::client::group::shared::Reached;
use crate::client::offsets::At;
use crate::client::view::TopicPartition;
use crate::exit::CliError;
use crate::render::table::Table;
use crate::render::{Render, number, print};

const EXAMPLES: &str = "\
Examples:
  ottla group lag billing
  ottla group lag --all --output json
  ottla group lag billing --read-committed     what an open transaction holds back does not count";

/// Show how far groups are behind, partition by partition.
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES)]
pub struct Lag {
    /// Names of the groups
    #[arg(required_unless_present = "all", value_parser = NonEmptyStringValueParser::new())]
    pub names: Vec<String>,
    /// Every group
    #[arg(long, conflicts_with = "names")]
    pub all: bool,
    /// Count up to the last stable offset, where readers of committed transactions must stop
    #[arg(long)]
    pub read_committed: bool,
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
    groups: Vec<GroupLag>,
}

/// How far one group is behind.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct GroupLag {
    group: String,
    #[serde(rename = "type")]
    kind: &'static str,
    state: String,
    members: usize,
    /// The sum over the partitions where it is known.
    lag: i64,
    partitions: Vec<Row>,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
struct Row {
    topic: String,
    partition: i32,
    committed: Option<i64>,
    end: Option<i64>,
    lag: Option<i64>,
    member: Option<String>,
    client: Option<String>,
    host: Option<String>,
}

/// A row for each partition that somebody has or that has been committed.
fn plan(
    group: &GroupView,
    reached: &BTreeMap<TopicPartition, Reached>,
    ends: &BTreeMap<TopicPartition, i64>,
) -> GroupLag {
    let owners = owners(group);
    let places: BTreeSet<&TopicPartition> = owners.keys().chain(reached.keys()).collect();
    let row = |place: &TopicPartition| {
        let reached = reached.get(place);
        let committed = reached.map(|it| it.start);
        let end = ends.get(place).copied();
        let owner = owners.get(place);
        // In a share group records beyond the first that is not done with may be.
        let lag = reached.and_then(|it| it.lag);
        Row {
            topic: place.topic.clone(),
            partition: place.partition,
            committed,
            end,
            lag: lag.or_else(|| Some(end? - committed?)),
            member: owner.map(|member| member.id.clone()),
            client: owner.map(|member| member.client_id.clone()),
            host: owner.map(|member| member.host.clone()),
        }
    };
    let partitions: Vec<Row> = places.into_iter().map(row).collect();
    GroupLag {
        group: group.name.clone(),
        kind: group.kind.name(),
        state: group.state.clone(),
        members: group.members.len(),
        lag: partitions.iter().filter_map(|row| row.lag).sum(),
        partitions,
    }
}

/// Who has which partition alone. Tasks of a Streams group are no partitions, and members of a share group share theirs.
fn owners(group: &GroupView) -> BTreeMap<TopicPartition, &MemberView> {
    let mut owners = BTreeMap::new();
    if matches!(group.kind, GroupType::Streams | GroupType::Share) {
        return owners;
    }
    for member in &group.members {
        for (topic, partitions) in &member.assigned {
            for &partition in partitions {
                owners.insert(TopicPartition::new(topic, partition), member);
            }
        }
    }
    owners
}

/// Asks and shows.
pub async fn run(args: Lag) -> Result<(), CliError> {
    let mut client = args.broker.client();
    let names = if args.all {
        let listed = client.list_groups().await?.into_iter();
        listed.map(|it| it.name).collect()
    } else {
        args.names.clone()
    };
    let at = if args.read_committed {
        At::StableEnd
    } else {
        At::End
    };
    let mut groups = Vec::new();
    for name in &names {
        let group = client.describe_group(name).await?;
        let reached = match group.kind {
            GroupType::Share => client.reached(name).await?,
            _ => committed(client.committed(name, false).await?),
        };
        let owners = owners(&group);
        let topics = owners
            .keys()
            .chain(reached.keys())
            .map(|it| it.topic.as_str());
        let ends = ends(&mut client, &topics.collect(), at).await?;
        groups.push(plan(&group, &reached, &ends));
    }
    print(&Outcome { groups }, args.output.output)
}

/// What was committed, of which the lag is counted here.
fn committed(offsets: BTreeMap<TopicPartition, i64>) -> BTreeMap<TopicPartition, Reached> {
    let reached = |(place, start)| (place, Reached { start, lag: None });
    offsets.into_iter().map(reached).collect()
}

/// Where each partition of these topics ends; a topic that is gone or has no leader is left out.
async fn ends(
    client: &mut Client,
    topics: &BTreeSet<&str>,
    at: At,
) -> Result<BTreeMap<TopicPartition, i64>, ClientError> {
    let names: Vec<&str> = topics.iter().copied().collect();
    let mut ends = BTreeMap::new();
    if names.is_empty() {
        return Ok(ends);
    }
    let cluster = client.metadata(Some(&names), false).await?;
    for topic in cluster.topics.values().filter(|topic| topic.is_led()) {
        let all: Vec<i32> = topic.partitions.iter().map(|it| it.index).collect();
        for (partition, end) in client.offsets(&topic.name, &all, at).await? {
            ends.insert(TopicPartition::new(&topic.name, partition), end);
        }
    }
    Ok(ends)
}

impl Render for Outcome {
    fn table(&self) -> String {
        if self.groups.is_empty() {
            return "no groups\n".to_owned();
        }
        self.groups
            .iter()
            .map(GroupLag::table)
            .collect::<Vec<_>>()
            .join("\n")
    }
}

impl GroupLag {
    fn table(&self) -> String {
        let members = number::count(self.members as u64, "member");
        let behind = number::count(self.lag.unsigned_abs(), "record");
        let sign = if self.lag < 0 { "-" } else { "" };
        let text = format!(
            "{}: {} group, {}, {members}, {sign}{behind} behind\n",
            self.group, self.kind, self.state
        );
        if self.partitions.is_empty() {
            return text;
        }
        let number = |value: Option<i64>| value.map_or("-".to_owned(), |value| value.to_string());
        let word = |value: &Option<String>| value.clone().unwrap_or_else(|| "-".to_owned());
        let mut table = Table::new(&[
            "TOPIC",
            "PARTITION",
            "COMMITTED",
            "END",
            "LAG",
            "MEMBER",
            "CLIENT",
            "HOST",
        ]);
        for row in &self.partitions {
            table.row([
                row.topic.clone(),
                row.partition.to_string(),
                number(row.committed),
                number(row.end),
                number(row.lag),
                word(&row.member),
                word(&row.client),
                word(&row.host),
            ]);
        }
        text + &table.to_string()
    }
}

#[cfg(test)]
mod tests;
