//! Transactions in this partition: who may begin one, what is stable, what was aborted.
//!
//! What is read of committed transactions is one snapshot: the last stable offset and the aborted transactions that may not
//! be in a segment yet are taken in one go, and those that the log's own index gains later end at or above that offset or
//! stand in both.

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

    /// The aborted transactions with records in `from..to`, of which `recent` are known already.
    pub(super) async fn aborted(
        &self,
        from: i64,
        to: i64,
        recent: Vec<AbortedTxn>,
    ) -> Result<Vec<AbortedTxn>, ReadError> {
        if from >= to {
            return Ok(Vec::new());
        }
        let mut aborted: Vec<AbortedTxn> = Vec::new();
        let last = aborted.last().map_or(-1, |txn| txn.last_offset);
        aborted.extend(
            recent
                .into_iter()
                .filter(|txn| txn.last_offset > last && txn.overlaps(from, to)),
        );
        Ok(aborted)
    }
}

impl State {
    /// See [`Partition::last_stable_offset`].
    pub(super) fn last_stable(&self, start: i64) -> i64 {
        self.producers.last_stable(start, self.high_watermark)
    }
}
