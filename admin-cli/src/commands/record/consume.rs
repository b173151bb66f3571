//! `ottla consume`.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::ops::ControlFlow;
use std::time::Duration;

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, ValueEnum};

use super::as_member;
use crate::args::Broker;
use crate::args::values::{StartAt, TopicName};
use crate::client::consumer::{Consumer, Jump};
use crate::client::offsets::At;
use crate::client::view::TopicView;
use crate::client::{Client, Missing};
use crate::exit::CliError;
use crate::render::record::{self, Columns, Format, Received};
use crate::render::written;

const EXAMPLES: &str = "\
Examples:
  ottla consume orders                          what is there, oldest first
  ottla consume orders --follow --from end      what comes from now on
  ottla consume orders -p 3 --from 1000 -n 10   ten records of partition 3
  ottla consume orders --from 2026-11-21T10:00:00Z --format json
  ottla consume orders --keys --offsets
  ottla consume orders --group billing --follow   share the partitions with the group's other members
  ottla consume orders --format '%p %o %D %k %v\\n'

Places of a template: %t topic, %p partition, %o offset, %T timestamp (ms), %D date, %k key,
%v value, %h headers, %K and %V lengths of key and value (-1 for null), %% a percent sign.";

/// How long a broker holds an empty answer.
pub(super) const MAX_WAIT: Duration = Duration::from_millis(500);

/// Output is gathered up to this size, and written when an answer is used up.
const OUT_BYTES: usize = 256 << 10;

/// Write the records of a topic to stdout.
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES)]
pub struct Consume {
    /// Topic to read
    pub topic: TopicName,
    /// Only these partitions; with commas, or repeated [default: all]
    #[arg(short, long, value_name = "N", value_delimiter = ',', value_parser = clap::value_parser!(i32).range(0..))]
    pub partition: Vec<i32>,
    /// Read as a member of this group: go on where it has committed, and commit what was written out
    #[arg(short, long, value_name = "NAME", conflicts_with = "partition", value_parser = NonEmptyStringValueParser::new())]
    pub group: Option<String>,
    /// The group's protocol: classic, or consumer (KIP-848)
    #[arg(long, value_enum, default_value_t = Protocol::Classic, requires = "group")]
    pub protocol: Protocol,
    /// Where to begin: beginning, end, an offset, or a time (2026-11-21T10:00:00Z, @MILLISECONDS);
    /// with --group, where the group has committed nothing
    #[arg(long, value_name = "WHERE", default_value = "beginning")]
    pub from: StartAt,
    /// Stop after this many records
    #[arg(short = 'n', long, value_name = "N")]
    pub count: Option<u64>,
    /// Go on when the end is reached; so it is with --from end
    #[arg(short, long, conflicts_with = "exit_at_end")]
    pub follow: bool,
    /// Stop at what was the end when the command began; so it is unless --from end
    #[arg(short, long)]
    pub exit_at_end: bool,
    /// Leave out what aborted and open transactions wrote
    #[arg(long)]
    pub read_committed: bool,
    /// text, json (an object per line), raw (values alone), or a template
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub format: Format,
    /// Put the key before the value (text)
    #[arg(short, long)]
    pub keys: bool,
    /// Put the headers before the value (text)
    #[arg(short = 'H', long)]
    pub headers: bool,
    /// Put partition:offset before the value (text)
    #[arg(short, long)]
    pub offsets: bool,
    /// Put the time before the value (text)
    #[arg(short = 'T', long)]
    pub timestamps: bool,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub broker: Broker,
}

/// How the members of a group come to their partitions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Protocol {
    /// The members assign them
    Classic,
    /// The broker assigns them
    Consumer,
}

impl Consume {
    /// Where a partition ends for this reader.
    pub(super) fn end(&self) -> At {
        match self.read_committed {
            true => At::StableEnd,
            false => At::End,
        }
    }
}

/// What is to be read.
#[derive(Debug, PartialEq, Eq)]
pub struct Plan {
    pub(super) partitions: Vec<i32>,
    pub(super) stop_at_end: bool,
}

/// Decides, knowing the topic.
pub fn plan(args: &Consume, topic: &TopicView) -> Result<Plan, CliError> {
    let have: Vec<i32> = topic
        .partitions
        .iter()
        .map(|partition| partition.index)
        .collect();
    if let Some(missing) = args.partition.iter().find(|wanted| !have.contains(wanted)) {
        let count = have.len();
        return Err(CliError::refused(format!(
            "topic {:?} has no partition {missing}: it has {count}, from 0 on",
            topic.name
        ))
        .next(format!("ottla topic describe {} shows them", topic.name)));
    }
    let mut partitions = if args.partition.is_empty() {
        have
    } else {
        args.partition.clone()
    };
    partitions.sort_unstable();
    partitions.dedup();
    let stop_at_end = args.exit_at_end || !args.follow && args.from != StartAt::End;
    Ok(Plan {
        partitions,
        stop_at_end,
    })
}

/// Looks, plans, reads and writes.
pub async fn run(args: Consume) -> Result<(), CliError> {
    if let Some(group) = args.group.clone() {
        return as_member::run(args, &group).await;
    }
    let mut client = args.broker.client();
    let topic = client.topic(args.topic.as_str(), Missing::Fail).await?;
    let plan = plan(&args, &topic)?;
    let ends = client
        .offsets(&topic.name, &plan.partitions, args.end())
        .await?;
    let positions = positions(&args, &plan, &ends, &mut client, &topic).await?;
    let ends = if plan.stop_at_end {
        ends
    } else {
        BTreeMap::new()
    };
    let mut consumer =
        Consumer::new(client, topic, positions, ends, MAX_WAIT).read_committed(args.read_committed);
    let mut sink = Sink::new(&args);
    while !consumer.is_done() && !sink.is_full() {
        let jumps = consumer.poll(&mut |record| sink.take(record)).await;
        sink.flush()?;
        tell(args.topic.as_str(), &jumps?);
    }
    Ok(())
}

/// Tells which records were deleted before they could be read.
pub(super) fn tell(topic: &str, jumps: &[Jump]) {
    for Jump {
        partition,
        from,
        to,
    } in jumps
    {
        eprintln!(
            "note: {topic}/{partition}: offsets {from} to {} are deleted; going on at {to}",
            to - 1
        );
    }
}

/// The first offset of each partition.
pub(super) async fn positions(
    args: &Consume,
    plan: &Plan,
    ends: &BTreeMap<i32, i64>,
    client: &mut Client,
    topic: &TopicView,
) -> Result<BTreeMap<i32, i64>, CliError> {
    match args.from {
        StartAt::End => Ok(ends.clone()),
        StartAt::Beginning => Ok(client
            .offsets(&topic.name, &plan.partitions, At::Beginning)
            .await?),
        StartAt::Timestamp(millis) => {
            let mut found = client
                .offsets(&topic.name, &plan.partitions, At::Timestamp(millis))
                .await?;
            // Nothing that young yet: what comes next is.
            for (partition, offset) in &mut found {
                if *offset < 0 {
                    *offset = ends.get(partition).copied().unwrap_or(0);
                }
            }
            Ok(found)
        }
        StartAt::Offset(offset) => {
            check_offset(offset, plan, ends, &topic.name)?;
            // A partition that is shorter has nothing before its end that was asked for.
            Ok(ends
                .iter()
                .map(|(&partition, &end)| (partition, offset.min(end)))
                .collect())
        }
    }
}

/// Refuses an offset beyond the end of every partition asked for: nothing would ever be read.
fn check_offset(
    offset: i64,
    plan: &Plan,
    ends: &BTreeMap<i32, i64>,
    topic: &str,
) -> Result<(), CliError> {
    let end = ends.values().copied().max().unwrap_or(0);
    if offset <= end || plan.partitions.is_empty() {
        return Ok(());
    }
    Err(CliError::refused(format!(
        "offset {offset} is beyond the end of {topic}, which is {end}"
    ))
    .next("--from end waits for what comes next"))
}

/// Formats records, and writes them in large pieces.
pub(super) struct Sink<'a> {
    args: &'a Consume,
    columns: Columns,
    out: Vec<u8>,
    seen: u64,
    result: io::Result<()>,
}

impl<'a> Sink<'a> {
    pub(super) fn new(args: &'a Consume) -> Sink<'a> {
        let columns = Columns {
            offsets: args.offsets,
            timestamps: args.timestamps,
            keys: args.keys,
            headers: args.headers,
        };
        Sink {
            args,
            columns,
            out: Vec::new(),
            seen: 0,
            result: Ok(()),
        }
    }

    pub(super) fn is_full(&self) -> bool {
        self.args.count.is_some_and(|count| self.seen >= count)
    }

    /// False once stdout takes no more: what was taken since may not have been written.
    pub(super) fn is_sound(&self) -> bool {
        self.result.is_ok()
    }

    pub(super) fn take(&mut self, record: &Received<'_>) -> ControlFlow<()> {
        if self.is_full() {
            return ControlFlow::Break(());
        }
        record::write(record, &self.args.format, self.columns, &mut self.out);
        self.seen += 1;
        if self.out.len() >= OUT_BYTES {
            self.write();
        }
        if self.is_full() || self.result.is_err() {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    }

    fn write(&mut self) {
        let mut stdout = io::stdout().lock();
        self.result = stdout.write_all(&self.out).and_then(|()| stdout.flush());
        self.out.clear();
    }

    /// Writes what is left.
    pub(super) fn drain(&mut self) {
        if self.result.is_ok() && !self.out.is_empty() {
            self.write();
        }
    }

    /// Writes what is left, and judges what was written.
    pub(super) fn flush(&mut self) -> Result<(), CliError> {
        self.drain();
        written(std::mem::replace(&mut self.result, Ok(())))
    }
}

#[cfg(test)]
mod tests;
