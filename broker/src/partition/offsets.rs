//! Offsets by time, by special value and by leader epoch.

use ottla_protocol::error_code::ErrorCode;
use ottla_storage::mutants::{Mutant, planted};

use super::Partition;
use super::calls::{ActiveProducer, EpochEnd, ListOffset, Listed};

const LATEST: i64 = -1;
const EARLIEST: i64 = -2;
const MAX_TIMESTAMP: i64 = -3;
/// Without tiered storage what is local is all there is.
const EARLIEST_LOCAL: i64 = -4;

const NOTHING: Listed = Listed {
    offset: -1,
    timestamp: -1,
    leader_epoch: -1,
};

impl Partition {
    /// Answers one question of ListOffsets.
    ///
    /// Errors: 6 not the leader, 74/75 for another leader epoch, 56 the disk failed.
    pub async fn list_offset(&self, question: ListOffset) -> Result<Listed, ErrorCode> {
        let (limit, term) = {
            let state = self.state.borrow();
            if !state.leads() {
                return Err(ErrorCode::NOT_LEADER_OR_FOLLOWER);
            }
            state.check_epoch(question.current_leader_epoch)?;
            let limit = match question.committed_only {
                true => state.last_stable(self.log.start_offset()),
                false => state.high_watermark,
            };
            (limit, state.replica.term() as i32)
        };
        let found = match question.timestamp {
            LATEST => {
                let end = match planted(Mutant::LatestIsEnd) {
                    true => self.log.end_offset(),
                    false => limit,
                };
                return Ok(Listed {
                    offset: end,
                    timestamp: -1,
                    leader_epoch: term,
                });
            }
            EARLIEST | EARLIEST_LOCAL => {
                let offset = self.log.start_offset();
                return Ok(Listed {
                    offset,
                    timestamp: -1,
                    leader_epoch: self.first_epoch().await,
                });
            }
            MAX_TIMESTAMP => self.log.max_timestamp(limit).await,
            time if time >= 0 => self.log.offset_for_timestamp(time, limit).await,
            // Latest tiered and earliest pending upload: nothing is tiered.
            _ => return Ok(NOTHING),
        };
        match found {
            Ok(Some(f)) => Ok(Listed {
                offset: f.offset,
                timestamp: f.timestamp,
                leader_epoch: f.epoch,
            }),
            Ok(None) => Ok(NOTHING),
            Err(error) => {
                tracing::error!(partition = %self.id, topic = self.topic, "search by time failed: {error}");
                Err(ErrorCode::KAFKA_STORAGE_ERROR)
            }
        }
    }

    /// Answers one question of OffsetForLeaderEpoch: the epoch found and its end, (-1, -1) if none.
    pub async fn epoch_end_offset(&self, question: EpochEnd) -> Result<(i32, i64), ErrorCode> {
        {
            let state = self.state.borrow();
            if !state.leads() {
                return Err(ErrorCode::NOT_LEADER_OR_FOLLOWER);
            }
            state.check_epoch(question.current_leader_epoch)?;
        }
        self.epoch_end(question.leader_epoch).await
    }

    pub(super) async fn epoch_end(&self, epoch: i32) -> Result<(i32, i64), ErrorCode> {
        let current = self.leader_epoch();
        if epoch == current {
            // The current epoch ends where the log ends, committed or not.
            return Ok((epoch, self.log.end_offset()));
        }
        if epoch > current || epoch < 0 {
            return Ok((-1, -1));
        }
        match self.log.epoch_end_offset(epoch).await {
            Ok(Some(end)) => Ok(end),
            // No record of that epoch or a later one is here: it ended where the log ends.
            Ok(None) => Ok((epoch, self.log.end_offset())),
            Err(error) => {
                tracing::error!(partition = %self.id, topic = self.topic, "search by leader epoch failed: {error}");
                Err(ErrorCode::KAFKA_STORAGE_ERROR)
            }
        }
    }

    /// Leader epoch of the first record, -1 if there is none.
    async fn first_epoch(&self) -> i32 {
        self.log
            .epochs()
            .await
            .ok()
            .and_then(|epochs| epochs.first().map(|(epoch, _)| *epoch))
            .unwrap_or(-1)
    }

    /// Answers DescribeProducers.
    pub fn active_producers(&self) -> Result<Vec<ActiveProducer>, ErrorCode> {
        let state = self.state.borrow();
        if !state.leads() {
            return Err(ErrorCode::NOT_LEADER_OR_FOLLOWER);
        }
        let (committed, _) = state.producers.committed();
        let active = committed.iter().map(|(id, p)| ActiveProducer {
            producer_id: *id,
            epoch: p.epoch,
            last_sequence: p.last_sequence(),
            last_timestamp: p.timestamp,
            coordinator_epoch: p.coordinator_epoch,
            txn_start: p.txn.unwrap_or(-1),
        });
        Ok(active.collect())
    }
}
