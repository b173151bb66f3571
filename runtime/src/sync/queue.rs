//! A bounded queue between tasks of one shard.

use std::{
    cell::RefCell,
    collections::VecDeque,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, Waker},
};

use super::{Closed, Permit, Semaphore};

struct State<T> {
    items: VecDeque<(T, Permit)>,
    receiver: Option<Waker>,
    senders: usize,
    receiver_alive: bool,
}

/// The sending end; clones share the queue's bound.
pub struct Sender<T> {
    state: Rc<RefCell<State<T>>>,
    room: Rc<Semaphore>,
}

/// The receiving end.
pub struct Receiver<T> {
    state: Rc<RefCell<State<T>>>,
    room: Rc<Semaphore>,
}

/// Wakes all that wait for room once nobody will make room any more. Larger than any number of waiters.
const RELEASE: usize = usize::MAX / 4;

/// A queue of at most `capacity` items (at least 1).
pub fn bounded<T>(capacity: usize) -> (Sender<T>, Receiver<T>) {
    let state = State {
        items: VecDeque::new(),
        receiver: None,
        senders: 1,
        receiver_alive: true,
    };
    let state = Rc::new(RefCell::new(state));
    let room = Rc::new(Semaphore::new(capacity.max(1)));
    (
        Sender {
            state: state.clone(),
            room: room.clone(),
        },
        Receiver { state, room },
    )
}

impl<T> Sender<T> {
    /// Enqueues, waiting for room in order of arrival.
    ///
    /// # Errors
    /// [`Closed`] when the receiver is gone.
    pub async fn send(&self, item: T) -> Result<(), Closed> {
        let permit = self.room.acquire(1).await;
        self.push(item, permit).map_err(|_| Closed)
    }

    /// Enqueues if there is room now.
    ///
    /// # Errors
    /// Gives the item back when the queue is full or the receiver gone ([`Sender::is_closed`] tells).
    pub fn try_send(&self, item: T) -> Result<(), T> {
        match self.room.try_acquire(1) {
            Some(permit) => self.push(item, permit),
            None => Err(item),
        }
    }

    /// Whether the receiver is gone.
    pub fn is_closed(&self) -> bool {
        !self.state.borrow().receiver_alive
    }

    fn push(&self, item: T, permit: Permit) -> Result<(), T> {
        let waker = {
            let mut state = self.state.borrow_mut();
            if !state.receiver_alive {
                return Err(item);
            }
            state.items.push_back((item, permit));
            state.receiver.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
        Ok(())
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        self.state.borrow_mut().senders += 1;
        Sender {
            state: self.state.clone(),
            room: self.room.clone(),
        }
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        let waker = {
            let mut state = self.state.borrow_mut();
            state.senders -= 1;
            if state.senders > 0 {
                return;
            }
            state.receiver.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl<T> Receiver<T> {
    /// The next item; none once all senders are gone and the queue is empty.
    pub fn recv(&mut self) -> Recv<'_, T> {
        Recv(self)
    }

    /// The next item if it is there.
    pub fn try_recv(&mut self) -> Option<T> {
        let (item, permit) = self.state.borrow_mut().items.pop_front()?;
        // Outside the borrow: making room may wake a sender.
        drop(permit);
        Some(item)
    }

    /// Items that wait in the queue.
    pub fn len(&self) -> usize {
        self.state.borrow().items.len()
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        let items = {
            let mut state = self.state.borrow_mut();
            state.receiver_alive = false;
            state.receiver = None;
            std::mem::take(&mut state.items)
        };
        drop(items);
        self.room.add(RELEASE);
    }
}

/// Future of [`Receiver::recv`]; dropping it loses no item.
pub struct Recv<'a, T>(&'a mut Receiver<T>);

impl<T> Future for Recv<'_, T> {
    type Output = Option<T>;
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        if let Some(item) = self.0.try_recv() {
            return Poll::Ready(Some(item));
        }
        let mut state = self.0.state.borrow_mut();
        if state.senders == 0 {
            return Poll::Ready(None);
        }
        state.receiver = Some(cx.waker().clone());
        Poll::Pending
    }
}
