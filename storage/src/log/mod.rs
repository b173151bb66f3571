//! A partition's log: its records' long-term home.
//!
//! Lives on: the owner shard. View: this replica's.
//!
//! | file | what |
//! |---|---|
//! | `store` | what all logs of a shard share |
//! | `state` | offsets, segments, dirty entries, when to roll; pure |
//! | `open` | recovery from a checkpoint |
//! | `flush` | dirty entries into segments |
//! | `read` | batches by offset, from memory, cache or disk |
//! | `times` | offsets by timestamp and by leader epoch |
//! | `aborted` | aborted transactions by offset |
//! | `retain` | retention, delete records, removal of segments and of the log |
//! | `clean` | compaction |
//!
//! Who moves what: [`Log::append`] moves the end, [`Log::flush`] the flushed end, [`Log::advance_start`] and
//! [`Log::retain`] the start; [`Log::reclaim`] removes files once the new start is durable in a checkpoint.
//!
//! Only committed entries are flushed (the caller gives the index), so segments hold nothing that Raft could take back,
//! and truncation is a matter of memory and of the journal. What a flush wrote beyond the last durable checkpoint is
//! void after a crash: the same committed entries come again from the journal (or from the leader), to the same place.

mod aborted;
pub mod clean;
mod flush;
mod open;
mod read;
mod retain;
mod state;
mod store;
#[cfg(test)]
mod tests;
mod times;

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use bytes::Bytes;
use ottla_protocol::ids::PartitionId;
use ottla_runtime::fs::File;
use ottla_runtime::sync::Semaphore;

use self::state::{Dirty, Segment, State};
use crate::cache::LogKey;
use crate::error::StorageError;
use crate::format::checkpoint::Checkpoint;
use crate::format::frame::HardState;
use crate::segment::index::Index;
use crate::segment::txns::Open;
use crate::segment::{data_path, index_path};

pub use self::open::Start;
pub use self::read::{ReadError, ReadOut};
pub use self::state::Flushed;
pub use self::store::{Store, StoreOptions};
pub use self::times::TimedOffset;
pub use crate::error::StorageError as LogError;
pub use crate::format::index::AbortedTxn;

/// What of a topic's configuration matters here; may change at any time ([`Log::configure`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogConfig {
    /// A segment is closed rather than made longer than this. Kafka's `segment.bytes`; default 1 GiB.
    pub segment_bytes: u64,
    /// A segment is closed when a batch is this much younger than its first. `segment.ms`; default 7 days.
    pub segment_ms: i64,
    /// Segments whose youngest record is older go; negative: never. `retention.ms`; default 7 days.
    pub retention_ms: i64,
    /// The oldest segments go while the log would stay at least this long; negative: no limit. `retention.bytes`.
    pub retention_bytes: i64,
    /// Bytes between index entries (never less than 32 KiB here). `index.interval.bytes`; default 4096.
    pub index_interval_bytes: u64,
}

impl Default for LogConfig {
    fn default() -> LogConfig {
        LogConfig {
            segment_bytes: 1 << 30,
            segment_ms: 604_800_000,
            retention_ms: 604_800_000,
            retention_bytes: -1,
            index_interval_bytes: 4096,
        }
    }
}

/// One partition's log. Cheap to clone; all clones are the same log.
#[derive(Clone)]
pub struct Log(Rc<Inner>);

struct Inner {
    id: PartitionId,
    key: LogKey,
    dir: PathBuf,
    store: Store,
    config: RefCell<LogConfig>,
    state: RefCell<State>,
    /// Held by whoever writes or removes segments: one at a time.
    lock: Rc<Semaphore>,
    /// Held from the moment at which a name may come to mean another segment until memory knows of it, and while a segment
    /// is opened by its name.
    names: Rc<Semaphore>,
}

impl Log {
    /// Takes an entry into memory: ordered, readable, not durable (the journal's append of the same entry makes it so).
    /// An entry that is not data has `records` 0 and no bytes.
    ///
    /// # Errors
    /// [`StorageError::Misuse`] when it does not follow the last entry, or when the bytes are not one batch of these
    /// offsets; nothing is changed then.
    pub fn append(
        &self,
        index: u64,
        term: u64,
        base_offset: i64,
        records: u32,
        bytes: Bytes,
    ) -> Result<(), StorageError> {
        let len = bytes.len();
        let end_offset = base_offset + i64::from(records);
        let entry = Dirty {
            index,
            term,
            base_offset,
            end_offset,
            rolls: false,
            bytes: bytes.clone(),
        };
        {
            let mut state = self.0.state.borrow_mut();
            state.append(entry, &self.0.config.borrow())?;
            state.invariants();
        }
        let shared = &self.0.store.0;
        shared.dirty.set(shared.dirty.get() + len);
        shared
            .cache
            .insert(self.0.key, base_offset, end_offset, bytes);
        Ok(())
    }

    /// Takes back entries after `(index, term)`, which ends at `offset`: Raft found that the leader has others. The
    /// journal's truncate frame makes it durable.
    ///
    /// # Errors
    /// [`StorageError::Misuse`] when these entries are flushed or on their way: only committed ones ever are.
    pub fn truncate_to(&self, offset: i64, last: (u64, u64)) -> Result<(), StorageError> {
        let shared = &self.0.store.0;
        let mut state = self.0.state.borrow_mut();
        let dropped = state.truncate(offset, last)?;
        state.invariants();
        shared.dirty.set(shared.dirty.get() - dropped);
        shared.cache.cut(self.0.key, offset);
        Ok(())
    }

    /// The partition.
    pub fn id(&self) -> PartitionId {
        self.0.id
    }

    /// Its folder.
    pub fn dir(&self) -> &Path {
        &self.0.dir
    }

    /// First offset that can be read.
    pub fn start_offset(&self) -> i64 {
        self.0.state.borrow().start_offset
    }

    /// Offset that the next record gets.
    pub fn end_offset(&self) -> i64 {
        self.0.state.borrow().end_offset
    }

    /// Bytes of all batches, whether in segments or on their way there.
    pub fn size(&self) -> u64 {
        self.0.state.borrow().size()
    }

    /// Bytes not yet in segments.
    pub fn dirty_bytes(&self) -> usize {
        self.0.state.borrow().dirty_bytes
    }

    /// Segment files, the open one included.
    pub fn segments(&self) -> usize {
        self.0.state.borrow().segments.len()
    }

    /// How far the segments reach, durably: what a checkpoint may say.
    pub fn flushed(&self) -> Flushed {
        self.0.state.borrow().flushed
    }

    /// A checkpoint of what is flushed. `hard` is the hard state last appended to the journal; `state` is what the
    /// partition's state machine needs to go on from [`Flushed::index`].
    pub fn checkpoint(&self, hard: HardState, state: Bytes) -> Checkpoint {
        let log = self.0.state.borrow();
        let Flushed {
            index,
            term,
            end_offset,
            tail,
        } = log.flushed;
        // The start may be ahead of the flushed end when records were deleted that are not in a segment yet.
        let start_offset = log.start_offset.min(end_offset);
        Checkpoint {
            index,
            term,
            end_offset,
            start_offset,
            tail,
            hard,
            state,
        }
    }

    /// The configuration in force.
    pub fn config(&self) -> LogConfig {
        *self.0.config.borrow()
    }

    /// Changes the configuration; holds from the next append, flush or retention on.
    pub fn configure(&self, config: LogConfig) {
        *self.0.config.borrow_mut() = config;
    }

    /// The next batch starts a new segment.
    pub fn roll(&self) {
        self.0.state.borrow_mut().retire_active();
    }
}

impl Inner {
    async fn file(&self, base: i64) -> std::io::Result<Rc<File>> {
        let handles = &self.store.0.handles;
        if let Some(file) = handles.held(self.key, base) {
            return Ok(file);
        }
        let _names = self.names.acquire(1).await;
        handles
            .get(self.key, base, &data_path(&self.dir, base))
            .await
    }

    /// The index of a segment, complete up to its length.
    async fn index(&self, segment: &Segment) -> Result<Rc<Index>, StorageError> {
        if let Some(index) = self.loaded(segment) {
            return Ok(index);
        }
        if let Some(index) = self.saved_index(segment).await? {
            return Ok(index);
        }
        let open = self.open_before(segment.base).await?;
        self.scanned_index(segment, open).await
    }

    /// The index if it is in memory.
    fn loaded(&self, segment: &Segment) -> Option<Rc<Index>> {
        let index = self.store.0.indexes.get((self.key, segment.base));
        index.filter(|i| i.covered >= segment.length)
    }

    /// What the sidecar file has, completed from the segment; `None` when the file tells nothing.
    async fn saved_index(&self, segment: &Segment) -> Result<Option<Rc<Index>>, StorageError> {
        let before = self.changes();
        let sidecar = index_path(&self.dir, segment.base);
        let read = Index::read(&sidecar, self.id, segment.base, segment.length).await;
        let Some(found) = read else {
            return Ok(None);
        };
        match self.completed(found, segment, before).await {
            // Perhaps the index is stale and not the segment damaged: the segment alone decides.
            Err(StorageError::Corrupt(_)) => Ok(None),
            done => done.map(Some),
        }
    }

    async fn scanned_index(
        &self,
        segment: &Segment,
        open: Open,
    ) -> Result<Rc<Index>, StorageError> {
        let before = self.changes();
        let index = Index::after(segment.base, open);
        self.completed(index, segment, before).await
    }

    async fn completed(
        &self,
        mut index: Index,
        segment: &Segment,
        before: u64,
    ) -> Result<Rc<Index>, StorageError> {
        let interval = self.config.borrow().index_interval_bytes;
        let file = self.file(segment.base).await?;
        let path = data_path(&self.dir, segment.base);
        let what = (segment.length, segment.gaps);
        index.complete(&file, &path, what, interval).await?;
        let index = Rc::new(index);
        if !self.state.borrow().deleted && self.changes() == before {
            let key = (self.key, segment.base);
            self.store.0.indexes.put(key, index.clone());
        }
        Ok(index)
    }

    /// The transactions that are open where segment `base` starts. The index of the segment before says so; where there is
    /// none any more, what was open then has no records that can be read.
    async fn open_before(&self, base: i64) -> Result<Open, StorageError> {
        let mut unknown = Vec::new();
        let mut at = base;
        let mut open = loop {
            let Some(before) = self.state.borrow().segment_before(at) else {
                break Open::default();
            };
            if let Some(index) = self.loaded(&before) {
                break index.open().clone();
            }
            if let Some(index) = self.saved_index(&before).await? {
                break index.open().clone();
            }
            at = before.base;
            unknown.push(before);
        };
        for segment in unknown.iter().rev() {
            open = self.scanned_index(segment, open).await?.open().clone();
        }
        Ok(open)
    }

    /// See [`State::changes`].
    fn changes(&self) -> u64 {
        self.state.borrow().changes
    }
}
