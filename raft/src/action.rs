//! What goes into a [`Replica`](crate::Replica) and what comes out: plain data, carried out by one driver.

use std::fmt;

use bytes::Bytes;
use ottla_protocol::ids::NodeId;

use crate::entry::Entry;
use crate::log_view::Point;
use crate::members::Members;
use crate::message::{Misfit, PeerMessage};

/// Something that happened to the replica.
#[derive(Clone, Debug)]
pub enum Input {
    /// One unit of time passed. Not needed while [`needs_ticks`](crate::Replica::needs_ticks) is false.
    Tick,
    /// A peer's message arrived, decoded and with all bodies present.
    Peer(PeerMessage),
    /// The append with this sequence number, and all before it, are durable.
    Appended {
        /// [`Append::seq`].
        seq: u64,
    },
    /// The answer to [`Action::NeedSnapshot`]; `None` if none can be made now (it will be asked for again).
    Snapshot(Option<Offer>),
    /// The answer to [`Action::Fetch`]: the snapshot's files are here, checked and durable, but not yet in use.
    Fetched {
        /// [`Fetch::point`]'s index.
        index: u64,
    },
    /// The answer to [`Action::Fetch`] when it cannot be done; the leader is told and will offer again.
    FetchFailed {
        /// [`Fetch::point`]'s index.
        index: u64,
    },
    /// A message to this peer could not be sent or filled in.
    Unreachable {
        /// The peer.
        peer: NodeId,
    },
}

/// A snapshot that this leader's node can give to followers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// The state up to this entry is in it; it must be committed here and not below the start of the log in view.
    pub index: u64,
    /// Where the follower finds the files and the state machine's state; opaque here.
    pub manifest: Bytes,
}

/// Something for the driver to do, in the order in which it comes out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Write to the journal, in the order of `seq`; report with [`Input::Appended`] when durable.
    Append(Append),
    /// Send to a peer. May be lost, delayed, repeated, overtaken; must not be changed.
    Send {
        /// The peer.
        to: NodeId,
        /// The message; see [`PeerMessage::missing`].
        message: PeerMessage,
    },
    /// These entries are committed and durable here: apply them, in order.
    Commit(Vec<Entry>),
    /// Leadership was lost with these proposals unanswered. Any of them may still be committed, by another leader:
    /// answer with an error that the client retries, never with one that says "not written".
    Lost {
        /// The term they were proposed in.
        term: u64,
        /// The first index whose fate is unknown.
        from: u64,
    },
    /// The role, the term or the leader changed.
    Role(RoleChange),
    /// As leader, everything that was committed before this term has been applied: the partition may be served.
    Serving {
        /// The term.
        term: u64,
    },
    /// The members changed.
    Members(Members),
    /// A follower is too far behind: prepare a snapshot and answer with [`Input::Snapshot`].
    NeedSnapshot {
        /// The follower.
        to: NodeId,
    },
    /// Pull a snapshot beside the data in use and answer with [`Input::Fetched`] or [`Input::FetchFailed`].
    Fetch(Fetch),
    /// A fetched snapshot is of no use any more and may be deleted.
    FetchDropped {
        /// [`Fetch::point`]'s index.
        index: u64,
    },
    /// A peer's message was not understood and has been ignored. Once is a fault of the peer or the network layer.
    Dropped {
        /// Who sent it.
        from: Option<NodeId>,
        /// What was wrong.
        why: Misfit,
    },
    /// The replica has stopped: going on could lose data. It ignores inputs and refuses proposals from now on.
    Fault(Fault),
}

/// One write to the journal, in the order of the fields. It need not be atomic: a crash may leave any part of it, as
/// long as what is left is a beginning.
#[derive(Clone, PartialEq, Eq)]
pub struct Append {
    /// Number of this append, from 1, without gaps.
    pub seq: u64,
    /// To be kept in place of the last one. Its commit index covers only what earlier appends have written.
    pub hard: Option<HardState>,
    /// Switch to this fetched snapshot, as one step: all that was in the log before is gone.
    pub install: Option<Fetch>,
    /// Entries from this index on are gone.
    pub truncate_from: Option<u64>,
    /// To be added after that.
    pub entries: Vec<Entry>,
}

impl fmt::Debug for Append {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.seq)?;
        if let Some(hard) = &self.hard {
            write!(f, " {hard:?}")?;
        }
        if let Some(fetch) = &self.install {
            write!(f, " install {fetch:?}")?;
        }
        if let Some(from) = self.truncate_from {
            write!(f, " truncate from {from}")?;
        }
        if !self.entries.is_empty() {
            write!(f, " {:?}", self.entries)?;
        }
        Ok(())
    }
}

/// A snapshot on its way to this replica.
#[derive(Clone, PartialEq, Eq)]
pub struct Fetch {
    /// The leader that offers it.
    pub from: Option<NodeId>,
    /// Where it ends.
    pub point: Point,
    /// The members at that point.
    pub members: Members,
    /// [`Offer::manifest`].
    pub manifest: Bytes,
}

impl fmt::Debug for Fetch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Point {
            index,
            term,
            end_offset,
        } = self.point;
        write!(f, "snapshot {index}/{term} end offset {end_offset}")
    }
}

/// What a replica must never forget, beside its log.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct HardState {
    /// The newest term seen.
    pub term: u64,
    /// Whom this replica voted for in that term.
    pub vote: Option<NodeId>,
    /// An index that is known to be committed; may lie behind what has been applied.
    pub commit: u64,
}

impl fmt::Debug for HardState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "term {} commit {}", self.term, self.commit)?;
        match self.vote {
            Some(node) => write!(f, " vote {node}"),
            None => Ok(()),
        }
    }
}

/// What a replica is in its group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Takes the log from a leader, or waits for one.
    Follower,
    /// Asks whether it would win an election (Raft dissertation 9.6).
    PreCandidate,
    /// Asks for votes.
    Candidate,
    /// Takes proposals.
    Leader,
}

/// Role, term and leader at one time.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct RoleChange {
    /// The role.
    pub role: Role,
    /// The term; Kafka's leader epoch.
    pub term: u64,
    /// Who leads the term, if known.
    pub leader: Option<NodeId>,
}

impl fmt::Debug for RoleChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} in term {}", self.role, self.term)?;
        match self.leader {
            Some(node) if self.role != Role::Leader => write!(f, " of {node}"),
            _ => Ok(()),
        }
    }
}

/// A proposal that was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proposed {
    /// Its index. It is committed when an entry with this index *and* this term comes out in [`Action::Commit`].
    pub index: u64,
    /// Its term.
    pub term: u64,
    /// The first offset it takes.
    pub base_offset: i64,
}

/// A proposal that was not taken. All of these are definite: nothing has been or will be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// Another node leads, if anyone does: ask there.
    NotLeader {
        /// Who leads, if known.
        leader: Option<NodeId>,
    },
    /// Too much is on its way already: wait for a commit.
    Busy,
    /// Leadership is being handed over: retry there, or here if it fails.
    Transferring,
    /// Longer than an entry may be.
    TooLarge,
    /// A data entry without records, or offsets past the last one there is.
    Offsets,
    /// A change of members is under way: wait until it is done.
    ChangePending,
    /// The members cannot be changed like this.
    BadChange,
    /// The replica has stopped; see [`Action::Fault`].
    Stopped,
}

/// Why a replica stopped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A leader says that this replica has acknowledged entries that it does not have: its disk lost them.
    LostEntries {
        /// The last index here.
        last: u64,
        /// What the leader knows to be committed and acknowledged from here.
        commit: u64,
    },
    /// The leader's log and this one disagree below what is committed, or about offsets. A bug, here or there.
    Diverged(&'static str),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::LostEntries { last, commit } => write!(
                f,
                "entries {}..={commit} were acknowledged by this node and are no longer in its log: \
                 its disk lost writes; wipe this replica and add it anew",
                last + 1
            ),
            Fault::Diverged(what) => write!(f, "the log has diverged from its group: {what}"),
        }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Refused::NotLeader { .. } => "this node does not lead the partition",
            Refused::Busy => "too many uncommitted bytes",
            Refused::Transferring => "leadership is being handed over",
            Refused::TooLarge => "the entry is too large",
            Refused::Offsets => "the entry has no records, or its offsets do not fit",
            Refused::ChangePending => "a change of members is under way",
            Refused::BadChange => "the members cannot be changed like this",
            Refused::Stopped => "the replica has stopped",
        })
    }
}

impl std::error::Error for Refused {}
