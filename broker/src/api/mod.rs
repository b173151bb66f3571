//! One file per Kafka request, and the table that finds it.
//!
//! [`dispatch`] is all that `net` knows of this room: a frame goes in, an answer (or the reason to close) comes out. It
//! never panics, whatever the bytes.

mod add_offsets_to_txn;
mod add_partitions_to_txn;
mod add_raft_voter;
mod alter_client_quotas;
mod alter_configs;
mod alter_partition_reassignments;
mod alter_replica_log_dirs;
mod alter_user_scram_credentials;
pub mod answers;
mod api_versions;
mod brokers;
mod close;
mod conn;
mod consumer_group_describe;
mod consumer_group_heartbeat;
mod context;
mod create_acls;
mod create_delegation_token;
mod create_partitions;
mod create_topics;
mod delete_acls;
mod delete_groups;
mod delete_records;
mod delete_topics;
mod describe_acls;
mod describe_client_quotas;
mod describe_cluster;
mod describe_configs;
mod describe_delegation_token;
mod describe_groups;
mod describe_log_dirs;
mod describe_producers;
mod describe_quorum;
mod describe_topic_partitions;
mod describe_transactions;
mod describe_user_scram_credentials;
mod dispatch;
mod elect_leaders;
mod end_txn;
mod expire_delegation_token;
pub mod fetch;
mod find_coordinator;
mod groups;
mod heartbeat;
mod incremental_alter_configs;
mod init_producer_id;
mod join_group;
mod leave_group;
mod list_config_resources;
mod list_groups;
mod list_offsets;
mod list_partition_reassignments;
mod list_transactions;
mod metadata;
mod offset_commit;
mod offset_delete;
mod offset_fetch;
mod offset_for_leader_epoch;
mod operations;
mod outcomes;
mod produce;
mod remove_raft_voter;
mod renew_delegation_token;
mod resources;
pub mod router;
mod sync_group;
mod txn_offset_commit;
mod txn_verify;
mod unregister_broker;
mod update_features;
mod write_txn_markers;

pub use close::{Close, Fault};
pub use conn::{ConnInfo, Endpoint, RequestMeta, Software};
pub use context::Context;
pub use dispatch::{Later, SERVED, Started, decode, dispatch, is_produce};
pub(crate) use outcomes::{code_and_text, fenced_since, items, refusal, unexpected};

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
