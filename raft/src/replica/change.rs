//! Proposing a change of members.

use raft::{Changer, eraftpb::ConfChangeV2};

use super::Replica;
use crate::action::{Proposed, Refused};
use crate::members::{self, Change};

impl Replica {
    /// Proposes that the members change. One change that is simple takes effect at once when it is applied; several
    /// at a time go through a joint configuration, which the leader leaves by itself. Only one may be under way.
    pub fn change(&mut self, changes: &[Change]) -> Result<Proposed, Refused> {
        self.may_propose()?;
        let nodes = changes.iter().map(|change| match change {
            Change::Learner(node) | Change::Voter(node) | Change::Remove(node) => *node,
        });
        if changes.is_empty()
            || nodes
                .into_iter()
                .any(|n| members::from_raft(members::to_raft(n)).is_none())
        {
            return Err(Refused::BadChange);
        }
        // raft-rs would put an empty entry in the place of a change that comes too early, and say nothing.
        if self.node.raft.has_pending_conf() || self.members().joint() {
            return Err(Refused::ChangePending);
        }
        let change = members::to_conf_change(changes);
        self.rehearse(&change)?;
        self.submit();
        let base_offset = self.next_offset;
        let taken = self.node.propose_conf_change(Vec::new(), change);
        taken.map_err(|_| Refused::NotLeader { leader: None })?;
        let (index, term) = (self.last_index(), self.term());
        self.uncommitted.last = index;
        self.settle();
        Ok(Proposed {
            index,
            term,
            base_offset,
        })
    }

    /// Tries a change out, so that no change is committed that cannot be applied.
    fn rehearse(&self, change: &ConfChangeV2) -> Result<(), Refused> {
        let mut changer = Changer::new(self.node.raft.prs());
        let outcome = match change.enter_joint() {
            Some(auto_leave) => changer.enter_joint(auto_leave, &change.changes),
            None => changer.simple(&change.changes),
        };
        outcome.map(drop).map_err(|_| Refused::BadChange)
    }
}
