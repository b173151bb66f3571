//! Entries that are no records: commands to the partition's own state machine. There is one: the log's first offset
//! moves (DeleteRecords), so that every replica deletes the same.
//!
//! Body: version u8 = 1, kind u8 = 1, new first offset i64 little endian.

use std::rc::Rc;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use ottla_protocol::error_code::ErrorCode;
use ottla_raft::{Entry, Payload};
use ottla_runtime::sync::oneshot;
use ottla_storage::mutants::{Mutant, planted};

use super::{Partition, State};

const VERSION: u8 = 1;
const ADVANCE_START: u8 = 1;

/// Encodes "the first offset is now `offset`".
fn advance_start(offset: i64) -> Bytes {
    let mut body = BytesMut::with_capacity(10);
    body.put_u8(VERSION);
    body.put_u8(ADVANCE_START);
    body.put_i64_le(offset);
    body.freeze()
}

/// The first offset that a command sets; `None` for bytes that are no such command.
pub fn decode(mut body: &[u8]) -> Option<i64> {
    let known = body.len() == 10 && body.get_u8() == VERSION && body.get_u8() == ADVANCE_START;
    known.then(|| body.get_i64_le())
}

impl Partition {
    /// DeleteRecords: -1 means the high watermark. Answers with the first offset that is left once that is committed.
    ///
    /// Errors: 1 for an offset beyond the high watermark or below -1, 6 if this node does not lead.
    pub async fn delete_records(self: Rc<Self>, offset: i64) -> Result<i64, ErrorCode> {
        let waiting = {
            let mut state = self.state.borrow_mut();
            if !state.leads() {
                return Err(ErrorCode::NOT_LEADER_OR_FOLLOWER);
            }
            let target = if offset == -1 {
                state.high_watermark
            } else {
                offset
            };
            if target < 0 || target > state.high_watermark {
                return Err(ErrorCode::OFFSET_OUT_OF_RANGE);
            }
            let start = self.log.start_offset();
            if target <= start {
                return Ok(start);
            }
            if planted(Mutant::DeleteNotLogged) {
                return Ok(self.log.advance_start(target));
            }
            let payload = Payload::Command(advance_start(target));
            let proposed = state
                .replica
                .propose(payload)
                .map_err(super::produce::refused_code)?;
            let (sender, receiver) = oneshot::channel();
            state.commands.push((proposed.index, proposed.term, sender));
            receiver
        };
        self.mark();
        waiting
            .await
            .unwrap_or(Err(ErrorCode::NOT_LEADER_OR_FOLLOWER))
    }

    pub(super) fn apply_command(&self, state: &mut State, entry: &Entry) {
        match decode(&entry.body) {
            Some(offset) => {
                self.log.advance_start(offset.min(state.high_watermark));
            }
            None => {
                tracing::error!(partition = %self.id, index = entry.index, "a command that this build does not know")
            }
        }
        let start = self.log.start_offset();
        // A command at this index with another term was lost with its leader; `Lost` has answered it already.
        if let Some(at) = state
            .commands
            .iter()
            .position(|(i, t, _)| (*i, *t) == (entry.index, entry.term))
        {
            let (_, _, waiter) = state.commands.swap_remove(at);
            // Whoever asked may be gone.
            let _ = waiter.send(Ok(start));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn golden_bytes_and_strangers() {
        assert_eq!(advance_start(258).as_ref(), [1, 1, 2, 1, 0, 0, 0, 0, 0, 0]);
        assert_eq!(decode(&advance_start(258)), Some(258));
        assert_eq!(decode(&[1, 2, 0, 0, 0, 0, 0, 0, 0, 0]), None);
        assert_eq!(decode(&[1, 1, 0]), None);
        assert_eq!(decode(&[]), None);
    }
}
