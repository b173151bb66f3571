//! The sidecar index of a segment: a sparse map from offsets and timestamps to positions, the places where a new leader
//! epoch starts, the transactions that were aborted in it, and those that are open. It holds nothing that a scan of the log
//! up to there would not give, so it is written without a sync, its last block is rewritten in place, and a block that
//! cannot be read costs a scan of what it covered.
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
//! | ... | 32 each | aborted transactions | 2 |
//! | ... | 16 each | open transactions: producer id, first offset | 2 |
//! | 4080 | 2 | number of aborted transactions | 2 |
//! | 4082 | 2 | flags: 1 batches of transactions are described, 2 the open transactions are too many to stand here | 2 |
//! | 4084 | 4 | number of open transactions | 2 |
//! | 4088 | 8 | the segment's bytes that earlier blocks describe | 2 |
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
//!
//! An aborted transaction stands in the index of the segment that has its marker: producer id, first offset, offset of the
//! marker, last stable offset behind it, 8 bytes each, in the order of the markers. The open transactions are those that
//! are open behind `covered`. Version 1 knew no transactions.

use ottla_protocol::ids::PartitionId;

use super::bytes::{check_crc, crc_without, i32_at, i64_at, need, put, u16_at, u32_at, u64_at};
use super::{BLOCK, FormatError};

/// The version that this build writes, and the newest that it reads.
pub const VERSION: u16 = 2;
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
/// Entries and aborted transactions that one block holds, together.
pub const PER_BLOCK: usize = (BLOCK - ENTRIES_AT) / ENTRY;
const OPEN: usize = 16;
/// Open transactions that have the room of one entry.
pub const OPEN_PER_ENTRY: usize = ENTRY / OPEN;
const ABORTED_COUNT_AT: usize = ENTRIES_AT + PER_BLOCK * ENTRY;
const FLAGS_AT: usize = ABORTED_COUNT_AT + 2;
const OPEN_COUNT_AT: usize = FLAGS_AT + 2;
const FROM_AT: usize = OPEN_COUNT_AT + 4;
const _: () = assert!(ENTRIES_AT == 48 && PER_BLOCK == 126 && FROM_AT + 8 == BLOCK);
const TRANSACTIONAL: u16 = 1;
const TOO_MANY_OPEN: u16 = 2;

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

/// A transaction that is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenTxn {
    /// Whose it is.
    pub producer_id: i64,
    /// Offset of its first record.
    pub first_offset: i64,
}

/// One block of a sidecar index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexBlock {
    /// Its number in the file.
    pub number: u32,
    /// Bytes of the segment that earlier blocks describe.
    pub from: u64,
    /// Bytes of the segment that the file describes up to and with this block.
    pub covered: u64,
    /// Largest timestamp in them, -1 if none.
    pub max_timestamp: i64,
    /// Offset after them.
    pub end_offset: i64,
    /// The indexed batches.
    pub entries: Vec<IndexEntry>,
    /// Transactions whose abort it describes; no more than [`PER_BLOCK`] with the entries.
    pub aborted: Vec<AbortedTxn>,
    /// The transactions that are open behind `covered`, if there was room: [`OPEN_PER_ENTRY`] in the place of one entry.
    pub open: Option<Vec<OpenTxn>>,
    /// Does it describe batches of transactions?
    pub transactional: bool,
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
    /// With more than there is room for.
    pub fn encode(&self, id: PartitionId, base: i64) -> [u8; BLOCK] {
        let open = self.open.as_deref().unwrap_or_default();
        assert!(
            fits(self.entries.len(), self.aborted.len(), open.len()),
            "{} entries, {} aborted and {} open transactions in an index block",
            self.entries.len(),
            self.aborted.len(),
            open.len()
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
        self.put_transactions(&mut block, open);
        let crc = crc_without(seed(id, base), &block, CRC_AT);
        put(&mut block, CRC_AT, crc.to_le_bytes());
        block
    }

    fn put_transactions(&self, block: &mut [u8; BLOCK], open: &[OpenTxn]) {
        let mut at = ENTRIES_AT + self.entries.len() * ENTRY;
        for txn in &self.aborted {
            put(block, at, txn.producer_id.to_le_bytes());
            put(block, at + 8, txn.first_offset.to_le_bytes());
            put(block, at + 16, txn.last_offset.to_le_bytes());
            put(block, at + 24, txn.last_stable_offset.to_le_bytes());
            at += ENTRY;
        }
        for txn in open {
            put(block, at, txn.producer_id.to_le_bytes());
            put(block, at + 8, txn.first_offset.to_le_bytes());
            at += OPEN;
        }
        let mut flags = 0;
        if self.transactional {
            flags |= TRANSACTIONAL;
        }
        if self.open.is_none() {
            flags |= TOO_MANY_OPEN;
        }
        put(
            block,
            ABORTED_COUNT_AT,
            (self.aborted.len() as u16).to_le_bytes(),
        );
        put(block, FLAGS_AT, flags.to_le_bytes());
        put(block, OPEN_COUNT_AT, (open.len() as u32).to_le_bytes());
        put(block, FROM_AT, self.from.to_le_bytes());
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
        let knows_transactions = found > 1;
        let count = usize::from(u16_at(block, COUNT_AT));
        let (aborted, open) = match knows_transactions {
            true => (
                usize::from(u16_at(block, ABORTED_COUNT_AT)),
                u32_at(block, OPEN_COUNT_AT) as usize,
            ),
            false => (0, 0),
        };
        if !fits(count, aborted, open)
            || i64_at(block, BASE_AT) != base
            || u32_at(block, NUMBER_AT) != number
        {
            return Err(FormatError::Value("an index block of another place"));
        }
        let entries: Vec<IndexEntry> = (0..count)
            .map(|i| entry_at(block, ENTRIES_AT + i * ENTRY))
            .collect();
        let aborted_at = ENTRIES_AT + count * ENTRY;
        let open_at = aborted_at + aborted * ENTRY;
        let (flags, from) = match knows_transactions {
            true => (u16_at(block, FLAGS_AT), u64_at(block, FROM_AT)),
            false => (0, entries.first().map_or(0, |first| first.position)),
        };
        let open = (0..open).map(|i| open_txn_at(block, open_at + i * OPEN));
        Ok(IndexBlock {
            number,
            from,
            aborted: (0..aborted)
                .map(|i| aborted_txn_at(block, aborted_at + i * ENTRY))
                .collect(),
            open: (flags & TOO_MANY_OPEN == 0).then(|| open.collect()),
            transactional: flags & TRANSACTIONAL != 0,
            covered: u64_at(block, COVERED_AT),
            max_timestamp: i64_at(block, MAX_TIMESTAMP_AT),
            end_offset: i64_at(block, END_AT),
            entries,
        })
    }
}

/// Is there room in one block for so many entries, aborted and open transactions?
pub fn fits(entries: usize, aborted: usize, open: usize) -> bool {
    let taken = entries
        .saturating_add(aborted)
        .saturating_mul(OPEN_PER_ENTRY);
    taken.saturating_add(open) <= PER_BLOCK * OPEN_PER_ENTRY
}

fn aborted_txn_at(block: &[u8], at: usize) -> AbortedTxn {
    AbortedTxn {
        producer_id: i64_at(block, at),
        first_offset: i64_at(block, at + 8),
        last_offset: i64_at(block, at + 16),
        last_stable_offset: i64_at(block, at + 24),
    }
}

fn open_txn_at(block: &[u8], at: usize) -> OpenTxn {
    OpenTxn {
        producer_id: i64_at(block, at),
        first_offset: i64_at(block, at + 8),
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
