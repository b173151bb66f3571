//! Memory for requests of one shard (design D10), counted in bytes; past the limit sockets are not read.
//!
//! Requests are sorted by size into classes ([`Class`]), each with a queue of its own, first come, first served. The larger the
//! class, the less of the limit it may use: large requests cannot keep smaller ones waiting. A *small* one takes its whole size
//! in one step; others take memory as their bytes arrive.
//!
//! The latter hold memory while they wait for more, which could end with all of them waiting. Therefore requests may
//! *overdraw*, outside of the limit, as long as all that do are together no larger than one request of the largest size. So
//! the most that is ever held is the limit plus one such request, and somebody always gets on. Whoever holds memory but
//! sends too slowly while others wait is evicted (see [`FillingGuard`]).
//!
//! Invariants: `used` is the sum of what permits hold that are not overdrawn; `overdrawn` that of the others, and no more than
//! `promised`, the sum of their full sizes; no waiter stands at the head of a queue while it would fit.

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
const PATIENCE: Duration = Duration::from_secs(3);
/// Slowest acceptable arrival while others wait, in bytes per second, ...
const SLOWEST: u64 = 16 * 1024;
/// ... and a large request must be able to arrive in this many seconds.
const LONGEST: u64 = 60;
/// How often a waiter looks for requests to evict.
const LOOK: Duration = Duration::from_millis(500);

/// Requests by size, with the share of the limit that they may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Class {
    /// Up to 64 KiB; all of it.
    Small = 0,
    /// Up to 1 MiB, what producers send by default; three quarters.
    Medium = 1,
    /// Up to 16 MiB; half.
    Large = 2,
    /// Beyond; a quarter.
    Huge = 3,
}

impl Class {
    const ALL: [Class; 4] = [Class::Small, Class::Medium, Class::Large, Class::Huge];

    fn of(size: usize) -> Class {
        match size {
            n if n <= SMALL => Class::Small,
            n if n <= 1 << 20 => Class::Medium,
            n if n <= 16 << 20 => Class::Large,
            _ => Class::Huge,
        }
    }
}

#[derive(Default)]
struct State {
    used: usize,
    overdrawn: usize,
    promised: usize,
    next_permit: u64,
    queues: [VecDeque<Waiter>; Class::ALL.len()],
    filling: BTreeMap<u64, Rc<Filling>>,
}

/// One call of [`Permit::grow`] that has to wait.
struct Waiter {
    permit: u64,
    held: usize,
    by: usize,
    size: usize,
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
    largest: usize,
    state: Rc<RefCell<State>>,
    metrics: Rc<Metrics>,
}

impl Budget {
    /// An unused budget of `limit` bytes for requests of at most `largest`. A limit below four small requests is raised to
    /// that, since less could not serve any. What is overdrawn (at most `largest`) and a chunk of 4 KiB for each
    /// connection come on top.
    pub fn new(limit: usize, largest: usize, metrics: Rc<Metrics>) -> Budget {
        let limit = limit.max(4 * SMALL);
        metrics.request_memory_limit.set(limit as i64);
        Budget {
            limit,
            largest,
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
            promised: None,
        }
    }

    fn show(&self, state: &State) {
        self.metrics
            .request_memory
            .set((state.used + state.overdrawn) as i64);
    }

    fn fits(&self, state: &State, class: Class, by: usize) -> bool {
        let share = self.limit - self.limit / 4 * class as usize;
        state.used.saturating_add(by) <= share
    }

    fn may_overdraw(&self, state: &State, class: Class, size: usize) -> bool {
        class != Class::Small
            && (state.promised == 0 || state.promised.saturating_add(size) <= self.largest)
    }

    /// Gives what became free to those who wait, in order.
    fn serve(&self, state: &mut State) {
        for class in Class::ALL {
            while let Some(head) = state.queues[class as usize].front() {
                let (held, by, size) = (head.held, head.by, head.size);
                let overdrawn = if self.fits(state, class, by) {
                    state.used += by;
                    false
                } else if self.may_overdraw(state, class, size) {
                    state.used -= held;
                    state.overdrawn += held + by;
                    state.promised += size;
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

    /// Takes back `held` bytes; `promised` is the full size of a request that was overdrawn.
    fn release(&self, held: usize, promised: Option<usize>) {
        let mut state = self.state.borrow_mut();
        match promised {
            Some(size) => {
                state.overdrawn -= held;
                state.promised -= size;
            }
            None => state.used -= held,
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
    /// Its full size, once it is overdrawn.
    promised: Option<usize>,
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
        let class = Class::of(size);
        debug_assert!(
            class != Class::Small || self.held == 0,
            "a small request may not wait while it holds memory"
        );
        let granted = match self.at_once(by, class) {
            Some(granted) => granted,
            None => self.wait(by, size, class).await,
        };
        self.held += by;
        if granted.overdrawn {
            self.promised = Some(size);
        }
    }

    /// Takes all that a request of `size` bytes needs, if it is one of the usual sizes and memory is plentiful.
    pub fn take_whole(&mut self, size: usize) -> bool {
        let mut state = self.budget.state.borrow_mut();
        let class = Class::of(size);
        let plenty = class == Class::Medium
            && state.queues[class as usize].is_empty()
            && state.used.saturating_add(size) <= self.budget.limit / 4;
        if plenty && self.held == 0 {
            state.used += size;
            self.held = size;
            self.budget.show(&state);
            return true;
        }
        false
    }

    async fn wait(&self, by: usize, size: usize, class: Class) -> Granted {
        let mut waiting = Waiting::join(&self.budget, self, by, size, class);
        let granted = loop {
            match time::timeout(LOOK, waiting.granted()).await {
                Ok(granted) => break granted,
                Err(_) => self.budget.evict_stalled(time::now()),
            }
        };
        waiting.taken = true;
        granted
    }

    fn at_once(&self, by: usize, class: Class) -> Option<Granted> {
        let mut state = self.budget.state.borrow_mut();
        let overdrawn = self.promised.is_some();
        if overdrawn {
            state.overdrawn += by;
        } else if state.queues[class as usize].is_empty() && self.budget.fits(&state, class, by) {
            state.used += by;
        } else {
            return None;
        }
        self.budget.show(&state);
        Some(Granted { overdrawn })
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
            self.budget.release(self.held, self.promised);
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
    size: usize,
    class: Class,
    taken: bool,
}

impl<'a> Waiting<'a> {
    fn join(budget: &'a Budget, permit: &Permit, by: usize, size: usize, class: Class) -> Self {
        let slot = Rc::new(Slot::default());
        let (id, held) = (permit.id, permit.held);
        budget.metrics.request_memory_waits.inc();
        let mut state = budget.state.borrow_mut();
        state.queues[class as usize].push_back(Waiter {
            permit: id,
            held,
            by,
            size,
            slot: slot.clone(),
        });
        budget.serve(&mut state);
        drop(state);
        Waiting {
            budget,
            slot,
            permit: id,
            by,
            held,
            size,
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
            // Granted, but given up before it heard of it. The permit gives back `held` itself, and believes that it is not
            // overdrawn.
            Some(Granted { overdrawn: true }) => {
                self.budget.state.borrow_mut().used += self.held;
                self.budget.release(self.held + self.by, Some(self.size));
            }
            Some(Granted { overdrawn: false }) => self.budget.release(self.by, None),
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
