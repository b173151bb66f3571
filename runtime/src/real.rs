//! The real backend: an executor and an io_uring for each shard. Nothing outside this folder names them.

pub(crate) mod blocking;
pub(crate) mod dir;
mod executor;
pub(crate) mod file;
pub(crate) mod memory;
pub(crate) mod net;
pub(crate) mod rand;
mod ring;
pub(crate) mod shards;
pub(crate) mod signal;
mod sys;
pub(crate) mod task;
pub(crate) mod time;
mod usable;
