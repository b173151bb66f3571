//! Connections: frames in, frames out, in order and within the memory budget.
//!
//! [`Server`] accepts on one shard; each connection is one task (`connection`) that reads frames (`frame`), hands them
//! to [`crate::api::dispatch`] and writes the answers in the order of the requests (`queue`). Memory of requests is counted in
//! `budget`; connections that are not used, and too many of them, are the business of `registry` and `limits`.

mod budget;
mod connection;
mod frame;
mod limits;
mod queue;
mod registry;
mod requests;
mod server;

pub use limits::ConnectionLimits;
pub use requests::Requests;
pub use server::{Options, Server};

#[cfg(test)]
mod tests;
