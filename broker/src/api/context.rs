//! What handlers work with.

use std::cell::Cell;
use std::rc::Rc;

use ottla_runtime::shards::ShardId;

use super::answers::Answers;
use crate::metrics::Metrics;

/// One shard's surroundings, made once at boot and shared by all of its connections.
pub struct Context {
    /// The shard it lives on.
    pub shard: ShardId,
    /// This shard's counters.
    pub metrics: Rc<Metrics>,
    /// Memory of answers on their way to clients.
    pub answers: Rc<Answers>,
    /// Version of the metadata image that this shard has; rises with every change.
    pub metadata_version: Cell<u64>,
}
