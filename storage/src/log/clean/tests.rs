//! Compaction against a naive model, on the simulated disk; and its rules one by one.

use std::collections::BTreeMap;

use bytes::Bytes;
use ottla_protocol::record::{BatchBuilder, BatchOptions, BatchView, Codec, Producer, batches};
use ottla_runtime::fs;
use ottla_runtime::rand::Rng;

use super::*;
use crate::format::frame::HardState;
use crate::log::{LogConfig, Start, Store, StoreOptions};
use crate::testing::{ID, machine, on};

mod names;
mod rules;
mod txns;

const ROOT: &str = "/data/topics";
const DAY: i64 = 86_400_000;

/// A record as clients see it.
type Seen = (i64, Vec<u8>, Option<Vec<u8>>);

/// A batch of the model.
#[derive(Clone, Debug)]
struct Written {
    bytes: Bytes,
    base: i64,
    end: i64,
    producer: i64,
    horizon: Option<i64>,
    records: Vec<Seen>,
}

/// A log and what must be in it.
struct Bed {
    log: Log,
    store: Store,
    written: Vec<Written>,
    index: u64,
    sequences: BTreeMap<i64, i32>,
}

fn config() -> LogConfig {
    LogConfig {
        segment_bytes: 3000,
        ..LogConfig::default()
    }
}

async fn open(store: &Store, start: Start<'_>) -> Log {
    Log::open(store, ID, "t/0", config(), start)
        .await
        .expect("opens")
}

impl Bed {
    async fn new(cache_memory: usize) -> Bed {
        fs::create_dir_all(ROOT).await.expect("a calm disk");
        let options = StoreOptions {
            cache_memory,
            ..StoreOptions::default()
        };
        let store = Store::new(ROOT, &options);
        Bed {
            log: open(&store, Start::New).await,
            store,
            written: Vec::new(),
            index: 0,
            sequences: BTreeMap::new(),
        }
    }

    /// A batch of these keys and values.
    fn append(&mut self, producer: i64, codec: Codec, records: &[(&str, Option<&str>)]) {
        let base = self.log.end_offset();
        let sequence = self.sequences.entry(producer).or_default();
        let options = BatchOptions {
            base_offset: base,
            leader_epoch: 1 + (base / 100) as i32,
            codec,
            producer: (producer >= 0).then_some(Producer {
                id: producer,
                epoch: 0,
                base_sequence: *sequence,
            }),
            ..BatchOptions::default()
        };
        *sequence += records.len() as i32;
        let mut builder = BatchBuilder::new(options);
        let mut seen = Vec::new();
        for (i, (key, value)) in records.iter().enumerate() {
            let offset = base + i as i64;
            let value = value.map(str::as_bytes);
            builder.push(1_000_000 + offset, Some(key.as_bytes()), value, &[]);
            seen.push((offset, key.as_bytes().to_vec(), value.map(<[u8]>::to_vec)));
        }
        let bytes: Bytes = builder.build().expect("a small batch").into();
        self.index += 1;
        let (count, term) = (records.len() as u32, 1 + (base / 100) as u64);
        self.log
            .append(self.index, term, base, count, bytes.clone())
            .expect("follows");
        self.written.push(Written {
            bytes,
            base,
            end: base + records.len() as i64,
            producer,
            horizon: None,
            records: seen,
        });
    }

    async fn flush(&self) {
        self.log.flush(self.index).await.expect("a calm disk");
    }

    fn open_base(&self) -> i64 {
        self.log.flushed().tail.map_or(0, |tail| tail.segment)
    }

    /// The last batches of all producers.
    fn producers(&self) -> BTreeMap<i64, LastOfProducer> {
        let last = |w: &Written| LastOfProducer {
            epoch: 0,
            offset: Some(w.end - 1),
        };
        let named = self.written.iter().filter(|w| w.producer >= 0);
        named.map(|w| (w.producer, last(w))).collect()
    }

    fn round(&self, now_ms: i64, memory: usize) -> Cleaning {
        Cleaning {
            until: self.open_base(),
            now_ms,
            delete_retention_ms: DAY,
            producers: self.producers(),
            aborted: Vec::new(),
            memory,
            load: 0.9,
            bytes_per_second: f64::MAX,
        }
    }

    /// Compacts all that may be, in as many rounds as it takes; the model too.
    async fn clean(&mut self, now_ms: i64, memory: usize) -> usize {
        let until = self.open_base();
        let dirty = self.log.0.state.borrow().first_dirty() < until;
        let mut rounds = 0;
        loop {
            rounds += 1;
            let cleaned = self
                .log
                .clean(&self.round(now_ms, memory))
                .await
                .expect("a calm disk");
            if cleaned.complete || !dirty {
                break;
            }
        }
        if dirty {
            self.clean_model(now_ms, until);
        }
        rounds
    }

    fn clean_model(&mut self, now_ms: i64, until: i64) {
        let mut newest: BTreeMap<Vec<u8>, i64> = BTreeMap::new();
        for (offset, key, _) in self.written.iter().flat_map(|w| &w.records) {
            if *offset < until {
                newest.insert(key.clone(), *offset);
            }
        }
        for batch in self.written.iter_mut().filter(|w| w.base < until) {
            let passed = batch.horizon.is_some_and(|horizon| horizon <= now_ms);
            batch.records.retain(|(offset, key, value)| {
                newest.get(key) == Some(offset) && (value.is_some() || !passed)
            });
            let tombstones = batch.records.iter().any(|r| r.2.is_none());
            if tombstones && batch.horizon.is_none() {
                batch.horizon = Some(now_ms + DAY);
            }
        }
    }

    fn wanted(&self, from: i64) -> Vec<Seen> {
        let all = self.written.iter().flat_map(|w| &w.records);
        all.filter(|r| r.0 >= from).cloned().collect()
    }

    async fn read(&self, from: i64) -> Vec<Bytes> {
        let (mut found, mut next) = (Vec::new(), from);
        while next < self.log.end_offset() {
            let out = self
                .log
                .read(next, 2000, self.log.end_offset())
                .await
                .expect("readable");
            assert!(out.next > next, "a read goes on");
            found.extend(out.parts);
            next = out.next;
        }
        found
    }

    /// All that can be read is what the model says, from wherever it is read.
    async fn check(&self, from: i64) {
        let bytes = self.read(from).await.concat();
        let mut seen = Vec::new();
        for batch in batches(&bytes) {
            let batch = batch.expect("whole batches");
            let header = batch.header;
            let of = self
                .written
                .iter()
                .find(|w| w.base == header.base_offset)
                .expect("it was written");
            assert_eq!(header.next_offset(), of.end, "its offsets stay");
            assert_eq!(header.producer_id, of.producer);
            if header.count as i64 == of.end - of.base && of.horizon.is_none() {
                assert_eq!(batch.bytes(), &of.bytes[..], "untouched, byte for byte");
            }
            seen.extend(records_of(&batch));
        }
        seen.retain(|r| r.0 >= from);
        assert_eq!(seen, self.wanted(from));
        for (producer, last) in self.producers() {
            let last = last.offset.expect("it has written");
            let kept = batches(&bytes)
                .flatten()
                .any(|b| b.header.producer_id == producer && b.header.last_offset() == last);
            assert!(kept || last < from, "producer {producer} is forgotten");
        }
    }

    /// Starts again from a checkpoint of now.
    async fn reopen(&mut self) {
        let checkpoint = self.log.checkpoint(HardState::default(), Bytes::new());
        self.store = Store::new(ROOT, &StoreOptions::default());
        self.log = open(&self.store, Start::From(&checkpoint)).await;
    }
}

fn records_of(batch: &BatchView<'_>) -> Vec<Seen> {
    let bytes = batch.decompress(1 << 20).expect("readable");
    let seen = |r: ottla_protocol::record::Record<'_>| {
        let offset = batch.header.base_offset + i64::from(r.offset_delta);
        let time = batch.header.base_timestamp + r.timestamp_delta;
        assert_eq!(time, 1_000_000 + offset, "its timestamp stays");
        let key = r.key.expect("has a key").to_vec();
        (offset, key, r.value.map(<[u8]>::to_vec))
    };
    let records = batch.records(&bytes);
    records.map(|r| seen(r.expect("readable"))).collect()
}

/// Random work for one seed.
async fn story(seed: u64) {
    let mut rng = Rng::new(seed);
    let cache = if rng.below(2) == 0 { 0 } else { 1 << 20 };
    let mut bed = Bed::new(cache).await;
    let keys = 1 + rng.below(40);
    let mut now = 1_000_000_000;
    for _ in 0..60 {
        match rng.below(10) {
            0..=5 => {
                for _ in 0..=rng.below(8) {
                    let codec = [Codec::None, Codec::Lz4, Codec::Gzip][rng.below(3) as usize];
                    let names: Vec<(String, Option<String>)> = (0..=rng.below(6))
                        .map(|_| {
                            let value = "v".repeat(rng.below(120) as usize);
                            let value = (rng.below(4) > 0).then_some(value);
                            (format!("key {}", rng.below(keys)), value)
                        })
                        .collect();
                    let records: Vec<_> = names
                        .iter()
                        .map(|(k, v)| (k.as_str(), v.as_deref()))
                        .collect();
                    bed.append(rng.below(4) as i64 - 1, codec, &records);
                }
            }
            6 => bed.log.roll(),
            7 => now += rng.below(DAY as u64) as i64,
            8 => {
                bed.flush().await;
                let memory = if rng.below(2) == 0 { 1 << 20 } else { 24 * 5 };
                bed.clean(now, memory).await;
            }
            _ => {
                bed.flush().await;
                bed.reopen().await;
            }
        }
        let end = bed.log.end_offset();
        bed.check(0).await;
        bed.check(rng.below(end as u64 + 1) as i64).await;
        let epochs: Vec<_> = (0..(end + 99) / 100)
            .map(|e| (1 + e as i32, e * 100))
            .collect();
        let known = bed.log.epochs().await.expect("readable");
        let firsts = known.iter().zip(&epochs);
        assert!(firsts.clone().count() >= known.len().min(epochs.len()));
        for (known, epoch) in firsts {
            // A batch may reach over the hundred: the epoch begins with the next one.
            assert!(known.0 == epoch.0 && (epoch.1..epoch.1 + 10).contains(&known.1));
        }
    }
}

#[test]
fn random_work_leaves_what_the_naive_model_leaves() {
    for seed in 1..=25 {
        let (sim, node) = machine(seed);
        on(&sim, node, story(seed));
    }
}

async fn filled() -> Bed {
    let mut bed = Bed::new(0).await;
    for i in 0..60 {
        let key = format!("key {}", i % 7);
        let value = format!("{i:0200}");
        bed.append(-1, Codec::None, &[(&key, Some(&value))]);
    }
    bed.flush().await;
    bed
}

#[test]
fn small_segments_become_one_and_the_size_follows() {
    let (sim, node) = machine(1);
    on(&sim, node, async {
        let mut bed = filled().await;
        let (size, segments) = (bed.log.size(), bed.log.segments());
        assert!(segments > 5);
        let policy = Policy::default();
        let dirt = bed.log.dirtiness(&policy, 0, bed.open_base()).await;
        let dirt = dirt.expect("readable");
        assert_eq!(
            (dirt.from, dirt.until, dirt.clean_bytes),
            (0, bed.open_base(), 0)
        );
        assert!(dirt.is_due(&policy) && dirt.dirty_bytes < size);
        bed.clean(5, 1 << 20).await;
        assert!(bed.log.segments() == segments && bed.log.size() < size / 2);
        bed.append(-1, Codec::None, &[("key 0", Some("last"))]);
        bed.log.roll();
        bed.append(-1, Codec::None, &[("key 0", Some("last"))]);
        bed.flush().await;
        bed.clean(6, 1 << 20).await;
        assert!(bed.log.segments() <= 3, "by now they fit into one");
        let dirt = bed.log.dirtiness(&policy, 0, bed.open_base()).await;
        let dirt = dirt.expect("readable");
        assert_eq!((dirt.from, dirt.dirty_bytes), (bed.open_base(), 0));
        assert!(dirt.clean_bytes > 0 && !dirt.is_due(&policy));
        let files = fs::list(bed.log.dir()).await.expect("is there");
        let logs: Vec<_> = files.iter().filter(|f| f.name.ends_with(".log")).collect();
        assert_eq!(logs.len(), bed.log.segments());
        assert!(!files.iter().any(|f| f.name.ends_with(".cleaned")));
    });
}

#[test]
fn lags_hold_back_and_hurry() {
    let (sim, node) = machine(2);
    on(&sim, node, async {
        let bed = filled().await;
        let limit = bed.open_base();
        let young = Policy {
            min_lag_ms: 10_000,
            ..Policy::default()
        };
        let at = |now| {
            let log = bed.log.clone();
            async move { log.dirtiness(&young, now, limit).await.expect("readable") }
        };
        assert_eq!(at(1_000_000).await.dirty_bytes, 0, "all too young");
        let some = at(1_010_000 + limit / 2).await;
        assert!(some.until > 0 && some.until < limit, "{some:?}");
        assert_eq!(at(1_010_000 + limit).await.until, limit);
        let hurried = Policy {
            min_dirty_ratio: 1.0,
            max_lag_ms: 50,
            ..Policy::default()
        };
        let dirt = bed.log.dirtiness(&hurried, 1_000_050, limit).await;
        assert!(!dirt.expect("readable").is_due(&hurried));
        let dirt = bed.log.dirtiness(&hurried, 1_000_051, limit).await;
        assert!(dirt.expect("readable").is_due(&hurried));
    });
}

#[test]
fn a_table_of_few_keys_takes_several_rounds() {
    let (sim, node) = machine(3);
    on(&sim, node, async {
        let mut bed = Bed::new(0).await;
        for i in 0..300 {
            let key = format!("key {}", i % 100);
            bed.append(-1, Codec::None, &[(&key, Some("value"))]);
        }
        bed.flush().await;
        let rounds = bed.clean(5, 24 * 34).await;
        assert!(rounds >= 3, "{rounds}");
        bed.check(0).await;
    });
}

#[test]
fn times_are_found_where_records_are_left() {
    let (sim, node) = machine(4);
    on(&sim, node, async {
        let mut bed = filled().await;
        bed.clean(5, 1 << 20).await;
        let end = bed.log.end_offset();
        for at in 0..end {
            let found = bed.log.offset_for_timestamp(1_000_000 + at, end).await;
            let wanted = bed.wanted(at).first().map(|r| r.0);
            assert_eq!(found.expect("readable").map(|f| f.offset), wanted);
        }
        let max = bed.log.max_timestamp(end).await.expect("readable");
        assert_eq!(max.map(|m| m.offset), Some(end - 1));
    });
}

/// A log of which compaction has left an empty batch at the end of the cleaned part, and that batch has the largest timestamp:
/// no record has it.
#[test]
fn the_largest_timestamp_is_that_of_a_record() {
    let (sim, node) = machine(5);
    on(&sim, node, async {
        let mut bed = filled().await;
        let options = BatchOptions {
            base_offset: 60,
            leader_epoch: 1,
            ..BatchOptions::default()
        };
        let mut late = BatchBuilder::new(options);
        late.push(9_000_000, Some(b"late"), Some(b"1"), &[]);
        let late: Bytes = late.build().expect("a small batch").into();
        bed.log.append(61, 1, 60, 1, late).expect("follows");
        bed.index = 61;
        bed.log.roll();
        bed.append(
            -1,
            Codec::None,
            &[("late", Some("2")), ("key 0", Some("3"))],
        );
        bed.log.roll();
        bed.append(-1, Codec::None, &[("else", Some("2"))]);
        bed.flush().await;
        bed.log
            .clean(&Cleaning {
                producers: BTreeMap::new(),
                ..bed.round(5, 1 << 20)
            })
            .await
            .expect("a calm disk");
        // As of a producer that was active then: only the header of the late batch is left.
        let max = bed.log.max_timestamp(64).await.expect("readable");
        assert_eq!(max.map(|m| m.offset), Some(63));
    });
}

#[test]
fn retention_passes_over_what_compaction_has_emptied() {
    let (sim, node) = machine(6);
    on(&sim, node, async {
        let mut bed = Bed::new(0).await;
        for value in ["1", "2", "3", "4"] {
            bed.append(-1, Codec::None, &[("key", Some(value))]);
            bed.log.configure(LogConfig {
                segment_bytes: 1,
                retention_ms: 10,
                ..config()
            });
        }
        bed.flush().await;
        bed.clean(5, 1 << 20).await;
        assert_eq!(bed.log.segments(), 4);
        let start = bed.log.retain(1_000_005, 4).await.expect("readable");
        assert_eq!(start, Some(2), "two are empty, the third is young");
        bed.reopen().await;
        let start = bed.log.retain(2_000_000, 4).await.expect("readable");
        assert_eq!(start, Some(2), "also when the rest may stay for a week");
    });
}

#[test]
fn a_lost_file_is_damage_and_a_gap_is_not() {
    let (sim, node) = machine(7);
    on(&sim, node, async {
        let mut bed = filled().await;
        bed.clean(5, 1 << 20).await;
        for i in 0..60 {
            let key = format!("other {i}");
            bed.append(-1, Codec::None, &[(&key, Some(&"x".repeat(200)))]);
        }
        bed.flush().await;
        bed.clean(6, 1 << 20).await;
        bed.check(0).await;
        let checkpoint = bed.log.checkpoint(HardState::default(), Bytes::new());
        let second = bed.log.0.state.borrow().segments[1].base;
        fs::remove_file(data_path(bed.log.dir(), second))
            .await
            .expect("is there");
        let opened = Log::open(&bed.store, ID, "t/0", config(), Start::From(&checkpoint)).await;
        let error = opened.err().expect("a segment is gone");
        assert!(error.to_string().contains("it is missing"), "{error}");
    });
}

/// The start of the log had moved in memory when a compaction noted the leader epochs, and had not when the log was opened
/// again: the epochs in between were unknown then.
#[test]
fn epochs_below_a_start_that_is_not_durable_are_kept() {
    let (sim, node) = machine(8);
    on(&sim, node, async {
        let mut bed = Bed::new(0).await;
        for i in 0..300 {
            let key = format!("key {}", i % 100);
            bed.append(-1, Codec::None, &[(&key, Some("value"))]);
        }
        bed.flush().await;
        let checkpoint = bed.log.checkpoint(HardState::default(), Bytes::new());
        let before = bed.log.epochs().await.expect("readable");
        assert_eq!(before, [(1, 0), (2, 100), (3, 200)]);
        bed.log.advance_start(150);
        bed.clean(5, 1 << 20).await;
        bed.log = open(&bed.store, Start::From(&checkpoint)).await;
        assert_eq!(bed.log.epochs().await.expect("readable"), before);
    });
}
