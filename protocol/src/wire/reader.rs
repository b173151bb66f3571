//! Checked reads. Every length is compared with the bytes left before anything is allocated.

use std::borrow::Cow;

use super::{DecodeError, Records};
use crate::ids::Uuid;

/// First allocation of an array, in bytes of elements. A larger array grows as its elements
/// arrive, so a count alone never reserves more than this.
const FIRST_ALLOCATION: usize = 16 * 1024;

/// Longest string that Kafka accepts, compact or not.
const MAX_STRING: usize = i16::MAX as usize;

/// Reads values from the front of a slice; what is read leaves it.
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    rest: &'a [u8],
    /// Bytes that arrays may still take in memory.
    memory: usize,
}

macro_rules! fixed {
    ($($(#[$doc:meta])* $name:ident: $type:ty;)*) => {
        $($(#[$doc])*
        pub fn $name(&mut self) -> Result<$type, DecodeError> {
            Ok(<$type>::from_be_bytes(self.take_array()?))
        })*
    };
}

impl<'a> Reader<'a> {
    /// Reads from the start of `bytes`.
    pub fn new(bytes: &'a [u8]) -> Reader<'a> {
        Reader {
            rest: bytes,
            memory: usize::MAX,
        }
    }

    /// Reads from the start of `bytes` into arrays that take at most `memory` bytes together. An
    /// empty element of a few bytes may take 70 times as much in memory, so a large frame from
    /// a stranger needs a bound of its own.
    pub fn with_memory(bytes: &'a [u8], memory: usize) -> Reader<'a> {
        Reader {
            rest: bytes,
            memory,
        }
    }

    /// The bytes not read yet.
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// Takes the next `n` bytes.
    pub fn take(&mut self, n: usize) -> Result<&'a [u8], DecodeError> {
        match self.rest.split_at_checked(n) {
            Some((head, rest)) => {
                self.rest = rest;
                Ok(head)
            }
            None => Err(DecodeError::Truncated {
                need: n,
                have: self.rest.len(),
            }),
        }
    }

    fn take_array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        match self.rest.split_first_chunk() {
            Some((head, rest)) => {
                self.rest = rest;
                Ok(*head)
            }
            None => Err(DecodeError::Truncated {
                need: N,
                have: self.rest.len(),
            }),
        }
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

    /// A byte; anything but 0 is true, as in Kafka.
    pub fn bool(&mut self) -> Result<bool, DecodeError> {
        Ok(self.i8()? != 0)
    }

    /// A 16-byte id.
    pub fn uuid(&mut self) -> Result<Uuid, DecodeError> {
        Ok(Uuid(self.take_array()?))
    }

    /// An unsigned varint of at most 5 bytes; bits above 32 are an error.
    pub fn uvarint(&mut self) -> Result<u32, DecodeError> {
        let mut value = 0u32;
        for shift in (0..35).step_by(7) {
            let [byte] = self.take_array()?;
            if shift == 28 && byte > 0x0f {
                return Err(DecodeError::Varint);
            }
            value |= u32::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(DecodeError::Varint)
    }

    /// An unsigned varint of at most 10 bytes; bits above 64 are an error.
    pub fn uvarlong(&mut self) -> Result<u64, DecodeError> {
        let mut value = 0u64;
        for shift in (0..70).step_by(7) {
            let [byte] = self.take_array()?;
            if shift == 63 && byte > 1 {
                return Err(DecodeError::Varint);
            }
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(DecodeError::Varint)
    }

    /// A zigzag varint of at most 5 bytes.
    pub fn varint(&mut self) -> Result<i32, DecodeError> {
        let n = self.uvarint()?;
        Ok((n >> 1) as i32 ^ -((n & 1) as i32))
    }

    /// A zigzag varint of at most 10 bytes.
    pub fn varlong(&mut self) -> Result<i64, DecodeError> {
        let n = self.uvarlong()?;
        Ok((n >> 1) as i64 ^ -((n & 1) as i64))
    }

    /// A length prefix of 4 bytes, or a compact one when `flexible`; None is null.
    fn length(&mut self, flexible: bool) -> Result<Option<usize>, DecodeError> {
        if flexible {
            return Ok((self.uvarint()? as usize).checked_sub(1));
        }
        match self.i32()? {
            n if n < 0 => Ok(None),
            n => Ok(Some(n as usize)),
        }
    }

    /// Text that may be null.
    pub fn nullable_string(&mut self, flexible: bool) -> Result<Option<Cow<'a, str>>, DecodeError> {
        let n = if flexible {
            self.length(true)?
        } else {
            usize::try_from(self.i16()?).ok()
        };
        let Some(n) = n else { return Ok(None) };
        if n > MAX_STRING {
            return Err(DecodeError::Length(n as i64));
        }
        // As Kafka: what is not UTF-8 is read with replacement characters (a copy, for such text only).
        Ok(Some(String::from_utf8_lossy(self.take(n)?)))
    }

    /// Text.
    pub fn string(&mut self, flexible: bool) -> Result<Cow<'a, str>, DecodeError> {
        self.nullable_string(flexible)?.ok_or(DecodeError::Null)
    }

    /// Bytes that may be null.
    pub fn nullable_bytes(&mut self, flexible: bool) -> Result<Option<Cow<'a, [u8]>>, DecodeError> {
        match self.length(flexible)? {
            Some(n) => Ok(Some(Cow::Borrowed(self.take(n)?))),
            None => Ok(None),
        }
    }

    /// Bytes.
    pub fn bytes(&mut self, flexible: bool) -> Result<Cow<'a, [u8]>, DecodeError> {
        self.nullable_bytes(flexible)?.ok_or(DecodeError::Null)
    }

    /// Record bytes, borrowed.
    pub fn records(&mut self, flexible: bool) -> Result<Records<'a>, DecodeError> {
        match self.length(flexible)? {
            Some(n) => Ok(Records::Borrowed(self.take(n)?)),
            None => Ok(Records::None),
        }
    }

    /// An array that may be null. `min` is the least number of bytes of an element (at least 1).
    pub fn nullable_array<T>(
        &mut self,
        flexible: bool,
        min: usize,
        element: impl Fn(&mut Reader<'a>) -> Result<T, DecodeError>,
    ) -> Result<Option<Vec<T>>, DecodeError> {
        let Some(count) = self.length(flexible)? else {
            return Ok(None);
        };
        if count > self.rest.len() / min.max(1) {
            return Err(DecodeError::Count {
                count,
                have: self.rest.len(),
            });
        }
        let need = count.saturating_mul(size_of::<T>());
        let Some(memory) = self.memory.checked_sub(need) else {
            return Err(DecodeError::Memory {
                need,
                have: self.memory,
            });
        };
        self.memory = memory;
        let first = FIRST_ALLOCATION / size_of::<T>().max(1);
        let mut elements = Vec::with_capacity(count.min(first.max(1)));
        for _ in 0..count {
            elements.push(element(self)?);
        }
        Ok(Some(elements))
    }

    /// An array. `min` is the least number of bytes of an element (at least 1).
    pub fn array<T>(
        &mut self,
        flexible: bool,
        min: usize,
        element: impl Fn(&mut Reader<'a>) -> Result<T, DecodeError>,
    ) -> Result<Vec<T>, DecodeError> {
        self.nullable_array(flexible, min, element)?
            .ok_or(DecodeError::Null)
    }

    /// A structure that may be null: a byte below 0 is null.
    pub fn nullable_struct<T>(
        &mut self,
        read: impl FnOnce(&mut Reader<'a>) -> Result<T, DecodeError>,
    ) -> Result<Option<T>, DecodeError> {
        if self.i8()? < 0 {
            Ok(None)
        } else {
            read(self).map(Some)
        }
    }

    /// A structure that may be null, in a tagged field: there a varint says so, and 0 is null.
    pub fn tagged_struct<T>(
        &mut self,
        read: impl FnOnce(&mut Reader<'a>) -> Result<T, DecodeError>,
    ) -> Result<Option<T>, DecodeError> {
        if self.uvarint()? == 0 {
            Ok(None)
        } else {
            read(self).map(Some)
        }
    }

    /// The tagged fields at the end of a structure. `known` reads a field from a reader that holds
    /// just that field and answers false for a tag that it does not know (which is skipped).
    pub fn tags(
        &mut self,
        mut known: impl FnMut(u32, &mut Reader<'a>) -> Result<bool, DecodeError>,
    ) -> Result<(), DecodeError> {
        for _ in 0..self.uvarint()? {
            let tag = self.uvarint()?;
            let size = self.uvarint()? as usize;
            let mut field = Reader::with_memory(self.take(size)?, self.memory);
            if known(tag, &mut field)? && !field.rest.is_empty() {
                return Err(DecodeError::TagSize(tag));
            }
            self.memory = field.memory;
        }
        Ok(())
    }
}
