//! The generator's own Kafka client: lean, single-minded, and no library of the broker's but its codec.

pub mod cluster;
pub mod conn;
pub mod produce;
pub mod scan;
pub mod template;
pub mod varint;
