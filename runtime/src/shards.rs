//! Shards: one thread, one core, one executor each.
//!
//! [`run`] starts the real ones. In a simulation shards are made by `sim::Simulation` instead.

use std::fmt;

use crate::{Result, real};

/// Which shard (core) of this node; `0..count`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ShardId(pub u16);

impl ShardId {
    /// The shard's place in an array with one element per shard.
    pub fn index(self) -> usize {
        usize::from(self.0)
    }
}

impl fmt::Display for ShardId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// What a shard's main function is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    /// This shard.
    pub id: ShardId,
    /// Number of shards of this node.
    pub count: u16,
}

/// On which cores to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cores {
    /// That many shards, on the first cores this process may use. More shards than cores share cores
    /// (useful in tests only).
    Count(usize),
    /// One shard on each of these cores (Linux CPU numbers).
    List(Vec<usize>),
    /// One shard on whatever core the system chooses: for tools, which share the machine with a broker.
    Floating,
}

/// How to start the shards.
#[derive(Debug, Clone)]
pub struct Config {
    /// Which cores.
    pub cores: Cores,
    /// Entries of each submission ring (a power of two).
    pub ring_depth: usize,
    /// Prefix of the threads' names.
    pub name: String,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            cores: Cores::Count(1),
            ring_depth: 128,
            name: "shard".to_owned(),
        }
    }
}

/// Starts one executor per core, pinned to it, runs `main` on each and waits for all of them.
///
/// Results come in the order of shards. Tasks still alive on a shard when its `main` returns are dropped.
/// A process calls this once. The executors park in the kernel when idle: no spinning, no CPU.
///
/// # Errors
/// When io_uring, locked memory or a core is not usable: the message says what is wrong and what to do.
/// Then no `main` has run at all.
///
/// # Panics
/// A panic of one shard's `main` is continued here at once; the other shards' threads are left running, so
/// the process should end then (release builds abort anyway).
pub fn run<F, Fut, T>(config: Config, main: F) -> Result<Vec<T>>
where
    F: Fn(Shard) -> Fut + Clone + Send + 'static,
    Fut: Future<Output = T> + 'static,
    T: Send + 'static,
{
    real::shards::run(config, main)
}
