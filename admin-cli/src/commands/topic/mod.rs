//! Topics.

pub mod alter;
pub mod create;
pub mod delete;
pub mod describe;
pub mod list;

use clap::Subcommand;

use crate::exit::CliError;

use super::on_shard;

/// The verbs of topics.
#[derive(Debug, Clone, Subcommand)]
pub enum Topic {
    /// Create a topic and wait until every partition has a leader
    Create(create::Create),
    /// List the topics
    List(list::List),
    /// Show partitions, leaders, offsets and own settings of topics
    Describe(describe::Describe),
    /// Add partitions to a topic, set and unset its settings
    Alter(alter::Alter),
    /// Delete topics with all their records
    Delete(delete::Delete),
}

/// Does a verb.
pub fn run(topic: Topic) -> Result<(), CliError> {
    match topic {
        Topic::Create(args) => on_shard(args, create::run),
        Topic::List(args) => on_shard(args, list::run),
        Topic::Describe(args) => on_shard(args, describe::run),
        Topic::Alter(args) => on_shard(args, alter::run),
        Topic::Delete(args) => on_shard(args, delete::run),
    }
}

#[cfg(test)]
mod tests;
