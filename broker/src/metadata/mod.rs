//! The immutable picture of the cluster that every shard holds: topics, partitions, brokers, configs.
