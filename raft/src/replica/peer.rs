//! A peer's message arrived.

use raft::SnapshotStatus;
use raft::eraftpb::MessageType;

use super::Replica;
use crate::action::{Action, Fault, Role};
use crate::message::{Body, Misfit, PeerMessage};

impl Replica {
    pub(super) fn peer(&mut self, message: PeerMessage) {
        if let Err(why) = message
            .check(self.node.raft.id)
            .and_then(|()| self.fits(&message))
        {
            self.actions.push_back(Action::Dropped {
                from: message.from(),
                why,
            });
            return;
        }
        let m = &message.raft;
        match m.get_msg_type() {
            MessageType::MsgHeartbeat if self.heeds(m.term) && m.commit > self.last_index() => {
                // raft-rs would panic. The leader only says what this replica has acknowledged.
                self.stop(Fault::LostEntries {
                    last: self.last_index(),
                    commit: m.commit,
                });
            }
            MessageType::MsgSnapStatus => self.snapshot_refused(m.from, m.term),
            MessageType::MsgSnapshot => self.snapshot_offered(message.raft),
            MessageType::MsgTimeoutNow if !self.may_stand() => {}
            MessageType::MsgAppend if self.heeds(m.term) => {
                self.stage(&message);
                self.step(message);
            }
            _ => self.step(message),
        }
    }

    /// True if a leader of `term` is to be followed.
    fn heeds(&self, term: u64) -> bool {
        term > self.term() || (term == self.term() && self.role() != Role::Leader)
    }

    /// What raft-rs does not check about an answer: that it is about something that was sent.
    fn fits(&self, message: &PeerMessage) -> Result<(), Misfit> {
        let m = &message.raft;
        let answer = m.get_msg_type() == MessageType::MsgAppendResponse && !m.reject;
        let led = self.role() == Role::Leader && m.term == self.term();
        if answer && led && m.index > self.last_index() {
            Err(Misfit::Range)
        } else {
            Ok(())
        }
    }

    /// Keeps the bodies of a message until raft-rs has said which of its entries are new.
    fn stage(&mut self, message: &PeerMessage) {
        for (entry, body) in message.raft.entries.iter().zip(&message.bodies) {
            if let Body::Here(bytes) = body
                && self.log().term_at(entry.index) != Some(entry.term)
            {
                self.staged.insert((entry.index, entry.term), bytes.clone());
            }
        }
    }

    pub(super) fn step(&mut self, message: PeerMessage) {
        // Fails for answers from nodes that are no members any more: nothing to do with them.
        let _ = self.node.step(message.raft);
    }

    /// A follower could not fetch the snapshot.
    fn snapshot_refused(&mut self, from: u64, term: u64) {
        if self.role() == Role::Leader && term == self.term() {
            self.node.report_snapshot(from, SnapshotStatus::Failure);
        }
    }
}
