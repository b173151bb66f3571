//! Reading batches by offset: whole batches as stored, from the one that holds the offset on.
//!
//! Sources, in this order: dirty batches (always in memory), the batch cache, the segment. A read from disk fetches
//! somewhat more than was asked for and leaves it in the cache for the next read of the same consumer.
//!
//! Where compaction has left a gap, the next batch behind it is what a read finds. A read goes on from offset to offset, and
//! what compaction leaves it leaves at its offset, so one that meets a segment before and the next one after a compaction
//! misses nothing. Within a segment it meets one of the two: what was read while a segment was replaced is read again.

use std::fmt;
use std::rc::Rc;

use bytes::Bytes;
use ottla_protocol::record::{BatchHeader, BatchView, HEADER_LEN, batches};

use super::state::{Segment, State};
use super::{Inner, Log};
use crate::error::{Corrupt, StorageError};
use crate::mutants::{Mutant, planted};
use crate::segment::data_path;
use crate::segment::scan::Expect;

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

/// Where in a segment a read goes on, and which offset it must find there.
pub(super) struct Place {
    pub segment: Segment,
    pub position: u64,
    pub expect: Expect,
}

impl Place {
    /// At an entry of the segment's index, or at its beginning.
    pub fn new(segment: Segment, entry: Option<(u64, i64)>) -> Place {
        let (position, expect) = match entry {
            Some((position, offset)) => (position, Expect::At(offset)),
            None => (0, Expect::next(segment.base, segment.gaps)),
        };
        Place {
            segment,
            position,
            expect,
        }
    }

    pub fn is_at_end(&self) -> bool {
        self.position >= self.segment.length
    }

    /// Moves behind these batches, the last of which ends at `next`.
    pub fn pass(&mut self, bytes: usize, next: i64) {
        self.position += bytes as u64;
        self.expect = Expect::next(next, self.segment.gaps);
    }
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

    /// The segment in front of the one that begins at `base`, or would.
    pub(super) fn segment_before(&self, base: i64) -> Option<Segment> {
        let at = self.segments.partition_point(|s| s.base < base);
        at.checked_sub(1).map(|i| self.segments[i])
    }

    /// The flushed segment that holds `offset`.
    pub(super) fn segment_at(&self, offset: i64) -> Option<Segment> {
        if offset >= self.flushed.end_offset {
            return None;
        }
        let after = self.segments.partition_point(|s| s.base <= offset);
        after.checked_sub(1).map(|i| self.segments[i])
    }

    /// The flushed segment after the one that begins at `base`.
    pub(super) fn segment_after(&self, base: i64) -> Option<Segment> {
        let after = self.segments.partition_point(|s| s.base <= base);
        self.segments.get(after).copied()
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

    /// Reads whole batches from the one that holds `offset`, or the next one, about `want` bytes, and puts them into the
    /// cache. `None` when no segment has the offset (any more).
    async fn fetch(&self, offset: i64, want: usize) -> Result<Option<Bytes>, ReadError> {
        let before = self.changes();
        let mut found = self.state.borrow().segment_at(offset);
        let held = found.is_some();
        while let Some(segment) = found {
            let read = self.fetch_from(segment, offset, want).await;
            if self.changes() != before {
                return Ok(None); // Of segments that are gone, in part at least.
            }
            if let Some((next, bytes)) = read? {
                self.keep(offset.min(next), &bytes);
                return Ok(Some(bytes));
            }
            found = self.state.borrow().segment_after(segment.base);
        }
        if held {
            let what = format!("nothing is left from offset {offset} on, where there must be more");
            return Err(self.damage(what).into());
        }
        Ok(None)
    }

    /// As [`Inner::fetch`], from one segment; with the offset of the first batch. `None` when compaction has left nothing
    /// from `offset` on.
    async fn fetch_from(
        &self,
        segment: Segment,
        offset: i64,
        want: usize,
    ) -> Result<Option<(i64, Bytes)>, ReadError> {
        let index = self.index(&segment).await?;
        let entry = index.floor_offset(offset);
        let mut place = Place::new(segment, entry.map(|e| (e.position, e.offset)));
        while !place.is_at_end() {
            let bytes = self.whole_batches(&place, want).await?;
            let mut at = 0;
            let mut next = segment.base;
            for batch in batches(&bytes) {
                let header = batch.map_err(|e| self.damage(e.to_string()))?.header;
                if header.next_offset() > offset {
                    return Ok(Some((header.base_offset, bytes.slice(at..))));
                }
                at += header.size();
                next = header.next_offset();
            }
            place.pass(bytes.len(), next);
        }
        if segment.gaps {
            return Ok(None);
        }
        let what = format!("offset {offset} is not in the segment, which ends here");
        let path = data_path(&self.dir, segment.base);
        Err(Corrupt::new(path, place.position, what).into())
    }

    /// Whole batches at `place`, at least one, checksums and offsets verified.
    pub(super) async fn whole_batches(
        &self,
        place: &Place,
        want: usize,
    ) -> Result<Bytes, StorageError> {
        let segment = &place.segment;
        let path = data_path(&self.dir, segment.base);
        let file: Rc<_> = self.file(segment.base).await?;
        let left = (segment.length - place.position) as usize;
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
        let mut expect = place.expect;
        let mut at = 0;
        while bytes.len() - at >= HEADER_LEN {
            let header = BatchHeader::parse(&bytes[at..]).map_err(|e| damage(at, e.to_string()))?;
            if header.size() > bytes.len() - at {
                break;
            }
            let batch = BatchView::parse(&bytes[at..]).map_err(|e| damage(at, e.to_string()))?;
            if !batch.crc_ok() || !expect.allows(&header) {
                let what = format!(
                    "a batch with a wrong checksum, or offset {} instead of {expect}",
                    header.base_offset
                );
                return Err(StorageError::Corrupt(damage(at, what)));
            }
            expect = Expect::next(header.next_offset(), segment.gaps);
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

    /// Puts whole batches into the cache, as what there is from offset `base` on.
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
