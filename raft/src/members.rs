//! Who takes part in a partition, and changes of it.

use std::collections::BTreeSet;

use ottla_protocol::ids::NodeId;
use raft::eraftpb::{
    ConfChangeSingle, ConfChangeTransition, ConfChangeType, ConfChangeV2, ConfState,
};

/// The replicas of a partition by role. While `outgoing` is not empty the group is between two configurations
/// (joint consensus, Raft dissertation 4.3) and a decision needs a majority of `voters` and of `outgoing`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Members {
    /// Nodes whose flush counts.
    pub voters: BTreeSet<NodeId>,
    /// Nodes that receive the log but do not count.
    pub learners: BTreeSet<NodeId>,
    /// Voters of the configuration that is being left.
    pub outgoing: BTreeSet<NodeId>,
    /// Voters of `outgoing` that become learners when it has been left.
    pub learners_next: BTreeSet<NodeId>,
}

impl Members {
    /// A settled group of voters.
    pub fn of(voters: impl IntoIterator<Item = NodeId>) -> Members {
        Members {
            voters: voters.into_iter().collect(),
            ..Members::default()
        }
    }

    /// True when `node` takes part in any role.
    pub fn contains(&self, node: NodeId) -> bool {
        [&self.voters, &self.learners, &self.outgoing]
            .iter()
            .any(|set| set.contains(&node))
    }

    /// True between two configurations.
    pub fn joint(&self) -> bool {
        !self.outgoing.is_empty()
    }

    /// True when the sets fit each other and every id is one that a node can have. A group nobody belongs to is
    /// sound: it is what a replica knows that has yet to hear from its leader.
    pub(crate) fn sound(&self) -> bool {
        let real = [&self.voters, &self.learners, &self.outgoing]
            .iter()
            .all(|s| s.iter().all(|n| n.0 >= 0));
        let apart =
            self.learners.is_disjoint(&self.voters) && self.learners.is_disjoint(&self.outgoing);
        let next = self.learners_next.is_subset(&self.outgoing)
            && self.learners_next.is_disjoint(&self.voters);
        let peopled =
            !self.voters.is_empty() || (self.learners.is_empty() && self.outgoing.is_empty());
        real && apart && next && peopled
    }

    pub(crate) fn to_raft(&self) -> ConfState {
        let list = |set: &BTreeSet<NodeId>| set.iter().map(|n| to_raft(*n)).collect::<Vec<_>>();
        let mut state = ConfState::default();
        state.set_voters(list(&self.voters));
        state.set_learners(list(&self.learners));
        state.set_voters_outgoing(list(&self.outgoing));
        state.set_learners_next(list(&self.learners_next));
        // Changes are always proposed so that the leader leaves the joint configuration by itself.
        state.set_auto_leave(self.joint());
        state
    }

    /// `None` if an id is not one of a node or stands twice.
    pub(crate) fn from_raft(state: &ConfState) -> Option<Members> {
        let set = |ids: &[u64]| {
            let set: Option<BTreeSet<NodeId>> = ids.iter().map(|id| from_raft(*id)).collect();
            set.filter(|set| set.len() == ids.len())
        };
        Some(Members {
            voters: set(state.get_voters())?,
            learners: set(state.get_learners())?,
            outgoing: set(state.get_voters_outgoing())?,
            learners_next: set(state.get_learners_next())?,
        })
    }
}

/// One step of a change. Several in one proposal take effect together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// The node receives the log from now on without counting; a voter is demoted.
    Learner(NodeId),
    /// The node counts from now on; add it as a learner first and wait until it has caught up.
    Voter(NodeId),
    /// The node no longer takes part.
    Remove(NodeId),
}

pub(crate) fn to_conf_change(changes: &[Change]) -> ConfChangeV2 {
    let single = |change: &Change| {
        let (kind, node) = match change {
            Change::Learner(node) => (ConfChangeType::AddLearnerNode, node),
            Change::Voter(node) => (ConfChangeType::AddNode, node),
            Change::Remove(node) => (ConfChangeType::RemoveNode, node),
        };
        let mut single = ConfChangeSingle::default();
        single.set_change_type(kind);
        single.node_id = to_raft(*node);
        single
    };
    let mut change = ConfChangeV2::default();
    change.set_transition(ConfChangeTransition::Auto);
    change.set_changes(changes.iter().map(single).collect::<Vec<_>>().into());
    change
}

/// raft-rs keeps 0 for "nobody", so node n is n + 1 there.
pub(crate) fn to_raft(node: NodeId) -> u64 {
    u64::try_from(i64::from(node.0) + 1).unwrap_or(0)
}

/// The node of a raft-rs id; `None` for "nobody" and for ids no node can have.
pub(crate) fn from_raft(id: u64) -> Option<NodeId> {
    let id = i64::try_from(id).ok()?.checked_sub(1)?;
    i32::try_from(id).ok().filter(|id| *id >= 0).map(NodeId)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_there_and_back() {
        for node in [0, 1, i32::MAX] {
            assert_eq!(from_raft(to_raft(NodeId(node))), Some(NodeId(node)));
        }
        assert_eq!(to_raft(NodeId(-1)), 0);
        assert_eq!(from_raft(0), None);
        assert_eq!(from_raft(u64::MAX), None);
        assert_eq!(from_raft(1 << 31), Some(NodeId(i32::MAX)));
        assert_eq!(from_raft((1 << 31) + 1), None);
    }

    #[test]
    fn soundness() {
        let set = |ids: &[i32]| ids.iter().map(|n| NodeId(*n)).collect::<BTreeSet<_>>();
        let ok = Members {
            voters: set(&[1, 2]),
            learners: set(&[3]),
            outgoing: set(&[1, 4]),
            learners_next: set(&[4]),
        };
        assert!(ok.sound() && Members::default().sound());
        assert_eq!(Members::from_raft(&ok.to_raft()), Some(ok.clone()));
        assert!(
            !Members {
                learners: set(&[2]),
                ..ok.clone()
            }
            .sound()
        );
        assert!(
            !Members {
                learners_next: set(&[2]),
                ..ok.clone()
            }
            .sound()
        );
        assert!(
            !Members {
                voters: set(&[]),
                ..ok.clone()
            }
            .sound()
        );
        assert!(
            !Members {
                voters: set(&[-1]),
                ..ok
            }
            .sound()
        );
    }
}
