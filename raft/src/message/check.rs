//! What a peer's message must be before raft-rs may see it.

use std::fmt;

use raft::eraftpb::{ConfChangeV2, MessageType, Snapshot};

use super::{Body, PeerMessage};
use crate::action::Fetch;
use protobuf::Message as _;

use crate::entry::{self, Reading};
use crate::log_view::Point;
use crate::members::{self, Members};

/// What is wrong with a peer's message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Misfit {
    /// It is for another node, or from none.
    Address,
    /// A kind that replicas do not send to each other.
    Kind,
    /// A number is beyond what a log can hold, or a term is missing.
    Range,
    /// The entries do not follow each other.
    Entries,
    /// An entry's body is missing or is not the one described.
    Body,
    /// The snapshot is incomplete.
    Snapshot,
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Misfit::Address => "a message for another node, or from none",
            Misfit::Kind => "a kind of message that replicas do not send",
            Misfit::Range => "a message with a number out of range",
            Misfit::Entries => "a message whose entries do not follow each other",
            Misfit::Body => "a message whose bodies are damaged",
            Misfit::Snapshot => "a message with an incomplete snapshot",
        })
    }
}

impl std::error::Error for Misfit {}

/// Beyond every index, term and offset that a log can reach; keeps raft-rs's arithmetic from overflowing.
const BEYOND: u64 = 1 << 62;
/// Longest change of members that is read, in bytes. The protobuf reader follows nested unknown fields by recursion.
const CHANGE_MAX: usize = 4096;

impl PeerMessage {
    /// Checks everything that does not depend on the receiver's state; `me` is the receiver.
    pub(crate) fn check(&self, me: u64) -> Result<(), Misfit> {
        let m = &self.raft;
        if m.to != me || m.from == me || members::from_raft(m.from).is_none() {
            return Err(Misfit::Address);
        }
        let numbers = [
            m.term,
            m.log_term,
            m.index,
            m.commit,
            m.commit_term,
            m.reject_hint,
        ];
        if m.term == 0
            || numbers.iter().any(|n| *n >= BEYOND)
            || m.request_snapshot != 0
            || m.priority != 0
        {
            return Err(Misfit::Range);
        }
        match m.get_msg_type() {
            MessageType::MsgAppend => self.check_entries()?,
            MessageType::MsgSnapshot => {
                read_snapshot(m.get_snapshot(), m.from, m.term).ok_or(Misfit::Snapshot)?;
            }
            MessageType::MsgAppendResponse
            | MessageType::MsgRequestVote
            | MessageType::MsgRequestVoteResponse
            | MessageType::MsgRequestPreVote
            | MessageType::MsgRequestPreVoteResponse
            | MessageType::MsgHeartbeat
            | MessageType::MsgHeartbeatResponse
            | MessageType::MsgSnapStatus
            | MessageType::MsgTimeoutNow => {}
            _ => return Err(Misfit::Kind),
        }
        if m.get_msg_type() != MessageType::MsgAppend
            && !(m.entries.is_empty() && self.bodies.is_empty())
        {
            return Err(Misfit::Entries);
        }
        Ok(())
    }

    fn check_entries(&self) -> Result<(), Misfit> {
        let m = &self.raft;
        if self.bodies.len() != m.entries.len() {
            return Err(Misfit::Body);
        }
        let (mut index, mut term, mut end) = (m.index, m.log_term, None);
        for (entry, body) in m.entries.iter().zip(&self.bodies) {
            index += 1;
            if entry.index != index || entry.term < term || entry.term > m.term {
                return Err(Misfit::Entries);
            }
            term = entry.term;
            let Body::Here(body) = body else {
                return Err(Misfit::Body);
            };
            match entry::read(entry).ok_or(Misfit::Entries)? {
                Reading::Described(descriptor) => {
                    if end.is_some_and(|end| end != descriptor.base_offset) {
                        return Err(Misfit::Entries);
                    }
                    end = Some(descriptor.base_offset + i64::from(descriptor.records));
                    if !descriptor.matches(body) {
                        return Err(Misfit::Body);
                    }
                }
                Reading::Config if !is_change(&entry.data) => return Err(Misfit::Entries),
                Reading::Config | Reading::Empty if !body.is_empty() => return Err(Misfit::Body),
                Reading::Config | Reading::Empty => {}
            }
        }
        Ok(())
    }
}

/// True if these bytes are a change of members that can be read.
pub(crate) fn is_change(data: &[u8]) -> bool {
    data.len() <= CHANGE_MAX && ConfChangeV2::default().merge_from_bytes(data).is_ok()
}

/// Reads a snapshot that `from` sends in `term`; `None` if it is not sound.
pub(crate) fn read_snapshot(snapshot: &Snapshot, from: u64, term: u64) -> Option<Fetch> {
    let metadata = snapshot.get_metadata();
    let offset: [u8; 8] = snapshot.data.get(..8)?.try_into().ok()?;
    let end_offset = i64::from_le_bytes(offset);
    let members = Members::from_raft(metadata.get_conf_state())?;
    let ranged = (1..BEYOND).contains(&metadata.index)
        && (1..=term).contains(&metadata.term)
        && end_offset >= 0;
    // raft-rs compares the two forms of the members and ends the process if they differ.
    let same = metadata.get_conf_state().auto_leave == members.joint();
    if !ranged || !same || !members.sound() || members.voters.is_empty() {
        return None;
    }
    let point = Point {
        index: metadata.index,
        term: metadata.term,
        end_offset,
    };
    Some(Fetch {
        from: members::from_raft(from),
        point,
        members,
        manifest: snapshot.data.slice(8..),
    })
}
