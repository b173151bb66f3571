//! The kill -9 loop on a compacted topic. Each writer owns keys and numbers what it writes to each, values and tombstones;
//! after every kill the last number of a key that can be read is none older than the last one acknowledged, none newer than
//! the last one sent, and the numbers of a key rise with the offsets. Of a key whose last number was a tombstone nothing may
//! be there once that has had its time, and then nothing older comes back.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use self::ledger::{Ledger, Numbers};
use self::writer::Writer;
use super::Args;
use super::book::Slot;
use super::broker::Broker;
use super::reader::Reader;
use super::rounds::{self, START_LIMIT};
use super::value::Identity;
use crate::client::batch::{Record, batches};
use crate::dice::Dice;

mod ledger;
mod writer;

const TOPIC: &str = "compacted";
const PARTITIONS: i32 = 2;
const AWAIT_WRITING: Duration = Duration::from_secs(2);
/// So long tombstones stay, the same in the settings.
const RETENTION: Duration = Duration::from_millis(1000);
/// Segments close as often as they may, and any dirt is enough.
const TOPIC_SETTINGS: rounds::Settings = &[
    ("cleanup.policy", "compact"),
    ("segment.bytes", "1048576"),
    ("min.cleanable.dirty.ratio", "0.01"),
    ("delete.retention.ms", "1000"),
];
/// Rounds of compaction are slow enough to be met by kills.
const SETTINGS: [&str; 2] = [
    "log.cleaner.backoff.ms=10",
    "log.cleaner.io.max.bytes.per.second=10000000",
];

/// What a read gave.
#[derive(Debug, Default)]
struct There {
    records: usize,
    /// The last number of each key, and whether it was a tombstone.
    last: BTreeMap<u64, (u64, bool)>,
    /// Keys of which nothing is there though something was acknowledged: their tombstones went.
    gone: usize,
}

/// What a run that kept every promise has to say.
pub struct Summary {
    kills: u32,
    within: u32,
    sent: u64,
    there: There,
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
            "{} records of {} keys sent, {} are there at the end, {} of them tombstones; of {} keys nothing is left",
            self.sent,
            self.keys,
            self.there.records,
            self.there.last.values().filter(|last| last.1).count(),
            self.there.gone
        )?;
        write!(
            f,
            "kill: the last acknowledged value of every key is there, none older, none unsent; no tombstoned key came back"
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

/// Reads all there is and compares it with what was acknowledged and sent.
fn judge(address: SocketAddr, ledger: &Ledger) -> io::Result<There> {
    // The order matters: acknowledged before the read, sent after it.
    let before = ledger.keys();
    let mut there = There::default();
    for partition in 0..PARTITIONS {
        let slot = Slot {
            topic: TOPIC.to_owned(),
            partition,
        };
        let mut reader = Reader::connect(address)?;
        reader.read_with(&slot, 0, |bytes, next| take(bytes, next, &mut there))?;
    }
    let (after, now) = (ledger.keys(), Instant::now());
    let mut wrong = ledger.complaints();
    for (key, after) in &after {
        let unknown = Numbers::default();
        let before = before.get(key).unwrap_or(&unknown);
        let found = there.last.get(key).copied();
        there.gone += usize::from(found.is_none() && before.acked > 0);
        let what = ledger::judge(before, after, found, (now, RETENTION));
        wrong.extend(what.map(|what| format!("key {key:x}: {what}")));
    }
    let unsent = there.last.keys().filter(|key| !after.contains_key(*key));
    wrong.extend(unsent.map(|key| format!("key {key:x} was never sent")));
    if wrong.is_empty() {
        return Ok(there);
    }
    wrong.truncate(8);
    Err(io::Error::other(wrong.join("\n")))
}

/// Notes the records at and after `next`.
fn take(bytes: &[u8], next: &mut i64, there: &mut There) -> Result<(), String> {
    let asked = *next;
    for batch in batches(bytes) {
        let batch = batch.map_err(|e| format!("{e:?}"))?;
        if batch.base_offset + i64::from(batch.last_delta) < *next {
            return Err(format!("offset {} again", batch.base_offset));
        }
        let records = batch.sparse_records().map_err(|e| format!("{e:?}"))?;
        for record in records.iter().filter(|r| r.offset >= asked) {
            let (key, number) =
                identify(record).map_err(|what| format!("{what} at offset {}", record.offset))?;
            let last = (number, record.value.is_none());
            let before = there.last.insert(key, last);
            if let Some((before, _)) = before.filter(|(before, _)| *before >= number) {
                return Err(format!("key {key:x}: number {number} after {before}"));
            }
            there.records += 1;
        }
        *next = batch.base_offset + i64::from(batch.last_delta) + 1;
    }
    Ok(())
}

/// Key and number of a record; a tombstone has its number in its note.
fn identify(record: &Record<'_>) -> Result<(u64, u64), String> {
    let eight = |bytes: Option<&[u8]>| Some(u64::from_be_bytes(bytes?.try_into().ok()?));
    let key = eight(record.key).ok_or("no key of ours")?;
    let number = match (record.value, record.note) {
        (None, note) => eight(note).ok_or("no tombstone of ours")?,
        (value, _) => {
            let identity = Identity::decode(value).map_err(|damage| format!("{damage:?}"))?;
            identity.number
        }
    };
    Ok((key, number))
}
