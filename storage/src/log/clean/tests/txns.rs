//! Compaction of a log with transactions, which reach over segments and over what is flushed, against a naive model.

use super::rules::{marker, of_transaction};
use super::*;

/// A record of a transaction.
struct Record {
    offset: i64,
    key: String,
    /// Whether it was committed, once that is decided.
    committed: Option<bool>,
    gone: bool,
}

struct Work {
    log: Log,
    index: u64,
    records: Vec<Record>,
    /// Producers and the records of their open transactions.
    open: BTreeMap<i64, Vec<usize>>,
    aborted: Vec<AbortedTxn>,
}

impl Work {
    fn append(&mut self, bytes: Vec<u8>) {
        self.index += 1;
        let base = self.log.end_offset();
        let appended = self.log.append(self.index, 1, base, 1, bytes.into());
        appended.expect("follows");
    }

    fn write(&mut self, producer: i64, key: String) {
        let offset = self.log.end_offset();
        self.append(of_transaction(offset, producer, &key));
        let at = self.records.len();
        self.open.entry(producer).or_default().push(at);
        self.records.push(Record {
            offset,
            key,
            committed: None,
            gone: false,
        });
    }

    fn end(&mut self, producer: i64, commit: bool) {
        let Some(records) = self.open.remove(&producer) else {
            return;
        };
        let last_offset = self.log.end_offset();
        self.append(marker(last_offset, producer, commit));
        for at in &records {
            self.records[*at].committed = Some(commit);
        }
        if !commit {
            self.aborted.push(AbortedTxn {
                producer_id: producer,
                first_offset: self.records[records[0]].offset,
                last_offset,
                last_stable_offset: self.stable(),
            });
        }
    }

    fn stable(&self) -> i64 {
        let firsts = self.open.values().map(|all| self.records[all[0]].offset);
        firsts.min().unwrap_or(self.log.end_offset())
    }

    /// Flushes all but the last entries, of which the round must be told, and compacts.
    async fn clean(&mut self, now_ms: i64, unflushed: u64) {
        let flushed = self.log.flush(self.index.saturating_sub(unflushed)).await;
        let flushed = flushed.expect("a calm disk");
        let until = flushed
            .tail
            .map_or(0, |tail| tail.segment)
            .min(self.stable());
        let unknown = |txn: &&AbortedTxn| txn.last_offset >= flushed.end_offset;
        let cleaning = Cleaning {
            until,
            now_ms,
            delete_retention_ms: DAY,
            producers: BTreeMap::new(),
            aborted: self.aborted.iter().filter(unknown).copied().collect(),
            memory: 1 << 20,
            load: 0.9,
            bytes_per_second: f64::MAX,
        };
        let cleaned = self.log.clean(&cleaning).await.expect("a calm disk");
        let mut newest: BTreeMap<&str, i64> = BTreeMap::new();
        let below = |r: &&Record| r.offset < cleaned.until && r.committed == Some(true);
        for record in self.records.iter().filter(below) {
            newest.insert(&record.key, record.offset);
        }
        let stay: Vec<i64> = newest.into_values().collect();
        for record in &mut self.records {
            record.gone |= record.offset < cleaned.until && !stay.contains(&record.offset);
        }
    }

    /// All is there but what is gone, and readers are told which of it was aborted.
    async fn check(&self) {
        let (mut found, mut next, limit) = (Vec::new(), 0, self.log.end_offset());
        while next < limit {
            let read = self.log.read_with_aborted(next, 2000, limit).await;
            let (out, mut aborted) = read.expect("readable");
            let flushed = self.log.flushed().end_offset;
            aborted.extend(self.aborted.iter().filter(|t| t.last_offset >= flushed));
            next = out.next;
            for batch in batches(&out.parts.concat()) {
                let header = batch.expect("whole batches").header;
                if header.attributes.is_control() || header.count == 0 {
                    continue;
                }
                let offset = header.base_offset;
                found.push(offset);
                let of = |txn: &AbortedTxn| {
                    txn.producer_id == header.producer_id && txn.overlaps(offset, offset + 1)
                };
                let told = aborted.iter().any(of);
                let record = self.records.iter().find(|r| r.offset == offset);
                let record = record.expect("it was written");
                assert_eq!(told, record.committed == Some(false), "{offset}");
            }
        }
        let wanted = self.records.iter().filter(|r| !r.gone).map(|r| r.offset);
        assert_eq!(found, wanted.collect::<Vec<_>>());
    }
}

async fn story(seed: u64) {
    let mut rng = Rng::new(seed);
    let bed = Bed::new(0).await;
    let mut work = Work {
        log: bed.log,
        index: 0,
        records: Vec::new(),
        open: BTreeMap::new(),
        aborted: Vec::new(),
    };
    let mut now_ms = 1_000_000;
    for _ in 0..6 {
        for _ in 0..rng.below(200) {
            let producer = 1 + rng.below(4) as i64;
            // Some write little and long.
            match rng.below(4 + 8 * u64::from(producer == 1)) {
                0 => work.end(producer, rng.below(2) == 0),
                _ => work.write(producer, format!("key {}", rng.below(30))),
            }
        }
        now_ms += rng.below(2 * DAY as u64) as i64;
        work.clean(now_ms, rng.below(40)).await;
        work.check().await;
    }
}

/// A transaction's first batches lay in segments that had been compacted, whose indexes knew nothing of it any more. It was left
/// out of what a later round was told, as one that had begun before: its other records stayed, and took those of others with them.
#[test]
fn aborted_records_go_and_committed_ones_of_the_same_producers_stay() {
    for seed in 1..=60 {
        let (sim, node) = machine(seed);
        on(&sim, node, story(seed));
    }
}
