//! The broker: everything joined into one process.
//!
//! The way of a record: [`net`] reads a frame on the core that accepted the socket, [`api`] decodes it and splits it by
//! partition, [`shard`] carries it to the owner core, [`partition`] checks it, assigns offsets and proposes it, the
//! shard's write cycle makes it durable with everything else that waits, and the answer goes back the same way.
//!
//! Imports go down only: boot > net, admin > api > coordinator > controller > partition > metadata, shard > config, metrics.

pub mod admin;
pub mod api;
pub mod boot;
pub mod config;
pub mod controller;
pub mod coordinator;
pub mod metadata;
pub mod metrics;
pub mod net;
pub mod partition;
pub mod shard;
pub mod share;

#[cfg(test)]
mod tests;
