//! Batches in place.

use std::borrow::Cow;

use super::header::at;
use super::{BatchError, BatchHeader, Codec, HEADER_LEN, RecordIter, compression};

/// One whole batch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BatchView<'a> {
    /// Its header.
    pub header: BatchHeader,
    bytes: &'a [u8],
}

impl<'a> BatchView<'a> {
    /// The batch at the start of `bytes`; what follows it is left alone. The checksum is not
    /// looked at ([`BatchView::crc_ok`]).
    pub fn parse(bytes: &'a [u8]) -> Result<BatchView<'a>, BatchError> {
        let header = BatchHeader::parse(bytes)?;
        match bytes.get(..header.size()) {
            Some(bytes) => Ok(BatchView { header, bytes }),
            None => Err(BatchError::Truncated {
                need: header.size(),
                have: bytes.len(),
            }),
        }
    }

    /// The whole batch.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The records as they stand, perhaps compressed.
    pub fn payload(&self) -> &'a [u8] {
        &self.bytes[HEADER_LEN..]
    }

    /// Does the checksum fit?
    pub fn crc_ok(&self) -> bool {
        crc32c::crc32c(&self.bytes[at::ATTRIBUTES..]) == self.header.crc
    }

    /// The records' bytes, decompressed where they need it. More than `limit` decompressed bytes
    /// are an error.
    pub fn decompress(&self, limit: usize) -> Result<Cow<'a, [u8]>, BatchError> {
        match self.header.attributes.codec()? {
            Codec::None => Ok(Cow::Borrowed(self.payload())),
            codec => Ok(Cow::Owned(compression::decompress(
                codec,
                self.payload(),
                limit,
            )?)),
        }
    }

    /// The records in `decompressed`, which [`BatchView::decompress`] gave.
    pub fn records<'r>(&self, decompressed: &'r [u8]) -> RecordIter<'r> {
        RecordIter::new(decompressed, self.header.count)
    }
}

/// The batches that stand one after the other in `bytes`. A cut batch at the end is
/// [`BatchError::Truncated`]; nothing follows an error.
pub fn batches(bytes: &[u8]) -> Batches<'_> {
    Batches { rest: bytes }
}

/// See [`batches`].
#[derive(Clone, Debug)]
pub struct Batches<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Batches<'a> {
    type Item = Result<BatchView<'a>, BatchError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let batch = BatchView::parse(self.rest);
        self.rest = match &batch {
            Ok(batch) => &self.rest[batch.bytes.len()..],
            Err(_) => &[],
        };
        Some(batch)
    }
}
