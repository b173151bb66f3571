//! Producing to one topic: batches by partition, several requests in flight, retries that keep order.
//!
//! Invariants:
//! - the batches of a partition are sealed, sent and sent again in the order of their records;
//! - an idempotent batch is sent again byte for byte, so that the broker can tell it from a new one;
//! - after a failure nothing new is sent before everything in flight has been judged.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use bytes::Bytes;
use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::messages::init_producer_id::InitProducerIdRequest;
use ottla_protocol::messages::produce::{PartitionProduceData, ProduceRequest, TopicProduceData};
use ottla_protocol::record::{BatchBuilder, BatchOptions, Codec, Producer as Identity};
use ottla_protocol::wire::Records;
use ottla_runtime::time::{self, Instant};

use super::connection::{Answer, Pending};
use super::error::ClientError;
use super::view::TopicView;
use super::{Client, Missing, partitioner};

/// Requests in flight; the broker remembers five batches of a producer and partition (reference: KIP-98).
const IN_FLIGHT: usize = 5;

/// Bytes of batches put into one request, unless a single batch is larger.
const REQUEST_BYTES: usize = 4 << 20;

/// Wait before a failed batch is sent again.
const RETRY_PAUSE: Duration = Duration::from_millis(100);

/// How to produce.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// -1 all in-sync copies, 1 the leader, 0 nobody acknowledges.
    pub acks: i16,
    /// How batches are compressed.
    pub codec: Codec,
    /// The broker removes duplicates that retries make; needs acks -1.
    pub idempotent: bool,
    /// A batch is sealed when it is as large as this (uncompressed bytes).
    pub batch_bytes: usize,
}

/// A record to send.
#[derive(Debug, Clone, Copy)]
pub struct Outgoing<'a> {
    /// Where to; None: by key, or wherever the current batch goes.
    pub partition: Option<i32>,
    /// Null or bytes.
    pub key: Option<&'a [u8]>,
    /// Null (a tombstone) or bytes.
    pub value: Option<&'a [u8]>,
    /// Name and value.
    pub headers: &'a [(&'a str, Option<&'a [u8]>)],
}

/// A batch that the broker acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Acked {
    /// Its partition.
    pub partition: i32,
    /// Offset of its first record; None where nobody tells (acks 0).
    pub base_offset: Option<i64>,
    /// How many records.
    pub records: u64,
    /// From the first record's push to the arrival of the acknowledgement.
    pub latency: Duration,
}

/// See the module's text.
pub struct Producer {
    client: Client,
    settings: Settings,
    topic: TopicView,
    identity: Option<(i64, i16)>,
    /// By partition; its own number is the index.
    lanes: Vec<Lane>,
    /// The partition of records without a key, until its batch is full.
    sticky: usize,
    queue: VecDeque<Sealed>,
    flights: VecDeque<Flight>,
    acked: Vec<Acked>,
}

#[derive(Default)]
struct Lane {
    building: Option<(BatchBuilder, Instant)>,
    next_sequence: i32,
}

struct Sealed {
    partition: i32,
    bytes: Bytes,
    records: u64,
    oldest: Instant,
    first_sent: Option<Instant>,
}

struct Flight {
    pending: Pending<ProduceRequest<'static>>,
    batches: Vec<Sealed>,
}

/// What a partition's answer means for its batch.
enum Verdict {
    Stored(i64),
    Again(ClientError),
    Never(ClientError),
}

impl Producer {
    /// A producer to `topic`, which the broker may create.
    pub async fn open(
        mut client: Client,
        topic: &str,
        settings: Settings,
    ) -> Result<Producer, ClientError> {
        let topic = client.topic(topic, Missing::Create).await?;
        let identity = if settings.idempotent {
            Some(client.producer_id().await?)
        } else {
            None
        };
        let lanes = topic.partitions.iter().map(|_| Lane::default()).collect();
        Ok(Producer {
            client,
            settings,
            topic,
            identity,
            lanes,
            sticky: 0,
            queue: VecDeque::new(),
            flights: VecDeque::new(),
            acked: Vec::new(),
        })
    }

    /// The number of partitions.
    pub fn partitions(&self) -> i32 {
        i32::try_from(self.lanes.len()).unwrap_or(i32::MAX)
    }

    /// The batches acknowledged since the last call.
    pub fn take_acked(&mut self) -> Vec<Acked> {
        std::mem::take(&mut self.acked)
    }

    /// Adds a record; sends what is full, and waits when too much is in flight.
    ///
    /// # Panics
    /// When the partition asked for is not below [`Producer::partitions`].
    pub async fn push(&mut self, record: Outgoing<'_>) -> Result<(), ClientError> {
        let lane = match (record.partition, record.key) {
            (Some(partition), _) => partition as usize,
            (None, Some(key)) => partitioner::by_key(key, self.partitions()) as usize,
            (None, None) => self.sticky,
        };
        let options = self.options(lane);
        let (building, _) = self.lanes[lane]
            .building
            .get_or_insert_with(|| (BatchBuilder::new(options), time::now()));
        building.push(time::wall_ms(), record.key, record.value, record.headers);
        if building.size() >= self.settings.batch_bytes {
            self.seal(lane)?;
            self.pump().await?;
        }
        Ok(())
    }

    /// Sends everything and waits for all acknowledgements.
    pub async fn flush(&mut self) -> Result<(), ClientError> {
        for lane in 0..self.lanes.len() {
            self.seal(lane)?;
        }
        while !self.queue.is_empty() || !self.flights.is_empty() {
            self.pump().await?;
            self.land().await?;
        }
        Ok(())
    }

    fn options(&self, lane: usize) -> BatchOptions {
        let base_sequence = self.lanes[lane].next_sequence;
        let producer = self.identity.map(|(id, epoch)| Identity {
            id,
            epoch,
            base_sequence,
        });
        BatchOptions {
            leader_epoch: -1,
            codec: self.settings.codec,
            producer,
            ..BatchOptions::default()
        }
    }

    fn seal(&mut self, lane: usize) -> Result<(), ClientError> {
        let Some((builder, oldest)) = self.lanes[lane].building.take() else {
            return Ok(());
        };
        let count = builder.count();
        let bytes = builder.build().map_err(|error| {
            ClientError::refused(
                "compressing a batch",
                ErrorCode::CORRUPT_MESSAGE,
                Some(&error.to_string()),
            )
        })?;
        if lane == self.sticky {
            self.sticky = (self.sticky + 1) % self.lanes.len();
        }
        // Sequences wrap from the largest number to 0.
        let next = i64::from(self.lanes[lane].next_sequence) + i64::from(count);
        self.lanes[lane].next_sequence = i32::try_from(next & i64::from(i32::MAX)).unwrap_or(0);
        self.queue.push_back(Sealed {
            partition: i32::try_from(lane).unwrap_or(i32::MAX),
            bytes: bytes.into(),
            records: u64::try_from(count).unwrap_or(0),
            oldest,
            first_sent: None,
        });
        Ok(())
    }

    /// Sends the queue, landing earlier flights where there is no room.
    async fn pump(&mut self) -> Result<(), ClientError> {
        while let Some(first) = self.queue.front() {
            if self.flights.len() >= IN_FLIGHT {
                self.land().await?;
                continue;
            }
            match leader(&self.topic, first.partition) {
                Some(leader) => self.launch(leader).await?,
                None => {
                    self.recover(Vec::new(), leaderless(&self.topic, first.partition))
                        .await?
                }
            }
        }
        Ok(())
    }

    /// Sends one request to `leader`: of each of its partitions the oldest batch in the queue.
    async fn launch(&mut self, node: i32) -> Result<(), ClientError> {
        let mut batches = self.take_batches(node);
        let request = self.request(&batches);
        let now = time::now();
        for batch in &mut batches {
            batch.first_sent.get_or_insert(now);
        }
        let connection = match self.client.node(node).await {
            Ok(connection) => connection,
            Err(error) => return self.recover(batches, error).await,
        };
        if self.settings.acks == 0 {
            connection.send(&request).await?;
            for batch in &batches {
                self.acked.push(batch.acked(None, time::now()));
            }
            return Ok(());
        }
        match connection.start(&request).await {
            Ok(pending) => self.flights.push_back(Flight { pending, batches }),
            Err(error) => self.recover(batches, error).await?,
        }
        Ok(())
    }

    fn take_batches(&mut self, node: i32) -> Vec<Sealed> {
        let mut taken: Vec<Sealed> = Vec::new();
        let mut seen = BTreeSet::new();
        let mut bytes = 0;
        let mut rest = VecDeque::new();
        for batch in self.queue.drain(..) {
            let fits = taken.is_empty() || bytes + batch.bytes.len() <= REQUEST_BYTES;
            // A partition that was passed over keeps its later batches too: they stay in order.
            if leader(&self.topic, batch.partition) == Some(node)
                && seen.insert(batch.partition)
                && fits
            {
                bytes += batch.bytes.len();
                taken.push(batch);
            } else {
                rest.push_back(batch);
            }
        }
        self.queue = rest;
        taken
    }

    fn request(&self, batches: &[Sealed]) -> ProduceRequest<'static> {
        let data = |batch: &Sealed| PartitionProduceData {
            index: batch.partition,
            records: Records::Parts(vec![batch.bytes.clone()]),
        };
        ProduceRequest {
            transactional_id: None,
            acks: self.settings.acks,
            timeout_ms: i32::try_from(self.client.timeout().as_millis()).unwrap_or(i32::MAX),
            topic_data: vec![TopicProduceData {
                name: self.topic.name.clone().into(),
                topic_id: self.topic.id,
                partition_data: batches.iter().map(data).collect(),
            }],
        }
    }

    /// Judges the oldest flight, if any.
    async fn land(&mut self) -> Result<(), ClientError> {
        let Some(flight) = self.flights.pop_front() else {
            return Ok(());
        };
        let mut failed = BTreeSet::new();
        let mut again = Vec::new();
        let mut why = self.judge(flight, &mut failed, &mut again).await?;
        if let Some(error) = why.take() {
            self.recover(again, error).await?;
        }
        Ok(())
    }

    /// Notes what a flight's answer acknowledges; what must be sent again goes to `again`, its partition to `failed`.
    /// Gives the first passing error, fails with a final one.
    async fn judge(
        &mut self,
        flight: Flight,
        failed: &mut BTreeSet<i32>,
        again: &mut Vec<Sealed>,
    ) -> Result<Option<ClientError>, ClientError> {
        let answer = match flight.pending.answer().await {
            Ok(answer) => answer,
            Err(error) if error.is_passing() => {
                failed.extend(flight.batches.iter().map(|batch| batch.partition));
                again.extend(flight.batches);
                return Ok(Some(error));
            }
            Err(error) => return Err(error),
        };
        let mut verdicts = self.verdicts(&answer, failed)?;
        let mut why = None;
        for batch in flight.batches {
            match verdicts.remove(&batch.partition) {
                Some(Verdict::Stored(offset)) => {
                    self.acked.push(batch.acked(Some(offset), answer.at))
                }
                Some(Verdict::Never(error)) => return Err(error),
                Some(Verdict::Again(error)) => {
                    failed.insert(batch.partition);
                    why = why.or(Some(error));
                    again.push(batch);
                }
                None => {
                    let what = format!("producing to {}/{}", self.topic.name, batch.partition);
                    let silent = Some("the answer does not mention it");
                    return Err(ClientError::refused(
                        what,
                        ErrorCode::UNKNOWN_SERVER_ERROR,
                        silent,
                    ));
                }
            }
        }
        Ok(why)
    }

    fn verdicts(
        &self,
        answer: &Answer<ProduceRequest<'static>>,
        failed: &BTreeSet<i32>,
    ) -> Result<BTreeMap<i32, Verdict>, ClientError> {
        let body = answer.body()?;
        let partitions = body
            .responses
            .iter()
            .flat_map(|topic| &topic.partition_responses);
        let verdict = partitions.map(|partition| {
            let code = partition.error_code;
            let what = format!("producing to {}/{}", self.topic.name, partition.index);
            let error = || ClientError::refused(what, code, partition.error_message.as_deref());
            // Behind a batch that failed, the next ones are out of order only until it is there.
            let behind = code == ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER
                && failed.contains(&partition.index);
            let verdict = match code {
                ErrorCode::NONE | ErrorCode::DUPLICATE_SEQUENCE_NUMBER => {
                    Verdict::Stored(partition.base_offset)
                }
                code if code.retriable() || behind => Verdict::Again(error()),
                _ => Verdict::Never(error()),
            };
            (partition.index, verdict)
        });
        Ok(verdict.collect())
    }

    /// Lands everything, looks up the leaders again, and puts what failed back in front of the queue.
    async fn recover(
        &mut self,
        mut again: Vec<Sealed>,
        why: ClientError,
    ) -> Result<(), ClientError> {
        let mut failed: BTreeSet<i32> = again.iter().map(|batch| batch.partition).collect();
        while let Some(flight) = self.flights.pop_front() {
            self.judge(flight, &mut failed, &mut again).await?;
        }
        let oldest = again
            .iter()
            .chain(&self.queue)
            .filter_map(|batch| batch.first_sent)
            .min();
        let patience = self.client.timeout() * 3;
        if oldest.is_some_and(|sent| sent.elapsed() > patience) || !why.is_passing() {
            return Err(why);
        }
        time::sleep(RETRY_PAUSE).await;
        for batch in again.into_iter().rev() {
            self.queue.push_front(batch);
        }
        match self
            .client
            .topic(&self.topic.name.clone(), Missing::Fail)
            .await
        {
            Ok(topic) if topic.partitions.len() >= self.lanes.len() => self.topic = topic,
            Ok(_) => return Err(why),
            // The next attempt asks again, until the batch has waited too long.
            Err(error) if error.is_passing() && oldest.is_some() => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }
}

impl Sealed {
    fn acked(&self, base_offset: Option<i64>, at: Instant) -> Acked {
        Acked {
            partition: self.partition,
            base_offset,
            records: self.records,
            latency: at.since(self.oldest),
        }
    }
}

impl Client {
    /// A fresh producer id with its epoch. A broker that has just started may need a moment.
    async fn producer_id(&mut self) -> Result<(i64, i16), ClientError> {
        let request = InitProducerIdRequest {
            transactional_id: None,
            transaction_timeout_ms: i32::MAX,
            ..Default::default()
        };
        let deadline = time::now() + self.timeout();
        loop {
            let answer = self.call(&request).await?;
            let body = answer.body()?;
            if !body.error_code.is_error() {
                return Ok((body.producer_id, body.producer_epoch));
            }
            if !body.error_code.retriable() || time::now() >= deadline {
                return Err(ClientError::refused("a producer id", body.error_code, None));
            }
            time::sleep(RETRY_PAUSE).await;
        }
    }
}

fn leader(topic: &TopicView, partition: i32) -> Option<i32> {
    topic
        .partitions
        .iter()
        .find(|found| found.index == partition)
        .and_then(|found| found.leader)
}

fn leaderless(topic: &TopicView, partition: i32) -> ClientError {
    ClientError::refused(
        format!("producing to {}/{partition}", topic.name),
        ErrorCode::LEADER_NOT_AVAILABLE,
        None,
    )
}
