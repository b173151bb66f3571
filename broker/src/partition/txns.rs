//! Transactions in this partition: who may begin one, what is stable, what was aborted.
//!
//! What is read of committed transactions is one snapshot: the last stable offset and the aborted transactions that may not
//! be in a segment yet are taken in one go, and those that the log's own index gains later end at or above that offset or
//! stand in both.

use bytes::Bytes;
use ottla_protocol::error_code::ErrorCode;
use ottla_runtime::time;
use ottla_storage::log::{AbortedTxn, ReadError};

use super::producers::{Beginning, Guard};
use super::{Partition, State};

impl Partition {
    /// The first offset that a read_committed consumer may not have: that of the oldest open transaction, else the high
    /// watermark.
    pub fn last_stable_offset(&self) -> i64 {
        self.state.borrow().last_stable(self.log.start_offset())
    }

    /// A producer wants to write transactionally: `None` if its transaction is open here, else the guard with which its
    /// next batch may begin it once the coordinator has confirmed that it knows of it.
    ///
    /// Errors: 6 not the leader, 47 for an older epoch.
    pub fn begin_txn(&self, who: Beginning) -> Result<Option<Guard>, ErrorCode> {
        let mut state = self.state.borrow_mut();
        if !state.leads() {
            return Err(ErrorCode::NOT_LEADER_OR_FOLLOWER);
        }
        state.producers.begin(who, time::wall_ms())
    }

    /// Reads what is below `limit`, which is stable, with the aborted transactions of what was read; of these `recent` are
    /// those below `limit` that may not be in a segment.
    pub(super) async fn read_stable(
        &self,
        offset: i64,
        max_bytes: usize,
        limit: i64,
        recent: Vec<AbortedTxn>,
    ) -> Result<(Vec<Bytes>, Vec<AbortedTxn>), ReadError> {
        let read = self.log.read_with_aborted(offset, max_bytes, limit).await;
        let (read, in_segments) = read?;
        let aborted = joined(in_segments, recent, offset, read.next);
        Ok((read.parts, aborted))
    }
}

/// All aborted transactions in `from..to`, in the order of their markers, each once.
fn joined(
    in_segments: Vec<AbortedTxn>,
    recent: Vec<AbortedTxn>,
    from: i64,
    to: i64,
) -> Vec<AbortedTxn> {
    let last = in_segments.last().map_or(-1, |txn| txn.last_offset);
    let newer = |txn: &AbortedTxn| txn.last_offset > last && txn.overlaps(from, to);
    let recent = recent.into_iter().filter(newer);
    in_segments.into_iter().chain(recent).collect()
}

impl State {
    /// See [`Partition::last_stable_offset`].
    pub(super) fn last_stable(&self, start: i64) -> i64 {
        self.producers.last_stable(start, self.high_watermark)
    }
}
