//! Reading one topic: a fetch at a time to every leader, without a session and without a group.
//!
//! Invariant: a partition's position is the offset after the last record that was handed out (or skipped as a marker).

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::time::Duration;

use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::messages::fetch::{FetchPartition, FetchRequest, FetchTopic, PartitionData};
use ottla_protocol::record::{self, BatchError, BatchView};
use ottla_protocol::wire::Records;
use ottla_runtime::time::{self, Instant};

use super::aborted::Aborted;
use super::connection::{Answer, Pending};
use super::error::ClientError;
use super::offsets::{At, by_leader};
use super::view::TopicView;
use super::{Client, LOOK_AGAIN, Missing};
use crate::render::record::Received;

/// Bytes of one answer, and of one partition in it. A larger batch still comes whole when it is the first (KIP-74).
const ANSWER_BYTES: i32 = 16 << 20;
const PARTITION_BYTES: i32 = 4 << 20;

/// The most that a batch may unpack to.
const UNPACKED_MAX: usize = 256 << 20;

/// Records that were deleted before they could be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Jump {
    /// Where.
    pub partition: i32,
    /// The offset that was next.
    pub from: i64,
    /// The oldest offset that is kept.
    pub to: i64,
}

/// See the module's text.
pub struct Consumer {
    client: Client,
    topic: TopicView,
    /// Each partition's next offset.
    positions: BTreeMap<i32, i64>,
    /// Where reading a partition ends, where it ends.
    ends: BTreeMap<i32, i64>,
    max_wait: Duration,
    /// Only what is committed, or was never in a transaction.
    read_committed: bool,
    /// Partitions whose position the broker does not have.
    outside: Vec<i32>,
    /// Since when nothing but failures came.
    failing_since: Option<Instant>,
}

type Flight = Pending<FetchRequest<'static>>;

/// What is done with each record; Break ends the reading after it.
pub type Visitor<'v> = dyn FnMut(&Received<'_>) -> ControlFlow<()> + 'v;

impl Consumer {
    /// Reads from `positions`, up to `ends` where a partition is in it. The broker holds an empty answer for `max_wait`.
    pub fn new(
        client: Client,
        topic: TopicView,
        positions: BTreeMap<i32, i64>,
        ends: BTreeMap<i32, i64>,
        max_wait: Duration,
    ) -> Consumer {
        Consumer {
            client,
            topic,
            positions,
            ends,
            max_wait,
            read_committed: false,
            outside: Vec::new(),
            failing_since: None,
        }
    }

    /// From now on leaves out what open and aborted transactions wrote, when `yes`. Reading stops at the first open one.
    pub fn read_committed(mut self, yes: bool) -> Consumer {
        self.read_committed = yes;
        self
    }

    /// True when every partition has been read to its end.
    pub fn is_done(&self) -> bool {
        self.positions
            .iter()
            .all(|(partition, &next)| self.is_finished(*partition, next))
    }

    /// The next offset of each partition.
    pub fn positions(&self) -> &BTreeMap<i32, i64> {
        &self.positions
    }

    fn is_finished(&self, partition: i32, next: i64) -> bool {
        self.ends.get(&partition).is_some_and(|&end| next >= end)
    }

    /// Asks every leader once and hands out what came. Waits a little and looks for the leaders again when one cannot
    /// be asked; gives up when nothing but that happened for as long as the client's timeout.
    pub async fn poll(&mut self, visit: &mut Visitor<'_>) -> Result<Vec<Jump>, ClientError> {
        let mut jumps = Vec::new();
        let mut failure = None;
        let mut fruitful = false;
        let mut flights = Vec::new();
        for (node, partitions) in self.by_leader() {
            let request = self.request(&partitions);
            match self.start(node, &request).await {
                Ok(flight) => flights.push(flight),
                Err(error) => failure = Some(error),
            }
        }
        for flight in flights {
            match self.finish(flight, visit).await {
                Ok(ControlFlow::Continue(())) => fruitful = true,
                Ok(ControlFlow::Break(())) => return Ok(jumps),
                Err(error) => failure = Some(error),
            }
        }
        if failure.is_none() && !self.outside.is_empty() {
            failure = self.resettle(&mut jumps).await.err();
        }
        match failure {
            None if fruitful || self.is_done() => self.failing_since = None,
            None => self.retry(leaderless(&self.topic)).await?,
            Some(error) => self.retry(error).await?,
        }
        Ok(jumps)
    }

    fn by_leader(&self) -> BTreeMap<i32, Vec<i32>> {
        let unfinished = self
            .positions
            .iter()
            .filter(|&(&partition, &next)| !self.is_finished(partition, next));
        let wanted: Vec<i32> = unfinished.map(|(&partition, _)| partition).collect();
        by_leader(&self.topic, &wanted)
    }

    async fn start(
        &mut self,
        node: i32,
        request: &FetchRequest<'static>,
    ) -> Result<Flight, ClientError> {
        let max_wait = self.max_wait;
        self.client
            .node(node)
            .await?
            .start_held(request, max_wait)
            .await
    }

    fn request(&self, partitions: &[i32]) -> FetchRequest<'static> {
        let ask = |&partition: &i32| FetchPartition {
            partition,
            fetch_offset: self.positions.get(&partition).copied().unwrap_or(0),
            partition_max_bytes: PARTITION_BYTES,
            ..Default::default()
        };
        FetchRequest {
            max_wait_ms: i32::try_from(self.max_wait.as_millis()).unwrap_or(i32::MAX),
            min_bytes: 1,
            max_bytes: ANSWER_BYTES,
            isolation_level: i8::from(self.read_committed),
            topics: vec![FetchTopic {
                topic: self.topic.name.clone().into(),
                topic_id: self.topic.id,
                partitions: partitions.iter().map(ask).collect(),
            }],
            ..Default::default()
        }
    }

    async fn finish(
        &mut self,
        flight: Flight,
        visit: &mut Visitor<'_>,
    ) -> Result<ControlFlow<()>, ClientError> {
        let answer: Answer<FetchRequest<'static>> = flight.answer().await?;
        let body = answer.body()?;
        if body.error_code.is_error() {
            return Err(ClientError::refused(
                format!("reading {}", self.topic.name),
                body.error_code,
                None,
            ));
        }
        let mut failure = None;
        for data in body.responses.iter().flat_map(|topic| &topic.partitions) {
            match self.take(data, visit) {
                Ok(ControlFlow::Continue(())) => {}
                Ok(ControlFlow::Break(())) => return Ok(ControlFlow::Break(())),
                Err(error) if error.is_passing() => failure = Some(error),
                Err(error) => return Err(error),
            }
        }
        failure.map_or(Ok(ControlFlow::Continue(())), Err)
    }

    /// One partition's part of an answer.
    fn take(
        &mut self,
        data: &PartitionData<'_>,
        visit: &mut Visitor<'_>,
    ) -> Result<ControlFlow<()>, ClientError> {
        let partition = data.partition_index;
        let Some(&position) = self.positions.get(&partition) else {
            return Ok(ControlFlow::Continue(()));
        };
        if data.error_code == ErrorCode::OFFSET_OUT_OF_RANGE {
            self.outside.push(partition);
            return Ok(ControlFlow::Continue(()));
        }
        if data.error_code.is_error() {
            let what = format!(
                "reading {}/{partition} at offset {position}",
                self.topic.name
            );
            return Err(ClientError::refused(what, data.error_code, None));
        }
        let joined;
        let bytes = match &data.records {
            Records::None => return Ok(ControlFlow::Continue(())),
            Records::Borrowed(bytes) => bytes,
            Records::Parts(parts) => {
                joined = parts.concat();
                &joined[..]
            }
        };
        let mut aborted = Aborted::new(data.aborted_transactions.as_deref());
        for batch in record::batches(bytes) {
            match batch {
                Ok(batch) => {
                    let hidden = aborted.hides(&batch);
                    if self
                        .take_batch(partition, &batch, hidden, visit)?
                        .is_break()
                    {
                        return Ok(ControlFlow::Break(()));
                    }
                }
                // The last batch of an answer may be cut short; it comes again.
                Err(BatchError::Truncated { .. }) => break,
                Err(error) => return Err(self.damaged(partition, &error.to_string())),
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    fn take_batch(
        &mut self,
        partition: i32,
        batch: &BatchView<'_>,
        hidden: bool,
        visit: &mut Visitor<'_>,
    ) -> Result<ControlFlow<()>, ClientError> {
        if !batch.crc_ok() {
            return Err(self.damaged(partition, "its checksum does not fit"));
        }
        let header = batch.header;
        let position = self.positions.get(&partition).copied().unwrap_or(0);
        let end = self.ends.get(&partition).copied().unwrap_or(i64::MAX);
        // Markers of transactions are no records; like what was aborted they only take offsets.
        if !header.attributes.is_control() && !hidden {
            let unpacked = batch
                .decompress(UNPACKED_MAX)
                .map_err(|e| self.damaged(partition, &e.to_string()))?;
            for record in batch.records(&unpacked) {
                let record = record.map_err(|error| self.damaged(partition, &error.to_string()))?;
                let offset = header
                    .base_offset
                    .saturating_add(i64::from(record.offset_delta));
                if !(position..end).contains(&offset) {
                    continue;
                }
                let flow = visit(&Received {
                    topic: &self.topic.name,
                    partition,
                    offset,
                    timestamp: timestamp(batch, record.timestamp_delta),
                    key: record.key,
                    value: record.value,
                    headers: record
                        .headers
                        .map(|header| (header.key, header.value))
                        .collect(),
                });
                self.positions.insert(partition, offset + 1);
                if flow.is_break() {
                    return Ok(ControlFlow::Break(()));
                }
            }
        }
        self.positions
            .insert(partition, header.next_offset().min(end).max(position));
        Ok(ControlFlow::Continue(()))
    }

    /// Goes on at the oldest record kept, where records were deleted before they could be read.
    ///
    /// # Errors
    /// When a position is beyond the end instead.
    async fn resettle(&mut self, jumps: &mut Vec<Jump>) -> Result<(), ClientError> {
        let outside = std::mem::take(&mut self.outside);
        let topic = self.topic.name.clone();
        for (partition, to) in self.client.offsets(&topic, &outside, At::Beginning).await? {
            let from = self.positions.get(&partition).copied().unwrap_or(0);
            if from >= to {
                let what = format!("reading {topic}/{partition} at offset {from}");
                return Err(ClientError::refused(
                    what,
                    ErrorCode::OFFSET_OUT_OF_RANGE,
                    None,
                ));
            }
            jumps.push(Jump {
                partition,
                from,
                to,
            });
            self.positions.insert(partition, to);
        }
        Ok(())
    }

    fn damaged(&self, partition: i32, why: &str) -> ClientError {
        let position = self.positions.get(&partition).copied().unwrap_or(0);
        let what = format!(
            "a batch of {}/{partition} near offset {position}",
            self.topic.name
        );
        ClientError::refused(what, ErrorCode::CORRUPT_MESSAGE, Some(why))
    }

    /// Waits, and learns the leaders anew.
    async fn retry(&mut self, why: ClientError) -> Result<(), ClientError> {
        let since = *self.failing_since.get_or_insert_with(time::now);
        if !why.is_passing() || since.elapsed() > self.client.timeout() {
            return Err(why);
        }
        time::sleep(LOOK_AGAIN).await;
        match self
            .client
            .topic(&self.topic.name.clone(), Missing::Fail)
            .await
        {
            Ok(topic) => self.topic = topic,
            Err(error) if error.is_passing() => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }
}

/// A record's time: the broker's where the batch is stamped with it, else the producer's.
fn timestamp(batch: &BatchView<'_>, delta: i64) -> i64 {
    match batch.header.attributes.timestamp_type() {
        record::TimestampType::LogAppendTime => batch.header.max_timestamp,
        record::TimestampType::CreateTime => batch.header.base_timestamp.saturating_add(delta),
    }
}

fn leaderless(topic: &TopicView) -> ClientError {
    ClientError::refused(
        format!("reading {}", topic.name),
        ErrorCode::LEADER_NOT_AVAILABLE,
        None,
    )
}
