//! Handing out what is committed and durable here.

use protobuf::Message as _;
use raft::eraftpb::{self, ConfChangeV2};

use super::Replica;
use crate::action::{Action, Fault, Role};
use crate::entry::{Entry, Kind};
use crate::log_view::Point;
use crate::members::Members;

impl Replica {
    /// Hands out what waited for an append that is durable now.
    pub(super) fn release_held(&mut self) {
        let durable = self
            .pending
            .front()
            .map_or(self.last_seq, |oldest| oldest.seq - 1);
        while self
            .held
            .front()
            .is_some_and(|oldest| oldest.after <= durable)
        {
            let Some(held) = self.held.pop_front() else {
                break;
            };
            self.commit(held.entries);
        }
    }

    pub(super) fn commit(&mut self, committed: Vec<eraftpb::Entry>) {
        let Some(last) = committed.last().map(|e| e.index) else {
            return;
        };
        let mut out = Vec::with_capacity(committed.len());
        for entry in &committed {
            let Some(entry) = self
                .log()
                .entry(entry.index)
                .filter(|e| e.term == entry.term)
            else {
                return self.stop(Fault::Diverged("a committed entry is not in memory"));
            };
            self.applied = Point {
                index: entry.index,
                term: entry.term,
                end_offset: entry.end_offset(),
            };
            self.forget_proposal(&entry);
            let change = (entry.kind == Kind::Config).then(|| entry.body.clone());
            out.push(entry);
            if let Some(change) = change {
                self.actions
                    .push_back(Action::Commit(std::mem::take(&mut out)));
                self.apply_change(&change);
            }
        }
        if !out.is_empty() {
            self.actions.push_back(Action::Commit(out));
        }
        let before = self.last_index();
        self.node.advance_apply_to(last);
        if self.role() == Role::Leader {
            if self.last_index() > before {
                // raft-rs has proposed to leave the joint configuration but tells nobody.
                self.node.raft.bcast_append();
            }
            if !self.serving && self.applied.term == self.term() {
                self.serving = true;
                self.actions.push_back(Action::Serving {
                    term: self.applied.term,
                });
            }
        }
        self.trim();
    }

    /// A proposal of this leader is settled.
    fn forget_proposal(&mut self, entry: &Entry) {
        if entry.term == self.reported.term && matches!(entry.kind, Kind::Data | Kind::Command) {
            self.uncommitted.bytes = self.uncommitted.bytes.saturating_sub(entry.body.len());
            self.uncommitted.entries = self.uncommitted.entries.saturating_sub(1);
        }
    }

    /// Puts a committed change of members into effect. One that raft-rs refuses is refused on every replica alike.
    fn apply_change(&mut self, change: &[u8]) {
        let mut parsed = ConfChangeV2::default();
        if parsed.merge_from_bytes(change).is_err() {
            return self.stop(Fault::Diverged(
                "a committed change of members cannot be read",
            ));
        }
        let Ok(state) = self.node.apply_conf_change(&parsed) else {
            return;
        };
        let Some(members) = Members::from_raft(&state) else {
            return self.stop(Fault::Diverged(
                "a change of members names a node that cannot be",
            ));
        };
        self.history.push((self.applied.index, members.clone()));
        self.actions.push_back(Action::Members(members));
        if self.role() == Role::Leader && !self.node.raft.promotable() {
            // raft-rs would go on leading, and panic when it looks for itself among the members.
            let term = self.term();
            self.node.raft.become_follower(term, 0);
        }
    }
}
