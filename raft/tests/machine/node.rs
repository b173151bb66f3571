//! One node of the little world: a replica, its disk, and a driver that carries actions out as the broker would.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use bytes::Bytes;
use ottla_protocol::ids::{NodeId, PartitionId, Uuid};
use ottla_raft::{Action, Append, Entry, Fetch, HardState, Input, Kind, Limits};
use ottla_raft::{Members, OpenError, Recovered, Replica};

use crate::checks::State;

/// What survives a crash.
#[derive(Clone, Debug)]
pub struct Disk {
    pub recovered: Recovered,
    /// The state machine as of `recovered.point`.
    pub state: State,
}

/// A driver that does its duty, or one with a planted bug.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Driver {
    Dutiful,
    /// Reports appends with entries as durable before they are.
    AckBeforeFlush,
    /// Reports appends that only carry a term and a vote as durable before they are.
    VoteBeforeFlush,
}

pub struct Node {
    pub id: NodeId,
    /// `None` while the node is down.
    pub replica: Option<Replica>,
    pub disk: Disk,
    /// Appends that are not flushed, oldest first.
    pub writes: VecDeque<Append>,
    pub state: State,
    /// Bodies of applied data by base offset: the partition's segments.
    pub segments: BTreeMap<i64, Bytes>,
    pub fetching: Option<Fetch>,
    pub driver: Driver,
    limits: Limits,
    seed: u64,
    /// How often the node was started; part of the replica's seed.
    starts: u64,
}

impl Node {
    pub fn new(id: NodeId, recovered: Recovered, limits: Limits, seed: u64) -> Node {
        let disk = Disk {
            state: State::at(recovered.point),
            recovered,
        };
        let mut node = Node {
            id,
            replica: None,
            state: disk.state,
            disk,
            writes: VecDeque::new(),
            segments: BTreeMap::new(),
            fetching: None,
            driver: Driver::Dutiful,
            limits,
            seed,
            starts: 0,
        };
        node.start().expect("a new node opens");
        node
    }

    pub fn start(&mut self) -> Result<(), OpenError> {
        let id = PartitionId {
            topic: Uuid::ONE,
            partition: 0,
        };
        let seed = self.seed.wrapping_add(self.starts);
        self.starts += 1;
        self.replica = Some(Replica::open(
            id,
            self.id,
            self.disk.recovered.clone(),
            self.limits,
            seed,
        )?);
        self.state = self.disk.state;
        Ok(())
    }

    /// Stops at once. The first `kept` pieces of the unflushed appends happened to reach the disk.
    pub fn crash(&mut self, kept: usize) {
        self.replica = None;
        self.fetching = None;
        let unflushed = std::mem::take(&mut self.writes)
            .into_iter()
            .flat_map(pieces);
        for piece in unflushed.take(kept) {
            write(&mut self.disk, piece);
        }
    }

    /// How many pieces a crash could lose.
    pub fn unflushed(&self) -> usize {
        self.writes.iter().cloned().flat_map(pieces).count()
    }

    pub fn handle(&mut self, input: Input) {
        if let Some(replica) = &mut self.replica {
            replica.handle(input);
        }
    }

    pub fn poll(&mut self) -> Option<Action> {
        self.replica.as_mut()?.poll()
    }

    /// Takes an append; a driver with a bug reports some at once.
    pub fn take_append(&mut self, append: Append) {
        let seq = append.seq;
        let early = match self.driver {
            Driver::Dutiful => false,
            Driver::AckBeforeFlush => !append.entries.is_empty(),
            Driver::VoteBeforeFlush => append.entries.is_empty() && append.hard.is_some(),
        };
        self.writes.push_back(append);
        if early {
            self.handle(Input::Appended { seq });
        }
    }

    /// Flushes the oldest `count` appends with one report for all of them.
    pub fn flush(&mut self, count: usize) {
        let mut last = None;
        for append in self.writes.drain(..count.min(self.writes.len())) {
            last = Some(append.seq);
            write(&mut self.disk, append);
        }
        if let Some(seq) = last {
            self.handle(Input::Appended { seq });
        }
    }

    /// Makes everything up to `index` part of the checkpoint, and lets go of it in memory and on disk.
    pub fn checkpoint(&mut self, index: u64, state: State) {
        let Some(replica) = &mut self.replica else {
            return;
        };
        let (Some(point), Some(members)) =
            (replica.point_at(index), replica.members_at(index).cloned())
        else {
            return;
        };
        let kept = &mut self.disk.recovered;
        assert!(
            point.index <= replica.applied().index,
            "a checkpoint covers only what is applied"
        );
        if point.index <= kept.point.index {
            return;
        }
        (kept.point, kept.members) = (point, members);
        kept.hard = durable_commit(kept.hard, replica.hard_state(), index);
        kept.entries.retain(|entry| entry.index > index);
        self.disk.state = state;
        replica.compact(index);
    }
}

/// The hard state of a checkpoint: what was durable before, and that the checkpoint is committed.
fn durable_commit(durable: HardState, now: HardState, index: u64) -> HardState {
    HardState {
        commit: durable.commit.max(index.min(now.commit)),
        ..durable
    }
}

/// One append in the pieces that a journal writes one after the other.
fn pieces(append: Append) -> Vec<Append> {
    let Append {
        seq,
        hard,
        install,
        truncate_from,
        entries,
    } = append;
    let none = Append {
        seq,
        hard: None,
        install: None,
        truncate_from: None,
        entries: Vec::new(),
    };
    let mut out = Vec::new();
    out.extend(hard.map(|hard| Append {
        hard: Some(hard),
        ..none.clone()
    }));
    out.extend(install.map(|fetch| Append {
        install: Some(fetch),
        ..none.clone()
    }));
    out.extend(truncate_from.map(|from| Append {
        truncate_from: Some(from),
        ..none.clone()
    }));
    out.extend(entries.into_iter().map(|entry| Append {
        entries: vec![entry],
        ..none.clone()
    }));
    out
}

/// Carries one append, or a piece of one, out on the disk.
fn write(disk: &mut Disk, append: Append) {
    let kept = &mut disk.recovered;
    if let Some(hard) = append.hard {
        kept.hard = HardState {
            commit: hard.commit.max(kept.hard.commit),
            ..hard
        };
    }
    if let Some(fetch) = append.install {
        disk.state = State::from_manifest(fetch.point, &fetch.manifest);
        (kept.point, kept.members, kept.entries) = (fetch.point, fetch.members, Vec::new());
    }
    if let Some(from) = append.truncate_from {
        kept.entries.retain(|entry| entry.index < from);
    }
    // Entries that a checkpoint covers already were written again only because the checkpoint overtook them.
    kept.entries.extend(
        append
            .entries
            .into_iter()
            .filter(|entry| entry.index > kept.point.index),
    );
}

pub fn fresh(voters: &[i32]) -> Recovered {
    Recovered::fresh(Members::of(voters.iter().map(|n| NodeId(*n))))
}

/// An entry in one short word: `5/2 10..12 "ab"`.
pub fn short(entry: &Entry) -> String {
    let text = match entry.body.len() {
        0..=20 => format!("\"{}\"", String::from_utf8_lossy(&entry.body)),
        long => format!("({long} bytes)"),
    };
    let Entry {
        index,
        term,
        base_offset,
        ..
    } = entry;
    match entry.kind {
        Kind::Data => format!(
            "{index}/{term} {base_offset}..{} {text}",
            entry.end_offset()
        ),
        Kind::Command => format!("{index}/{term} command {text}"),
        Kind::Empty => format!("{index}/{term} empty"),
        Kind::Config => format!("{index}/{term} change"),
    }
}

pub fn shorts(entries: &[Entry]) -> String {
    entries.iter().map(short).collect::<Vec<_>>().join(", ")
}

pub fn names(nodes: &BTreeSet<NodeId>) -> String {
    nodes
        .iter()
        .map(NodeId::to_string)
        .collect::<Vec<_>>()
        .join(" ")
}

/// The members in one line: `1 2 3, learners 4`.
pub fn members(members: &Members) -> String {
    let mut out = names(&members.voters);
    for (word, set) in [
        ("learners", &members.learners),
        ("leaving", &members.outgoing),
        ("learners next", &members.learners_next),
    ] {
        if !set.is_empty() {
            out += &format!(", {word} {}", names(set));
        }
    }
    out
}

fn append(append: &Append) -> String {
    let mut parts = Vec::new();
    parts.extend(append.hard.map(|hard| format!("{hard:?}")));
    parts.extend(
        append
            .install
            .as_ref()
            .map(|fetch| format!("install {fetch:?}")),
    );
    parts.extend(
        append
            .truncate_from
            .map(|from| format!("truncate from {from}")),
    );
    if !append.entries.is_empty() {
        parts.push(shorts(&append.entries));
    }
    format!("append #{}: {}", append.seq, parts.join("; "))
}

/// An action in one line.
pub fn describe(action: &Action) -> String {
    match action {
        Action::Append(one) => append(one),
        Action::Send { to, message } => format!("-> {to} {message:?}"),
        Action::Commit(entries) => format!("commits {}", shorts(entries)),
        Action::Lost { term, from } => format!("lost proposals of term {term} from {from}"),
        Action::Role(change) => format!("is {change:?}"),
        Action::Serving { term } => format!("serves term {term}"),
        Action::Members(set) => format!("members {}", members(set)),
        Action::NeedSnapshot { to } => format!("needs a snapshot for {to}"),
        Action::Fetch(fetch) => format!("fetches {fetch:?}"),
        Action::FetchDropped { index } => format!("drops the snapshot at {index}"),
        Action::Dropped { why, .. } => format!("drops {why}"),
        Action::Fault(fault) => format!("stops: {fault}"),
    }
}
