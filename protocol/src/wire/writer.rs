//! Writes in one pass. Record bytes stay where they are and join the frame as parts.

use bytes::Bytes;

use super::{EncodeError, Frame, Records};
use crate::ids::Uuid;

/// Longest string that Kafka accepts, compact or not.
const MAX_STRING: usize = i16::MAX as usize;

/// Collects a message. Finish it with [`Writer::finish`].
#[derive(Debug, Default)]
pub struct Writer {
    head: Vec<u8>,
    /// Out-of-line bytes, each with the position in `head` that it comes before.
    parts: Vec<(usize, Bytes)>,
    framed: bool,
}

macro_rules! fixed {
    ($($(#[$doc:meta])* $name:ident: $type:ty;)*) => {
        $($(#[$doc])*
        pub fn $name(&mut self, value: $type) {
            self.head.extend_from_slice(&value.to_be_bytes());
        })*
    };
}

impl Writer {
    /// A writer of bare bytes, without a size in front.
    pub fn new() -> Writer {
        Writer::default()
    }

    /// A writer whose result starts with the 4-byte size of what follows.
    pub fn framed() -> Writer {
        let mut head = Vec::with_capacity(256);
        head.extend_from_slice(&[0; 4]);
        Writer {
            head,
            parts: Vec::new(),
            framed: true,
        }
    }

    /// The finished frame. Fails when the size does not fit its 4-byte prefix.
    pub fn finish(mut self) -> Result<Frame, EncodeError> {
        if self.framed {
            let outside: usize = self.parts.iter().map(|(_, part)| part.len()).sum();
            let size = prefix(self.head.len() - 4 + outside)?;
            self.head[..4].copy_from_slice(&size.to_be_bytes());
        }
        Ok(Frame::new(self.head.into(), self.parts))
    }

    /// The bytes written so far, when none were left out of line.
    pub(crate) fn into_vec(self) -> Vec<u8> {
        debug_assert!(self.parts.is_empty() && !self.framed, "bare bytes");
        self.head
    }

    /// The bytes written so far, without what was left out of line.
    pub(crate) fn bytes_so_far(&self) -> &[u8] {
        &self.head
    }

    /// Starts over; the allocation stays.
    pub(crate) fn clear(&mut self) {
        self.head.clear();
        self.parts.clear();
        self.framed = false;
    }

    fixed! {
        /// A signed byte.
        i8: i8;
        /// A big-endian 16-bit integer.
        i16: i16;
        /// A big-endian unsigned 16-bit integer.
        u16: u16;
        /// A big-endian 32-bit integer.
        i32: i32;
        /// A big-endian unsigned 32-bit integer.
        u32: u32;
        /// A big-endian 64-bit integer.
        i64: i64;
        /// A big-endian double.
        f64: f64;
    }

    /// One byte, 0 or 1.
    pub fn bool(&mut self, value: bool) {
        self.head.push(value.into());
    }

    /// A 16-byte id.
    pub fn uuid(&mut self, value: Uuid) {
        self.head.extend_from_slice(&value.0);
    }

    /// Bytes as they are.
    pub fn raw(&mut self, bytes: &[u8]) {
        self.head.extend_from_slice(bytes);
    }

    /// An unsigned varint.
    pub fn uvarint(&mut self, value: u32) {
        self.uvarlong(value.into());
    }

    /// An unsigned varint of up to 64 bits.
    pub fn uvarlong(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.head.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.head.push(value as u8);
    }

    /// A zigzag varint.
    pub fn varint(&mut self, value: i32) {
        self.uvarint((value << 1 ^ value >> 31) as u32);
    }

    /// A zigzag varint of up to 64 bits.
    pub fn varlong(&mut self, value: i64) {
        self.uvarlong((value << 1 ^ value >> 63) as u64);
    }

    fn length(&mut self, flexible: bool, n: Option<usize>) -> Result<(), EncodeError> {
        match (n, flexible) {
            (None, true) => self.uvarint(0),
            (None, false) => self.i32(-1),
            (Some(n), true) => {
                let n = prefix(n)? as u32;
                self.uvarint(n + 1);
            }
            (Some(n), false) => {
                let n = prefix(n)?;
                self.i32(n);
            }
        }
        Ok(())
    }

    /// Text that may be null. At most 32767 bytes.
    pub fn nullable_string(
        &mut self,
        flexible: bool,
        text: Option<&str>,
    ) -> Result<(), EncodeError> {
        let Some(text) = text else {
            if flexible {
                self.uvarint(0);
            } else {
                self.i16(-1);
            }
            return Ok(());
        };
        if text.len() > MAX_STRING {
            return Err(EncodeError::TooLong(text.len()));
        }
        if flexible {
            self.uvarint(text.len() as u32 + 1);
        } else {
            self.i16(text.len() as i16);
        }
        self.raw(text.as_bytes());
        Ok(())
    }

    /// Text. At most 32767 bytes.
    pub fn string(&mut self, flexible: bool, text: &str) -> Result<(), EncodeError> {
        self.nullable_string(flexible, Some(text))
    }

    /// Bytes that may be null, copied.
    pub fn nullable_bytes(
        &mut self,
        flexible: bool,
        bytes: Option<&[u8]>,
    ) -> Result<(), EncodeError> {
        self.length(flexible, bytes.map(<[u8]>::len))?;
        self.raw(bytes.unwrap_or_default());
        Ok(())
    }

    /// Bytes, copied.
    pub fn bytes(&mut self, flexible: bool, bytes: &[u8]) -> Result<(), EncodeError> {
        self.nullable_bytes(flexible, Some(bytes))
    }

    /// Record bytes: borrowed ones are copied, parts are left out of line (only counted).
    pub fn records(&mut self, flexible: bool, records: &Records<'_>) -> Result<(), EncodeError> {
        match records {
            Records::None => self.length(flexible, None)?,
            Records::Borrowed(bytes) => self.bytes(flexible, bytes)?,
            Records::Parts(parts) => {
                self.length(flexible, Some(records.len()))?;
                let at = self.head.len();
                self.parts.extend(
                    parts
                        .iter()
                        .filter(|p| !p.is_empty())
                        .map(|p| (at, p.clone())),
                );
            }
        }
        Ok(())
    }

    /// An array that may be null.
    pub fn nullable_array<T>(
        &mut self,
        flexible: bool,
        elements: Option<&[T]>,
        element: impl Fn(&mut Writer, &T) -> Result<(), EncodeError>,
    ) -> Result<(), EncodeError> {
        self.length(flexible, elements.map(<[T]>::len))?;
        elements
            .unwrap_or_default()
            .iter()
            .try_for_each(|e| element(self, e))
    }

    /// An array.
    pub fn array<T>(
        &mut self,
        flexible: bool,
        elements: &[T],
        element: impl Fn(&mut Writer, &T) -> Result<(), EncodeError>,
    ) -> Result<(), EncodeError> {
        self.nullable_array(flexible, Some(elements), element)
    }

    /// A structure that may be null.
    pub fn nullable_struct<T>(
        &mut self,
        value: Option<&T>,
        write: impl FnOnce(&mut Writer, &T) -> Result<(), EncodeError>,
    ) -> Result<(), EncodeError> {
        self.i8(if value.is_some() { 1 } else { -1 });
        value.map_or(Ok(()), |v| write(self, v))
    }

    /// A structure that may be null, in a tagged field: there a varint says so, and 0 is null.
    pub fn tagged_struct<T>(
        &mut self,
        value: Option<&T>,
        write: impl FnOnce(&mut Writer, &T) -> Result<(), EncodeError>,
    ) -> Result<(), EncodeError> {
        self.uvarint(value.is_some().into());
        value.map_or(Ok(()), |v| write(self, v))
    }

    /// Starts the tagged fields at the end of a structure. With no field added it stands for none.
    pub fn tags(&mut self) -> Tags<'_> {
        let count_at = self.head.len();
        self.head.push(0);
        Tags {
            writer: self,
            count_at,
        }
    }
}

/// Adds tagged fields in ascending order of their tags. No schema has 128 of them in a structure,
/// so their count is the one byte that was reserved.
#[derive(Debug)]
pub struct Tags<'w> {
    writer: &'w mut Writer,
    count_at: usize,
}

impl Tags<'_> {
    /// Writes one field. Out-of-line records cannot stand in a tagged field.
    pub fn field(
        &mut self,
        tag: u32,
        write: impl FnOnce(&mut Writer) -> Result<(), EncodeError>,
    ) -> Result<(), EncodeError> {
        let w = &mut *self.writer;
        w.head[self.count_at] += 1;
        w.uvarint(tag);
        let size_at = w.head.len();
        w.head.push(0);
        write(w)?;
        let size = w.head.len() - size_at - 1;
        // The size stands before the content and is known after it: nearly always one byte,
        // which was reserved; else the content moves by what is missing.
        let mut prefix = Writer::new();
        prefix.uvarint(self::prefix(size)? as u32);
        w.head.splice(size_at..=size_at, prefix.head);
        Ok(())
    }
}

/// A length as Kafka's signed 32-bit prefix.
fn prefix(n: usize) -> Result<i32, EncodeError> {
    // One below the largest, so that the compact form (length + 1) fits too.
    i32::try_from(n)
        .ok()
        .filter(|n| *n < i32::MAX)
        .ok_or(EncodeError::TooLong(n))
}
