//! Reading batches by offset: whole batches as stored, from the one that holds the offset on.
//!
//! Sources, in this order: dirty batches (always in memory), the batch cache, the segment. A read from disk fetches
//! somewhat more than was asked for and leaves it in the cache for the next read of the same consumer.

use std::fmt;
use std::rc::Rc;

use bytes::Bytes;
use ottla_protocol::record::{BatchHeader, BatchView, HEADER_LEN, batches};

use super::state::State;
use super::{Inner, Log};
use crate::error::{Corrupt, StorageError};
use crate::mutants::{Mutant, planted};
use crate::segment::data_path;

/// Fetched from disk at once: at least, and at most unless one batch is larger.
const LEAST: usize = 128 << 10;
const MOST: usize = 1 << 20;

/// What a read found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReadOut {
    /// Whole batches in order; the first one holds the offset asked for, earlier records of it included.
    pub parts: Vec<Bytes>,
    /// Their length in bytes.
    pub bytes: usize,
    /// Offset after them; the offset asked for when there are none.
    pub next: i64,
}

/// Why a read gave nothing.
#[derive(Debug)]
pub enum ReadError {
    /// The offset is below the start or above the end.
    OutOfRange {
        /// First offset that can be read.
        start: i64,
        /// Offset after the last record.
        end: i64,
    },
    /// The disk failed, or data is damaged.
    Storage(StorageError),
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ReadError::OutOfRange { start, end } => {
                write!(f, "the log has offsets from {start} up to {end}")
            }
            ReadError::Storage(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for ReadError {}

impl From<StorageError> for ReadError {
    fn from(error: StorageError) -> ReadError {
        ReadError::Storage(error)
    }
}

impl From<std::io::Error> for ReadError {
    fn from(error: std::io::Error) -> ReadError {
        ReadError::Storage(StorageError::Io(error))
    }
}

impl From<Corrupt> for ReadError {
    fn from(corrupt: Corrupt) -> ReadError {
        ReadError::Storage(StorageError::Corrupt(corrupt))
    }
}

/// Where a segment's read starts.
pub(super) struct Place {
    pub base: i64,
    pub length: u64,
    pub position: u64,
}

impl Log {
    /// Reads whole batches from the one that holds `offset`, of records below `limit` (the high watermark or the last
    /// stable offset), until `max_bytes` would be exceeded; the first batch comes whatever its size. Nothing, and no
    /// error, when `offset` is at or above `limit`.
    ///
    /// # Errors
    /// [`ReadError::OutOfRange`], damage, the disk's own.
    pub async fn read(
        &self,
        offset: i64,
        max_bytes: usize,
        limit: i64,
    ) -> Result<ReadOut, ReadError> {
        let mut out = ReadOut {
            next: offset,
            ..ReadOut::default()
        };
        loop {
            let found = self.read_once(&mut out, max_bytes, limit).await?;
            if !found {
                return Ok(out);
            }
        }
    }

    /// Adds what one source has at `out.next`; false when the read is complete.
    async fn read_once(
        &self,
        out: &mut ReadOut,
        max_bytes: usize,
        limit: i64,
    ) -> Result<bool, ReadError> {
        let inner = &self.0;
        let (start, end) = (self.start_offset(), self.end_offset());
        if (out.next < start && !planted(Mutant::ReadDeleted)) || out.next > end {
            // Deleted while this read was under way: what it has is still right.
            return if out.parts.is_empty() {
                Err(ReadError::OutOfRange { start, end })
            } else {
                Ok(false)
            };
        }
        if out.next >= limit.min(end) || (!out.parts.is_empty() && out.bytes >= max_bytes) {
            return Ok(false);
        }
        let found = inner.state.borrow().dirty_at(out.next);
        if let Some(bytes) = found.or_else(|| inner.cached(out.next)) {
            return take_whole(out, &bytes, max_bytes, limit)
                .map_err(|what| inner.damage(what).into());
        }
        let want = max_bytes.saturating_sub(out.bytes).clamp(LEAST, MOST);
        let Some(bytes) = inner.fetch(out.next, want).await? else {
            return Ok(true); // It moved from the dirty list to a segment meanwhile, or was deleted: look again.
        };
        take_whole(out, &bytes, max_bytes, limit).map_err(|what| inner.damage(what).into())
    }
}

impl State {
    /// The dirty batch that holds `offset`.
    pub(super) fn dirty_at(&self, offset: i64) -> Option<Bytes> {
        if offset < self.flushed.end_offset {
            return None;
        }
        // Entries without data have no offsets: they end where the one before ends.
        let at = self.dirty.partition_point(|d| d.end_offset <= offset);
        self.dirty
            .get(at)
            .filter(|d| d.base_offset <= offset && !d.bytes.is_empty())
            .map(|d| d.bytes.clone())
    }

    /// The flushed segment that holds `offset`.
    pub(super) fn segment_at(&self, offset: i64) -> Option<(i64, u64)> {
        if offset >= self.flushed.end_offset {
            return None;
        }
        let after = self.segments.partition_point(|s| s.base <= offset);
        after
            .checked_sub(1)
            .map(|i| (self.segments[i].base, self.segments[i].length))
    }
}

impl Inner {
    fn cached(&self, offset: i64) -> Option<Bytes> {
        self.store
            .0
            .cache
            .get(self.key, offset)
            .map(|(_, _, bytes)| bytes)
    }

    fn damage(&self, what: String) -> StorageError {
        StorageError::corrupt(&self.dir, 0, what)
    }

    /// Reads whole batches from the one that holds `offset`, about `want` bytes, and puts them into the cache. `None`
    /// when no segment has the offset (any more).
    async fn fetch(&self, offset: i64, want: usize) -> Result<Option<Bytes>, ReadError> {
        let found = self.state.borrow().segment_at(offset);
        let Some((base, length)) = found else {
            return Ok(None);
        };
        match self.fetch_from(base, length, offset, want).await {
            Ok(bytes) => Ok(Some(bytes)),
            // Retention took the segment away under the read.
            Err(_) if self.state.borrow().segment_at(offset).map(|s| s.0) != Some(base) => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn fetch_from(
        &self,
        base: i64,
        length: u64,
        offset: i64,
        want: usize,
    ) -> Result<Bytes, ReadError> {
        let index = self.index(base, length).await?;
        let entry = index.floor_offset(offset);
        let mut place = Place {
            base,
            length,
            position: entry.map_or(0, |e| e.position),
        };
        let mut expect = entry.map_or(base, |e| e.offset);
        loop {
            let bytes = self.whole_batches(&place, want, expect).await?;
            let mut at = 0;
            for batch in batches(&bytes) {
                let header = batch.map_err(|e| self.damage(e.to_string()))?.header;
                if header.next_offset() > offset {
                    let rest = bytes.slice(at..);
                    self.keep(header.base_offset, &rest);
                    return Ok(rest);
                }
                at += header.size();
                expect = header.next_offset();
            }
            place.position += bytes.len() as u64;
            if place.position >= length {
                let what = format!("offset {offset} is not in the segment, which ends at {expect}");
                return Err(Corrupt::new(data_path(&self.dir, base), place.position, what).into());
            }
        }
    }

    /// Whole batches at `place`, at least one, checksums and offsets verified.
    pub(super) async fn whole_batches(
        &self,
        place: &Place,
        want: usize,
        expect: i64,
    ) -> Result<Bytes, StorageError> {
        let path = data_path(&self.dir, place.base);
        let file: Rc<_> = self.file(place.base).await?;
        let left = (place.length - place.position) as usize;
        let mut bytes = file.read_at(place.position, want.min(left)).await?;
        let damage =
            |at: usize, what: String| Corrupt::new(&path, place.position + at as u64, what);
        let first = BatchHeader::parse(&bytes).map_err(|e| damage(0, e.to_string()))?;
        if first.size() > bytes.len() {
            if first.size() > left {
                let what = format!(
                    "a batch of {} bytes where the segment has {left} left",
                    first.size()
                );
                return Err(StorageError::Corrupt(damage(0, what)));
            }
            bytes = file.read_at(place.position, first.size()).await?;
        }
        let mut expect = expect;
        let mut at = 0;
        while bytes.len() - at >= HEADER_LEN {
            let header = BatchHeader::parse(&bytes[at..]).map_err(|e| damage(at, e.to_string()))?;
            if header.size() > bytes.len() - at {
                break;
            }
            let batch = BatchView::parse(&bytes[at..]).map_err(|e| damage(at, e.to_string()))?;
            if !batch.crc_ok() || header.base_offset != expect || header.last_offset_delta < 0 {
                let what = format!(
                    "a batch with a wrong checksum, or offset {} instead of {expect}",
                    header.base_offset
                );
                return Err(StorageError::Corrupt(damage(at, what)));
            }
            expect = header.next_offset();
            at += header.size();
        }
        if at == 0 {
            return Err(StorageError::Corrupt(damage(
                0,
                format!("the file ends after {} bytes", bytes.len()),
            )));
        }
        bytes.truncate(at);
        Ok(bytes)
    }

    /// Puts whole batches into the cache.
    fn keep(&self, base: i64, bytes: &Bytes) {
        let end = batches(bytes)
            .filter_map(Result::ok)
            .last()
            .map_or(base, |b| b.header.next_offset());
        if !self.state.borrow().deleted {
            self.store
                .0
                .cache
                .insert(self.key, base, end, bytes.clone());
        }
    }
}

/// Moves whole batches from `bytes`, starting with the one that holds `out.next`, to `out`. True when the read may go on.
fn take_whole(
    out: &mut ReadOut,
    bytes: &Bytes,
    max_bytes: usize,
    limit: i64,
) -> Result<bool, String> {
    let mut from = None;
    let mut at = 0;
    let mut more = true;
    for batch in batches(bytes) {
        let header = batch.map_err(|e| format!("batches in memory: {e}"))?.header;
        let size = header.size();
        if header.next_offset() > out.next {
            let first = out.parts.is_empty() && from.is_none();
            if header.next_offset() > limit || (!first && out.bytes + size > max_bytes) {
                more = false;
                break;
            }
            from.get_or_insert(at);
            out.bytes += size;
            out.next = header.next_offset();
        }
        at += size;
    }
    if let Some(from) = from {
        out.parts.push(bytes.slice(from..at));
    }
    Ok(more)
}
