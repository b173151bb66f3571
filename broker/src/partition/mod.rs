//! The partition owner: what one replica of one partition does on its shard.
