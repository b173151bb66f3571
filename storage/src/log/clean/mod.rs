//! Compaction: of each key the newest record stays (kafka.md 2.10; Kafka's log cleaner, KIP-58, 98, 354, 534).
//!
//! | file | what |
//! |---|---|
//! | `plan` | which logs are worth it, how far, which segments become one; pure |
//! | `keys` | the newest offset of each key, in memory of a fixed size |
//! | `transactions` | aborted batches, markers that nothing needs; pure |
//! | `filter` | what is left of one batch; pure |
//! | `pace` | a round gives way to what others wait for |
//! | `run` | one round: the dirty part is read for its keys, then everything up to there is written anew |
//! | `swap` | new segments take the place of old ones, over a crash at any point |
//!
//! A round reads the log's dirty part, which no round has looked at, until it ends or the table of keys is full, and then
//! writes all segments up to there again without what newer records have made worthless. When the table was full, the
//! rest is dirty still, for the next round. Reads, appends, flushes and retention go on meanwhile; a round whose segments
//! are taken away under it ends early, and what it has finished by then counts.
//!
//! Only closed segments are compacted, and only those that a durable checkpoint knows to be closed: after a crash the log goes
//! on from that checkpoint, in the segment that was open then.

mod filter;
mod keys;
mod pace;
mod plan;
mod run;
mod swap;
#[cfg(test)]
mod tests;
mod transactions;

use std::collections::BTreeMap;

use ottla_protocol::record::{BatchHeader, HEADER_LEN};

use super::state::Segment;
use super::{AbortedTxn, Log};
use crate::error::StorageError;
use crate::mutants::{Mutant, planted};
use crate::segment::data_path;

pub use self::plan::Dirtiness;
use self::plan::largest_group;
pub(super) use self::swap::{check, recover};

/// A batch may decompress to this much here; the producer's limit was checked when it came in.
const DECOMPRESSED: usize = 256 << 20;

/// What of a topic's configuration says when its logs are compacted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Policy {
    /// The dirty part must be more than this. `min.cleanable.dirty.ratio`; default 0.5.
    pub min_dirty_ratio: f64,
    /// Younger records stay. `min.compaction.lag.ms`; default 0.
    pub min_lag_ms: i64,
    /// Older records do not wait for the ratio. `max.compaction.lag.ms`; default: for ever.
    pub max_lag_ms: i64,
}

impl Default for Policy {
    fn default() -> Policy {
        Policy {
            min_dirty_ratio: 0.5,
            min_lag_ms: 0,
            max_lag_ms: i64::MAX,
        }
    }
}

/// What compaction must know of an active producer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LastOfProducer {
    /// Its epoch.
    pub epoch: i16,
    /// Last offset of its last batch with records; `None` when its marker is all that is known of it.
    pub offset: Option<i64>,
}

/// One round of compaction.
#[derive(Clone, Debug)]
pub struct Cleaning {
    /// Nothing at or above is looked at: at most the last stable offset, and the base of the segment that was open by a
    /// checkpoint that is durable.
    pub until: i64,
    /// Wall-clock time, ms.
    pub now_ms: i64,
    /// How long tombstones stay once a round has met them.
    pub delete_retention_ms: i64,
    /// The active producers: the last batch of each stays, if only as an empty one.
    pub producers: BTreeMap<i64, LastOfProducer>,
    /// The aborted transactions that have batches below `until` and whose marker may be in no segment yet.
    pub aborted: Vec<AbortedTxn>,
    /// Bytes of memory for the table of keys, and the fraction of it that may be used.
    pub memory: usize,
    /// See `memory`.
    pub load: f64,
    /// Most bytes to read and write in a second.
    pub bytes_per_second: f64,
}

/// What a round did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cleaned {
    /// Bytes of the segments that were replaced.
    pub bytes_before: u64,
    /// Bytes of those that took their place.
    pub bytes_after: u64,
    /// Segments that were replaced.
    pub segments_before: usize,
    /// Those that took their place.
    pub segments_after: usize,
    /// Up to here all segments were looked at; 0 when the round ended early.
    pub until: i64,
    /// Is the dirty part done, as far as it may be looked at?
    pub complete: bool,
}

impl Log {
    /// How dirty the log is below `limit`, which is as [`Cleaning::until`], at wall-clock time `now_ms`.
    ///
    /// # Errors
    /// Damage, the disk's own.
    pub async fn dirtiness(
        &self,
        policy: &Policy,
        now_ms: i64,
        limit: i64,
    ) -> Result<Dirtiness, StorageError> {
        let before = self.0.changes();
        let dirt = self.measure(policy, now_ms, limit).await;
        if self.0.changes() != before {
            return Ok(Dirtiness::default()); // Retention was here: another time.
        }
        dirt
    }

    async fn measure(
        &self,
        policy: &Policy,
        now_ms: i64,
        limit: i64,
    ) -> Result<Dirtiness, StorageError> {
        let limit = match planted(Mutant::CleanedUncovered) {
            true => i64::MAX,
            false => limit,
        };
        let (from, closed) = {
            let state = self.0.state.borrow();
            (state.first_dirty(), state.closed(limit))
        };
        let mut dirt = Dirtiness {
            from,
            until: from,
            ..Dirtiness::default()
        };
        for closed in &closed {
            let segment = &closed.segment;
            if closed.end <= from {
                dirt.clean_bytes += segment.length;
                continue;
            }
            let young = now_ms.saturating_sub(policy.min_lag_ms.max(0));
            if policy.min_lag_ms > 0 && self.segment_max(segment).await? > young {
                break;
            }
            dirt.dirty_bytes += segment.length;
            dirt.until = closed.end;
            if policy.max_lag_ms < i64::MAX {
                let first = self.first_timestamp(segment).await?;
                dirt.overdue |= first > 0 && first < now_ms.saturating_sub(policy.max_lag_ms);
            }
        }
        let looked_at = closed.partition_point(|c| c.end <= dirt.until);
        dirt.room = largest_group(&closed[..looked_at], self.config().segment_bytes);
        Ok(dirt)
    }

    /// The largest timestamp of a closed segment's first batch, -1 if none, remembered once it is known.
    async fn first_timestamp(&self, segment: &Segment) -> Result<i64, StorageError> {
        if let Some(known) = segment.first_timestamp {
            return Ok(known);
        }
        let mut first = -1;
        if segment.length > 0 {
            let file = self.0.file(segment.base).await?;
            let bytes = file.read_at(0, HEADER_LEN).await?;
            let header = BatchHeader::parse(&bytes)
                .map_err(|e| StorageError::corrupt(data_path(&self.0.dir, segment.base), 0, e))?;
            first = header.max_timestamp;
        }
        let mut state = self.0.state.borrow_mut();
        let found = state.segments.iter_mut().find(|s| s.base == segment.base);
        if let Some(found) = found.filter(|s| s.length == segment.length) {
            found.first_timestamp = Some(first);
        }
        Ok(first)
    }

    /// Will a flush close a segment?
    pub fn closes_unflushed(&self) -> bool {
        self.0.state.borrow().closes_unflushed()
    }
}
