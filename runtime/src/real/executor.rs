//! The executor of one shard: its tasks, its ring, its timers, in one loop.
//!
//! One round of the loop: every foreground task that is ready runs once, background tasks get their share, then the ring
//! gives the kernel what was started and brings what has ended, in at most one system call. A round with nothing to do
//! sleeps in that call. So a burst of arrivals is worked through before anything it started goes to the disk together.
//!
//! Wake-ups from other threads go through `Remote`. None is lost: the shard says that it sleeps, then looks for remote
//! wake-ups once more; the other side leaves its wake-up, then looks whether the shard sleeps. Full fences on both sides
//! make one of the two see the other. An awake shard is never disturbed.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::os::fd::OwnedFd;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering, fence};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use async_task::{Runnable, Task};
use crossbeam_queue::SegQueue;
use slab::Slab;

use super::ring::{Job, Ring};
use super::sys;
use super::time::Timers;
use crate::Result;
use crate::shards::ShardId;
use crate::task::Share;

/// Foreground time for one part of background time, while both have work.
const BACKGROUND_PART: u32 = 10;
/// Background time that can be saved up.
const CREDIT: Duration = Duration::from_millis(2);

thread_local! {
    static HERE: RefCell<Option<Rc<Executor>>> = const { RefCell::new(None) };
}

/// What other threads know of a shard.
struct Remote {
    woken: SegQueue<(Share, Runnable)>,
    sleeps: AtomicBool,
    event: OwnedFd,
}

impl Remote {
    fn wake(&self, share: Share, runnable: Runnable) {
        self.woken.push((share, runnable));
        fence(Ordering::SeqCst);
        if self.sleeps.swap(false, Ordering::SeqCst) {
            sys::count_up(&self.event);
        }
    }
}

/// See the top of this file. Lives on its shard's thread.
pub(super) struct Executor {
    shard: ShardId,
    /// False while the shard is torn down.
    accepts: Cell<bool>,
    ring: RefCell<Ring>,
    timers: RefCell<Timers>,
    foreground: RefCell<VecDeque<Runnable>>,
    background: RefCell<VecDeque<Runnable>>,
    /// Of background time, what was earned and not used.
    credit: Cell<Duration>,
    /// Every task that has not ended; to end those that are left when the shard does.
    tasks: RefCell<Slab<Waker>>,
    remote: Arc<Remote>,
    event: Rc<OwnedFd>,
}

impl Executor {
    /// For this thread, which becomes the shard `shard`.
    pub(super) fn new(shard: ShardId, ring_depth: usize) -> Result<Rc<Executor>> {
        let event = sys::event()?;
        let remote = Remote {
            woken: SegQueue::new(),
            sleeps: AtomicBool::new(false),
            event: event.try_clone()?,
        };
        let depth = u32::try_from(ring_depth.clamp(8, 4096)).unwrap_or(8);
        Ok(Rc::new(Executor {
            shard,
            accepts: Cell::new(true),
            ring: RefCell::new(Ring::new(depth)?),
            timers: RefCell::default(),
            foreground: RefCell::default(),
            background: RefCell::default(),
            credit: Cell::default(),
            tasks: RefCell::default(),
            remote: Arc::new(remote),
            event: Rc::new(event),
        }))
    }

    /// Runs `main`, and everything it spawns, until `main` returns. What is left then is dropped, here, before this returns;
    /// the same after a panic.
    pub(super) fn run<T: 'static>(self: Rc<Self>, main: impl Future<Output = T> + 'static) -> T {
        HERE.set(Some(self.clone()));
        let _end = End(self.clone());
        let result = Rc::new(Cell::new(None));
        let slot = result.clone();
        self.spawn(Share::Foreground, async move { slot.set(Some(main.await)) })
            .detach();
        self.expect_wakes();
        loop {
            self.run_ready();
            if let Some(result) = result.take() {
                return result;
            }
            self.look_outside();
        }
    }

    fn queue(&self, share: Share) -> &RefCell<VecDeque<Runnable>> {
        match share {
            Share::Foreground => &self.foreground,
            Share::Background => &self.background,
        }
    }

    /// Starts a task; it runs for the first time after the caller yields.
    pub(super) fn spawn<F>(self: &Rc<Self>, share: Share, future: F) -> Task<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        assert!(self.accepts.get(), "a task spawned while its shard ends");
        let entered = Entered {
            executor: self.clone(),
            key: self.tasks.borrow_mut().insert(Waker::noop().clone()),
        };
        let key = entered.key;
        let future = async move {
            let _entered = entered;
            future.await
        };
        let remote = self.remote.clone();
        let schedule = move |runnable| schedule(&remote, share, runnable);
        let (runnable, task) = async_task::spawn_local(future, schedule);
        self.tasks.borrow_mut()[key] = runnable.waker();
        self.queue(share).borrow_mut().push_back(runnable);
        task
    }

    /// One pass over what is ready; what becomes ready meanwhile waits for the next.
    fn run_ready(&self) {
        let busy = !self.background.borrow().is_empty();
        let began = busy.then(Instant::now);
        let ready = self.foreground.borrow().len();
        for _ in 0..ready {
            self.run_next(Share::Foreground);
        }
        let Some(began) = began else { return };
        let earned = began.elapsed() / BACKGROUND_PART;
        self.credit.set((self.credit.get() + earned).min(CREDIT));
        let ready = self.background.borrow().len();
        for _ in 0..ready {
            let waited_for = !self.foreground.borrow().is_empty();
            if waited_for && self.credit.get().is_zero() {
                break;
            }
            let began = Instant::now();
            self.run_next(Share::Background);
            if waited_for {
                let left = self.credit.get().saturating_sub(began.elapsed());
                self.credit.set(left);
            }
        }
    }

    fn run_next(&self, share: Share) {
        let next = self.queue(share).borrow_mut().pop_front();
        if let Some(runnable) = next {
            runnable.run();
        }
    }

    fn is_idle(&self) -> bool {
        self.foreground.borrow().is_empty() && self.background.borrow().is_empty()
    }

    /// Brings in what has happened outside; sleeps until something does when there is nothing else to do.
    fn look_outside(&self) {
        if self.is_idle() {
            self.sleep();
        } else {
            self.ring.borrow_mut().submit();
        }
        let mut woken = Vec::new();
        self.ring.borrow_mut().collect(&mut woken);
        self.timers.borrow_mut().expire(&mut woken);
        woken.into_iter().for_each(Waker::wake);
        while let Some((share, runnable)) = self.remote.woken.pop() {
            self.queue(share).borrow_mut().push_back(runnable);
        }
    }

    fn sleep(&self) {
        let limit = self.timers.borrow().next();
        self.remote.sleeps.store(true, Ordering::SeqCst);
        fence(Ordering::SeqCst);
        let mut ring = self.ring.borrow_mut();
        if self.remote.woken.is_empty() && limit != Some(Duration::ZERO) {
            ring.wait(limit);
        } else {
            ring.submit();
        }
        self.remote.sleeps.store(false, Ordering::SeqCst);
    }

    /// Keeps a read of the event that other threads count up under way.
    fn expect_wakes(self: &Rc<Self>) {
        let executor = self.clone();
        let listening = async move {
            loop {
                let (_, count) = operate(Job::Wake {
                    event: executor.event.clone(),
                    count: Box::new([0; 8]),
                })
                .await;
                if let Err(error) = count {
                    panic!("a shard can no longer be woken by others: {error}");
                }
            }
        };
        self.spawn(Share::Foreground, listening).detach();
    }

    /// Drops every task that is left. Their destructors may wake others and drop their handles.
    fn end(&self) {
        self.accepts.set(false);
        loop {
            let wakers: Vec<Waker> = self
                .tasks
                .borrow_mut()
                .iter()
                .map(|(_, w)| w.clone())
                .collect();
            wakers.into_iter().for_each(Waker::wake);
            while let Some((share, runnable)) = self.remote.woken.pop() {
                self.queue(share).borrow_mut().push_back(runnable);
            }
            if self.is_idle() {
                break;
            }
            for share in [Share::Foreground, Share::Background] {
                let left = std::mem::take(&mut *self.queue(share).borrow_mut());
                drop(left);
            }
        }
    }
}

/// Ends the shard, also when a task panics.
struct End(Rc<Executor>);

impl Drop for End {
    fn drop(&mut self) {
        self.0.end();
        HERE.set(None);
    }
}

/// A task's place in the list of tasks, given up when its future is dropped.
struct Entered {
    executor: Rc<Executor>,
    key: usize,
}

impl Drop for Entered {
    fn drop(&mut self) {
        let waker = self.executor.tasks.borrow_mut().try_remove(self.key);
        drop(waker);
    }
}

/// A task is ready; called on any thread.
fn schedule(remote: &Arc<Remote>, share: Share, runnable: Runnable) {
    let here = HERE.try_with(|here| match &*here.borrow() {
        Some(executor) if Arc::ptr_eq(&executor.remote, remote) => Some(executor.clone()),
        _ => None,
    });
    match here {
        Ok(Some(executor)) => executor.queue(share).borrow_mut().push_back(runnable),
        _ => remote.wake(share, runnable),
    }
}

/// The executor of this thread.
///
/// # Panics
/// Outside a shard.
pub(super) fn here() -> Rc<Executor> {
    match HERE.with_borrow(Clone::clone) {
        Some(executor) => executor,
        None => {
            panic!("called outside a shard: only code under shards::run or in a simulation may")
        }
    }
}

/// Whether this thread is a shard that still takes tasks.
pub(crate) fn on_shard() -> bool {
    HERE.with_borrow(|here| here.as_ref().is_some_and(|e| e.accepts.get()))
}

impl Executor {
    pub(super) fn shard(&self) -> ShardId {
        self.shard
    }

    pub(super) fn timers(&self) -> &RefCell<Timers> {
        &self.timers
    }
}

/// Hands a job to this shard's ring.
pub(super) fn operate(job: Job) -> Operation {
    let executor = here();
    let key = executor.ring.borrow_mut().start(job);
    Operation {
        executor,
        key: Some(key),
    }
}

/// A job under way; resolves to the job and the kernel's answer. Dropped, a write goes on, waiting is taken back.
pub(super) struct Operation {
    executor: Rc<Executor>,
    key: Option<usize>,
}

impl Future for Operation {
    type Output = (Job, Result<usize>);

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(key) = self.key else {
            unreachable!("polled after its end")
        };
        let done = self.executor.ring.borrow_mut().poll(key, cx);
        if done.is_ready() {
            self.key = None;
        }
        done
    }
}

impl Drop for Operation {
    fn drop(&mut self) {
        if let Some(key) = self.key {
            self.executor.ring.borrow_mut().abandon(key);
        }
    }
}
