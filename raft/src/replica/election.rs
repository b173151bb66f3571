//! Time, elections, and the hand-over of leadership.

use ottla_protocol::ids::NodeId;
use raft::{ProgressState, SnapshotStatus};

use super::Replica;
use crate::action::{Refused, Role};
use crate::members;

impl Replica {
    /// Stands for election now. A group of one has a leader as soon as this returns; call it after opening one.
    /// Without effect where it could not be won: on a leader, a learner, or while the log's end is not durable.
    pub fn campaign(&mut self) {
        // A change of members that is committed but not applied would keep raft-rs from standing.
        while self.fault.is_none() && (self.node.has_ready() || !self.queue.is_empty()) {
            self.drain();
        }
        if self.fault.is_none() && self.role() != Role::Leader && self.may_stand() {
            self.elections += 1;
            // Fails only for messages from strangers.
            let _ = self.node.campaign();
        }
        self.settle();
    }

    /// True while time matters to this replica: it has a leader to watch, or followers to keep.
    pub fn needs_ticks(&self) -> bool {
        self.fault.is_none()
            && self.node.raft.promotable()
            && !(self.alone() && self.role() == Role::Leader)
    }

    /// As leader, hands leadership to `to` once it has caught up, or gives up after an election timeout.
    pub fn transfer(&mut self, to: NodeId) -> Result<(), Refused> {
        self.may_propose()?;
        if !self.members().voters.contains(&to) {
            return Err(Refused::BadChange);
        }
        self.submit();
        self.node.transfer_leader(members::to_raft(to));
        self.settle();
        Ok(())
    }

    pub(super) fn tick(&mut self) {
        if self.role() == Role::Leader {
            if !self.alone() {
                self.node.tick();
                self.offer_again();
            }
        } else if self.may_stand() || !self.node.raft.promotable() {
            self.node.tick();
            if self.node.raft.election_elapsed == 0 {
                self.elections += 1;
            }
        }
    }

    /// False where raft-rs would panic in an election: it does not ask whether this node is a voter; it elects a
    /// single voter on the spot and expects its whole log to be durable then; and it expects the log to begin where
    /// it has applied to, which does not hold while a snapshot is being switched to.
    pub(super) fn may_stand(&self) -> bool {
        let raft_log = &self.node.raft.raft_log;
        let single = self.node.raft.prs().is_singleton();
        self.node.raft.promotable()
            && !self.installing()
            && (!single || raft_log.persisted == raft_log.last_index())
    }

    /// The timeout is a function of the seed, the term and the elections held here. raft-rs has drawn one from a
    /// generator of its own whenever it felt like it: overwriting it always is cheaper than knowing when.
    pub(super) fn redraw_timeout(&mut self) {
        let ticks = self.limits.election_ticks as u64;
        let draw = mix(
            mix(mix(self.seed, self.node.raft.id), self.term()),
            self.elections,
        );
        let timeout = ticks + draw % ticks;
        self.node
            .raft
            .set_randomized_election_timeout(timeout as usize);
    }

    /// A peer was not reached: what was sent to it may be lost.
    pub(super) fn unreachable(&mut self, peer: NodeId) {
        let peer = members::to_raft(peer);
        self.node.report_unreachable(peer);
        if self.waits_for_snapshot(peer) {
            self.node.report_snapshot(peer, SnapshotStatus::Failure);
        }
    }

    /// A snapshot's offer may have been lost on the way, and raft-rs would wait for its answer for ever. A follower
    /// that is already fetching ignores the second offer.
    fn offer_again(&mut self) {
        self.offer_ticks += 1;
        if self.offer_ticks < 2 * self.limits.election_ticks || self.role() != Role::Leader {
            return;
        }
        self.offer_ticks = 0;
        let mut waiting: Vec<u64> = self.node.raft.prs().iter().map(|(id, _)| *id).collect();
        waiting.retain(|id| self.waits_for_snapshot(*id));
        waiting.sort_unstable();
        for peer in waiting {
            self.node.report_snapshot(peer, SnapshotStatus::Failure);
        }
    }

    fn waits_for_snapshot(&self, peer: u64) -> bool {
        self.role() == Role::Leader
            && self
                .node
                .raft
                .prs()
                .get(peer)
                .is_some_and(|p| p.state == ProgressState::Snapshot)
    }

    /// True if this node is the only member.
    pub(super) fn alone(&self) -> bool {
        let members = self.node.raft.prs();
        members.iter().len() == 1 && members.get(self.node.raft.id).is_some()
    }
}

/// Spreads two words over one (the finalizer of SplitMix64).
fn mix(a: u64, b: u64) -> u64 {
    let mut z = a.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ b.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
