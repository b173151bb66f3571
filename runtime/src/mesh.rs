//! Bounded queues between all pairs of shards, and request/reply on top of them.
//!
//! One single-producer single-consumer ring per ordered pair: no two shards ever contend for one, and
//! what one shard sends another arrives in the order sent. A full ring makes the sender wait
//! (back-pressure). A wake-up crosses threads only when the other side sleeps on that ring.
//!
//! The rings are the same code on both backends: what differs is who runs the tasks.

mod calls;
mod ring;

use std::sync::{Arc, Mutex, PoisonError};

pub use calls::{Calls, Envelope, Handler, Pending, Reply};
pub use ring::{Receiver, TrySend};

use crate::{shards::ShardId, sync::Closed};
use ring::{Ring, Sender};

/// Makes the full mesh: cloned to every shard, each of which joins once.
pub struct MeshBuilder<M>(Arc<Matrix<M>>);

struct Matrix<M> {
    shards: usize,
    /// Row = sender, column = receiver.
    rings: Vec<Arc<Ring<M>>>,
    joined: Mutex<Vec<bool>>,
}

impl<M> Clone for MeshBuilder<M> {
    fn clone(&self) -> Self {
        MeshBuilder(self.0.clone())
    }
}

impl<M: Send + 'static> MeshBuilder<M> {
    /// For shards `0..shards`; each ring holds up to `capacity` messages (at least 1), allocated here.
    pub fn new(shards: u16, capacity: usize) -> Self {
        let shards = usize::from(shards);
        let rings = (0..shards * shards)
            .map(|_| Arc::new(Ring::new(capacity.max(1))))
            .collect();
        MeshBuilder(Arc::new(Matrix {
            shards,
            rings,
            joined: Mutex::new(vec![false; shards]),
        }))
    }

    /// Takes the ends that belong to shard `me`: senders to every shard (itself too), and one receiver per
    /// sending shard, in their order. Does not wait for the others: what is sent to a shard that has not
    /// joined yet stays in its ring.
    ///
    /// # Panics
    /// When `me` is out of range or has joined before.
    pub async fn join(self, me: ShardId) -> (Senders<M>, Vec<Receiver<M>>) {
        let matrix = &self.0;
        {
            let mut joined = matrix.joined.lock().unwrap_or_else(PoisonError::into_inner);
            assert!(
                !std::mem::replace(&mut joined[me.index()], true),
                "shard {me} joined a mesh twice"
            );
        }
        let ring = |from: usize, to: usize| matrix.rings[from * matrix.shards + to].clone();
        let senders = (0..matrix.shards)
            .map(|to| Sender::new(ring(me.index(), to)))
            .collect();
        let receivers = (0..matrix.shards)
            .map(|from| Receiver::new(ring(from, me.index()), ShardId(from as u16)))
            .collect();
        (Senders { me, senders }, receivers)
    }
}

/// The sending ends of one shard.
pub struct Senders<M> {
    me: ShardId,
    senders: Vec<Sender<M>>,
}

impl<M: Send + 'static> Senders<M> {
    /// The shard these belong to.
    pub fn me(&self) -> ShardId {
        self.me
    }

    /// Number of shards in the mesh.
    pub fn count(&self) -> u16 {
        self.senders.len() as u16
    }

    /// Enqueues for shard `to`, waiting for room; tasks that wait are served in order.
    ///
    /// # Errors
    /// [`Closed`] when that shard's receiver is gone.
    pub async fn send(&self, to: ShardId, message: M) -> Result<(), Closed> {
        self.senders[to.index()].send(message).await
    }

    /// Enqueues if there is room now.
    ///
    /// # Errors
    /// Gives the message back: full, or that shard's receiver is gone.
    pub fn try_send(&self, to: ShardId, message: M) -> Result<(), TrySend<M>> {
        self.senders[to.index()].try_send(message)
    }
}
