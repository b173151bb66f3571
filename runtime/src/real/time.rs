//! Clocks and timers.

use std::{
    collections::BTreeMap,
    pin::Pin,
    rc::Rc,
    sync::OnceLock,
    task::{Context, Poll, Waker},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use super::executor::{Executor, here};

/// Where the process's monotonic clock starts, minus a little so that "an hour ago" exists.
fn start() -> Instant {
    static START: OnceLock<Instant> = OnceLock::new();
    *START.get_or_init(Instant::now)
}

/// The clock's reading at its start: one day.
const START_NS: u64 = 86_400_000_000_000;

pub(crate) fn now_ns() -> u64 {
    START_NS + start().elapsed().as_nanos() as u64
}

pub(crate) fn wall_ms() -> i64 {
    match SystemTime::now().duration_since(UNIX_EPOCH) {
        Ok(since) => since.as_millis() as i64,
        Err(before) => -(before.duration().as_millis() as i64),
    }
}

/// The timers of one shard, by deadline and then by age.
#[derive(Default)]
pub(super) struct Timers {
    waiting: BTreeMap<(u64, u64), Waker>,
    made: u64,
}

impl Timers {
    fn insert(&mut self, deadline_ns: u64, waker: Waker) -> (u64, u64) {
        self.made += 1;
        let key = (deadline_ns, self.made);
        self.waiting.insert(key, waker);
        key
    }

    /// Time until the next one is due.
    pub(super) fn next(&self) -> Option<Duration> {
        let (deadline, _) = *self.waiting.first_key_value()?.0;
        Some(Duration::from_nanos(deadline.saturating_sub(now_ns())))
    }

    /// Takes off those that are due and adds whoever waits for them to `woken`.
    pub(super) fn expire(&mut self, woken: &mut Vec<Waker>) {
        if self.waiting.is_empty() {
            return;
        }
        let now = now_ns();
        while let Some(first) = self.waiting.first_entry()
            && first.key().0 <= now
        {
            woken.push(first.remove());
        }
    }
}

pub(crate) fn timer(deadline_ns: u64) -> Timer {
    Timer {
        deadline_ns,
        entered: None,
    }
}

/// Enters the shard's timers at its first poll, so that creating one that is never awaited costs nothing.
pub(crate) struct Timer {
    deadline_ns: u64,
    /// Where it waits.
    entered: Option<(Rc<Executor>, (u64, u64))>,
}

impl Future for Timer {
    type Output = ();
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if let Some((executor, key)) = &self.entered {
            if let Some(waker) = executor.timers().borrow_mut().waiting.get_mut(key) {
                waker.clone_from(cx.waker());
                return Poll::Pending;
            }
            self.entered = None;
            return Poll::Ready(());
        }
        if self.deadline_ns <= now_ns() {
            return Poll::Ready(());
        }
        let executor = here();
        let key = executor
            .timers()
            .borrow_mut()
            .insert(self.deadline_ns, cx.waker().clone());
        self.entered = Some((executor, key));
        Poll::Pending
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        if let Some((executor, key)) = self.entered.take() {
            let waker = executor.timers().borrow_mut().waiting.remove(&key);
            drop(waker);
        }
    }
}
