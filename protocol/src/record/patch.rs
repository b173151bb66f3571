//! Changes that a broker makes to a batch in place. Each takes a slice that starts with a whole
//! batch ([`BatchView::parse`](super::BatchView::parse) accepted it) and panics on a shorter one.

use super::header::{Attributes, LENGTH_END, at};
use super::{HEADER_LEN, TimestampType};

fn put<const N: usize>(batch: &mut [u8], from: usize, value: [u8; N]) {
    batch[from..from + N].copy_from_slice(&value);
}

/// Sets the offset of the first record. The checksum does not cover it.
pub fn set_base_offset(batch: &mut [u8], offset: i64) {
    put(batch, 0, offset.to_be_bytes());
}

/// Sets the leader epoch. The checksum does not cover it.
pub fn set_leader_epoch(batch: &mut [u8], epoch: i32) {
    put(batch, at::LEADER_EPOCH, epoch.to_be_bytes());
}

/// Marks the batch as stamped by the broker at `now` (ms) and computes the checksum anew. `batch`
/// is exactly the batch.
pub fn set_log_append_time(batch: &mut [u8], now: i64) {
    set_max_timestamp(batch, TimestampType::LogAppendTime, now);
}

/// Sets the timestamp type and the largest timestamp (ms), and computes the checksum anew if that
/// changed anything. `batch` is exactly the batch.
pub fn set_max_timestamp(batch: &mut [u8], kind: TimestampType, max: i64) {
    let before = batch[..HEADER_LEN].to_vec();
    let mut attributes = i16::from_be_bytes([batch[at::ATTRIBUTES], batch[at::ATTRIBUTES + 1]]);
    match kind {
        TimestampType::CreateTime => attributes &= !Attributes::LOG_APPEND_TIME,
        TimestampType::LogAppendTime => attributes |= Attributes::LOG_APPEND_TIME,
    }
    put(batch, at::ATTRIBUTES, attributes.to_be_bytes());
    put(batch, at::MAX_TIMESTAMP, max.to_be_bytes());
    if before != batch[..HEADER_LEN] {
        seal(batch);
    }
}

/// The batch without its records: what is left when all are compacted away and its offsets, or its producer's sequence,
/// are still wanted. Not compressed, no base timestamp; the largest timestamp stays (as Kafka's).
pub fn emptied(batch: &[u8]) -> Vec<u8> {
    const LENGTH: i32 = (HEADER_LEN - LENGTH_END) as i32;
    let mut empty = batch[..HEADER_LEN].to_vec();
    let kept = Attributes::LOG_APPEND_TIME | Attributes::TRANSACTIONAL | Attributes::CONTROL;
    let attributes = i16::from_be_bytes([batch[at::ATTRIBUTES], batch[at::ATTRIBUTES + 1]]) & kept;
    put(&mut empty, at::LENGTH, LENGTH.to_be_bytes());
    put(&mut empty, at::ATTRIBUTES, attributes.to_be_bytes());
    put(&mut empty, at::BASE_TIMESTAMP, (-1i64).to_be_bytes());
    put(&mut empty, at::COUNT, 0i32.to_be_bytes());
    seal(&mut empty);
    empty
}

/// Computes the checksum of a finished batch.
pub(super) fn seal(batch: &mut [u8]) {
    let crc = crc32c::crc32c(&batch[at::ATTRIBUTES..]);
    put(batch, at::CRC, crc.to_be_bytes());
}
