//! Reads of a partition: only what is committed, whole batches, as stored.

use std::rc::Rc;

use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::ids::PartitionId;
use ottla_runtime::time;
use ottla_storage::log::{AbortedTxn, ReadError};
use ottla_storage::mutants::{Mutant, planted};

use super::Partition;
use super::calls::{FetchPart, Fetched};
use super::waiters::Watch;

impl Partition {
    /// Reads from `part.offset`, at most `max_bytes` beyond the first batch, which is whole if `first` (KIP-74); only what
    /// is stable, and with the aborted transactions, if `committed_only`.
    ///
    /// Errors in the answer: 6 not the leader here, 74/75 for another leader epoch, 1 out of range, 56 the disk failed.
    pub async fn fetch(
        &self,
        part: FetchPart,
        max_bytes: usize,
        first: bool,
        committed_only: bool,
    ) -> Fetched {
        let (mut fetched, limit, recent) = match self.begin_fetch(part, committed_only) {
            Ok(begun) => begun,
            Err(refused) => return refused,
        };
        if part.last_fetched_epoch >= 0 {
            match self.diverging(part).await {
                Ok(diverging) => fetched.diverging = diverging,
                Err(code) => return Fetched::refused(code),
            }
        }
        let (start, end) = match planted(Mutant::ReadDeleted) {
            true => (0, self.log.end_offset()),
            false => (self.log.start_offset(), self.log.end_offset()),
        };
        if fetched.diverging.is_none() && (part.offset < start || part.offset > end) {
            return Fetched::refused(ErrorCode::OFFSET_OUT_OF_RANGE);
        }
        if fetched.diverging.is_some() || part.offset >= limit || (max_bytes == 0 && !first) {
            return fetched;
        }
        // The log gives at least one batch whatever its size: fine for the first partition with records, and for the
        // others as long as something of the limit is left; `Partitions::fetch` drops what is too much.
        let read = if committed_only {
            let read = self.read_stable(part.offset, max_bytes, limit, recent);
            read.await
                .map(|(records, aborted)| (records, Some(aborted)))
        } else {
            let read = self.log.read(part.offset, max_bytes, limit);
            read.await.map(|read| (read.parts, None))
        };
        match read {
            Ok(read) => (fetched.records, fetched.aborted) = read,
            // Retention or DeleteRecords passed by while the disk was read.
            Err(ReadError::OutOfRange { .. }) => {
                return Fetched::refused(ErrorCode::OFFSET_OUT_OF_RANGE);
            }
            Err(error) => {
                tracing::error!(partition = %self.id, topic = self.topic, offset = part.offset, "read failed: {error}");
                return Fetched::refused(ErrorCode::KAFKA_STORAGE_ERROR);
            }
        }
        fetched
    }

    /// The answer without records, the offset up to which there may be some, and the aborted transactions that the log's
    /// own index may not have yet.
    fn begin_fetch(
        &self,
        part: FetchPart,
        committed_only: bool,
    ) -> Result<(Fetched, i64, Vec<AbortedTxn>), Fetched> {
        let state = self.state.borrow();
        if !state.leads() {
            return Err(Fetched::refused(ErrorCode::NOT_LEADER_OR_FOLLOWER));
        }
        state
            .check_epoch(part.current_leader_epoch)
            .map_err(Fetched::refused)?;
        let high_watermark = match planted(Mutant::ReadUncommitted) {
            true => self.log.end_offset(),
            false => state.high_watermark,
        };
        let start = self.log.start_offset();
        let last_stable = state.producers.last_stable(start, high_watermark);
        let fetched = Fetched {
            high_watermark,
            last_stable_offset: last_stable,
            log_start_offset: start,
            aborted: committed_only.then(Vec::new),
            ..Fetched::refused(ErrorCode::NONE)
        };
        let limit = match planted(Mutant::ServeBeyondHighWatermark) {
            true => self.log.end_offset(),
            false if committed_only => last_stable,
            false => high_watermark,
        };
        let recent = match committed_only {
            true => state.producers.aborted(part.offset, limit).collect(),
            false => Vec::new(),
        };
        Ok((fetched, limit, recent))
    }

    /// KIP-595: where the reader's log and ours part, if they do.
    async fn diverging(&self, part: FetchPart) -> Result<Option<(i32, i64)>, ErrorCode> {
        let (epoch, end_offset) = self.epoch_end(part.last_fetched_epoch).await?;
        if epoch < 0 {
            return Err(ErrorCode::OFFSET_OUT_OF_RANGE);
        }
        let parts = epoch < part.last_fetched_epoch || end_offset < part.offset;
        Ok(parts.then_some((epoch, end_offset)))
    }

    /// Puts a watch on the partition. It fires at once if what can be read does not end at `seen` any more, or there is
    /// nothing to wait for here.
    pub fn watch(&self, seen: i64, committed_only: bool, watch: &Rc<Watch>) {
        let mut state = self.state.borrow_mut();
        let end = match committed_only {
            true => state.last_stable(self.log.start_offset()),
            false => state.high_watermark,
        };
        if end == seen && state.leads() {
            let watchers = match committed_only {
                true => &mut state.stable_watchers,
                false => &mut state.watchers,
            };
            watchers.add(watch.clone(), time::now());
        } else {
            watch.fire();
        }
    }
}

/// What a shard answers for a partition that is not (yet, or any more) here.
pub fn not_here(_: PartitionId) -> Fetched {
    Fetched::refused(ErrorCode::NOT_LEADER_OR_FOLLOWER)
}
