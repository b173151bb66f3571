//! A transactional id as it stands in `__transaction_state`.

use ottla_protocol::records::transaction_log::{
    PartitionsSchema, TransactionLogKey, TransactionLogValue,
};
use ottla_protocol::records::{RecordError, RecordKey, RecordValue, TransactionRecord};

use super::state::{Partitions, State, Txn};
use crate::coordinator::{BadRecord, KeyValue, Producer};
use crate::metadata::Image;

/// The feature level since which values may carry fields that older brokers do not know.
const FLEXIBLE_SINCE: i16 = 1;

/// One transactional id, or that it is forgotten.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The id.
    pub id: String,
    /// Its state; `None`: it is not known any more.
    pub txn: Option<Txn>,
    /// Version of the value.
    format: i16,
}

impl Record {
    /// The state of an id, in the format that the cluster's feature level asks for.
    pub fn new(id: &str, txn: Txn, image: &Image) -> Record {
        Record {
            id: id.to_owned(),
            txn: Some(txn),
            format: format(image),
        }
    }

    /// The id is forgotten.
    pub fn tombstone(id: String, image: &Image) -> Record {
        Record {
            id,
            txn: None,
            format: format(image),
        }
    }

    /// Key and value.
    ///
    /// # Errors
    /// A text is too long.
    pub fn encode(&self) -> Result<KeyValue, BadRecord> {
        let bad = |e: ottla_protocol::wire::EncodeError| BadRecord(e.to_string());
        let key = TransactionLogKey {
            transactional_id: self.id.as_str().into(),
        };
        let value = self.txn.as_ref().map(|txn| value(txn, self.format));
        let value = value.map(|value| value.value_bytes(self.format));
        Ok((
            key.key_bytes().map_err(bad)?,
            value.transpose().map_err(bad)?,
        ))
    }

    /// A record of the topic; `None` for a kind or version that this build does not know, which is passed over as in Kafka.
    ///
    /// # Errors
    /// It is damaged.
    pub fn decode(key: &[u8], value: Option<&[u8]>) -> Result<Option<Record>, BadRecord> {
        let (key, value) = match TransactionRecord::decode(key, value) {
            Ok(TransactionRecord::TransactionLog(key, value)) => (key, value),
            Err(RecordError::UnknownType(_) | RecordError::UnknownVersion(_)) => return Ok(None),
            Err(damaged) => return Err(BadRecord(damaged.to_string())),
        };
        Ok(Some(Record {
            id: key.transactional_id.into_owned(),
            txn: value.map(txn).transpose()?,
            format: FLEXIBLE_SINCE,
        }))
    }
}

/// The level of `transaction.version` in force.
pub fn level(image: &Image) -> i16 {
    image
        .features
        .get("transaction.version")
        .copied()
        .unwrap_or_default()
}

fn format(image: &Image) -> i16 {
    i16::from(level(image) >= FLEXIBLE_SINCE)
}

fn value(txn: &Txn, format: i16) -> TransactionLogValue<'_> {
    let each =
        |(topic, numbers): (&'_ String, &std::collections::BTreeSet<i32>)| PartitionsSchema {
            topic: topic.clone().into(),
            partition_ids: numbers.iter().copied().collect(),
        };
    let value = TransactionLogValue {
        producer_id: txn.producer.id,
        producer_epoch: txn.producer.epoch,
        transaction_timeout_ms: txn.timeout_ms,
        transaction_status: txn.state as i8,
        transaction_partitions: match txn.state {
            State::Empty => None,
            _ => Some(txn.partitions.iter().map(each).collect()),
        },
        transaction_last_update_timestamp_ms: txn.update_ms,
        transaction_start_timestamp_ms: txn.start_ms,
        ..TransactionLogValue::default()
    };
    if format < FLEXIBLE_SINCE {
        return value;
    }
    TransactionLogValue {
        previous_producer_id: txn.previous_id,
        next_producer_id: txn.next_id,
        client_transaction_version: txn.version,
        ..value
    }
}

fn txn(value: TransactionLogValue<'_>) -> Result<Txn, BadRecord> {
    let status = value.transaction_status;
    let state = State::ALL.into_iter().find(|s| *s as i8 == status);
    let state = state.ok_or_else(|| BadRecord(format!("a transaction in state {status}")))?;
    let mut partitions = Partitions::new();
    for topic in value.transaction_partitions.into_iter().flatten() {
        let known = partitions.entry(topic.topic.into_owned()).or_default();
        known.extend(topic.partition_ids);
    }
    Ok(Txn {
        producer: Producer {
            id: value.producer_id,
            epoch: value.producer_epoch,
        },
        previous_id: value.previous_producer_id,
        next_id: value.next_producer_id,
        timeout_ms: value.transaction_timeout_ms,
        state,
        partitions,
        start_ms: value.transaction_start_timestamp_ms,
        update_ms: value.transaction_last_update_timestamp_ms,
        version: value.client_transaction_version,
    })
}
