//! The body of a checkpoint frame. Index, term and end offset stand in the frame's header.
//!
//! | at | bytes | field | since |
//! |---|---|---|---|
//! | 0 | 8 | start offset | 1 |
//! | 8 | 24 | hard state: term, vote, commit | 1 |
//! | 32 | 8 | tail: base offset of the segment (-1: no segment) | 1 |
//! | 40 | 8 | tail: bytes of it that the checkpoint covers | 1 |
//! | 48 | 8 | tail: where its last covered batch starts | 1 |
//! | 56 | 8 | tail: largest timestamp in it, -1 if none | 1 |
//! | 64 | 8 | tail: timestamp of its first batch, -1 if none | 1 |
//! | 72 | 4 | length of the state | 1 |
//! | 76 | n | state: the partition's own, opaque here | 1 |
//!
//! Later versions append fields after the state; this one takes no trailing bytes.

use bytes::{BufMut, Bytes, BytesMut};

use super::FormatError;
use super::bytes::{i64_at, need, u32_at, u64_at};
use super::frame::HardState;

const START_AT: usize = 0;
const HARD_AT: usize = START_AT + 8;
const TAIL_AT: usize = HARD_AT + 24;
const STATE_LEN_AT: usize = TAIL_AT + 40;
const STATE_AT: usize = STATE_LEN_AT + 4;
const _: () = assert!(STATE_AT == 76);

/// How far a log's last segment reached when a flush or a checkpoint was made. With it a log opens without a scan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tail {
    /// Base offset of the segment, which is its name.
    pub segment: i64,
    /// Bytes of batches in it.
    pub length: u64,
    /// Where the last of these batches starts.
    pub last_batch: u64,
    /// Largest record timestamp in the segment, -1 if none.
    pub max_timestamp: i64,
    /// Largest timestamp of its first batch, -1 if none: rolling by time counts from here.
    pub first_timestamp: i64,
}

/// Everything of a partition up to `index` is in flushed segments, or in `state`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Raft index through which it holds.
    pub index: u64,
    /// Term of the entry at `index`.
    pub term: u64,
    /// Offset after the last record covered.
    pub end_offset: i64,
    /// First offset that the log still has; segments wholly below may be deleted once this is durable.
    pub start_offset: i64,
    /// Where the covered data ends; `None` when the log has no segment.
    pub tail: Option<Tail>,
    /// The hard state, so that no earlier frame is needed for it.
    pub hard: HardState,
    /// What the partition's own state machine needs to go on from `index`; opaque here.
    pub state: Bytes,
}

impl Checkpoint {
    /// Bytes of the body.
    pub fn encoded_len(&self) -> usize {
        STATE_AT + self.state.len()
    }

    pub(super) fn encode_body(&self) -> Bytes {
        let tail = self.tail.unwrap_or(NO_TAIL);
        let mut out = BytesMut::with_capacity(self.encoded_len());
        out.put_i64_le(self.start_offset);
        out.put_u64_le(self.hard.term);
        out.put_u64_le(self.hard.vote);
        out.put_u64_le(self.hard.commit);
        out.put_i64_le(tail.segment);
        out.put_u64_le(tail.length);
        out.put_u64_le(tail.last_batch);
        out.put_i64_le(tail.max_timestamp);
        out.put_i64_le(tail.first_timestamp);
        out.put_u32_le(self.state.len() as u32);
        out.extend_from_slice(&self.state);
        out.freeze()
    }

    pub(super) fn decode_body(
        index: u64,
        term: u64,
        end_offset: i64,
        body: &Bytes,
    ) -> Result<Checkpoint, FormatError> {
        need(body, STATE_AT)?;
        let state = body.slice(STATE_AT..);
        if state.len() != u32_at(body, STATE_LEN_AT) as usize {
            return Err(FormatError::Value("length of a checkpoint's state"));
        }
        let tail = Tail {
            segment: i64_at(body, TAIL_AT),
            length: u64_at(body, TAIL_AT + 8),
            last_batch: u64_at(body, TAIL_AT + 16),
            max_timestamp: i64_at(body, TAIL_AT + 24),
            first_timestamp: i64_at(body, TAIL_AT + 32),
        };
        let tail = if tail.segment == NO_TAIL.segment {
            None
        } else {
            Some(tail)
        };
        if tail.is_some_and(|t| t.segment < 0 || t.length == 0 || t.last_batch >= t.length) {
            return Err(FormatError::Value("tail of a checkpoint"));
        }
        let hard = HardState {
            term: u64_at(body, HARD_AT),
            vote: u64_at(body, HARD_AT + 8),
            commit: u64_at(body, HARD_AT + 16),
        };
        let start_offset = i64_at(body, START_AT);
        if start_offset < 0 || end_offset < start_offset {
            return Err(FormatError::Value("offsets of a checkpoint"));
        }
        Ok(Checkpoint {
            index,
            term,
            end_offset,
            start_offset,
            tail,
            hard,
            state,
        })
    }
}

const NO_TAIL: Tail = Tail {
    segment: -1,
    length: 0,
    last_batch: 0,
    max_timestamp: -1,
    first_timestamp: -1,
};
