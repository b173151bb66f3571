//! One partition of one incarnation of a topic: what is known about its log, and what must be true of it.
//!
//! 1. An offset holds one record for ever, a record one offset: whoever acknowledged it, whoever read it.
//! 2. Only what was sent here is here, and whole.
//! 3. Offsets follow each other without a gap; nothing at or beyond the high watermark is served.
//! 4. High watermark and log start never go back; the start never passes the high watermark, and moves only as far as
//!    DeleteRecords and retention may take it.
//! 5. The records of one session of an idempotent producer stand in the order sent, none left out.

use std::collections::BTreeMap;

use ottla_protocol::ids::Uuid;

use crate::kill::value::Identity;

/// A record that is in the log for sure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fact {
    /// Which one.
    pub record: Identity,
    /// Its timestamp.
    pub timestamp: i64,
}

/// A batch as its producer sent it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sent {
    /// Records.
    pub count: u32,
    /// Bytes.
    pub bytes: u64,
    /// Timestamp of its records.
    pub timestamp: i64,
    /// The producer's session, if it is idempotent: order and completeness are promised within it.
    pub session: Option<u64>,
}

/// What an answer must at least know: taken before its request was sent.
#[derive(Clone, Copy, Debug)]
pub struct Floor {
    /// The high watermark.
    pub high_watermark: i64,
    /// The log's start.
    pub start: i64,
    /// How often all was forgotten.
    forgotten: u32,
}

/// One partition.
#[derive(Debug)]
pub struct Slot {
    /// Its number, as in its records.
    pub number: u32,
    /// Topic's name.
    pub topic: String,
    /// Topic's id.
    pub id: Uuid,
    /// Index in the topic.
    pub partition: i32,
    /// Nobody asked for its deletion yet.
    pub live: bool,
    /// What is in the log for sure, by offset. Stays when the log's start moves past it.
    pub facts: BTreeMap<i64, Fact>,
    /// Batches by producer and first record's number.
    pub sent: BTreeMap<(u32, u64), Sent>,
    /// Highest offset that a DeleteRecords named; `i64::MAX` for "all".
    pub delete_to: i64,
    places: BTreeMap<(u32, u64), i64>,
    sent_bytes: u64,
    high_watermark: i64,
    start: i64,
    forgotten: u32,
    /// The least limits that were ever in force, or may have been.
    retention_bytes: Option<i64>,
    retention_ms: Option<i64>,
}

impl Slot {
    /// An empty log.
    pub fn new(number: u32, topic: String, id: Uuid, partition: i32) -> Self {
        Self {
            number,
            topic,
            id,
            partition,
            live: true,
            facts: BTreeMap::new(),
            sent: BTreeMap::new(),
            delete_to: 0,
            places: BTreeMap::new(),
            sent_bytes: 0,
            high_watermark: 0,
            start: 0,
            forgotten: 0,
            retention_bytes: None,
            retention_ms: None,
        }
    }

    /// What to call it in a story.
    pub fn name(&self) -> String {
        format!("{}-{}#{}", self.topic, self.partition, self.number)
    }

    /// What every answer to a request sent now must at least know.
    pub fn floor(&self) -> Floor {
        Floor {
            high_watermark: self.high_watermark,
            start: self.start,
            forgotten: self.forgotten,
        }
    }

    /// All was forgotten since the request was sent: what its answer says was so before (seed 59: an acknowledgement stayed
    /// on its way until the broker had lost the record to a rotten bit and gone on).
    pub fn is_outdated(&self, floor: Floor) -> bool {
        floor.forgotten < self.forgotten
    }

    /// A producer is about to send a batch for the first time.
    pub fn issue(&mut self, producer: u32, first: u64, sent: Sent) {
        self.sent_bytes += sent.bytes;
        self.sent.insert((producer, first), sent);
    }

    /// A producer does not wait for a batch any more, and goes on under another id: nothing is promised of its place.
    pub fn abandon(&mut self, producer: u32, first: u64) {
        if let Some(sent) = self.sent.get_mut(&(producer, first)) {
            sent.session = None;
        }
    }

    /// The batch that a record was sent in.
    fn batch_of(&self, record: Identity) -> Option<(u64, &Sent)> {
        let upto = (record.producer, record.number);
        let (&(producer, first), sent) = self.sent.range(..=upto).next_back()?;
        let fits = producer == record.producer && record.number < first + u64::from(sent.count);
        fits.then_some((first, sent))
    }

    /// A record is at an offset: an acknowledgement says so, or a read.
    pub fn know(&mut self, offset: i64, record: Identity, how: &str) -> Result<(), String> {
        let name = self.name();
        if record.slot != self.number {
            return Err(format!(
                "{name}: {how} {offset}: record {record:?} was sent to another partition"
            ));
        }
        let Some((_, sent)) = self.batch_of(record) else {
            return Err(format!(
                "{name}: {how} {offset}: nobody sent record {record:?}"
            ));
        };
        let timestamp = sent.timestamp;
        match self.facts.get(&offset) {
            Some(fact) if fact.record != record => {
                return Err(format!(
                    "{name}: {how} {offset}: it holds {record:?}, before it held {:?}",
                    fact.record
                ));
            }
            Some(_) => return Ok(()),
            None => {}
        }
        if let Some(other) = self.places.get(&(record.producer, record.number)) {
            return Err(format!(
                "{name}: {how} {offset}: record {record:?} is at {other} already"
            ));
        }
        self.places.insert((record.producer, record.number), offset);
        self.facts.insert(offset, Fact { record, timestamp });
        Ok(())
    }

    /// Forgets where records were, for a disk that loses writes: what was known may be gone.
    pub fn forget(&mut self) {
        self.facts.clear();
        self.places.clear();
        self.high_watermark = 0;
        self.start = 0;
        self.forgotten += 1;
    }

    /// A high watermark was seen.
    pub fn saw_high_watermark(&mut self, found: i64, floor: Floor) -> Result<(), String> {
        if self.is_outdated(floor) {
            return Ok(());
        }
        if found < floor.high_watermark {
            return Err(format!(
                "{}: the high watermark is {found}, it was {}",
                self.name(),
                floor.high_watermark
            ));
        }
        self.high_watermark = self.high_watermark.max(found);
        Ok(())
    }

    /// A log start was seen, by an answer that came at `now_ms`. True when it has moved.
    pub fn saw_start(&mut self, found: i64, floor: Floor, now_ms: i64) -> Result<bool, String> {
        let name = self.name();
        if self.is_outdated(floor) {
            return Ok(false);
        }
        if found < floor.start {
            return Err(format!(
                "{name}: the log starts at {found}, it started at {}",
                floor.start
            ));
        }
        if found <= self.start {
            return Ok(false);
        }
        if found > self.delete_to && !self.retention_may_take(found, now_ms) {
            return Err(format!(
                "{name}: the log starts at {found}, not at {}: nobody deleted up to there, and retention ({:?} bytes, {:?} ms) does not reach",
                self.start, self.retention_bytes, self.retention_ms
            ));
        }
        self.start = found;
        Ok(true)
    }

    /// Retention's limits changed; the least ever given counts.
    pub fn retains(&mut self, bytes: Option<i64>, ms: Option<i64>) {
        let least = |a: Option<i64>, b: Option<i64>| match (a, b) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        self.retention_bytes = least(self.retention_bytes, bytes);
        self.retention_ms = least(self.retention_ms, ms);
    }

    /// May retention have removed everything below `start`? Size takes the oldest, time what is old behind it. Of what is not
    /// known the benefit of the doubt is given.
    fn retention_may_take(&self, start: i64, now_ms: i64) -> bool {
        let upto = match self.retention_ms {
            None => start,
            Some(ms) => {
                let mut taken = self.facts.range(self.start.max(self.delete_to)..start);
                let last_young = taken.rfind(|(_, fact)| now_ms - fact.timestamp <= ms);
                let Some((offset, _)) = last_young else {
                    return true;
                };
                offset + 1
            }
        };
        self.retention_bytes.is_some_and(|limit| {
            // Whole batches below are gone; all else that was ever sent may be there.
            let below = self.facts.range(..upto).filter_map(|(_, fact)| {
                let (first, sent) = self.batch_of(fact.record)?;
                let is_last = fact.record.number == first + u64::from(sent.count) - 1;
                is_last.then_some(sent.bytes)
            });
            self.sent_bytes.saturating_sub(below.sum()) as i64 >= limit
        })
    }

    /// After everything was read from `start` to `end`: every record that is known to be there was.
    pub fn complete(&self, start: i64, end: i64, read: &[(i64, Identity)]) -> Result<(), String> {
        let name = self.name();
        if let Some((offset, fact)) = self.facts.range(end..).next() {
            return Err(format!(
                "{name}: record {:?} at {offset} is lost: the log ends at {end}",
                fact.record
            ));
        }
        if read.len() as i64 != end - start {
            return Err(format!(
                "{name}: {} records between {start} and {end}",
                read.len()
            ));
        }
        self.in_order(read)
    }

    fn in_order(&self, read: &[(i64, Identity)]) -> Result<(), String> {
        let mut last: BTreeMap<u32, (u64, u64)> = BTreeMap::new();
        for (offset, record) in read {
            let Some(session) = self.batch_of(*record).and_then(|(_, sent)| sent.session) else {
                continue;
            };
            let next = (session, record.number + 1);
            if let Some((before, want)) = last.insert(record.producer, next) {
                let wrong = match before == session {
                    true => record.number != want,
                    false => session < before || record.number < want,
                };
                if wrong {
                    return Err(format!(
                        "{}: at {offset} stands {record:?} of session {session}, after session {before} up to {want}",
                        self.name()
                    ));
                }
            }
        }
        Ok(())
    }

    /// The first record, of those known below `limit`, with a timestamp of at least `timestamp`.
    pub fn first_at(&self, timestamp: i64, start: i64, limit: i64) -> Option<i64> {
        let known = self.facts.range(start..limit.max(start));
        let mut fitting = known.filter(|(_, f)| f.timestamp >= timestamp);
        fitting.next().map(|(offset, _)| *offset)
    }
}
