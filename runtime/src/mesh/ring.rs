//! One direction between two shards: a bounded ring and two places to leave a waker.
//!
//! Lost wake-ups are excluded by order: the waiting side leaves its waker, then looks at the ring again;
//! the other side changes the ring, then looks for a waker. The full fences make one of the two see the
//! other.

use std::{
    fmt,
    rc::Rc,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering, fence},
    },
    task::{Poll, Waker},
};

use crossbeam_queue::ArrayQueue;

use crate::{
    shards::ShardId,
    sim,
    sync::{Closed, Semaphore},
};

pub(super) struct Ring<M> {
    items: ArrayQueue<M>,
    receiver: WakerSlot,
    sender: WakerSlot,
    sender_gone: AtomicBool,
    receiver_gone: AtomicBool,
}

impl<M> Ring<M> {
    pub(super) fn new(capacity: usize) -> Self {
        Ring {
            items: ArrayQueue::new(capacity),
            receiver: WakerSlot::default(),
            sender: WakerSlot::default(),
            sender_gone: AtomicBool::new(false),
            receiver_gone: AtomicBool::new(false),
        }
    }
}

/// A waker left by one side for the other. The flag keeps the lock off the usual path.
#[derive(Default)]
struct WakerSlot {
    armed: AtomicBool,
    waker: Mutex<Option<Waker>>,
}

impl WakerSlot {
    /// Leaves the waker. The caller must look at the ring again afterwards.
    fn arm(&self, waker: &Waker) {
        *self.waker.lock().unwrap_or_else(PoisonError::into_inner) = Some(waker.clone());
        self.armed.store(true, Ordering::SeqCst);
        fence(Ordering::SeqCst);
    }

    /// Wakes whoever left a waker. The caller has changed the ring before.
    fn wake(&self) {
        fence(Ordering::SeqCst);
        if !self.armed.load(Ordering::SeqCst) || !self.armed.swap(false, Ordering::SeqCst) {
            return;
        }
        let waker = self
            .waker
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

/// Why a message could not be enqueued at once; it is given back.
#[derive(Debug, PartialEq, Eq)]
pub enum TrySend<M> {
    /// The ring is full.
    Full(M),
    /// The receiver is gone.
    Closed(M),
}

impl<M> fmt::Display for TrySend<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            TrySend::Full(_) => "the queue to that shard is full",
            TrySend::Closed(_) => "that shard is gone",
        })
    }
}

pub(super) struct Sender<M> {
    ring: Arc<Ring<M>>,
    /// Tasks of this shard that wait for room, in order. Also what keeps this end on its shard (`!Send`).
    turn: Rc<Semaphore>,
}

impl<M> Sender<M> {
    pub(super) fn new(ring: Arc<Ring<M>>) -> Self {
        Sender {
            ring,
            turn: Rc::new(Semaphore::new(1)),
        }
    }

    pub(super) fn try_send(&self, message: M) -> Result<(), TrySend<M>> {
        // A task that waits for room comes first, or the order of sending would not be kept.
        if self.turn.available() == 0 {
            return Err(TrySend::Full(message));
        }
        self.push(message)
    }

    pub(super) async fn send(&self, message: M) -> Result<(), Closed> {
        let mut message = match self.try_send(message) {
            Ok(()) => return Ok(()),
            Err(TrySend::Closed(_)) => return Err(Closed),
            Err(TrySend::Full(message)) => Some(message),
        };
        let _turn = self.turn.acquire(1).await;
        std::future::poll_fn(|cx| {
            for armed in [false, true] {
                if armed {
                    self.ring.sender.arm(cx.waker());
                }
                let Some(unsent) = message.take() else {
                    return Poll::Ready(Ok(()));
                };
                match self.push(unsent) {
                    Ok(()) => return Poll::Ready(Ok(())),
                    Err(TrySend::Closed(_)) => return Poll::Ready(Err(Closed)),
                    Err(TrySend::Full(unsent)) => message = Some(unsent),
                }
            }
            Poll::Pending
        })
        .await
    }

    fn push(&self, message: M) -> Result<(), TrySend<M>> {
        if self.ring.receiver_gone.load(Ordering::SeqCst) {
            return Err(TrySend::Closed(message));
        }
        self.ring.items.push(message).map_err(TrySend::Full)?;
        self.ring.receiver.wake();
        Ok(())
    }
}

impl<M> Drop for Sender<M> {
    fn drop(&mut self) {
        self.ring.sender_gone.store(true, Ordering::SeqCst);
        self.ring.receiver.wake();
    }
}

/// What one shard sends to this one, in order.
pub struct Receiver<M> {
    ring: Arc<Ring<M>>,
    from: ShardId,
    /// Keeps this end on its shard: one consumer per ring.
    _not_send: std::marker::PhantomData<Rc<()>>,
}

impl<M: Send + 'static> Receiver<M> {
    pub(super) fn new(ring: Arc<Ring<M>>, from: ShardId) -> Self {
        Receiver {
            ring,
            from,
            _not_send: std::marker::PhantomData,
        }
    }

    /// The sending shard.
    pub fn from(&self) -> ShardId {
        self.from
    }

    /// The next message; none once the sender is gone and the ring is empty. Dropping the future loses
    /// nothing.
    pub async fn recv(&mut self) -> Option<M> {
        std::future::poll_fn(|cx| {
            if !self.ring.items.is_empty() {
                return Poll::Ready(());
            }
            self.ring.receiver.arm(cx.waker());
            // The order matters: "gone" read before "empty" means that nothing can follow.
            let gone = self.ring.sender_gone.load(Ordering::SeqCst);
            if gone || !self.ring.items.is_empty() {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        })
        .await;
        if let Some(sim) = sim::current() {
            // In the simulator a message takes time to cross, whoever else runs meanwhile.
            sim.cross_shards().await;
        }
        self.try_recv()
    }

    /// The next message if it is there.
    pub fn try_recv(&mut self) -> Option<M> {
        let message = self.ring.items.pop()?;
        self.ring.sender.wake();
        Some(message)
    }
}

impl<M> Drop for Receiver<M> {
    fn drop(&mut self) {
        self.ring.receiver_gone.store(true, Ordering::SeqCst);
        self.ring.sender.wake();
        while self.ring.items.pop().is_some() {}
    }
}
