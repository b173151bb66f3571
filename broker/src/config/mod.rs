//! Settings: Kafka's names, types, defaults and documentation in one table; parsed once, passed on as narrow structs.
//!
//! Names and texts stop here. [`keys`] is the table; [`value`] checks a text against it; [`Settings`] holds the layers a
//! value may come from; [`BrokerConfig`] and [`TopicConfig`] are what the rest of the broker reads.

pub mod broker;
pub mod describe;
pub mod given;
pub mod groups;
pub mod key;
pub mod keys;
pub mod loggers;
pub mod nearest;
pub mod settings;
pub mod topic;
pub mod value;

pub use broker::{BrokerConfig, FetchConfig, NetConfig};
pub use groups::{GroupsConfig, group_number};
pub use settings::{Settings, Source, Values};
pub use topic::{Compression, TimestampType, TopicConfig};

#[cfg(test)]
mod tests;
