//! Reads a topic back and counts: every batch's checksum, offsets without a gap, and (for a topic that ProducerPerformance filled) that
//! the records are the very ones that it sent.

mod payload;

use std::io;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::messages::fetch::{FetchPartition, FetchRequest, FetchTopic};
use ottla_protocol::messages::metadata::{MetadataRequest, MetadataRequestTopic};
use ottla_protocol::wire::Records;

use crate::client::Client;
use crate::client::batch::batches;

/// What to read, and what must be there.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The broker
    #[arg(long, default_value = "127.0.0.1:9092")]
    pub broker: SocketAddr,
    /// The topic
    #[arg(long)]
    pub topic: String,
    /// How many records must be there
    #[arg(long)]
    pub records: Option<u64>,
    /// The records are those of one run of Kafka's ProducerPerformance with --record-size of this many bytes
    #[arg(long)]
    pub perf_size: Option<usize>,
}

const PATIENCE: Duration = Duration::from_secs(30);
const ASK_BYTES: i32 = 16 << 20;

/// What was read.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Tally {
    /// Records.
    pub records: u64,
    /// Bytes of their values.
    pub bytes: u64,
    /// Sum of the checksums of the values: equal for equal records in whatever order.
    pub sum: u64,
}

impl Tally {
    fn add(&mut self, value: &[u8]) {
        self.records += 1;
        self.bytes += value.len() as u64;
        // A spread of the checksum, so that swapped halves of two records do not cancel out.
        self.sum = self
            .sum
            .wrapping_add(u64::from(crc32c::crc32c(value)).wrapping_mul(0x9E37_79B9_7F4A_7C15));
    }
}

/// Reads, prints the counts; fails when something is not as it must be.
pub fn main(args: &Args) -> ExitCode {
    match run(args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("count: {e}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &Args) -> io::Result<()> {
    let began = Instant::now();
    let mut client = Client::connect(args.broker, "count", PATIENCE)?;
    let mut tally = Tally::default();
    for partition in partitions(&mut client, &args.topic)? {
        read(&mut client, &args.topic, partition, &mut tally)?;
    }
    let seconds = began.elapsed().as_secs_f64();
    let rate = tally.bytes as f64 / 1e6 / seconds;
    println!(
        "{}: {} records, {} bytes, every batch's checksum holds, offsets contiguous; read at {rate:.0} MB/s",
        args.topic, tally.records, tally.bytes
    );
    if args.records.is_some_and(|want| want != tally.records) {
        return Err(io::Error::other(format!(
            "{} records, where {} must be",
            tally.records,
            args.records.unwrap_or(0)
        )));
    }
    if let Some(size) = args.perf_size {
        let sent = payload::tally(tally.records, size);
        if sent != tally {
            return Err(io::Error::other(format!(
                "not the records that ProducerPerformance sends: {sent:?} sent, {tally:?} read"
            )));
        }
        println!(
            "{}: the records are the {} of {size} B that ProducerPerformance sent",
            args.topic, tally.records
        );
    }
    Ok(())
}

fn partitions(client: &mut Client, topic: &str) -> io::Result<Vec<i32>> {
    let wanted = MetadataRequestTopic {
        name: Some(topic.to_owned().into()),
        ..Default::default()
    };
    let request = MetadataRequest {
        topics: Some(vec![wanted]),
        allow_auto_topic_creation: false,
        ..Default::default()
    };
    let (code, found) = client.call(&request, 9, |response| {
        response
            .topics
            .first()
            .map_or((ErrorCode::UNKNOWN_SERVER_ERROR, Vec::new()), |t| {
                (
                    t.error_code,
                    t.partitions.iter().map(|p| p.partition_index).collect(),
                )
            })
    })?;
    if code.is_error() {
        Err(io::Error::other(format!("topic {topic}: {}", code.name())))
    } else {
        Ok(found)
    }
}

fn read(client: &mut Client, topic: &str, partition: i32, tally: &mut Tally) -> io::Result<()> {
    let (mut next, mut end) = (0, None);
    while end.is_none_or(|end| next < end) {
        let wanted = FetchPartition {
            partition,
            current_leader_epoch: -1,
            fetch_offset: next,
            last_fetched_epoch: -1,
            log_start_offset: -1,
            partition_max_bytes: ASK_BYTES,
            ..Default::default()
        };
        let request = FetchRequest {
            replica_id: -1,
            max_wait_ms: 500,
            min_bytes: 1,
            max_bytes: ASK_BYTES,
            session_epoch: -1,
            topics: vec![FetchTopic {
                topic: topic.to_owned().into(),
                partitions: vec![wanted],
                ..Default::default()
            }],
            ..Default::default()
        };
        let before = next;
        let high_watermark = client.call(&request, 12, |response| -> Result<i64, String> {
            let data = response
                .responses
                .first()
                .and_then(|t| t.partitions.first())
                .ok_or("an answer without the partition")?;
            if data.error_code.is_error() {
                return Err(data.error_code.name().to_owned());
            }
            if let Records::Borrowed(bytes) = &data.records {
                take(bytes, &mut next, tally)?;
            }
            Ok(data.high_watermark)
        })?;
        let place = || format!("{topic}-{partition} at {before}");
        let high_watermark =
            high_watermark.map_err(|e| io::Error::other(format!("{}: {e}", place())))?;
        let end = *end.get_or_insert(high_watermark);
        if next == before && next < end {
            return Err(io::Error::other(format!(
                "{}: nothing, though the high watermark is {end}",
                place()
            )));
        }
    }
    Ok(())
}

fn take(bytes: &[u8], next: &mut i64, tally: &mut Tally) -> Result<(), String> {
    for batch in batches(bytes) {
        let batch = batch.map_err(|e| format!("{e:?}"))?;
        if batch.base_offset != *next {
            return Err(format!(
                "a batch begins at {} where {next} is due",
                batch.base_offset
            ));
        }
        for (_, value) in batch.records().map_err(|e| format!("{e:?}"))? {
            tally.add(value.unwrap_or_default());
        }
        *next = batch.base_offset + i64::from(batch.last_delta) + 1;
    }
    Ok(())
}
