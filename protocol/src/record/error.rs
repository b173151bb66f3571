//! What can be wrong with a batch.

use std::fmt;

use super::compression::DecompressError;
use crate::wire::DecodeError;

/// The bytes are not the batch that they should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BatchError {
    /// The slice ends before the batch does. A slice cut at a byte limit ends so.
    Truncated {
        /// Bytes the batch (or its header) takes.
        need: usize,
        /// Bytes there are.
        have: usize,
    },
    /// The length field is too small for a header.
    Length(i32),
    /// Not format 2.
    Magic(i8),
    /// Codec bits that stand for nothing.
    Codec(u8),
    /// The compressed records cannot be read.
    Decompress(DecompressError),
    /// A record that is cut or contradicts its length.
    Record {
        /// Its position in the batch, from 0.
        index: u32,
        /// What is wrong.
        why: DecodeError,
    },
    /// Bytes are left after the last record.
    Trailing(usize),
}

impl fmt::Display for BatchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BatchError::Truncated { need, have } => {
                write!(f, "batch of {need} bytes is cut at {have}")
            }
            BatchError::Length(n) => write!(f, "batch length {n} is too small"),
            BatchError::Magic(n) => write!(f, "batch format {n} is not supported"),
            BatchError::Codec(n) => write!(f, "unknown codec {n}"),
            BatchError::Decompress(why) => write!(f, "compressed records: {why}"),
            BatchError::Record { index, why } => write!(f, "record {index}: {why}"),
            BatchError::Trailing(n) => write!(f, "{n} bytes after the last record"),
        }
    }
}

impl std::error::Error for BatchError {}

impl From<DecompressError> for BatchError {
    fn from(why: DecompressError) -> BatchError {
        BatchError::Decompress(why)
    }
}
