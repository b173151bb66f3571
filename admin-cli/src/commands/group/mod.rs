//! Groups.

pub mod delete;
pub mod describe;
pub mod lag;
pub mod list;
pub mod reset_offsets;

use clap::Subcommand;

use crate::args::values::TopicSlice;
use crate::client::view::{ClusterView, TopicPartition};
use crate::exit::CliError;

use super::on_shard;

/// The verbs of groups.
#[derive(Debug, Clone, Subcommand)]
pub enum Group {
    /// List the groups of every type
    List(list::List),
    /// Show state, members and assignment of groups
    Describe(describe::Describe),
    /// Show how far groups are behind, partition by partition
    Lag(lag::Lag),
    /// Move the offsets of a group that has no members
    ResetOffsets(reset_offsets::ResetOffsets),
    /// Delete groups that have no members, or their offsets in some topics
    Delete(delete::Delete),
}

/// Does a verb.
pub fn run(group: Group) -> Result<(), CliError> {
    match group {
        Group::List(args) => on_shard(args, list::run),
        Group::Describe(args) => on_shard(args, describe::run),
        Group::Lag(args) => on_shard(args, lag::run),
        Group::ResetOffsets(args) => on_shard(args, reset_offsets::run),
        Group::Delete(args) => on_shard(args, delete::run),
    }
}

/// The partitions that were named, of topics that exist.
pub(super) fn named(
    slices: &[TopicSlice],
    cluster: &ClusterView,
) -> Result<Vec<TopicPartition>, CliError> {
    let mut places = Vec::new();
    for slice in slices {
        let name = slice.topic.as_str();
        let topic = cluster.topic(name)?;
        let have = topic.partitions.iter().map(|partition| partition.index);
        let have: Vec<i32> = have.collect();
        for &index in slice.partitions.as_ref().unwrap_or(&have) {
            if !have.contains(&index) {
                let count = have.len();
                return Err(CliError::refused(format!(
                    "topic {name:?} has no partition {index}: it has {count}, from 0 on"
                ))
                .next(format!("ottla topic describe {name} shows them")));
            }
            places.push(TopicPartition::new(name, index));
        }
    }
    places.sort();
    places.dedup();
    Ok(places)
}

#[cfg(test)]
mod tests;
