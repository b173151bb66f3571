//! All of the outside world: time, tasks, files, sockets, signals, randomness, queues between cores.
//!
//! Two backends stand behind one set of types. On a shard started by [`shards::run`] everything is real
//! (io_uring); inside a [`sim::Simulation`] everything is simulated from a seed, in one thread
//! and in virtual time. The backend is found through the executor that the calling task runs on, so no
//! code above this crate has a type parameter or a `cfg` for it.
//!
//! All futures are `!Send`: a task lives and dies on its shard. The only things that cross shards are
//! messages in the [`mesh`].

pub mod fs;
pub mod mesh;
pub mod net;
pub mod process;
pub mod rand;
pub mod shards;
pub mod signal;
pub mod sim;
pub mod sync;
pub mod task;
pub mod time;

mod join;
mod real;

/// Result of every operation on the outside world.
pub type Result<T> = std::io::Result<T>;
