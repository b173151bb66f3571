//! Counters and gauges of one shard: plain cells, no atomics; the admin endpoint asks every shard and adds them up.
