//! The sidecar index in memory: built as batches are appended, loaded from its file, completed by a scan.
//!
//! Invariants: entries ascend in offset and position; all bytes below `covered` are described; the first batch of the
//! segment and of each epoch has an entry. What a block of the file describes ends where the next one begins, and with all
//! blocks up to it it stands for itself: a load goes on from the last block that is whole.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::Path;
use std::rc::Rc;

use ottla_protocol::ids::PartitionId;
use ottla_protocol::record::BatchHeader;
use ottla_runtime::fs::{Buf, File, OpenOptions};

use super::scan::Walk;
use super::txns::Open;
use crate::cache::LogKey;
use crate::error::StorageError;
use crate::format::BLOCK;
use crate::format::index::{AbortedTxn, IndexBlock, IndexEntry, OpenTxn, fits};
use crate::mutants::{Mutant, planted};

/// Entries are never denser than this, whatever the topic asks for: reads fetch more than that at once.
const DENSEST: u64 = 32 << 10;
/// Most open transactions that a block names; with more a load goes on from an earlier block.
const OPEN_MOST: usize = 128;
/// Room for so many that are not open yet.
const OPEN_SLACK: usize = 16;

/// The index of one segment.
#[derive(Clone, Debug)]
pub(crate) struct Index {
    entries: Vec<IndexEntry>,
    /// Transactions whose marker is in the segment, in the order of the markers.
    aborted: Vec<AbortedTxn>,
    /// Transactions that are open behind what is covered.
    open: Open,
    pub covered: u64,
    pub max_timestamp: i64,
    pub end_offset: i64,
    /// Epoch of the last batch.
    epoch: Option<i32>,
    /// The blocks of the file that nothing is added to any more.
    full: Vec<Full>,
    /// Batches of transactions were added since the last full block.
    transactional: bool,
    /// First block that differs from the file.
    unsaved: usize,
}

/// A block at its end: how many entries and aborted transactions it and the ones before have, and what holds there.
#[derive(Clone, Debug)]
struct Full {
    entries: usize,
    aborted: usize,
    covered: u64,
    max_timestamp: i64,
    end_offset: i64,
    open: Option<Box<[OpenTxn]>>,
    transactional: bool,
}

impl Index {
    /// Of an empty segment in front of which no transaction is open.
    pub fn new(base: i64) -> Index {
        Index::after(base, Open::default())
    }

    /// Of an empty segment in front of which these transactions are open.
    pub fn after(base: i64, open: Open) -> Index {
        Index {
            entries: Vec::new(),
            aborted: Vec::new(),
            open,
            covered: 0,
            max_timestamp: -1,
            end_offset: base,
            epoch: None,
            full: Vec::new(),
            transactional: false,
            unsaved: 0,
        }
    }

    /// The batch that follows what is covered.
    pub fn add(&mut self, header: &BatchHeader, bytes: &[u8], interval: u64) {
        let due = self.epoch != Some(header.leader_epoch)
            || self
                .entries
                .last()
                .is_none_or(|e| self.covered - e.position >= interval.max(DENSEST));
        let ends = header.attributes.is_control();
        if due || ends {
            self.make_room(usize::from(due) + usize::from(ends));
        }
        if due {
            self.entries.push(IndexEntry {
                offset: header.base_offset,
                position: self.covered,
                max_before: self.max_timestamp,
                epoch: header.leader_epoch,
            });
        }
        if header.attributes.is_transactional() || ends {
            self.transactional = true;
            self.aborted.extend(self.open.pass(header, bytes));
        }
        self.epoch = Some(header.leader_epoch);
        self.covered += header.size() as u64;
        self.max_timestamp = self.max_timestamp.max(header.max_timestamp);
        self.end_offset = header.next_offset();
    }

    /// The last block is about to change: begins a new one if it cannot take `more`.
    fn make_room(&mut self, more: usize) {
        self.unsaved = self.unsaved.min(self.full.len());
        let (entries, aborted) = self.in_last();
        let open = match self.open.len() {
            0 => 0,
            // Some may begin before the block is full.
            open if open <= OPEN_MOST => open + OPEN_SLACK,
            _ => 0,
        };
        if !fits(entries + more, aborted, open) {
            self.full.push(self.last());
            self.transactional = false;
        }
    }

    /// Entries and aborted transactions in the last block.
    fn in_last(&self) -> (usize, usize) {
        let (entries, aborted) = self.before(self.full.len());
        (self.entries.len() - entries, self.aborted.len() - aborted)
    }

    /// Entries and aborted transactions in the blocks before `number`.
    fn before(&self, number: usize) -> (usize, usize) {
        let before = number.checked_sub(1).map(|n| &self.full[n]);
        before.map_or((0, 0), |full| (full.entries, full.aborted))
    }

    /// The last block as it is now.
    fn last(&self) -> Full {
        let (entries, aborted) = self.in_last();
        let room = self.open.len() <= OPEN_MOST && fits(entries, aborted, self.open.len());
        Full {
            entries: self.entries.len(),
            aborted: self.aborted.len(),
            covered: self.covered,
            max_timestamp: self.max_timestamp,
            end_offset: self.end_offset,
            open: room.then(|| self.open.iter().collect()),
            transactional: self.transactional,
        }
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

    /// The transactions aborted here that have records in `from..to`.
    pub fn aborted(&self, from: i64, to: i64) -> impl Iterator<Item = AbortedTxn> {
        let first = self.aborted.partition_point(|txn| txn.last_offset < from);
        let mut over = false;
        let relevant = self.aborted[first..].iter().take_while(move |txn| {
            // What comes behind it began at or above its last stable offset.
            !std::mem::replace(&mut over, txn.last_stable_offset >= to)
        });
        relevant.filter(move |txn| txn.overlaps(from, to)).copied()
    }

    /// How many transactions were aborted here.
    pub fn aborted_len(&self) -> usize {
        self.aborted.len()
    }

    /// The transactions that are open at its end.
    pub fn open(&self) -> &Open {
        &self.open
    }

    /// Bytes of memory.
    pub fn memory(&self) -> usize {
        let open = self.full.iter().filter_map(|f| f.open.as_deref());
        size_of::<Index>()
            + self.entries.capacity() * size_of::<IndexEntry>()
            + self.aborted.capacity() * size_of::<AbortedTxn>()
            + self.full.capacity() * size_of::<Full>()
            + open.map(size_of_val).sum::<usize>()
            + self.open.len() * 2 * size_of::<OpenTxn>()
    }

    /// What a sidecar file tells of its segment, of which `length` bytes are there. `None` when that is nothing: whatever is
    /// wrong with the file, the log has it all.
    pub async fn read(sidecar: &Path, id: PartitionId, base: i64, length: u64) -> Option<Index> {
        let mut blocks = read_blocks(sidecar, id, base).await;
        let whole = |block: &IndexBlock| block.covered <= length && block.open.is_some();
        let usable = blocks.iter().rposition(whole).map_or(0, |last| last + 1);
        let cut = (usable < blocks.len()).then(|| blocks.swap_remove(usable));
        blocks.truncate(usable);
        let mut index = Index::new(base);
        index.unsaved = usable;
        let last = blocks.pop();
        for block in blocks {
            let open = block.open.clone().map(Vec::into_boxed_slice);
            index.take(block);
            index.full.push(Full {
                open,
                ..index.last()
            });
        }
        let found_any = last.is_some();
        if let Some(last) = last {
            index.take(last);
        }
        let cut = cut.is_some_and(|block| index.take_front(block, length));
        let ordered = index
            .entries
            .windows(2)
            .all(|w| w[0].offset < w[1].offset && w[0].position < w[1].position);
        (ordered && (found_any || cut)).then_some(index)
    }

    /// Adds a block of the file.
    fn take(&mut self, block: IndexBlock) {
        self.entries.extend(block.entries);
        self.aborted.extend(block.aborted);
        self.open = block.open.into_iter().flatten().collect();
        self.covered = block.covered;
        self.max_timestamp = block.max_timestamp;
        self.end_offset = block.end_offset;
        self.transactional = block.transactional;
        // A new epoch always has an entry.
        self.epoch = self.entries.last().map(|e| e.epoch);
    }

    /// Adds what a block says of the first `length` bytes of the segment, back to an entry. That it can say only if it has no
    /// batches of transactions: then those that are open behind it are open everywhere in it.
    fn take_front(&mut self, block: IndexBlock, length: u64) -> bool {
        let Some(open) = block.open.filter(|_| !block.transactional) else {
            return false;
        };
        let keep = block.entries.partition_point(|e| e.position <= length);
        let Some(last) = keep.checked_sub(1).map(|i| block.entries[i]) else {
            return false;
        };
        if last.position <= self.covered {
            return false;
        }
        if self.covered > 0 {
            self.full.push(self.last());
        }
        self.open = open.into_iter().collect();
        self.entries.extend_from_slice(&block.entries[..keep - 1]);
        self.covered = last.position;
        self.max_timestamp = last.max_before;
        self.end_offset = last.offset;
        self.transactional = false;
        // The epoch before the cut is not known for sure any more: the next batch gets an entry, which never hurts.
        self.epoch = None;
        true
    }

    /// Reads the rest of the segment's `length` bytes, between which compaction may have left gaps.
    pub async fn complete(
        &mut self,
        file: &File,
        path: &Path,
        (length, gaps): (u64, bool),
        interval: u64,
    ) -> Result<(), StorageError> {
        let mut walk = Walk::new(file, path, (self.covered, length), self.end_offset, gaps);
        while let Some((_, header, bytes)) = walk.next().await? {
            self.add(&header, &bytes, interval);
        }
        Ok(())
    }

    fn block(&self, number: usize) -> IndexBlock {
        let from = self.before(number);
        let to = match self.full.get(number) {
            Some(full) => full.clone(),
            None => self.last(),
        };
        let covered_before = number.checked_sub(1).map(|n| self.full[n].covered);
        IndexBlock {
            number: number as u32,
            from: covered_before.unwrap_or(0),
            covered: to.covered,
            max_timestamp: to.max_timestamp,
            end_offset: to.end_offset,
            entries: self.entries[from.0..to.entries].to_vec(),
            aborted: match planted(Mutant::AbortedNotIndexed) {
                true => Vec::new(),
                false => self.aborted[from.1..to.aborted].to_vec(),
            },
            open: to.open.map(Vec::from),
            transactional: to.transactional,
        }
    }

    /// Writes the blocks that differ from the file. Not synced: see `format::index`.
    pub async fn save(
        &mut self,
        sidecar: &Path,
        id: PartitionId,
        base: i64,
    ) -> Result<(), StorageError> {
        let blocks = self.full.len() + usize::from(self.in_last() != (0, 0));
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

/// The whole blocks of a sidecar file that follow each other.
async fn read_blocks(sidecar: &Path, id: PartitionId, base: i64) -> Vec<IndexBlock> {
    let read = async {
        let file = File::open(sidecar, &OpenOptions::read_only().direct()).await?;
        let len = file.len().await?;
        file.read_at(0, len as usize).await
    };
    let Ok(bytes) = read.await else {
        return Vec::new();
    };
    let mut blocks: Vec<IndexBlock> = Vec::new();
    for (number, block) in bytes.chunks_exact(BLOCK).enumerate() {
        let Ok(block) = IndexBlock::decode(block, id, base, number as u32) else {
            break;
        };
        let covered = blocks.last().map_or(0, |before| before.covered);
        let starts = block.entries.first().map(|first| first.position);
        if block.from != covered || starts.is_some_and(|at| at < covered) || block.covered < covered
        {
            break;
        }
        blocks.push(block);
    }
    blocks
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
