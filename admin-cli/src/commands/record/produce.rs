//! `ottla produce`.

use std::collections::BTreeMap;
use std::io::{self, Read};

use clap::{Args, ValueEnum};
use ottla_protocol::record::Codec;
use serde::Serialize;

use super::lines::{self, Lines, Rules};
use crate::args::values::{Pair, TopicName};
use crate::args::{Broker, Output, OutputArg};
use crate::client::producer::{Acked, Outgoing, Producer, Settings};
use crate::exit::CliError;
use crate::render::{Render, number, print};

const EXAMPLES: &str = "\
Examples:
  echo 'hello' | ottla produce orders
  ottla produce orders --key-separator : < lines.txt
  ottla produce orders --header source=till --compression zstd < lines.txt
  ottla produce state --key-separator '\\t' --null NULL < changes.tsv

Each line is a record; each is confirmed before the command ends. Records with a key go to
the partition that Kafka's own clients choose.";

/// Records are read from the pipe in pieces of this size.
const READ_BYTES: usize = 64 << 10;

/// Large enough for throughput, far below the broker's default limit (1 MiB).
const BATCH_BYTES: usize = 256 << 10;

/// Send the lines of stdin as records.
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES)]
pub struct Produce {
    /// Topic to write to; a broker that allows it creates it
    pub topic: TopicName,
    /// What stands between key and value in a line (\t for a tab) [default: lines have no key]
    #[arg(short, long, value_name = "TEXT", value_parser = separator)]
    pub key_separator: Option<String>,
    /// A header for every record; may be repeated
    #[arg(short = 'H', long, value_name = "KEY=VALUE")]
    pub header: Vec<Pair>,
    /// Partition for every record [default: by key, else in turn]
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(i32).range(0..))]
    pub partition: Option<i32>,
    /// A key or value that is exactly this text is sent as null
    #[arg(long, value_name = "TEXT")]
    pub null: Option<String>,
    /// Who confirms a record
    #[arg(long, value_enum, default_value_t = Acks::All)]
    pub acks: Acks,
    /// How batches are compressed
    #[arg(short = 'z', long, value_enum, default_value_t = Compression::None)]
    pub compression: Compression,
    /// Let retries write a record twice; always so unless --acks is all
    #[arg(long)]
    pub no_idempotence: bool,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub broker: Broker,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub output: OutputArg,
}

/// Who confirms a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Acks {
    /// All in-sync copies
    #[value(alias = "-1")]
    All,
    /// The leader
    #[value(name = "1")]
    Leader,
    /// Nobody: records may be lost without notice
    #[value(name = "0")]
    Nobody,
}

/// A codec by Kafka's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[allow(missing_docs)]
pub enum Compression {
    None,
    Gzip,
    Snappy,
    Lz4,
    Zstd,
}

fn separator(text: &str) -> Result<String, String> {
    match text.replace("\\t", "\t") {
        text if text.is_empty() => Err("a separator has at least one character".to_owned()),
        text => Ok(text),
    }
}

/// What was stored.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Outcome {
    topic: String,
    records: u64,
    partitions: Vec<Row>,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
struct Row {
    partition: i32,
    records: u64,
    /// Absent when nobody confirms (acks 0).
    first_offset: Option<i64>,
    last_offset: Option<i64>,
}

/// How to produce what was asked.
pub fn settings(args: &Produce) -> Settings {
    Settings {
        acks: match args.acks {
            Acks::All => -1,
            Acks::Leader => 1,
            Acks::Nobody => 0,
        },
        codec: match args.compression {
            Compression::None => Codec::None,
            Compression::Gzip => Codec::Gzip,
            Compression::Snappy => Codec::Snappy,
            Compression::Lz4 => Codec::Lz4,
            Compression::Zstd => Codec::Zstd,
        },
        idempotent: args.acks == Acks::All && !args.no_idempotence,
        batch_bytes: BATCH_BYTES,
    }
}

/// Whether the partition that was asked for is there.
pub fn check_partition(args: &Produce, partitions: i32) -> Result<(), CliError> {
    match args.partition {
        Some(partition) if partition >= partitions => Err(CliError::refused(format!(
            "topic {:?} has no partition {partition}: it has {partitions}, from 0 on",
            args.topic.as_str()
        ))
        .next(format!("ottla topic describe {} shows them", args.topic))),
        _ => Ok(()),
    }
}

/// Reads, sends, waits for what was sent.
pub async fn run(args: Produce) -> Result<(), CliError> {
    let mut producer =
        Producer::open(args.broker.client(), args.topic.as_str(), settings(&args)).await?;
    check_partition(&args, producer.partitions())?;
    let mut tally = Tally::default();
    let sent = send_all(&args, &mut producer, &mut tally).await;
    tally.add(producer.take_acked());
    if let Err(mut error) = sent {
        error.what += &format!(
            " ({} confirmed before)",
            number::count(tally.records(), "record")
        );
        return Err(error);
    }
    let outcome = tally.outcome(args.topic.as_str());
    match args.output.output {
        Output::Json => print(&outcome, Output::Json),
        Output::Table => {
            eprint!("{}", outcome.table());
            Ok(())
        }
    }
}

/// The reads block this shard: it has nothing else to do. What a short read brought is sent before the next one, so that
/// a person typing lines sees each of them stored at once.
async fn send_all(
    args: &Produce,
    producer: &mut Producer,
    tally: &mut Tally,
) -> Result<(), CliError> {
    let rules = Rules {
        key_separator: args
            .key_separator
            .as_ref()
            .map(|text| text.as_bytes().to_vec()),
        null: args.null.as_ref().map(|text| text.as_bytes().to_vec()),
    };
    let headers: Vec<(&str, Option<&[u8]>)> = args
        .header
        .iter()
        .map(|pair| (pair.key.as_str(), Some(pair.value.as_bytes())))
        .collect();
    let mut lines = Lines::default();
    let mut number = 0_u64;
    let mut buffer = vec![0; READ_BYTES];
    loop {
        let count = match io::stdin().lock().read(&mut buffer) {
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(CliError::refused(format!("stdin: {error}"))),
        };
        let whole = if count == 0 {
            std::mem::take(&mut lines).finish().into_iter().collect()
        } else {
            lines
                .feed(&buffer[..count])
                .map_err(|why| CliError::refused(format!("stdin after line {number}: {why}")))?
        };
        for line in whole {
            number += 1;
            let (key, value) = lines::parse(&line, &rules).map_err(|why| {
                CliError::refused(format!("line {number} {why}"))
                    .next("leave --key-separator away for lines without a key")
            })?;
            producer
                .push(Outgoing {
                    partition: args.partition,
                    key,
                    value,
                    headers: &headers,
                })
                .await?;
        }
        if count < buffer.len() {
            producer.flush().await?;
        }
        tally.add(producer.take_acked());
        if count == 0 {
            return Ok(());
        }
    }
}

/// What was confirmed so far, by partition.
#[derive(Debug, Default)]
struct Tally(BTreeMap<i32, Row>);

impl Tally {
    fn add(&mut self, acked: Vec<Acked>) {
        for batch in acked {
            let partition = batch.partition;
            let row = self.0.entry(partition).or_insert(Row {
                partition,
                records: 0,
                first_offset: None,
                last_offset: None,
            });
            row.records += batch.records;
            if let Some(base) = batch.base_offset {
                let last = base + i64::try_from(batch.records).unwrap_or(i64::MAX) - 1;
                row.first_offset = Some(row.first_offset.map_or(base, |first| first.min(base)));
                row.last_offset = Some(row.last_offset.map_or(last, |before| before.max(last)));
            }
        }
    }

    fn records(&self) -> u64 {
        self.0.values().map(|row| row.records).sum()
    }

    fn outcome(self, topic: &str) -> Outcome {
        let records = self.records();
        Outcome {
            topic: topic.to_owned(),
            records,
            partitions: self.0.into_values().collect(),
        }
    }
}

impl Render for Outcome {
    fn table(&self) -> String {
        let mut text = format!(
            "{} to {}",
            number::count(self.records, "record"),
            self.topic
        );
        let offsets = |row: &Row| match (row.first_offset, row.last_offset) {
            (Some(first), Some(last)) if first == last => {
                format!("partition {} at {first}", row.partition)
            }
            (Some(first), Some(last)) => {
                format!("partition {} at {first} to {last}", row.partition)
            }
            _ => format!("partition {}, not confirmed", row.partition),
        };
        let rows: Vec<String> = self.partitions.iter().map(offsets).collect();
        if !rows.is_empty() {
            text += &format!(": {}", rows.join("; "));
        }
        text + "\n"
    }
}

#[cfg(test)]
mod tests;
