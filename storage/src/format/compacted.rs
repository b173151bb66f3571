//! What compaction has done to a log: the file `compacted` beside its segments. There is none before the first
//! replacement of a segment. It is replaced as a whole, and each replacement of segments counts from the moment it is.
//!
//! | at | bytes | field | since |
//! |---|---|---|---|
//! | 0 | 4 | magic `OCMP` | 1 |
//! | 4 | 2 | version | 1 |
//! | 6 | 2 | zero | 1 |
//! | 8 | 4 | CRC32C of the file, this field read as zero, seeded with the partition id | 1 |
//! | 12 | 4 | number of segments | 1 |
//! | 16 | 4 | number of epochs | 1 |
//! | 20 | 4 | zero | 1 |
//! | 24 | 8 | first offset that no compaction has looked at | 1 |
//! | 32 | 8 | offset at which the segments listed here end | 1 |
//! | 40 | 8 | base offset of the segment whose new file may still have its temporary name, -1: none | 1 |
//! | 48 | 16 each | segments: base offset, bytes | 1 |
//! | ... | 12 each | epochs: leader epoch (4 bytes), its first offset | 1 |
//!
//! The bytes of a segment that compaction has left as it was are not known here: [`UNTOUCHED`].
//!
//! The segments listed are all that a log has up to their end, which ascend; each holds the offsets up to the base of the
//! next. Batches may be missing in them, files may not: with this list a gap that compaction made is told from a loss.
//! The epochs are those of the listed segments as they were, since the batches that began them may be gone.

use ottla_protocol::ids::PartitionId;

use super::FormatError;
use super::bytes::{check_crc, crc_without, i32_at, i64_at, need, put, u16_at, u32_at, u64_at};

/// The version that this build writes, and the newest that it reads.
pub const VERSION: u16 = 1;
/// In place of its length: a segment in which there was nothing to do.
pub const UNTOUCHED: u64 = u64::MAX;
const MAGIC: u32 = u32::from_le_bytes(*b"OCMP");

const MAGIC_AT: usize = 0;
const VERSION_AT: usize = MAGIC_AT + 4;
const CRC_AT: usize = VERSION_AT + 4;
const SEGMENTS_AT: usize = CRC_AT + 4;
const EPOCHS_AT: usize = SEGMENTS_AT + 4;
const CLEAN_TO_AT: usize = EPOCHS_AT + 8;
const END_AT: usize = CLEAN_TO_AT + 8;
const SWAP_AT: usize = END_AT + 8;
const LISTS_AT: usize = SWAP_AT + 8;
const SEGMENT: usize = 16;
const EPOCH: usize = 12;
const _: () = assert!(LISTS_AT == 48);

/// What compaction has done to a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compacted {
    /// First offset that no compaction has looked at.
    pub clean_to: i64,
    /// Offset at which the listed segments end.
    pub end: i64,
    /// Base offset of the segment whose new file may still have its temporary name.
    pub swap: Option<i64>,
    /// Base offsets and lengths, ascending.
    pub segments: Vec<(i64, u64)>,
    /// Leader epochs and their first offsets, ascending.
    pub epochs: Vec<(i32, i64)>,
}

impl Compacted {
    /// Of a log that was never compacted.
    pub const NONE: Compacted = Compacted {
        clean_to: 0,
        end: 0,
        swap: None,
        segments: Vec::new(),
        epochs: Vec::new(),
    };

    /// Was this segment written anew?
    pub fn is_compacted(&self, base: i64) -> bool {
        let of = |(b, length): &(i64, u64)| *b == base && *length != UNTOUCHED;
        self.segments.iter().any(of)
    }

    /// The file of partition `id`.
    pub fn encode(&self, id: PartitionId) -> Vec<u8> {
        let mut out = vec![0; LISTS_AT];
        put(&mut out, MAGIC_AT, MAGIC.to_le_bytes());
        put(&mut out, VERSION_AT, VERSION.to_le_bytes());
        put(
            &mut out,
            SEGMENTS_AT,
            (self.segments.len() as u32).to_le_bytes(),
        );
        put(
            &mut out,
            EPOCHS_AT,
            (self.epochs.len() as u32).to_le_bytes(),
        );
        put(&mut out, CLEAN_TO_AT, self.clean_to.to_le_bytes());
        put(&mut out, END_AT, self.end.to_le_bytes());
        put(&mut out, SWAP_AT, self.swap.unwrap_or(-1).to_le_bytes());
        for (base, length) in &self.segments {
            out.extend_from_slice(&base.to_le_bytes());
            out.extend_from_slice(&length.to_le_bytes());
        }
        for (epoch, start) in &self.epochs {
            out.extend_from_slice(&epoch.to_le_bytes());
            out.extend_from_slice(&start.to_le_bytes());
        }
        let crc = crc_without(seed(id), &out, CRC_AT);
        put(&mut out, CRC_AT, crc.to_le_bytes());
        out
    }

    /// Reads the file of partition `id`.
    pub fn decode(bytes: &[u8], id: PartitionId) -> Result<Compacted, FormatError> {
        need(bytes, LISTS_AT)?;
        let found = u32_at(bytes, MAGIC_AT);
        if found != MAGIC {
            return Err(FormatError::Magic {
                found: u64::from(found),
            });
        }
        let found = u16_at(bytes, VERSION_AT);
        if found > VERSION {
            return Err(FormatError::Newer {
                found,
                known: VERSION,
            });
        }
        check_crc(seed(id), bytes, CRC_AT)?;
        let (segments, epochs) = (
            u32_at(bytes, SEGMENTS_AT) as usize,
            u32_at(bytes, EPOCHS_AT) as usize,
        );
        let epochs_at = LISTS_AT + segments * SEGMENT;
        if bytes.len() != epochs_at + epochs * EPOCH {
            return Err(FormatError::Value("lengths of the lists of a compaction"));
        }
        let segment = |i: usize| {
            let at = LISTS_AT + i * SEGMENT;
            (i64_at(bytes, at), u64_at(bytes, at + 8))
        };
        let epoch = |i: usize| {
            let at = epochs_at + i * EPOCH;
            (i32_at(bytes, at), i64_at(bytes, at + 4))
        };
        let compacted = Compacted {
            clean_to: i64_at(bytes, CLEAN_TO_AT),
            end: i64_at(bytes, END_AT),
            swap: Some(i64_at(bytes, SWAP_AT)).filter(|base| *base >= 0),
            segments: (0..segments).map(segment).collect(),
            epochs: (0..epochs).map(epoch).collect(),
        };
        compacted.check().map(|()| compacted)
    }

    fn check(&self) -> Result<(), FormatError> {
        let ascend = self.segments.windows(2).all(|w| w[0].0 < w[1].0)
            && self
                .epochs
                .windows(2)
                .all(|w| w[0].0 < w[1].0 && w[0].1 <= w[1].1);
        let ends = self.segments.last().is_none_or(|last| last.0 < self.end);
        let listed = self
            .swap
            .is_none_or(|swap| self.segments.iter().any(|(base, _)| *base == swap));
        if ascend && ends && listed && self.clean_to >= 0 {
            Ok(())
        } else {
            Err(FormatError::Value("order of the lists of a compaction"))
        }
    }
}

fn seed(id: PartitionId) -> u32 {
    let crc = crc32c::crc32c(&id.topic.0);
    crc32c::crc32c_append(crc, &id.partition.to_le_bytes())
}
