//! The requests of one connection that are not answered yet, in order.
//!
//! Produce requests may follow one another before the first is answered; any other request starts alone. So order is kept
//! without a handler knowing of it, and a slow client has at most one large answer in memory.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::poll_fn;
use std::task::{Poll, Waker};

use super::budget::Permit;
use crate::api::Started;

/// Produce requests of one connection that may be under way.
const MOST: usize = 64;
/// Bytes of them, unless it is one alone.
const MOST_BYTES: usize = 16 * 1024 * 1024;

/// A request that has been started.
pub struct Slot {
    /// Its answer, now or later.
    pub started: Started,
    /// The memory of its frame; held until it is answered.
    pub permit: Permit,
    /// Size of its frame.
    pub bytes: usize,
}

/// Shared by the reading and the writing side of one connection (two futures of one task).
#[derive(Default)]
pub struct Queue {
    slots: RefCell<VecDeque<Slot>>,
    /// Started and not yet written, those that the writer has taken out included.
    under_way: Cell<usize>,
    bytes: Cell<usize>,
    only_produce: Cell<bool>,
    reader: RefCell<Option<Waker>>,
    writer: RefCell<Option<Waker>>,
}

impl Queue {
    /// Requests that are not answered yet.
    pub fn under_way(&self) -> usize {
        self.under_way.get()
    }

    fn may_start(&self, produce: bool, bytes: usize) -> bool {
        let pipelines = produce && self.only_produce.get();
        let room =
            self.under_way.get() < MOST && self.bytes.get().saturating_add(bytes) <= MOST_BYTES;
        self.under_way.get() == 0 || (pipelines && room)
    }

    /// Waits until a request of `bytes` may start.
    pub async fn turn(&self, produce: bool, bytes: usize) {
        self.when(|| self.may_start(produce, bytes)).await;
        self.only_produce.set(produce);
    }

    /// Waits until everything is answered.
    pub async fn drained(&self) {
        self.when(|| self.under_way.get() == 0).await;
    }

    async fn when(&self, ready: impl Fn() -> bool) {
        poll_fn(|cx| {
            if ready() {
                return Poll::Ready(());
            }
            *self.reader.borrow_mut() = Some(cx.waker().clone());
            Poll::Pending
        })
        .await;
    }

    /// Adds a request that has its turn.
    pub fn push(&self, slot: Slot) {
        self.under_way.set(self.under_way.get() + 1);
        self.bytes.set(self.bytes.get() + slot.bytes);
        self.slots.borrow_mut().push_back(slot);
        if let Some(waker) = self.writer.take() {
            waker.wake();
        }
    }

    /// The oldest request, when there is one.
    pub async fn next(&self) -> Slot {
        poll_fn(|cx| match self.try_next() {
            Some(slot) => Poll::Ready(slot),
            None => {
                *self.writer.borrow_mut() = Some(cx.waker().clone());
                Poll::Pending
            }
        })
        .await
    }

    /// The oldest request, if there is one.
    pub fn try_next(&self) -> Option<Slot> {
        self.slots.borrow_mut().pop_front()
    }

    /// `requests` of `bytes` together are answered.
    pub fn done(&self, requests: usize, bytes: usize) {
        self.under_way.set(self.under_way.get() - requests);
        self.bytes.set(self.bytes.get() - bytes);
        if let Some(waker) = self.reader.take() {
            waker.wake();
        }
    }
}
