//! What replicas of a group say to each other: raft-rs's messages with the bodies of their entries beside them.
//!
//! A message is checked before raft-rs sees it, because raft-rs answers nonsense with a panic.

use std::fmt;

use bytes::Bytes;
use ottla_protocol::ids::NodeId;
use raft::eraftpb::{self, Message, MessageType};

use crate::entry::{self, Reading};
use crate::log_view::Point;
use crate::members::{self, Members};

mod check;
mod wire;
pub use check::Misfit;
pub(crate) use check::{is_change, read_snapshot};
pub use wire::WireError;

/// The body of one entry in a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Body {
    /// In memory; empty for entries that have none.
    Here(Bytes),
    /// Only in the partition's segments.
    Stored {
        base_offset: i64,
        records: u32,
        length: u32,
    },
}

/// A body that the sender must read from the partition's segments before the message can leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Missing {
    /// Which entry of the message.
    pub at: usize,
    /// Its first offset.
    pub base_offset: i64,
    /// How many offsets it takes.
    pub records: u32,
    /// How many bytes its batches have together.
    pub length: u32,
}

/// A message from one replica of a group to another.
#[derive(Clone, PartialEq)]
pub struct PeerMessage {
    pub(crate) raft: Message,
    /// One for each entry of `raft`; empty for entries whose data is in `raft` itself.
    pub(crate) bodies: Vec<Body>,
}

impl Eq for PeerMessage {}

impl PeerMessage {
    /// Who sent it; `None` if the id is not one of a node.
    pub fn from(&self) -> Option<NodeId> {
        members::from_raft(self.raft.from)
    }

    /// Whom it is for; `None` if the id is not one of a node.
    pub fn to(&self) -> Option<NodeId> {
        members::from_raft(self.raft.to)
    }

    /// The sender's term, or the one it would stand for.
    pub fn term(&self) -> u64 {
        self.raft.term
    }

    /// Bytes of the bodies that it carries or will carry.
    pub fn body_bytes(&self) -> u64 {
        self.bodies.iter().map(Body::len).sum()
    }

    /// Bodies that are no longer in memory, in order. Fill each in with [`fill`](PeerMessage::fill); if one cannot be
    /// read, drop the message and report [`Input::Unreachable`](crate::Input::Unreachable).
    pub fn missing(&self) -> impl Iterator<Item = Missing> + '_ {
        self.bodies
            .iter()
            .enumerate()
            .filter_map(|(at, body)| match *body {
                Body::Here(_) => None,
                Body::Stored {
                    base_offset,
                    records,
                    length,
                } => Some(Missing {
                    at,
                    base_offset,
                    records,
                    length,
                }),
            })
    }

    /// Fills a missing body in. False, and nothing is changed, if these are not the bytes that were proposed.
    pub fn fill(&mut self, at: usize, bytes: Bytes) -> bool {
        let described = match self.raft.get_entries().get(at).and_then(entry::read) {
            Some(Reading::Described(descriptor)) => descriptor.matches(&bytes),
            _ => false,
        };
        if described && let Some(body) = self.bodies.get_mut(at) {
            *body = Body::Here(bytes);
        }
        described
    }

    /// Tells a leader that its snapshot could not be fetched.
    pub(crate) fn snapshot_failed(from: u64, to: u64, term: u64) -> PeerMessage {
        let mut raft = Message::default();
        raft.set_msg_type(MessageType::MsgSnapStatus);
        (raft.from, raft.to, raft.term, raft.reject) = (from, to, term, true);
        PeerMessage {
            raft,
            bodies: Vec::new(),
        }
    }
}

impl Body {
    pub fn len(&self) -> u64 {
        match self {
            Body::Here(bytes) => bytes.len() as u64,
            Body::Stored { length, .. } => u64::from(*length),
        }
    }
}

/// raft-rs's form of a snapshot: its data is the end offset (i64, little endian), then the manifest.
pub(crate) fn snapshot(point: Point, members: &Members, manifest: &[u8]) -> eraftpb::Snapshot {
    let mut data = Vec::with_capacity(8 + manifest.len());
    data.extend_from_slice(&point.end_offset.to_le_bytes());
    data.extend_from_slice(manifest);
    let mut snapshot = eraftpb::Snapshot::default();
    snapshot.set_data(data.into());
    let metadata = snapshot.mut_metadata();
    (metadata.index, metadata.term) = (point.index, point.term);
    metadata.set_conf_state(members.to_raft());
    snapshot
}

impl fmt::Debug for PeerMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let m = &self.raft;
        let kind = match m.get_msg_type() {
            MessageType::MsgAppend => "append",
            MessageType::MsgAppendResponse => "append answer",
            MessageType::MsgRequestVote => "vote?",
            MessageType::MsgRequestVoteResponse => "vote answer",
            MessageType::MsgRequestPreVote => "pre-vote?",
            MessageType::MsgRequestPreVoteResponse => "pre-vote answer",
            MessageType::MsgHeartbeat => "heartbeat",
            MessageType::MsgHeartbeatResponse => "heartbeat answer",
            MessageType::MsgSnapshot => "snapshot",
            MessageType::MsgSnapStatus => "snapshot answer",
            MessageType::MsgTimeoutNow => "stand now",
            _ => "unknown",
        };
        write!(f, "{kind} term {}", m.term)?;
        match m.get_msg_type() {
            MessageType::MsgAppend => {
                write!(f, " after {}/{} commit {}", m.index, m.log_term, m.commit)?;
                if let (Some(first), Some(last)) = (m.entries.first(), m.entries.last()) {
                    write!(
                        f,
                        " entries {}..={} ({} bytes)",
                        first.index,
                        last.index,
                        self.body_bytes()
                    )?;
                }
            }
            MessageType::MsgAppendResponse if !m.reject => write!(f, " through {}", m.index)?,
            MessageType::MsgAppendResponse => write!(
                f,
                " not after {}, try {}/{}",
                m.index, m.reject_hint, m.log_term
            )?,
            MessageType::MsgRequestVote | MessageType::MsgRequestPreVote => {
                write!(f, " last {}/{}", m.index, m.log_term)?;
            }
            MessageType::MsgHeartbeat => write!(f, " commit {}", m.commit)?,
            MessageType::MsgSnapshot => {
                write!(
                    f,
                    " {}/{}",
                    m.get_snapshot().get_metadata().index,
                    m.get_snapshot().get_metadata().term
                )?;
            }
            _ => {}
        }
        if m.reject && m.get_msg_type() != MessageType::MsgAppendResponse {
            write!(f, " no")?;
        }
        Ok(())
    }
}
