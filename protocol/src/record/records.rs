//! The records of a batch, one by one.
//!
//! A record: its length (varint, of what follows), attributes (a byte, unused), timestamp delta
//! (varlong), offset delta (varint), key and value (varint length or -1, bytes), number of headers
//! (varint), and per header a key (varint length, bytes) and a value (varint length or -1, bytes).

use crate::wire::{DecodeError, Reader};

use super::BatchError;

/// One record, borrowed from the decompressed bytes.
#[derive(Clone, Debug, PartialEq)]
pub struct Record<'a> {
    /// Offset minus the batch's base offset.
    pub offset_delta: i32,
    /// Timestamp minus the batch's base timestamp, ms.
    pub timestamp_delta: i64,
    /// The key, if there is one.
    pub key: Option<&'a [u8]>,
    /// The value; None is a tombstone.
    pub value: Option<&'a [u8]>,
    /// The headers, in order.
    pub headers: Headers<'a>,
}

/// A record's headers: checked when the record was read, read again when iterated.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Headers<'a> {
    bytes: &'a [u8],
    left: usize,
}

/// One header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header<'a> {
    /// Its key; UTF-8 by convention, not checked.
    pub key: &'a [u8],
    /// Its value, if there is one.
    pub value: Option<&'a [u8]>,
}

impl<'a> Iterator for Headers<'a> {
    type Item = Header<'a>;

    fn next(&mut self) -> Option<Header<'a>> {
        self.left = self.left.checked_sub(1)?;
        let mut r = Reader::new(self.bytes);
        let header = read_header(&mut r).ok()?;
        self.bytes = r.rest();
        Some(header)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl ExactSizeIterator for Headers<'_> {}

/// Iterates over the records of a batch. It ends after the announced number of records, or after
/// the first error; bytes left after the last record are an error.
#[derive(Clone, Debug)]
pub struct RecordIter<'a> {
    reader: Reader<'a>,
    index: u32,
    count: u32,
    done: bool,
}

impl<'a> RecordIter<'a> {
    /// Reads `count` records (none when negative) from decompressed bytes.
    pub fn new(bytes: &'a [u8], count: i32) -> RecordIter<'a> {
        RecordIter {
            reader: Reader::new(bytes),
            index: 0,
            count: u32::try_from(count).unwrap_or(0),
            done: false,
        }
    }
}

impl<'a> Iterator for RecordIter<'a> {
    type Item = Result<Record<'a>, BatchError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        if self.index == self.count {
            self.done = true;
            let left = self.reader.rest().len();
            return (left > 0).then_some(Err(BatchError::Trailing(left)));
        }
        let index = self.index;
        self.index += 1;
        let record = read_record(&mut self.reader).map_err(|why| BatchError::Record { index, why });
        self.done = record.is_err();
        Some(record)
    }
}

fn read_record<'a>(r: &mut Reader<'a>) -> Result<Record<'a>, DecodeError> {
    let length = r.varint()?;
    let length = usize::try_from(length).map_err(|_| DecodeError::Length(length.into()))?;
    let mut r = Reader::new(r.take(length)?);
    r.i8()?;
    let timestamp_delta = r.varlong()?;
    let offset_delta = r.varint()?;
    let key = read_bytes(&mut r)?;
    let value = read_bytes(&mut r)?;
    let left = r.varint()?;
    let left = usize::try_from(left).map_err(|_| DecodeError::Length(left.into()))?;
    let headers = Headers {
        bytes: r.rest(),
        left,
    };
    for _ in 0..left {
        read_header(&mut r)?;
    }
    if !r.rest().is_empty() {
        return Err(DecodeError::Length(length as i64));
    }
    Ok(Record {
        offset_delta,
        timestamp_delta,
        key,
        value,
        headers,
    })
}

fn read_header<'a>(r: &mut Reader<'a>) -> Result<Header<'a>, DecodeError> {
    let key = read_bytes(r)?.ok_or(DecodeError::Null)?;
    Ok(Header {
        key,
        value: read_bytes(r)?,
    })
}

/// Varint length and bytes; a negative length is null.
fn read_bytes<'a>(r: &mut Reader<'a>) -> Result<Option<&'a [u8]>, DecodeError> {
    match usize::try_from(r.varint()?) {
        Ok(length) => r.take(length).map(Some),
        Err(_) => Ok(None),
    }
}
