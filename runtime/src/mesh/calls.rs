//! Request/reply between shards.
//!
//! Requests of one shard to another are handled in the order they were started, by a plain function on the
//! target shard that never waits; the answer may come later and in any order. Since handling never waits
//! for room in a ring (answers that find none queue up on their shard), two shards that flood each other
//! cannot block each other for good.

use std::{
    cell::RefCell,
    collections::VecDeque,
    pin::Pin,
    rc::{Rc, Weak},
    task::{Context, Poll},
};

use super::{MeshBuilder, Receiver, Senders, TrySend};
use crate::{
    shards::ShardId,
    sync::{Closed, oneshot},
    task::{self, Share, Task},
};

/// What crosses between shards. Made and read by [`Calls`] only.
pub struct Envelope<Q, R>(Kind<Q, R>);

enum Kind<Q, R> {
    Call {
        slot: u32,
        request: Q,
    },
    Send {
        request: Q,
    },
    Answer {
        slot: u32,
        answer: R,
    },
    /// The reply was dropped unsent.
    Unanswered {
        slot: u32,
    },
}

/// Handles one request: sending shard, request, where the answer goes.
pub type Handler<Q, R> = Rc<dyn Fn(ShardId, Q, Reply<R>)>;

/// Messages handled in a row before other tasks of the shard get their turn.
const BURST: usize = 128;

/// One shard's access to request/reply with all others. Dropping it closes this shard's ends.
pub struct Calls<Q, R> {
    inner: Rc<Inner<Q, R>>,
    _pumps: Vec<Task<()>>,
}

struct Inner<Q, R> {
    senders: Senders<Envelope<Q, R>>,
    handler: Handler<Q, R>,
    peers: Vec<RefCell<Peer<Q, R>>>,
}

/// What this shard keeps per other shard.
struct Peer<Q, R> {
    /// Calls that wait for their answer; the index travels with the call and comes back exactly once.
    waiting: Vec<Option<oneshot::Sender<R>>>,
    free: Vec<u32>,
    /// Answers that found the ring full; a task is sending them while this is not empty.
    outbox: VecDeque<Envelope<Q, R>>,
    closed: bool,
}

impl<Q: Send + 'static, R: Send + 'static> Calls<Q, R> {
    /// Joins the mesh as shard `me`; `handler` runs for every request sent to this shard, also its own.
    pub async fn join(
        mesh: MeshBuilder<Envelope<Q, R>>,
        me: ShardId,
        handler: Handler<Q, R>,
    ) -> Rc<Self> {
        let (senders, receivers) = mesh.join(me).await;
        let peers = receivers
            .iter()
            .map(|_| RefCell::new(Peer::new()))
            .collect();
        let inner = Rc::new(Inner {
            senders,
            handler,
            peers,
        });
        let pumps = receivers
            .into_iter()
            .filter(|receiver| receiver.from() != me)
            .map(|receiver| task::spawn(Share::Foreground, pump(Rc::downgrade(&inner), receiver)))
            .collect();
        Rc::new(Calls {
            inner,
            _pumps: pumps,
        })
    }

    /// This shard.
    pub fn me(&self) -> ShardId {
        self.inner.senders.me()
    }

    /// Number of shards.
    pub fn count(&self) -> u16 {
        self.inner.senders.count()
    }

    /// Starts a call: when this resolves the request is in line (in order per pair of shards; for this
    /// shard itself it has been handled). Await the [`Pending`] for the answer; dropping that forgets the
    /// answer, not the request.
    ///
    /// # Errors
    /// [`Closed`] when that shard has left the mesh.
    pub async fn start(&self, to: ShardId, request: Q) -> Result<Pending<R>, Closed> {
        let (sender, receiver) = oneshot::channel();
        if to == self.me() {
            (self.inner.handler)(to, request, Reply(Some(Route::Local(sender))));
            return Ok(Pending(receiver));
        }
        let peer = &self.inner.peers[to.index()];
        let slot = peer.borrow_mut().enter(sender)?;
        let guard = SlotGuard {
            peer,
            slot: Some(slot),
        };
        self.inner
            .senders
            .send(to, Envelope(Kind::Call { slot, request }))
            .await?;
        guard.keep();
        Ok(Pending(receiver))
    }

    /// [`Calls::start`], then the answer.
    ///
    /// # Errors
    /// [`Closed`] when that shard has left the mesh or dropped the reply unsent.
    pub async fn call(&self, to: ShardId, request: Q) -> Result<R, Closed> {
        self.start(to, request).await?.await
    }

    /// A request without an answer.
    ///
    /// # Errors
    /// [`Closed`] when that shard has left the mesh.
    pub async fn send(&self, to: ShardId, request: Q) -> Result<(), Closed> {
        if to == self.me() {
            (self.inner.handler)(to, request, Reply(None));
            return Ok(());
        }
        self.inner
            .senders
            .send(to, Envelope(Kind::Send { request }))
            .await
    }
}

/// Frees the slot of a call that never got into the ring.
struct SlotGuard<'a, Q, R> {
    peer: &'a RefCell<Peer<Q, R>>,
    slot: Option<u32>,
}

impl<Q, R> SlotGuard<'_, Q, R> {
    fn keep(mut self) {
        self.slot = None;
    }
}

impl<Q, R> Drop for SlotGuard<'_, Q, R> {
    fn drop(&mut self) {
        if let Some(slot) = self.slot {
            drop(self.peer.borrow_mut().leave(slot));
        }
    }
}

impl<Q, R> Peer<Q, R> {
    fn new() -> Self {
        Peer {
            waiting: Vec::new(),
            free: Vec::new(),
            outbox: VecDeque::new(),
            closed: false,
        }
    }

    fn enter(&mut self, sender: oneshot::Sender<R>) -> Result<u32, Closed> {
        if self.closed {
            return Err(Closed);
        }
        let slot = self.free.pop().unwrap_or_else(|| {
            self.waiting.push(None);
            self.waiting.len() as u32 - 1
        });
        self.waiting[slot as usize] = Some(sender);
        Ok(slot)
    }

    fn leave(&mut self, slot: u32) -> Option<oneshot::Sender<R>> {
        let sender = self.waiting.get_mut(slot as usize)?.take();
        if sender.is_some() {
            self.free.push(slot);
        }
        sender
    }
}

/// Handles what one other shard sends, until it or this shard leaves.
async fn pump<Q: Send + 'static, R: Send + 'static>(
    inner: Weak<Inner<Q, R>>,
    mut receiver: Receiver<Envelope<Q, R>>,
) {
    let from = receiver.from();
    let mut in_a_row = 0;
    while let Some(envelope) = receiver.recv().await {
        let Some(inner) = inner.upgrade() else { return };
        inner.handle(from, envelope);
        in_a_row += 1;
        if in_a_row == BURST {
            in_a_row = 0;
            task::yield_now().await;
        }
    }
    let Some(inner) = inner.upgrade() else { return };
    let waiting = {
        let mut peer = inner.peers[from.index()].borrow_mut();
        peer.closed = true;
        std::mem::take(&mut peer.waiting)
    };
    // Dropping the senders tells every caller that no answer will come.
    drop(waiting);
}

impl<Q: Send + 'static, R: Send + 'static> Inner<Q, R> {
    fn handle(self: &Rc<Self>, from: ShardId, envelope: Envelope<Q, R>) {
        let (slot, answer) = match envelope.0 {
            Kind::Call { slot, request } => {
                let route = Route::Remote {
                    calls: Rc::downgrade(self) as Weak<dyn Answers<R>>,
                    to: from,
                    slot,
                };
                return (self.handler)(from, request, Reply(Some(route)));
            }
            Kind::Send { request } => return (self.handler)(from, request, Reply(None)),
            Kind::Answer { slot, answer } => (slot, Some(answer)),
            Kind::Unanswered { slot } => (slot, None),
        };
        let sender = self.peers[from.index()].borrow_mut().leave(slot);
        if let (Some(sender), Some(answer)) = (sender, answer) {
            // The caller may have stopped waiting; its answer is dropped then.
            drop(sender.send(answer));
        }
    }
}

/// Hides the request type from [`Reply`].
trait Answers<R> {
    fn answer(self: Rc<Self>, to: ShardId, slot: u32, answer: Option<R>);
}

impl<Q: Send + 'static, R: Send + 'static> Answers<R> for Inner<Q, R> {
    fn answer(self: Rc<Self>, to: ShardId, slot: u32, answer: Option<R>) {
        let envelope = Envelope(match answer {
            Some(answer) => Kind::Answer { slot, answer },
            None => Kind::Unanswered { slot },
        });
        let mut peer = self.peers[to.index()].borrow_mut();
        if !peer.outbox.is_empty() {
            return peer.outbox.push_back(envelope);
        }
        let Err(TrySend::Full(envelope)) = self.senders.try_send(to, envelope) else {
            return;
        };
        if !task::on_shard() {
            // The shard is being torn down: nobody is left to send it, and the peer will see us gone.
            return;
        }
        peer.outbox.push_back(envelope);
        drop(peer);
        task::spawn(Share::Foreground, drain_outbox(self, to)).detach();
    }
}

async fn drain_outbox<Q: Send + 'static, R: Send + 'static>(inner: Rc<Inner<Q, R>>, to: ShardId) {
    let outbox = &inner.peers[to.index()];
    loop {
        // The head stays in the outbox as a mark until it is sent, so that later answers queue behind it.
        let Some(envelope) = outbox
            .borrow_mut()
            .outbox
            .front_mut()
            .map(|head| std::mem::replace(head, Envelope(Kind::Unanswered { slot: u32::MAX })))
        else {
            return;
        };
        let sent = inner.senders.send(to, envelope).await;
        let mut peer = outbox.borrow_mut();
        if sent.is_err() {
            return peer.outbox.clear();
        }
        peer.outbox.pop_front();
    }
}

/// The answer to a call started with [`Calls::start`].
pub struct Pending<R>(oneshot::Receiver<R>);

impl<R> Future for Pending<R> {
    type Output = Result<R, Closed>;
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(cx)
    }
}

/// Where an answer goes. May be kept and used later; dropping it unsent gives the caller [`Closed`].
pub struct Reply<R>(Option<Route<R>>);

enum Route<R> {
    Local(oneshot::Sender<R>),
    Remote {
        calls: Weak<dyn Answers<R>>,
        to: ShardId,
        slot: u32,
    },
}

impl<R> Reply<R> {
    /// Answers. Does nothing for a one-way request or when the caller is gone.
    pub fn send(mut self, answer: R) {
        self.route(Some(answer));
    }

    /// Whether anybody waits for the answer (false for one-way requests).
    pub fn is_expected(&self) -> bool {
        self.0.is_some()
    }

    fn route(&mut self, answer: Option<R>) {
        match self.0.take() {
            None => {}
            Some(Route::Local(sender)) => {
                if let Some(answer) = answer {
                    drop(sender.send(answer));
                }
            }
            Some(Route::Remote { calls, to, slot }) => {
                if let Some(calls) = calls.upgrade() {
                    calls.answer(to, slot, answer);
                }
            }
        }
    }
}

impl<R> Drop for Reply<R> {
    fn drop(&mut self) {
        self.route(None);
    }
}
