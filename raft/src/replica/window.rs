//! How much of the log stays in memory.

use std::collections::VecDeque;

use raft::ProgressState;

use super::Replica;

impl Replica {
    /// Lets entries up to `through` go, as far as they have been applied. Followers that still need one get a
    /// snapshot. Call it when the log's start moves past them, so that their bodies cannot be read any more.
    pub fn compact(&mut self, through: u64) {
        let through = through.min(self.applied.index);
        if self.installing() || through <= self.point().index {
            return;
        }
        self.node.mut_store().compact(through);
        let keep = self
            .history
            .iter()
            .rposition(|(at, _)| *at <= through)
            .unwrap_or(0);
        self.history.drain(..keep);
        self.settle();
    }

    /// Lets bodies of applied data up to `through` go, though the entries stay: to save memory now. A follower that
    /// needs one gets it from the segments; see [`missing`](crate::PeerMessage::missing).
    pub fn release(&mut self, through: u64) {
        let through = through.min(self.applied.index);
        self.node.mut_store().release(through);
    }

    /// Keeps the window within its limits. A group of one has no follower to keep anything for.
    pub(super) fn trim(&mut self) {
        let applied = self.applied.index;
        if self.alone() {
            return self.compact(applied);
        }
        let over = self.log().len().saturating_sub(self.limits.window_entries) as u64;
        if over > 0 {
            let through = self.point().index + over;
            self.compact(through.min(self.snapshot_floor()));
        }
        while self.log().body_bytes() > self.limits.window_bytes && self.log().released() < applied
        {
            let next = self.log().released() + 1;
            self.release(next);
        }
    }

    /// With nothing to do and nothing on its way, gives back the room that the work took: there may be many thousands
    /// of replicas, and most of them idle.
    pub(super) fn rest(&mut self) {
        if !self.pending.is_empty() || !self.actions.is_empty() {
            return;
        }
        (self.actions, self.pending) = (VecDeque::new(), VecDeque::new());
        let unstable = &mut self.node.raft.raft_log.unstable;
        if unstable.entries.is_empty() {
            unstable.entries = Vec::new();
        }
        self.node.mut_store().rest();
    }

    /// The log after a snapshot that a follower is fetching is about to be needed.
    fn snapshot_floor(&self) -> u64 {
        let peers = self.node.raft.prs().iter();
        let fetching = peers
            .filter(|(_, p)| p.state == ProgressState::Snapshot)
            .map(|(_, p)| p.pending_snapshot);
        fetching.min().unwrap_or(u64::MAX)
    }
}
