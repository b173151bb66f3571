//! What compaction may take from a partition, and what it must.
//!
//! A record may be gone when a round was begun that looked at it and at a newer one of its key; it must be gone when such a
//! round has ended. A tombstone may be gone when a round was begun after its time, which another round has begun.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use bytes::Bytes;
use ottla_protocol::record::{BatchView, batches};
use ottla_storage::Entry;

use super::model::Part;

/// A record as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// Its offset.
    pub offset: i64,
    /// Its timestamp.
    pub timestamp: i64,
    /// Its key.
    pub key: Vec<u8>,
    /// Its value; `None` is a tombstone.
    pub value: Option<Vec<u8>>,
}

/// The newest offset of each key below an offset.
#[derive(Clone, Debug, Default)]
struct Newest {
    below: i64,
    by_key: BTreeMap<Vec<u8>, i64>,
}

impl Newest {
    /// Goes on to `below`; `more` are the entries from there on where it is.
    fn look_up_to<'a>(
        &mut self,
        below: i64,
        more: impl Iterator<Item = &'a (Entry, Vec<i64>)>,
        compaction: &Compaction,
    ) {
        for (entry, _) in more {
            for record in compaction.records(entry).iter() {
                if record.offset < below {
                    self.by_key.insert(record.key.clone(), record.offset);
                }
            }
        }
        self.below = self.below.max(below);
    }

    fn supersedes(&self, record: &Written) -> bool {
        let newest = self.by_key.get(&record.key);
        record.offset < self.below && newest.is_some_and(|newest| *newest > record.offset)
    }
}

/// A batch, and its records.
type Decoded = (Bytes, Rc<Vec<Written>>);

/// What compaction was asked to do.
#[derive(Clone, Debug)]
pub struct Compaction {
    delete_retention_ms: i64,
    /// By the offset up to which rounds were begun: when the first and the last one.
    rounds: BTreeMap<i64, (i64, i64)>,
    begun: Newest,
    ended: Newest,
    /// Where the log began when these rounds were: they did not look at what was below, which a crash may have brought back.
    floor: i64,
    /// Batches by their first offset, and their records.
    decoded: RefCell<BTreeMap<i64, Decoded>>,
}

impl Compaction {
    /// Nothing yet.
    pub fn new(delete_retention_ms: i64) -> Compaction {
        Compaction {
            delete_retention_ms,
            rounds: BTreeMap::new(),
            begun: Newest::default(),
            ended: Newest::default(),
            floor: 0,
            decoded: RefCell::default(),
        }
    }

    fn may_be_gone(&self, record: &Written) -> bool {
        self.begun.supersedes(record) || (record.value.is_none() && self.time_is_over(record))
    }

    fn time_is_over(&self, tombstone: &Written) -> bool {
        let looked = self.rounds.range(tombstone.offset + 1..);
        let span = looked.map(|(_, span)| *span);
        let span = span.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)));
        span.is_some_and(|(first, last)| last >= first + self.delete_retention_ms)
    }

    fn records(&self, entry: &Entry) -> Rc<Vec<Written>> {
        let mut decoded = self.decoded.borrow_mut();
        let known = decoded.get(&entry.base_offset);
        if let Some((body, records)) = known
            && body.as_ptr() == entry.body.as_ptr()
        {
            return records.clone();
        }
        let records = match BatchView::parse(&entry.body) {
            Ok(batch) => Rc::new(read(&batch)),
            Err(_) => Rc::default(),
        };
        let kept = (entry.body.clone(), records.clone());
        decoded.insert(entry.base_offset, kept);
        records
    }
}

impl Part {
    /// A round is begun that looks at everything below `until`.
    pub fn compaction_begins(&mut self, now_ms: i64, until: i64) {
        if let Some(compaction) = &mut self.compaction {
            let span = compaction.rounds.entry(until).or_insert((now_ms, now_ms));
            *span = (span.0.min(now_ms), span.1.max(now_ms));
            let mut begun = std::mem::take(&mut compaction.begun);
            begun.look_up_to(until, self.latest.data(begun.below, until), compaction);
            compaction.begun = begun;
        }
    }

    /// A round has ended that looked at everything from `start`, where the log began, up to `until`.
    pub fn compaction_ends(&mut self, start: i64, until: i64) {
        if let Some(compaction) = &mut self.compaction {
            compaction.floor = compaction.floor.max(start);
            let mut ended = std::mem::take(&mut compaction.ended);
            ended.look_up_to(until, self.latest.data(ended.below, until), compaction);
            compaction.ended = ended;
        }
    }

    /// The records that can no longer be taken for there: what a read that begins now must not give.
    pub fn ended_below(&self) -> i64 {
        self.compaction.as_ref().map_or(0, |c| c.ended.below)
    }

    /// The records in `from..to` that must be there.
    pub fn certain(&self, from: i64, to: i64) -> impl Iterator<Item = Written> {
        let compaction = self.compaction.iter();
        compaction.flat_map(move |compaction| {
            let entries = self.latest.data(from, to);
            let all = entries.flat_map(|(entry, _)| {
                let records = compaction.records(entry);
                (0..records.len()).map(move |i| records[i].clone())
            });
            all.filter(move |r| (from..to).contains(&r.offset) && !compaction.may_be_gone(r))
        })
    }

    /// The record written at `offset`.
    pub fn record_at(&self, offset: i64) -> Option<Written> {
        let mut all = self.latest.data(offset, offset + 1);
        let (entry, _) = all.next()?;
        let records = self.compaction.as_ref()?.records(entry);
        records.iter().find(|r| r.offset == offset).cloned()
    }

    /// What is wrong with what a read of `from..to` gave; the rounds that look below `ended` had ended when it began.
    pub fn check_compacted(&self, bytes: &[u8], from: i64, to: i64, ended: i64) -> Option<String> {
        let compaction = self.compaction.as_ref()?;
        let mut found = Vec::new();
        for batch in batches(bytes) {
            let Ok(batch) = batch else {
                return Some("a read gave what is no batch".to_owned());
            };
            let header = batch.header;
            let of = self
                .latest
                .data(header.base_offset, header.base_offset + 1)
                .next();
            let Some((entry, _)) = of.filter(|(e, _)| {
                e.base_offset == header.base_offset
                    && e.base_offset + i64::from(e.records) == header.next_offset()
            }) else {
                return Some(format!("no batch was written like {header:?}"));
            };
            let written = compaction.records(entry);
            for record in read(&batch) {
                if !written.contains(&record) {
                    return Some(format!("{} is not as it was written", record.offset));
                }
                found.push(record);
            }
        }
        if let Some(pair) = found.windows(2).find(|w| w[0].offset >= w[1].offset) {
            return Some(format!("{} before {}", pair[0].offset, pair[1].offset));
        }
        let is_there = |r: &Written| found.binary_search_by_key(&r.offset, |f| f.offset).is_ok();
        if let Some(lost) = self.certain(from, to).find(|r| !is_there(r)) {
            return Some(format!("the record at {} is lost", lost.offset));
        }
        // A round that has ended since proves nothing, and a batch that reaches over the log's start is not looked at as a whole.
        let in_time = |r: &Written| compaction.ended.by_key.get(&r.key) < Some(&ended);
        let undead = |r: &&Written| {
            r.offset >= from.max(compaction.floor) && compaction.ended.supersedes(r) && in_time(r)
        };
        let undead = found.iter().find(undead)?;
        Some(format!(
            "the record at {} was compacted away",
            undead.offset
        ))
    }
}

fn read(batch: &BatchView<'_>) -> Vec<Written> {
    let Ok(bytes) = batch.decompress(1 << 24) else {
        return Vec::new();
    };
    let written = |r: ottla_protocol::record::Record<'_>| Written {
        offset: batch.header.base_offset + i64::from(r.offset_delta),
        timestamp: batch.header.base_timestamp + r.timestamp_delta,
        key: r.key.unwrap_or_default().to_vec(),
        value: r.value.map(<[u8]>::to_vec),
    };
    let records = batch.records(&bytes).filter_map(Result::ok);
    records.map(written).collect()
}
