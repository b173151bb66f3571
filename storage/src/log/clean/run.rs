//! One round of compaction.

use bytes::Bytes;
use ottla_protocol::record::{BatchHeader, BatchView};
use ottla_runtime::fs::{self, Buf, File, OpenOptions};
use ottla_runtime::rand;

use super::filter::{Filter, Left};
use super::keys::Keys;
use super::pace::Pace;
use super::plan::{Closed, groups};
use super::swap::{Group, Replacement, new_path};
use super::transactions::Transactions;
use super::{Cleaned, Cleaning, DECOMPRESSED};
use crate::error::StorageError;
use crate::format::BLOCK;
use crate::log::read::ReadError;
use crate::log::{Inner, Log};
use crate::mutants::{Mutant, planted};
use crate::segment::data_path;
use crate::segment::index::Index;
use crate::segment::scan::Walk;
use crate::segment::txns::Open;

/// Bytes of one read and of one write: the foreground's own wait behind them.
const CHUNK: usize = 256 << 10;
/// Bytes between two syncs: with more, the journal's next flush would have to wait for them.
const PIECE: u64 = 8 << 20;

impl Log {
    /// Compacts the closed segments below [`Cleaning::until`]. One round at a time.
    ///
    /// # Errors
    /// Damage, the disk's own. After StorageFull nothing is lost and another round can be tried; after an error in putting new
    /// segments in place the shard's segments are not written any more.
    pub async fn clean(&self, cleaning: &Cleaning) -> Result<Cleaned, StorageError> {
        let until = match planted(Mutant::CleanedUncovered) {
            true => i64::MAX,
            false => cleaning.until,
        };
        let (from, closed) = {
            let state = self.0.state.borrow();
            (state.first_dirty(), state.closed(until))
        };
        let mut cleaned = Cleaned::default();
        let round_end = closed.last().map_or(from, |last| last.end);
        if round_end <= from {
            return Ok(cleaned);
        }
        let mut pace = Pace::new(cleaning.bytes_per_second);
        let dirty: Vec<Closed> = closed.iter().filter(|c| c.end > from).copied().collect();
        let noted = note_keys(self, &dirty, (from, round_end), cleaning, &mut pace).await;
        let Some((keys, until)) = self.0.unless_gone(&dirty, noted)? else {
            return Ok(cleaned);
        };
        let touched = closed.into_iter().take_while(|c| c.segment.base < until);
        let touched: Vec<Closed> = touched.collect();
        let laid_out = self.lay_out(&touched, round_end).await;
        let Some((groups, epochs)) = self.0.unless_gone(&touched, laid_out)? else {
            return Ok(cleaned);
        };
        let mut filter = Filter {
            keys: &keys,
            until,
            round_end,
            now_ms: cleaning.now_ms,
            delete_retention_ms: cleaning.delete_retention_ms,
            producers: &cleaning.producers,
            transactions: Transactions::new(&cleaning.aborted),
        };
        let mut open = Open::default();
        for segments in groups {
            let rewritten = rewrite(self, &segments, open, &mut filter, &mut pace).await;
            let Some(Some(new)) = self.0.unless_gone(&segments, rewritten)? else {
                return Ok(cleaned);
            };
            let before: u64 = segments.iter().map(|c| c.segment.length).sum();
            let after = new.length();
            open = new.index.open().clone();
            let count = segments.len();
            let group = Group {
                segments,
                epochs: Vec::clone(&epochs),
            };
            if !self.swap(group, new).await? {
                return Ok(cleaned);
            }
            cleaned.bytes_before += before;
            cleaned.bytes_after += after;
            cleaned.segments_before += count;
            cleaned.segments_after += 1;
        }
        self.finish_round(until).await?;
        cleaned.until = until;
        cleaned.complete = until == round_end;
        Ok(cleaned)
    }

    /// Which of these segments become one, and the leader epochs below `round_end`.
    async fn lay_out(
        &self,
        touched: &[Closed],
        round_end: i64,
    ) -> Result<(Vec<Vec<Closed>>, Vec<(i32, i64)>), StorageError> {
        let mut aborted = Vec::with_capacity(touched.len());
        for closed in touched {
            aborted.push(self.0.index(&closed.segment).await?.aborted_len());
        }
        let epochs = self.all_epochs().await.map_err(of_storage)?;
        let epochs = epochs.into_iter().filter(|e| e.1 < round_end).collect();
        let groups = groups(touched, &aborted, self.config().segment_bytes);
        Ok((groups, epochs))
    }

    /// Tells of the aborted transactions with records in a segment, before its batches are passed.
    async fn tell_aborted(
        &self,
        closed: &Closed,
        transactions: &mut Transactions,
    ) -> Result<(), StorageError> {
        let aborted = self.aborted(closed.segment.base, closed.end).await;
        transactions.tell(closed.end, &aborted.map_err(of_storage)?);
        Ok(())
    }
}

/// The error of a read that knows its offsets from the log itself. When retention was faster, the round ends whatever it is.
fn of_storage(error: ReadError) -> StorageError {
    match error {
        ReadError::Storage(error) => error,
        out => StorageError::Misuse(out.to_string()),
    }
}

impl Inner {
    /// What came of work on these segments; `None` when they are not the log's any more, whatever came of it.
    fn unless_gone<T>(
        &self,
        segments: &[Closed],
        result: Result<T, StorageError>,
    ) -> Result<Option<T>, StorageError> {
        let state = self.state.borrow();
        if state.deleted || !state.holds(segments) {
            return Ok(None);
        }
        result.map(Some)
    }

    /// A walk through a segment's batches, from its first one.
    fn walk<'a>(&self, file: &'a File, path: &'a std::path::Path, closed: &Closed) -> Walk<'a> {
        let segment = &closed.segment;
        Walk::new(file, path, (0, segment.length), segment.base, segment.gaps).reading(CHUNK as u64)
    }
}

/// The keys of the dirty part, and the offset up to which all are noted: the end, unless the table is full.
async fn note_keys(
    log: &Log,
    dirty: &[Closed],
    (from, end): (i64, i64),
    cleaning: &Cleaning,
    pace: &mut Pace,
) -> Result<(Keys, i64), StorageError> {
    let secret = [rand::u64(), rand::u64()];
    let most = (end - from).unsigned_abs();
    let mut keys = Keys::new(cleaning.memory, cleaning.load, most, secret);
    let mut transactions = Transactions::new(&cleaning.aborted);
    let inner = &log.0;
    for closed in dirty {
        log.tell_aborted(closed, &mut transactions).await?;
        let path = data_path(&inner.dir, closed.segment.base);
        let file = inner.file(closed.segment.base).await?;
        let mut walk = inner.walk(&file, &path, closed);
        while let Some((position, header, bytes)) = pace.disk(walk.next()).await? {
            let noted = note_batch(&mut keys, &mut transactions, &bytes, from)
                .map_err(|what| StorageError::corrupt(&path, position, what))?;
            if let Some(full_at) = noted {
                return Ok((keys, full_at));
            }
            pace.done(header.size()).await;
        }
    }
    Ok((keys, end))
}

/// Notes a batch's keys from offset `from` on; the offset at which the table was full, if it was.
fn note_batch(
    keys: &mut Keys,
    transactions: &mut Transactions,
    bytes: &Bytes,
    from: i64,
) -> Result<Option<i64>, String> {
    let batch = BatchView::parse(bytes).map_err(|e| e.to_string())?;
    let unneeded = transactions.pass(&batch);
    if unneeded || batch.header.attributes.is_control() || batch.header.next_offset() <= from {
        return Ok(None);
    }
    let bytes = batch.decompress(DECOMPRESSED).map_err(|e| e.to_string())?;
    for record in batch.records(&bytes) {
        let record = record.map_err(|e| e.to_string())?;
        let offset = batch.header.base_offset + i64::from(record.offset_delta);
        if let Some(key) = record.key.filter(|_| offset >= from)
            && !keys.put(key, offset)
        {
            return Ok(Some(offset));
        }
    }
    Ok(None)
}

/// Writes what is left of these segments as one, in front of which these transactions are open, under a temporary name.
/// `None` when the log was deleted.
async fn rewrite(
    log: &Log,
    segments: &[Closed],
    open: Open,
    filter: &mut Filter<'_>,
    pace: &mut Pace,
) -> Result<Option<Replacement>, StorageError> {
    let (inner, base) = (&log.0, segments[0].segment.base);
    let Some(mut output) = Output::create(inner, base, open).await? else {
        return Ok(None);
    };
    match copy(log, segments, filter, pace, &mut output).await {
        Ok(()) => output.finish().await.map(Some),
        Err(error) => {
            // It counts for nothing. The next attempt, or the next start, removes it if this fails.
            let _ = fs::remove_file(new_path(&inner.dir, base)).await;
            Err(error)
        }
    }
}

async fn copy(
    log: &Log,
    segments: &[Closed],
    filter: &mut Filter<'_>,
    pace: &mut Pace,
    output: &mut Output,
) -> Result<(), StorageError> {
    let inner = &log.0;
    for closed in segments {
        log.tell_aborted(closed, &mut filter.transactions).await?;
        let path = data_path(&inner.dir, closed.segment.base);
        let file = inner.file(closed.segment.base).await?;
        let mut walk = inner.walk(&file, &path, closed);
        while let Some((position, header, bytes)) = pace.disk(walk.next()).await? {
            let damage = |what: String| StorageError::corrupt(&path, position, what);
            let batch = BatchView::parse(&bytes).map_err(|e| damage(e.to_string()))?;
            let written = match filter.judge(&batch).map_err(damage)? {
                Left::Whole => output.push(&bytes, pace).await?,
                Left::Part(bytes) => output.push(&bytes, pace).await?,
                Left::Nothing => 0,
            };
            pace.done(header.size() + written).await;
        }
    }
    Ok(())
}

/// A segment that is being written.
struct Output {
    file: File,
    buf: Buf,
    /// Bytes written before those in `buf`, and those synced.
    position: u64,
    synced: u64,
    index: Index,
    interval: u64,
    first_timestamp: i64,
}

impl Output {
    async fn create(inner: &Inner, base: i64, open: Open) -> Result<Option<Output>, StorageError> {
        // A log that is being deleted must not get new files.
        let _lock = inner.lock.acquire(1).await;
        if inner.state.borrow().deleted {
            return Ok(None);
        }
        inner.end_swap(base).await?;
        let path = new_path(&inner.dir, base);
        let file = File::open(path, &OpenOptions::read_write().direct()).await?;
        file.truncate(0).await?; // An earlier attempt may have left bytes.
        Ok(Some(Output {
            file,
            buf: Buf::with_capacity(CHUNK),
            position: 0,
            synced: 0,
            index: Index::after(base, open),
            interval: inner.config.borrow().index_interval_bytes,
            first_timestamp: -1,
        }))
    }

    /// Adds a whole batch; gives its length.
    async fn push(&mut self, bytes: &[u8], pace: &mut Pace) -> Result<usize, StorageError> {
        let header = BatchHeader::parse(bytes)
            .map_err(|e| StorageError::Misuse(format!("not a batch: {e}")))?;
        if self.index.covered == 0 {
            self.first_timestamp = header.max_timestamp;
        }
        self.index.add(&header, bytes, self.interval);
        let mut rest = bytes;
        while !rest.is_empty() {
            let room = (CHUNK - self.buf.len()).min(rest.len());
            self.buf.extend_from_slice(&rest[..room]);
            rest = &rest[room..];
            if self.buf.len() == CHUNK {
                pace.disk(self.write()).await?;
            }
        }
        Ok(bytes.len())
    }

    async fn write(&mut self) -> Result<(), StorageError> {
        let full = std::mem::take(&mut self.buf);
        let bytes = full.len() as u64;
        self.buf = self.file.write_at(full, self.position).await?;
        self.buf.clear();
        self.position += bytes;
        if self.position - self.synced >= PIECE {
            self.file.sync().await?;
            self.synced = self.position;
        }
        Ok(())
    }

    /// The file is as long as its data and durable, apart from its name.
    async fn finish(mut self) -> Result<Replacement, StorageError> {
        if !self.buf.is_empty() {
            self.buf.pad_to(BLOCK);
            self.write().await?;
        }
        self.file.truncate(self.index.covered).await?;
        if !planted(Mutant::CleanedNotFlushed) {
            self.file.sync().await?;
        }
        self.file.close().await?;
        Ok(Replacement {
            index: self.index,
            first_timestamp: self.first_timestamp,
        })
    }
}
