//! Who speaks for a transactional id, and what it says, by either generation of the protocol: with version 1 partitions are added
//! before they are written to, with version 2 by that, and each end raises the epoch.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::messages::add_partitions_to_txn::{
    AddPartitionsToTxnRequest, AddPartitionsToTxnTopic,
};
use ottla_protocol::messages::end_txn::EndTxnRequest;
use ottla_protocol::messages::init_producer_id::InitProducerIdRequest;
use ottla_protocol::messages::produce::{PartitionProduceData, ProduceRequest, TopicProduceData};
use ottla_protocol::wire::Records;
use ottla_runtime::time;

use super::Habits;
use super::book::Piece;
use crate::client::batch::{Record, Sender, encode_in_txn};
use crate::node_sim::client::{Broken, Client};
use crate::node_sim::wire::Wire;

/// A producer as the broker knows it.
pub struct Speaker {
    /// What it is like.
    pub habits: Habits,
    /// Nothing from before it began can fence it, unless it speaks for an id that others speak for, too.
    pub sure: bool,
    id: i64,
    epoch: i16,
    sequences: BTreeMap<u32, i32>,
    added: BTreeSet<u32>,
}

impl Speaker {
    /// From now on this is the id's producer, and nothing is open. Or the code of a refusal.
    pub async fn begin(
        client: &Client,
        wire: &mut Wire,
        habits: Habits,
    ) -> Result<Result<Speaker, ErrorCode>, Broken> {
        let request = InitProducerIdRequest {
            transactional_id: Some(habits.id.as_str().into()),
            transaction_timeout_ms: habits.timeout_ms,
            producer_id: -1,
            producer_epoch: -1,
            ..Default::default()
        };
        let floor = client.shared.ledger.borrow().txns.newest(&habits.id);
        let begun = wire.call(&request, 4, |r| {
            (r.error_code, r.producer_id, r.producer_epoch)
        });
        let begun = begun.await;
        let mut ledger = client.shared.ledger.borrow_mut();
        let life = ledger.life;
        let identity = ledger.txns.identities.entry(habits.id.clone()).or_default();
        let (id, epoch) = match begun {
            Ok((code, id, epoch)) if !code.is_error() => (id, epoch),
            // It may happen yet.
            other => {
                identity.doubt = identity.doubt.max(life);
                return Ok(Err(other?.0));
            }
        };
        let sure = client.lives().0 > identity.doubt;
        ledger.txns.given(&habits.id, (id, epoch), floor)?;
        drop(ledger);
        client.tell(|| format!("is {id}/{epoch} of {}", habits.id));
        Ok(Ok(Speaker {
            habits,
            sure,
            id,
            epoch,
            sequences: BTreeMap::new(),
            added: BTreeSet::new(),
        }))
    }

    /// Its id and epoch.
    pub fn producer(&self) -> (i64, i16) {
        (self.id, self.epoch)
    }

    /// Has another begun to speak for the id, and been told so?
    pub fn is_stale(&self, client: &Client) -> bool {
        let ledger = client.shared.ledger.borrow();
        ledger.txns.is_stale(&self.habits.id, self.producer())
    }

    /// The next batch for a place, of pieces.
    pub fn batch(&mut self, first: Piece, records: u32, padding: usize) -> Bytes {
        let nth = |n| Piece {
            nth: first.nth + n,
            ..first
        };
        let values: Vec<_> = (0..records).map(|n| nth(n).encode(padding)).collect();
        let record = |value| Record {
            value: Some(value),
            ..Record::default()
        };
        self.batch_of(first.place, values.iter().map(|v| record(&v[..])))
    }

    /// The next batch for a place.
    pub fn batch_of<'a>(
        &mut self,
        place: u32,
        records: impl ExactSizeIterator<Item = Record<'a>>,
    ) -> Bytes {
        let sequence = self.sequences.entry(place).or_default();
        let sender = Sender {
            id: self.id,
            epoch: self.epoch,
            sequence: *sequence,
        };
        *sequence += records.len() as i32;
        Bytes::from(encode_in_txn(sender, time::wall_ms(), records))
    }

    /// Adds a place to the transaction, where the protocol wants that and it is not done.
    pub async fn add(&mut self, wire: &mut Wire, place: u32) -> Result<ErrorCode, Broken> {
        if self.habits.raises || self.added.contains(&place) {
            return Ok(ErrorCode::NONE);
        }
        let request = AddPartitionsToTxnRequest {
            v3_and_below_transactional_id: self.habits.id.as_str().into(),
            v3_and_below_producer_id: self.id,
            v3_and_below_producer_epoch: self.epoch,
            v3_and_below_topics: vec![AddPartitionsToTxnTopic {
                name: self.habits.topic.into(),
                partitions: vec![place as i32],
            }],
            ..Default::default()
        };
        let code = wire.call(&request, 3, |r| {
            let topic = r.results_by_topic_v3_and_below.first()?;
            Some(topic.results_by_partition.first()?.partition_error_code)
        });
        let code = code.await?;
        let code = code.ok_or("AddPartitionsToTxn without an answer".to_owned())?;
        if !code.is_error() {
            self.added.insert(place);
        }
        Ok(code)
    }

    /// Writes a batch, or writes it again. Gives its offset.
    pub async fn produce(
        &self,
        wire: &mut Wire,
        place: u32,
        bytes: Bytes,
    ) -> Result<(ErrorCode, i64), Broken> {
        let request = ProduceRequest {
            transactional_id: Some(self.habits.id.as_str().into()),
            acks: -1,
            timeout_ms: 30_000,
            topic_data: vec![TopicProduceData {
                name: self.habits.topic.into(),
                partition_data: vec![PartitionProduceData {
                    index: place as i32,
                    records: Records::Parts(vec![bytes]),
                }],
                ..Default::default()
            }],
        };
        let version = if self.habits.raises { 12 } else { 11 };
        let answer = wire.call(&request, version, |r| {
            let p = r.responses.first()?.partition_responses.first()?;
            Some((p.error_code, p.base_offset))
        });
        Ok(answer
            .await?
            .ok_or("Produce without an answer".to_owned())?)
    }

    /// Asks for the transaction's end.
    pub async fn end(
        &mut self,
        client: &Client,
        wire: &mut Wire,
        commit: bool,
    ) -> Result<ErrorCode, Broken> {
        let request = EndTxnRequest {
            transactional_id: self.habits.id.as_str().into(),
            producer_id: self.id,
            producer_epoch: self.epoch,
            committed: commit,
        };
        let version = if self.habits.raises { 5 } else { 4 };
        let floor = client.shared.ledger.borrow().txns.newest(&self.habits.id);
        client.shared.tempting.set(true);
        let ended = wire.call(&request, version, |r| {
            (r.error_code, r.producer_id, r.producer_epoch)
        });
        let (code, id, epoch) = ended.await?;
        client.tell(|| {
            let how = if commit { "commit" } else { "abort" };
            format!("{how}: {} {id}/{epoch}", code.name())
        });
        if code.is_error() {
            return Ok(code);
        }
        self.added.clear();
        if self.habits.raises {
            let mut ledger = client.shared.ledger.borrow_mut();
            ledger.txns.given(&self.habits.id, (id, epoch), floor)?;
            (self.id, self.epoch) = (id, epoch);
            self.sequences.clear();
        }
        Ok(code)
    }
}

/// Codes after which the producer cannot go on as it is, and what was asked did not happen.
pub fn is_final(code: ErrorCode) -> bool {
    matches!(
        code,
        ErrorCode::PRODUCER_FENCED
            | ErrorCode::INVALID_PRODUCER_EPOCH
            | ErrorCode::INVALID_TXN_STATE
            | ErrorCode::INVALID_PRODUCER_ID_MAPPING
            | ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER
            | ErrorCode::TRANSACTION_ABORTABLE
    )
}
