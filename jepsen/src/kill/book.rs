//! What the producers know, shared with the judge: which records were ever sent, which acknowledged, and what went wrong outside the log.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard};

use super::check::{Acked, Known};

/// A topic partition under test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slot {
    /// Its topic.
    pub topic: String,
    /// Its index in the topic.
    pub partition: i32,
}

/// One page per slot; locked one at a time, for moments.
#[derive(Debug)]
pub struct Book {
    /// The topic partitions, by slot number.
    pub slots: Vec<Slot>,
    pages: Vec<Mutex<Known>>,
    producer_ids: Mutex<BTreeSet<i64>>,
    complaints: Mutex<Vec<String>>,
    acks: AtomicU64,
    resent: AtomicU64,
    stop: AtomicBool,
    paused: AtomicBool,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner()) // a producer that panicked is reported when it is joined
}

impl Book {
    /// An empty book for these slots.
    pub fn new(slots: Vec<Slot>) -> Self {
        let pages = slots.iter().map(|_| Mutex::default()).collect();
        Self {
            slots,
            pages,
            producer_ids: Mutex::default(),
            complaints: Mutex::default(),
            acks: AtomicU64::new(0),
            resent: AtomicU64::new(0),
            stop: AtomicBool::new(false),
            paused: AtomicBool::new(false),
        }
    }

    /// Before a batch is sent for the first time: its producer has now tried `issued` records on `slot`.
    pub fn issued(&self, slot: usize, producer: u32, issued: u64) {
        lock(&self.pages[slot]).issued.insert(producer, issued);
    }

    /// A batch was acknowledged.
    pub fn acked(&self, slot: usize, batch: Acked) {
        lock(&self.pages[slot]).acked.push(batch);
        self.acks.fetch_add(1, Ordering::Relaxed);
    }

    /// A batch was sent again after its connection broke.
    pub fn resent(&self) {
        self.resent.fetch_add(1, Ordering::Relaxed);
    }

    /// Batches acknowledged so far, and batches sent more than once.
    pub fn counts(&self) -> (u64, u64) {
        (
            self.acks.load(Ordering::Relaxed),
            self.resent.load(Ordering::Relaxed),
        )
    }

    /// What is known of a slot now.
    pub fn known(&self, slot: usize) -> Known {
        lock(&self.pages[slot]).clone()
    }

    /// A producer id came from the broker; false when it was given before, which must never happen.
    pub fn new_producer_id(&self, id: i64) -> bool {
        lock(&self.producer_ids).insert(id)
    }

    /// Something broke a promise outside what the log shows; the run fails.
    pub fn complain(&self, what: String) {
        lock(&self.complaints).push(what);
    }

    /// All complaints so far.
    pub fn complaints(&self) -> Vec<String> {
        lock(&self.complaints).clone()
    }

    /// Tells the producers to finish what is in flight and end.
    pub fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    /// Were they told?
    pub fn stopping(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// Tells the producers to send nothing new for now, or to go on.
    pub fn pause(&self, paused: bool) {
        self.paused.store(paused, Ordering::Relaxed);
    }

    /// Were they told to send nothing new?
    pub fn paused(&self) -> bool {
        self.paused.load(Ordering::Relaxed)
    }
}
