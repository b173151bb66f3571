//! One file per Kafka request, and the table that finds it.
//!
//! [`dispatch`] is all that `net` knows of this room: a frame goes in, an answer (or the reason to close) comes out. It
//! never panics, whatever the bytes.

pub mod answers;
mod api_versions;
mod close;
mod conn;
mod context;
mod add_raft_voter;
mod alter_client_quotas;
mod alter_configs;
mod alter_partition_reassignments;
mod alter_replica_log_dirs;
mod brokers;
mod create_acls;
mod create_delegation_token;
mod create_partitions;
mod create_topics;
mod delete_acls;
mod delete_topics;
mod describe_acls;
mod describe_client_quotas;
mod describe_cluster;
mod describe_configs;
mod describe_delegation_token;
mod describe_log_dirs;
mod describe_quorum;
mod describe_topic_partitions;
mod elect_leaders;
mod expire_delegation_token;
mod incremental_alter_configs;
mod list_config_resources;
mod list_partition_reassignments;
mod metadata;
mod operations;
mod outcomes;
mod remove_raft_voter;
mod renew_delegation_token;
mod resources;
mod unregister_broker;
mod update_features;
mod delete_records;
mod describe_producers;
mod dispatch;
pub mod fetch;
mod init_producer_id;
mod list_offsets;
mod offset_for_leader_epoch;
mod produce;
pub mod router;

pub use close::{Close, Fault};
pub use conn::{ConnInfo, Endpoint, RequestMeta, Software};
pub use context::Context;
pub(crate) use outcomes::{code_and_text, items, refusal};
pub use dispatch::{Later, SERVED, Started, decode, dispatch, is_produce};

#[cfg(test)]
mod tests;
