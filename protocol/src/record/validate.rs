//! What a broker asks of a produced batch, in Kafka's order and with Kafka's codes: first
//! [`sole_batch`], then [`check_header`], then [`scan`]. Rules that depend on the topic's settings
//! (size, time window, compaction) are the broker's; [`Scan`] says what they need.

use std::fmt;

use super::{BatchError, BatchView, Codec, TimestampType};
use crate::error_code::ErrorCode;

/// A batch that is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The partition's error.
    pub code: ErrorCode,
    /// What is wrong.
    pub why: Why,
}

/// The rule that a batch breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// There is no whole batch.
    NoBatch,
    /// There is more than one.
    SecondBatch,
    /// It cannot be read.
    Unreadable(BatchError),
    /// Its base offset is not 0.
    BaseOffset(i64),
    /// Its checksum does not fit.
    Checksum,
    /// It has no record, or its last offset delta is not the count less one.
    Count {
        /// Records announced.
        count: i32,
        /// Last offset delta.
        last_offset_delta: i32,
    },
    /// Producers must not write control batches.
    Control,
    /// A producer id without a sequence.
    Sequence(i32),
    /// A record of a compressed batch whose offset delta is not its position.
    OffsetDelta {
        /// Its position.
        index: i32,
        /// Its delta.
        delta: i32,
    },
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Why::NoBatch => f.write_str("no whole record batch"),
            Why::SecondBatch => f.write_str("more than one record batch"),
            Why::Unreadable(why) => why.fmt(f),
            Why::BaseOffset(n) => write!(f, "base offset is {n}, not 0"),
            Why::Checksum => f.write_str("the checksum does not fit the batch"),
            Why::Count {
                count,
                last_offset_delta,
            } => {
                write!(
                    f,
                    "{count} records do not go with last offset delta {last_offset_delta}"
                )
            }
            Why::Control => f.write_str("producers must not write control batches"),
            Why::Sequence(n) => write!(f, "a producer id with sequence {n}"),
            Why::OffsetDelta { index, delta } => {
                write!(f, "record {index} has offset delta {delta}")
            }
        }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.why)
    }
}

impl std::error::Error for Refused {}

fn invalid(why: Why) -> Refused {
    Refused {
        code: ErrorCode::INVALID_RECORD,
        why,
    }
}

fn corrupt(why: Why) -> Refused {
    Refused {
        code: ErrorCode::CORRUPT_MESSAGE,
        why,
    }
}

/// What Kafka's log reader sees at the start of `bytes`: a batch that is cut short is no batch,
/// and a length or magic that cannot be is corruption.
fn next<'a>(bytes: &'a [u8]) -> Result<Option<BatchView<'a>>, Refused> {
    // Enough for the length field, then for the magic, then for the batch.
    let Some(length) = bytes.get(8..12) else {
        return Ok(None);
    };
    let length = i32::from_be_bytes([length[0], length[1], length[2], length[3]]);
    if length < 14 {
        return Err(corrupt(Why::Unreadable(BatchError::Length(length))));
    }
    let Some(magic) = bytes.get(16) else {
        return Ok(None);
    };
    match BatchView::parse(bytes) {
        Ok(batch) => Ok(Some(batch)),
        Err(why) if !(0..=2).contains(&(*magic as i8)) => Err(corrupt(
            Why::Unreadable(BatchError::Magic(*magic as i8)).unless(why),
        )),
        Err(_) if bytes.len() - 12 < length as usize => Ok(None),
        Err(why @ BatchError::Magic(_)) => Err(invalid(Why::Unreadable(why))),
        Err(why) => Err(corrupt(Why::Unreadable(why))),
    }
}

impl Why {
    /// The more telling of the two: a length that cannot be, rather than a magic.
    fn unless(self, why: BatchError) -> Why {
        if let BatchError::Length(_) = why {
            Why::Unreadable(why)
        } else {
            self
        }
    }
}

/// The one batch of a partition in a Produce request. A cut batch after it is ignored, as in Kafka
/// ([`BatchView::bytes`] are the batch's own).
pub fn sole_batch(bytes: &[u8]) -> Result<BatchView<'_>, Refused> {
    let batch = next(bytes)?.ok_or(invalid(Why::NoBatch))?;
    match next(&bytes[batch.bytes().len()..])? {
        None => Ok(batch),
        Some(_) => Err(invalid(Why::SecondBatch)),
    }
}

/// Base offset, checksum, counts, flags. Codec bits are left to [`scan`].
pub fn check_header(batch: &BatchView<'_>) -> Result<(), Refused> {
    let h = &batch.header;
    if h.base_offset != 0 {
        return Err(invalid(Why::BaseOffset(h.base_offset)));
    }
    if !batch.crc_ok() {
        return Err(corrupt(Why::Checksum));
    }
    if h.count <= 0 || h.last_offset_delta != h.count - 1 {
        return Err(invalid(Why::Count {
            count: h.count,
            last_offset_delta: h.last_offset_delta,
        }));
    }
    if h.attributes.is_control() {
        return Err(invalid(Why::Control));
    }
    if h.has_producer() && h.base_sequence < 0 {
        return Err(invalid(Why::Sequence(h.base_sequence)));
    }
    Ok(())
}

/// What the records of a batch say together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scan {
    /// Largest timestamp, ms; -1 when no record has one.
    pub max_timestamp: i64,
    /// Offset delta of the first record that has it.
    pub max_timestamp_delta: i32,
    /// Smallest timestamp besides -1 (none), ms.
    pub min_timestamp: Option<i64>,
    /// Position of the first record without a key.
    pub first_null_key: Option<i32>,
    /// Bytes of the records when decompressed.
    pub size: usize,
}

/// Reads every record. Timestamps are those of the records whatever the batch's timestamp type.
///
/// Offset deltas of an uncompressed batch are not looked at, as in Kafka. `limit` bounds the
/// decompressed bytes.
pub fn scan(batch: &BatchView<'_>, limit: usize) -> Result<Scan, Refused> {
    let compressed = batch
        .header
        .attributes
        .codec()
        .map_err(|why| invalid(Why::Unreadable(why)))?
        != Codec::None;
    let bytes = batch
        .decompress(limit)
        .map_err(|why| corrupt(Why::Unreadable(why)))?;
    let mut scan = Scan {
        max_timestamp: -1,
        max_timestamp_delta: 0,
        min_timestamp: None,
        first_null_key: None,
        size: bytes.len(),
    };
    for (index, record) in (0i32..).zip(batch.records(&bytes)) {
        let record = record.map_err(|why| invalid(Why::Unreadable(why)))?;
        if compressed && record.offset_delta != index {
            return Err(invalid(Why::OffsetDelta {
                index,
                delta: record.offset_delta,
            }));
        }
        let timestamp = batch
            .header
            .base_timestamp
            .wrapping_add(record.timestamp_delta);
        if timestamp > scan.max_timestamp {
            scan.max_timestamp = timestamp;
            scan.max_timestamp_delta = record.offset_delta;
        }
        if timestamp != -1 {
            scan.min_timestamp = Some(
                scan.min_timestamp
                    .map_or(timestamp, |min| min.min(timestamp)),
            );
        }
        if record.key.is_none() && scan.first_null_key.is_none() {
            scan.first_null_key = Some(index);
        }
    }
    Ok(scan)
}

/// Offset of the first record that has the batch's largest timestamp: what ListOffsets -3 asks. In
/// a batch stamped by the broker that is the first record.
pub fn offset_of_max_timestamp(batch: &BatchView<'_>, limit: usize) -> Result<i64, BatchError> {
    first_offset_at(batch, batch.header.max_timestamp, limit)
        .map(|found| found.map_or(batch.header.last_offset(), |(offset, _)| offset))
}

/// Offset and timestamp of the first record at or after `timestamp` (ms), if the batch has one.
pub fn first_offset_at(
    batch: &BatchView<'_>,
    timestamp: i64,
    limit: usize,
) -> Result<Option<(i64, i64)>, BatchError> {
    let h = &batch.header;
    if h.max_timestamp < timestamp {
        return Ok(None);
    }
    let appended = h.attributes.timestamp_type() == TimestampType::LogAppendTime;
    let bytes = batch.decompress(limit)?;
    for record in batch.records(&bytes) {
        let record = record?;
        let own = h.base_timestamp.wrapping_add(record.timestamp_delta);
        let at = if appended { h.max_timestamp } else { own };
        if at >= timestamp {
            return Ok(Some((
                h.base_offset.wrapping_add(record.offset_delta.into()),
                at,
            )));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests;
