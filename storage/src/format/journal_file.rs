//! The first block of a journal file: whose file it is, which number it has, how it is read.
//!
//! | at | bytes | field | since |
//! |---|---|---|---|
//! | 0 | 8 | magic `OTTLAJNL` | 1 |
//! | 8 | 2 | version | 1 |
//! | 10 | 2 | zero | 1 |
//! | 12 | 4 | CRC32C of the block, this field read as zero | 1 |
//! | 16 | 16 | journal id: random, the same in all files of a journal | 1 |
//! | 32 | 8 | sequence of the file within the journal, from 1 | 1 |
//! | 40 | 8 | size of the file in bytes, header included | 1 |
//! | 48 | ... | zero to the end of the block | 1 |
//!
//! The header is written and synced under another name, before the file gets its name `<20 digit sequence>.journal`:
//! so a file that has such a name and no valid header is damaged, not young. The journal id is in the seed of every
//! checksum of the file: frames of another journal, or bytes that a client made up, are never taken for ours.

use super::bytes::{array, check_crc, crc_without, need, put, u16_at, u64_at};
use super::{BLOCK, FormatError};

/// The version that this build writes, and the newest that it reads.
pub const VERSION: u16 = 1;
const MAGIC: u64 = u64::from_le_bytes(*b"OTTLAJNL");

const MAGIC_AT: usize = 0;
const VERSION_AT: usize = MAGIC_AT + 8;
const CRC_AT: usize = VERSION_AT + 4;
const JOURNAL_AT: usize = CRC_AT + 4;
const SEQUENCE_AT: usize = JOURNAL_AT + 16;
const SIZE_AT: usize = SEQUENCE_AT + 8;
const USED: usize = SIZE_AT + 8;
const _: () = assert!(USED == 48 && USED <= BLOCK);

/// The header of a journal file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JournalFile {
    /// The journal that the file belongs to.
    pub journal: [u8; 16],
    /// Its number in the journal; numbers are contiguous and never used twice.
    pub sequence: u64,
    /// Its size in bytes.
    pub size: u64,
}

impl JournalFile {
    /// The block.
    pub fn encode(&self) -> [u8; BLOCK] {
        let mut block = [0; BLOCK];
        put(&mut block, MAGIC_AT, MAGIC.to_le_bytes());
        put(&mut block, VERSION_AT, VERSION.to_le_bytes());
        put(&mut block, JOURNAL_AT, self.journal);
        put(&mut block, SEQUENCE_AT, self.sequence.to_le_bytes());
        put(&mut block, SIZE_AT, self.size.to_le_bytes());
        let crc = crc_without(0, &block, CRC_AT);
        put(&mut block, CRC_AT, crc.to_le_bytes());
        block
    }

    /// Reads the block at the start of a file.
    pub fn decode(block: &[u8]) -> Result<JournalFile, FormatError> {
        need(block, BLOCK)?;
        let block = &block[..BLOCK];
        if block.iter().all(|b| *b == 0) {
            return Err(FormatError::Blank);
        }
        let found = u64_at(block, MAGIC_AT);
        if found != MAGIC {
            return Err(FormatError::Magic { found });
        }
        // The version comes before the checksum: a newer format may place its checksum elsewhere.
        let found = u16_at(block, VERSION_AT);
        if found > VERSION {
            return Err(FormatError::Newer {
                found,
                known: VERSION,
            });
        }
        check_crc(0, block, CRC_AT)?;
        if found == 0 {
            return Err(FormatError::Value("version 0"));
        }
        let header = JournalFile {
            journal: array(block, JOURNAL_AT),
            sequence: u64_at(block, SEQUENCE_AT),
            size: u64_at(block, SIZE_AT),
        };
        if header.sequence == 0
            || header.size < 2 * BLOCK as u64
            || !header.size.is_multiple_of(BLOCK as u64)
        {
            return Err(FormatError::Value("file sequence or size"));
        }
        Ok(header)
    }

    /// The name of the file with this sequence.
    pub fn name(sequence: u64) -> String {
        format!("{sequence:020}.journal")
    }

    /// The sequence in a file name, if it is the name of a journal file.
    pub fn parse_name(name: &str) -> Option<u64> {
        let digits = name.strip_suffix(".journal")?;
        let ours = digits.len() == 20 && digits.bytes().all(|b| b.is_ascii_digit());
        if ours { digits.parse().ok() } else { None }
    }
}
