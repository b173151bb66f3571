//! Aborted transactions: whatever becomes of a log's sidecar indexes, readers leave out what was aborted and nothing else.

use std::collections::{BTreeMap, BTreeSet};

use ottla_protocol::record::{BatchBuilder, BatchOptions, EndMarker, Producer, set_base_offset};

use super::*;
use crate::format::BLOCK;
use crate::segment::index_path;

/// Numbers that look random and are the same in every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (self.0 >> 33) % end.max(1)
    }
}

/// One entry of the log, and what a reader of committed records must make of it.
#[derive(Clone)]
struct Item {
    offset: i64,
    producer: Option<i64>,
    marker: Option<bool>,
    bytes: Bytes,
}

fn records(offset: i64, producer: Option<i64>) -> Bytes {
    let mut builder = BatchBuilder::new(BatchOptions {
        base_offset: offset,
        leader_epoch: 1,
        producer: producer.map(|id| Producer {
            id,
            epoch: 0,
            base_sequence: 0,
        }),
        transactional: producer.is_some(),
        ..BatchOptions::default()
    });
    builder.push(1_000, None, Some(b"x"), &[]);
    builder.build().expect("uncompressed").into()
}

fn end(offset: i64, producer: i64, committed: bool) -> Bytes {
    let marker = EndMarker {
        committed,
        coordinator_epoch: 0,
    };
    let mut bytes = marker.batch(producer, 0, 1_000);
    set_base_offset(&mut bytes, offset);
    ottla_protocol::record::set_leader_epoch(&mut bytes, 1);
    bytes.into()
}

/// The whole log as it should be: one record in each entry, entry `n + 1` at offset `n`.
#[derive(Default)]
struct Model {
    items: Vec<Item>,
    open: BTreeMap<i64, i64>,
    /// Offsets of batches of aborted transactions.
    aborted: BTreeSet<i64>,
}

impl Model {
    fn grow(&mut self, numbers: &mut Numbers, producers: u64) {
        let offset = self.items.len() as i64;
        let id = numbers.below(producers) as i64;
        let producer = match numbers.below(10) {
            0..=3 if self.open.contains_key(&id) || numbers.below(9) == 0 => {
                return self.finish(id, numbers.below(3) == 0);
            }
            0..=1 => None,
            _ => Some(id),
        };
        if let Some(id) = producer {
            self.open.entry(id).or_insert(offset);
        }
        self.items.push(Item {
            offset,
            producer,
            marker: None,
            bytes: records(offset, producer),
        });
    }

    fn finish(&mut self, id: i64, committed: bool) {
        let offset = self.items.len() as i64;
        let first = self.open.remove(&id);
        if let Some(first) = first.filter(|_| !committed) {
            let of = |i: &&Item| i.producer == Some(id) && i.marker.is_none();
            let own = self.items[first as usize..].iter().filter(of);
            self.aborted.extend(own.map(|i| i.offset));
        }
        self.items.push(Item {
            offset,
            producer: Some(id),
            marker: Some(committed),
            bytes: end(offset, id, committed),
        });
    }

    /// What was aborted as a consumer finds it out from `list` while it reads `from..to` (Kafka's rule).
    fn dropped(&self, mut list: Vec<AbortedTxn>, from: i64, to: i64) -> BTreeSet<i64> {
        list.sort_by_key(|txn| std::cmp::Reverse(txn.first_offset));
        let mut aborting = BTreeSet::new();
        let mut dropped = BTreeSet::new();
        for item in &self.items[from as usize..to as usize] {
            while list
                .last()
                .is_some_and(|txn| txn.first_offset <= item.offset)
            {
                aborting.extend(list.pop().map(|txn| txn.producer_id));
            }
            match (item.producer, item.marker) {
                (Some(id), Some(false)) => {
                    aborting.remove(&id);
                }
                (Some(id), None) if aborting.contains(&id) => {
                    dropped.insert(item.offset);
                }
                _ => {}
            }
        }
        dropped
    }
}

fn append_item(log: &Log, item: &Item) {
    let (index, bytes) = (item.offset as u64 + 1, item.bytes.clone());
    log.append(index, 1, item.offset, 1, bytes)
        .expect("follows");
}

struct Bed {
    model: Model,
    log: Log,
    config: LogConfig,
    durable: Checkpoint,
}

impl Bed {
    fn append(&mut self, numbers: &mut Numbers, producers: u64) {
        for _ in 0..numbers.below(120) {
            self.model.grow(numbers, producers);
            self.append_last();
        }
    }

    fn append_last(&self) {
        let item = &self.model.items[self.model.items.len() - 1];
        append_item(&self.log, item);
    }

    /// Starts again, ends all transactions, and flushes.
    async fn settle(&mut self) {
        self.reopen().await;
        for id in self.model.open.keys().copied().collect::<Vec<_>>() {
            self.model.finish(id, false);
            self.append_last();
        }
        let last = self.model.items.len() as u64;
        self.log.flush(last).await.expect("a calm disk");
    }

    /// Transactions that end below the flushed end are found there.
    async fn compare(&self, numbers: &mut Numbers) {
        let (start, flushed) = (self.log.start_offset(), self.log.flushed().end_offset);
        let reach = flushed
            .min(self.model.open.values().min().map_or(flushed, |f| *f))
            .max(start);
        // An open one of which the end is known here is not decided below the flushed end either.
        let undecided = self.model.items[..flushed as usize].iter();
        let mut open = BTreeMap::new();
        for item in undecided {
            match (item.producer, item.marker) {
                (Some(id), Some(_)) => drop(open.remove(&id)),
                (Some(id), None) => drop(open.entry(id).or_insert(item.offset)),
                _ => {}
            }
        }
        let reach = open
            .values()
            .min()
            .map_or(reach, |first| reach.min(*first))
            .max(start);
        let from = start + numbers.below((reach - start) as u64 + 1) as i64;
        let to = from + numbers.below((reach - from) as u64 + 1) as i64;
        let list = self.log.aborted(from, to).await.expect("a calm disk");
        assert!(list.windows(2).all(|w| w[0].last_offset < w[1].last_offset));
        let expected: BTreeSet<i64> = self.model.aborted.range(from..to).copied().collect();
        assert_eq!(self.model.dropped(list, from, to), expected, "{from}..{to}");
    }

    /// Starts again from the last checkpoint, with whatever sidecar files there are.
    async fn reopen(&mut self) {
        let start = Start::From(&self.durable);
        self.log = Log::open(&store().await, ID, "topic/0", self.config, start)
            .await
            .expect("no damage");
        for item in &self.model.items[self.durable.end_offset as usize..] {
            append_item(&self.log, item);
        }
    }

    /// Takes away a sidecar file, or the end of it, or a block in it.
    async fn spoil(&self, numbers: &mut Numbers) {
        let Ok(files) = fs::list(self.log.dir()).await else {
            return; // Nothing was flushed yet.
        };
        let bases = files
            .iter()
            .filter_map(|f| crate::segment::parse_name(&f.name, ".index"));
        let bases: Vec<i64> = bases.collect();
        let Some(base) = bases.get(numbers.below(bases.len() as u64) as usize) else {
            return;
        };
        let path = index_path(self.log.dir(), *base);
        if numbers.below(2) == 0 {
            fs::remove_file(&path).await.expect("is there");
            return;
        }
        let options = fs::OpenOptions::read_write().direct();
        let file = File::open(&path, &options).await.expect("is there");
        let blocks = file.len().await.expect("is there") / BLOCK as u64;
        let mut zeroes = fs::Buf::with_capacity(BLOCK);
        zeroes.extend_from_slice(&[0; BLOCK]);
        let at = numbers.below(blocks) * BLOCK as u64;
        file.write_at(zeroes, at).await.expect("is there");
        file.close().await.expect("is there");
    }

    async fn advance(&mut self, numbers: &mut Numbers) {
        let end = self.log.flushed().end_offset;
        let start = self.log.start_offset();
        let to = start + numbers.below((end - start) as u64 / 2 + 1) as i64;
        self.log.advance_start(to);
        self.durable = checkpoint_of(&self.log);
        let start = self.durable.start_offset;
        self.log.reclaim(start).await.expect("a calm disk");
    }
}

async fn run(seed: u64) {
    let mut numbers = Numbers(seed);
    let config = LogConfig {
        segment_bytes: 3_000 << numbers.below(8),
        ..LogConfig::default()
    };
    let producers = 2 << numbers.below(9);
    let log = Log::open(&store().await, ID, "topic/0", config, Start::New)
        .await
        .expect("an empty folder");
    let durable = checkpoint_of(&log);
    let mut bed = Bed {
        model: Model::default(),
        log,
        config,
        durable,
    };
    for _ in 0..60 {
        match numbers.below(12) {
            0 => bed.reopen().await,
            1 => {
                bed.spoil(&mut numbers).await;
                bed.reopen().await;
            }
            2 => bed.advance(&mut numbers).await,
            3..=4 => bed.durable = checkpoint_of(&bed.log),
            5..=7 => {
                let flushed = bed.log.flushed().index;
                let more = numbers.below(bed.model.items.len() as u64 - flushed + 1);
                bed.log.flush(flushed + more).await.expect("a calm disk");
            }
            _ => bed.append(&mut numbers, producers),
        }
        bed.compare(&mut numbers).await;
    }
    bed.settle().await;
    for _ in 0..20 {
        bed.compare(&mut numbers).await;
    }
}

#[test]
fn readers_leave_out_what_was_aborted_whatever_becomes_of_the_indexes() {
    for seed in 0..60 {
        let (sim, node) = machine(seed);
        on(&sim, node, run(seed));
    }
}

#[test]
fn a_segment_with_very_many_markers_is_closed() {
    let (sim, node) = machine(1);
    on(&sim, node, async {
        let large = LogConfig {
            segment_bytes: 1 << 30,
            ..config()
        };
        let log = Log::open(&store().await, ID, "topic/0", large, Start::New)
            .await
            .expect("an empty folder");
        let last = (64 << 10) + 1;
        for offset in 0..=last {
            log.append(offset as u64 + 1, 1, offset, 1, end(offset, 1, true))
                .expect("follows");
        }
        log.flush(last as u64 + 1).await.expect("a calm disk");
        assert_eq!(log.segments(), 2);
    });
}
