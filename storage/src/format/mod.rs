//! Every byte map of this crate, as pure functions over byte slices: no file handle, no clock, no entropy.
//!
//! All integers are fixed-width little endian. Each map stands once, as a table at the top of its file, and the
//! offsets below the table are built from one another. A reader refuses a version above its own and names it;
//! a new version adds a branch to `decode` and a golden file, and never changes the meaning of an old one.
//!
//! | file | what |
//! |---|---|
//! | `journal_file` | the first block of a journal file |
//! | `run` | the header of one journal write |
//! | `frame` | one frame inside a run: entry, hard state, truncation, checkpoint, forget |
//! | `checkpoint` | the body of a checkpoint frame |
//! | `index` | the sidecar index of a segment |
//! | `compacted` | what compaction has done to a log |
//!
//! A segment has no map here: it is a plain sequence of Kafka v2 record batches (`ottla_protocol::record`).

mod bytes;
pub mod checkpoint;
pub mod compacted;
pub mod frame;
pub mod index;
pub mod journal_file;
pub mod run;

#[cfg(test)]
mod tests;

/// The unit of every aligned write: 4 KiB, the largest sector that common disks write atomically.
pub const BLOCK: usize = 4096;

/// `len` rounded up to a whole number of blocks.
pub const fn block_up(len: u64) -> u64 {
    len.div_ceil(BLOCK as u64) * BLOCK as u64
}

/// `len` rounded down to a whole number of blocks.
pub const fn block_down(len: u64) -> u64 {
    len - len % BLOCK as u64
}

/// Why bytes were not accepted as one of our structures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FormatError {
    /// Nothing is there: all that was looked at is zero.
    Blank,
    /// Another kind of file or structure.
    Magic {
        /// The four or eight bytes found.
        found: u64,
    },
    /// Written by a newer build.
    Newer {
        /// The version found.
        found: u16,
        /// The newest version that this build reads.
        known: u16,
    },
    /// The checksum does not match: torn, damaged, or written for another place.
    Checksum {
        /// As stored.
        stored: u32,
        /// As computed over what is there.
        computed: u32,
    },
    /// Fewer bytes than the structure needs.
    Short {
        /// Bytes that it needs.
        need: u64,
        /// Bytes that are there.
        have: u64,
    },
    /// The checksum is right but the value makes no sense.
    Value(&'static str),
}

impl std::fmt::Display for FormatError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            FormatError::Blank => f.write_str("nothing is written there"),
            FormatError::Magic { found } => {
                write!(f, "unknown magic {found:#x}: not a file of this program")
            }
            FormatError::Newer { found, known } => {
                write!(
                    f,
                    "format version {found} is newer than {known}, the newest that this build reads"
                )
            }
            FormatError::Checksum { stored, computed } => {
                write!(
                    f,
                    "checksum mismatch: stored {stored:#010x}, computed {computed:#010x}"
                )
            }
            FormatError::Short { need, have } => write!(f, "{need} bytes needed, {have} there"),
            FormatError::Value(what) => write!(f, "impossible value: {what}"),
        }
    }
}

impl std::error::Error for FormatError {}
