//! Transactions.

pub mod abort;
pub mod describe;
pub mod list;

use clap::Subcommand;

use crate::exit::CliError;

use super::on_shard;

/// The verbs of transactions.
#[derive(Debug, Clone, Subcommand)]
pub enum Txn {
    /// List the transactional ids
    List(list::List),
    /// Show transactional ids in full, or the producers of partitions
    Describe(describe::Describe),
    /// Abort the transaction of a transactional id, or one that hangs in a partition
    Abort(abort::Abort),
}

/// Does a verb.
pub fn run(txn: Txn) -> Result<(), CliError> {
    match txn {
        Txn::List(args) => on_shard(args, list::run),
        Txn::Describe(args) => on_shard(args, describe::run),
        Txn::Abort(args) => on_shard(args, abort::run),
    }
}

#[cfg(test)]
mod tests;
