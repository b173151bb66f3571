//! One partition's consensus as a pure machine over raft-rs: no disk, socket, clock or entropy.
//!
//! ```text
//!   Input ---> handle ---+                      +--- poll ---> Action
//!   payload -> propose --+-> Replica (raft-rs) -+
//!   index ---> compact --+   LogView: bodies    +--- getters
//! ```
//!
//! Start with [`Replica`]: its documentation names the caller's duties. `README.md` has the map of the crate.
//!
//! Deliberately absent: files, sockets, time, random numbers, Kafka's batches (a body is opaque bytes), and any
//! knowledge of what a command means.

mod action;
mod entry;
mod log_view;
mod members;
mod message;
mod offsets;
mod raft_storage;
mod replica;

pub use action::{
    Action, Append, Fault, Fetch, HardState, Input, Offer, Proposed, Refused, Role, RoleChange,
};
pub use entry::{Entry, Kind, Payload};
pub use log_view::Point;
pub use members::{Change, Members};
pub use message::{Misfit, Missing, PeerMessage, WireError};
pub use offsets::EpochStart;
pub use replica::{Limits, OpenError, Recovered, Replica};
