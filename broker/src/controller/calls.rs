//! What goes over the control mesh: commands to shard 0, and what shard 0 tells every shard.

use core::net::SocketAddr;
use std::sync::Arc;

use ottla_protocol::ids::PartitionId;

use super::{Command, Outcome};
use crate::metadata::Image;
use crate::metrics::Snapshot;

/// A control call.
pub enum ControlCall {
    /// Decide, commit, publish, answer. To shard 0 only.
    Command(Command),
    /// Make this shard's partitions those of the image.
    Reconcile(Arc<Image>),
    /// This is the image to answer from.
    Install(Arc<Image>),
    /// What this shard has counted.
    Metrics,
    /// Take connections at this address.
    Serve(SocketAddr),
    /// Stop taking connections, finish what runs, write down what shortens the next start.
    Stop,
}

/// The answer to the [`ControlCall`] of the same name.
pub enum ControlAnswer {
    /// What became of the command.
    Command(Outcome),
    /// The partitions that this shard opened, each with its leader epoch; or why one could not be opened.
    Reconcile(Result<Vec<(PartitionId, i32)>, String>),
    /// Counters.
    Metrics(Box<Snapshot>),
    /// It is done; or why not.
    Done(Result<(), String>),
}
