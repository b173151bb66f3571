//! A run: what one journal write carries. It starts at a block boundary, and holds a header, then frames; the rest of
//! its last block is zero. No later write touches any of its blocks.
//!
//! | at | bytes | field | since |
//! |---|---|---|---|
//! | 0 | 4 | magic `ORUN` | 1 |
//! | 4 | 4 | CRC32C of the header, this field read as zero, seeded with the journal id | 1 |
//! | 8 | 8 | sequence of the file | 1 |
//! | 16 | 8 | position in the file | 1 |
//! | 24 | 8 | ordinal of the run, one more than the run before | 1 |
//! | 32 | 8 | `flushed`: ordinal through which all runs were known durable when this one was written | 1 |
//! | 40 | 8 | nonce, drawn each time the journal is opened | 1 |
//! | 48 | 4 | checksum field of the run before (0 in the first run of a journal) | 1 |
//! | 52 | 4 | length in bytes, header included, padding not | 1 |
//! | 56 | 4 | number of frames | 1 |
//! | 60 | 4 | zero | 1 |
//!
//! What a crash may leave: several runs are in flight at a time, so after the last flushed run any mix of whole, torn
//! and missing runs. `flushed` tells such a *torn tail* from *damage*: a run that cannot be read was acknowledged if
//! some later run says `flushed >= its ordinal`; if none does, nobody was told that it is there. The chain of
//! checksums keeps a survivor of an earlier crash from being taken for the follower of a run written later in front
//! of it, and the nonce does the same for the frames inside.

use super::FormatError;
use super::bytes::{check_crc, crc_without, need, put, u32_at, u64_at};

const MAGIC: u32 = u32::from_le_bytes(*b"ORUN");

const MAGIC_AT: usize = 0;
const CRC_AT: usize = MAGIC_AT + 4;
const SEQUENCE_AT: usize = CRC_AT + 4;
const POSITION_AT: usize = SEQUENCE_AT + 8;
const ORDINAL_AT: usize = POSITION_AT + 8;
const FLUSHED_AT: usize = ORDINAL_AT + 8;
const NONCE_AT: usize = FLUSHED_AT + 8;
const PREVIOUS_AT: usize = NONCE_AT + 8;
const LENGTH_AT: usize = PREVIOUS_AT + 4;
const FRAMES_AT: usize = LENGTH_AT + 4;
const ZERO_AT: usize = FRAMES_AT + 4;
/// Bytes of the header.
pub const HEAD: usize = ZERO_AT + 4;
const _: () = assert!(HEAD == 64 && HEAD.is_multiple_of(super::frame::ALIGN));

/// The header of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// Sequence of the file that it is in.
    pub sequence: u64,
    /// Where in the file it starts; a multiple of the block size.
    pub position: u64,
    /// Its number in the journal.
    pub ordinal: u64,
    /// All runs up to this ordinal were durable when it was written.
    pub flushed: u64,
    /// Drawn when the journal was opened.
    pub nonce: u64,
    /// The checksum of the run before.
    pub previous: u32,
    /// Bytes, header included, padding not.
    pub length: u32,
    /// Frames inside.
    pub frames: u32,
}

impl Run {
    /// The header, and its checksum for the next run's `previous`.
    pub fn encode(&self, journal: &[u8; 16]) -> ([u8; HEAD], u32) {
        let mut head = [0; HEAD];
        put(&mut head, MAGIC_AT, MAGIC.to_le_bytes());
        put(&mut head, SEQUENCE_AT, self.sequence.to_le_bytes());
        put(&mut head, POSITION_AT, self.position.to_le_bytes());
        put(&mut head, ORDINAL_AT, self.ordinal.to_le_bytes());
        put(&mut head, FLUSHED_AT, self.flushed.to_le_bytes());
        put(&mut head, NONCE_AT, self.nonce.to_le_bytes());
        put(&mut head, PREVIOUS_AT, self.previous.to_le_bytes());
        put(&mut head, LENGTH_AT, self.length.to_le_bytes());
        put(&mut head, FRAMES_AT, self.frames.to_le_bytes());
        let crc = crc_without(crc32c::crc32c(journal), &head, CRC_AT);
        put(&mut head, CRC_AT, crc.to_le_bytes());
        (head, crc)
    }

    /// Reads the header that should be at `position` of file `sequence`; returns its checksum too.
    pub fn decode(
        bytes: &[u8],
        journal: &[u8; 16],
        sequence: u64,
        position: u64,
    ) -> Result<(Run, u32), FormatError> {
        need(bytes, HEAD)?;
        let head = &bytes[..HEAD];
        let found = u32_at(head, MAGIC_AT);
        if found != MAGIC {
            let blank = head.iter().all(|b| *b == 0);
            return Err(if blank {
                FormatError::Blank
            } else {
                FormatError::Magic {
                    found: u64::from(found),
                }
            });
        }
        check_crc(crc32c::crc32c(journal), head, CRC_AT)?;
        let run = Run {
            sequence: u64_at(head, SEQUENCE_AT),
            position: u64_at(head, POSITION_AT),
            ordinal: u64_at(head, ORDINAL_AT),
            flushed: u64_at(head, FLUSHED_AT),
            nonce: u64_at(head, NONCE_AT),
            previous: u32_at(head, PREVIOUS_AT),
            length: u32_at(head, LENGTH_AT),
            frames: u32_at(head, FRAMES_AT),
        };
        if (run.sequence, run.position) != (sequence, position) {
            return Err(FormatError::Value(
                "written for another place (misdirected, or left from before recycling)",
            ));
        }
        if (run.length as usize) < HEAD
            || run.ordinal == 0
            || run.flushed >= run.ordinal
            || u32_at(head, ZERO_AT) != 0
        {
            return Err(FormatError::Value("length, ordinal or padding of a run"));
        }
        Ok((run, u32_at(head, CRC_AT)))
    }
}
