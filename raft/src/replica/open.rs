//! Opening a replica from what storage recovered, with everything checked that raft-rs would panic on.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;

use ottla_protocol::ids::{NodeId, PartitionId};
use raft::{Config, NO_LIMIT, RaftState, RawNode, eraftpb};

use super::{Replica, Uncommitted};
use crate::action::{HardState, Role, RoleChange};
use crate::entry::{Descriptor, Entry, Kind, Payload, Reading};
use crate::log_view::{LogView, Point};
use crate::members::{self, Members};
use crate::message::is_change;

/// How far a replica may go before it refuses or lets go. Sizes in bytes of bodies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Ticks without a leader before an election, at least; at most one less than twice as many.
    pub election_ticks: usize,
    /// Ticks between a leader's heartbeats; below `election_ticks`.
    pub heartbeat_ticks: usize,
    /// Longest entry.
    pub max_entry_bytes: usize,
    /// Proposals that are not committed: past this they are refused, though one is always taken.
    pub max_uncommitted_bytes: usize,
    /// The same by number.
    pub max_uncommitted_entries: usize,
    /// Bodies in one message to a peer, though one entry always fits.
    pub max_message_bytes: u64,
    /// Messages with entries on their way to one follower.
    pub max_inflight: usize,
    /// Bodies of applied data kept for followers; beyond it they are read from the segments.
    pub window_bytes: usize,
    /// Applied entries kept for followers; one that is further behind gets a snapshot.
    pub window_entries: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            election_ticks: 10,
            heartbeat_ticks: 1,
            max_entry_bytes: 128 << 20,
            max_uncommitted_bytes: 32 << 20,
            max_uncommitted_entries: 16 << 10,
            max_message_bytes: 1 << 20,
            max_inflight: 64,
            window_bytes: 1 << 20,
            window_entries: 8 << 10,
        }
    }
}

/// What storage found of a replica.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recovered {
    /// The last hard state that was written.
    pub hard: HardState,
    /// The checkpoint: everything up to here is in segments and in the state machine's snapshot.
    pub point: Point,
    /// The members as of `point`.
    pub members: Members,
    /// Every entry after `point`, with its body.
    pub entries: Vec<Entry>,
}

impl Recovered {
    /// A partition that has just been created with these voters. Also what to start from when a crash came before
    /// the first checkpoint: then with the hard state and the entries that were found.
    pub fn fresh(members: Members) -> Recovered {
        let hard = HardState {
            term: Point::INITIAL.term,
            vote: None,
            commit: Point::INITIAL.index,
        };
        Recovered {
            hard,
            point: Point::INITIAL,
            members,
            entries: Vec::new(),
        }
    }

    /// A replica that is about to be added to an existing group: it learns everything from the leader's snapshot.
    pub fn joining() -> Recovered {
        let (hard, members) = (HardState::default(), Members::default());
        Recovered {
            hard,
            point: Point::NOTHING,
            members,
            entries: Vec::new(),
        }
    }
}

/// Why a replica cannot be opened. Each means that storage lost or mixed up something: nothing may be cut to make it
/// fit, and the replica may not vote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OpenError {
    /// The node's id is not one.
    Node(NodeId),
    /// The limits contradict each other.
    Limits(&'static str),
    /// The members are not a group.
    Members,
    /// An entry is missing, or one stands twice.
    Gap {
        /// The index that should come next.
        expected: u64,
        /// The one found.
        found: u64,
    },
    /// A term is older than one before it in the log.
    TermFalls {
        /// Where.
        index: u64,
    },
    /// An entry does not fit the one before it, or makes no sense.
    Entry {
        /// Where.
        index: u64,
        /// What is wrong.
        why: &'static str,
    },
    /// Entries that are known to be committed are missing from the end of the log.
    CommitBeyondLog {
        /// Known to be committed.
        commit: u64,
        /// The last entry there is.
        last: u64,
    },
    /// raft-rs does not accept it.
    Raft(String),
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            OpenError::Node(node) => write!(f, "{node} is not the id of a node"),
            OpenError::Limits(why) => {
                write!(f, "the replica's limits contradict each other: {why}")
            }
            OpenError::Members => write!(f, "the recovered members are not a group"),
            OpenError::Gap { expected, found } => {
                write!(f, "entry {expected} is missing: {found} comes next")
            }
            OpenError::TermFalls { index } => {
                write!(f, "entry {index} has an older term than the one before it")
            }
            OpenError::Entry { index, why } => write!(f, "entry {index}: {why}"),
            OpenError::CommitBeyondLog { commit, last } => write!(
                f,
                "the log ends at {last} but entries up to {commit} were committed: the end of the log was lost"
            ),
            OpenError::Raft(why) => write!(f, "raft does not accept the recovered state: {why}"),
        }
    }
}

impl std::error::Error for OpenError {}

impl Replica {
    /// Opens `node`'s replica of `id`. `seed` decides the election timeouts: give each replica another one.
    ///
    /// Entries after the checkpoint that are known to be committed come out of [`poll`](Replica::poll) as
    /// [`Commit`](crate::Action::Commit) at once, the others when a leader has settled them.
    pub fn open(
        id: PartitionId,
        node: NodeId,
        recovered: Recovered,
        limits: Limits,
        seed: u64,
    ) -> Result<Replica, OpenError> {
        check_limits(&limits)?;
        let me = members::to_raft(node);
        if members::from_raft(me).is_none() {
            return Err(OpenError::Node(node));
        }
        let Recovered {
            hard,
            point,
            members,
            ..
        } = &recovered;
        let hard = settled(*hard, *point, recovered.entries.last());
        let (point, members) = (*point, members.clone());
        let log = view(&recovered, hard)?;
        let next_offset = log.end_offset();
        let logger = slog::Logger::root(slog::Discard, slog::o!());
        let node = RawNode::new(&config(me, point.index, &limits), log, &logger)
            .map_err(|e| OpenError::Raft(e.to_string()))?;
        let mut replica = Replica {
            id,
            node,
            limits,
            seed,
            elections: 0,
            staged: BTreeMap::new(),
            queue: Vec::new(),
            next_offset,
            uncommitted: Uncommitted::default(),
            pending: VecDeque::new(),
            last_seq: 0,
            held: VecDeque::new(),
            actions: VecDeque::new(),
            hard,
            commit_written: hard.commit,
            applied: point,
            reported: RoleChange {
                role: Role::Follower,
                term: hard.term,
                leader: None,
            },
            serving: false,
            history: vec![(point.index, members)],
            fetching: None,
            asked: BTreeSet::new(),
            offer_ticks: 0,
            fault: None,
        };
        replica.node.mut_store().forget_initial();
        replica.settle();
        Ok(replica)
    }
}

/// What a crash may have left out of the hard state. A checkpoint is committed. Entries of a newer term were written
/// after any vote in it, so without a hard state of that term there was no vote; giving one now cannot make a second
/// leader, because those who made the first are a majority without this replica.
fn settled(hard: HardState, point: Point, last: Option<&Entry>) -> HardState {
    let commit = hard.commit.max(point.index);
    let term = last.map_or(point.term, |entry| entry.term);
    if hard.term < term {
        HardState {
            term,
            vote: None,
            commit,
        }
    } else {
        HardState { commit, ..hard }
    }
}

fn check_limits(limits: &Limits) -> Result<(), OpenError> {
    let Limits {
        election_ticks,
        heartbeat_ticks,
        ..
    } = *limits;
    if heartbeat_ticks == 0 || election_ticks <= heartbeat_ticks {
        return Err(OpenError::Limits(
            "a heartbeat must come before an election",
        ));
    }
    if limits.max_inflight == 0 || limits.max_uncommitted_entries == 0 {
        return Err(OpenError::Limits("nothing could ever be proposed or sent"));
    }
    if u32::try_from(limits.max_entry_bytes).is_err() {
        return Err(OpenError::Limits("an entry must be below 4 GiB"));
    }
    Ok(())
}

/// raft-rs's defaults are unsafe here: every one that matters is set.
fn config(me: u64, applied: u64, limits: &Limits) -> Config {
    Config {
        election_tick: limits.election_ticks,
        heartbeat_tick: limits.heartbeat_ticks,
        applied,
        max_size_per_msg: limits.max_message_bytes,
        max_inflight_msgs: limits.max_inflight,
        check_quorum: true,
        pre_vote: true,
        batch_append: true,
        // Counted here, by bodies: raft-rs would count descriptors.
        max_uncommitted_size: NO_LIMIT,
        max_committed_size_per_ready: 256 << 10,
        ..Config::new(me)
    }
}

/// Checks what was recovered and builds the log view from it.
fn view(recovered: &Recovered, hard: HardState) -> Result<LogView, OpenError> {
    let Recovered {
        point,
        members,
        entries,
        ..
    } = recovered;
    if !members.sound() || members.voters.is_empty() != (*point == Point::NOTHING) {
        return Err(OpenError::Members);
    }
    let mut raft_hard = eraftpb::HardState::default();
    (raft_hard.term, raft_hard.commit) = (hard.term, hard.commit);
    raft_hard.vote = hard.vote.map_or(0, members::to_raft);
    let mut log = LogView::new(*point, RaftState::new(raft_hard, members.to_raft()));
    for entry in entries {
        add(&mut log, entry)?;
    }
    if *point == Point::NOTHING && !entries.is_empty() {
        return Err(OpenError::Members);
    }
    if hard.commit > log.last() {
        return Err(OpenError::CommitBeyondLog {
            commit: hard.commit,
            last: log.last(),
        });
    }
    Ok(log)
}

fn add(log: &mut LogView, entry: &Entry) -> Result<(), OpenError> {
    let (index, expected) = (entry.index, log.last() + 1);
    if index != expected {
        return Err(OpenError::Gap {
            expected,
            found: index,
        });
    }
    if entry.term < log.last_term() {
        return Err(OpenError::TermFalls { index });
    }
    let bad = |why| OpenError::Entry { index, why };
    if (entry.kind == Kind::Data) != (entry.records > 0) {
        return Err(bad("only data has records, and all data has"));
    }
    if entry.base_offset != log.end_offset()
        || entry
            .base_offset
            .checked_add(i64::from(entry.records))
            .is_none()
    {
        return Err(bad("its base offset is not the end of the log before it"));
    }
    let described =
        |payload: Payload| Descriptor::of(&payload, entry.base_offset).map(Reading::Described);
    let body = entry.body.clone();
    let reading = match entry.kind {
        Kind::Empty if body.is_empty() => Reading::Empty,
        Kind::Empty => return Err(bad("an empty entry has a body")),
        Kind::Config if is_change(&body) => Reading::Config,
        Kind::Config => return Err(bad("a change of members cannot be read")),
        Kind::Data => described(Payload::Data {
            bytes: body,
            records: entry.records,
        })
        .ok_or(bad("too long"))?,
        Kind::Command => described(Payload::Command(body)).ok_or(bad("too long"))?,
    };
    log.append(entry.term, &reading, entry.body.clone())
        .map(drop)
        .map_err(bad)
}
