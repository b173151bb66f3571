//! Kafka's error codes.

use std::fmt;

/// A code as it stands in a response; it may be one that we do not know.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ErrorCode(pub i16);

/// A row of the table.
struct Entry {
    code: i16,
    name: &'static str,
    retriable: bool,
    message: &'static str,
}

macro_rules! codes {
    ($($code:literal $name:ident $kind:ident $message:literal,)*) => {
        impl ErrorCode {
            $(#[doc = $message] pub const $name: ErrorCode = ErrorCode($code);)*
        }

        /// In the order of the codes, without a gap.
        const TABLE: &[Entry] = &[
            $(Entry { code: $code, name: stringify!($name), retriable: codes!($kind), message: $message },)*
        ];
    };
    (retry) => { true };
    (final) => { false };
}

impl ErrorCode {
    fn entry(self) -> Option<&'static Entry> {
        usize::try_from(i32::from(self.0) + 1)
            .ok()
            .and_then(|i| TABLE.get(i))
            .filter(|e| e.code == self.0)
    }

    /// Kafka's name, or "UNKNOWN" for a code that is not in the table.
    pub fn name(self) -> &'static str {
        self.entry().map_or("UNKNOWN", |e| e.name)
    }

    /// What it says, in a few words.
    pub fn message(self) -> &'static str {
        self.entry()
            .map_or("an error code that is not known here", |e| e.message)
    }

    /// True when the same request may succeed later.
    pub fn retriable(self) -> bool {
        self.entry().is_some_and(|e| e.retriable)
    }

    /// True for anything but [`ErrorCode::NONE`].
    pub fn is_error(self) -> bool {
        self != ErrorCode::NONE
    }

    /// Every known code, in ascending order.
    pub fn all() -> impl Iterator<Item = ErrorCode> {
        TABLE.iter().map(|e| ErrorCode(e.code))
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.name(), self.0)
    }
}

impl fmt::Debug for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

codes! {
    -1 UNKNOWN_SERVER_ERROR final "the broker failed in a way that has no code of its own",
    0 NONE final "no error",
    1 OFFSET_OUT_OF_RANGE final "the offset lies outside the partition's range",
    2 CORRUPT_MESSAGE retry "the data failed its checksum or is malformed",
    3 UNKNOWN_TOPIC_OR_PARTITION retry "this broker knows no such topic or partition",
    4 INVALID_FETCH_SIZE final "the fetch size is not valid",
    5 LEADER_NOT_AVAILABLE retry "the partition has no leader at the moment",
    6 NOT_LEADER_OR_FOLLOWER retry "this broker does not lead (or hold) the partition",
    7 REQUEST_TIMED_OUT retry "the time given for the request ran out",
    8 BROKER_NOT_AVAILABLE final "the broker is not available",
    9 REPLICA_NOT_AVAILABLE retry "the replica is not available",
    10 MESSAGE_TOO_LARGE final "the batch is larger than the topic allows",
    11 STALE_CONTROLLER_EPOCH final "the controller's epoch has moved on",
    12 OFFSET_METADATA_TOO_LARGE final "the text stored with the offset is too long",
    13 NETWORK_EXCEPTION retry "the connection broke before an answer came",
    14 COORDINATOR_LOAD_IN_PROGRESS retry "the coordinator is still loading its state",
    15 COORDINATOR_NOT_AVAILABLE retry "no coordinator is available",
    16 NOT_COORDINATOR retry "this broker is not the coordinator asked for",
    17 INVALID_TOPIC_EXCEPTION final "the topic name is not valid, or the topic is reserved",
    18 RECORD_LIST_TOO_LARGE final "the batch is larger than a segment",
    19 NOT_ENOUGH_REPLICAS retry "too few replicas are in sync to accept the write",
    20 NOT_ENOUGH_REPLICAS_AFTER_APPEND retry "written, but too few replicas were in sync by then",
    21 INVALID_REQUIRED_ACKS final "acks must be -1, 0 or 1",
    22 ILLEGAL_GENERATION final "the member's generation is not the group's current one",
    23 INCONSISTENT_GROUP_PROTOCOL final "the member shares no protocol with the group",
    24 INVALID_GROUP_ID final "the group id is not valid",
    25 UNKNOWN_MEMBER_ID final "the group has no such member",
    26 INVALID_SESSION_TIMEOUT final "the session timeout lies outside the allowed range",
    27 REBALANCE_IN_PROGRESS final "the group is rebalancing; join again",
    28 INVALID_COMMIT_OFFSET_SIZE final "the offsets are too many or too large to be stored",
    29 TOPIC_AUTHORIZATION_FAILED final "not allowed on this topic",
    30 GROUP_AUTHORIZATION_FAILED final "not allowed on this group",
    31 CLUSTER_AUTHORIZATION_FAILED final "not allowed on the cluster",
    32 INVALID_TIMESTAMP final "the record's timestamp lies outside the allowed range",
    33 UNSUPPORTED_SASL_MECHANISM final "this SASL mechanism is not enabled",
    34 ILLEGAL_SASL_STATE final "this request is not valid in the present state of authentication",
    35 UNSUPPORTED_VERSION final "the version or feature is not supported",
    36 TOPIC_ALREADY_EXISTS final "a topic of this name exists",
    37 INVALID_PARTITIONS final "the number of partitions is not valid",
    38 INVALID_REPLICATION_FACTOR final "the replication factor is not valid",
    39 INVALID_REPLICA_ASSIGNMENT final "the replica assignment is not valid",
    40 INVALID_CONFIG final "the configuration is not valid",
    41 NOT_CONTROLLER retry "this node is not the controller",
    42 INVALID_REQUEST final "the request contradicts itself or lacks something",
    43 UNSUPPORTED_FOR_MESSAGE_FORMAT final "the stored message format does not support this",
    44 POLICY_VIOLATION final "a policy forbids this",
    45 OUT_OF_ORDER_SEQUENCE_NUMBER final "the batch's sequence number leaves a gap or goes back",
    46 DUPLICATE_SEQUENCE_NUMBER final "the batch's sequence number was seen before",
    47 INVALID_PRODUCER_EPOCH final "the producer's epoch is older than one seen before",
    48 INVALID_TXN_STATE final "the transaction is not in a state that allows this",
    49 INVALID_PRODUCER_ID_MAPPING final "the transactional id belongs to another producer id",
    50 INVALID_TRANSACTION_TIMEOUT final "the transaction timeout is longer than allowed",
    51 CONCURRENT_TRANSACTIONS retry "another change of this transaction is under way",
    52 TRANSACTION_COORDINATOR_FENCED final "the transaction coordinator has been replaced by a newer one",
    53 TRANSACTIONAL_ID_AUTHORIZATION_FAILED final "not allowed to use this transactional id",
    54 SECURITY_DISABLED final "security features are off",
    55 OPERATION_NOT_ATTEMPTED final "not tried, because another part of the request failed",
    56 KAFKA_STORAGE_ERROR retry "the disk failed under the log",
    57 LOG_DIR_NOT_FOUND final "the log directory is not known",
    58 SASL_AUTHENTICATION_FAILED final "the credentials were refused",
    59 UNKNOWN_PRODUCER_ID final "no state is known for the producer id",
    60 REASSIGNMENT_IN_PROGRESS final "a reassignment of the partition is under way",
    61 DELEGATION_TOKEN_AUTH_DISABLED final "delegation tokens are off",
    62 DELEGATION_TOKEN_NOT_FOUND final "no such delegation token",
    63 DELEGATION_TOKEN_OWNER_MISMATCH final "the delegation token belongs to someone else",
    64 DELEGATION_TOKEN_REQUEST_NOT_ALLOWED final "delegation tokens cannot be asked for on this connection",
    65 DELEGATION_TOKEN_AUTHORIZATION_FAILED final "not allowed on this delegation token",
    66 DELEGATION_TOKEN_EXPIRED final "the delegation token has expired",
    67 INVALID_PRINCIPAL_TYPE final "the type of principal is not supported",
    68 NON_EMPTY_GROUP final "the group still has members",
    69 GROUP_ID_NOT_FOUND final "no such group",
    70 FETCH_SESSION_ID_NOT_FOUND retry "no such fetch session",
    71 INVALID_FETCH_SESSION_EPOCH retry "the fetch session is at another epoch",
    72 LISTENER_NOT_FOUND retry "the leader has no endpoint for this listener",
    73 TOPIC_DELETION_DISABLED final "deletion of topics is off",
    74 FENCED_LEADER_EPOCH retry "the leader epoch given is older than the broker's",
    75 UNKNOWN_LEADER_EPOCH retry "the leader epoch given is newer than the broker's",
    76 UNSUPPORTED_COMPRESSION_TYPE final "the codec cannot be used in this request version",
    77 STALE_BROKER_EPOCH final "the broker's epoch has moved on",
    78 OFFSET_NOT_AVAILABLE retry "the new leader does not know this offset yet",
    79 MEMBER_ID_REQUIRED final "join again with the member id given in this answer",
    80 PREFERRED_LEADER_NOT_AVAILABLE retry "the preferred leader is not available",
    81 GROUP_MAX_SIZE_REACHED final "the group is full",
    82 FENCED_INSTANCE_ID final "another member took over this instance id",
    83 ELIGIBLE_LEADERS_NOT_AVAILABLE retry "no eligible leader is available",
    84 ELECTION_NOT_NEEDED retry "the leader is already the wanted one",
    85 NO_REASSIGNMENT_IN_PROGRESS final "no reassignment of the partition is under way",
    86 GROUP_SUBSCRIBED_TO_TOPIC final "the group is subscribed to the topic",
    87 INVALID_RECORD final "a record or its batch breaks the rules of the topic",
    88 UNSTABLE_OFFSET_COMMIT retry "offsets of an open transaction are pending",
    89 THROTTLING_QUOTA_EXCEEDED retry "a quota is used up",
    90 PRODUCER_FENCED final "a newer producer with the same transactional id exists",
    91 RESOURCE_NOT_FOUND final "no such resource",
    92 DUPLICATE_RESOURCE final "the request names a resource twice",
    93 UNACCEPTABLE_CREDENTIAL final "the credential breaks the rules",
    94 INCONSISTENT_VOTER_SET final "the sender and the receiver disagree on the voters",
    95 INVALID_UPDATE_VERSION final "the update's version is not valid",
    96 FEATURE_UPDATE_FAILED final "the feature could not be changed",
    97 PRINCIPAL_DESERIALIZATION_FAILURE final "the forwarded principal could not be read",
    98 SNAPSHOT_NOT_FOUND final "no such snapshot",
    99 POSITION_OUT_OF_RANGE final "the position lies outside the snapshot",
    100 UNKNOWN_TOPIC_ID retry "no topic has this id",
    101 DUPLICATE_BROKER_REGISTRATION final "a broker with this id is registered already",
    102 BROKER_ID_NOT_REGISTERED final "no broker with this id is registered",
    103 INCONSISTENT_TOPIC_ID retry "the log holds another topic id than the request",
    104 INCONSISTENT_CLUSTER_ID final "the request names another cluster",
    105 TRANSACTIONAL_ID_NOT_FOUND final "no such transactional id",
    106 FETCH_SESSION_TOPIC_ID_ERROR retry "the fetch session mixes topic ids and names",
    107 INELIGIBLE_REPLICA final "the replica may not join the in-sync set",
    108 NEW_LEADER_ELECTED final "the write made another node the leader",
    109 OFFSET_MOVED_TO_TIERED_STORAGE final "the offset has moved to remote storage",
    110 FENCED_MEMBER_EPOCH final "the member's epoch is fenced; join again",
    111 UNRELEASED_INSTANCE_ID final "another member still uses this instance id",
    112 UNSUPPORTED_ASSIGNOR final "the group uses an assignor that the member lacks",
    113 STALE_MEMBER_EPOCH final "the member's epoch is stale; send a heartbeat first",
    114 MISMATCHED_ENDPOINT_TYPE final "the request went to the wrong kind of endpoint",
    115 UNSUPPORTED_ENDPOINT_TYPE final "this kind of endpoint is not known",
    116 UNKNOWN_CONTROLLER_ID final "no such controller",
    117 UNKNOWN_SUBSCRIPTION_ID final "the telemetry subscription has changed",
    118 TELEMETRY_TOO_LARGE final "the telemetry is larger than allowed",
    119 INVALID_REGISTRATION final "the registration is not valid",
    120 TRANSACTION_ABORTABLE final "the transaction failed; abort it and go on",
    121 INVALID_RECORD_STATE final "the record is not in a state that allows this",
    122 SHARE_SESSION_NOT_FOUND retry "no such share session",
    123 INVALID_SHARE_SESSION_EPOCH retry "the share session is at another epoch",
    124 FENCED_STATE_EPOCH final "the share state's epoch has moved on",
    125 INVALID_VOTER_KEY final "the voter's key does not match",
    126 DUPLICATE_VOTER final "the voter exists already",
    127 VOTER_NOT_FOUND final "no such voter",
    128 INVALID_REGULAR_EXPRESSION final "the regular expression is not valid",
    129 REBOOTSTRAP_REQUIRED final "the client must start over from its bootstrap addresses",
    130 STREAMS_INVALID_TOPOLOGY final "the streams topology is not valid",
    131 STREAMS_INVALID_TOPOLOGY_EPOCH final "the streams topology epoch is not valid",
    132 STREAMS_TOPOLOGY_FENCED final "the streams topology is older than the group's",
    133 SHARE_SESSION_LIMIT_REACHED retry "the broker holds as many share sessions as it may",
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_no_gap() {
        for (i, entry) in TABLE.iter().enumerate() {
            assert_eq!(i as i16 - 1, entry.code);
        }
        assert_eq!(TABLE.last().map(|e| e.code), Some(133));
    }

    #[test]
    fn names_and_unknown_codes() {
        assert_eq!(ErrorCode(3).to_string(), "UNKNOWN_TOPIC_OR_PARTITION (3)");
        assert!(ErrorCode::NOT_LEADER_OR_FOLLOWER.retriable());
        assert_eq!(ErrorCode(9999).name(), "UNKNOWN");
        assert_eq!(ErrorCode(i16::MIN).name(), "UNKNOWN");
        assert_eq!(ErrorCode(-1).name(), "UNKNOWN_SERVER_ERROR");
    }
}
