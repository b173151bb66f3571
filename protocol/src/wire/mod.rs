//! Bytes to values and back: checked reads that borrow, writes in one pass.

mod error;
mod frame;
mod reader;
mod writer;

pub use error::{DecodeError, EncodeError};
pub use frame::Frame;
pub use reader::Reader;
pub use writer::{Tags, Writer};

use bytes::Bytes;

/// A value that can be read from a frame; it may borrow from the frame.
pub trait Decode<'a>: Sized {
    /// Reads one value as `version` lays it out. Bytes after it are left in the reader.
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError>;
}

/// A value that can be written to a frame.
pub trait Encode {
    /// Writes the value as `version` lays it out.
    ///
    /// Fields that the version lacks are left out when they hold their default or are marked
    /// ignorable in the schema; any other value is an error, as in Kafka.
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError>;
}

/// The record bytes of a Produce request or a Fetch response.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Records<'a> {
    /// Null on the wire.
    #[default]
    None,
    /// A slice of the frame that was decoded.
    Borrowed(&'a [u8]),
    /// Buffers that the encoder leaves out of line, sent in this order.
    Parts(Vec<Bytes>),
}

impl Records<'_> {
    /// Number of bytes; 0 for null.
    pub fn len(&self) -> usize {
        match self {
            Records::None => 0,
            Records::Borrowed(bytes) => bytes.len(),
            Records::Parts(parts) => parts.iter().map(Bytes::len).sum(),
        }
    }

    /// True when there is no byte.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

#[cfg(test)]
mod tests;
