//! What a thread of the load counts, read by the one that reports.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use hdrhistogram::Histogram;

/// Latencies in microseconds, up to ten minutes, three digits.
pub fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, 600_000_000, 3).unwrap_or_else(|e| unreachable!("{e:?}"))
}

/// Counters of one thread.
#[derive(Debug)]
pub struct Tally {
    /// Records handed to the client, by their time.
    pub offered: AtomicU64,
    /// Records answered without an error (producers) or received (consumers).
    pub records: AtomicU64,
    /// Bytes of their values.
    pub value_bytes: AtomicU64,
    /// Bytes of their batches.
    pub batch_bytes: AtomicU64,
    /// Batches of them.
    pub batches: AtomicU64,
    /// Requests answered.
    pub requests: AtomicU64,
    /// Records refused.
    pub errors: AtomicU64,
    /// What was said, and how often.
    pub complaints: Mutex<BTreeMap<String, u64>>,
    latency: Mutex<Histogram<u64>>,
}

impl Default for Tally {
    fn default() -> Self {
        Self {
            offered: AtomicU64::default(),
            records: AtomicU64::default(),
            value_bytes: AtomicU64::default(),
            batch_bytes: AtomicU64::default(),
            batches: AtomicU64::default(),
            requests: AtomicU64::default(),
            errors: AtomicU64::default(),
            complaints: Mutex::default(),
            latency: Mutex::new(histogram()),
        }
    }
}

/// A copy of the counters, or the sum or difference of some.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[allow(missing_docs)] // as in `Tally`
pub struct Counts {
    pub offered: u64,
    pub records: u64,
    pub value_bytes: u64,
    pub batch_bytes: u64,
    pub batches: u64,
    pub requests: u64,
    pub errors: u64,
}

impl Counts {
    fn zip(self, other: Self, f: impl Fn(u64, u64) -> u64) -> Self {
        Self {
            offered: f(self.offered, other.offered),
            records: f(self.records, other.records),
            value_bytes: f(self.value_bytes, other.value_bytes),
            batch_bytes: f(self.batch_bytes, other.batch_bytes),
            batches: f(self.batches, other.batches),
            requests: f(self.requests, other.requests),
            errors: f(self.errors, other.errors),
        }
    }

    /// What came since `before`.
    pub fn since(self, before: Self) -> Self {
        self.zip(before, u64::saturating_sub)
    }
}

/// Adds to a counter that only one thread writes.
pub fn add(counter: &AtomicU64, n: u64) {
    counter.fetch_add(n, Ordering::Relaxed);
}

impl Tally {
    /// Records latencies: `now` less each stamp, `each` times.
    pub fn latencies(&self, now: u64, stamps: impl Iterator<Item = u64>, each: u64) {
        let mut histogram = self.latency.lock().unwrap_or_else(|e| e.into_inner());
        for stamp in stamps {
            histogram.saturating_record_n((now.saturating_sub(stamp) / 1000).max(1), each);
        }
    }

    /// Counts refused records.
    pub fn refuse(&self, records: u64, why: &str) {
        add(&self.errors, records);
        let mut complaints = self.complaints.lock().unwrap_or_else(|e| e.into_inner());
        *complaints.entry(why.to_owned()).or_default() += records;
    }

    fn counts(&self) -> Counts {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Counts {
            offered: read(&self.offered),
            records: read(&self.records),
            value_bytes: read(&self.value_bytes),
            batch_bytes: read(&self.batch_bytes),
            batches: read(&self.batches),
            requests: read(&self.requests),
            errors: read(&self.errors),
        }
    }
}

/// The counters of some threads together.
pub fn sum<'a>(tallies: impl IntoIterator<Item = &'a Tally>) -> Counts {
    let all = tallies.into_iter().map(Tally::counts);
    all.fold(Counts::default(), |a, b| a.zip(b, |x, y| x + y))
}

/// Takes the latencies since the last time.
pub fn take_latencies<'a>(tallies: impl IntoIterator<Item = &'a Tally>) -> Histogram<u64> {
    let mut all = histogram();
    for tally in tallies {
        let mut latency = tally.latency.lock().unwrap_or_else(|e| e.into_inner());
        all.add(&*latency).unwrap_or_else(|e| unreachable!("{e:?}"));
        latency.reset();
    }
    all
}

/// The complaints of some threads together.
pub fn complaints<'a>(tallies: impl IntoIterator<Item = &'a Tally>) -> BTreeMap<String, u64> {
    let mut all = BTreeMap::new();
    for tally in tallies {
        let some = tally.complaints.lock().unwrap_or_else(|e| e.into_inner());
        for (what, n) in &*some {
            *all.entry(what.clone()).or_default() += n;
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn latency_counts_from_the_intended_time_and_is_taken_once() {
        let (a, b) = (Tally::default(), Tally::default());
        a.latencies(5_000_000, [1_000_000, 4_000_000].into_iter(), 1);
        b.latencies(5_000_000, [3_000_000].into_iter(), 7);
        let all = take_latencies([&a, &b]);
        assert_eq!(
            (all.len(), all.min(), all.value_at_quantile(0.5)),
            (9, 1000, 2000)
        );
        assert!((3999..=4001).contains(&all.max()));
        assert_eq!(take_latencies([&a, &b]).len(), 0);
    }

    #[test]
    fn counts_add_up() {
        let (a, b) = (Tally::default(), Tally::default());
        add(&a.records, 3);
        add(&b.records, 4);
        a.refuse(2, "no");
        let before = sum([&a]);
        assert_eq!(
            (sum([&a, &b]).records, sum([&a, &b]).since(before).records),
            (7, 4)
        );
        assert_eq!(complaints([&a, &b]), BTreeMap::from([("no".to_owned(), 2)]));
    }
}
