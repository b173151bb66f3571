//! Entries of the replicated log, and the descriptor that stands for one inside raft-rs.
//!
//! raft-rs copies the bytes of an entry several times on their way. So what it holds for a record batch or a
//! command is a fixed 24-byte descriptor, and the body stands beside it in the [`LogView`](crate::log_view).
//!
//! | bytes | field | encoding |
//! |---|---|---|
//! | 0 | version, 1 | u8 |
//! | 1 | kind, 1 data, 2 command | u8 |
//! | 2..4 | zero | u16 |
//! | 4..8 | records | u32 little endian |
//! | 8..12 | length of the body, bytes | u32 little endian |
//! | 12..16 | digest of the body (`record::digest`) | u32 little endian |
//! | 16..24 | base offset | i64 little endian |
//!
//! An entry with no bytes at all is the empty entry with which a leader opens its term. A configuration entry keeps
//! raft-rs's own encoding and has no descriptor.

use std::fmt;

use bytes::Bytes;
use ottla_protocol::record;
use raft::eraftpb;

/// What an entry means to the partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Opens a leader's term; carries nothing.
    Empty,
    /// Record batches. The only kind that takes offsets.
    Data,
    /// A command of the partition's own state machine.
    Command,
    /// A change of the members; see [`Change`](crate::Change).
    Config,
}

/// What a caller may propose.
#[derive(Clone, PartialEq, Eq)]
pub enum Payload {
    /// Record batches, already stamped with [`next_offset`](crate::Replica::next_offset) and
    /// [`term`](crate::Replica::term).
    Data {
        /// The batches as a consumer will receive them.
        bytes: Bytes,
        /// How many offsets they take; at least 1.
        records: u32,
    },
    /// A command of the partition's state machine; takes no offset.
    Command(Bytes),
}

impl Payload {
    /// Length of the body in bytes.
    pub fn len(&self) -> usize {
        self.bytes().len()
    }

    /// True when the body has no bytes.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(crate) fn bytes(&self) -> &Bytes {
        match self {
            Payload::Data { bytes, .. } | Payload::Command(bytes) => bytes,
        }
    }
}

impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Payload::Data { bytes, records } => {
                write!(f, "Data({records} records, {} bytes)", bytes.len())
            }
            Payload::Command(bytes) => write!(f, "Command({} bytes)", bytes.len()),
        }
    }
}

/// One entry of the log with its body.
#[derive(Clone, PartialEq, Eq)]
pub struct Entry {
    /// Raft's index, contiguous.
    pub index: u64,
    /// The term of the leader that made it; Kafka's leader epoch.
    pub term: u64,
    /// What it means.
    pub kind: Kind,
    /// The first offset it takes, or for kinds that take none the offset the next data entry will have.
    pub base_offset: i64,
    /// How many offsets it takes: 0 unless [`Kind::Data`].
    pub records: u32,
    /// Its bytes: record batches, a command, raft-rs's configuration change, or nothing.
    pub body: Bytes,
}

impl Entry {
    /// The offset after this entry.
    pub fn end_offset(&self) -> i64 {
        self.base_offset + i64::from(self.records)
    }
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{} {:?}", self.index, self.term, self.kind)?;
        if self.kind == Kind::Data {
            write!(f, " {}..{}", self.base_offset, self.end_offset())?;
        }
        if !self.body.is_empty() {
            write!(f, " ({} bytes)", self.body.len())?;
        }
        Ok(())
    }
}

/// Length of an encoded [`Descriptor`].
pub(crate) const DESCRIPTOR_LEN: usize = 24;
const VERSION: u8 = 1;

/// What raft-rs keeps of a data or command entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Descriptor {
    pub kind: Kind,
    pub records: u32,
    pub length: u32,
    pub crc: u32,
    pub base_offset: i64,
}

impl Descriptor {
    /// Describes `payload` at `base_offset`; `None` if the body is longer than a length field can say.
    pub fn of(payload: &Payload, base_offset: i64) -> Option<Descriptor> {
        let length = u32::try_from(payload.len()).ok()?;
        let crc = record::digest(0, payload.bytes());
        let (kind, records) = match payload {
            Payload::Data { records, .. } => (Kind::Data, *records),
            Payload::Command(_) => (Kind::Command, 0),
        };
        Some(Descriptor {
            kind,
            records,
            length,
            crc,
            base_offset,
        })
    }

    pub fn encode(&self) -> [u8; DESCRIPTOR_LEN] {
        let mut out = [0; DESCRIPTOR_LEN];
        out[0] = VERSION;
        out[1] = if self.kind == Kind::Data { 1 } else { 2 };
        out[4..8].copy_from_slice(&self.records.to_le_bytes());
        out[8..12].copy_from_slice(&self.length.to_le_bytes());
        out[12..16].copy_from_slice(&self.crc.to_le_bytes());
        out[16..24].copy_from_slice(&self.base_offset.to_le_bytes());
        out
    }

    /// Reads a descriptor; `None` if the bytes are not one.
    pub fn decode(bytes: &[u8]) -> Option<Descriptor> {
        let bytes: &[u8; DESCRIPTOR_LEN] = bytes.try_into().ok()?;
        let word = |at: usize| {
            u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
        };
        let kind = match bytes[1] {
            1 => Kind::Data,
            2 => Kind::Command,
            _ => return None,
        };
        let (records, base_offset) = (word(4), i64::from_le_bytes(bytes[16..24].try_into().ok()?));
        let fits = base_offset >= 0 && base_offset.checked_add(i64::from(records)).is_some();
        let counted = (kind == Kind::Data) == (records > 0);
        if bytes[0] != VERSION || bytes[2..4] != [0, 0] || !fits || !counted {
            return None;
        }
        Some(Descriptor {
            kind,
            records,
            length: word(8),
            crc: word(12),
            base_offset,
        })
    }

    /// True when `body` is the one described.
    pub fn matches(&self, body: &[u8]) -> bool {
        body.len() as u64 == u64::from(self.length) && record::digest_fits(0, body, self.crc)
    }
}

/// An entry of raft-rs, read: what kind it is and, where it has one, its descriptor.
pub(crate) enum Reading {
    Empty,
    Config,
    Described(Descriptor),
}

/// Reads an entry as raft-rs holds it; `None` if it is not one that this crate writes.
pub(crate) fn read(entry: &eraftpb::Entry) -> Option<Reading> {
    if !entry.context.is_empty() {
        return None;
    }
    match entry.get_entry_type() {
        eraftpb::EntryType::EntryNormal if entry.data.is_empty() => Some(Reading::Empty),
        eraftpb::EntryType::EntryNormal => Descriptor::decode(&entry.data).map(Reading::Described),
        eraftpb::EntryType::EntryConfChangeV2 => Some(Reading::Config),
        eraftpb::EntryType::EntryConfChange => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn descriptor_bytes_are_fixed() {
        let payload = Payload::Data {
            bytes: Bytes::from_static(b"123456789"),
            records: 3,
        };
        let descriptor = Descriptor::of(&payload, 0x0102).unwrap();
        let golden: [u8; 24] = [
            1, 1, 0, 0, 3, 0, 0, 0, 9, 0, 0, 0, 0x83, 0x92, 0x06, 0xe3, 2, 1, 0, 0, 0, 0, 0, 0,
        ];
        assert_eq!(descriptor.encode(), golden);
        assert_eq!(Descriptor::decode(&golden), Some(descriptor));
        assert!(descriptor.matches(b"123456789"));
        assert!(!descriptor.matches(b"123456780") && !descriptor.matches(b"12345678"));
    }

    #[test]
    fn what_is_not_a_descriptor_is_refused() {
        let good = Descriptor {
            kind: Kind::Command,
            records: 0,
            length: 0,
            crc: 0,
            base_offset: 5,
        }
        .encode();
        assert!(Descriptor::decode(&good).is_some());
        assert!(Descriptor::decode(&good[..23]).is_none());
        for (at, value) in [(0, 2), (1, 3), (1, 1), (2, 1), (4, 1), (23, 0x80)] {
            let mut bad = good;
            bad[at] = value;
            assert!(Descriptor::decode(&bad).is_none(), "byte {at} = {value}");
        }
    }
}
