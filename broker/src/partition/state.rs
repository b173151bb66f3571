//! The part of a partition's state that is neither records nor consensus, as checkpoints carry it.
//!
//! Protobuf, so that fields can be added; it stands in the `state` bytes of a journal checkpoint. A field is never
//! given another meaning, and a number is never used again.

use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;
use prost::Message;

use super::producers::{Producer, Producers, Remembered};

#[derive(Clone, PartialEq, Message)]
struct PartitionState {
    /// The producers are complete below this offset.
    #[prost(int64, tag = "1")]
    through: i64,
    #[prost(message, repeated, tag = "2")]
    producers: Vec<ProducerState>,
}

#[derive(Clone, PartialEq, Message)]
struct ProducerState {
    #[prost(int64, tag = "1")]
    id: i64,
    #[prost(int32, tag = "2")]
    epoch: i32,
    #[prost(message, repeated, tag = "3")]
    batches: Vec<BatchState>,
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

/// The bytes of a checkpoint: what is committed, and nothing that may still be lost.
pub fn encode(producers: &Producers) -> Bytes {
    let (committed, through) = producers.committed();
    let producers = committed.iter().map(|(id, p)| ProducerState {
        id: *id,
        epoch: i32::from(p.epoch),
        batches: p.batches.iter().map(batch_state).collect(),
    });
    PartitionState {
        through,
        producers: producers.collect(),
    }
    .encode_to_vec()
    .into()
}

/// The state in a checkpoint's bytes.
///
/// Errors: bytes that are not such a state (their checksum was right, so a program wrote them wrong).
pub fn decode(bytes: &[u8]) -> Result<Producers, prost::DecodeError> {
    let state = PartitionState::decode(bytes)?;
    let producer = |p: ProducerState| {
        let batches: VecDeque<Remembered> = p.batches.iter().map(remembered).collect();
        (
            p.id,
            Producer {
                epoch: p.epoch as i16,
                batches,
            },
        )
    };
    let producers: BTreeMap<i64, Producer> = state.producers.into_iter().map(producer).collect();
    Ok(Producers::restore(producers, state.through))
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
    use crate::partition::producers::Sequenced;

    #[test]
    fn what_is_committed_comes_back_and_what_is_not_does_not() {
        let mut p = Producers::default();
        p.append(
            Sequenced {
                producer_id: 7,
                epoch: 2,
                first: 0,
                last: 4,
            },
            10,
            14,
            99,
        );
        p.commit(15);
        p.append(
            Sequenced {
                producer_id: 7,
                epoch: 2,
                first: 5,
                last: 5,
            },
            15,
            15,
            99,
        );
        let back = decode(&encode(&p)).unwrap();
        assert_eq!(back.committed(), p.committed());
        assert_eq!(back.committed().0[&7].last_sequence(), 4);
    }

    /// Version 1 as it stands on disk; it must stay readable for ever.
    #[test]
    fn golden_bytes() {
        let golden = [
            8, 15, 18, 14, 8, 7, 16, 2, 26, 8, 16, 4, 24, 10, 32, 14, 40, 99,
        ];
        let mut p = Producers::default();
        p.append(
            Sequenced {
                producer_id: 7,
                epoch: 2,
                first: 0,
                last: 4,
            },
            10,
            14,
            99,
        );
        p.commit(15);
        assert_eq!(encode(&p).as_ref(), golden);
    }
}
