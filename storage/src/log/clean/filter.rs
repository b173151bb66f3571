//! What compaction leaves of one batch. Pure; Kafka's rules (KIP-98, KIP-534).
//!
//! A record stays when it is the newest of its key and has a value. One without a value, a tombstone, stays until the
//! batch's delete horizon: set by the first compaction that meets it, so that every reader has a fixed time to see it.
//! The batch keeps its first and last offset and its sequences whatever is left of it. With no record left it goes, unless
//! it is the last one of an active producer or the last of the compaction.

use std::collections::BTreeMap;

use ottla_protocol::record::{BatchBuilder, BatchHeader, BatchOptions, BatchView, Record, emptied};

use super::keys::Keys;
use super::transactions::Transactions;
use super::{DECOMPRESSED, LastOfProducer};
use crate::mutants::{Mutant, planted};

/// What is left of a batch.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Left {
    /// All, byte for byte.
    Whole,
    /// This batch in its place.
    Part(Vec<u8>),
    /// Nothing.
    Nothing,
}

/// Judges the batches of a log, which come in order and from its start.
pub(super) struct Filter<'a> {
    /// The newest offset of each key of which a record was met from where the log is dirty up to `until`.
    pub keys: &'a Keys,
    /// Records from here on are not looked at.
    pub until: i64,
    /// The batch that ends here is kept, if only as an empty one.
    pub round_end: i64,
    pub now_ms: i64,
    pub delete_retention_ms: i64,
    pub producers: &'a BTreeMap<i64, LastOfProducer>,
    pub transactions: Transactions,
}

impl Filter<'_> {
    /// What is left of the next batch.
    ///
    /// Errors: a batch that cannot be read.
    pub fn judge(&mut self, batch: &BatchView<'_>) -> Result<Left, String> {
        let header = &batch.header;
        if header.base_offset >= self.until {
            return Ok(Left::Whole);
        }
        let unneeded = self.transactions.pass(batch);
        let control = header.attributes.is_control();
        let discard = unneeded && (!control || self.horizon_passed(header));
        if discard && !self.stays_empty(header) {
            return Ok(Left::Nothing);
        }
        let bytes = batch.decompress(DECOMPRESSED).map_err(|e| e.to_string())?;
        let mut kept = Vec::new();
        let mut tombstones = false;
        if !discard {
            for record in batch.records(&bytes) {
                let record = record.map_err(|e| e.to_string())?;
                if control || self.stays(header, &record) {
                    tombstones |= record.value.is_none();
                    kept.push(record);
                }
            }
        }
        if kept.is_empty() {
            return Ok(match self.stays_empty(header) {
                true if header.count == 0 => Left::Whole,
                true => Left::Part(emptied(batch.bytes())),
                false => Left::Nothing,
            });
        }
        let begins = (tombstones || unneeded) && !header.attributes.has_delete_horizon();
        if kept.len() == header.count as usize && !begins {
            return Ok(Left::Whole);
        }
        let horizon = begins.then(|| self.now_ms.saturating_add(self.delete_retention_ms));
        rebuilt(header, &kept, horizon).map(Left::Part)
    }

    fn stays(&self, header: &BatchHeader, record: &Record<'_>) -> bool {
        let offset = header.base_offset + i64::from(record.offset_delta);
        if offset >= self.until {
            return true;
        }
        // Nothing can follow a record without a key, and compacted topics take none: it is from before they were compacted.
        let Some(key) = record.key else {
            return false;
        };
        let newest = self.keys.newest(key).is_none_or(|newest| {
            if planted(Mutant::OldestValueKept) {
                offset < newest
            } else {
                offset >= newest
            }
        });
        newest && (record.value.is_some() || !self.tombstones_go(header))
    }

    fn tombstones_go(&self, header: &BatchHeader) -> bool {
        planted(Mutant::TombstoneTooEarly) || self.horizon_passed(header)
    }

    fn horizon_passed(&self, header: &BatchHeader) -> bool {
        header.attributes.has_delete_horizon() && header.base_timestamp <= self.now_ms
    }

    /// Is the batch kept even when nothing is in it?
    fn stays_empty(&self, header: &BatchHeader) -> bool {
        header.next_offset() == self.round_end || self.is_last_of_producer(header)
    }

    fn is_last_of_producer(&self, header: &BatchHeader) -> bool {
        let Some(last) = self
            .producers
            .get(&header.producer_id)
            .filter(|_| header.has_producer())
        else {
            return false;
        };
        match last.offset {
            Some(offset) => header.last_offset() == offset,
            None => header.attributes.is_control() && header.producer_epoch == last.epoch,
        }
    }
}

/// The batch with these of its records; `horizon` begins its delete horizon.
fn rebuilt(
    header: &BatchHeader,
    records: &[Record<'_>],
    horizon: Option<i64>,
) -> Result<Vec<u8>, String> {
    let mut options = BatchOptions::of(header).map_err(|e| e.to_string())?;
    options.delete_horizon = horizon.or(options.delete_horizon);
    let mut builder = BatchBuilder::new(options);
    for record in records {
        builder.keep_record(header.base_timestamp, record);
    }
    builder.keep_last_offset(header.last_offset_delta);
    builder.build().map_err(|e| e.to_string())
}
