//! The sidecar index of a segment: a sparse map from offsets and timestamps to positions, and the places where a new
//! leader epoch starts. It holds nothing that a scan of the segment would not give, so it is written without a sync,
//! its last block is rewritten in place, and a block that cannot be read costs a scan of what it covered.
//!
//! The file is a sequence of blocks of 4,096 bytes, all alike:
//!
//! | at | bytes | field | since |
//! |---|---|---|---|
//! | 0 | 4 | magic `OIDX` | 1 |
//! | 4 | 2 | version | 1 |
//! | 6 | 2 | number of entries | 1 |
//! | 8 | 4 | CRC32C of the block, this field read as zero, seeded with partition id and the segment's base offset | 1 |
//! | 12 | 4 | number of the block in the file, from 0 | 1 |
//! | 16 | 8 | base offset of the segment | 1 |
//! | 24 | 8 | `covered`: the segment's bytes that this and earlier blocks describe | 1 |
//! | 32 | 8 | largest timestamp in these bytes, -1 if none | 1 |
//! | 40 | 8 | offset after these bytes | 1 |
//! | 48 | 32 each | entries | 1 |
//!
//! An entry describes the batch that starts at its position:
//!
//! | at | bytes | field |
//! |---|---|---|
//! | 0 | 8 | base offset of the batch |
//! | 8 | 8 | position of the batch in the segment |
//! | 16 | 8 | largest timestamp of all batches of the segment before it, -1 if none |
//! | 24 | 4 | leader epoch of the batch |
//! | 28 | 4 | zero |
//!
//! Entries ascend in offset and position. The first batch of a segment and the first batch of each epoch always have
//! one. Every use of an entry checks that the batch found at its position has its offset.

use ottla_protocol::ids::PartitionId;

use super::bytes::{check_crc, crc_without, i32_at, i64_at, need, put, u16_at, u32_at, u64_at};
use super::{BLOCK, FormatError};

/// The version that this build writes, and the newest that it reads.
pub const VERSION: u16 = 1;
const MAGIC: u32 = u32::from_le_bytes(*b"OIDX");

const MAGIC_AT: usize = 0;
const VERSION_AT: usize = MAGIC_AT + 4;
const COUNT_AT: usize = VERSION_AT + 2;
const CRC_AT: usize = COUNT_AT + 2;
const NUMBER_AT: usize = CRC_AT + 4;
const BASE_AT: usize = NUMBER_AT + 4;
const COVERED_AT: usize = BASE_AT + 8;
const MAX_TIMESTAMP_AT: usize = COVERED_AT + 8;
const END_AT: usize = MAX_TIMESTAMP_AT + 8;
const ENTRIES_AT: usize = END_AT + 8;
const ENTRY: usize = 32;
/// Entries that one block holds.
pub const PER_BLOCK: usize = (BLOCK - ENTRIES_AT) / ENTRY;
const _: () = assert!(ENTRIES_AT == 48 && PER_BLOCK == 126);

/// One indexed batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IndexEntry {
    /// Base offset of the batch.
    pub offset: i64,
    /// Where it starts in the segment.
    pub position: u64,
    /// Largest timestamp of the segment's batches before it, -1 if none.
    pub max_before: i64,
    /// Its leader epoch.
    pub epoch: i32,
}

/// A transaction that was aborted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AbortedTxn {
    /// Whose it was.
    pub producer_id: i64,
    /// Offset of its first record.
    pub first_offset: i64,
    /// Offset of its marker.
    pub last_offset: i64,
    /// First offset of the oldest transaction that was open behind the marker, the marker's next one if none was: no later
    /// marker ends a transaction that began before it.
    pub last_stable_offset: i64,
}

impl AbortedTxn {
    /// Does it reach into the offsets `from..to`?
    pub fn overlaps(&self, from: i64, to: i64) -> bool {
        self.last_offset >= from && self.first_offset < to
    }
}

/// One block of a sidecar index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexBlock {
    /// Its number in the file.
    pub number: u32,
    /// Bytes of the segment that the file describes up to and with this block.
    pub covered: u64,
    /// Largest timestamp in them, -1 if none.
    pub max_timestamp: i64,
    /// Offset after them.
    pub end_offset: i64,
    /// At most [`PER_BLOCK`].
    pub entries: Vec<IndexEntry>,
}

fn seed(id: PartitionId, base: i64) -> u32 {
    let crc = crc32c::crc32c(&id.topic.0);
    let crc = crc32c::crc32c_append(crc, &id.partition.to_le_bytes());
    crc32c::crc32c_append(crc, &base.to_le_bytes())
}

impl IndexBlock {
    /// The block of the index of segment `base` of partition `id`.
    ///
    /// # Panics
    /// With more than [`PER_BLOCK`] entries.
    pub fn encode(&self, id: PartitionId, base: i64) -> [u8; BLOCK] {
        assert!(
            self.entries.len() <= PER_BLOCK,
            "{} entries in an index block",
            self.entries.len()
        );
        let mut block = [0; BLOCK];
        put(&mut block, MAGIC_AT, MAGIC.to_le_bytes());
        put(&mut block, VERSION_AT, VERSION.to_le_bytes());
        put(
            &mut block,
            COUNT_AT,
            (self.entries.len() as u16).to_le_bytes(),
        );
        put(&mut block, NUMBER_AT, self.number.to_le_bytes());
        put(&mut block, BASE_AT, base.to_le_bytes());
        put(&mut block, COVERED_AT, self.covered.to_le_bytes());
        put(
            &mut block,
            MAX_TIMESTAMP_AT,
            self.max_timestamp.to_le_bytes(),
        );
        put(&mut block, END_AT, self.end_offset.to_le_bytes());
        for (i, entry) in self.entries.iter().enumerate() {
            let at = ENTRIES_AT + i * ENTRY;
            put(&mut block, at, entry.offset.to_le_bytes());
            put(&mut block, at + 8, entry.position.to_le_bytes());
            put(&mut block, at + 16, entry.max_before.to_le_bytes());
            put(&mut block, at + 24, entry.epoch.to_le_bytes());
        }
        let crc = crc_without(seed(id, base), &block, CRC_AT);
        put(&mut block, CRC_AT, crc.to_le_bytes());
        block
    }

    /// Reads block `number` of the index of segment `base` of partition `id`.
    pub fn decode(
        block: &[u8],
        id: PartitionId,
        base: i64,
        number: u32,
    ) -> Result<IndexBlock, FormatError> {
        need(block, BLOCK)?;
        let block = &block[..BLOCK];
        let found = u32_at(block, MAGIC_AT);
        if found != MAGIC {
            let blank = block.iter().all(|b| *b == 0);
            return Err(if blank {
                FormatError::Blank
            } else {
                FormatError::Magic {
                    found: u64::from(found),
                }
            });
        }
        let found = u16_at(block, VERSION_AT);
        if found > VERSION {
            return Err(FormatError::Newer {
                found,
                known: VERSION,
            });
        }
        check_crc(seed(id, base), block, CRC_AT)?;
        let count = usize::from(u16_at(block, COUNT_AT));
        if count > PER_BLOCK || i64_at(block, BASE_AT) != base || u32_at(block, NUMBER_AT) != number
        {
            return Err(FormatError::Value("an index block of another place"));
        }
        let entries = (0..count)
            .map(|i| entry_at(block, ENTRIES_AT + i * ENTRY))
            .collect();
        Ok(IndexBlock {
            number,
            covered: u64_at(block, COVERED_AT),
            max_timestamp: i64_at(block, MAX_TIMESTAMP_AT),
            end_offset: i64_at(block, END_AT),
            entries,
        })
    }
}

fn entry_at(block: &[u8], at: usize) -> IndexEntry {
    IndexEntry {
        offset: i64_at(block, at),
        position: u64_at(block, at + 8),
        max_before: i64_at(block, at + 16),
        epoch: i32_at(block, at + 24),
    }
}
