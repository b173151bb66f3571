//! What can be wrong with bytes from a peer, and with values that we were asked to send.

use std::fmt;

/// The peer's bytes do not hold what the schema says. The sender is at fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecodeError {
    /// A value needs `need` bytes and only `have` are left.
    Truncated {
        /// Bytes the value takes.
        need: usize,
        /// Bytes left.
        have: usize,
    },
    /// An array announces more elements than the bytes left could hold.
    Count {
        /// Elements announced.
        count: usize,
        /// Bytes left.
        have: usize,
    },
    /// An array would take more memory than the reader was given.
    Memory {
        /// Bytes the array takes.
        need: usize,
        /// Bytes it may take.
        have: usize,
    },
    /// A length or count that is out of the type's range.
    Length(i64),
    /// Null where the version does not allow it.
    Null,
    /// A varint that is longer than its type allows.
    Varint,
    /// A tagged field that is shorter or longer than it announced.
    TagSize(u32),
    /// The message has no such version.
    Version(i16),
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DecodeError::Truncated { need, have } => write!(f, "needs {need} bytes, {have} left"),
            DecodeError::Count { count, have } => {
                write!(f, "announces {count} elements, {have} bytes left")
            }
            DecodeError::Memory { need, have } => {
                write!(
                    f,
                    "an array takes {need} bytes of memory, {have} are allowed"
                )
            }
            DecodeError::Length(n) => write!(f, "length {n} is out of range"),
            DecodeError::Null => f.write_str("null in a field that must not be null"),
            DecodeError::Varint => f.write_str("varint is too long"),
            DecodeError::TagSize(tag) => {
                write!(f, "tagged field {tag} does not fill its announced size")
            }
            DecodeError::Version(v) => write!(f, "version {v} does not exist"),
        }
    }
}

impl std::error::Error for DecodeError {}

/// The value cannot be said in the version asked for. The caller is at fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EncodeError {
    /// A field that this version lacks holds something else than its default.
    Absent {
        /// The field's name.
        field: &'static str,
        /// The version asked for.
        version: i16,
    },
    /// A null in a field that must not be null in this version.
    Null {
        /// The field's name.
        field: &'static str,
        /// The version asked for.
        version: i16,
    },
    /// A length that its prefix cannot hold.
    TooLong(usize),
    /// The message has no such version.
    Version(i16),
}

impl fmt::Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            EncodeError::Absent { field, version } => {
                write!(f, "{field} is set, version {version} lacks it")
            }
            EncodeError::Null { field, version } => {
                write!(f, "{field} is null, version {version} forbids it")
            }
            EncodeError::TooLong(n) => write!(f, "length {n} does not fit its prefix"),
            EncodeError::Version(v) => write!(f, "version {v} does not exist"),
        }
    }
}

impl std::error::Error for EncodeError {}
