//! Who waits on a partition: producers for a commit, fetches for new records. A commit wakes them; nothing polls.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

use ottla_runtime::sync::oneshot;
use ottla_runtime::time::Instant;

/// Something to be answered when a log offset is committed, or lost.
pub struct Acks<T> {
    /// In offset order: offsets are handed out in order and an entry waits from the moment it got its offset.
    waiting: VecDeque<(i64, T)>,
}

impl<T> Default for Acks<T> {
    fn default() -> Self {
        Self {
            waiting: VecDeque::new(),
        }
    }
}

impl<T> Acks<T> {
    /// Waits until `last_offset` is below the high watermark.
    pub fn wait(&mut self, last_offset: i64, waiter: T) {
        // A duplicate of a batch in flight waits for an offset that others behind it already wait beyond.
        let at = self.waiting.partition_point(|(o, _)| *o <= last_offset);
        self.waiting.insert(at, (last_offset, waiter));
    }

    /// Takes the next waiter whose offset is below `high_watermark`.
    pub fn committed(&mut self, high_watermark: i64) -> Option<T> {
        let (offset, _) = self.waiting.front()?;
        if *offset >= high_watermark {
            return None;
        }
        self.waiting.pop_front().map(|(_, w)| w)
    }

    /// Takes everybody who waits for `offset` or beyond: what they wait for is gone.
    pub fn lost_from(&mut self, offset: i64) -> Vec<T> {
        let at = self.waiting.partition_point(|(o, _)| *o < offset);
        self.waiting
            .split_off(at)
            .into_iter()
            .map(|(_, w)| w)
            .collect()
    }
}

/// A fetch that waits for bytes on partitions of one shard.
pub struct Watch {
    missing: Cell<i64>,
    /// When the fetch answers anyway; nobody listens after it.
    deadline: Instant,
    fire: RefCell<Option<oneshot::Sender<()>>>,
}

impl Watch {
    /// Fires once `missing` bytes more are committed on the partitions it is put on.
    pub fn new(missing: i64, deadline: Instant) -> (Rc<Self>, oneshot::Receiver<()>) {
        let (sender, receiver) = oneshot::channel();
        (
            Rc::new(Self {
                missing: Cell::new(missing),
                deadline,
                fire: RefCell::new(Some(sender)),
            }),
            receiver,
        )
    }

    /// Fires now, whatever is missing: the fetch has to look again (an error, a new leader, a deleted topic).
    pub fn fire(&self) {
        if let Some(sender) = self.fire.borrow_mut().take() {
            // The fetch may have been answered by its deadline, or its connection closed.
            let _ = sender.send(());
        }
    }

    fn add(&self, bytes: i64) {
        self.missing.set(self.missing.get() - bytes);
        if self.missing.get() <= 0 {
            self.fire();
        }
    }

    fn is_over(&self) -> bool {
        self.fire
            .borrow()
            .as_ref()
            .is_none_or(oneshot::Sender::is_closed)
    }
}

/// The fetches that wait on one partition.
#[derive(Default)]
pub struct Watchers {
    watches: Vec<Rc<Watch>>,
}

impl Watchers {
    /// Puts a watch on this partition. Those that are over are dropped here, so the list is no longer than what
    /// waits and what waited when the last watch came; that needs no timer.
    pub fn add(&mut self, watch: Rc<Watch>, now: Instant) {
        self.watches.retain(|w| !w.is_over() && w.deadline > now);
        self.watches.push(watch);
    }

    /// `bytes` of records became visible.
    pub fn committed(&mut self, bytes: i64) {
        if !self.watches.is_empty() {
            self.watches.iter().for_each(|w| w.add(bytes));
            self.watches.retain(|w| !w.is_over());
        }
    }

    /// Everybody looks again.
    pub fn fire_all(&mut self) {
        self.watches.drain(..).for_each(|w| w.fire());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn acks_come_in_offset_order_and_only_below_the_watermark() {
        let mut acks = Acks::default();
        acks.wait(9, "a");
        acks.wait(19, "b");
        acks.wait(9, "retry of a");
        assert_eq!(acks.committed(9), None);
        assert_eq!(acks.committed(10), Some("a"));
        assert_eq!(acks.committed(10), Some("retry of a"));
        assert_eq!(acks.committed(10), None);
        acks.wait(29, "c");
        assert_eq!(acks.lost_from(25), ["c"]);
        assert_eq!(acks.committed(20), Some("b"));
    }

    fn at(ns: u64) -> Instant {
        Instant::from_nanos(ns)
    }

    #[test]
    fn a_watch_fires_when_enough_bytes_came() {
        let (watch, mut fired) = Watch::new(100, at(10));
        let mut on = Watchers::default();
        on.add(watch, at(0));
        on.committed(60);
        assert!(fired.try_recv().is_none());
        on.committed(40);
        assert!(fired.try_recv().is_some());
        assert!(on.watches.is_empty());
    }

    #[test]
    fn a_watch_whose_fetch_is_gone_is_dropped() {
        let mut on = Watchers::default();
        let (watch, fired) = Watch::new(100, at(10));
        on.add(watch, at(0));
        drop(fired);
        on.committed(1);
        assert!(on.watches.is_empty());
    }

    /// Consumers of a quiet partition come back every half second, and each time leave a watch behind.
    #[test]
    fn watches_past_their_time_do_not_pile_up() {
        let mut on = Watchers::default();
        for round in 0..1000 {
            let (watch, fired) = Watch::new(1, at(round * 10 + 10));
            std::mem::forget(fired);
            on.add(watch, at(round * 10));
        }
        assert_eq!(on.watches.len(), 1);
    }
}
