//! `ottla-bench compact`: many records over fewer keys are produced, then compacted. Afterwards each key must have the last
//! value that it was given. A producer that goes on beside tells what is felt of it.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use clap::Args;
use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::messages::describe_log_dirs::DescribeLogDirsRequest;
use ottla_protocol::messages::fetch::{FetchPartition, FetchRequest, FetchTopic};
use ottla_protocol::messages::incremental_alter_configs::{
    AlterConfigsResource, AlterableConfig, IncrementalAlterConfigsRequest,
};
use ottla_protocol::messages::produce::{PartitionProduceData, ProduceRequest, TopicProduceData};
use ottla_protocol::record::{BatchBuilder, BatchOptions, batches};
use ottla_protocol::wire::Records;

use super::kpi::Scratch;
use super::run::run_name;
use crate::process::node::{Node, Program};
use crate::process::placement::Placement;
use crate::report::table;
use crate::wire::cluster::Cluster;

const TOPIC: &str = "compacted";
const PROBE: &str = "probe";
/// So many that each core of a small machine has some, whichever of them compacts.
const PROBE_PARTITIONS: i32 = 8;
/// Records of one request.
const BATCH: u64 = 500;
/// The log is as small as it gets when it has not changed for so long.
const SETTLED: Duration = Duration::from_secs(5);
/// A compaction that has not begun by then will not.
const PATIENCE: Duration = Duration::from_secs(300);
const ASK_BYTES: i32 = 16 << 20;
/// Kafka's number for a resource that is a topic.
const TOPIC_RESOURCE: i8 = 2;

/// What is compacted.
#[derive(Debug, Args)]
pub struct Compact {
    /// The binary `ottla` [default: the one beside this program]
    #[arg(long, value_name = "FILE")]
    ottla: Option<PathBuf>,
    /// Where the broker's folder is made
    #[arg(long, value_name = "FOLDER", env = "BENCH_DIR")]
    folder: Option<PathBuf>,
    /// Records produced
    #[arg(long, default_value_t = 10_000_000)]
    records: u64,
    /// Keys that they have
    #[arg(long, default_value_t = 1_000_000)]
    keys: u64,
    /// Bytes of a value, at least 8
    #[arg(long, default_value_t = 100)]
    value: usize,
    /// Bytes of a segment
    #[arg(long, default_value_t = 64 << 20)]
    segment: u64,
    /// Seconds of the producer beside before the compaction
    #[arg(long, default_value_t = 10.0)]
    before: f64,
    /// Milliseconds between two requests of the producer beside, which has one at a time
    #[arg(long, default_value_t = 10)]
    every: u64,
    /// A broker setting, KEY=VALUE; may be repeated
    #[arg(long)]
    set: Vec<String>,
}

fn failed(what: impl Into<String>) -> io::Error {
    io::Error::other(what.into())
}

fn key_of(record: u64, keys: u64) -> u64 {
    // Odd steps through the keys, so that those of one batch lie apart.
    record.wrapping_mul(0x9e37_79b9_7f4a_7c15) % keys
}

fn now_ms() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.map_or(0, |d| d.as_millis() as i64)
}

impl Compact {
    /// Does all of it and prints the figures; fails when a key has another value than its last.
    pub fn execute(&self) -> io::Result<()> {
        let beside = std::env::current_exe()?.with_file_name("ottla");
        let program = Program::Ottla(self.ottla.clone().unwrap_or(beside));
        let parent = self.folder.clone().unwrap_or_else(std::env::temp_dir);
        let folder = Scratch(parent.join(format!("ottla-bench-{}", run_name())));
        std::fs::create_dir_all(&folder.0)?;
        let mut settings: Vec<&str> = self.set.iter().map(String::as_str).collect();
        settings.push("log.cleaner.backoff.ms=200");
        let node = Node::fresh(&program, &folder.0, &settings, Placement::default())?;
        let mut cluster = Cluster::connect(node.address())?;
        // With this ratio nothing is ever dirty enough.
        let topic = [
            ("cleanup.policy", "compact".to_owned()),
            ("segment.bytes", self.segment.to_string()),
            ("min.cleanable.dirty.ratio", "1.0".to_owned()),
        ];
        cluster.create(TOPIC, 1, 1, &topic.map(|(k, v)| (k.to_owned(), v)))?;
        cluster.create(PROBE, PROBE_PARTITIONS, 1, &[])?;
        cluster.leads(TOPIC, &[0])?;
        cluster.leads(PROBE, &(0..PROBE_PARTITIONS).collect::<Vec<_>>())?;
        let began = Instant::now();
        let last = self.produce(&mut cluster)?;
        let produced = began.elapsed();
        let every = Duration::from_millis(self.every);
        let before = probe(node.address(), every, || {
            thread::sleep(Duration::from_secs_f64(self.before));
            Ok(Instant::now())
        })?;
        let (size, usage) = (size(&mut cluster)?, node.usage()?);
        let mut took = Duration::ZERO;
        let during = probe(node.address(), every, || {
            let began = Instant::now();
            took = compact(&mut cluster, size)?;
            Ok(began + took)
        })?;
        let (left, after) = (self::size(&mut cluster)?, node.usage()?);
        let records = verify(&mut cluster, &last)?;
        let mib = |bytes: u64| format!("{:.0} MiB", bytes as f64 / f64::from(1 << 20));
        let rate = size as f64 / 1e6 / took.as_secs_f64();
        let rows = [
            ("records, keys", format!("{}, {}", self.records, self.keys)),
            ("produced in", format!("{:.1} s", produced.as_secs_f64())),
            ("log before", mib(size)),
            ("log after", mib(left)),
            ("records after", records.to_string()),
            ("compacted in", format!("{:.1} s", took.as_secs_f64())),
            ("of the log", format!("{rate:.0} MB/s")),
            (
                "processor",
                format!("{:.1} s", after.since(&usage).cpu().as_secs_f64()),
            ),
            ("most memory before", mib(usage.resident_peak)),
            ("most memory after", mib(after.resident_peak)),
            ("produce p50, p99, p99.9, max before", before.to_string()),
            ("produce p50, p99, p99.9, max during", during.to_string()),
        ];
        print!("{}", table(&rows.map(|(k, v)| vec![k.to_owned(), v])));
        println!("every key has its last value");
        Ok(())
    }

    /// Produces all records; gives the last one of each key.
    fn produce(&self, cluster: &mut Cluster) -> io::Result<Vec<Option<u64>>> {
        let mut last = vec![None; self.keys as usize];
        let mut value = vec![0; self.value.max(8)];
        let mut next = 0;
        while next < self.records {
            let count = BATCH.min(self.records - next);
            let mut batch = BatchBuilder::new(BatchOptions::default());
            let now = now_ms();
            for record in next..next + count {
                let key = key_of(record, self.keys);
                value[..8].copy_from_slice(&record.to_be_bytes());
                batch.push(now, Some(&key.to_be_bytes()), Some(&value), &[]);
                last[key as usize] = Some(record);
            }
            send(cluster, (TOPIC, 0), batch)?;
            next += count;
        }
        Ok(last)
    }
}

fn send(
    cluster: &mut Cluster,
    (topic, partition): (&str, i32),
    batch: BatchBuilder,
) -> io::Result<()> {
    let bytes = batch.build().map_err(|e| failed(e.to_string()))?;
    let data = PartitionProduceData {
        index: partition,
        records: Records::Parts(vec![Bytes::from(bytes)]),
    };
    let request = ProduceRequest {
        acks: -1,
        timeout_ms: 60_000,
        topic_data: vec![TopicProduceData {
            name: topic.into(),
            partition_data: vec![data],
            ..Default::default()
        }],
        ..Default::default()
    };
    let code = cluster.call_by_name(&request, |response| {
        let topic = response.responses.first();
        let partition = topic.and_then(|t| t.partition_responses.first());
        partition.map_or(ErrorCode::UNKNOWN_SERVER_ERROR, |p| p.error_code)
    })?;
    match code {
        code if code.is_error() => Err(failed(format!("{topic}: produce: {code}"))),
        _ => Ok(()),
    }
}

/// Latencies of the producer beside, in ms.
struct Latencies(Vec<f64>);

impl std::fmt::Display for Latencies {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        let at = |q: f64| {
            let place = (q * sorted.len() as f64) as usize;
            let last = sorted.len().saturating_sub(1);
            sorted.get(place.min(last)).copied().unwrap_or(f64::NAN)
        };
        let (p50, p99, p999, max) = (at(0.5), at(0.99), at(0.999), at(1.0));
        let count = sorted.len();
        write!(
            f,
            "{p50:.2}, {p99:.2}, {p999:.2}, {max:.2} ms of {count} requests"
        )
    }
}

/// One small record after each `every` for as long as `work` takes. A request that is late counts from when it was due.
/// Those due after the time that `work` gives do not count.
fn probe(
    address: SocketAddr,
    every: Duration,
    work: impl FnOnce() -> io::Result<Instant>,
) -> io::Result<Latencies> {
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let probing = scope.spawn(|| {
            let mut cluster = Cluster::connect(address)?;
            let mut took = Vec::new();
            let mut partitions = (0..PROBE_PARTITIONS).cycle();
            let mut due = Instant::now();
            while !done.load(Ordering::Relaxed) {
                thread::sleep(due.saturating_duration_since(Instant::now()));
                let mut batch = BatchBuilder::new(BatchOptions::default());
                batch.push(now_ms(), None, Some(&[7; 100]), &[]);
                let partition = partitions.next().unwrap_or(0);
                send(&mut cluster, (PROBE, partition), batch)?;
                took.push((due, due.elapsed().as_secs_f64() * 1e3));
                due += every;
            }
            Ok::<_, io::Error>(took)
        });
        let worked = work();
        done.store(true, Ordering::Relaxed);
        let probed = probing.join().map_err(|_| failed("the probe panicked"))?;
        let (probed, until) = (probed?, worked?);
        let counted = probed.into_iter().filter(|(due, _)| *due < until);
        Ok(Latencies(counted.map(|(_, took)| took).collect()))
    })
}

/// Bytes of the compacted log.
fn size(cluster: &mut Cluster) -> io::Result<u64> {
    // None: all topics.
    let request = DescribeLogDirsRequest { topics: None };
    let sizes = cluster.call(&request, |response| {
        let topics = response.results.iter().flat_map(|r| &r.topics);
        let parts = topics
            .filter(|t| t.name == TOPIC)
            .flat_map(|t| &t.partitions);
        parts.map(|p| p.partition_size as u64).sum()
    })?;
    Ok(sizes)
}

/// Lets the log be compacted; gives the time from then until it is as small as it gets.
fn compact(cluster: &mut Cluster, before: u64) -> io::Result<Duration> {
    let ratio = AlterableConfig {
        name: "min.cleanable.dirty.ratio".into(),
        value: Some("0.0".into()),
        ..Default::default()
    };
    let request = IncrementalAlterConfigsRequest {
        resources: vec![AlterConfigsResource {
            resource_type: TOPIC_RESOURCE,
            resource_name: TOPIC.into(),
            configs: vec![ratio],
        }],
        validate_only: false,
    };
    let code = cluster.call(&request, |response| {
        let first = response.responses.first();
        first.map_or(ErrorCode::UNKNOWN_SERVER_ERROR, |r| r.error_code)
    })?;
    if code.is_error() {
        return Err(failed(format!("altering {TOPIC}: {code}")));
    }
    let began = Instant::now();
    let (mut last, mut changed) = (before, began);
    loop {
        thread::sleep(Duration::from_millis(50));
        let now = size(cluster)?;
        if now != last {
            (last, changed) = (now, Instant::now());
        }
        if last < before && changed.elapsed() > SETTLED {
            return Ok(changed - began);
        }
        if changed.elapsed() > PATIENCE {
            return Err(failed("nothing is compacted"));
        }
    }
}

/// Reads all there is; every key must have its last value. How many records there are.
fn verify(cluster: &mut Cluster, last: &[Option<u64>]) -> io::Result<u64> {
    let mut found = vec![None; last.len()];
    let (mut next, mut end, mut records) = (0, i64::MAX, 0);
    while next < end {
        let request = FetchRequest {
            replica_id: -1,
            max_wait_ms: 100,
            min_bytes: 1,
            max_bytes: ASK_BYTES,
            session_epoch: -1,
            topics: vec![FetchTopic {
                topic: TOPIC.into(),
                partitions: vec![FetchPartition {
                    fetch_offset: next,
                    partition_max_bytes: ASK_BYTES,
                    current_leader_epoch: -1,
                    last_fetched_epoch: -1,
                    log_start_offset: -1,
                    ..Default::default()
                }],
                ..Default::default()
            }],
            ..Default::default()
        };
        let before = next;
        cluster.call_by_name(&request, |response| -> io::Result<()> {
            let topic = response.responses.first();
            let part = topic.and_then(|t| t.partitions.first());
            let part = part.ok_or_else(|| failed("a fetch without an answer"))?;
            if part.error_code.is_error() {
                return Err(failed(format!("fetch: {}", part.error_code)));
            }
            end = part.high_watermark;
            let Records::Borrowed(bytes) = part.records else {
                return Ok(());
            };
            for batch in batches(bytes).map_while(Result::ok) {
                for record in batch.records(batch.payload()) {
                    let record = record.map_err(|e| failed(e.to_string()))?;
                    let number = |b: Option<&[u8]>| {
                        let eight = b?.first_chunk::<8>()?;
                        Some(u64::from_be_bytes(*eight))
                    };
                    let (Some(key), Some(value)) = (number(record.key), number(record.value))
                    else {
                        return Err(failed("a record that was never sent"));
                    };
                    found[key as usize] = Some(value);
                    records += 1;
                }
                next = batch.header.next_offset();
            }
            Ok(())
        })??;
        if next == before && next < end {
            return Err(failed(format!("nothing at offset {next} of {end}")));
        }
    }
    let wrong = found
        .iter()
        .zip(last)
        .position(|(found, last)| found != last);
    match wrong {
        Some(key) => Err(failed(format!(
            "key {key} has the value {:?}, its last one was {:?}",
            found[key], last[key]
        ))),
        None => Ok(records),
    }
}
