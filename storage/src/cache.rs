//! The batch cache: recently appended and recently read batches of a shard, in wire format, under one byte budget.
//!
//! Lives on: its shard; shared by all its logs. An extent is one or more whole batches that follow each other. Extents
//! never overlap within a log: whoever inserts gives only what a lookup has just missed. Least recently used goes first.
//! The cache is never the only place of anything: what is not on disk yet stands in the log's own dirty list too.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use bytes::Bytes;

/// Which log an extent belongs to: a number that the shard's [`crate::log::Store`] gives each open log.
pub type LogKey = u64;

/// Counted per extent on top of its bytes: map nodes and headers.
const OVERHEAD: usize = 160;

/// The cache of one shard. Clones share it.
#[derive(Clone)]
pub struct BatchCache(Rc<RefCell<Inner>>);

struct Inner {
    limit: usize,
    used: usize,
    tick: u64,
    extents: BTreeMap<(LogKey, i64), Extent>,
    /// By last use, oldest first.
    order: BTreeMap<u64, (LogKey, i64)>,
    hits: u64,
    misses: u64,
}

struct Extent {
    end: i64,
    bytes: Bytes,
    used_at: u64,
}

/// What the cache did so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CacheStats {
    /// Lookups answered.
    pub hits: u64,
    /// Lookups not answered.
    pub misses: u64,
    /// Bytes held, overhead included.
    pub used: usize,
}

impl BatchCache {
    /// An empty cache that holds at most `limit` bytes.
    pub fn new(limit: usize) -> BatchCache {
        BatchCache(Rc::new(RefCell::new(Inner {
            limit,
            used: 0,
            tick: 0,
            extents: BTreeMap::new(),
            order: BTreeMap::new(),
            hits: 0,
            misses: 0,
        })))
    }

    /// Keeps whole batches of `log` that cover the offsets from `base` up to `end`.
    pub fn insert(&self, log: LogKey, base: i64, end: i64, bytes: Bytes) {
        let mut inner = self.0.borrow_mut();
        if bytes.len() + OVERHEAD > inner.limit || end <= base {
            return;
        }
        // Two readers may have missed at the same time; the overlapping rest of the first one goes.
        while let Some(overlap) = inner.overlapping(log, base, end) {
            inner.remove(overlap);
        }
        inner.tick += 1;
        let tick = inner.tick;
        inner.used += bytes.len() + OVERHEAD;
        inner.order.insert(tick, (log, base));
        inner.extents.insert(
            (log, base),
            Extent {
                end,
                bytes,
                used_at: tick,
            },
        );
        while inner.used > inner.limit {
            let Some((_, oldest)) = inner.order.first_key_value() else {
                break;
            };
            let oldest = *oldest;
            inner.remove(oldest);
        }
    }

    /// The extent that holds `offset`: its first offset, the one after its last, its batches.
    pub fn get(&self, log: LogKey, offset: i64) -> Option<(i64, i64, Bytes)> {
        let mut inner = self.0.borrow_mut();
        let found = inner
            .extents
            .range((log, i64::MIN)..=(log, offset))
            .next_back();
        let Some((key, extent)) = found.filter(|(_, e)| e.end > offset) else {
            inner.misses += 1;
            return None;
        };
        let (key, end, bytes, before) = (*key, extent.end, extent.bytes.clone(), extent.used_at);
        inner.tick += 1;
        let tick = inner.tick;
        inner.order.remove(&before);
        inner.order.insert(tick, key);
        if let Some(extent) = inner.extents.get_mut(&key) {
            extent.used_at = tick;
        }
        inner.hits += 1;
        Some((key.1, end, bytes))
    }

    /// Drops what `log` has at and above `offset` (and the extent that spans it).
    pub fn cut(&self, log: LogKey, offset: i64) {
        let mut inner = self.0.borrow_mut();
        while let Some(key) = inner.overlapping(log, offset, i64::MAX) {
            inner.remove(key);
        }
    }

    /// Drops what `log` has below `offset`.
    pub fn drop_below(&self, log: LogKey, offset: i64) {
        let mut inner = self.0.borrow_mut();
        while let Some((key, _)) = inner
            .extents
            .range((log, i64::MIN)..(log, offset))
            .next()
            .filter(|(_, e)| e.end <= offset)
        {
            let key = *key;
            inner.remove(key);
        }
    }

    /// Changes the budget; shrinking evicts at once.
    pub fn set_limit(&self, limit: usize) {
        let mut inner = self.0.borrow_mut();
        inner.limit = limit;
        while inner.used > limit {
            let Some((_, oldest)) = inner.order.first_key_value() else {
                break;
            };
            let oldest = *oldest;
            inner.remove(oldest);
        }
    }

    /// Counters since the start.
    pub fn stats(&self) -> CacheStats {
        let inner = self.0.borrow();
        CacheStats {
            hits: inner.hits,
            misses: inner.misses,
            used: inner.used,
        }
    }
}

impl Inner {
    fn overlapping(&self, log: LogKey, base: i64, end: i64) -> Option<(LogKey, i64)> {
        let (key, extent) = self
            .extents
            .range((log, i64::MIN)..(log, end))
            .next_back()?;
        (extent.end > base).then_some(*key)
    }

    fn remove(&mut self, key: (LogKey, i64)) {
        if let Some(extent) = self.extents.remove(&key) {
            self.order.remove(&extent.used_at);
            self.used -= extent.bytes.len() + OVERHEAD;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(n: usize) -> Bytes {
        Bytes::from(vec![7; n])
    }

    #[test]
    fn finds_the_extent_around_an_offset() {
        let cache = BatchCache::new(10_000);
        cache.insert(1, 10, 20, bytes(100));
        cache.insert(1, 20, 25, bytes(50));
        cache.insert(2, 0, 100, bytes(10));
        assert_eq!(cache.get(1, 19).map(|e| (e.0, e.1)), Some((10, 20)));
        assert_eq!(cache.get(1, 20).map(|e| (e.0, e.1)), Some((20, 25)));
        assert!(cache.get(1, 25).is_none() && cache.get(1, 9).is_none());
        assert_eq!(
            cache.stats(),
            CacheStats {
                hits: 2,
                misses: 2,
                used: 160 + 3 * OVERHEAD
            }
        );
    }

    #[test]
    fn the_least_recently_used_goes_first() {
        let cache = BatchCache::new(3 * (100 + OVERHEAD));
        for base in 0..3 {
            cache.insert(1, base * 10, base * 10 + 10, bytes(100));
        }
        assert!(cache.get(1, 0).is_some());
        cache.insert(1, 30, 40, bytes(100));
        assert!(
            cache.get(1, 0).is_some() && cache.get(1, 10).is_none() && cache.get(1, 30).is_some()
        );
    }

    #[test]
    fn cuts_and_drops() {
        let cache = BatchCache::new(100_000);
        for base in 0..10 {
            cache.insert(1, base * 10, base * 10 + 10, bytes(100));
        }
        cache.cut(1, 75);
        assert!(
            cache.get(1, 69).is_some() && cache.get(1, 70).is_none() && cache.get(1, 95).is_none()
        );
        cache.drop_below(1, 35);
        assert!(cache.get(1, 29).is_none() && cache.get(1, 30).is_some());
        cache.set_limit(0);
        assert_eq!(cache.stats().used, 0);
    }

    #[test]
    fn an_insert_replaces_what_it_overlaps() {
        let cache = BatchCache::new(100_000);
        cache.insert(1, 0, 10, bytes(10));
        cache.insert(1, 10, 20, bytes(10));
        cache.insert(1, 5, 15, bytes(10));
        assert_eq!(cache.get(1, 7).map(|e| (e.0, e.1)), Some((5, 15)));
        assert!(cache.get(1, 0).is_none() && cache.get(1, 17).is_none());
    }
}
