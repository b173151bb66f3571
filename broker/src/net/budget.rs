//! Memory for requests of one shard (design D10), counted in bytes; past the limit sockets are not read.
//!
//! Requests come in two classes. A *small* one (up to [`SMALL`]) takes its whole size in one step and may use all of the
//! limit; a *large* one takes memory as its bytes arrive and may not use the last quarter. So small requests go on while large
//! ones queue. Each class is served first come, first served.
//!
//! Large requests hold memory while they wait for more, which could end with all of them waiting. Therefore the first in the
//! queue may *overdraw*: one request at a time is outside the limit, so the most that is ever held is the limit plus one
//! frame of the largest size. And whoever holds memory but sends too slowly while others wait is evicted (see [`Filling`]).
//!
//! Invariants: `used` is the sum of what permits hold that are not overdrawn; at most one permit is overdrawn; no waiter
//! stands at the head of a queue while it would fit.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Poll, Waker};
use std::time::Duration;

use ottla_runtime::time::{self, Instant};

use crate::metrics::Metrics;

/// Largest request, in bytes, that counts as small.
pub const SMALL: usize = 64 * 1024;
/// How long a request that holds memory may make no progress while others wait.
const PATIENCE: Duration = Duration::from_secs(5);
/// Slowest acceptable arrival while others wait, in bytes per second, ...
const SLOWEST: u64 = 16 * 1024;
/// ... and a large request must be able to arrive in this many seconds.
const LONGEST: u64 = 60;
/// How often a waiter looks for requests to evict.
const LOOK: Duration = Duration::from_secs(1);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Class {
    Small = 0,
    Large = 1,
}

#[derive(Default)]
struct State {
    used: usize,
    overdrawn: usize,
    overdrawn_by: Option<u64>,
    next_permit: u64,
    queues: [VecDeque<Waiter>; 2],
    filling: BTreeMap<u64, Rc<Filling>>,
}

/// One call of [`Permit::grow`] that has to wait.
struct Waiter {
    permit: u64,
    held: usize,
    by: usize,
    slot: Rc<Slot>,
}

#[derive(Default)]
struct Slot {
    granted: Cell<Option<Granted>>,
    waker: RefCell<Option<Waker>>,
}

#[derive(Clone, Copy)]
struct Granted {
    overdrawn: bool,
}

/// The memory of one shard's connections. Clones share it.
#[derive(Clone)]
pub struct Budget {
    limit: usize,
    state: Rc<RefCell<State>>,
    metrics: Rc<Metrics>,
}

impl Budget {
    /// An unused budget of `limit` bytes; below four small requests it is raised to that, since less could not serve any.
    /// One overdrawn request and a chunk of 4 KiB for each connection come on top of the limit.
    pub fn new(limit: usize, metrics: Rc<Metrics>) -> Budget {
        let limit = limit.max(4 * SMALL);
        metrics.request_memory_limit.set(limit as i64);
        Budget {
            limit,
            state: Rc::default(),
            metrics,
        }
    }

    /// A permit that holds nothing yet.
    pub fn permit(&self) -> Permit {
        let mut state = self.state.borrow_mut();
        state.next_permit += 1;
        Permit {
            budget: self.clone(),
            id: state.next_permit,
            held: 0,
            overdrawn: false,
        }
    }

    fn show(&self, state: &State) {
        self.metrics
            .request_memory
            .set((state.used + state.overdrawn) as i64);
    }

    fn share(&self, class: Class) -> usize {
        match class {
            Class::Small => self.limit,
            Class::Large => self.limit - self.limit / 4,
        }
    }

    fn fits(&self, state: &State, class: Class, by: usize) -> bool {
        state.used.saturating_add(by) <= self.share(class)
    }

    /// Gives what became free to those who wait, in order.
    fn serve(&self, state: &mut State) {
        for class in [Class::Small, Class::Large] {
            while let Some(head) = state.queues[class as usize].front() {
                let (permit, held, by) = (head.permit, head.held, head.by);
                let overdrawn = if self.fits(state, class, by) {
                    state.used += by;
                    false
                } else if class == Class::Large && state.overdrawn_by.is_none() {
                    state.used -= held;
                    state.overdrawn = held + by;
                    state.overdrawn_by = Some(permit);
                    true
                } else {
                    break;
                };
                let Some(head) = state.queues[class as usize].pop_front() else {
                    break;
                };
                self.show(state);
                head.slot.granted.set(Some(Granted { overdrawn }));
                if let Some(waker) = head.slot.waker.take() {
                    waker.wake();
                }
            }
        }
    }

    fn release(&self, permit: u64, bytes: usize, overdrawn: bool) {
        let mut state = self.state.borrow_mut();
        if overdrawn {
            debug_assert_eq!(state.overdrawn_by, Some(permit));
            state.overdrawn = 0;
            state.overdrawn_by = None;
        } else {
            state.used -= bytes;
        }
        self.show(&state);
        self.serve(&mut state);
    }

    /// Evicts every request that holds memory and has used up its patience.
    fn evict_stalled(&self, now: Instant) {
        for filling in self.state.borrow().filling.values() {
            if filling
                .deadline
                .get()
                .is_some_and(|deadline| deadline < now)
            {
                filling.evict();
            }
        }
    }
}

/// The memory that one request holds; given back when dropped.
pub struct Permit {
    budget: Budget,
    id: u64,
    held: usize,
    overdrawn: bool,
}

impl Permit {
    /// Bytes held.
    pub fn held(&self) -> usize {
        self.held
    }

    /// Takes `by` bytes more, for a request whose whole size is `size`; waits its turn if there is no room. While it waits
    /// it evicts requests that hold memory without making progress.
    ///
    /// A small request must take all it needs in one call.
    pub async fn grow(&mut self, by: usize, size: usize) {
        let class = if size <= SMALL {
            Class::Small
        } else {
            Class::Large
        };
        debug_assert!(
            class == Class::Large || self.held == 0,
            "a small request may not wait while it holds memory"
        );
        if let Some(granted) = self.at_once(by, class) {
            self.take(by, granted);
            return;
        }
        let mut waiting = Waiting::join(&self.budget, self, by, class);
        let granted = loop {
            match time::timeout(LOOK, waiting.granted()).await {
                Ok(granted) => break granted,
                Err(_) => self.budget.evict_stalled(time::now()),
            }
        };
        waiting.taken = true;
        drop(waiting);
        self.take(by, granted);
    }

    fn take(&mut self, by: usize, granted: Granted) {
        self.held += by;
        self.overdrawn |= granted.overdrawn;
    }

    fn at_once(&self, by: usize, class: Class) -> Option<Granted> {
        let mut state = self.budget.state.borrow_mut();
        if self.overdrawn {
            state.overdrawn += by;
            self.budget.show(&state);
            return Some(Granted { overdrawn: true });
        }
        if !state.queues[class as usize].is_empty() || !self.budget.fits(&state, class, by) {
            return None;
        }
        state.used += by;
        self.budget.show(&state);
        Some(Granted { overdrawn: false })
    }

    /// Starts to watch the arrival of this request's bytes, `size` in all.
    pub fn filling(&self, size: usize) -> FillingGuard {
        let filling = Rc::new(Filling {
            rate: SLOWEST.max(size as u64 / LONGEST),
            deadline: Cell::new(None),
            evicted: Cell::new(false),
            waker: RefCell::default(),
        });
        self.budget
            .state
            .borrow_mut()
            .filling
            .insert(self.id, filling.clone());
        FillingGuard {
            budget: self.budget.clone(),
            id: self.id,
            filling,
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if self.held > 0 {
            self.budget.release(self.id, self.held, self.overdrawn);
        }
    }
}

/// A place in a queue, left when dropped.
struct Waiting<'a> {
    budget: &'a Budget,
    slot: Rc<Slot>,
    permit: u64,
    by: usize,
    held: usize,
    class: Class,
    taken: bool,
}

impl<'a> Waiting<'a> {
    fn join(budget: &'a Budget, permit: &Permit, by: usize, class: Class) -> Waiting<'a> {
        let slot = Rc::new(Slot::default());
        let mut state = budget.state.borrow_mut();
        budget.metrics.request_memory_waits.inc();
        state.queues[class as usize].push_back(Waiter {
            permit: permit.id,
            held: permit.held,
            by,
            slot: slot.clone(),
        });
        budget.serve(&mut state);
        drop(state);
        Waiting {
            budget,
            slot,
            permit: permit.id,
            by,
            held: permit.held,
            class,
            taken: false,
        }
    }

    async fn granted(&self) -> Granted {
        poll_fn(|cx| match self.slot.granted.get() {
            Some(granted) => Poll::Ready(granted),
            None => {
                *self.slot.waker.borrow_mut() = Some(cx.waker().clone());
                Poll::Pending
            }
        })
        .await
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if self.taken {
            return;
        }
        match self.slot.granted.get() {
            // Granted, but the request is given up before it heard of it: `held` goes back with the permit itself, unless
            // the permit was made the overdrawn one, which it does not know either.
            Some(Granted { overdrawn: true }) => {
                let mut state = self.budget.state.borrow_mut();
                state.used += self.held;
                drop(state);
                self.budget.release(self.permit, 0, true);
            }
            Some(Granted { overdrawn: false }) => self.budget.release(self.permit, self.by, false),
            None => {
                let mut state = self.budget.state.borrow_mut();
                state.queues[self.class as usize].retain(|waiter| waiter.permit != self.permit);
                self.budget.serve(&mut state);
            }
        }
    }
}

/// Watches one request's arrival. The clock runs only between [`FillingGuard::reading`] and [`FillingGuard::arrived`], while
/// it is the client that is waited for, so a request that waits for memory is never blamed for it.
pub struct Filling {
    rate: u64,
    deadline: Cell<Option<Instant>>,
    evicted: Cell<bool>,
    waker: RefCell<Option<Waker>>,
}

impl Filling {
    fn evict(&self) {
        self.evicted.set(true);
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }
}

/// Keeps a [`Filling`] in the list of those that may be evicted.
pub struct FillingGuard {
    budget: Budget,
    id: u64,
    filling: Rc<Filling>,
}

impl FillingGuard {
    /// Bytes are waited for from `now` on; with full patience if they were not before.
    pub fn reading(&self, now: Instant) {
        if self.filling.deadline.get().is_none() {
            self.filling.deadline.set(Some(now + PATIENCE));
        }
    }

    /// Bytes came: they buy time in proportion, never more than full patience.
    pub fn arrived(&self, bytes: usize, now: Instant) {
        if let Some(deadline) = self.filling.deadline.get() {
            let bought = Duration::from_nanos(
                (bytes as u64).saturating_mul(1_000_000_000) / self.filling.rate,
            );
            self.filling
                .deadline
                .set(Some((deadline + bought).min(now + PATIENCE)));
        }
    }

    /// The client is not waited for now.
    pub fn pause(&self) {
        self.filling.deadline.set(None);
    }

    /// Resolves when this request was chosen to give up its memory.
    pub async fn evicted(&self) {
        poll_fn(|cx| {
            if self.filling.evicted.get() {
                return Poll::Ready(());
            }
            *self.filling.waker.borrow_mut() = Some(cx.waker().clone());
            Poll::Pending
        })
        .await;
    }
}

impl Drop for FillingGuard {
    fn drop(&mut self) {
        self.budget.state.borrow_mut().filling.remove(&self.id);
    }
}

#[cfg(test)]
mod tests;
