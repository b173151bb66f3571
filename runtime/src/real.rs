//! The real backend: glommio executors over io_uring. Nothing outside this folder names them.

pub(crate) mod blocking;
pub(crate) mod dir;
pub(crate) mod file;
pub(crate) mod net;
pub(crate) mod rand;
pub(crate) mod shards;
pub(crate) mod signal;
mod sys;
pub(crate) mod task;
pub(crate) mod time;
mod usable;
