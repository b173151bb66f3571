//! The batch cache: recently appended and recently read batches of a shard, in wire format, under one byte budget.
//!
//! Lives on: its shard; shared by all its logs. An extent is one or more whole batches that follow each other. Extents
//! never overlap within a log: whoever inserts gives only what a lookup has just missed. Least recently used goes first.
//! The cache is never the only place of anything: what is not on disk yet stands in the log's own dirty list too.
//!
//! Nearly every insert is at the end of its log and nearly every eviction at its beginning, so a log's extents stand in a
//! queue in the order of their offsets. Each use of an extent goes to the end of another queue, `uses`; an older use of the
//! same extent stays where it is and is passed over when its turn comes to be evicted.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;

use bytes::Bytes;

/// Which log an extent belongs to: a number that the shard's [`crate::log::Store`] gives each open log.
pub type LogKey = u64;

/// Counted per extent on top of its bytes: its places in the queues.
const OVERHEAD: usize = 160;
/// Uses that are passed over are thrown out when there are more than this, and more than one for each extent.
const USES_MIN: usize = 1024;

/// The cache of one shard. Clones share it.
#[derive(Clone)]
pub struct BatchCache(Rc<RefCell<Inner>>);

struct Inner {
    limit: usize,
    used: usize,
    /// Numbers the uses.
    tick: u64,
    /// Extents by log, in the order of their offsets.
    logs: BTreeMap<LogKey, VecDeque<Extent>>,
    /// Number of extents.
    count: usize,
    /// Oldest first.
    uses: VecDeque<Use>,
    hits: u64,
    misses: u64,
}

struct Extent {
    base: i64,
    end: i64,
    bytes: Bytes,
    used_at: u64,
}

/// An extent was used; its newest use if the extent says so, too.
struct Use {
    at: u64,
    log: LogKey,
    base: i64,
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
            logs: BTreeMap::new(),
            count: 0,
            uses: VecDeque::new(),
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
        inner.remove_between(log, base, end);
        let used_at = inner.note_use(log, base);
        inner.used += bytes.len() + OVERHEAD;
        inner.count += 1;
        let extents = inner.logs.entry(log).or_default();
        let place = match extents.back() {
            Some(last) if last.base > base => extents.partition_point(|e| e.base < base),
            _ => extents.len(),
        };
        let extent = Extent {
            base,
            end,
            bytes,
            used_at,
        };
        extents.insert(place, extent);
        inner.evict();
    }

    /// The extent that holds `offset`: its first offset, the one after its last, its batches.
    pub fn get(&self, log: LogKey, offset: i64) -> Option<(i64, i64, Bytes)> {
        let mut inner = self.0.borrow_mut();
        let Some((base, end, bytes)) = inner.holding(log, offset) else {
            inner.misses += 1;
            return None;
        };
        inner.hits += 1;
        let used_at = inner.note_use(log, base);
        if let Some(extent) = inner.extent_at(log, base) {
            extent.used_at = used_at;
        }
        Some((base, end, bytes))
    }

    /// The batches of the extent that ends before offset `end`, if there is one. Does not count as a use.
    pub fn ending_at(&self, log: LogKey, end: i64) -> Option<Bytes> {
        let found = self.0.borrow().holding(log, end - 1);
        found
            .filter(|extent| extent.1 == end)
            .map(|extent| extent.2)
    }

    /// Drops what `log` has at and above `offset` (and the extent that spans it).
    pub fn cut(&self, log: LogKey, offset: i64) {
        self.0.borrow_mut().remove_between(log, offset, i64::MAX);
    }

    /// Drops what `log` has from `from` up to `to` (and what spans one of them).
    pub fn drop_between(&self, log: LogKey, from: i64, to: i64) {
        self.0.borrow_mut().remove_between(log, from, to);
    }

    /// Drops what `log` has below `offset`.
    pub fn drop_below(&self, log: LogKey, offset: i64) {
        let mut inner = self.0.borrow_mut();
        let Some(extents) = inner.logs.get(&log) else {
            return;
        };
        let below = extents.partition_point(|e| e.end <= offset);
        inner.remove(log, 0, below);
    }

    /// Changes the budget; shrinking evicts at once.
    pub fn set_limit(&self, limit: usize) {
        let mut inner = self.0.borrow_mut();
        inner.limit = limit;
        inner.evict();
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
    fn holding(&self, log: LogKey, offset: i64) -> Option<(i64, i64, Bytes)> {
        let extents = self.logs.get(&log)?;
        let extent = &extents[extents
            .partition_point(|e| e.base <= offset)
            .checked_sub(1)?];
        (extent.end > offset).then(|| (extent.base, extent.end, extent.bytes.clone()))
    }

    fn extent_at(&mut self, log: LogKey, base: i64) -> Option<&mut Extent> {
        let extents = self.logs.get_mut(&log)?;
        let place = place_of(extents, base)?;
        extents.get_mut(place)
    }

    fn note_use(&mut self, log: LogKey, base: i64) -> u64 {
        self.tick += 1;
        let at = self.tick;
        self.uses.push_back(Use { at, log, base });
        if self.uses.len() > USES_MIN.max(2 * self.count) {
            let mut uses = std::mem::take(&mut self.uses);
            // The one just noted is not in its extent yet.
            uses.retain(|u| u.at == at || self.is_newest(u));
            self.uses = uses;
        }
        at
    }

    fn is_newest(&mut self, of: &Use) -> bool {
        let extent = self.extent_at(of.log, of.base);
        extent.is_some_and(|extent| extent.used_at == of.at)
    }

    /// Drops the extents that share offsets with `base..end`.
    fn remove_between(&mut self, log: LogKey, base: i64, end: i64) {
        let Some(extents) = self.logs.get(&log) else {
            return;
        };
        if extents.back().is_none_or(|last| last.end <= base) {
            return;
        }
        let from = extents.partition_point(|e| e.end <= base);
        let to = extents.partition_point(|e| e.base < end);
        self.remove(log, from, to);
    }

    /// Drops the extents at places `from..to`.
    fn remove(&mut self, log: LogKey, from: usize, to: usize) {
        if from >= to {
            return;
        }
        let Some(extents) = self.logs.get_mut(&log) else {
            return;
        };
        for extent in extents.drain(from..to) {
            self.used -= extent.bytes.len() + OVERHEAD;
            self.count -= 1;
        }
        if extents.is_empty() {
            self.logs.remove(&log);
        }
    }

    fn evict(&mut self) {
        while self.used > self.limit {
            let Some(oldest) = self.uses.pop_front() else {
                break;
            };
            self.evict_if_newest(&oldest);
        }
    }

    /// Drops the extent of a use unless it was used again.
    fn evict_if_newest(&mut self, of: &Use) {
        let Some(extents) = self.logs.get(&of.log) else {
            return;
        };
        if let Some(place) = place_of(extents, of.base)
            && extents[place].used_at == of.at
        {
            self.remove(of.log, place, place + 1);
        }
    }
}

/// Where the extent that begins at `base` stands: mostly in front.
fn place_of(extents: &VecDeque<Extent>, base: i64) -> Option<usize> {
    match extents.front() {
        Some(first) if first.base == base => Some(0),
        _ => extents.binary_search_by_key(&base, |e| e.base).ok(),
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

    #[test]
    fn uses_do_not_pile_up_and_the_newest_one_counts() {
        let cache = BatchCache::new(3 * (100 + OVERHEAD));
        for base in 0..3 {
            cache.insert(1, base * 10, base * 10 + 10, bytes(100));
        }
        for _ in 0..5 * USES_MIN {
            assert!(cache.get(1, 10).is_some() && cache.get(1, 0).is_some());
        }
        assert!(cache.0.borrow().uses.len() <= USES_MIN + 1);
        cache.insert(1, 30, 40, bytes(100));
        cache.insert(1, 40, 50, bytes(100));
        let held = [0, 10, 20, 30, 40].map(|offset| cache.get(1, offset).is_some());
        assert_eq!(held, [true, false, false, true, true]);
    }
}
