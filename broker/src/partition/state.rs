//! The part of a partition's state that is neither records nor consensus, as checkpoints carry it.
//!
//! Protobuf, so that fields can be added; it stands in the `state` bytes of a journal checkpoint. A field is never
//! given another meaning, and a number is never used again.

use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;
use prost::Message;

use ottla_storage::log::AbortedTxn;
use ottla_storage::mutants::{Mutant, planted};

use super::producers::{Producer, Producers, Remembered};

#[derive(Clone, PartialEq, Message)]
struct PartitionState {
    /// The producers are complete below this offset.
    #[prost(int64, tag = "1")]
    through: i64,
    #[prost(message, repeated, tag = "2")]
    producers: Vec<ProducerState>,
    /// Aborted transactions whose end is below `through` and was not in a segment yet.
    #[prost(message, repeated, tag = "3")]
    aborted: Vec<AbortedState>,
}

#[derive(Clone, PartialEq, Message)]
struct ProducerState {
    #[prost(int64, tag = "1")]
    id: i64,
    #[prost(int32, tag = "2")]
    epoch: i32,
    #[prost(message, repeated, tag = "3")]
    batches: Vec<BatchState>,
    /// Of the last transaction marker.
    #[prost(int32, optional, tag = "4")]
    coordinator_epoch: Option<i32>,
    /// First offset of the open transaction.
    #[prost(int64, optional, tag = "5")]
    txn: Option<i64>,
    /// Of the last batch or marker; absent where it is that of the last of `batches`.
    #[prost(int64, optional, tag = "6")]
    timestamp: Option<i64>,
}

#[derive(Clone, PartialEq, Message)]
struct BatchState {
    #[prost(int32, tag = "1")]
    first: i32,
    #[prost(int32, tag = "2")]
    last: i32,
    #[prost(int64, tag = "3")]
    base_offset: i64,
    #[prost(int64, tag = "4")]
    last_offset: i64,
    #[prost(int64, tag = "5")]
    timestamp: i64,
}

#[derive(Clone, PartialEq, Message)]
struct AbortedState {
    #[prost(int64, tag = "1")]
    producer_id: i64,
    #[prost(int64, tag = "2")]
    first_offset: i64,
    #[prost(int64, tag = "3")]
    last_offset: i64,
    #[prost(int64, tag = "4")]
    last_stable_offset: i64,
}

/// The bytes of a checkpoint: what is committed, and nothing that may still be lost.
pub fn encode(producers: &Producers) -> Bytes {
    let (committed, through) = producers.committed();
    PartitionState {
        through,
        producers: committed
            .iter()
            .map(|(id, p)| producer_state(*id, p))
            .collect(),
        aborted: producers
            .aborted(i64::MIN, i64::MAX)
            .filter(|_| !planted(Mutant::AbortedNotCarried))
            .map(aborted_state)
            .collect(),
    }
    .encode_to_vec()
    .into()
}

/// The state in a checkpoint's bytes.
///
/// Errors: bytes that are not such a state (their checksum was right, so a program wrote them wrong).
pub fn decode(bytes: &[u8]) -> Result<Producers, prost::DecodeError> {
    let state = PartitionState::decode(bytes)?;
    let producers: BTreeMap<i64, Producer> = state.producers.iter().map(producer).collect();
    let aborted: VecDeque<AbortedTxn> = state.aborted.iter().map(aborted).collect();
    Ok(Producers::restore(producers, state.through, aborted))
}

fn producer_state(id: i64, p: &Producer) -> ProducerState {
    let of_batch = p.batches.back().map_or(-1, |b| b.timestamp);
    ProducerState {
        id,
        epoch: i32::from(p.epoch),
        batches: p.batches.iter().map(batch_state).collect(),
        coordinator_epoch: Some(p.coordinator_epoch).filter(|e| *e != -1),
        txn: p.txn,
        timestamp: Some(p.timestamp).filter(|t| *t != of_batch),
    }
}

fn producer(p: &ProducerState) -> (i64, Producer) {
    let batches: VecDeque<Remembered> = p.batches.iter().map(remembered).collect();
    let of_batch = batches.back().map_or(-1, |b| b.timestamp);
    let producer = Producer {
        epoch: p.epoch as i16,
        batches,
        coordinator_epoch: p.coordinator_epoch.unwrap_or(-1),
        txn: p.txn,
        timestamp: p.timestamp.unwrap_or(of_batch),
    };
    (p.id, producer)
}

fn aborted_state(txn: AbortedTxn) -> AbortedState {
    AbortedState {
        producer_id: txn.producer_id,
        first_offset: txn.first_offset,
        last_offset: txn.last_offset,
        last_stable_offset: txn.last_stable_offset,
    }
}

fn aborted(txn: &AbortedState) -> AbortedTxn {
    AbortedTxn {
        producer_id: txn.producer_id,
        first_offset: txn.first_offset,
        last_offset: txn.last_offset,
        last_stable_offset: txn.last_stable_offset,
    }
}

fn batch_state(b: &Remembered) -> BatchState {
    let Remembered {
        first,
        last,
        base_offset,
        last_offset,
        timestamp,
    } = *b;
    BatchState {
        first,
        last,
        base_offset,
        last_offset,
        timestamp,
    }
}

fn remembered(b: &BatchState) -> Remembered {
    let BatchState {
        first,
        last,
        base_offset,
        last_offset,
        timestamp,
    } = *b;
    Remembered {
        first,
        last,
        base_offset,
        last_offset,
        timestamp,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::partition::producers::{Effect, Marker, Sequenced};
    use ottla_protocol::record::EndMarker;

    const BATCH: Sequenced = Sequenced {
        producer_id: 7,
        epoch: 2,
        first: 0,
        last: 4,
        transactional: false,
    };

    #[test]
    fn what_is_committed_comes_back_and_what_is_not_does_not() {
        let mut p = Producers::default();
        p.append(BATCH, 10, 14, 99);
        p.commit(15);
        let next = Sequenced {
            first: 5,
            last: 5,
            ..BATCH
        };
        p.append(next, 15, 15, 99);
        let back = decode(&encode(&p)).unwrap();
        assert_eq!(back.committed(), p.committed());
        assert_eq!(back.committed().0[&7].last_sequence(), 4);
    }

    /// As the first version wrote it; it must stay readable for ever.
    #[test]
    fn golden_bytes() {
        let golden = [
            8, 15, 18, 14, 8, 7, 16, 2, 26, 8, 16, 4, 24, 10, 32, 14, 40, 99,
        ];
        let mut p = Producers::default();
        p.append(BATCH, 10, 14, 99);
        p.commit(15);
        assert_eq!(encode(&p).as_ref(), golden);
        assert_eq!(decode(&golden).unwrap().committed(), p.committed());
    }

    #[test]
    fn golden_bytes_of_transactions() {
        let txn = Sequenced {
            transactional: true,
            ..BATCH
        };
        let mut p = Producers::default();
        p.append(txn, 10, 14, 99);
        let end = EndMarker {
            committed: false,
            coordinator_epoch: 1,
        };
        let marker = Marker {
            producer_id: 7,
            epoch: 3,
            end,
        };
        p.append(Effect::Marker(marker), 15, 15, 100);
        let other = Sequenced {
            producer_id: 8,
            ..txn
        };
        p.append(other, 16, 20, 101);
        p.commit(21);
        let golden = [
            8, 21, 18, 8, 8, 7, 16, 3, 32, 1, 48, 100, 18, 16, 8, 8, 16, 2, 26, 8, 16, 4, 24, 16,
            32, 20, 40, 101, 40, 16, 26, 8, 8, 7, 16, 10, 24, 15, 32, 16,
        ];
        assert_eq!(encode(&p).as_ref(), golden);
        let back = decode(&golden).unwrap();
        assert_eq!(back.committed(), p.committed());
        assert_eq!(back.last_stable(0, 21), 16);
        assert!(back.aborted(0, 21).eq(p.aborted(0, 21)));
    }
}
