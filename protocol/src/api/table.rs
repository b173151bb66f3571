//! Keys and versions, made from `schema/*.txt`; do not edit.

use super::{Api, ApiKey, row};

#[allow(missing_docs)] // the names are Kafka's
impl ApiKey {
    pub const PRODUCE: ApiKey = ApiKey(0);
    pub const FETCH: ApiKey = ApiKey(1);
    pub const LIST_OFFSETS: ApiKey = ApiKey(2);
    pub const METADATA: ApiKey = ApiKey(3);
    pub const OFFSET_COMMIT: ApiKey = ApiKey(8);
    pub const OFFSET_FETCH: ApiKey = ApiKey(9);
    pub const FIND_COORDINATOR: ApiKey = ApiKey(10);
    pub const JOIN_GROUP: ApiKey = ApiKey(11);
    pub const HEARTBEAT: ApiKey = ApiKey(12);
    pub const LEAVE_GROUP: ApiKey = ApiKey(13);
    pub const SYNC_GROUP: ApiKey = ApiKey(14);
    pub const DESCRIBE_GROUPS: ApiKey = ApiKey(15);
    pub const LIST_GROUPS: ApiKey = ApiKey(16);
    pub const SASL_HANDSHAKE: ApiKey = ApiKey(17);
    pub const API_VERSIONS: ApiKey = ApiKey(18);
    pub const CREATE_TOPICS: ApiKey = ApiKey(19);
    pub const DELETE_TOPICS: ApiKey = ApiKey(20);
    pub const DELETE_RECORDS: ApiKey = ApiKey(21);
    pub const INIT_PRODUCER_ID: ApiKey = ApiKey(22);
    pub const OFFSET_FOR_LEADER_EPOCH: ApiKey = ApiKey(23);
    pub const ADD_PARTITIONS_TO_TXN: ApiKey = ApiKey(24);
    pub const ADD_OFFSETS_TO_TXN: ApiKey = ApiKey(25);
    pub const END_TXN: ApiKey = ApiKey(26);
    pub const WRITE_TXN_MARKERS: ApiKey = ApiKey(27);
    pub const TXN_OFFSET_COMMIT: ApiKey = ApiKey(28);
    pub const DESCRIBE_ACLS: ApiKey = ApiKey(29);
    pub const CREATE_ACLS: ApiKey = ApiKey(30);
    pub const DELETE_ACLS: ApiKey = ApiKey(31);
    pub const DESCRIBE_CONFIGS: ApiKey = ApiKey(32);
    pub const ALTER_CONFIGS: ApiKey = ApiKey(33);
    pub const ALTER_REPLICA_LOG_DIRS: ApiKey = ApiKey(34);
    pub const DESCRIBE_LOG_DIRS: ApiKey = ApiKey(35);
    pub const SASL_AUTHENTICATE: ApiKey = ApiKey(36);
    pub const CREATE_PARTITIONS: ApiKey = ApiKey(37);
    pub const CREATE_DELEGATION_TOKEN: ApiKey = ApiKey(38);
    pub const RENEW_DELEGATION_TOKEN: ApiKey = ApiKey(39);
    pub const EXPIRE_DELEGATION_TOKEN: ApiKey = ApiKey(40);
    pub const DESCRIBE_DELEGATION_TOKEN: ApiKey = ApiKey(41);
    pub const DELETE_GROUPS: ApiKey = ApiKey(42);
    pub const ELECT_LEADERS: ApiKey = ApiKey(43);
    pub const INCREMENTAL_ALTER_CONFIGS: ApiKey = ApiKey(44);
    pub const ALTER_PARTITION_REASSIGNMENTS: ApiKey = ApiKey(45);
    pub const LIST_PARTITION_REASSIGNMENTS: ApiKey = ApiKey(46);
    pub const OFFSET_DELETE: ApiKey = ApiKey(47);
    pub const DESCRIBE_CLIENT_QUOTAS: ApiKey = ApiKey(48);
    pub const ALTER_CLIENT_QUOTAS: ApiKey = ApiKey(49);
    pub const DESCRIBE_USER_SCRAM_CREDENTIALS: ApiKey = ApiKey(50);
    pub const ALTER_USER_SCRAM_CREDENTIALS: ApiKey = ApiKey(51);
    pub const DESCRIBE_QUORUM: ApiKey = ApiKey(55);
    pub const UPDATE_FEATURES: ApiKey = ApiKey(57);
    pub const DESCRIBE_CLUSTER: ApiKey = ApiKey(60);
    pub const DESCRIBE_PRODUCERS: ApiKey = ApiKey(61);
    pub const UNREGISTER_BROKER: ApiKey = ApiKey(64);
    pub const DESCRIBE_TRANSACTIONS: ApiKey = ApiKey(65);
    pub const LIST_TRANSACTIONS: ApiKey = ApiKey(66);
    pub const CONSUMER_GROUP_HEARTBEAT: ApiKey = ApiKey(68);
    pub const CONSUMER_GROUP_DESCRIBE: ApiKey = ApiKey(69);
    pub const GET_TELEMETRY_SUBSCRIPTIONS: ApiKey = ApiKey(71);
    pub const PUSH_TELEMETRY: ApiKey = ApiKey(72);
    pub const LIST_CONFIG_RESOURCES: ApiKey = ApiKey(74);
    pub const DESCRIBE_TOPIC_PARTITIONS: ApiKey = ApiKey(75);
    pub const SHARE_GROUP_HEARTBEAT: ApiKey = ApiKey(76);
    pub const SHARE_GROUP_DESCRIBE: ApiKey = ApiKey(77);
    pub const SHARE_FETCH: ApiKey = ApiKey(78);
    pub const SHARE_ACKNOWLEDGE: ApiKey = ApiKey(79);
    pub const ADD_RAFT_VOTER: ApiKey = ApiKey(80);
    pub const REMOVE_RAFT_VOTER: ApiKey = ApiKey(81);
    pub const INITIALIZE_SHARE_GROUP_STATE: ApiKey = ApiKey(83);
    pub const READ_SHARE_GROUP_STATE: ApiKey = ApiKey(84);
    pub const WRITE_SHARE_GROUP_STATE: ApiKey = ApiKey(85);
    pub const DELETE_SHARE_GROUP_STATE: ApiKey = ApiKey(86);
    pub const READ_SHARE_GROUP_STATE_SUMMARY: ApiKey = ApiKey(87);
    pub const STREAMS_GROUP_HEARTBEAT: ApiKey = ApiKey(88);
    pub const STREAMS_GROUP_DESCRIBE: ApiKey = ApiKey(89);
    pub const DESCRIBE_SHARE_GROUP_OFFSETS: ApiKey = ApiKey(90);
    pub const ALTER_SHARE_GROUP_OFFSETS: ApiKey = ApiKey(91);
    pub const DELETE_SHARE_GROUP_OFFSETS: ApiKey = ApiKey(92);
}

/// Every API, in the order of the keys: key, name, versions, advertised versions, first flexible one.
pub const APIS: &[Api] = &[
    row(0, "Produce", (3, 13), (0, 13), Some(9)),
    row(1, "Fetch", (4, 18), (4, 18), Some(12)),
    row(2, "ListOffsets", (1, 11), (1, 11), Some(6)),
    row(3, "Metadata", (0, 13), (0, 13), Some(9)),
    row(8, "OffsetCommit", (2, 10), (2, 10), Some(8)),
    row(9, "OffsetFetch", (1, 10), (1, 10), Some(6)),
    row(10, "FindCoordinator", (0, 6), (0, 6), Some(3)),
    row(11, "JoinGroup", (0, 9), (0, 9), Some(6)),
    row(12, "Heartbeat", (0, 4), (0, 4), Some(4)),
    row(13, "LeaveGroup", (0, 5), (0, 5), Some(4)),
    row(14, "SyncGroup", (0, 5), (0, 5), Some(4)),
    row(15, "DescribeGroups", (0, 6), (0, 6), Some(5)),
    row(16, "ListGroups", (0, 5), (0, 5), Some(3)),
    row(17, "SaslHandshake", (0, 1), (0, 1), None),
    row(18, "ApiVersions", (0, 4), (0, 4), Some(3)),
    row(19, "CreateTopics", (2, 7), (2, 7), Some(5)),
    row(20, "DeleteTopics", (1, 6), (1, 6), Some(4)),
    row(21, "DeleteRecords", (0, 2), (0, 2), Some(2)),
    row(22, "InitProducerId", (0, 6), (0, 5), Some(2)),
    row(23, "OffsetForLeaderEpoch", (2, 4), (2, 4), Some(4)),
    row(24, "AddPartitionsToTxn", (0, 5), (0, 5), Some(3)),
    row(25, "AddOffsetsToTxn", (0, 4), (0, 4), Some(3)),
    row(26, "EndTxn", (0, 5), (0, 5), Some(3)),
    row(27, "WriteTxnMarkers", (1, 2), (1, 2), Some(1)),
    row(28, "TxnOffsetCommit", (0, 5), (0, 5), Some(3)),
    row(29, "DescribeAcls", (1, 3), (1, 3), Some(2)),
    row(30, "CreateAcls", (1, 3), (1, 3), Some(2)),
    row(31, "DeleteAcls", (1, 3), (1, 3), Some(2)),
    row(32, "DescribeConfigs", (1, 4), (1, 4), Some(4)),
    row(33, "AlterConfigs", (0, 2), (0, 2), Some(2)),
    row(34, "AlterReplicaLogDirs", (1, 2), (1, 2), Some(2)),
    row(35, "DescribeLogDirs", (1, 5), (1, 5), Some(2)),
    row(36, "SaslAuthenticate", (0, 2), (0, 2), Some(2)),
    row(37, "CreatePartitions", (0, 3), (0, 3), Some(2)),
    row(38, "CreateDelegationToken", (1, 3), (1, 3), Some(2)),
    row(39, "RenewDelegationToken", (1, 2), (1, 2), Some(2)),
    row(40, "ExpireDelegationToken", (1, 2), (1, 2), Some(2)),
    row(41, "DescribeDelegationToken", (1, 3), (1, 3), Some(2)),
    row(42, "DeleteGroups", (0, 2), (0, 2), Some(2)),
    row(43, "ElectLeaders", (0, 2), (0, 2), Some(2)),
    row(44, "IncrementalAlterConfigs", (0, 1), (0, 1), Some(1)),
    row(45, "AlterPartitionReassignments", (0, 1), (0, 1), Some(0)),
    row(46, "ListPartitionReassignments", (0, 0), (0, 0), Some(0)),
    row(47, "OffsetDelete", (0, 0), (0, 0), None),
    row(48, "DescribeClientQuotas", (0, 1), (0, 1), Some(1)),
    row(49, "AlterClientQuotas", (0, 1), (0, 1), Some(1)),
    row(50, "DescribeUserScramCredentials", (0, 0), (0, 0), Some(0)),
    row(51, "AlterUserScramCredentials", (0, 0), (0, 0), Some(0)),
    row(55, "DescribeQuorum", (0, 2), (0, 2), Some(0)),
    row(57, "UpdateFeatures", (0, 2), (0, 2), Some(0)),
    row(60, "DescribeCluster", (0, 2), (0, 2), Some(0)),
    row(61, "DescribeProducers", (0, 0), (0, 0), Some(0)),
    row(64, "UnregisterBroker", (0, 0), (0, 0), Some(0)),
    row(65, "DescribeTransactions", (0, 0), (0, 0), Some(0)),
    row(66, "ListTransactions", (0, 2), (0, 2), Some(0)),
    row(68, "ConsumerGroupHeartbeat", (0, 1), (0, 1), Some(0)),
    row(69, "ConsumerGroupDescribe", (0, 1), (0, 1), Some(0)),
    row(71, "GetTelemetrySubscriptions", (0, 0), (0, 0), Some(0)),
    row(72, "PushTelemetry", (0, 0), (0, 0), Some(0)),
    row(74, "ListConfigResources", (0, 1), (0, 1), Some(0)),
    row(75, "DescribeTopicPartitions", (0, 0), (0, 0), Some(0)),
    row(76, "ShareGroupHeartbeat", (1, 1), (1, 1), Some(0)),
    row(77, "ShareGroupDescribe", (1, 1), (1, 1), Some(0)),
    row(78, "ShareFetch", (1, 2), (1, 2), Some(0)),
    row(79, "ShareAcknowledge", (1, 2), (1, 2), Some(0)),
    row(80, "AddRaftVoter", (0, 1), (0, 1), Some(0)),
    row(81, "RemoveRaftVoter", (0, 0), (0, 0), Some(0)),
    row(83, "InitializeShareGroupState", (0, 0), (0, 0), Some(0)),
    row(84, "ReadShareGroupState", (0, 0), (0, 0), Some(0)),
    row(85, "WriteShareGroupState", (0, 1), (0, 1), Some(0)),
    row(86, "DeleteShareGroupState", (0, 0), (0, 0), Some(0)),
    row(87, "ReadShareGroupStateSummary", (0, 1), (0, 1), Some(0)),
    row(88, "StreamsGroupHeartbeat", (0, 0), (0, 0), Some(0)),
    row(89, "StreamsGroupDescribe", (0, 0), (0, 0), Some(0)),
    row(90, "DescribeShareGroupOffsets", (0, 1), (0, 1), Some(0)),
    row(91, "AlterShareGroupOffsets", (0, 0), (0, 0), Some(0)),
    row(92, "DeleteShareGroupOffsets", (0, 0), (0, 0), Some(0)),
];
