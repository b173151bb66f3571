//! Fetches and questions about offsets, each judged against what must be known when it is answered.

use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::ids::Uuid;
use ottla_protocol::messages::fetch::{FetchPartition, FetchRequest, FetchResponse, FetchTopic};
use ottla_protocol::messages::list_offsets::{
    ListOffsetsPartition, ListOffsetsRequest, ListOffsetsTopic,
};
use ottla_protocol::wire::Records;

use super::client::{Broken, Client};
use super::slot::Floor;
use super::wire::Wire;
use crate::client::batch::batches;
use crate::kill::value::Identity;

/// By id, in several versions.
pub const FETCH_VERSIONS: [i16; 4] = [13, 15, 16, 17];
const LIST_VERSIONS: [i16; 3] = [7, 8, 10];
/// What ListOffsets calls the end and the beginning.
pub const LATEST: i64 = -1;
/// See [`LATEST`].
pub const EARLIEST: i64 = -2;
/// What it calls the first record of the latest time (from version 7 on).
pub const YOUNGEST: i64 = -3;

/// What one fetch brought.
pub struct Read {
    /// The records at and after the offset asked for.
    pub records: Vec<(i64, Identity)>,
}

/// Why a fetch brought nothing.
pub enum NoRead {
    /// The offset is not in the log (any more).
    OutOfRange,
    /// The topic is being deleted.
    Gone,
}

/// What was answered about one partition.
pub struct Answer {
    /// Its error.
    pub code: ErrorCode,
    /// Its high watermark.
    pub high_watermark: i64,
    /// Its first offset.
    pub start: i64,
    /// Its batches.
    pub bytes: Vec<u8>,
}

/// What is asked about one partition.
pub fn asked(partition: i32, from: i64, bytes: i32) -> FetchPartition {
    FetchPartition {
        partition,
        current_leader_epoch: -1,
        fetch_offset: from,
        last_fetched_epoch: -1,
        log_start_offset: -1,
        partition_max_bytes: bytes,
        high_watermark: i64::MAX,
        ..Default::default()
    }
}

/// All partitions of an answer, by topic's id and number.
pub fn partitions(response: &FetchResponse<'_>) -> Vec<((Uuid, i32), Answer)> {
    let topics = response.responses.iter();
    let flat = topics.flat_map(|t| t.partitions.iter().map(move |p| (t.topic_id, p)));
    flat.map(|(topic, p)| {
        let answer = Answer {
            code: p.error_code,
            high_watermark: p.high_watermark,
            start: p.log_start_offset,
            bytes: match &p.records {
                Records::Borrowed(bytes) => bytes.to_vec(),
                Records::None | Records::Parts(_) => Vec::new(),
            },
        };
        ((topic, p.partition_index), answer)
    })
    .collect()
}

impl Client {
    /// Reads a slot from `from` on, at most about `bytes`, waiting at most `wait_ms` for something new.
    pub async fn fetch(
        &mut self,
        wire: &mut Wire,
        slot: usize,
        from: i64,
        bytes: i32,
        wait_ms: i32,
    ) -> Result<Result<Read, NoRead>, Broken> {
        let (name, id, partition, floor) = {
            let slot = &self.shared.ledger.borrow().slots[slot];
            (slot.name(), slot.id, slot.partition, slot.floor())
        };
        let request = FetchRequest {
            replica_id: -1,
            max_wait_ms: wait_ms,
            min_bytes: 1,
            max_bytes: bytes,
            session_epoch: -1,
            topics: vec![FetchTopic {
                topic_id: id,
                partitions: vec![asked(partition, from, bytes)],
                ..Default::default()
            }],
            ..Default::default()
        };
        let version = FETCH_VERSIONS[self.rng.below(FETCH_VERSIONS.len() as u64) as usize];
        let (code, answers) = wire
            .call(&request, version, |r| (r.error_code, partitions(&r)))
            .await?;
        match answers.into_iter().next() {
            Some((_, answer)) => self.judge(slot, from, floor, answer, true),
            None => Err(format!("{name}: a fetch without an answer: {code}").into()),
        }
    }

    /// Holds what was answered against what is known; `whole` when there was room for records of this slot.
    pub fn judge(
        &mut self,
        slot: usize,
        from: i64,
        floor: Floor,
        answer: Answer,
        whole: bool,
    ) -> Result<Result<Read, NoRead>, Broken> {
        let name = self.shared.ledger.borrow().slots[slot].name();
        if answer.code.is_error() {
            return self.no_read(&name, slot, from, answer.code);
        }
        let mut records = Vec::new();
        let mut next = from;
        for batch in batches(&answer.bytes) {
            let batch = batch.map_err(|e| format!("{name}: fetched at {from}: {e:?}"))?;
            if batch.base_offset > next || batch.base_offset + i64::from(batch.count) <= next {
                let base = batch.base_offset;
                return Err(format!("{name}: fetched at {next}, got a batch at {base}").into());
            }
            let read = batch.records().map_err(|e| format!("{name}: {e:?}"))?;
            for (offset, value) in read {
                let record = Identity::decode(value)
                    .map_err(|e| format!("{name}: the record at {offset} is damaged: {e:?}"))?;
                if offset >= from {
                    records.push((offset, record));
                }
            }
            next = batch.base_offset + i64::from(batch.count);
        }
        if next > answer.high_watermark {
            let end = answer.high_watermark;
            return Err(format!("{name}: served up to {next}, the high watermark is {end}").into());
        }
        if answer.start > answer.high_watermark {
            return Err(format!("{name}: the log starts beyond its high watermark").into());
        }
        if from < floor.start {
            let start = floor.start;
            return Err(format!("{name}: served at {from}, though it started at {start}").into());
        }
        if whole && records.is_empty() && from < floor.high_watermark {
            let end = floor.high_watermark;
            return Err(format!("{name}: nothing at {from}, the high watermark was {end}").into());
        }
        let now_ms = self.latest_ms();
        let high_watermark = answer.high_watermark;
        let mut ledger = self.shared.ledger.borrow_mut();
        ledger.counts.read += records.len() as u64;
        let known = &mut ledger.slots[slot];
        let outdated = known.is_outdated(floor);
        for (offset, record) in records.iter().filter(|_| !outdated) {
            known.know(*offset, *record, "read at")?;
        }
        known.saw_high_watermark(high_watermark, floor)?;
        let moved = known.saw_start(answer.start, floor, now_ms)?;
        ledger.counts.start_moves += u64::from(moved);
        drop(ledger);
        self.tell(|| {
            let last = records.last().map_or(from, |r| r.0 + 1);
            format!("{name} read {from}..{last} of {high_watermark}")
        });
        Ok(Ok(Read { records }))
    }

    fn no_read(
        &self,
        name: &str,
        slot: usize,
        from: i64,
        code: ErrorCode,
    ) -> Result<Result<Read, NoRead>, Broken> {
        let live = self.shared.ledger.borrow().slots[slot].live;
        self.tell(|| format!("{name} at {from}: {}", code.name()));
        match code {
            ErrorCode::OFFSET_OUT_OF_RANGE => Ok(Err(NoRead::OutOfRange)),
            _ if !live => Ok(Err(NoRead::Gone)),
            _ => Err(self.refused(&format!("{name}: a fetch at {from}"), code)),
        }
    }

    /// The first record that is not older than `time`. None when there is none, or the topic is being deleted.
    pub async fn offset_at(
        &mut self,
        wire: &mut Wire,
        slot: usize,
        time: i64,
    ) -> Result<Option<i64>, Broken> {
        let limit = self.shared.ledger.borrow().slots[slot]
            .floor()
            .high_watermark;
        let found = self.list_offset(wire, slot, time).await?;
        // What is no longer in the log need not have been found.
        let Some(start) = self.list_offset(wire, slot, EARLIEST).await? else {
            return Ok(None);
        };
        let slot = &self.shared.ledger.borrow().slots[slot];
        let (name, offset) = (slot.name(), found.unwrap_or(i64::MAX));
        if let Some(best) = slot.first_at(time, start, limit).filter(|b| *b < offset) {
            return Err(format!("{name}: time {time} is at {found:?}, but {best} fits").into());
        }
        let timestamp = slot.facts.get(&offset).map(|f| f.timestamp);
        if let Some(older) = timestamp.filter(|t| *t < time) {
            return Err(format!("{name}: time {time} is at {offset}, which is of {older}").into());
        }
        Ok(found)
    }

    /// The first record of the latest time: none that was known to be there before is later.
    pub async fn youngest(&mut self, wire: &mut Wire, slot: usize) -> Result<(), Broken> {
        let limit = {
            let slot = &self.shared.ledger.borrow().slots[slot];
            slot.floor().high_watermark
        };
        let Some(found) = self.list_offset(wire, slot, YOUNGEST).await? else {
            return Ok(());
        };
        // What is no longer in the log need not have been found.
        let Some(start) = self.list_offset(wire, slot, EARLIEST).await? else {
            return Ok(());
        };
        let slot = &self.shared.ledger.borrow().slots[slot];
        let Some(at) = slot.facts.get(&found).map(|fact| fact.timestamp) else {
            return Ok(());
        };
        if let Some(later) = slot.first_at(at + 1, start, limit) {
            let name = slot.name();
            return Err(format!("{name}: {found} is the latest, but {later} is later").into());
        }
        Ok(())
    }

    /// Asks for the first offset (`EARLIEST`), the end (`LATEST`), or a time's. None when there is none, or the topic is
    /// being deleted.
    pub async fn list_offset(
        &mut self,
        wire: &mut Wire,
        slot: usize,
        time: i64,
    ) -> Result<Option<i64>, Broken> {
        let (name, topic, id, partition, floor) = {
            let slot = &self.shared.ledger.borrow().slots[slot];
            let (topic, id) = (slot.topic.clone(), slot.id);
            (slot.name(), topic, id, slot.partition, slot.floor())
        };
        let request = ListOffsetsRequest {
            replica_id: -1,
            topics: vec![ListOffsetsTopic {
                name: topic.into(),
                partitions: vec![ListOffsetsPartition {
                    partition_index: partition,
                    current_leader_epoch: -1,
                    timestamp: time,
                }],
            }],
            ..Default::default()
        };
        let version = LIST_VERSIONS[self.rng.below(LIST_VERSIONS.len() as u64) as usize];
        let answer = wire.call(&request, version, |response| {
            let data = response.topics.first().and_then(|t| t.partitions.first());
            data.map(|p| (p.error_code, p.offset))
        });
        let Some((code, offset)) = answer.await? else {
            return Err(format!("{name}: ListOffsets without an answer").into());
        };
        self.tell(|| format!("{name} offset for {time}: {offset} {}", code.name()));
        let now_ms = self.latest_ms();
        let mut ledger = self.shared.ledger.borrow_mut();
        ledger.counts.asked += 1;
        // Asked by name: if somebody deletes the topic, the answer may be the next one's.
        if !ledger.slots[slot].live || ledger.slots[slot].id != id {
            return Ok(None);
        }
        if code.is_error() {
            drop(ledger);
            return Err(self.refused(&format!("{name}: ListOffsets"), code));
        }
        let known = &mut ledger.slots[slot];
        match time {
            LATEST => known.saw_high_watermark(offset, floor)?,
            EARLIEST => {
                let moved = known.saw_start(offset, floor, now_ms)?;
                ledger.counts.start_moves += u64::from(moved);
            }
            _ => {}
        }
        Ok((offset >= 0).then_some(offset))
    }
}
