//! Kafka's wire protocol: bytes to values and back. No io, no clock, no async.

pub mod api;
pub mod error_code;
pub mod ids;
pub mod messages;
pub mod record;
pub mod records;
pub mod wire;

pub use api::{ApiKey, Request};
pub use error_code::ErrorCode;
pub use ids::{NodeId, PartitionId, Uuid};
