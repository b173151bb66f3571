//! What must hold over all nodes at all times, checked at every commit:
//!
//! - state machine safety: what one node commits at an index, every node does, with the same offsets and the same bytes;
//! - offsets join without a gap and without a repeat;
//! - a node applies every index once, in order, from its checkpoint on, so its high watermark never falls;
//! - a proposal that is committed under its index and term has the bytes that were proposed;
//! - a term has one leader.

use std::collections::BTreeMap;

use bytes::Bytes;
use ottla_protocol::ids::NodeId;
use ottla_raft::{Entry, Kind, Point};

/// A state machine that remembers everything: a checksum over all it has applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct State {
    pub index: u64,
    pub end_offset: i64,
    pub sum: u32,
}

impl State {
    pub fn at(point: Point) -> State {
        State {
            index: point.index,
            end_offset: point.end_offset,
            sum: 0,
        }
    }

    pub fn manifest(&self) -> Vec<u8> {
        self.sum.to_le_bytes().to_vec()
    }

    pub fn from_manifest(point: Point, manifest: &[u8]) -> State {
        let sum = u32::from_le_bytes(manifest.try_into().expect("our own manifest"));
        State {
            sum,
            ..State::at(point)
        }
    }

    fn apply(&mut self, entry: &Entry) {
        let head = format!(
            "{} {} {:?} {} {}",
            entry.index, entry.term, entry.kind, entry.base_offset, entry.records
        );
        self.sum = crc32c::crc32c_append(
            crc32c::crc32c_append(self.sum, head.as_bytes()),
            &entry.body,
        );
        (self.index, self.end_offset) = (entry.index, entry.end_offset());
    }
}

/// What any node has ever committed, what was proposed, and who led.
#[derive(Default)]
pub struct History {
    states: BTreeMap<u64, State>,
    proposed: BTreeMap<(u64, u64), (i64, Bytes)>,
    leaders: BTreeMap<u64, NodeId>,
}

impl History {
    /// A node commits `entry`; panics with the story if that breaks a rule.
    pub fn commit(&mut self, node: NodeId, state: &mut State, entry: &Entry) {
        assert_eq!(
            entry.index,
            state.index + 1,
            "node {node} skips or repeats an index: {entry:?}"
        );
        assert_eq!(
            entry.base_offset, state.end_offset,
            "node {node}: offsets do not join at {entry:?}"
        );
        assert_eq!(
            entry.kind == Kind::Data,
            entry.records > 0,
            "node {node}: {entry:?}"
        );
        if let Some((offset, body)) = self.proposed.get(&(entry.index, entry.term)) {
            assert!(
                *offset == entry.base_offset && *body == entry.body,
                "node {node}: not what was proposed: {entry:?}"
            );
        }
        state.apply(entry);
        self.agree(node, state);
    }

    /// A node switches to a snapshot.
    pub fn install(&mut self, node: NodeId, state: &State) {
        self.agree(node, state);
    }

    /// A leader has taken a proposal.
    pub fn propose(&mut self, index: u64, term: u64, base_offset: i64, body: Bytes) {
        self.proposed.insert((index, term), (base_offset, body));
    }

    /// A node went down; `term` is the newest it will remember. A group of one leads before its term is durable and
    /// may use a forgotten one again: nobody has heard of it.
    pub fn forget(&mut self, node: NodeId, term: u64) {
        let leaders = &self.leaders;
        self.proposed
            .retain(|(_, of), _| *of <= term || leaders.get(of) != Some(&node));
    }

    /// A node leads a term.
    pub fn lead(&mut self, node: NodeId, term: u64) {
        let leader = *self.leaders.entry(term).or_insert(node);
        assert_eq!(leader, node, "two leaders in term {term}");
    }

    fn agree(&mut self, node: NodeId, state: &State) {
        let known = self.states.entry(state.index).or_insert(*state);
        assert_eq!(
            known, state,
            "node {node} commits something else than another did at {}",
            state.index
        );
    }

    pub fn state(&self, index: u64) -> Option<State> {
        self.states.get(&index).copied()
    }

    /// How far the group has come.
    pub fn last(&self) -> u64 {
        self.states.last_key_value().map_or(0, |(index, _)| *index)
    }
}
