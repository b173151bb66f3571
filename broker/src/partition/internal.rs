//! A partition as the broker's own state machines use it: append and wait, read from the start.

use std::cell::Cell;
use std::rc::Rc;

use bytes::{Bytes, BytesMut};
use ottla_protocol::error_code::ErrorCode;
use ottla_runtime::sync::oneshot;
use ottla_storage::log::ReadError;

use super::Partition;
use super::calls::ProduceRules;
use super::produce::Batches;
use super::producers::{Guard, Marker};

/// Bytes read at a time when a log is replayed.
const REPLAY_BYTES: usize = 1 << 20;
/// Newest rules, and no more replicas asked for than there are.
const OWN: ProduceRules = ProduceRules {
    version: i16::MAX,
    acks: 1,
    transactional: true,
    guarded: false,
    own: true,
};

/// What the broker itself appends.
#[derive(Debug)]
pub enum Own {
    /// A batch; nobody asks whether its transaction is known, if it is part of one.
    Batch(BytesMut),
    /// A batch that is part of a transaction, with what [`Partition::begin_txn`] gave, or [`Guard::NONE`] if that said that
    /// the transaction is open. 48 if it has ended meanwhile.
    InTxn(BytesMut, Guard),
    /// The end of a transaction, by a coordinator that works by this transaction version. 47 for an older epoch, 52 for an
    /// older coordinator.
    End(Marker, i8),
}

impl From<BytesMut> for Own {
    fn from(batch: BytesMut) -> Self {
        Self::Batch(batch)
    }
}

impl Partition {
    /// Appends something of the broker's own; `done` hears when it is committed, or lost. It must not come back to this partition.
    /// Answers with the offset of its first record, as soon as the batch stands in line.
    ///
    /// Errors: as a producer would get them; nothing was appended, and `done` heard it too.
    pub fn append_own(
        &self,
        own: impl Into<Own>,
        done: impl FnOnce(Result<i64, ErrorCode>) + 'static,
    ) -> Result<i64, ErrorCode> {
        let base = self.next_offset();
        let refused: Rc<Cell<Option<ErrorCode>>> = Rc::default();
        let heard = refused.clone();
        let batches = Batches::new(1, move |mut produced| {
            let produced = produced.pop().unwrap_or_default();
            let outcome = match produced.error {
                ErrorCode::NONE => Ok(produced.base_offset),
                error => Err(error),
            };
            heard.set(outcome.err());
            done(outcome);
        });
        match own.into() {
            Own::Batch(batch) => self.produce(batch, Guard::NONE, OWN, &batches, 0),
            Own::InTxn(batch, guard) => {
                let guarded = ProduceRules {
                    guarded: true,
                    ..OWN
                };
                self.produce(batch, guard, guarded, &batches, 0);
            }
            Own::End(marker, version) => self.end_txn(marker, version, &batches, 0),
        }
        refused.get().map_or(Ok(base), Err)
    }

    /// Appends something of the broker's own and waits until it is committed. Answers with the offset of its first record.
    ///
    /// Errors: as a producer would get them; after 6 nobody knows whether the batch is committed.
    pub async fn append_batch(&self, own: impl Into<Own>) -> Result<i64, ErrorCode> {
        let (sender, receiver) = oneshot::channel();
        // A refusal is heard by the receiver, too.
        let _ = self.append_own(own, |outcome| {
            // The state machine may be gone: the broker stops.
            let _ = sender.send(outcome);
        });
        receiver
            .await
            .unwrap_or(Err(ErrorCode::NOT_LEADER_OR_FOLLOWER))
    }

    /// The committed batches from `offset` on, as many as come in one read, and the offset after them.
    pub async fn read_committed(&self, offset: i64) -> Result<(Vec<Bytes>, i64), ReadError> {
        let read = self
            .log
            .read(offset, REPLAY_BYTES, self.high_watermark())
            .await?;
        Ok((read.parts, read.next))
    }
}
