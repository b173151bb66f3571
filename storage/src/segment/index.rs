//! The sidecar index in memory: built as batches are appended, loaded from its file, completed by a scan.
//!
//! Invariants: entries ascend in offset and position; all bytes below `covered` are described; the first batch of the
//! segment and of each epoch has an entry.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::Path;
use std::rc::Rc;

use ottla_protocol::ids::PartitionId;
use ottla_protocol::record::BatchHeader;
use ottla_runtime::fs::{Buf, File, OpenOptions};

use super::scan::Walk;
use crate::cache::LogKey;
use crate::error::StorageError;
use crate::format::BLOCK;
use crate::format::index::{IndexBlock, IndexEntry, PER_BLOCK};

/// Entries are never denser than this, whatever the topic asks for: reads fetch more than that at once.
const DENSEST: u64 = 32 << 10;

/// The index of one segment.
#[derive(Clone, Debug)]
pub(crate) struct Index {
    entries: Vec<IndexEntry>,
    pub covered: u64,
    pub max_timestamp: i64,
    pub end_offset: i64,
    /// Epoch of the last batch.
    epoch: Option<i32>,
    /// First block that differs from the file.
    unsaved: usize,
}

impl Index {
    /// Of an empty segment.
    pub fn new(base: i64) -> Index {
        Index {
            entries: Vec::new(),
            covered: 0,
            max_timestamp: -1,
            end_offset: base,
            epoch: None,
            unsaved: 0,
        }
    }

    /// The batch that follows what is covered.
    pub fn add(&mut self, header: &BatchHeader, interval: u64) {
        let due = self
            .entries
            .last()
            .is_none_or(|e| self.covered - e.position >= interval.max(DENSEST));
        if due || self.epoch != Some(header.leader_epoch) {
            self.unsaved = self
                .unsaved
                .min(self.entries.len().saturating_sub(1) / PER_BLOCK);
            self.entries.push(IndexEntry {
                offset: header.base_offset,
                position: self.covered,
                max_before: self.max_timestamp,
                epoch: header.leader_epoch,
            });
        }
        self.epoch = Some(header.leader_epoch);
        self.covered += header.size() as u64;
        self.max_timestamp = self.max_timestamp.max(header.max_timestamp);
        self.end_offset = header.next_offset();
    }

    /// The last entry at or before `offset`.
    pub fn floor_offset(&self, offset: i64) -> Option<IndexEntry> {
        let after = self.entries.partition_point(|e| e.offset <= offset);
        after.checked_sub(1).map(|i| self.entries[i])
    }

    /// The last entry before which no batch has a timestamp of `timestamp` or more.
    pub fn floor_time(&self, timestamp: i64) -> Option<IndexEntry> {
        let after = self.entries.partition_point(|e| e.max_before < timestamp);
        after.checked_sub(1).map(|i| self.entries[i])
    }

    /// Epochs and the offsets at which they start, ascending.
    pub fn epochs(&self) -> impl Iterator<Item = (i32, i64)> {
        let mut last = None;
        self.entries.iter().filter_map(move |e| {
            (last.replace(e.epoch) != Some(e.epoch)).then_some((e.epoch, e.offset))
        })
    }

    /// Bytes of memory.
    pub fn memory(&self) -> usize {
        size_of::<Index>() + self.entries.capacity() * size_of::<IndexEntry>()
    }

    /// Loads the index of the segment of this base and length, in which compaction may have left gaps, completing from the
    /// segment what the file does not have.
    pub async fn load(
        file: &File,
        paths: (&Path, &Path),
        id: PartitionId,
        (base, length, gaps): (i64, u64, bool),
        interval: u64,
    ) -> Result<Index, StorageError> {
        let (data, sidecar) = paths;
        let mut index = Index::new(base);
        if let Some(found) = read(sidecar, id, base).await {
            index = found;
        }
        index.cut(base, length);
        match index.complete(file, data, (length, gaps), interval).await {
            Err(StorageError::Corrupt(_)) if index.covered > 0 => {
                // Perhaps the index is stale and not the segment damaged: the segment alone decides.
                index = Index::new(base);
                index.complete(file, data, (length, gaps), interval).await?;
            }
            other => other?,
        }
        Ok(index)
    }

    async fn complete(
        &mut self,
        file: &File,
        path: &Path,
        (length, gaps): (u64, bool),
        interval: u64,
    ) -> Result<(), StorageError> {
        let mut walk = Walk::new(file, path, (self.covered, length), self.end_offset, gaps);
        while let Some((_, header, _)) = walk.next().await? {
            self.add(&header, interval);
        }
        Ok(())
    }

    /// Forgets what lies at or behind `length`, back to the last entry in front of it.
    fn cut(&mut self, base: i64, length: u64) {
        if self.covered <= length {
            return;
        }
        let keep = self.entries.partition_point(|e| e.position <= length);
        let Some(last) = keep.checked_sub(1).map(|i| self.entries[i]) else {
            *self = Index::new(base);
            return;
        };
        self.entries.truncate(keep - 1);
        self.covered = last.position;
        self.max_timestamp = last.max_before;
        self.end_offset = last.offset;
        // The epoch before the cut is not known for sure any more: the next batch gets an entry, which never hurts.
        self.epoch = None;
        self.unsaved = self
            .unsaved
            .min(self.entries.len().saturating_sub(1) / PER_BLOCK);
    }

    fn block(&self, number: usize) -> IndexBlock {
        let from = number * PER_BLOCK;
        let to = (from + PER_BLOCK).min(self.entries.len());
        let (covered, max_timestamp, end_offset) = match self.entries.get(to) {
            Some(next) => (next.position, next.max_before, next.offset),
            None => (self.covered, self.max_timestamp, self.end_offset),
        };
        let entries = self.entries[from..to].to_vec();
        IndexBlock {
            number: number as u32,
            covered,
            max_timestamp,
            end_offset,
            entries,
        }
    }

    /// Writes the blocks that differ from the file. Not synced: see `format::index`.
    pub async fn save(
        &mut self,
        sidecar: &Path,
        id: PartitionId,
        base: i64,
    ) -> Result<(), StorageError> {
        let blocks = self.entries.len().div_ceil(PER_BLOCK);
        if self.unsaved >= blocks {
            return Ok(());
        }
        let first = self.unsaved;
        let mut buf = Buf::with_capacity((blocks - first) * BLOCK);
        for number in first..blocks {
            buf.extend_from_slice(&self.block(number).encode(id, base));
        }
        let file = File::open(sidecar, &OpenOptions::read_write().direct()).await?;
        file.write_at(buf, (first * BLOCK) as u64).await?;
        file.close().await?;
        self.unsaved = blocks;
        Ok(())
    }
}

/// The whole blocks of a sidecar file that follow each other; `None` when there are none. Whatever is wrong with the
/// file, the segment has it all.
async fn read(sidecar: &Path, id: PartitionId, base: i64) -> Option<Index> {
    let file = File::open(sidecar, &OpenOptions::read_only().direct())
        .await
        .ok()?;
    let len = file.len().await.ok()?;
    let bytes = file.read_at(0, len as usize).await.ok()?;
    let mut index = Index::new(base);
    for (number, block) in bytes.chunks_exact(BLOCK).enumerate() {
        let Ok(block) = IndexBlock::decode(block, id, base, number as u32) else {
            break;
        };
        let first = block.entries.first()?;
        if first.position != index.covered {
            break;
        }
        index.entries.extend_from_slice(&block.entries);
        index.covered = block.covered;
        index.max_timestamp = block.max_timestamp;
        index.end_offset = block.end_offset;
        index.unsaved = number + 1;
        if block.entries.len() < PER_BLOCK {
            break;
        }
    }
    let ordered = index
        .entries
        .windows(2)
        .all(|w| w[0].offset < w[1].offset && w[0].position < w[1].position);
    // The last batch's epoch is that of the last entry: a new epoch always has one.
    index.epoch = index.entries.last().map(|e| e.epoch);
    (ordered && !index.entries.is_empty()).then_some(index)
}

/// Loaded indexes of a shard, under a byte budget.
pub(crate) struct Indexes {
    limit: usize,
    inner: RefCell<Loaded>,
}

#[derive(Default)]
struct Loaded {
    tick: u64,
    used: usize,
    indexes: BTreeMap<(LogKey, i64), (Rc<Index>, u64)>,
    order: BTreeMap<u64, (LogKey, i64)>,
}

impl Indexes {
    pub fn new(limit: usize) -> Indexes {
        Indexes {
            limit,
            inner: RefCell::default(),
        }
    }

    /// The index if it is loaded.
    pub fn get(&self, key: (LogKey, i64)) -> Option<Rc<Index>> {
        let mut inner = self.inner.borrow_mut();
        inner.tick += 1;
        let now = inner.tick;
        let (index, tick) = inner.indexes.get_mut(&key)?;
        let index = index.clone();
        let before = std::mem::replace(tick, now);
        inner.order.remove(&before);
        inner.order.insert(now, key);
        Some(index)
    }

    /// Takes it out, to be changed and put back.
    pub fn take(&self, key: (LogKey, i64)) -> Option<Rc<Index>> {
        let mut inner = self.inner.borrow_mut();
        let (index, tick) = inner.indexes.remove(&key)?;
        inner.order.remove(&tick);
        inner.used -= index.memory();
        Some(index)
    }

    pub fn put(&self, key: (LogKey, i64), index: Rc<Index>) {
        self.take(key);
        let mut inner = self.inner.borrow_mut();
        inner.tick += 1;
        let tick = inner.tick;
        inner.used += index.memory();
        inner.indexes.insert(key, (index, tick));
        inner.order.insert(tick, key);
        while inner.used > self.limit && inner.indexes.len() > 1 {
            let Some((_, oldest)) = inner.order.pop_first() else {
                break;
            };
            if let Some((index, _)) = inner.indexes.remove(&oldest) {
                inner.used -= index.memory();
            }
        }
    }

    /// Drops all of a log.
    pub fn forget_log(&self, log: LogKey) {
        let keys: Vec<_> = self
            .inner
            .borrow()
            .indexes
            .range((log, i64::MIN)..=(log, i64::MAX))
            .map(|(key, _)| *key)
            .collect();
        for key in keys {
            self.take(key);
        }
    }
}
