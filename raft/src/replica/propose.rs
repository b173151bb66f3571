//! Taking a proposal.

use bytes::Bytes;
use raft::eraftpb::{self, Message, MessageType};

use super::Replica;
use crate::action::{Fault, Proposed, Refused, Role};
use crate::entry::{Descriptor, Payload};

impl Replica {
    /// Puts `payload` at the end of the log if this node leads. The index, term and base offset are final; whether it
    /// will be committed is not known before [`Commit`](crate::Action::Commit) or [`Lost`](crate::Action::Lost).
    pub fn propose(&mut self, payload: Payload) -> Result<Proposed, Refused> {
        self.may_propose()?;
        let length = payload.len();
        if length > self.limits.max_entry_bytes {
            return Err(Refused::TooLarge);
        }
        self.room_for(length)?;
        let base_offset = self.next_offset;
        let descriptor = Descriptor::of(&payload, base_offset).ok_or(Refused::TooLarge)?;
        let end_offset = base_offset
            .checked_add(i64::from(descriptor.records))
            .ok_or(Refused::Offsets)?;
        if matches!(payload, Payload::Data { records: 0, .. }) {
            return Err(Refused::Offsets);
        }
        let (index, term) = (self.last_index() + 1, self.term());
        let mut entry = eraftpb::Entry::default();
        entry.set_data(Bytes::copy_from_slice(&descriptor.encode()));
        self.queue.push(entry);
        self.staged.insert((index, term), payload.bytes().clone());
        self.next_offset = end_offset;
        self.uncommitted.bytes += length;
        self.uncommitted.entries += 1;
        self.uncommitted.last = index;
        Ok(Proposed {
            index,
            term,
            base_offset,
        })
    }

    /// Gives raft-rs what was proposed, in one step: it would otherwise count each proposal as a message of its own.
    /// Runs before anything that could move the log or the role, so that the indexes promised are the ones given.
    pub(super) fn submit(&mut self) {
        if self.queue.is_empty() {
            return;
        }
        let mut message = Message::default();
        message.set_msg_type(MessageType::MsgPropose);
        message.from = self.node.raft.id;
        message.set_entries(std::mem::take(&mut self.queue).into());
        let last = self.uncommitted.last;
        if self.node.step(message).is_err() || self.last_index() != last {
            self.stop(Fault::Diverged("proposals were not taken as promised"));
        }
    }

    /// What every proposal needs, a change of members, too.
    pub(super) fn may_propose(&self) -> Result<(), Refused> {
        if self.fault.is_some() {
            return Err(Refused::Stopped);
        }
        if self.role() != Role::Leader {
            return Err(Refused::NotLeader {
                leader: self.leader(),
            });
        }
        if self.node.raft.lead_transferee.is_some() {
            return Err(Refused::Transferring);
        }
        if self.node.raft.prs().get(self.node.raft.id).is_none() {
            return Err(Refused::NotLeader { leader: None });
        }
        Ok(())
    }

    fn room_for(&self, length: usize) -> Result<(), Refused> {
        let on_the_way = &self.uncommitted;
        let bytes = on_the_way.bytes.saturating_add(length) <= self.limits.max_uncommitted_bytes;
        let entries = on_the_way.entries < self.limits.max_uncommitted_entries;
        if on_the_way.entries == 0 || (bytes && entries) {
            Ok(())
        } else {
            Err(Refused::Busy)
        }
    }
}
