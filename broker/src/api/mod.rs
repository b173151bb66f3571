//! One file per Kafka request, and the table that finds it.
//!
//! [`dispatch`] is all that `net` knows of this room: a frame goes in, an answer (or the reason to close) comes out. It
//! never panics, whatever the bytes.

pub mod answers;
mod api_versions;
mod close;
mod conn;
mod context;
mod delete_records;
mod describe_producers;
mod dispatch;
pub mod fetch;
mod init_producer_id;
mod list_offsets;
mod offset_for_leader_epoch;
mod produce;
pub mod router;

pub use close::{Close, Fault};
pub use conn::{ConnInfo, Endpoint, RequestMeta, Software};
pub use context::Context;
pub use dispatch::{Later, SERVED, Started, decode, dispatch, is_produce};

#[cfg(test)]
mod tests;
