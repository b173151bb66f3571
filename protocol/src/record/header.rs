//! The 61 bytes in front of a batch's records.

use super::{BatchError, Codec};

/// Bytes before the records.
pub const HEADER_LEN: usize = 61;
/// Bytes before and including the length field, which does not count them.
pub(super) const LENGTH_END: usize = 12;

/// Where each field starts; the table is in the module's documentation.
pub(super) mod at {
    pub const LENGTH: usize = 8;
    pub const LEADER_EPOCH: usize = 12;
    pub const MAGIC: usize = 16;
    pub const CRC: usize = 17;
    pub const ATTRIBUTES: usize = 21;
    pub const LAST_OFFSET_DELTA: usize = 23;
    pub const BASE_TIMESTAMP: usize = 27;
    pub const MAX_TIMESTAMP: usize = 35;
    pub const PRODUCER_ID: usize = 43;
    pub const PRODUCER_EPOCH: usize = 51;
    pub const BASE_SEQUENCE: usize = 53;
    pub const COUNT: usize = 57;
}

/// Who set the timestamps of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimestampType {
    /// The producer, record by record.
    CreateTime,
    /// The broker: every record has the batch's max timestamp.
    LogAppendTime,
}

/// The flags of a batch: bits 0-2 codec, 3 timestamp type, 4 transactional, 5 control,
/// 6 base timestamp is a delete horizon; the others are unused and kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Attributes(pub i16);

impl Attributes {
    const CODEC: i16 = 0x07;
    pub(super) const LOG_APPEND_TIME: i16 = 1 << 3;
    pub(super) const TRANSACTIONAL: i16 = 1 << 4;
    pub(super) const CONTROL: i16 = 1 << 5;
    pub(super) const DELETE_HORIZON: i16 = 1 << 6;

    /// How the records are compressed.
    pub fn codec(self) -> Result<Codec, BatchError> {
        let id = (self.0 & Attributes::CODEC) as u8;
        Codec::from_id(id).ok_or(BatchError::Codec(id))
    }

    /// Who set the timestamps.
    pub fn timestamp_type(self) -> TimestampType {
        if self.0 & Attributes::LOG_APPEND_TIME == 0 {
            TimestampType::CreateTime
        } else {
            TimestampType::LogAppendTime
        }
    }

    /// True when the batch is part of a transaction.
    pub fn is_transactional(self) -> bool {
        self.0 & Attributes::TRANSACTIONAL != 0
    }

    /// True for a batch that brokers write (transaction markers).
    pub fn is_control(self) -> bool {
        self.0 & Attributes::CONTROL != 0
    }

    /// True when the base timestamp is the time at which tombstones may go (KIP-534).
    pub fn has_delete_horizon(self) -> bool {
        self.0 & Attributes::DELETE_HORIZON != 0
    }
}

/// The header's fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchHeader {
    /// Offset of the first record.
    pub base_offset: i64,
    /// Bytes after the length field.
    pub length: i32,
    /// Leader epoch of the append.
    pub leader_epoch: i32,
    /// CRC32C of the bytes from `attributes` to the end.
    pub crc: u32,
    /// Flags.
    pub attributes: Attributes,
    /// Last offset minus base offset.
    pub last_offset_delta: i32,
    /// Timestamp of the first record, ms, or the delete horizon.
    pub base_timestamp: i64,
    /// Largest timestamp, ms.
    pub max_timestamp: i64,
    /// Idempotent producer's id; -1: none.
    pub producer_id: i64,
    /// Its epoch; -1: none.
    pub producer_epoch: i16,
    /// Sequence of the first record; -1: none.
    pub base_sequence: i32,
    /// Number of records; may be 0 after compaction.
    pub count: i32,
}

impl BatchHeader {
    /// Reads the header at the start of `bytes`; the records need not be there.
    pub fn parse(bytes: &[u8]) -> Result<BatchHeader, BatchError> {
        let Some(b) = bytes.first_chunk::<HEADER_LEN>() else {
            return Err(BatchError::Truncated {
                need: HEADER_LEN,
                have: bytes.len(),
            });
        };
        let header = BatchHeader {
            base_offset: i64::from_be_bytes(pick(b, 0)),
            length: i32::from_be_bytes(pick(b, at::LENGTH)),
            leader_epoch: i32::from_be_bytes(pick(b, at::LEADER_EPOCH)),
            crc: u32::from_be_bytes(pick(b, at::CRC)),
            attributes: Attributes(i16::from_be_bytes(pick(b, at::ATTRIBUTES))),
            last_offset_delta: i32::from_be_bytes(pick(b, at::LAST_OFFSET_DELTA)),
            base_timestamp: i64::from_be_bytes(pick(b, at::BASE_TIMESTAMP)),
            max_timestamp: i64::from_be_bytes(pick(b, at::MAX_TIMESTAMP)),
            producer_id: i64::from_be_bytes(pick(b, at::PRODUCER_ID)),
            producer_epoch: i16::from_be_bytes(pick(b, at::PRODUCER_EPOCH)),
            base_sequence: i32::from_be_bytes(pick(b, at::BASE_SEQUENCE)),
            count: i32::from_be_bytes(pick(b, at::COUNT)),
        };
        if b[at::MAGIC] != 2 {
            return Err(BatchError::Magic(b[at::MAGIC] as i8));
        }
        if header.length < (HEADER_LEN - LENGTH_END) as i32 {
            return Err(BatchError::Length(header.length));
        }
        Ok(header)
    }

    /// Bytes of the whole batch, header included.
    pub fn size(&self) -> usize {
        LENGTH_END + self.length as usize
    }

    /// Offset of the last record.
    pub fn last_offset(&self) -> i64 {
        self.base_offset.wrapping_add(self.last_offset_delta.into())
    }

    /// Offset after the last record.
    pub fn next_offset(&self) -> i64 {
        self.last_offset().wrapping_add(1)
    }

    /// Sequence of the last record, which wraps from the largest i32 to 0; -1 without a producer.
    pub fn last_sequence(&self) -> i32 {
        if self.base_sequence < 0 {
            return -1;
        }
        let wrapped = i64::from(self.base_sequence) + i64::from(self.last_offset_delta);
        (wrapped & i64::from(i32::MAX)) as i32
    }

    /// Does the batch carry an idempotent producer's id?
    pub fn has_producer(&self) -> bool {
        self.producer_id >= 0
    }
}

/// `N` bytes at `from`, which the caller knows to be inside. One load: this runs several times for each batch.
#[inline(always)]
fn pick<const N: usize>(header: &[u8; HEADER_LEN], from: usize) -> [u8; N] {
    let mut field = [0; N];
    field.copy_from_slice(&header[from..from + N]);
    field
}
