//! Journal, segments, index, recovery, retention, cache: everything that is on a disk, and what stands in front of it.
//!
//! Lives on: one shard. A shard has one [`journal::Journal`] for the durability of all its partitions, and one
//! [`log::Log`] per partition for their records' long-term home. The two never call each other: the partition's owner
//! appends to both, and tells the journal what the logs have flushed (a [`Checkpoint`]).
//!
//! Knows no Raft rules, no topics, no sockets.

pub mod budget;
pub mod cache;
mod error;
pub mod format;
pub mod journal;
pub mod log;
pub mod mutants;
mod segment;
#[cfg(test)]
mod testing;

pub use error::{Corrupt, StorageError};
pub use format::checkpoint::{Checkpoint, Tail};
pub use format::frame::{Entry, EntryKind, Frame, HardState};
