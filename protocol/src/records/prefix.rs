//! What stands in front of keys and values: a record's type, a value's version.

use std::fmt;

use crate::api::VersionRange;
use crate::wire::{Decode, DecodeError, Encode, EncodeError, Reader, Writer};

/// Bytes of a record that hold no key or no value that we know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordError {
    /// A type that this topic does not have: a newer Kafka may have written it.
    UnknownType(i16),
    /// A version of the value that does not exist here: a newer Kafka may have written it.
    UnknownVersion(i16),
    /// The bytes are not what their type and version say.
    Damaged(DecodeError),
    /// Bytes that are left after the end.
    Left(usize),
}

impl fmt::Display for RecordError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RecordError::UnknownType(id) => write!(f, "record type {id} is not known"),
            RecordError::UnknownVersion(v) => write!(f, "version {v} of the value is not known"),
            RecordError::Damaged(why) => why.fmt(f),
            RecordError::Left(n) => write!(f, "{n} bytes are left after the end"),
        }
    }
}

impl std::error::Error for RecordError {}

impl From<DecodeError> for RecordError {
    fn from(why: DecodeError) -> Self {
        RecordError::Damaged(why)
    }
}

/// The type that a record's key begins with.
pub fn record_type(key: &[u8]) -> Result<i16, RecordError> {
    Ok(Reader::new(key).i16()?)
}

/// The key of a record. It has a single version: another layout would be another type.
pub trait RecordKey<'a>: Encode + Decode<'a> {
    /// The type of the record.
    const TYPE: i16;
    /// The value that stands beside it.
    type Value: RecordValue<'a>;

    /// The key, its type in front.
    fn key_bytes(&self) -> Result<Vec<u8>, EncodeError> {
        prefixed(Self::TYPE, self, 0)
    }

    /// Reads a key of this type.
    fn decode_key(bytes: &'a [u8]) -> Result<Self, RecordError> {
        let mut r = Reader::new(bytes);
        match r.i16()? {
            id if id == Self::TYPE => all_of(r, 0),
            other => Err(RecordError::UnknownType(other)),
        }
    }
}

/// The value of a record.
pub trait RecordValue<'a>: Encode + Decode<'a> {
    /// Versions that can be read and written.
    const VERSIONS: VersionRange;

    /// The version that Kafka 4.3 writes it in.
    fn written(&self) -> i16;

    /// The value, its version in front.
    fn value_bytes(&self, version: i16) -> Result<Vec<u8>, EncodeError> {
        prefixed(version, self, version)
    }

    /// Reads a value of any of the versions.
    fn decode_value(bytes: &'a [u8]) -> Result<Self, RecordError> {
        let mut r = Reader::new(bytes);
        match r.i16()? {
            version if Self::VERSIONS.contains(version) => all_of(r, version),
            other => Err(RecordError::UnknownVersion(other)),
        }
    }
}

/// What clients of a classic group hand each other in the opaque bytes of JoinGroup and SyncGroup.
pub trait Embedded<'a>: Encode + Decode<'a> {
    /// Versions that can be read and written.
    const VERSIONS: VersionRange;

    /// The bytes, their version in front.
    fn embedded_bytes(&self, version: i16) -> Result<Vec<u8>, EncodeError> {
        prefixed(version, self, version)
    }

    /// Reads such bytes. A newer version only adds to the end of the last one known, so it is read as
    /// that one, and what follows is not looked at.
    fn decode_embedded(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        let mut r = Reader::new(bytes);
        let version = r.i16()?.min(Self::VERSIONS.max);
        Self::decode(&mut r, version)
    }
}

fn prefixed(
    prefix: i16,
    value: &(impl Encode + ?Sized),
    version: i16,
) -> Result<Vec<u8>, EncodeError> {
    let mut w = Writer::new();
    w.i16(prefix);
    value.encode(&mut w, version)?;
    Ok(w.into_vec())
}

/// Kafka does not look at what follows. Nobody writes anything there, so here it is damage.
fn all_of<'a, T: Decode<'a>>(mut r: Reader<'a>, version: i16) -> Result<T, RecordError> {
    let value = T::decode(&mut r, version)?;
    match r.rest().len() {
        0 => Ok(value),
        left => Err(RecordError::Left(left)),
    }
}
