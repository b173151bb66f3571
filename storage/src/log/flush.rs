//! Dirty entries into segments: large aligned chunks, one write at a time, a sync at the end.
//!
//! The tail block. A segment is a plain sequence of batches, so its end is seldom at a block boundary, and the next
//! flush writes the last block again with more in it. Why nothing that is durable is at risk:
//! - the block is written again with the same bytes up to the old end, and the disk replaces sectors (512 or 4,096
//!   bytes) whole: whichever of its sectors a crash leaves old or new, every byte below the old end is the same in
//!   both. Only what is behind the old end can be torn, and that is void until the sync is done and a checkpoint says so;
//! - only one write to a log is in flight: the log's lock is held from the first write to the sync;
//! - a flush whose caller is gone goes on to its end: it runs as a task of its own.
//!
//! A flush that fails at the sync, or in a write for another reason than a full disk, halts the shard's segments for good.

use std::io::ErrorKind;
use std::path::Path;
use std::rc::Rc;

use bytes::Bytes;
use ottla_protocol::record::BatchHeader;
use ottla_runtime::fs::{self, Buf, File};
use ottla_runtime::sync::oneshot;
use ottla_runtime::task::{self, Share};

use super::state::{Flushed, Segment, State, header_of};
use super::{Inner, Log};
use crate::error::StorageError;
use crate::format::checkpoint::Tail;
use crate::format::{BLOCK, block_down, block_up};
use crate::mutants::{Mutant, planted};
use crate::segment::index::Index;
use crate::segment::{data_path, index_path};

/// Bytes of one write.
const CHUNK: usize = 1 << 20;
/// Bytes flushed before a sync, at least one batch.
const PIECE: usize = 8 << 20;
/// A young segment's first allocation; it doubles up to the store's `allocate_ahead`.
const ALLOCATE_FIRST: u64 = 64 << 10;

/// Batches that go into one segment with one sync.
struct Piece {
    /// It starts a segment.
    rolls: bool,
    /// Dirty entries covered, those without data included.
    entries: usize,
    /// Index, term and end offset after it.
    last: (u64, u64, i64),
    batches: Vec<(BatchHeader, Bytes)>,
    bytes: usize,
}

impl Log {
    /// Writes the entries up to index `committed` into segments and syncs them. Returns how far the segments reach
    /// then, which may be further than this call's own work.
    ///
    /// # Errors
    /// The disk's. After StorageFull everything stays in memory and the flush can be tried again; after anything else
    /// the shard's segments are not written any more.
    pub async fn flush(&self, committed: u64) -> Result<Flushed, StorageError> {
        let (answer, receiver) = oneshot::channel();
        let log = self.clone();
        task::spawn(Share::Background, async move {
            let _ = answer.send(log.flush_to(committed).await);
        })
        .detach();
        receiver.await.unwrap_or_else(|_| {
            Err(StorageError::Misuse(
                "a flush outlived its shard".to_owned(),
            ))
        })
    }

    /// Gives back the room that is allocated ahead of the data, so that the open segment's file too is just its batches, as tools that
    /// read such files expect. For a broker that stops; the log can be written on all the same.
    ///
    /// # Errors
    /// The disk's.
    pub async fn trim(&self) -> Result<(), StorageError> {
        let inner = &self.0;
        let _lock = inner.lock.acquire(1).await;
        let (tail, allocated) = {
            let state = inner.state.borrow();
            (state.flushed.tail, state.allocated)
        };
        let Some(tail) = tail.filter(|tail| allocated > tail.length) else {
            return Ok(());
        };
        // Not synced: after a crash the file is as long as its data at least, and more than that is expected.
        inner
            .file(tail.segment)
            .await?
            .truncate(tail.length)
            .await?;
        inner.state.borrow_mut().allocated = 0;
        Ok(())
    }

    async fn flush_to(&self, committed: u64) -> Result<Flushed, StorageError> {
        let inner = &self.0;
        let _lock = inner.lock.acquire(1).await;
        loop {
            if let Some(why) = inner.store.failed() {
                return Err(StorageError::Io(std::io::Error::other(why)));
            }
            let Some(piece) = take_piece(&mut inner.state.borrow_mut(), committed)? else {
                break;
            };
            let written = inner.write_piece(&piece).await;
            inner.state.borrow_mut().flushing = 0;
            let full =
                matches!(&written, Err(StorageError::Io(e)) if e.kind() == ErrorKind::StorageFull);
            inner.store.0.full.set(full);
            if let Err(error) = written {
                if !full {
                    inner.store.fail(&error);
                }
                return Err(error);
            }
        }
        Ok(inner.state.borrow().flushed)
    }
}

/// The next batches to write, marked as being flushed.
fn take_piece(state: &mut State, committed: u64) -> Result<Option<Piece>, StorageError> {
    let flushed = state.flushed;
    let last = (flushed.index, flushed.term, flushed.end_offset);
    let mut piece = Piece {
        rolls: false,
        entries: 0,
        last,
        batches: Vec::new(),
        bytes: 0,
    };
    if state.deleted {
        return Ok(None);
    }
    for entry in &state.dirty {
        let data = !entry.bytes.is_empty();
        let other_segment = data && entry.rolls && !piece.batches.is_empty();
        let enough = piece.bytes > 0 && piece.bytes + entry.bytes.len() > PIECE;
        if entry.index > committed || other_segment || enough {
            break;
        }
        if data {
            piece.rolls |= entry.rolls;
            piece.batches.push((header_of(entry)?, entry.bytes.clone()));
            piece.bytes += entry.bytes.len();
        }
        piece.entries += 1;
        piece.last = (entry.index, entry.term, entry.end_offset);
    }
    state.flushing = piece.entries;
    Ok((piece.entries > 0).then_some(piece))
}

impl Inner {
    async fn write_piece(&self, piece: &Piece) -> Result<(), StorageError> {
        let mut tail = self.state.borrow().flushed.tail;
        let first = piece.batches.first().map(|(header, _)| *header);
        if let Some(first) = first {
            if piece.rolls || tail.is_none() {
                if let Some(closing) = tail {
                    self.close_segment(closing).await?;
                }
                self.create_segment(first.base_offset).await?;
                tail = None;
            }
            let before = tail.unwrap_or(Tail {
                segment: first.base_offset,
                length: 0,
                last_batch: 0,
                max_timestamp: -1,
                first_timestamp: first.max_timestamp,
            });
            tail = Some(self.write_batches(before, piece).await?);
        }
        self.commit(piece, tail);
        Ok(())
    }

    /// Writes the batches behind `tail`, syncs, and brings the index up to date.
    async fn write_batches(&self, mut tail: Tail, piece: &Piece) -> Result<Tail, StorageError> {
        let path = data_path(&self.dir, tail.segment);
        let file = self.file(tail.segment).await?;
        self.allocate(&file, tail.length, tail.length + piece.bytes as u64)
            .await?;
        let begun = self.tail_block(&file, &path, &tail).await?;
        write_bytes(&file, tail.length, &begun, &piece.batches).await?;
        if !planted(Mutant::SegmentNotFlushed) {
            file.sync().await?;
        }
        let index = self.grown_index(&tail, &piece.batches).await?;
        let (last, _) = piece.batches[piece.batches.len() - 1];
        tail.length += piece.bytes as u64;
        tail.last_batch = tail.length - last.size() as u64;
        tail.max_timestamp = index.max_timestamp;
        Ok(tail)
    }

    /// What stands in the last block already, to be written again with more behind it. Mostly it is the end of a batch that is
    /// still in the cache.
    async fn tail_block(
        &self,
        file: &File,
        path: &Path,
        tail: &Tail,
    ) -> Result<Bytes, StorageError> {
        let len = (tail.length - block_down(tail.length)) as usize;
        if len == 0 {
            return Ok(Bytes::new());
        }
        let end = self.state.borrow().flushed.end_offset;
        if let Some(last) = self.store.0.cache.ending_at(self.key, end)
            && last.len() >= len
        {
            return Ok(last.slice(last.len() - len..));
        }
        let from = block_down(tail.length);
        let read = file.read_at(from, len).await?;
        if read.len() < len {
            let what = format!(
                "the file ends here, {} bytes before the end of its data",
                len - read.len()
            );
            let end = from + read.len() as u64;
            return Err(StorageError::corrupt(path, end, what));
        }
        Ok(read)
    }

    async fn grown_index(
        &self,
        tail: &Tail,
        batches: &[(BatchHeader, Bytes)],
    ) -> Result<Rc<Index>, StorageError> {
        let interval = self.config.borrow().index_interval_bytes;
        let known = self.state.borrow().open.clone();
        let loaded = if tail.length == 0 {
            let open = match known {
                Some(open) => open,
                None => self.open_before(tail.segment).await?,
            };
            Rc::new(Index::after(tail.segment, open))
        } else {
            let segment = segment_of(tail);
            self.index(&segment).await?
        };
        let mut index = Rc::unwrap_or_clone(loaded);
        for (header, bytes) in batches {
            index.add(header, bytes, interval);
        }
        index
            .save(&index_path(&self.dir, tail.segment), self.id, tail.segment)
            .await?;
        let index = Rc::new(index);
        self.state.borrow_mut().open = Some(index.open().clone());
        self.store
            .0
            .indexes
            .put((self.key, tail.segment), index.clone());
        Ok(index)
    }

    /// The piece is durable: memory follows.
    fn commit(&self, piece: &Piece, tail: Option<Tail>) {
        let mut state = self.state.borrow_mut();
        let (index, term, end_offset) = piece.last;
        state.flushed = Flushed {
            index,
            term,
            end_offset,
            tail,
        };
        if let Some(tail) = tail {
            let segment = segment_of(&tail);
            match state.segments.last_mut() {
                Some(last) if last.base == tail.segment => *last = segment,
                _ => state.segments.push(segment),
            }
        }
        state.dirty.drain(..piece.entries);
        state.dirty_bytes -= piece.bytes;
        if state.dirty.is_empty() {
            // An idle log holds on to nothing.
            state.dirty.shrink_to_fit();
        }
        state.flushing = 0;
        state.invariants();
        let dirty = &self.store.0.dirty;
        dirty.set(dirty.get() - piece.bytes);
    }

    /// A closed segment is as long as its data, durably, before the next one has a name.
    async fn close_segment(&self, tail: Tail) -> Result<(), StorageError> {
        let file = self.file(tail.segment).await?;
        file.truncate(tail.length).await?;
        file.sync().await?;
        self.store.0.handles.forget(self.key, tail.segment);
        Ok(())
    }

    async fn create_segment(&self, base: i64) -> Result<(), StorageError> {
        if self.state.borrow().segments.is_empty() {
            make_dir(&self.store.0.root, &self.dir).await?;
        }
        let file = self
            .store
            .0
            .handles
            .create(self.key, base, &data_path(&self.dir, base))
            .await?;
        // An earlier attempt, or a flush that no checkpoint covers, may have left bytes.
        file.truncate(0).await?;
        if !planted(Mutant::SegmentNameNotFlushed) {
            fs::sync_dir(&self.dir).await?;
        }
        self.state.borrow_mut().allocated = 0;
        Ok(())
    }

    /// Makes room in the file ahead of the data, so that a flush seldom changes its length.
    async fn allocate(&self, file: &File, from: u64, end: u64) -> Result<(), StorageError> {
        let known = self.state.borrow().allocated;
        let end = block_up(end);
        if known >= end {
            return Ok(());
        }
        if known == 0 && file.len().await? > block_up(from) {
            // Behind the data of a recovered log: room allocated ahead, or a flush that no checkpoint covers.
            file.truncate(block_up(from)).await?;
        }
        let limit = block_up(self.config.borrow().segment_bytes);
        let ahead = end
            .saturating_add(end.clamp(
                ALLOCATE_FIRST,
                self.store.0.allocate_ahead.max(ALLOCATE_FIRST),
            ))
            .min(limit);
        let mut size = block_up(ahead.max(end));
        match file.allocate(size).await {
            // Not ahead, then: what is to be written now was admitted, so there is room for it.
            Err(error) if error.kind() == ErrorKind::StorageFull && size > end => {
                size = end;
                file.allocate(size).await?;
            }
            done => done?,
        }
        self.state.borrow_mut().allocated = size;
        Ok(())
    }
}

/// The segment that ends so; the open one, which compaction never wrote.
pub(super) fn segment_of(tail: &Tail) -> Segment {
    Segment {
        base: tail.segment,
        length: tail.length,
        max_timestamp: Some(tail.max_timestamp),
        first_timestamp: Some(tail.first_timestamp),
        gaps: false,
    }
}

/// Writes batches at `from`, in whole blocks; the first block begins with `begun`, the last is filled up with zeroes.
async fn write_bytes(
    file: &File,
    from: u64,
    begun: &[u8],
    batches: &[(BatchHeader, Bytes)],
) -> Result<(), StorageError> {
    let mut position = block_down(from);
    let mut buf =
        Buf::with_capacity(CHUNK.min(batches.iter().map(|b| b.1.len()).sum::<usize>() + 2 * BLOCK));
    buf.extend_from_slice(begun);
    for (_, bytes) in batches {
        let mut rest = &bytes[..];
        while !rest.is_empty() {
            let room = (CHUNK - buf.len()).min(rest.len());
            buf.extend_from_slice(&rest[..room]);
            rest = &rest[room..];
            if buf.len() == CHUNK {
                buf = file.write_at(buf, position).await?;
                buf.clear();
                position += CHUNK as u64;
            }
        }
    }
    if !buf.is_empty() {
        buf.pad_to(BLOCK);
        file.write_at(buf, position).await?;
    }
    Ok(())
}

/// Makes the log's folder, and its name durable all the way up to the store's root.
async fn make_dir(root: &Path, dir: &Path) -> Result<(), StorageError> {
    if fs::exists(dir).await? {
        // It may exist only in memory so far: syncing again costs little and this happens once per log.
    } else {
        fs::create_dir_all(dir).await?;
    }
    for parent in dir.ancestors().skip(1) {
        fs::sync_dir(parent).await?;
        if parent == root {
            break;
        }
    }
    Ok(())
}
