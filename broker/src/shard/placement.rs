//! Which shard owns a partition.

use ottla_protocol::ids::{PartitionId, Uuid};
use ottla_runtime::shards::ShardId;

/// The owner of `id` among `shards` shards.
///
/// The partitions of one topic go round the shards in turn, from a start that depends on the topic, so that one
/// topic uses every core evenly and many one-partition topics spread too.
pub fn owner(id: PartitionId, shards: u16) -> ShardId {
    if id.topic == Uuid::ONE {
        // The controller's partition leads the start, and so does shard 0.
        return ShardId(0);
    }
    // FNV-1a over the topic id: fixed for ever, since journals are laid out by it.
    let hash = id.topic.0.iter().fold(0xcbf2_9ce4_8422_2325_u64, |h, b| {
        (h ^ u64::from(*b)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    ShardId((hash.wrapping_add(id.partition as u64) % u64::from(shards)) as u16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_topic_goes_round_all_shards() {
        let topic = Uuid([7; 16]);
        let owners: Vec<_> = (0..4)
            .map(|partition| owner(PartitionId { topic, partition }, 4).0)
            .collect();
        let mut sorted = owners.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, [0, 1, 2, 3]);
        assert_eq!(
            owner(
                PartitionId {
                    topic,
                    partition: 4
                },
                4
            )
            .0,
            owners[0]
        );
    }
}
