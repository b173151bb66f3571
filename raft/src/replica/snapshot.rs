//! Snapshots: offered by a leader whose log no longer reaches back to a follower, pulled by the follower's node out
//! of band, and switched to only when everything is there. raft-rs hears of one when it has been fetched.

use raft::eraftpb::Message;

use super::Replica;
use crate::action::{Action, Offer, Role};
use crate::log_view::Point;
use crate::members;
use crate::message::{self, Misfit, PeerMessage, read_snapshot};

impl Replica {
    /// Asks the caller for a snapshot if raft-rs found none for a follower.
    pub(super) fn ask_for_snapshot(&mut self) {
        let wanted = self.node.mut_store().take_wanted();
        if wanted.is_empty() || self.role() != Role::Leader {
            return;
        }
        let first = self.asked.is_empty();
        let to = wanted.first().copied().and_then(members::from_raft);
        self.asked.extend(wanted);
        if let (true, Some(to)) = (first, to) {
            self.actions.push_back(Action::NeedSnapshot { to });
        }
    }

    /// The caller's answer.
    pub(super) fn offered(&mut self, offer: Option<Offer>) {
        let asked = std::mem::take(&mut self.asked);
        let Some(Offer { index, manifest }) =
            offer.filter(|offer| offer.index <= self.applied.index)
        else {
            return;
        };
        let (Some(point), Some(members)) = (self.point_at(index), self.members_at(index)) else {
            return;
        };
        let snapshot = message::snapshot(point, members, &manifest);
        self.node.mut_store().offer(snapshot);
        for peer in asked {
            if self.role() == Role::Leader && self.node.raft.prs().get(peer).is_some() {
                self.node.raft.send_append(peer);
            }
        }
    }

    /// A leader offers a snapshot.
    pub(super) fn snapshot_offered(&mut self, m: Message) {
        let Some(fetch) = read_snapshot(m.get_snapshot(), m.from, m.term) else {
            return;
        };
        let point = fetch.point;
        if self.contradicts(point) {
            let (from, why) = (fetch.from, Misfit::Snapshot);
            return self.actions.push_back(Action::Dropped { from, why });
        }
        let known = self.log().term_at(point.index) == Some(point.term);
        if m.term < self.term() || point.index <= self.node.raft.raft_log.committed || known {
            // Too old to be of use: raft-rs answers with what is here.
            self.step(PeerMessage {
                raft: m,
                bodies: Vec::new(),
            });
        } else if self.fetching.is_none() && !self.installing() {
            self.fetching = Some(m);
            self.actions.push_back(Action::Fetch(fetch));
        }
    }

    pub(super) fn fetched(&mut self, index: u64) {
        let Some(mut m) = self.take_fetching(index) else {
            return;
        };
        let raft = &self.node.raft;
        if m.term < raft.term && raft.leader_id != 0 && raft.leader_id != raft.id {
            // What was committed then the leader of today has, too: the pull was not in vain.
            (m.from, m.term) = (raft.leader_id, raft.term);
        }
        let point = read_snapshot(m.get_snapshot(), m.from, m.term).map(|fetch| fetch.point);
        if point.is_some_and(|point| !self.contradicts(point)) {
            self.step(PeerMessage {
                raft: m,
                bodies: Vec::new(),
            });
        }
        if self.node.snap().is_none() {
            self.actions.push_back(Action::FetchDropped { index });
        }
    }

    /// True if a snapshot that goes further than what is committed here has fewer offsets: it cannot be true.
    fn contradicts(&self, point: Point) -> bool {
        let committed = self.node.raft.raft_log.committed;
        let known = self.point_at(committed).unwrap_or(self.applied);
        point.index >= known.index && point.end_offset < known.end_offset
    }

    pub(super) fn fetch_failed(&mut self, index: u64) {
        let Some(m) = self.take_fetching(index) else {
            return;
        };
        let answer = PeerMessage::snapshot_failed(m.to, m.from, m.term);
        self.send_now(answer);
    }

    fn take_fetching(&mut self, index: u64) -> Option<Message> {
        let matches = self
            .fetching
            .as_ref()
            .is_some_and(|m| m.get_snapshot().get_metadata().index == index);
        if matches { self.fetching.take() } else { None }
    }
}
