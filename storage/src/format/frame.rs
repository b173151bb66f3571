//! One frame of a run. Frames start at multiples of 8 within the run; the bytes between them are zero.
//!
//! | at | bytes | field | entry | hard state | truncate | checkpoint | forget |
//! |---|---|---|---|---|---|---|---|
//! | 0 | 1 | kind | 1 inline, 2 by reference, 7 a batch inline | 3 | 4 | 5 | 6 |
//! | 1 | 1 | entry kind | 0 data, 1 empty, 2 command, 3 config | 0 | 0 | 0 | 0 |
//! | 2 | 2 | zero | | | | | |
//! | 4 | 4 | CRC32C of this header, this field read as zero | | | | | |
//! | 8 | 16 | topic id | | | | | |
//! | 24 | 4 | partition number | | | | | |
//! | 28 | 4 | records | count of records | 0 | 0 | 0 | 0 |
//! | 32 | 8 | index | Raft index | commit | first index gone | index | 0 |
//! | 40 | 8 | term | Raft term | term | 0 | term | 0 |
//! | 48 | 8 | offset | base offset (the next one for entries without records) | vote | 0 | end offset | 0 |
//! | 56 | 4 | body length | | 0 | 0 | | 0 |
//! | 60 | 4 | CRC32C of the body; of a batch its digest (`record::digest`) | | | | | |
//! | 64 | n | body | the entry's bytes | | | `format::checkpoint` | |
//!
//! All since version 1 of the journal file. Both checksums are seeded with the journal id, the nonce and ordinal of the
//! run, and the frame's place in it; file and position are bound by the run's header; the partition is under the
//! header's checksum. Kind 2 is reserved: an entry whose body (segment base offset, position, length, checksum) stands
//! in a segment. This build never writes it and refuses to replay it. Kind 7 came with the digest: until then batches were of
//! kind 1, and are still read.

use bytes::Bytes;
use ottla_protocol::ids::{PartitionId, Uuid};
use ottla_protocol::record;

use super::FormatError;
use super::bytes::{array, check_crc, crc_without, i32_at, i64_at, need, put, u32_at, u64_at};
use super::checkpoint::Checkpoint;

const KIND_AT: usize = 0;
const ENTRY_KIND_AT: usize = KIND_AT + 1;
const ZERO_AT: usize = ENTRY_KIND_AT + 1;
const CRC_AT: usize = ZERO_AT + 2;
const TOPIC_AT: usize = CRC_AT + 4;
const PARTITION_AT: usize = TOPIC_AT + 16;
const RECORDS_AT: usize = PARTITION_AT + 4;
const INDEX_AT: usize = RECORDS_AT + 4;
const TERM_AT: usize = INDEX_AT + 8;
const OFFSET_AT: usize = TERM_AT + 8;
const LENGTH_AT: usize = OFFSET_AT + 8;
const BODY_CRC_AT: usize = LENGTH_AT + 4;
/// Bytes of a frame's header.
pub const HEAD: usize = BODY_CRC_AT + 4;
/// Frames start at multiples of this within a run.
pub const ALIGN: usize = 8;
const _: () = assert!(HEAD == 64 && HEAD.is_multiple_of(ALIGN));

const ENTRY: u8 = 1;
const ENTRY_BY_REFERENCE: u8 = 2;
const HARD_STATE: u8 = 3;
const TRUNCATE: u8 = 4;
const CHECKPOINT: u8 = 5;
const FORGET: u8 = 6;
const BATCH: u8 = 7;

/// What a Raft entry carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum EntryKind {
    /// One record batch; the only kind that has offsets and goes into segments.
    Data = 0,
    /// A leader's first entry.
    Empty = 1,
    /// A command to the partition's state machine.
    Command = 2,
    /// A change of the group's members.
    Config = 3,
}

impl EntryKind {
    fn from_byte(byte: u8) -> Result<EntryKind, FormatError> {
        match byte {
            0 => Ok(EntryKind::Data),
            1 => Ok(EntryKind::Empty),
            2 => Ok(EntryKind::Command),
            3 => Ok(EntryKind::Config),
            _ => Err(FormatError::Value("entry kind")),
        }
    }
}

/// A Raft entry with its payload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Raft index, from 1.
    pub index: u64,
    /// Raft term.
    pub term: u64,
    /// What the body is.
    pub kind: EntryKind,
    /// Offset of the first record; for an entry without records the offset that the next record gets.
    pub base_offset: i64,
    /// Number of offsets used: records of the batch, 0 unless `kind` is [`EntryKind::Data`].
    pub records: u32,
    /// The payload: for data, one record batch with its base offset and leader epoch set.
    pub body: Bytes,
}

/// Raft's hard state: must be durable before the messages that depend on it leave.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HardState {
    /// Current term.
    pub term: u64,
    /// Node voted for in this term; 0 = none.
    pub vote: u64,
    /// Highest index known committed (may lag).
    pub commit: u64,
}

/// One thing made durable by the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame {
    /// A Raft entry, appended after all earlier ones of the partition.
    Entry {
        /// The partition.
        id: PartitionId,
        /// The entry.
        entry: Entry,
    },
    /// The partition's hard state.
    HardState {
        /// The partition.
        id: PartitionId,
        /// Its new hard state.
        hard: HardState,
    },
    /// Entries at and above an index are gone (a conflict with the leader's log).
    Truncate {
        /// The partition.
        id: PartitionId,
        /// First index that is gone.
        from: u64,
    },
    /// Everything up to an index is in flushed segments or in the state that the frame carries.
    Checkpoint {
        /// The partition.
        id: PartitionId,
        /// What is where.
        checkpoint: Checkpoint,
    },
    /// The partition is no longer on this node; everything before this frame about it is void.
    Forget {
        /// The partition.
        id: PartitionId,
    },
}

impl Frame {
    /// The partition that the frame is about.
    pub fn id(&self) -> PartitionId {
        match self {
            Frame::Entry { id, .. }
            | Frame::HardState { id, .. }
            | Frame::Truncate { id, .. }
            | Frame::Checkpoint { id, .. }
            | Frame::Forget { id } => *id,
        }
    }

    /// Header and body, to be written one after the other at `at` bytes from the start of the run.
    pub fn encode(&self, seed: Seed, at: u32) -> ([u8; HEAD], Bytes) {
        let mut head = [0; HEAD];
        let (kind, fields) = self.fields();
        put(&mut head, KIND_AT, [kind]);
        put(&mut head, ENTRY_KIND_AT, [fields.entry_kind]);
        let id = self.id();
        put(&mut head, TOPIC_AT, id.topic.0);
        put(&mut head, PARTITION_AT, id.partition.to_le_bytes());
        put(&mut head, RECORDS_AT, fields.records.to_le_bytes());
        put(&mut head, INDEX_AT, fields.index.to_le_bytes());
        put(&mut head, TERM_AT, fields.term.to_le_bytes());
        put(&mut head, OFFSET_AT, fields.offset.to_le_bytes());
        put(
            &mut head,
            LENGTH_AT,
            (fields.body.len() as u32).to_le_bytes(),
        );
        let seed = seed.at(at);
        let body_crc = body_crc(kind, seed, &fields.body);
        put(&mut head, BODY_CRC_AT, body_crc.to_le_bytes());
        let crc = crc_without(seed, &head, CRC_AT);
        put(&mut head, CRC_AT, crc.to_le_bytes());
        (head, fields.body)
    }

    /// Bytes that the frame takes in a run, padding included.
    pub fn encoded_len(&self) -> usize {
        let body = match self {
            Frame::Entry { entry, .. } => entry.body.len(),
            Frame::Checkpoint { checkpoint, .. } => checkpoint.encoded_len(),
            _ => 0,
        };
        (HEAD + body).next_multiple_of(ALIGN)
    }

    fn fields(&self) -> (u8, Fields) {
        match self {
            Frame::Entry { entry, .. } => {
                let fields = Fields {
                    entry_kind: entry.kind as u8,
                    records: entry.records,
                    index: entry.index,
                    term: entry.term,
                    offset: entry.base_offset,
                    body: entry.body.clone(),
                };
                // The batch's own checksum was looked at when it came; computing another over the same bytes costs as much.
                let kind = if entry.kind == EntryKind::Data {
                    BATCH
                } else {
                    ENTRY
                };
                (kind, fields)
            }
            Frame::HardState { hard, .. } => {
                let vote = i64::from_le_bytes(hard.vote.to_le_bytes());
                (
                    HARD_STATE,
                    Fields {
                        index: hard.commit,
                        term: hard.term,
                        offset: vote,
                        ..Fields::default()
                    },
                )
            }
            Frame::Truncate { from, .. } => (
                TRUNCATE,
                Fields {
                    index: *from,
                    ..Fields::default()
                },
            ),
            Frame::Checkpoint { checkpoint, .. } => {
                let fields = Fields {
                    index: checkpoint.index,
                    term: checkpoint.term,
                    offset: checkpoint.end_offset,
                    body: checkpoint.encode_body(),
                    ..Fields::default()
                };
                (CHECKPOINT, fields)
            }
            Frame::Forget { .. } => (FORGET, Fields::default()),
        }
    }
}

#[derive(Default)]
struct Fields {
    entry_kind: u8,
    records: u32,
    index: u64,
    term: u64,
    offset: i64,
    body: Bytes,
}

/// What the checksums of a run's frames start from.
#[derive(Clone, Copy, Debug)]
pub struct Seed(u32);

impl Seed {
    /// The seed of the frames in one run.
    pub fn new(journal: &[u8; 16], nonce: u64, ordinal: u64) -> Seed {
        let crc = crc32c::crc32c(journal);
        let crc = crc32c::crc32c_append(crc, &nonce.to_le_bytes());
        Seed(crc32c::crc32c_append(crc, &ordinal.to_le_bytes()))
    }

    fn at(self, at: u32) -> u32 {
        crc32c::crc32c_append(self.0, &at.to_le_bytes())
    }
}

/// Reads the frame at `at` of a run, `run` being all of its bytes from its header to its length. Returns the frame
/// and the place of the next one.
pub fn decode(run: &Bytes, at: usize, seed: Seed) -> Result<(Frame, usize), FormatError> {
    let rest = run.get(at..).unwrap_or_default();
    need(rest, HEAD)?;
    let head = &rest[..HEAD];
    let seed = seed.at(at as u32);
    check_crc(seed, head, CRC_AT)?;
    let length = u32_at(head, LENGTH_AT) as usize;
    let next = HEAD.saturating_add(length).next_multiple_of(ALIGN);
    need(rest, next)?;
    let body = run.slice(at + HEAD..at + HEAD + length);
    let stored = u32_at(head, BODY_CRC_AT);
    let computed = body_crc(head[KIND_AT], seed, &body);
    if stored != computed {
        return Err(FormatError::Checksum { stored, computed });
    }
    if head[KIND_AT] == BATCH
        && let Some((stored, computed)) = record::own_checksum(&body).filter(|(a, b)| a != b)
    {
        return Err(FormatError::Checksum { stored, computed });
    }
    if rest[HEAD + length..next].iter().any(|b| *b != 0) {
        return Err(FormatError::Value("padding between frames"));
    }
    Ok((build(head, body)?, at + next))
}

fn body_crc(kind: u8, seed: u32, body: &[u8]) -> u32 {
    match kind {
        BATCH => record::digest(seed, body),
        _ => crc32c::crc32c_append(seed, body),
    }
}

fn build(head: &[u8], body: Bytes) -> Result<Frame, FormatError> {
    let id = PartitionId {
        topic: Uuid(array(head, TOPIC_AT)),
        partition: i32_at(head, PARTITION_AT),
    };
    let (index, term, offset) = (
        u64_at(head, INDEX_AT),
        u64_at(head, TERM_AT),
        i64_at(head, OFFSET_AT),
    );
    if !matches!(head[KIND_AT], CHECKPOINT | ENTRY | BATCH) && !body.is_empty() {
        return Err(FormatError::Value("a body where none belongs"));
    }
    match head[KIND_AT] {
        ENTRY | BATCH => {
            let kind = EntryKind::from_byte(head[ENTRY_KIND_AT])?;
            if head[KIND_AT] == BATCH && kind != EntryKind::Data {
                return Err(FormatError::Value("entry kind of a batch"));
            }
            let records = u32_at(head, RECORDS_AT);
            Ok(Frame::Entry {
                id,
                entry: Entry {
                    index,
                    term,
                    kind,
                    base_offset: offset,
                    records,
                    body,
                },
            })
        }
        ENTRY_BY_REFERENCE => Err(FormatError::Value(
            "an entry by reference: not written by any build so far",
        )),
        HARD_STATE => {
            let vote = u64::from_le_bytes(offset.to_le_bytes());
            Ok(Frame::HardState {
                id,
                hard: HardState {
                    term,
                    vote,
                    commit: index,
                },
            })
        }
        TRUNCATE => Ok(Frame::Truncate { id, from: index }),
        CHECKPOINT => Ok(Frame::Checkpoint {
            id,
            checkpoint: Checkpoint::decode_body(index, term, offset, &body)?,
        }),
        FORGET => Ok(Frame::Forget { id }),
        _ => Err(FormatError::Value("frame kind")),
    }
}
