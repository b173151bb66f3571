//! A message as bytes. Bodies come last and are neither copied on the way out nor on the way in.
//!
//! | part | encoding |
//! |---|---|
//! | version, 1 | u8 |
//! | kind | u8, see [`KINDS`] |
//! | flags | u8; 1: refused, 2: a snapshot follows |
//! | from, to, term, log term, index, commit, commit term, reject hint | varints (LEB128) |
//! | context | length varint, at most [`CONTEXT_MAX`]; bytes |
//! | number of entries | varint |
//! | each entry, the first at index + 1 | u8, 1: a change of members; term varint; length varint; bytes |
//! | with a snapshot: index, term | varints |
//! | voters, learners, outgoing, learners next | each: number varint, ids varints |
//! | snapshot's data | length varint; bytes |
//! | bodies, one after the other | their lengths stand in the entries' descriptors |
//!
//! The bytes must end where the message does. What is decoded is well-formed, not yet sensible: `handle` checks that.

use std::fmt;

use bytes::Bytes;
use raft::eraftpb::{ConfState, Entry, EntryType, Message, MessageType, Snapshot};

use super::{Body, PeerMessage};
use crate::entry::{self, Reading};

const VERSION: u8 = 1;
const REFUSED: u8 = 1;
const SNAPSHOT: u8 = 2;
/// raft-rs puts at most the word for a hand-over there.
const CONTEXT_MAX: usize = 64;

/// The kinds that replicas send; the place in the list is the kind's number. Only ever added to.
const KINDS: [MessageType; 11] = [
    MessageType::MsgAppend,
    MessageType::MsgAppendResponse,
    MessageType::MsgRequestVote,
    MessageType::MsgRequestVoteResponse,
    MessageType::MsgRequestPreVote,
    MessageType::MsgRequestPreVoteResponse,
    MessageType::MsgHeartbeat,
    MessageType::MsgHeartbeatResponse,
    MessageType::MsgSnapshot,
    MessageType::MsgSnapStatus,
    MessageType::MsgTimeoutNow,
];

/// Why bytes are not a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WireError {
    /// Of a newer version, or not a message at all.
    Version(u8),
    /// A kind that is not known.
    Kind(u8),
    /// They end before the message does, or go on after it.
    Length,
    /// A number is too long, or a part is.
    Malformed,
}

impl fmt::Display for WireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            WireError::Version(version) => {
                write!(f, "a replica's message of version {version}, not {VERSION}")
            }
            WireError::Kind(kind) => write!(f, "a replica's message of unknown kind {kind}"),
            WireError::Length => f.write_str("a replica's message that is cut short or too long"),
            WireError::Malformed => f.write_str("a replica's message that is malformed"),
        }
    }
}

impl std::error::Error for WireError {}

impl PeerMessage {
    /// The message in parts, to be written one after the other; `None` while a body is [`missing`](Self::missing).
    pub fn encode(&self) -> Option<Vec<Bytes>> {
        let m = &self.raft;
        let kind = KINDS.iter().position(|kind| *kind == m.get_msg_type())?;
        let flags =
            if m.reject { REFUSED } else { 0 } | if m.has_snapshot() { SNAPSHOT } else { 0 };
        let mut head = vec![VERSION, kind as u8, flags];
        for number in [
            m.from,
            m.to,
            m.term,
            m.log_term,
            m.index,
            m.commit,
            m.commit_term,
            m.reject_hint,
        ] {
            put(&mut head, number);
        }
        put_bytes(&mut head, &m.context);
        put(&mut head, m.entries.len() as u64);
        for entry in m.entries.iter() {
            head.push(u8::from(
                entry.get_entry_type() == EntryType::EntryConfChangeV2,
            ));
            put(&mut head, entry.term);
            put_bytes(&mut head, &entry.data);
        }
        if m.has_snapshot() {
            put_snapshot(&mut head, m.get_snapshot());
        }
        let mut parts = vec![Bytes::from(head)];
        for body in &self.bodies {
            let Body::Here(bytes) = body else { return None };
            if !bytes.is_empty() {
                parts.push(bytes.clone());
            }
        }
        Some(parts)
    }

    /// Reads a message. Bodies are slices of `bytes`.
    pub fn decode(bytes: Bytes) -> Result<PeerMessage, WireError> {
        let mut rest = Rest(bytes);
        let version = rest.byte()?;
        if version != VERSION {
            return Err(WireError::Version(version));
        }
        let kind = rest.byte()?;
        let mut m = Message::default();
        m.set_msg_type(*KINDS.get(usize::from(kind)).ok_or(WireError::Kind(kind))?);
        let flags = rest.byte()?;
        if flags & !(REFUSED | SNAPSHOT) != 0 {
            return Err(WireError::Malformed);
        }
        m.reject = flags & REFUSED != 0;
        (m.from, m.to, m.term, m.log_term) = (
            rest.number()?,
            rest.number()?,
            rest.number()?,
            rest.number()?,
        );
        (m.index, m.commit, m.commit_term) = (rest.number()?, rest.number()?, rest.number()?);
        m.reject_hint = rest.number()?;
        m.context = rest.bytes()?;
        if m.context.len() > CONTEXT_MAX {
            return Err(WireError::Malformed);
        }
        for at in 0..rest.count()? {
            let entry = rest.entry(m.index.checked_add(at + 1).ok_or(WireError::Malformed)?)?;
            m.mut_entries().push(entry);
        }
        if flags & SNAPSHOT != 0 {
            m.set_snapshot(rest.snapshot()?);
        }
        let mut bodies = Vec::with_capacity(m.entries.len());
        for entry in m.entries.iter() {
            let length = match entry::read(entry) {
                Some(Reading::Described(descriptor)) => descriptor.length,
                _ => 0,
            };
            bodies.push(Body::Here(rest.take(length as usize)?));
        }
        if rest.0.is_empty() {
            Ok(PeerMessage { raft: m, bodies })
        } else {
            Err(WireError::Length)
        }
    }
}

fn put(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

fn put_snapshot(out: &mut Vec<u8>, snapshot: &Snapshot) {
    let metadata = snapshot.get_metadata();
    put(out, metadata.index);
    put(out, metadata.term);
    let state = metadata.get_conf_state();
    for ids in [
        &state.voters,
        &state.learners,
        &state.voters_outgoing,
        &state.learners_next,
    ] {
        put(out, ids.len() as u64);
        ids.iter().for_each(|id| put(out, *id));
    }
    put_bytes(out, &snapshot.data);
}

/// What is left to read.
struct Rest(Bytes);

impl Rest {
    fn take(&mut self, length: usize) -> Result<Bytes, WireError> {
        if length > self.0.len() {
            return Err(WireError::Length);
        }
        Ok(self.0.split_to(length))
    }

    fn byte(&mut self) -> Result<u8, WireError> {
        self.take(1).map(|one| one[0])
    }

    fn number(&mut self) -> Result<u64, WireError> {
        let mut number = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && bits > 1 {
                return Err(WireError::Malformed);
            }
            number |= bits << shift;
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err(WireError::Malformed)
    }

    /// A number of things of at least one byte each: so it cannot be more than there are bytes left.
    fn count(&mut self) -> Result<u64, WireError> {
        let count = self.number()?;
        if count > self.0.len() as u64 {
            Err(WireError::Length)
        } else {
            Ok(count)
        }
    }

    fn bytes(&mut self) -> Result<Bytes, WireError> {
        let length = self.count()?;
        self.take(length as usize)
    }

    fn entry(&mut self, index: u64) -> Result<Entry, WireError> {
        let mut entry = Entry::default();
        match self.byte()? {
            0 => {}
            1 => entry.set_entry_type(EntryType::EntryConfChangeV2),
            _ => return Err(WireError::Malformed),
        }
        (entry.index, entry.term) = (index, self.number()?);
        entry.data = self.bytes()?;
        Ok(entry)
    }

    fn ids(&mut self) -> Result<Vec<u64>, WireError> {
        (0..self.count()?).map(|_| self.number()).collect()
    }

    fn snapshot(&mut self) -> Result<Snapshot, WireError> {
        let mut snapshot = Snapshot::default();
        let metadata = snapshot.mut_metadata();
        (metadata.index, metadata.term) = (self.number()?, self.number()?);
        let mut state = ConfState::default();
        state.set_voters(self.ids()?);
        state.set_learners(self.ids()?);
        state.set_voters_outgoing(self.ids()?);
        state.set_learners_next(self.ids()?);
        state.set_auto_leave(!state.voters_outgoing.is_empty());
        metadata.set_conf_state(state);
        snapshot.data = self.bytes()?;
        Ok(snapshot)
    }
}

#[cfg(test)]
mod tests;
