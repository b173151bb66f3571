//! The log's start: moved by retention and by deletion of records; files go when the new start is durable.
//!
//! Two steps, so that a crash between them loses nothing and confuses nobody: first the start moves in memory and the
//! partition's owner makes it durable (a checkpoint); then [`Log::reclaim`] removes the files wholly below it. A log
//! that finds fewer segments than its checkpoint names is damaged, not trimmed.

use std::io::ErrorKind;

use ottla_runtime::fs;

use super::Log;
use super::state::Segment;
use crate::error::StorageError;
use crate::mutants::{Mutant, planted};
use crate::segment::{data_path, index_path};

impl Log {
    /// Moves the start up to `offset` (never down, never beyond the end). Records below can no longer be read.
    /// Returns the start in force.
    pub fn advance_start(&self, offset: i64) -> i64 {
        let mut state = self.0.state.borrow_mut();
        state.start_offset =
            offset.clamp(state.start_offset, state.end_offset.max(state.start_offset));
        let start = state.start_offset;
        drop(state);
        self.0.store.0.cache.drop_below(self.0.key, start);
        start
    }

    /// Applies retention by size and by age at wall-clock time `now_ms`, to segments wholly below `limit` (the high
    /// watermark). Whole segments only, from the oldest on; the open one too once all its records are too old, in which
    /// case the next batch starts a new one. Returns the start that retention wants, if it is another than the one in force;
    /// nobody may see it before it is durable, so [`Log::advance_start`] is the caller's to call.
    ///
    /// # Errors
    /// Damage, the disk's own (the age of a segment may have to be read from its index).
    pub async fn retain(&self, now_ms: i64, limit: i64) -> Result<Option<i64>, StorageError> {
        let config = self.config();
        let before = self.start_offset();
        let mut start = before;
        // What DeleteRecords has taken does not count, though its files may still be there.
        let mut size = match planted(Mutant::RetentionCountsDeleted) {
            true => self.size(),
            false => self.0.state.borrow().live_size(),
        };
        while let Some((segment, end, open)) = self.oldest(start) {
            if end > limit || end > self.flushed().end_offset {
                break;
            }
            let left = match planted(Mutant::RetentionTooMuch) {
                true => size,
                false => size.saturating_sub(segment.length),
            };
            let large = config.retention_bytes >= 0 && left >= config.retention_bytes as u64;
            // Of which compaction has left nothing, age and size say nothing: it must not keep those behind it.
            let empty = segment.gaps && segment.length == 0;
            let goes = (large && !open)
                || empty
                || self.too_old(&segment, now_ms, config.retention_ms).await?;
            if !goes {
                break;
            }
            if open {
                self.roll();
            }
            size = size.saturating_sub(segment.length);
            start = end;
        }
        Ok((start > before).then_some(start))
    }

    async fn too_old(
        &self,
        segment: &Segment,
        now_ms: i64,
        retention_ms: i64,
    ) -> Result<bool, StorageError> {
        if retention_ms < 0 {
            return Ok(false);
        }
        // Records without timestamps (-1) have no age: their segment goes by size only.
        let youngest = self.segment_max(segment).await?;
        let retention_ms = match planted(Mutant::RetentionTooYoung) {
            true => retention_ms / 2,
            false => retention_ms,
        };
        Ok(youngest >= 0 && now_ms.saturating_sub(youngest) > retention_ms)
    }

    /// The oldest segment that is not wholly below `start`, its end offset, whether it is the open one.
    fn oldest(&self, start: i64) -> Option<(Segment, i64, bool)> {
        let state = self.0.state.borrow();
        let segments = &state.segments;
        for (i, segment) in segments.iter().enumerate() {
            let open = i + 1 == segments.len();
            // The open one's end is where its dirty batches end: it cannot go while any is outstanding.
            let end = segments
                .get(i + 1)
                .map_or(state.end_offset, |next| next.base);
            if end > start {
                return Some((*segment, end, open));
            }
        }
        None
    }

    /// Removes the files wholly below `durable_start`: the start offset of a checkpoint that is on the disk. Returns
    /// the number of segments removed.
    ///
    /// # Errors
    /// [`StorageError::Misuse`] when it is above the start in force; the disk's own.
    pub async fn reclaim(&self, durable_start: i64) -> Result<usize, StorageError> {
        let inner = &self.0;
        if durable_start > self.start_offset() {
            let what = format!(
                "removal below {durable_start}, the log starts at {}",
                self.start_offset()
            );
            return Err(StorageError::Misuse(what));
        }
        let _lock = inner.lock.acquire(1).await;
        if inner.state.borrow().deleted {
            return Ok(0);
        }
        let gone = inner.state.borrow_mut().take_below(durable_start);
        for base in &gone {
            inner.store.0.handles.forget(inner.key, *base);
            inner.store.0.indexes.take((inner.key, *base));
            fs::remove_file(data_path(&inner.dir, *base)).await?;
            let index = index_path(&inner.dir, *base);
            if fs::exists(&index).await? {
                fs::remove_file(&index).await?;
            }
        }
        if !gone.is_empty() {
            fs::sync_dir(&inner.dir).await?;
        }
        inner.state.borrow().invariants();
        Ok(gone.len())
    }

    /// Removes the log's folder with all it holds. To be called after the journal has forgotten the partition. Flushes
    /// and reads that are under way end in errors or in nothing.
    ///
    /// # Errors
    /// The disk's.
    pub async fn delete(&self) -> Result<(), StorageError> {
        let inner = &self.0;
        let shared = &inner.store.0;
        inner.state.borrow_mut().deleted = true;
        let _lock = inner.lock.acquire(1).await;
        let dropped = std::mem::take(&mut inner.state.borrow_mut().dirty_bytes);
        shared.dirty.set(shared.dirty.get() - dropped);
        shared.cache.cut(inner.key, i64::MIN);
        shared.handles.forget_log(inner.key);
        shared.indexes.forget_log(inner.key);
        fs::remove_dir_all(&inner.dir).await?;
        if let Some(parent) = inner.dir.parent().filter(|_| inner.dir != shared.root) {
            match fs::sync_dir(parent).await {
                // No partition of the topic was ever flushed, so no folder was made for it.
                Err(gone) if gone.kind() == ErrorKind::NotFound => {}
                synced => synced?,
            }
        }
        Ok(())
    }
}
