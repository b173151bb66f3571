//! C3: transactions of ten records.

use std::io;

use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::messages::end_txn::EndTxnRequest;
use ottla_protocol::messages::init_producer_id::InitProducerIdRequest;
use ottla_protocol::messages::produce::{PartitionProduceData, ProduceRequest, TopicProduceData};
use ottla_protocol::record::{BatchBuilder, BatchOptions, Producer};
use ottla_protocol::wire::Records;

use super::{TRANSACTION, Turn, found, patiently, rate};
use crate::kpi::stage::Stage;
use crate::wire::cluster::Cluster;

const TOPIC: &str = "c3";
const PARTITIONS: i32 = 12;
const RECORDS: usize = 10;
const TIMEOUT_MS: i32 = 60_000;

/// C3: transactions per second, and the 99th percentile of one, in ms. One is ten records of 100 bytes to a partition and their commit,
/// by the second protocol (KIP-890): the first records make the partition a part of it.
pub fn transactions(stage: &Stage) -> io::Result<Vec<f64>> {
    let mut node = stage.unstarted(&[])?;
    node.start()?;
    let mut cluster = node.cluster()?;
    cluster.create(TOPIC, PARTITIONS, 1, &[])?;
    cluster.leads(TOPIC, &(0..PARTITIONS).collect::<Vec<_>>())?;
    let figures = rate(stage, &node, |address, n| {
        let mut client = Client::new(Cluster::connect(address)?, n)?;
        client.transact()?;
        let turn: Turn = Box::new(move || client.transact());
        Ok(turn)
    })?;
    Ok(figures.to_vec())
}

struct Client {
    cluster: Cluster,
    name: String,
    partition: i32,
    id: i64,
    epoch: i16,
    sequence: i32,
}

impl Client {
    fn new(mut cluster: Cluster, number: usize) -> io::Result<Self> {
        let name = format!("{TOPIC}-{number}");
        found(&mut cluster, &name, TRANSACTION)?;
        let request = InitProducerIdRequest {
            transactional_id: Some(name.as_str().into()),
            transaction_timeout_ms: TIMEOUT_MS,
            producer_id: -1,
            producer_epoch: -1,
            ..Default::default()
        };
        let (mut id, mut epoch) = (-1, -1);
        patiently("InitProducerId", || {
            cluster.call(&request, |r| {
                (id, epoch) = (r.producer_id, r.producer_epoch);
                r.error_code
            })
        })?;
        let partition = number as i32 % PARTITIONS;
        Ok(Self {
            cluster,
            name,
            partition,
            id,
            epoch,
            sequence: 0,
        })
    }

    fn transact(&mut self) -> io::Result<()> {
        let batch = self.batch()?;
        patiently("Produce", || self.produce(&batch))?;
        self.sequence += RECORDS as i32;
        let request = EndTxnRequest {
            transactional_id: self.name.clone().into(),
            producer_id: self.id,
            producer_epoch: self.epoch,
            committed: true,
        };
        let mut next = (self.id, self.epoch);
        patiently("EndTxn", || {
            self.cluster.call(&request, |r| {
                next = (r.producer_id, r.producer_epoch);
                r.error_code
            })
        })?;
        if next != (self.id, self.epoch) {
            ((self.id, self.epoch), self.sequence) = (next, 0);
        }
        Ok(())
    }

    fn batch(&self) -> io::Result<Vec<u8>> {
        let mut batch = BatchBuilder::new(BatchOptions {
            producer: Some(Producer {
                id: self.id,
                epoch: self.epoch,
                base_sequence: self.sequence,
            }),
            transactional: true,
            ..BatchOptions::default()
        });
        for _ in 0..RECORDS {
            batch.push(1_700_000_000_000, None, Some(&[b'x'; 100]), &[]);
        }
        let bytes = batch.build().map_err(|e| io::Error::other(e.to_string()))?;
        Ok(bytes.to_vec())
    }

    fn produce(&mut self, batch: &[u8]) -> io::Result<ErrorCode> {
        let request = ProduceRequest {
            transactional_id: Some(self.name.as_str().into()),
            acks: -1,
            timeout_ms: TIMEOUT_MS,
            topic_data: vec![TopicProduceData {
                name: TOPIC.into(),
                partition_data: vec![PartitionProduceData {
                    index: self.partition,
                    records: Records::Borrowed(batch),
                }],
                ..Default::default()
            }],
        };
        self.cluster.call_by_name(&request, |answer| {
            let mut all = answer.responses.iter().flat_map(|t| &t.partition_responses);
            all.next()
                .map_or(ErrorCode::UNKNOWN_SERVER_ERROR, |p| p.error_code)
        })
    }
}
