//! The whole broker in a few figures, beside a raw flush of the same disk in the same run.
//!
//! `cargo run --release -p ottla-benches --bin first-figures [BROKER [FOLDER]]`; the broker is by default the `ottla` beside this
//! program, the folder a scratch one (`$BENCH_DIR` chooses where).

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use ottla_benches::Scratch;
use ottla_jepsen::client::Client;
use ottla_jepsen::client::batch::{Sender, encode};
use ottla_jepsen::kill::broker::Broker;
use ottla_protocol::messages::create_topics::{CreatableTopic, CreateTopicsRequest};
use ottla_protocol::messages::produce::{PartitionProduceData, ProduceRequest, TopicProduceData};
use ottla_protocol::wire::Records;

const PATIENCE: Duration = Duration::from_secs(30);
/// Not idempotent.
const NOBODY: Sender = Sender {
    id: -1,
    epoch: -1,
    sequence: -1,
};
const TOPIC: &str = "figures";
const PARTITIONS: i32 = 4;

fn main() -> io::Result<()> {
    let mut args = std::env::args_os().skip(1);
    let beside = std::env::current_exe()?.with_file_name("ottla");
    let binary = args.next().map_or(beside, PathBuf::from);
    let scratch = Scratch::new();
    let folder = args.next().map_or_else(|| scratch.0.clone(), PathBuf::from);
    std::fs::create_dir_all(&folder)?;
    println!(
        "binary: {:.2} MB",
        std::fs::metadata(&binary)?.len() as f64 / 1e6
    );
    let raw = raw_flush(&folder)?;
    println!("raw flush of 4 KiB (write, fdatasync): {}", spread(&raw));
    starts(&binary, &folder)?;
    let mut broker = Broker::new(&binary, &folder.join("run"), &[])?;
    broker.start()?;
    broker.wait_serving(PATIENCE)?;
    idle(&broker)?;
    create(&broker)?;
    println!(
        "one record of 1 KiB, acks=all, one at a time: {}",
        spread(&lone(&broker, 300)?)
    );
    throughput(&broker, Duration::from_secs(10))?;
    println!("raw flush once more: {}", spread(&raw_flush(&folder)?));
    broker.kill()
}

fn spread(times: &[Duration]) -> String {
    let mut sorted = times.to_vec();
    sorted.sort();
    let at = |part: f64| sorted[((sorted.len() - 1) as f64 * part) as usize].as_secs_f64() * 1e3;
    format!(
        "median {:.3} ms, p99 {:.3} ms, worst {:.3} ms",
        at(0.5),
        at(0.99),
        at(1.0)
    )
}

/// What the disk gives to a program that does nothing but flush: a file written ahead, then overwritten block by block.
fn raw_flush(folder: &Path) -> io::Result<Vec<Duration>> {
    let path = folder.join("raw");
    let file = File::options()
        .create(true)
        .truncate(true)
        .read(true)
        .write(true)
        .open(&path)?;
    let block = [7u8; 4096];
    for n in 0..1024 {
        file.write_all_at(&[0u8; 4096], n * 4096)?;
    }
    file.sync_all()?;
    let flush = |n: u64| {
        let began = Instant::now();
        file.write_all_at(&block, (n % 1024) * 4096)?;
        file.sync_data()?;
        Ok(began.elapsed())
    };
    let times = (0..300).map(flush).collect();
    std::fs::remove_file(path)?;
    times
}

/// From exec on an empty folder until the first record, in a topic created for it, is acknowledged.
fn starts(binary: &Path, folder: &Path) -> io::Result<()> {
    let mut times = Vec::new();
    for n in 0..7 {
        let mut broker = Broker::new(binary, &folder.join(format!("start-{n}")), &[])?;
        let began = Instant::now();
        broker.start()?;
        broker.wait_serving(PATIENCE)?;
        create(&broker)?;
        lone(&broker, 1)?;
        times.push(began.elapsed());
        broker.kill()?;
    }
    println!(
        "exec on an empty folder to first flushed acknowledgement (topic created on the way): {}",
        spread(&times)
    );
    Ok(())
}

/// Processor time of a process so far, and its resident bytes.
fn used(broker: &Broker) -> io::Result<(Duration, u64)> {
    let process = broker.process().unwrap_or_default();
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat"))?;
    let fields: Vec<&str> = stat
        .rsplit(')')
        .next()
        .unwrap_or_default()
        .split_whitespace()
        .collect();
    let ticks = |at: usize| {
        fields
            .get(at)
            .and_then(|f| f.parse::<u64>().ok())
            .unwrap_or(0)
    };
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    let resident = status.lines().find_map(|l| {
        l.strip_prefix("VmRSS:")?
            .trim()
            .strip_suffix(" kB")?
            .parse::<u64>()
            .ok()
    });
    Ok((
        Duration::from_millis((ticks(11) + ticks(12)) * 10),
        resident.unwrap_or(0) * 1024,
    ))
}

fn idle(broker: &Broker) -> io::Result<()> {
    std::thread::sleep(Duration::from_secs(2));
    let (before, _) = used(broker)?;
    std::thread::sleep(Duration::from_secs(10));
    let (after, resident) = used(broker)?;
    let share = (after - before).as_secs_f64() * 10.0;
    println!(
        "idle: {:.1} MB resident, {share:.2} % of a core",
        resident as f64 / 1e6
    );
    Ok(())
}

fn create(broker: &Broker) -> io::Result<()> {
    let mut client = Client::connect(broker.address(), "figures", PATIENCE)?;
    let topic = CreatableTopic {
        name: TOPIC.into(),
        num_partitions: PARTITIONS,
        replication_factor: 1,
        ..Default::default()
    };
    let request = CreateTopicsRequest {
        topics: vec![topic],
        timeout_ms: 20_000,
        validate_only: false,
    };
    let code = client.call(&request, 5, |r| r.topics.first().map(|t| t.error_code))?;
    if code.is_some_and(|c| !c.is_error()) {
        Ok(())
    } else {
        Err(io::Error::other(format!("no topic: {code:?}")))
    }
}

fn request(partition: i32, batch: &bytes::Bytes) -> ProduceRequest<'static> {
    let data = PartitionProduceData {
        index: partition,
        records: Records::Parts(vec![batch.clone()]),
    };
    let topic = TopicProduceData {
        name: TOPIC.into(),
        partition_data: vec![data],
        ..Default::default()
    };
    ProduceRequest {
        acks: -1,
        timeout_ms: 30_000,
        topic_data: vec![topic],
        ..Default::default()
    }
}

fn acknowledged(client: &mut Client) -> io::Result<()> {
    let code = client.receive::<ProduceRequest<'_>, _>(|r| {
        r.responses
            .first()?
            .partition_responses
            .first()
            .map(|p| p.error_code)
    })?;
    if code.is_some_and(|c| !c.is_error()) {
        Ok(())
    } else {
        Err(io::Error::other(format!("refused: {code:?}")))
    }
}

/// One record at a time.
fn lone(broker: &Broker, count: usize) -> io::Result<Vec<Duration>> {
    let mut client = Client::connect(broker.address(), "figures", PATIENCE)?;
    let batch = encode(NOBODY, 1_700_000_000_000, &[vec![b'x'; 1024]]).into();
    let mut one = || {
        let began = Instant::now();
        client.send(&request(0, &batch), 9)?;
        acknowledged(&mut client)?;
        Ok(began.elapsed())
    };
    (0..count).map(|_| one()).collect()
}

/// A connection per partition, five requests of 128 records of 1 KiB in flight on each.
fn throughput(broker: &Broker, length: Duration) -> io::Result<()> {
    let batch: bytes::Bytes =
        encode(NOBODY, 1_700_000_000_000, &vec![vec![b'x'; 1024]; 128]).into();
    let (cpu_before, _) = used(broker)?;
    let began = Instant::now();
    let produce = |partition: i32| -> io::Result<u64> {
        let mut client = Client::connect(broker.address(), "figures", PATIENCE)?;
        let (mut sent, mut done) = (0, 0);
        while began.elapsed() < length || done < sent {
            while sent < done + 5 && began.elapsed() < length {
                client.send(&request(partition, &batch), 9)?;
                sent += 1;
            }
            acknowledged(&mut client)?;
            done += 1;
        }
        Ok(done)
    };
    let requests: io::Result<Vec<u64>> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..PARTITIONS)
            .map(|p| scope.spawn(move || produce(p)))
            .collect();
        threads
            .into_iter()
            .map(|t| {
                t.join()
                    .unwrap_or_else(|_| Err(io::Error::other("a producer panicked")))
            })
            .collect()
    });
    let seconds = began.elapsed().as_secs_f64();
    let bytes = requests?.iter().sum::<u64>() as f64 * 128.0 * 1024.0;
    let (cpu_after, resident) = used(broker)?;
    let cpu = (cpu_after - cpu_before).as_secs_f64();
    println!(
        "1 KiB records, acks=all, {PARTITIONS} partitions, 128 a batch, 5 in flight: {:.1} MB/s, {:.2} CPU s per GB, {:.0} MB resident after",
        bytes / 1e6 / seconds,
        cpu / (bytes / 1e9),
        resident as f64 / 1e6
    );
    Ok(())
}
