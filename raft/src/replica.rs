//! The machine itself. Each input's work is in a file of its own in `replica/`.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use bytes::Bytes;
use ottla_protocol::ids::{NodeId, PartitionId};
use raft::RawNode;
use raft::eraftpb;

use crate::action::{Action, Fault, HardState, Input, Role, RoleChange};
use crate::log_view::{LogView, Point};
use crate::members::{self, Members};
use crate::message::PeerMessage;
use crate::offsets::EpochStart;

mod appended;
mod change;
mod commit;
mod drain;
mod election;
mod open;
mod peer;
mod propose;
mod snapshot;
mod window;

pub use open::{Limits, OpenError, Recovered};

/// This node's copy of one partition, as consensus sees it.
///
/// Lives on: the owner shard. View: this partition. Four kinds of methods: getters; commands ([`campaign`],
/// [`propose`], [`change`], [`transfer`], [`compact`], [`release`]); [`handle`] for what happened; [`poll`] for what
/// is to be done.
///
/// The caller's duties:
///
/// 1. After any number of commands and inputs, call [`poll`] until it returns `None`, and carry the actions out in
///    the order in which they came. Proposals made between two polls leave in one append and one message per peer.
/// 2. Write each [`Action::Append`] in the order of its fields and of `seq`; say [`Input::Appended`] only when the
///    flush that covers it has succeeded. Several may be in flight. After a failed flush never call this replica again.
/// 3. Send each [`Action::Send`] any time after it came out, after filling in what [`missing`] names. Votes and
///    acknowledgements come out only when the append they depend on has been reported durable.
/// 4. Apply each [`Action::Commit`] completely before the next action. A proposal is done when its index comes out
///    with its term; after [`Action::Lost`] its fate is unknown.
/// 5. Stamp a batch with [`next_offset`] and [`term`], then [`propose`] it, with no other call in between.
/// 6. Serve reads and answer for offsets only while [`can_serve`].
/// 7. Keep, beside a checkpoint at some applied index, the members at that index ([`members_at`]) and a hard state
///    at least as new ([`hard_state`]); give both back at [`open`].
/// 8. Tick while [`needs_ticks`]; a group of one needs none. Call [`campaign`] once after opening a group of one.
/// 9. Give [`Input::Peer`] only messages meant for this incarnation of this replica: ids are never used again.
/// 10. When [`Action::Fault`] comes out take the partition off line; the text says what to do.
///
/// [`campaign`]: Replica::campaign
/// [`propose`]: Replica::propose
/// [`change`]: Replica::change
/// [`transfer`]: Replica::transfer
/// [`compact`]: Replica::compact
/// [`release`]: Replica::release
/// [`handle`]: Replica::handle
/// [`poll`]: Replica::poll
/// [`missing`]: crate::PeerMessage::missing
/// [`next_offset`]: Replica::next_offset
/// [`term`]: Replica::term
/// [`can_serve`]: Replica::can_serve
/// [`members_at`]: Replica::members_at
/// [`hard_state`]: Replica::hard_state
/// [`open`]: Replica::open
/// [`needs_ticks`]: Replica::needs_ticks
pub struct Replica {
    id: PartitionId,
    node: RawNode<LogView>,
    limits: Limits,
    seed: u64,
    /// Elections begun here; part of what the next timeout is drawn from.
    elections: u64,
    /// Bodies of entries that raft-rs has taken or may take but not yet given back, by index and term.
    staged: BTreeMap<(u64, u64), Bytes>,
    /// Proposals that raft-rs has not been given yet; they leave together.
    queue: Vec<eraftpb::Entry>,
    /// The offset after everything appended or proposed.
    next_offset: i64,
    uncommitted: Uncommitted,
    /// Appends on their way to the disk, by `seq`.
    pending: VecDeque<Pending>,
    last_seq: u64,
    /// Committed, but not to be applied before an append is durable.
    held: VecDeque<Held>,
    actions: VecDeque<Action>,
    /// As raft-rs last gave it out.
    hard: HardState,
    /// The commit index that the last append with a hard state carried; a newer one goes with the next append.
    commit_written: u64,
    /// Everything up to here has come out as committed.
    applied: Point,
    reported: RoleChange,
    serving: bool,
    /// The members and the index at which each became so, from the point of the log view on.
    history: Vec<(u64, Members)>,
    /// A snapshot that the caller is pulling, with the message that offered it.
    fetching: Option<eraftpb::Message>,
    /// Followers for which the caller has been asked to make a snapshot.
    asked: BTreeSet<u64>,
    /// Ticks since this leader last offered its snapshots anew.
    offer_ticks: usize,
    fault: Option<Fault>,
}

/// What this leader has proposed and not seen committed.
#[derive(Debug, Default)]
struct Uncommitted {
    bytes: usize,
    entries: usize,
    last: u64,
}

/// An append that is not durable yet, and what waits for it.
struct Pending {
    seq: u64,
    /// raft-rs's number of the newest Ready that it covers.
    number: u64,
    /// It carries a new term or vote: until it is durable not even a leader may speak.
    fences: bool,
    /// It switches to this snapshot.
    install: Option<(Point, Members)>,
    messages: Vec<PeerMessage>,
}

/// Committed entries that wait until the append with this number is durable.
struct Held {
    after: u64,
    entries: Vec<eraftpb::Entry>,
}

impl Replica {
    /// Takes note of something that happened. Cannot fail and does not wait; [`poll`](Replica::poll) afterwards.
    pub fn handle(&mut self, input: Input) {
        if self.fault.is_some() {
            return;
        }
        self.submit();
        match input {
            Input::Tick => self.tick(),
            Input::Peer(message) => self.peer(message),
            Input::Appended { seq } => self.appended(seq),
            Input::Snapshot(offer) => self.offered(offer),
            Input::Fetched { index } => self.fetched(index),
            Input::FetchFailed { index } => self.fetch_failed(index),
            Input::Unreachable { peer } => self.unreachable(peer),
        }
        self.settle();
    }

    /// The next thing to do, if any.
    pub fn poll(&mut self) -> Option<Action> {
        loop {
            if let Some(action) = self.actions.pop_front() {
                return Some(action);
            }
            if self.fault.is_some() || !self.drain() {
                self.rest();
                return None;
            }
            self.settle();
        }
    }

    /// After each step: what raft-rs may have upset is put right, and what must hold is checked.
    fn settle(&mut self) {
        self.redraw_timeout();
        self.invariants();
    }

    /// The partition.
    pub fn id(&self) -> PartitionId {
        self.id
    }

    /// This node's role.
    pub fn role(&self) -> Role {
        match self.node.raft.state {
            raft::StateRole::Follower => Role::Follower,
            raft::StateRole::PreCandidate => Role::PreCandidate,
            raft::StateRole::Candidate => Role::Candidate,
            raft::StateRole::Leader => Role::Leader,
        }
    }

    /// The current term: the leader epoch to stamp on a batch that is proposed next.
    pub fn term(&self) -> u64 {
        self.node.raft.term
    }

    /// Who leads the term, if known.
    pub fn leader(&self) -> Option<NodeId> {
        members::from_raft(self.node.raft.leader_id)
    }

    /// True on a leader that has applied everything committed before its term and is not stopped.
    pub fn can_serve(&self) -> bool {
        self.serving && self.role() == Role::Leader && self.fault.is_none()
    }

    /// The offset after the last entry, proposed ones included: the base offset to stamp on the next batch.
    pub fn next_offset(&self) -> i64 {
        self.next_offset
    }

    /// The offset after everything that has come out in [`Action::Commit`]: Kafka's high watermark.
    pub fn high_watermark(&self) -> i64 {
        self.applied.end_offset
    }

    /// The last entry that has come out in [`Action::Commit`].
    pub fn applied(&self) -> Point {
        self.applied
    }

    /// The entry before the first one in memory.
    pub fn point(&self) -> Point {
        self.log().point()
    }

    /// Index of the first entry in memory, were there one.
    pub fn first_index(&self) -> u64 {
        self.log().first()
    }

    /// Index of the last entry, proposed ones included.
    pub fn last_index(&self) -> u64 {
        self.node.raft.raft_log.last_index() + self.queue.len() as u64
    }

    /// Index up to which the log is durable here. On a leader: what acks=1 waits for.
    pub fn durable_index(&self) -> u64 {
        self.node.raft.raft_log.persisted
    }

    /// The place of an entry in memory, or of [`point`](Replica::point).
    pub fn point_at(&self, index: u64) -> Option<Point> {
        self.log().point_at(index)
    }

    /// Index of the data entry in memory that holds `offset`.
    pub fn index_of(&self, offset: i64) -> Option<u64> {
        self.log().index_of(offset)
    }

    /// Where the terms of the entries in memory start, oldest first; earlier terms are storage's to know.
    pub fn epochs(&self) -> &[EpochStart] {
        self.log().epochs()
    }

    /// What a checkpoint must carry so that this replica can be opened again. To be written after every append that
    /// has come out: its commit index covers those.
    pub fn hard_state(&self) -> HardState {
        let hard = hard_state(&self.node.raft.hard_state());
        HardState {
            commit: hard.commit.min(self.log().last()),
            ..hard
        }
    }

    /// The members, as of the last applied entry.
    pub fn members(&self) -> &Members {
        // The history is never empty: it starts with the members at the point.
        &self.history[self.history.len() - 1].1
    }

    /// The members as of an entry in memory, or of [`point`](Replica::point).
    pub fn members_at(&self, index: u64) -> Option<&Members> {
        self.history
            .iter()
            .rev()
            .find(|(at, _)| *at <= index)
            .map(|(_, members)| members)
    }

    /// Bytes of proposals that are not committed yet.
    pub fn uncommitted_bytes(&self) -> usize {
        self.uncommitted.bytes
    }

    /// Bytes of the bodies held in memory.
    pub fn body_bytes(&self) -> usize {
        self.log().body_bytes() + self.staged.values().map(Bytes::len).sum::<usize>()
    }

    /// Appends that have come out and have not been reported durable.
    pub fn appends_in_flight(&self) -> usize {
        self.pending.len()
    }

    /// Why the replica stopped, if it did.
    pub fn fault(&self) -> Option<&Fault> {
        self.fault.as_ref()
    }

    fn log(&self) -> &LogView {
        self.node.raft.raft_log.store()
    }

    fn stop(&mut self, fault: Fault) {
        if self.fault.is_none() {
            self.fault = Some(fault.clone());
            self.actions.push_back(Action::Fault(fault));
        }
    }

    /// What holds after every step. Cheap enough to stay on in release builds.
    ///
    /// # Panics
    /// With the partition's id if one does not hold: going on could lose what was acknowledged.
    pub fn invariants(&self) {
        let (raft_log, log) = (&self.node.raft.raft_log, self.log());
        let id = self.id;
        if self.fault.is_some() {
            return;
        }
        assert!(
            raft_log.applied <= raft_log.committed,
            "{id}: applied beyond committed"
        );
        assert!(
            raft_log.applied <= raft_log.persisted,
            "{id}: applied beyond what is durable"
        );
        assert!(
            raft_log.committed <= raft_log.last_index(),
            "{id}: committed beyond the end"
        );
        let installing = self.installing();
        assert!(
            installing || log.first() <= self.applied.index + 1,
            "{id}: compacted beyond applied"
        );
        assert!(
            self.applied.end_offset <= self.next_offset,
            "{id}: high watermark beyond the end"
        );
        assert!(
            log.end_offset() <= self.next_offset || self.role() != Role::Leader,
            "{id}: next offset behind the log"
        );
        let ordered = self
            .pending
            .iter()
            .zip(self.pending.iter().skip(1))
            .all(|(a, b)| a.seq + 1 == b.seq);
        assert!(
            ordered && self.pending.back().is_none_or(|p| p.seq == self.last_seq),
            "{id}: appends out of order"
        );
        assert!(
            !self.history.is_empty(),
            "{id}: no members at the point of the log"
        );
    }
}

fn hard_state(hard: &eraftpb::HardState) -> HardState {
    HardState {
        term: hard.term,
        vote: members::from_raft(hard.vote),
        commit: hard.commit,
    }
}

impl std::fmt::Debug for Replica {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let role = RoleChange {
            role: self.role(),
            term: self.term(),
            leader: self.leader(),
        };
        write!(
            f,
            "{} {role:?}, log {}..={}",
            self.id,
            self.first_index(),
            self.last_index()
        )?;
        write!(
            f,
            ", applied {}, high watermark {}",
            self.applied.index,
            self.high_watermark()
        )
    }
}

#[cfg(test)]
mod tests;
