//! Nodes and the network between them. Nothing moves unless it is told to.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use ottla_protocol::ids::NodeId;
use ottla_raft::{Action, Input, Offer, OpenError, PeerMessage, Role};

use crate::checks::{History, State};
use crate::node::{Node, describe};

pub struct Letter {
    pub from: NodeId,
    pub to: NodeId,
    pub message: PeerMessage,
}

/// Something that happened, as text. Writes and messages are detail.
pub struct Line {
    pub detail: bool,
    pub text: String,
}

#[derive(Default)]
pub struct World {
    pub nodes: BTreeMap<NodeId, Node>,
    /// On the way, oldest first.
    pub letters: VecDeque<Letter>,
    /// Pairs between which nothing gets through.
    pub cut: BTreeSet<(NodeId, NodeId)>,
    pub history: History,
    /// Every action, as text: what a script shows, and what two runs of a seed must have in common.
    pub trace: Vec<Line>,
    /// Proposals whose callers have not been told how they ended: node, term, index.
    pub waiting: BTreeSet<(NodeId, u64, u64)>,
    /// Replicas that stopped, and why.
    pub faults: Vec<String>,
    /// Followers that a node has been asked to make a snapshot for.
    pub wanted: BTreeSet<NodeId>,
}

impl World {
    pub fn add(&mut self, node: Node) {
        self.nodes.insert(node.id, node);
        self.settle();
    }

    pub fn handle(&mut self, id: NodeId, input: Input) {
        if let Some(node) = self.nodes.get_mut(&id) {
            node.handle(input);
        }
        self.settle();
    }

    /// Does something with a node that is up, then carries out what comes of it.
    pub fn with<T>(
        &mut self,
        id: NodeId,
        what: impl FnOnce(&mut ottla_raft::Replica) -> T,
    ) -> Option<T> {
        let replica = self.nodes.get_mut(&id)?.replica.as_mut()?;
        let out = what(replica);
        self.settle();
        Some(out)
    }

    /// Carries all actions of all nodes out.
    pub fn settle(&mut self) {
        let ids: Vec<NodeId> = self.nodes.keys().copied().collect();
        for id in ids {
            while let Some(action) = self.nodes.get_mut(&id).and_then(Node::poll) {
                self.carry_out(id, action);
            }
        }
    }

    fn carry_out(&mut self, id: NodeId, action: Action) {
        let detail = matches!(action, Action::Append(_) | Action::Send { .. });
        self.trace.push(Line {
            detail,
            text: format!("{id} {}", describe(&action)),
        });
        let Some(node) = self.nodes.get_mut(&id) else {
            return;
        };
        match action {
            Action::Append(append) => node.take_append(append),
            Action::Send { to, mut message } => {
                let missing: Vec<_> = message.missing().collect();
                for part in missing {
                    let body = node
                        .segments
                        .get(&part.base_offset)
                        .cloned()
                        .unwrap_or_default();
                    assert!(
                        message.fill(part.at, body),
                        "{id}: a body is not in the segments: {part:?}"
                    );
                }
                self.letters.push_back(Letter {
                    from: id,
                    to,
                    message,
                });
            }
            Action::Commit(entries) => {
                for entry in entries {
                    self.history.commit(id, &mut node.state, &entry);
                    self.waiting.remove(&(id, entry.term, entry.index));
                    if entry.records > 0 {
                        node.segments.insert(entry.base_offset, entry.body);
                    }
                }
                let replica = node.replica.as_ref().expect("it has just acted");
                assert!(
                    replica.high_watermark() >= node.state.end_offset,
                    "{id}: the high watermark lags"
                );
            }
            Action::NeedSnapshot { .. } => {
                self.wanted.insert(id);
            }
            Action::Fetch(fetch) => node.fetching = Some(fetch),
            Action::FetchDropped { .. } => node.fetching = None,
            Action::Members(_) => self.caught_up(id),
            Action::Fault(fault) => self.faults.push(format!("node {id} stopped: {fault}")),
            Action::Role(now) if now.role == Role::Leader => self.history.lead(id, now.term),
            Action::Lost { term, from } => {
                self.waiting
                    .retain(|(node, of, index)| (*node, *of) != (id, term) || *index < from);
            }
            Action::Role(_) | Action::Serving { .. } | Action::Dropped { .. } => {}
        }
    }

    /// After the switch to a snapshot the state machine is the snapshot's.
    fn caught_up(&mut self, id: NodeId) {
        let Some(node) = self.nodes.get_mut(&id) else {
            return;
        };
        let Some(replica) = &node.replica else { return };
        if replica.applied().index > node.state.index
            && node.disk.recovered.point == replica.applied()
        {
            node.state = node.disk.state;
            self.history.install(id, &node.state);
        }
    }

    /// Delivers the letter at `at`, or loses it if its way is cut or its receiver down.
    pub fn deliver(&mut self, at: usize) {
        let Some(letter) = self.letters.remove(at) else {
            return;
        };
        if self.cut.contains(&(letter.from, letter.to)) {
            return;
        }
        if self
            .nodes
            .get(&letter.to)
            .is_some_and(|node| node.replica.is_some())
        {
            let text = format!("{} <- {} {:?}", letter.to, letter.from, letter.message);
            self.trace.push(Line { detail: true, text });
            self.handle(letter.to, Input::Peer(letter.message));
        }
    }

    /// Puts a copy of a letter at the end of the queue.
    pub fn repeat(&mut self, at: usize) {
        if let Some(letter) = self.letters.get(at) {
            let copy = Letter {
                message: letter.message.clone(),
                ..*letter
            };
            self.letters.push_back(copy);
        }
    }

    pub fn flush(&mut self, id: NodeId, count: usize) {
        if let Some(node) = self.nodes.get_mut(&id) {
            node.flush(count);
        }
        self.settle();
    }

    /// Flushes and delivers until nothing moves.
    pub fn stabilize(&mut self) {
        loop {
            let ids: Vec<NodeId> = self.nodes.keys().copied().collect();
            let writes: usize = self.nodes.values().map(|n| n.writes.len()).sum();
            if writes == 0 && self.letters.is_empty() {
                return;
            }
            for id in ids {
                self.flush(id, usize::MAX);
            }
            for _ in 0..self.letters.len() {
                self.deliver(0);
            }
        }
    }

    pub fn crash(&mut self, id: NodeId, kept: usize) {
        if let Some(node) = self.nodes.get_mut(&id) {
            node.crash(kept);
            self.history.forget(id, node.disk.recovered.hard.term);
            self.waiting.retain(|(node, ..)| *node != id);
        }
        self.wanted.remove(&id);
    }

    pub fn restart(&mut self, id: NodeId) -> Result<(), OpenError> {
        if let Some(node) = self
            .nodes
            .get_mut(&id)
            .filter(|node| node.replica.is_none())
        {
            node.start()?;
        }
        self.settle();
        Ok(())
    }

    pub fn checkpoint(&mut self, id: NodeId, index: u64) {
        let state = self.history.state(index);
        if let (Some(node), Some(state)) = (self.nodes.get_mut(&id), state) {
            node.checkpoint(index, state);
        }
        self.settle();
    }

    /// Answers a node that was asked for a snapshot with one of what it has applied.
    pub fn offer(&mut self, id: NodeId) {
        self.wanted.remove(&id);
        let Some(node) = self.nodes.get(&id) else {
            return;
        };
        let State { index, .. } = node.state;
        let offer = Offer {
            index,
            manifest: node.state.manifest().into(),
        };
        self.handle(id, Input::Snapshot(Some(offer)));
    }

    pub fn fetched(&mut self, id: NodeId, complete: bool) {
        let Some(fetch) = self
            .nodes
            .get_mut(&id)
            .and_then(|node| node.fetching.take())
        else {
            return;
        };
        let index = fetch.point.index;
        self.handle(
            id,
            if complete {
                Input::Fetched { index }
            } else {
                Input::FetchFailed { index }
            },
        );
    }
}
