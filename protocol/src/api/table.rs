//! Keys and versions, made from `schema/*.txt`; do not edit.

use super::{Api, ApiKey, VersionRange};

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

/// Every API, in the order of the keys.
pub const APIS: &[Api] = &[
    Api {
        key: ApiKey(0),
        name: "Produce",
        versions: VersionRange { min: 3, max: 13 },
        advertised: VersionRange { min: 0, max: 13 },
        flexible: Some(9),
    },
    Api {
        key: ApiKey(1),
        name: "Fetch",
        versions: VersionRange { min: 4, max: 18 },
        advertised: VersionRange { min: 4, max: 18 },
        flexible: Some(12),
    },
    Api {
        key: ApiKey(2),
        name: "ListOffsets",
        versions: VersionRange { min: 1, max: 11 },
        advertised: VersionRange { min: 1, max: 11 },
        flexible: Some(6),
    },
    Api {
        key: ApiKey(3),
        name: "Metadata",
        versions: VersionRange { min: 0, max: 13 },
        advertised: VersionRange { min: 0, max: 13 },
        flexible: Some(9),
    },
    Api {
        key: ApiKey(8),
        name: "OffsetCommit",
        versions: VersionRange { min: 2, max: 10 },
        advertised: VersionRange { min: 2, max: 10 },
        flexible: Some(8),
    },
    Api {
        key: ApiKey(9),
        name: "OffsetFetch",
        versions: VersionRange { min: 1, max: 10 },
        advertised: VersionRange { min: 1, max: 10 },
        flexible: Some(6),
    },
    Api {
        key: ApiKey(10),
        name: "FindCoordinator",
        versions: VersionRange { min: 0, max: 6 },
        advertised: VersionRange { min: 0, max: 6 },
        flexible: Some(3),
    },
    Api {
        key: ApiKey(11),
        name: "JoinGroup",
        versions: VersionRange { min: 0, max: 9 },
        advertised: VersionRange { min: 0, max: 9 },
        flexible: Some(6),
    },
    Api {
        key: ApiKey(12),
        name: "Heartbeat",
        versions: VersionRange { min: 0, max: 4 },
        advertised: VersionRange { min: 0, max: 4 },
        flexible: Some(4),
    },
    Api {
        key: ApiKey(13),
        name: "LeaveGroup",
        versions: VersionRange { min: 0, max: 5 },
        advertised: VersionRange { min: 0, max: 5 },
        flexible: Some(4),
    },
    Api {
        key: ApiKey(14),
        name: "SyncGroup",
        versions: VersionRange { min: 0, max: 5 },
        advertised: VersionRange { min: 0, max: 5 },
        flexible: Some(4),
    },
    Api {
        key: ApiKey(15),
        name: "DescribeGroups",
        versions: VersionRange { min: 0, max: 6 },
        advertised: VersionRange { min: 0, max: 6 },
        flexible: Some(5),
    },
    Api {
        key: ApiKey(16),
        name: "ListGroups",
        versions: VersionRange { min: 0, max: 5 },
        advertised: VersionRange { min: 0, max: 5 },
        flexible: Some(3),
    },
    Api {
        key: ApiKey(17),
        name: "SaslHandshake",
        versions: VersionRange { min: 0, max: 1 },
        advertised: VersionRange { min: 0, max: 1 },
        flexible: None,
    },
    Api {
        key: ApiKey(18),
        name: "ApiVersions",
        versions: VersionRange { min: 0, max: 4 },
        advertised: VersionRange { min: 0, max: 4 },
        flexible: Some(3),
    },
    Api {
        key: ApiKey(19),
        name: "CreateTopics",
        versions: VersionRange { min: 2, max: 7 },
        advertised: VersionRange { min: 2, max: 7 },
        flexible: Some(5),
    },
    Api {
        key: ApiKey(20),
        name: "DeleteTopics",
        versions: VersionRange { min: 1, max: 6 },
        advertised: VersionRange { min: 1, max: 6 },
        flexible: Some(4),
    },
    Api {
        key: ApiKey(21),
        name: "DeleteRecords",
        versions: VersionRange { min: 0, max: 2 },
        advertised: VersionRange { min: 0, max: 2 },
        flexible: Some(2),
    },
    Api {
        key: ApiKey(22),
        name: "InitProducerId",
        versions: VersionRange { min: 0, max: 6 },
        advertised: VersionRange { min: 0, max: 5 },
        flexible: Some(2),
    },
    Api {
        key: ApiKey(23),
        name: "OffsetForLeaderEpoch",
        versions: VersionRange { min: 2, max: 4 },
        advertised: VersionRange { min: 2, max: 4 },
        flexible: Some(4),
    },
    Api {
        key: ApiKey(24),
        name: "AddPartitionsToTxn",
        versions: VersionRange { min: 0, max: 5 },
        advertised: VersionRange { min: 0, max: 5 },
        flexible: Some(3),
    },
    Api {
        key: ApiKey(25),
        name: "AddOffsetsToTxn",
        versions: VersionRange { min: 0, max: 4 },
        advertised: VersionRange { min: 0, max: 4 },
        flexible: Some(3),
    },
    Api {
        key: ApiKey(26),
        name: "EndTxn",
        versions: VersionRange { min: 0, max: 5 },
        advertised: VersionRange { min: 0, max: 5 },
        flexible: Some(3),
    },
    Api {
        key: ApiKey(27),
        name: "WriteTxnMarkers",
        versions: VersionRange { min: 1, max: 2 },
        advertised: VersionRange { min: 1, max: 2 },
        flexible: Some(1),
    },
    Api {
        key: ApiKey(28),
        name: "TxnOffsetCommit",
        versions: VersionRange { min: 0, max: 5 },
        advertised: VersionRange { min: 0, max: 5 },
        flexible: Some(3),
    },
    Api {
        key: ApiKey(29),
        name: "DescribeAcls",
        versions: VersionRange { min: 1, max: 3 },
        advertised: VersionRange { min: 1, max: 3 },
        flexible: Some(2),
    },
    Api {
        key: ApiKey(30),
        name: "CreateAcls",
        versions: VersionRange { min: 1, max: 3 },
        advertised: VersionRange { min: 1, max: 3 },
        flexible: Some(2),
    },
    Api {
        key: ApiKey(31),
        name: "DeleteAcls",
        versions: VersionRange { min: 1, max: 3 },
        advertised: VersionRange { min: 1, max: 3 },
        flexible: Some(2),
    },
    Api {
        key: ApiKey(32),
        name: "DescribeConfigs",
        versions: VersionRange { min: 1, max: 4 },
        advertised: VersionRange { min: 1, max: 4 },
        flexible: Some(4),
    },
    Api {
        key: ApiKey(33),
        name: "AlterConfigs",
        versions: VersionRange { min: 0, max: 2 },
        advertised: VersionRange { min: 0, max: 2 },
        flexible: Some(2),
    },
    Api {
        key: ApiKey(34),
        name: "AlterReplicaLogDirs",
        versions: VersionRange { min: 1, max: 2 },
        advertised: VersionRange { min: 1, max: 2 },
        flexible: Some(2),
    },
    Api {
        key: ApiKey(35),
        name: "DescribeLogDirs",
        versions: VersionRange { min: 1, max: 5 },
        advertised: VersionRange { min: 1, max: 5 },
        flexible: Some(2),
    },
    Api {
        key: ApiKey(36),
        name: "SaslAuthenticate",
        versions: VersionRange { min: 0, max: 2 },
        advertised: VersionRange { min: 0, max: 2 },
        flexible: Some(2),
    },
    Api {
        key: ApiKey(37),
        name: "CreatePartitions",
        versions: VersionRange { min: 0, max: 3 },
        advertised: VersionRange { min: 0, max: 3 },
        flexible: Some(2),
    },
    Api {
        key: ApiKey(38),
        name: "CreateDelegationToken",
        versions: VersionRange { min: 1, max: 3 },
        advertised: VersionRange { min: 1, max: 3 },
        flexible: Some(2),
    },
    Api {
        key: ApiKey(39),
        name: "RenewDelegationToken",
        versions: VersionRange { min: 1, max: 2 },
        advertised: VersionRange { min: 1, max: 2 },
        flexible: Some(2),
    },
    Api {
        key: ApiKey(40),
        name: "ExpireDelegationToken",
        versions: VersionRange { min: 1, max: 2 },
        advertised: VersionRange { min: 1, max: 2 },
        flexible: Some(2),
    },
    Api {
        key: ApiKey(41),
        name: "DescribeDelegationToken",
        versions: VersionRange { min: 1, max: 3 },
        advertised: VersionRange { min: 1, max: 3 },
        flexible: Some(2),
    },
    Api {
        key: ApiKey(42),
        name: "DeleteGroups",
        versions: VersionRange { min: 0, max: 2 },
        advertised: VersionRange { min: 0, max: 2 },
        flexible: Some(2),
    },
    Api {
        key: ApiKey(43),
        name: "ElectLeaders",
        versions: VersionRange { min: 0, max: 2 },
        advertised: VersionRange { min: 0, max: 2 },
        flexible: Some(2),
    },
    Api {
        key: ApiKey(44),
        name: "IncrementalAlterConfigs",
        versions: VersionRange { min: 0, max: 1 },
        advertised: VersionRange { min: 0, max: 1 },
        flexible: Some(1),
    },
    Api {
        key: ApiKey(45),
        name: "AlterPartitionReassignments",
        versions: VersionRange { min: 0, max: 1 },
        advertised: VersionRange { min: 0, max: 1 },
        flexible: Some(0),
    },
    Api {
        key: ApiKey(46),
        name: "ListPartitionReassignments",
        versions: VersionRange { min: 0, max: 0 },
        advertised: VersionRange { min: 0, max: 0 },
        flexible: Some(0),
    },
    Api {
        key: ApiKey(47),
        name: "OffsetDelete",
        versions: VersionRange { min: 0, max: 0 },
        advertised: VersionRange { min: 0, max: 0 },
        flexible: None,
    },
    Api {
        key: ApiKey(48),
        name: "DescribeClientQuotas",
        versions: VersionRange { min: 0, max: 1 },
        advertised: VersionRange { min: 0, max: 1 },
        flexible: Some(1),
    },
    Api {
        key: ApiKey(49),
        name: "AlterClientQuotas",
        versions: VersionRange { min: 0, max: 1 },
        advertised: VersionRange { min: 0, max: 1 },
        flexible: Some(1),
    },
    Api {
        key: ApiKey(50),
        name: "DescribeUserScramCredentials",
        versions: VersionRange { min: 0, max: 0 },
        advertised: VersionRange { min: 0, max: 0 },
        flexible: Some(0),
    },
    Api {
        key: ApiKey(51),
        name: "AlterUserScramCredentials",
        versions: VersionRange { min: 0, max: 0 },
        advertised: VersionRange { min: 0, max: 0 },
        flexible: Some(0),
    },
    Api {
        key: ApiKey(55),
        name: "DescribeQuorum",
        versions: VersionRange { min: 0, max: 2 },
        advertised: VersionRange { min: 0, max: 2 },
        flexible: Some(0),
    },
    Api {
        key: ApiKey(57),
        name: "UpdateFeatures",
        versions: VersionRange { min: 0, max: 2 },
        advertised: VersionRange { min: 0, max: 2 },
        flexible: Some(0),
    },
    Api {
        key: ApiKey(60),
        name: "DescribeCluster",
        versions: VersionRange { min: 0, max: 2 },
        advertised: VersionRange { min: 0, max: 2 },
        flexible: Some(0),
    },
    Api {
        key: ApiKey(61),
        name: "DescribeProducers",
        versions: VersionRange { min: 0, max: 0 },
        advertised: VersionRange { min: 0, max: 0 },
        flexible: Some(0),
    },
    Api {
        key: ApiKey(64),
        name: "UnregisterBroker",
        versions: VersionRange { min: 0, max: 0 },
        advertised: VersionRange { min: 0, max: 0 },
        flexible: Some(0),
    },
    Api {
        key: ApiKey(65),
        name: "DescribeTransactions",
        versions: VersionRange { min: 0, max: 0 },
        advertised: VersionRange { min: 0, max: 0 },
        flexible: Some(0),
    },
    Api {
        key: ApiKey(66),
        name: "ListTransactions",
        versions: VersionRange { min: 0, max: 2 },
        advertised: VersionRange { min: 0, max: 2 },
        flexible: Some(0),
    },
    Api {
        key: ApiKey(68),
        name: "ConsumerGroupHeartbeat",
        versions: VersionRange { min: 0, max: 1 },
        advertised: VersionRange { min: 0, max: 1 },
        flexible: Some(0),
    },
    Api {
        key: ApiKey(69),
        name: "ConsumerGroupDescribe",
        versions: VersionRange { min: 0, max: 1 },
        advertised: VersionRange { min: 0, max: 1 },
        flexible: Some(0),
    },
    Api {
        key: ApiKey(71),
        name: "GetTelemetrySubscriptions",
        versions: VersionRange { min: 0, max: 0 },
        advertised: VersionRange { min: 0, max: 0 },
        flexible: Some(0),
    },
    Api {
        key: ApiKey(72),
        name: "PushTelemetry",
        versions: VersionRange { min: 0, max: 0 },
        advertised: VersionRange { min: 0, max: 0 },
        flexible: Some(0),
    },
    Api {
        key: ApiKey(74),
        name: "ListConfigResources",
        versions: VersionRange { min: 0, max: 1 },
        advertised: VersionRange { min: 0, max: 1 },
        flexible: Some(0),
    },
    Api {
        key: ApiKey(75),
        name: "DescribeTopicPartitions",
        versions: VersionRange { min: 0, max: 0 },
        advertised: VersionRange { min: 0, max: 0 },
        flexible: Some(0),
    },
    Api {
        key: ApiKey(76),
        name: "ShareGroupHeartbeat",
        versions: VersionRange { min: 1, max: 1 },
        advertised: VersionRange { min: 1, max: 1 },
        flexible: Some(0),
    },
    Api {
        key: ApiKey(77),
        name: "ShareGroupDescribe",
        versions: VersionRange { min: 1, max: 1 },
        advertised: VersionRange { min: 1, max: 1 },
        flexible: Some(0),
    },
    Api {
        key: ApiKey(78),
        name: "ShareFetch",
        versions: VersionRange { min: 1, max: 2 },
        advertised: VersionRange { min: 1, max: 2 },
        flexible: Some(0),
    },
    Api {
        key: ApiKey(79),
        name: "ShareAcknowledge",
        versions: VersionRange { min: 1, max: 2 },
        advertised: VersionRange { min: 1, max: 2 },
        flexible: Some(0),
    },
    Api {
        key: ApiKey(80),
        name: "AddRaftVoter",
        versions: VersionRange { min: 0, max: 1 },
        advertised: VersionRange { min: 0, max: 1 },
        flexible: Some(0),
    },
    Api {
        key: ApiKey(81),
        name: "RemoveRaftVoter",
        versions: VersionRange { min: 0, max: 0 },
        advertised: VersionRange { min: 0, max: 0 },
        flexible: Some(0),
    },
    Api {
        key: ApiKey(83),
        name: "InitializeShareGroupState",
        versions: VersionRange { min: 0, max: 0 },
        advertised: VersionRange { min: 0, max: 0 },
        flexible: Some(0),
    },
    Api {
        key: ApiKey(84),
        name: "ReadShareGroupState",
        versions: VersionRange { min: 0, max: 0 },
        advertised: VersionRange { min: 0, max: 0 },
        flexible: Some(0),
    },
    Api {
        key: ApiKey(85),
        name: "WriteShareGroupState",
        versions: VersionRange { min: 0, max: 1 },
        advertised: VersionRange { min: 0, max: 1 },
        flexible: Some(0),
    },
    Api {
        key: ApiKey(86),
        name: "DeleteShareGroupState",
        versions: VersionRange { min: 0, max: 0 },
        advertised: VersionRange { min: 0, max: 0 },
        flexible: Some(0),
    },
    Api {
        key: ApiKey(87),
        name: "ReadShareGroupStateSummary",
        versions: VersionRange { min: 0, max: 1 },
        advertised: VersionRange { min: 0, max: 1 },
        flexible: Some(0),
    },
    Api {
        key: ApiKey(88),
        name: "StreamsGroupHeartbeat",
        versions: VersionRange { min: 0, max: 0 },
        advertised: VersionRange { min: 0, max: 0 },
        flexible: Some(0),
    },
    Api {
        key: ApiKey(89),
        name: "StreamsGroupDescribe",
        versions: VersionRange { min: 0, max: 0 },
        advertised: VersionRange { min: 0, max: 0 },
        flexible: Some(0),
    },
    Api {
        key: ApiKey(90),
        name: "DescribeShareGroupOffsets",
        versions: VersionRange { min: 0, max: 1 },
        advertised: VersionRange { min: 0, max: 1 },
        flexible: Some(0),
    },
    Api {
        key: ApiKey(91),
        name: "AlterShareGroupOffsets",
        versions: VersionRange { min: 0, max: 0 },
        advertised: VersionRange { min: 0, max: 0 },
        flexible: Some(0),
    },
    Api {
        key: ApiKey(92),
        name: "DeleteShareGroupOffsets",
        versions: VersionRange { min: 0, max: 0 },
        advertised: VersionRange { min: 0, max: 0 },
        flexible: Some(0),
    },
];
