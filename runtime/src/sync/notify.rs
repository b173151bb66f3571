//! "Something changed, look again."

use std::{
    cell::{Cell, RefCell},
    pin::Pin,
    task::{Context, Poll},
};

use super::semaphore::WaitList;

/// Wakes tasks that wait for a change. It carries no value: the woken task looks at the state itself.
///
/// [`Notify::notify_one`] with no waiter is remembered (once); [`Notify::notify_all`] wakes only those that
/// wait already. A waiter counts from the moment [`Notify::notified`] is called, not from its first poll,
/// so "look at the state, else wait" loses nothing.
#[derive(Default)]
pub struct Notify {
    stored: Cell<bool>,
    waiters: RefCell<WaitList>,
}

impl Notify {
    /// Without waiters or a stored wake-up.
    pub fn new() -> Self {
        Notify::default()
    }

    /// Wakes the longest waiting task; without one, the next to wait goes on at once.
    pub fn notify_one(&self) {
        let waker = {
            let mut waiters = self.waiters.borrow_mut();
            let Some(key) = waiters.first() else {
                return self.stored.set(true);
            };
            waiters.grant(key)
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Wakes every task that waits now.
    pub fn notify_all(&self) {
        let wakers = self.waiters.borrow_mut().grant_all();
        for waker in wakers {
            waker.wake();
        }
    }

    /// Waits for the next wake-up after this call.
    pub fn notified(&self) -> Notified<'_> {
        let key = (!self.stored.replace(false)).then(|| self.waiters.borrow_mut().enter(1));
        Notified { notify: self, key }
    }
}

/// Future of [`Notify::notified`].
pub struct Notified<'a> {
    notify: &'a Notify,
    /// Place in the wait list; none once woken.
    key: Option<u64>,
}

impl Future for Notified<'_> {
    type Output = ();
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let Some(key) = self.key else {
            return Poll::Ready(());
        };
        if self.notify.waiters.borrow_mut().poll(key, cx) {
            self.key = None;
            return Poll::Ready(());
        }
        Poll::Pending
    }
}

impl Drop for Notified<'_> {
    fn drop(&mut self) {
        let Some(key) = self.key else { return };
        let was_granted = self.notify.waiters.borrow_mut().leave(key);
        // A wake-up that was meant for us and never seen goes to the next one. Handing on one that came
        // from notify_all wakes a task too often, which is harmless.
        if was_granted && self.notify.waiters.borrow().first().is_some() {
            self.notify.notify_one();
        }
    }
}
