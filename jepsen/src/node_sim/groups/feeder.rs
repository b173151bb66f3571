//! Fills the topic that a group works off, one batch after the other, each until it is acknowledged: no record twice.

use bytes::Bytes;
use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::messages::init_producer_id::InitProducerIdRequest;
use ottla_protocol::messages::produce::{PartitionProduceData, ProduceRequest, TopicProduceData};
use ottla_protocol::wire::Records;
use ottla_runtime::time;

use crate::client::batch::{Sender, encode};
use crate::node_sim::client::{Broken, Client};
use crate::node_sim::txn;
use crate::node_sim::wire::Wire;

/// What is to be filled.
#[derive(Clone, Copy, Debug)]
pub struct Input {
    /// The topic.
    pub topic: &'static str,
    /// Its partitions.
    pub partitions: i32,
    /// Batches that it gets at most.
    pub batches: u64,
}

/// The feeder.
pub struct Feeder {
    client: Client,
    input: Input,
    id: Option<(i64, i16)>,
    /// Per partition, the records that are acknowledged.
    ends: Vec<i64>,
    /// Partition, records, batch: what is on its way.
    unacked: Option<(usize, i64, Bytes)>,
    left: u64,
}

impl Feeder {
    /// Of an empty topic.
    pub fn new(client: Client, input: Input) -> Self {
        Self {
            client,
            id: None,
            ends: vec![0; input.partitions as usize],
            unacked: None,
            left: input.batches,
            input,
        }
    }

    /// Goes on until there is enough, or the scenario ends. Gives the ends of the partitions.
    pub async fn run(mut self) -> Vec<i64> {
        loop {
            if let Some(mut wire) = self.client.connect().await {
                match self.session(&mut wire).await {
                    Ok(()) => break,
                    Err(why) => self.client.ended(&why),
                }
            }
            self.client.pause().await;
        }
        self.client.shared.ledger.borrow_mut().finished += 1;
        self.ends
    }

    async fn session(&mut self, wire: &mut Wire) -> Result<(), Broken> {
        let Input {
            topic, partitions, ..
        } = self.input;
        txn::make_topic(&self.client, wire, topic, partitions, 16_384).await?;
        loop {
            let ending = self.client.shared.ledger.borrow().ending;
            if self.unacked.is_none() && (self.left == 0 || ending) {
                return Ok(());
            }
            let who = match self.id {
                Some(who) => who,
                None => self.begin(wire).await?,
            };
            if self.unacked.is_none() {
                self.compose(who);
            }
            self.send(wire).await?;
            self.client.pause().await;
        }
    }

    async fn begin(&mut self, wire: &mut Wire) -> Result<(i64, i16), Broken> {
        let request = InitProducerIdRequest {
            transactional_id: None,
            transaction_timeout_ms: 60_000,
            producer_id: -1,
            producer_epoch: -1,
            ..Default::default()
        };
        let answer = wire.call(&request, 4, |r| {
            (r.error_code, r.producer_id, r.producer_epoch)
        });
        let (code, id, epoch) = answer.await?;
        if code.is_error() {
            return Err(self.client.refused("InitProducerId", code));
        }
        self.id = Some((id, epoch));
        Ok((id, epoch))
    }

    fn compose(&mut self, (id, epoch): (i64, i16)) {
        let rng = &mut self.client.rng;
        let partition = rng.below(self.ends.len() as u64) as usize;
        let records = 1 + rng.below(6) as usize;
        let sender = Sender {
            id,
            epoch,
            sequence: self.ends[partition] as i32,
        };
        let values = vec![b"input".to_vec(); records];
        let batch = encode(sender, time::wall_ms(), &values);
        self.unacked = Some((partition, records as i64, Bytes::from(batch)));
        self.left -= 1;
    }

    async fn send(&mut self, wire: &mut Wire) -> Result<(), Broken> {
        let Some((partition, records, bytes)) = self.unacked.clone() else {
            return Ok(());
        };
        let request = ProduceRequest {
            acks: -1,
            timeout_ms: 30_000,
            topic_data: vec![TopicProduceData {
                name: self.input.topic.into(),
                partition_data: vec![PartitionProduceData {
                    index: partition as i32,
                    records: Records::Parts(vec![bytes]),
                }],
                ..Default::default()
            }],
            ..Default::default()
        };
        let answer = wire.call(&request, 11, |r| {
            let p = r.responses.first()?.partition_responses.first()?;
            Some((p.error_code, p.base_offset))
        });
        let (code, offset) = answer
            .await?
            .unwrap_or((ErrorCode::UNKNOWN_SERVER_ERROR, -1));
        if code.is_error() {
            return Err(self.client.refused("Produce to the input", code));
        }
        let end = self.ends[partition];
        if offset != end {
            let what = format!(
                "{}-{partition}: acknowledged at {offset}, the next is {end}",
                self.input.topic
            );
            return Err(what.into());
        }
        self.ends[partition] += records;
        self.unacked = None;
        Ok(())
    }
}
