//! Counted permits, first come first served.

use std::{
    cell::{Cell, RefCell},
    collections::{BTreeMap, BTreeSet},
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, Waker},
};

/// Permits for a bounded resource (bytes, slots). Strictly FIFO: a large request at the head makes the
/// small ones behind it wait, so it cannot starve.
pub struct Semaphore {
    free: Cell<usize>,
    waiters: RefCell<WaitList>,
}

impl Semaphore {
    /// With `permits` free.
    pub fn new(permits: usize) -> Self {
        Semaphore {
            free: Cell::new(permits),
            waiters: RefCell::default(),
        }
    }

    /// Permits free now.
    pub fn available(&self) -> usize {
        self.free.get()
    }

    /// Number of tasks that wait.
    pub fn waiting(&self) -> usize {
        self.waiters.borrow().len()
    }

    /// Waits for `n` permits; they return when the [`Permit`] is dropped. Asking for more than there will
    /// ever be waits for ever: cap the request first.
    pub async fn acquire(self: &Rc<Self>, n: usize) -> Permit {
        Acquire {
            semaphore: self,
            n,
            key: None,
        }
        .await;
        Permit {
            semaphore: self.clone(),
            n,
        }
    }

    /// `n` permits if they are free and nobody waits.
    pub fn try_acquire(self: &Rc<Self>, n: usize) -> Option<Permit> {
        (self.waiters.borrow().first().is_none() && self.take(n)).then(|| Permit {
            semaphore: self.clone(),
            n,
        })
    }

    /// Adds permits for good (a budget was raised).
    pub fn add(&self, n: usize) {
        self.free.set(self.free.get() + n);
        self.serve();
    }

    fn take(&self, n: usize) -> bool {
        let enough = self.free.get() >= n;
        if enough {
            self.free.set(self.free.get() - n);
        }
        enough
    }

    /// Gives permits to the head of the queue for as long as they last.
    fn serve(&self) {
        loop {
            let waker = {
                let mut waiters = self.waiters.borrow_mut();
                let Some(key) = waiters.first() else { return };
                if !self.take(waiters.weight(key)) {
                    return;
                }
                waiters.grant(key)
            };
            if let Some(waker) = waker {
                waker.wake();
            }
        }
    }
}

/// Permits held; given back on drop.
pub struct Permit {
    semaphore: Rc<Semaphore>,
    n: usize,
}

impl Permit {
    /// Number of permits held.
    pub fn count(&self) -> usize {
        self.n
    }

    /// Gives back all but `keep` permits.
    pub fn shrink(&mut self, keep: usize) {
        let surplus = self.n.saturating_sub(keep);
        self.n -= surplus;
        self.semaphore.add(surplus);
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.semaphore.add(self.n);
    }
}

struct Acquire<'a> {
    semaphore: &'a Semaphore,
    n: usize,
    key: Option<u64>,
}

impl Future for Acquire<'_> {
    type Output = ();
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let semaphore = self.semaphore;
        let key = match self.key {
            Some(key) => key,
            None => {
                let mut waiters = semaphore.waiters.borrow_mut();
                if waiters.first().is_none() && semaphore.take(self.n) {
                    return Poll::Ready(());
                }
                let key = waiters.enter(self.n);
                self.key = Some(key);
                key
            }
        };
        if semaphore.waiters.borrow_mut().poll(key, cx) {
            self.key = None;
            return Poll::Ready(());
        }
        Poll::Pending
    }
}

impl Drop for Acquire<'_> {
    fn drop(&mut self) {
        let Some(key) = self.key else { return };
        let was_granted = self.semaphore.waiters.borrow_mut().leave(key);
        if was_granted {
            self.semaphore.add(self.n);
        } else {
            self.semaphore.serve();
        }
    }
}

/// Waiting tasks in order of arrival. A waiter is *granted* by the waking side and sees that at its next
/// poll; one that is dropped in between reports it, so that nothing granted is lost.
#[derive(Default)]
pub(super) struct WaitList {
    next_key: u64,
    waiting: BTreeMap<u64, Waiter>,
    granted: BTreeSet<u64>,
}

struct Waiter {
    weight: usize,
    waker: Option<Waker>,
}

impl WaitList {
    pub(super) fn enter(&mut self, weight: usize) -> u64 {
        self.next_key += 1;
        self.waiting.insert(
            self.next_key,
            Waiter {
                weight,
                waker: None,
            },
        );
        self.next_key
    }

    pub(super) fn first(&self) -> Option<u64> {
        self.waiting.keys().next().copied()
    }

    fn weight(&self, key: u64) -> usize {
        self.waiting.get(&key).map_or(0, |waiter| waiter.weight)
    }

    fn len(&self) -> usize {
        self.waiting.len()
    }

    pub(super) fn grant(&mut self, key: u64) -> Option<Waker> {
        let waiter = self.waiting.remove(&key)?;
        self.granted.insert(key);
        waiter.waker
    }

    pub(super) fn grant_all(&mut self) -> Vec<Waker> {
        let waiting = std::mem::take(&mut self.waiting);
        self.granted.extend(waiting.keys());
        waiting
            .into_values()
            .filter_map(|waiter| waiter.waker)
            .collect()
    }

    /// True once granted; until then the task's waker is kept.
    pub(super) fn poll(&mut self, key: u64, cx: &Context<'_>) -> bool {
        if self.granted.remove(&key) {
            return true;
        }
        if let Some(waiter) = self.waiting.get_mut(&key) {
            match &mut waiter.waker {
                Some(waker) => waker.clone_from(cx.waker()),
                none => *none = Some(cx.waker().clone()),
            }
        }
        false
    }

    /// Takes a waiter out; true when it had been granted and never saw it.
    pub(super) fn leave(&mut self, key: u64) -> bool {
        self.waiting.remove(&key);
        self.granted.remove(&key)
    }
}
