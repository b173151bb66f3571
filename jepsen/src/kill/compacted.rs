//! The kill -9 loop on a compacted topic. Each writer owns keys and numbers what it writes to each; after every kill the last
//! number of a key that can be read is none older than the last one acknowledged, none newer than the last one sent, and the
//! numbers of a key rise with the offsets.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::messages::produce::{PartitionProduceData, ProduceRequest, TopicProduceData};
use ottla_protocol::wire::Records;

use super::Args;
use super::book::Slot;
use super::broker::Broker;
use super::reader::Reader;
use super::rounds::{self, START_LIMIT};
use super::value::Identity;
use crate::client::Client;
use crate::client::batch::{batches, encode_keyed};
use crate::dice::Dice;

const TOPIC: &str = "compacted";
const PARTITIONS: i32 = 2;
/// Keys of each writer.
const KEYS: u64 = 300;
const PATIENCE: Duration = Duration::from_secs(20);
const AWAIT_WRITING: Duration = Duration::from_secs(2);
/// Segments close as often as they may, and any dirt is enough.
const TOPIC_SETTINGS: rounds::Settings = &[
    ("cleanup.policy", "compact"),
    ("segment.bytes", "1048576"),
    ("min.cleanable.dirty.ratio", "0.01"),
];
/// Rounds of compaction are slow enough to be met by kills.
const SETTINGS: [&str; 2] = [
    "log.cleaner.backoff.ms=10",
    "log.cleaner.io.max.bytes.per.second=10000000",
];

/// Numbers written to one key.
#[derive(Debug, Clone, Copy, Default)]
struct Numbers {
    sent: u64,
    acked: u64,
}

/// What the writers did, by key.
#[derive(Debug, Default)]
struct Ledger {
    keys: Mutex<BTreeMap<u64, Numbers>>,
    complaints: Mutex<Vec<String>>,
    paused: AtomicBool,
    stopping: AtomicBool,
}

impl Ledger {
    fn keys(&self) -> BTreeMap<u64, Numbers> {
        let keys = self.keys.lock();
        keys.unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn note(&self, numbers: &[(u64, u64)], acked: bool) {
        let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        for (key, number) in numbers {
            let entry = keys.entry(*key).or_default();
            let last = if acked {
                &mut entry.acked
            } else {
                &mut entry.sent
            };
            *last = (*last).max(*number);
        }
    }

    fn complain(&self, what: String) {
        let complaints = self.complaints.lock();
        complaints
            .unwrap_or_else(PoisonError::into_inner)
            .push(what);
    }
}

/// What a run that kept every promise has to say.
pub struct Summary {
    kills: u32,
    within: u32,
    sent: u64,
    there: usize,
    keys: usize,
    took: Duration,
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} kills in {:.0} s, {} of them while a segment was being written anew",
            self.kills,
            self.took.as_secs_f64(),
            self.within
        )?;
        writeln!(
            f,
            "{} records of {} keys sent, {} are there at the end",
            self.sent, self.keys, self.there
        )?;
        write!(
            f,
            "kill: the last acknowledged value of every key is there, none older, none unsent"
        )
    }
}

/// Runs all rounds on `folder`, which must be empty or absent. An error says which promise was broken.
pub fn run(args: &Args, binary: &Path, folder: &Path) -> io::Result<Summary> {
    let mut settings = args.set.clone();
    settings.extend(SETTINGS.map(str::to_owned));
    let mut broker = Broker::new(binary, folder, &settings)?;
    let mut dice = Dice::new(args.seed);
    let began = Instant::now();
    broker.start()?;
    broker.wait_serving(START_LIMIT)?;
    rounds::create(broker.address(), TOPIC, PARTITIONS, TOPIC_SETTINGS)?;
    let ledger: Arc<Ledger> = Arc::default();
    let writers: Vec<JoinHandle<()>> = (0..args.producers)
        .map(|number| {
            let (address, ledger) = (broker.address(), ledger.clone());
            let dice = dice.split(u64::from(number) + 1);
            std::thread::spawn(move || Writer::new(number, address, ledger, dice).run())
        })
        .collect();
    let mut within = 0;
    for round in 1..=args.rounds {
        std::thread::sleep(Duration::from_millis(dice.between(100, 1500)));
        if !dice.one_in(4) {
            await_writing(&broker.data())?;
        }
        broker.check_alive()?;
        broker.kill()?;
        within += u32::from(is_writing(&broker.data())?);
        broker.start()?;
        broker.wait_serving(START_LIMIT)?;
        ledger.paused.store(dice.one_in(2), Ordering::SeqCst);
        judge(broker.address(), &ledger)?;
        ledger.paused.store(false, Ordering::SeqCst);
        if round % 10 == 0 {
            println!(
                "round {round} of {}: {within} met a compaction",
                args.rounds
            );
        }
    }
    ledger.stopping.store(true, Ordering::SeqCst);
    for writer in writers {
        let ended = writer.join();
        ended.map_err(|_| io::Error::other("a writer panicked"))?;
    }
    judge(broker.address(), &ledger)?;
    broker.kill()?;
    broker.start()?;
    broker.wait_serving(START_LIMIT)?;
    let there = judge(broker.address(), &ledger)?;
    broker.kill()?;
    let keys = ledger.keys();
    Ok(Summary {
        kills: args.rounds,
        within,
        sent: keys.values().map(|n| n.sent).sum(),
        there,
        keys: keys.len(),
        took: began.elapsed(),
    })
}

/// Waits a while for a compaction to be at work.
fn await_writing(folder: &Path) -> io::Result<()> {
    let began = Instant::now();
    while !is_writing(folder)? && began.elapsed() < AWAIT_WRITING {
        std::thread::sleep(Duration::from_millis(1));
    }
    Ok(())
}

/// Is there a segment that compaction has begun and not put in place?
fn is_writing(folder: &Path) -> io::Result<bool> {
    let entries = match std::fs::read_dir(folder) {
        // It was removed meanwhile.
        Err(gone) if gone.kind() == io::ErrorKind::NotFound => return Ok(false),
        entries => entries?,
    };
    for entry in entries {
        let path = entry?.path();
        if path.is_dir() {
            if is_writing(&path)? {
                return Ok(true);
            }
        } else if path.to_string_lossy().ends_with(".log.cleaned") {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Reads all there is and compares it with what was acknowledged and sent; how many records there are.
fn judge(address: SocketAddr, ledger: &Ledger) -> io::Result<usize> {
    // The order matters: acknowledged before the read, sent after it.
    let acked = ledger.keys();
    let mut last: BTreeMap<u64, u64> = BTreeMap::new();
    let mut there = 0;
    for partition in 0..PARTITIONS {
        let slot = Slot {
            topic: TOPIC.to_owned(),
            partition,
        };
        let mut reader = Reader::connect(address)?;
        reader.read_with(&slot, 0, |bytes, next| {
            take(bytes, next, &mut last, &mut there)
        })?;
    }
    let sent = ledger.keys();
    let complaints = ledger.complaints.lock();
    let mut wrong = complaints.unwrap_or_else(PoisonError::into_inner).clone();
    for (key, before) in &acked {
        let found = last.get(key).copied().unwrap_or(0);
        if found < before.acked {
            wrong.push(format!(
                "key {key:x}: number {} was acknowledged, the last one there is {found}",
                before.acked
            ));
        }
    }
    for (key, found) in &last {
        let sent = sent.get(key).map_or(0, |n| n.sent);
        if *found > sent {
            wrong.push(format!("key {key:x}: number {found} was never sent"));
        }
    }
    if wrong.is_empty() {
        return Ok(there);
    }
    wrong.truncate(8);
    Err(io::Error::other(wrong.join("\n")))
}

/// Notes the records at and after `next`.
fn take(
    bytes: &[u8],
    next: &mut i64,
    last: &mut BTreeMap<u64, u64>,
    there: &mut usize,
) -> Result<(), String> {
    let asked = *next;
    for batch in batches(bytes) {
        let batch = batch.map_err(|e| format!("{e:?}"))?;
        if batch.base_offset + i64::from(batch.last_delta) < *next {
            return Err(format!("offset {} again", batch.base_offset));
        }
        for (offset, key, value) in batch.sparse_records().map_err(|e| format!("{e:?}"))? {
            if offset < asked {
                continue;
            }
            let key = key.and_then(|k| k.try_into().ok()).map(u64::from_be_bytes);
            let key = key.ok_or(format!("no key of ours at offset {offset}"))?;
            let number = Identity::decode(value)
                .map_err(|damage| format!("{damage:?} at offset {offset}"))?
                .number;
            if let Some(before) = last.insert(key, number).filter(|before| *before >= number) {
                return Err(format!("key {key:x}: number {number} after {before}"));
            }
            *there += 1;
        }
        *next = batch.base_offset + i64::from(batch.last_delta) + 1;
    }
    Ok(())
}

/// Writes to keys of its own, one request at a time; what is not acknowledged is not sent again.
struct Writer {
    number: u32,
    address: SocketAddr,
    ledger: Arc<Ledger>,
    dice: Dice,
    numbers: Vec<u64>,
}

impl Writer {
    fn new(number: u32, address: SocketAddr, ledger: Arc<Ledger>, dice: Dice) -> Self {
        Self {
            number,
            address,
            ledger,
            dice,
            numbers: vec![0; KEYS as usize],
        }
    }

    fn run(mut self) {
        let name = format!("kill-{}", self.number);
        while !self.ledger.stopping.load(Ordering::SeqCst) {
            if let Ok(mut client) = Client::connect(self.address, &name, PATIENCE) {
                // It ends when the broker does.
                let _ = self.converse(&mut client);
            }
            std::thread::sleep(Duration::from_millis(3));
        }
    }

    fn converse(&mut self, client: &mut Client) -> io::Result<()> {
        while !self.ledger.stopping.load(Ordering::SeqCst) {
            if self.ledger.paused.load(Ordering::SeqCst) {
                std::thread::sleep(Duration::from_millis(1));
                continue;
            }
            let (numbers, bytes) = self.compose();
            self.ledger.note(&numbers, false);
            let data = PartitionProduceData {
                index: self.number as i32 % PARTITIONS,
                records: Records::Parts(vec![bytes]),
            };
            let request = ProduceRequest {
                acks: -1,
                timeout_ms: 30_000,
                topic_data: vec![TopicProduceData {
                    name: TOPIC.into(),
                    partition_data: vec![data],
                    ..Default::default()
                }],
                ..Default::default()
            };
            let code = client.call(&request, 9, |response| {
                let topic = response.responses.first();
                let partition = topic.and_then(|t| t.partition_responses.first());
                partition.map_or(ErrorCode::UNKNOWN_SERVER_ERROR, |p| p.error_code)
            })?;
            if !code.is_error() {
                self.ledger.note(&numbers, true);
            } else if !code.retriable() {
                let what = format!("writer {}: refused: {}", self.number, code.name());
                self.ledger.complain(what);
            }
            std::thread::sleep(Duration::from_micros(self.dice.between(0, 4_000)));
        }
        Ok(())
    }

    /// The next batch, and the keys and numbers in it.
    fn compose(&mut self) -> (Vec<(u64, u64)>, Bytes) {
        let count = self.dice.between(1, 30);
        let length = self.dice.between(24, 600) as usize;
        let mut numbers = Vec::new();
        let mut records = Vec::new();
        for _ in 0..count {
            let key = self.dice.between(0, KEYS);
            let number = &mut self.numbers[key as usize];
            *number += 1;
            let key = u64::from(self.number) << 32 | key;
            let identity = Identity {
                producer: self.number,
                slot: 0,
                number: *number,
            };
            numbers.push((key, *number));
            records.push((key.to_be_bytes().to_vec(), identity.encode(length)));
        }
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let now_ms = now.map_or(0, |d| d.as_millis() as i64);
        (numbers, Bytes::from(encode_keyed(now_ms, &records)))
    }
}
