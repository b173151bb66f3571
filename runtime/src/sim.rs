//! The simulated backend: several nodes in one thread, virtual time, everything decided by a seed.
//!
//! A [`Simulation`] owns nodes; each has shards (task groups), a disk and an address. Code under test runs
//! unchanged: the functions of this crate find the simulation through the task that is being polled.
//!
//! - *Time* jumps to the next event when no task is ready; each poll costs a little, so busy loops move
//!   time too. The wall clock is separate and may be set per node.
//! - *Scheduling*: of all ready tasks a random one runs next; in some worlds some background tasks get their core late.
//! - *Disk* ([`DiskOptions`]): writes are volatile until synced; [`Simulation::crash`] keeps an arbitrary
//!   part of what was not; errors, bit rot, lost and misdirected writes, a full disk.
//! - *Network* ([`NetOptions`]): byte streams with delay, any chunking, stalls, resets, one-way cuts.
//!
//! Two runs of one seed make the same decisions: [`Simulation::trace_hash`] is equal. What breaks that is
//! iteration over std hash maps, addresses of memory, threads and real time: keep them out of simulated
//! code.

mod disk_image;
mod executor;
mod here;
mod late;
mod options;
mod simulation;
mod world;

pub(crate) mod disk;
pub(crate) mod file;
pub(crate) mod net;
pub(crate) mod task;
pub(crate) mod time;

pub(crate) use here::current;
pub use options::{DiskOptions, Latency, NetOptions, Options};
pub use simulation::{CrashKind, DiskOp, NodeId, Simulation};
