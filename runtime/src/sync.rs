//! Waiting for each other inside one shard: no atomics, no locks, nothing here crosses threads.
//!
//! These are plain data structures over wakers, the same on both backends.

pub mod notify;
pub mod oneshot;
pub mod queue;
pub mod semaphore;

pub use notify::Notify;
pub use semaphore::{Permit, Semaphore};

use std::fmt;

/// The other side is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Closed;

impl fmt::Display for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the other side is gone")
    }
}

impl std::error::Error for Closed {}
