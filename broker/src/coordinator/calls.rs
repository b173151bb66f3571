//! What crosses the mesh between handlers and coordinators: plain values.

use ottla_protocol::error_code::ErrorCode;

use super::{group, share, txn};

/// A command to the coordinator on this partition of its kind's topic.
#[derive(Debug)]
pub enum Call {
    /// To a group coordinator.
    Group {
        /// The partition.
        partition: i32,
        /// What is asked.
        command: group::Command,
    },
    /// To a transaction coordinator.
    Transaction {
        /// The partition.
        partition: i32,
        /// What is asked.
        command: txn::Command,
    },
    /// To a share coordinator.
    Share {
        /// The partition.
        partition: i32,
        /// What is asked.
        command: share::Command,
    },
}

/// The answer to the [`Call`] of the same name; or the code of a coordinator that is not here or not ready.
#[derive(Debug)]
pub enum Answer {
    /// Of a group coordinator.
    Group(Result<group::Answer, ErrorCode>),
    /// Of a transaction coordinator.
    Transaction(Result<txn::Answer, ErrorCode>),
    /// Of a share coordinator.
    Share(Result<share::Answer, ErrorCode>),
}
