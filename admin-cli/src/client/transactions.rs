//! Transactions from outside: what coordinators know of transactional ids, what partitions know of their producers, and
//! the two ways to end a transaction whose producer does not.

use std::time::Duration;

use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::messages::describe_producers::{DescribeProducersRequest, TopicRequest};
use ottla_protocol::messages::describe_transactions::DescribeTransactionsRequest;
use ottla_protocol::messages::init_producer_id::InitProducerIdRequest;
use ottla_protocol::messages::list_transactions::ListTransactionsRequest;
use ottla_protocol::messages::write_txn_markers::{
    WritableTxnMarker, WritableTxnMarkerTopic, WriteTxnMarkersRequest,
};
use ottla_runtime::time;

use super::admin::{accepted, silent};
use super::coordinator::{Charge, Terms};
use super::error::ClientError;
use super::view::TopicPartition;
use super::{Client, LOOK_AGAIN, Missing};

/// A transactional id, as its coordinator lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedTransaction {
    /// The id.
    pub id: String,
    /// As `Ongoing`, `CompleteCommit`.
    pub state: String,
    /// The producer that has it.
    pub producer_id: i64,
    /// The node that coordinates it.
    pub coordinator: i32,
}

/// A transactional id in full.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transaction {
    /// The id.
    pub id: String,
    /// As `Ongoing`, `CompleteCommit`.
    pub state: String,
    /// The node that coordinates it.
    pub coordinator: i32,
    /// The producer that has it.
    pub producer_id: i64,
    /// The producer's epoch.
    pub producer_epoch: i16,
    /// The coordinator aborts a transaction that is open for longer.
    pub timeout_ms: i32,
    /// When the transaction began, in milliseconds since 1970; None when none is open.
    pub started_ms: Option<i64>,
    /// The partitions in the transaction, in order.
    pub partitions: Vec<TopicPartition>,
}

/// What a partition knows of a producer that wrote to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActiveProducer {
    /// Its id.
    pub producer_id: i64,
    /// Its epoch.
    pub epoch: i32,
    /// The number of its last record, -1 when it has written none.
    pub last_sequence: i32,
    /// When it wrote last, in milliseconds since 1970.
    pub last_timestamp: i64,
    /// The epoch of the coordinator that ended its last transaction; None before the first end.
    pub coordinator_epoch: Option<i32>,
    /// Where its open transaction begins; None when none is open.
    pub open_from: Option<i64>,
}

/// A transaction to be aborted in one partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Abort {
    /// Where.
    pub place: TopicPartition,
    /// Whose.
    pub producer_id: i64,
    /// The producer's epoch.
    pub producer_epoch: i16,
    /// A coordinator with an older epoch is refused.
    pub coordinator_epoch: i32,
}

impl Client {
    /// Every transactional id of the cluster, by id; only those in one of `states` and open for longer than `longer_than`.
    pub async fn list_transactions(
        &mut self,
        states: &[String],
        longer_than: Option<Duration>,
    ) -> Result<Vec<ListedTransaction>, ClientError> {
        let millis = |it: Duration| i64::try_from(it.as_millis()).unwrap_or(i64::MAX);
        let request = ListTransactionsRequest {
            state_filters: states.iter().map(|state| state.clone().into()).collect(),
            duration_filter: longer_than.map_or(-1, millis),
            ..Default::default()
        };
        let by_node = self.ask_all(&request, |node, answer| {
            let body = answer.body()?;
            let what = format!("the transactions of node {node}");
            accepted(what, body.error_code, None)?;
            if let Some(unknown) = body.unknown_state_filters.first() {
                return Err(ClientError::refused(
                    format!("the state {unknown:?}"),
                    ErrorCode::INVALID_REQUEST,
                    Some("the broker knows no such state of a transaction"),
                ));
            }
            let listed = body.transaction_states.iter().map(|it| ListedTransaction {
                id: it.transactional_id.to_string(),
                state: it.transaction_state.to_string(),
                producer_id: it.producer_id,
                coordinator: node,
            });
            Ok(listed.collect::<Vec<_>>())
        });
        let mut found: Vec<ListedTransaction> = by_node.await?.into_iter().flatten().collect();
        found.sort_by(|a, b| a.id.cmp(&b.id));
        found.dedup_by(|a, b| a.id == b.id);
        Ok(found)
    }

    /// What the coordinator of a transactional id knows about it.
    pub async fn describe_transaction(&mut self, id: &str) -> Result<Transaction, ClientError> {
        let charge = Charge::Transaction(id.to_owned());
        let node = self.coordinator(&charge).await?;
        let make = |_| DescribeTransactionsRequest {
            transactional_ids: vec![id.to_owned().into()],
        };
        self.ask_coordinator(&charge, Terms::default(), make, |answer| {
            let body = answer.body()?;
            let found = body
                .transaction_states
                .first()
                .ok_or_else(|| silent("DescribeTransactions"))?;
            accepted(charge.to_string(), found.error_code, None)?;
            let mut partitions: Vec<TopicPartition> = found
                .topics
                .iter()
                .flat_map(|topic| {
                    let each = topic.partitions.iter();
                    each.map(|&index| TopicPartition::new(&topic.topic, index))
                })
                .collect();
            partitions.sort();
            Ok(Transaction {
                id: id.to_owned(),
                state: found.transaction_state.to_string(),
                coordinator: node,
                producer_id: found.producer_id,
                producer_epoch: found.producer_epoch,
                timeout_ms: found.transaction_timeout_ms,
                started_ms: Some(found.transaction_start_time_ms).filter(|&at| at >= 0),
                partitions,
            })
        })
        .await
    }

    /// Takes a transactional id away from its producer, whose open transaction is aborted, as a new producer with this id
    /// would (KIP-98). Waits for the abort, up to the timeout.
    pub async fn fence(&mut self, id: &str) -> Result<(), ClientError> {
        let charge = Charge::Transaction(id.to_owned());
        let make = |_| InitProducerIdRequest {
            transactional_id: Some(id.to_owned().into()),
            // No transaction will be begun under the new epoch.
            transaction_timeout_ms: 1,
            producer_id: -1,
            producer_epoch: -1,
            ..Default::default()
        };
        let deadline = time::now() + self.timeout();
        loop {
            let said = self.ask_coordinator(&charge, Terms::default(), make, |answer| {
                accepted(charge.to_string(), answer.body()?.error_code, None)
            });
            match said.await {
                // The abort is under way.
                Err(error)
                    if error.code() == Some(ErrorCode::CONCURRENT_TRANSACTIONS)
                        && time::now() < deadline =>
                {
                    time::sleep(LOOK_AGAIN).await;
                }
                other => return other,
            }
        }
    }

    /// The producers that a partition's leader knows, by id.
    pub async fn producers(
        &mut self,
        place: &TopicPartition,
    ) -> Result<Vec<ActiveProducer>, ClientError> {
        let request = DescribeProducersRequest {
            topics: vec![TopicRequest {
                name: place.topic.clone().into(),
                partition_indexes: vec![place.partition],
            }],
        };
        let leader = self.leader(place).await?;
        let answer = self.node(leader).await?.call(&request).await?;
        let body = answer.body()?;
        let found = body
            .topics
            .first()
            .and_then(|topic| topic.partitions.first())
            .ok_or_else(|| silent("DescribeProducers"))?;
        let what = format!("the producers of {place}");
        accepted(what, found.error_code, found.error_message.as_deref())?;
        let mut producers: Vec<ActiveProducer> = found
            .active_producers
            .iter()
            .map(|it| ActiveProducer {
                producer_id: it.producer_id,
                epoch: it.producer_epoch,
                last_sequence: it.last_sequence,
                last_timestamp: it.last_timestamp,
                coordinator_epoch: Some(it.coordinator_epoch).filter(|&epoch| epoch >= 0),
                open_from: Some(it.current_txn_start_offset).filter(|&offset| offset >= 0),
            })
            .collect();
        producers.sort_by_key(|it| it.producer_id);
        Ok(producers)
    }

    /// Writes an abort marker into one partition, past the coordinator (KIP-664).
    pub async fn write_abort(&mut self, abort: &Abort) -> Result<(), ClientError> {
        let place = &abort.place;
        let request = WriteTxnMarkersRequest {
            markers: vec![WritableTxnMarker {
                producer_id: abort.producer_id,
                producer_epoch: abort.producer_epoch,
                transaction_result: false,
                topics: vec![WritableTxnMarkerTopic {
                    name: place.topic.clone().into(),
                    partition_indexes: vec![place.partition],
                }],
                coordinator_epoch: abort.coordinator_epoch,
                ..Default::default()
            }],
        };
        let leader = self.leader(place).await?;
        let answer = self.node(leader).await?.call(&request).await?;
        let body = answer.body()?;
        let result = body
            .markers
            .first()
            .and_then(|marker| marker.topics.first())
            .and_then(|topic| topic.partitions.first())
            .ok_or_else(|| silent("WriteTxnMarkers"))?;
        let what = format!(
            "an abort marker for producer {} in {place}",
            abort.producer_id
        );
        accepted(what, result.error_code, None)
    }

    async fn leader(&mut self, place: &TopicPartition) -> Result<i32, ClientError> {
        let topic = self.topic(&place.topic, Missing::Fail).await?;
        let mut partitions = topic.partitions.iter();
        partitions
            .find(|partition| partition.index == place.partition)
            .and_then(|partition| partition.leader)
            .ok_or_else(|| {
                let code = ErrorCode::UNKNOWN_TOPIC_OR_PARTITION;
                ClientError::refused(format!("partition {place}"), code, None)
            })
    }
}
