//! What all logs of a shard share.

use std::cell::{Cell, RefCell};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use crate::cache::{BatchCache, LogKey};
use crate::error::StorageError;
use crate::segment::handles::Handles;
use crate::segment::index::Indexes;

/// Limits of what the logs of a shard share.
#[derive(Clone, Debug)]
pub struct StoreOptions {
    /// Segment files open at a time. Default 512.
    pub open_files: usize,
    /// Bytes of sidecar indexes held in memory. Default 8 MiB.
    pub index_memory: usize,
    /// Bytes of the batch cache. Default 32 MiB.
    pub cache_memory: usize,
    /// Bytes that a segment allocates ahead of its data, at most. Default 32 MiB.
    pub allocate_ahead: u64,
}

impl Default for StoreOptions {
    fn default() -> StoreOptions {
        StoreOptions {
            open_files: 512,
            index_memory: 8 << 20,
            cache_memory: 32 << 20,
            allocate_ahead: 32 << 20,
        }
    }
}

/// The shard's open files, batch cache and counters. Clones are the same store.
#[derive(Clone)]
pub struct Store(pub(super) Rc<Shared>);

pub(super) struct Shared {
    pub root: PathBuf,
    pub cache: BatchCache,
    pub handles: Handles,
    pub indexes: Indexes,
    pub dirty: Cell<usize>,
    pub allocate_ahead: u64,
    pub full: Cell<bool>,
    pub failed: RefCell<Option<String>>,
    next_key: Cell<LogKey>,
}

impl Store {
    /// A store whose logs have their folders under `root`, which exists.
    pub fn new(root: impl AsRef<Path>, options: &StoreOptions) -> Store {
        Store(Rc::new(Shared {
            root: root.as_ref().to_owned(),
            cache: BatchCache::new(options.cache_memory),
            handles: Handles::new(options.open_files),
            indexes: Indexes::new(options.index_memory),
            dirty: Cell::new(0),
            allocate_ahead: options.allocate_ahead,
            full: Cell::new(false),
            failed: RefCell::new(None),
            next_key: Cell::new(0),
        }))
    }

    /// The batch cache.
    pub fn cache(&self) -> &BatchCache {
        &self.0.cache
    }

    /// Bytes appended to logs and not yet in their segments. They are in the journal, and in memory until flushed.
    pub fn dirty_bytes(&self) -> usize {
        self.0.dirty.get()
    }

    /// Did the last flush find no room on the disk?
    pub fn is_full(&self) -> bool {
        self.0.full.get()
    }

    /// Why segments are not written any more, if a flush has failed. For good: the process should exit.
    pub fn failed(&self) -> Option<String> {
        self.0.failed.borrow().clone()
    }

    pub(super) fn key(&self) -> LogKey {
        let key = self.0.next_key.get();
        self.0.next_key.set(key + 1);
        key
    }

    /// A failed flush halts all writing of this shard's segments.
    pub(super) fn fail(&self, error: &StorageError) {
        self.0
            .failed
            .borrow_mut()
            .get_or_insert_with(|| error.to_string());
    }
}
