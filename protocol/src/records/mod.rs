//! Every record of Kafka's internal topics, and what consumers hand each other within JoinGroup and
//! SyncGroup, made from `schema/records/*.txt` (but for `prefix.rs` and the tests); do not edit.

// What a field means is Kafka's to say; what we know of it (versions, tag, null) stands at each.
#![allow(missing_docs)]
// Every decoder has the same shape, whether or not a version decides which fields it reads.
#![allow(clippy::field_reassign_with_default)]

pub mod consumer_group_current_member_assignment;
pub mod consumer_group_member_metadata;
pub mod consumer_group_metadata;
pub mod consumer_group_partition_metadata;
pub mod consumer_group_regular_expression;
pub mod consumer_group_target_assignment_member;
pub mod consumer_group_target_assignment_metadata;
pub mod consumer_protocol_assignment;
pub mod consumer_protocol_subscription;
pub mod group_metadata;
pub mod legacy_offset_commit;
pub mod offset_commit;
mod prefix;
pub mod share_group_current_member_assignment;
pub mod share_group_member_metadata;
pub mod share_group_metadata;
pub mod share_group_state_partition_metadata;
pub mod share_group_target_assignment_member;
pub mod share_group_target_assignment_metadata;
pub mod share_snapshot;
pub mod share_update;
pub mod streams_group_current_member_assignment;
pub mod streams_group_member_metadata;
pub mod streams_group_metadata;
pub mod streams_group_target_assignment_member;
pub mod streams_group_target_assignment_metadata;
pub mod streams_group_topology;
#[cfg(test)]
mod tests;
pub mod transaction_log;

pub use prefix::{Embedded, RecordError, RecordKey, RecordValue, record_type};

use crate::wire::EncodeError;

/// A record of `__consumer_offsets`: its key and its value, which a tombstone lacks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GroupRecord<'a> {
    /// Type 0.
    LegacyOffsetCommit(
        legacy_offset_commit::LegacyOffsetCommitKey<'a>,
        Option<legacy_offset_commit::LegacyOffsetCommitValue<'a>>,
    ),
    /// Type 1.
    OffsetCommit(
        offset_commit::OffsetCommitKey<'a>,
        Option<offset_commit::OffsetCommitValue<'a>>,
    ),
    /// Type 2.
    GroupMetadata(
        group_metadata::GroupMetadataKey<'a>,
        Option<group_metadata::GroupMetadataValue<'a>>,
    ),
    /// Type 3.
    ConsumerGroupMetadata(
        consumer_group_metadata::ConsumerGroupMetadataKey<'a>,
        Option<consumer_group_metadata::ConsumerGroupMetadataValue>,
    ),
    /// Type 4.
    ConsumerGroupPartitionMetadata(
        consumer_group_partition_metadata::ConsumerGroupPartitionMetadataKey<'a>,
        Option<consumer_group_partition_metadata::ConsumerGroupPartitionMetadataValue<'a>>,
    ),
    /// Type 5.
    ConsumerGroupMemberMetadata(
        consumer_group_member_metadata::ConsumerGroupMemberMetadataKey<'a>,
        Option<consumer_group_member_metadata::ConsumerGroupMemberMetadataValue<'a>>,
    ),
    /// Type 6.
    ConsumerGroupTargetAssignmentMetadata(
        consumer_group_target_assignment_metadata::ConsumerGroupTargetAssignmentMetadataKey<'a>,
        Option<
            consumer_group_target_assignment_metadata::ConsumerGroupTargetAssignmentMetadataValue,
        >,
    ),
    /// Type 7.
    ConsumerGroupTargetAssignmentMember(
        consumer_group_target_assignment_member::ConsumerGroupTargetAssignmentMemberKey<'a>,
        Option<consumer_group_target_assignment_member::ConsumerGroupTargetAssignmentMemberValue>,
    ),
    /// Type 8.
    ConsumerGroupCurrentMemberAssignment(
        consumer_group_current_member_assignment::ConsumerGroupCurrentMemberAssignmentKey<'a>,
        Option<consumer_group_current_member_assignment::ConsumerGroupCurrentMemberAssignmentValue>,
    ),
    /// Type 10.
    ShareGroupMemberMetadata(
        share_group_member_metadata::ShareGroupMemberMetadataKey<'a>,
        Option<share_group_member_metadata::ShareGroupMemberMetadataValue<'a>>,
    ),
    /// Type 11.
    ShareGroupMetadata(
        share_group_metadata::ShareGroupMetadataKey<'a>,
        Option<share_group_metadata::ShareGroupMetadataValue>,
    ),
    /// Type 12.
    ShareGroupTargetAssignmentMetadata(
        share_group_target_assignment_metadata::ShareGroupTargetAssignmentMetadataKey<'a>,
        Option<share_group_target_assignment_metadata::ShareGroupTargetAssignmentMetadataValue>,
    ),
    /// Type 13.
    ShareGroupTargetAssignmentMember(
        share_group_target_assignment_member::ShareGroupTargetAssignmentMemberKey<'a>,
        Option<share_group_target_assignment_member::ShareGroupTargetAssignmentMemberValue>,
    ),
    /// Type 14.
    ShareGroupCurrentMemberAssignment(
        share_group_current_member_assignment::ShareGroupCurrentMemberAssignmentKey<'a>,
        Option<share_group_current_member_assignment::ShareGroupCurrentMemberAssignmentValue>,
    ),
    /// Type 15.
    ShareGroupStatePartitionMetadata(
        share_group_state_partition_metadata::ShareGroupStatePartitionMetadataKey<'a>,
        Option<share_group_state_partition_metadata::ShareGroupStatePartitionMetadataValue<'a>>,
    ),
    /// Type 16.
    ConsumerGroupRegularExpression(
        consumer_group_regular_expression::ConsumerGroupRegularExpressionKey<'a>,
        Option<consumer_group_regular_expression::ConsumerGroupRegularExpressionValue<'a>>,
    ),
    /// Type 17.
    StreamsGroupMetadata(
        streams_group_metadata::StreamsGroupMetadataKey<'a>,
        Option<streams_group_metadata::StreamsGroupMetadataValue<'a>>,
    ),
    /// Type 19.
    StreamsGroupMemberMetadata(
        streams_group_member_metadata::StreamsGroupMemberMetadataKey<'a>,
        Option<streams_group_member_metadata::StreamsGroupMemberMetadataValue<'a>>,
    ),
    /// Type 20.
    StreamsGroupTargetAssignmentMetadata(
        streams_group_target_assignment_metadata::StreamsGroupTargetAssignmentMetadataKey<'a>,
        Option<streams_group_target_assignment_metadata::StreamsGroupTargetAssignmentMetadataValue>,
    ),
    /// Type 21.
    StreamsGroupTargetAssignmentMember(
        streams_group_target_assignment_member::StreamsGroupTargetAssignmentMemberKey<'a>,
        Option<streams_group_target_assignment_member::StreamsGroupTargetAssignmentMemberValue<'a>>,
    ),
    /// Type 22.
    StreamsGroupCurrentMemberAssignment(
        streams_group_current_member_assignment::StreamsGroupCurrentMemberAssignmentKey<'a>,
        Option<
            streams_group_current_member_assignment::StreamsGroupCurrentMemberAssignmentValue<'a>,
        >,
    ),
    /// Type 23.
    StreamsGroupTopology(
        streams_group_topology::StreamsGroupTopologyKey<'a>,
        Option<streams_group_topology::StreamsGroupTopologyValue<'a>>,
    ),
}

impl<'a> GroupRecord<'a> {
    /// Reads a record's key and its value, if it has one.
    pub fn decode(key: &'a [u8], value: Option<&'a [u8]>) -> Result<Self, RecordError> {
        Ok(match record_type(key)? {
            0 => Self::LegacyOffsetCommit(
                RecordKey::decode_key(key)?,
                value.map(RecordValue::decode_value).transpose()?,
            ),
            1 => Self::OffsetCommit(
                RecordKey::decode_key(key)?,
                value.map(RecordValue::decode_value).transpose()?,
            ),
            2 => Self::GroupMetadata(
                RecordKey::decode_key(key)?,
                value.map(RecordValue::decode_value).transpose()?,
            ),
            3 => Self::ConsumerGroupMetadata(
                RecordKey::decode_key(key)?,
                value.map(RecordValue::decode_value).transpose()?,
            ),
            4 => Self::ConsumerGroupPartitionMetadata(
                RecordKey::decode_key(key)?,
                value.map(RecordValue::decode_value).transpose()?,
            ),
            5 => Self::ConsumerGroupMemberMetadata(
                RecordKey::decode_key(key)?,
                value.map(RecordValue::decode_value).transpose()?,
            ),
            6 => Self::ConsumerGroupTargetAssignmentMetadata(
                RecordKey::decode_key(key)?,
                value.map(RecordValue::decode_value).transpose()?,
            ),
            7 => Self::ConsumerGroupTargetAssignmentMember(
                RecordKey::decode_key(key)?,
                value.map(RecordValue::decode_value).transpose()?,
            ),
            8 => Self::ConsumerGroupCurrentMemberAssignment(
                RecordKey::decode_key(key)?,
                value.map(RecordValue::decode_value).transpose()?,
            ),
            10 => Self::ShareGroupMemberMetadata(
                RecordKey::decode_key(key)?,
                value.map(RecordValue::decode_value).transpose()?,
            ),
            11 => Self::ShareGroupMetadata(
                RecordKey::decode_key(key)?,
                value.map(RecordValue::decode_value).transpose()?,
            ),
            12 => Self::ShareGroupTargetAssignmentMetadata(
                RecordKey::decode_key(key)?,
                value.map(RecordValue::decode_value).transpose()?,
            ),
            13 => Self::ShareGroupTargetAssignmentMember(
                RecordKey::decode_key(key)?,
                value.map(RecordValue::decode_value).transpose()?,
            ),
            14 => Self::ShareGroupCurrentMemberAssignment(
                RecordKey::decode_key(key)?,
                value.map(RecordValue::decode_value).transpose()?,
            ),
            15 => Self::ShareGroupStatePartitionMetadata(
                RecordKey::decode_key(key)?,
                value.map(RecordValue::decode_value).transpose()?,
            ),
            16 => Self::ConsumerGroupRegularExpression(
                RecordKey::decode_key(key)?,
                value.map(RecordValue::decode_value).transpose()?,
            ),
            17 => Self::StreamsGroupMetadata(
                RecordKey::decode_key(key)?,
                value.map(RecordValue::decode_value).transpose()?,
            ),
            19 => Self::StreamsGroupMemberMetadata(
                RecordKey::decode_key(key)?,
                value.map(RecordValue::decode_value).transpose()?,
            ),
            20 => Self::StreamsGroupTargetAssignmentMetadata(
                RecordKey::decode_key(key)?,
                value.map(RecordValue::decode_value).transpose()?,
            ),
            21 => Self::StreamsGroupTargetAssignmentMember(
                RecordKey::decode_key(key)?,
                value.map(RecordValue::decode_value).transpose()?,
            ),
            22 => Self::StreamsGroupCurrentMemberAssignment(
                RecordKey::decode_key(key)?,
                value.map(RecordValue::decode_value).transpose()?,
            ),
            23 => Self::StreamsGroupTopology(
                RecordKey::decode_key(key)?,
                value.map(RecordValue::decode_value).transpose()?,
            ),
            other => return Err(RecordError::UnknownType(other)),
        })
    }

    /// The record's key.
    pub fn key_bytes(&self) -> Result<Vec<u8>, EncodeError> {
        match self {
            Self::LegacyOffsetCommit(k, _) => k.key_bytes(),
            Self::OffsetCommit(k, _) => k.key_bytes(),
            Self::GroupMetadata(k, _) => k.key_bytes(),
            Self::ConsumerGroupMetadata(k, _) => k.key_bytes(),
            Self::ConsumerGroupPartitionMetadata(k, _) => k.key_bytes(),
            Self::ConsumerGroupMemberMetadata(k, _) => k.key_bytes(),
            Self::ConsumerGroupTargetAssignmentMetadata(k, _) => k.key_bytes(),
            Self::ConsumerGroupTargetAssignmentMember(k, _) => k.key_bytes(),
            Self::ConsumerGroupCurrentMemberAssignment(k, _) => k.key_bytes(),
            Self::ShareGroupMemberMetadata(k, _) => k.key_bytes(),
            Self::ShareGroupMetadata(k, _) => k.key_bytes(),
            Self::ShareGroupTargetAssignmentMetadata(k, _) => k.key_bytes(),
            Self::ShareGroupTargetAssignmentMember(k, _) => k.key_bytes(),
            Self::ShareGroupCurrentMemberAssignment(k, _) => k.key_bytes(),
            Self::ShareGroupStatePartitionMetadata(k, _) => k.key_bytes(),
            Self::ConsumerGroupRegularExpression(k, _) => k.key_bytes(),
            Self::StreamsGroupMetadata(k, _) => k.key_bytes(),
            Self::StreamsGroupMemberMetadata(k, _) => k.key_bytes(),
            Self::StreamsGroupTargetAssignmentMetadata(k, _) => k.key_bytes(),
            Self::StreamsGroupTargetAssignmentMember(k, _) => k.key_bytes(),
            Self::StreamsGroupCurrentMemberAssignment(k, _) => k.key_bytes(),
            Self::StreamsGroupTopology(k, _) => k.key_bytes(),
        }
    }

    /// The record's value in the version that Kafka writes, or none of a tombstone.
    pub fn value_bytes(&self) -> Result<Option<Vec<u8>>, EncodeError> {
        match self {
            Self::LegacyOffsetCommit(_, v) => {
                v.as_ref().map(|v| v.value_bytes(v.written())).transpose()
            }
            Self::OffsetCommit(_, v) => v.as_ref().map(|v| v.value_bytes(v.written())).transpose(),
            Self::GroupMetadata(_, v) => v.as_ref().map(|v| v.value_bytes(v.written())).transpose(),
            Self::ConsumerGroupMetadata(_, v) => {
                v.as_ref().map(|v| v.value_bytes(v.written())).transpose()
            }
            Self::ConsumerGroupPartitionMetadata(_, v) => {
                v.as_ref().map(|v| v.value_bytes(v.written())).transpose()
            }
            Self::ConsumerGroupMemberMetadata(_, v) => {
                v.as_ref().map(|v| v.value_bytes(v.written())).transpose()
            }
            Self::ConsumerGroupTargetAssignmentMetadata(_, v) => {
                v.as_ref().map(|v| v.value_bytes(v.written())).transpose()
            }
            Self::ConsumerGroupTargetAssignmentMember(_, v) => {
                v.as_ref().map(|v| v.value_bytes(v.written())).transpose()
            }
            Self::ConsumerGroupCurrentMemberAssignment(_, v) => {
                v.as_ref().map(|v| v.value_bytes(v.written())).transpose()
            }
            Self::ShareGroupMemberMetadata(_, v) => {
                v.as_ref().map(|v| v.value_bytes(v.written())).transpose()
            }
            Self::ShareGroupMetadata(_, v) => {
                v.as_ref().map(|v| v.value_bytes(v.written())).transpose()
            }
            Self::ShareGroupTargetAssignmentMetadata(_, v) => {
                v.as_ref().map(|v| v.value_bytes(v.written())).transpose()
            }
            Self::ShareGroupTargetAssignmentMember(_, v) => {
                v.as_ref().map(|v| v.value_bytes(v.written())).transpose()
            }
            Self::ShareGroupCurrentMemberAssignment(_, v) => {
                v.as_ref().map(|v| v.value_bytes(v.written())).transpose()
            }
            Self::ShareGroupStatePartitionMetadata(_, v) => {
                v.as_ref().map(|v| v.value_bytes(v.written())).transpose()
            }
            Self::ConsumerGroupRegularExpression(_, v) => {
                v.as_ref().map(|v| v.value_bytes(v.written())).transpose()
            }
            Self::StreamsGroupMetadata(_, v) => {
                v.as_ref().map(|v| v.value_bytes(v.written())).transpose()
            }
            Self::StreamsGroupMemberMetadata(_, v) => {
                v.as_ref().map(|v| v.value_bytes(v.written())).transpose()
            }
            Self::StreamsGroupTargetAssignmentMetadata(_, v) => {
                v.as_ref().map(|v| v.value_bytes(v.written())).transpose()
            }
            Self::StreamsGroupTargetAssignmentMember(_, v) => {
                v.as_ref().map(|v| v.value_bytes(v.written())).transpose()
            }
            Self::StreamsGroupCurrentMemberAssignment(_, v) => {
                v.as_ref().map(|v| v.value_bytes(v.written())).transpose()
            }
            Self::StreamsGroupTopology(_, v) => {
                v.as_ref().map(|v| v.value_bytes(v.written())).transpose()
            }
        }
    }

    /// The same, borrowing nothing.
    pub fn into_static(self) -> GroupRecord<'static> {
        match self {
            Self::LegacyOffsetCommit(k, v) => {
                GroupRecord::LegacyOffsetCommit(k.into_static(), v.map(|v| v.into_static()))
            }
            Self::OffsetCommit(k, v) => {
                GroupRecord::OffsetCommit(k.into_static(), v.map(|v| v.into_static()))
            }
            Self::GroupMetadata(k, v) => {
                GroupRecord::GroupMetadata(k.into_static(), v.map(|v| v.into_static()))
            }
            Self::ConsumerGroupMetadata(k, v) => {
                GroupRecord::ConsumerGroupMetadata(k.into_static(), v)
            }
            Self::ConsumerGroupPartitionMetadata(k, v) => {
                GroupRecord::ConsumerGroupPartitionMetadata(
                    k.into_static(),
                    v.map(|v| v.into_static()),
                )
            }
            Self::ConsumerGroupMemberMetadata(k, v) => GroupRecord::ConsumerGroupMemberMetadata(
                k.into_static(),
                v.map(|v| v.into_static()),
            ),
            Self::ConsumerGroupTargetAssignmentMetadata(k, v) => {
                GroupRecord::ConsumerGroupTargetAssignmentMetadata(k.into_static(), v)
            }
            Self::ConsumerGroupTargetAssignmentMember(k, v) => {
                GroupRecord::ConsumerGroupTargetAssignmentMember(k.into_static(), v)
            }
            Self::ConsumerGroupCurrentMemberAssignment(k, v) => {
                GroupRecord::ConsumerGroupCurrentMemberAssignment(k.into_static(), v)
            }
            Self::ShareGroupMemberMetadata(k, v) => {
                GroupRecord::ShareGroupMemberMetadata(k.into_static(), v.map(|v| v.into_static()))
            }
            Self::ShareGroupMetadata(k, v) => GroupRecord::ShareGroupMetadata(k.into_static(), v),
            Self::ShareGroupTargetAssignmentMetadata(k, v) => {
                GroupRecord::ShareGroupTargetAssignmentMetadata(k.into_static(), v)
            }
            Self::ShareGroupTargetAssignmentMember(k, v) => {
                GroupRecord::ShareGroupTargetAssignmentMember(k.into_static(), v)
            }
            Self::ShareGroupCurrentMemberAssignment(k, v) => {
                GroupRecord::ShareGroupCurrentMemberAssignment(k.into_static(), v)
            }
            Self::ShareGroupStatePartitionMetadata(k, v) => {
                GroupRecord::ShareGroupStatePartitionMetadata(
                    k.into_static(),
                    v.map(|v| v.into_static()),
                )
            }
            Self::ConsumerGroupRegularExpression(k, v) => {
                GroupRecord::ConsumerGroupRegularExpression(
                    k.into_static(),
                    v.map(|v| v.into_static()),
                )
            }
            Self::StreamsGroupMetadata(k, v) => {
                GroupRecord::StreamsGroupMetadata(k.into_static(), v.map(|v| v.into_static()))
            }
            Self::StreamsGroupMemberMetadata(k, v) => {
                GroupRecord::StreamsGroupMemberMetadata(k.into_static(), v.map(|v| v.into_static()))
            }
            Self::StreamsGroupTargetAssignmentMetadata(k, v) => {
                GroupRecord::StreamsGroupTargetAssignmentMetadata(k.into_static(), v)
            }
            Self::StreamsGroupTargetAssignmentMember(k, v) => {
                GroupRecord::StreamsGroupTargetAssignmentMember(
                    k.into_static(),
                    v.map(|v| v.into_static()),
                )
            }
            Self::StreamsGroupCurrentMemberAssignment(k, v) => {
                GroupRecord::StreamsGroupCurrentMemberAssignment(
                    k.into_static(),
                    v.map(|v| v.into_static()),
                )
            }
            Self::StreamsGroupTopology(k, v) => {
                GroupRecord::StreamsGroupTopology(k.into_static(), v.map(|v| v.into_static()))
            }
        }
    }
}

/// A record of `__share_group_state`: its key and its value, which a tombstone lacks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ShareRecord<'a> {
    /// Type 0.
    ShareSnapshot(
        share_snapshot::ShareSnapshotKey<'a>,
        Option<share_snapshot::ShareSnapshotValue>,
    ),
    /// Type 1.
    ShareUpdate(
        share_update::ShareUpdateKey<'a>,
        Option<share_update::ShareUpdateValue>,
    ),
}

impl<'a> ShareRecord<'a> {
    /// Reads a record's key and its value, if it has one.
    pub fn decode(key: &'a [u8], value: Option<&'a [u8]>) -> Result<Self, RecordError> {
        Ok(match record_type(key)? {
            0 => Self::ShareSnapshot(
                RecordKey::decode_key(key)?,
                value.map(RecordValue::decode_value).transpose()?,
            ),
            1 => Self::ShareUpdate(
                RecordKey::decode_key(key)?,
                value.map(RecordValue::decode_value).transpose()?,
            ),
            other => return Err(RecordError::UnknownType(other)),
        })
    }

    /// The record's key.
    pub fn key_bytes(&self) -> Result<Vec<u8>, EncodeError> {
        match self {
            Self::ShareSnapshot(k, _) => k.key_bytes(),
            Self::ShareUpdate(k, _) => k.key_bytes(),
        }
    }

    /// The record's value in the version that Kafka writes, or none of a tombstone.
    pub fn value_bytes(&self) -> Result<Option<Vec<u8>>, EncodeError> {
        match self {
            Self::ShareSnapshot(_, v) => v.as_ref().map(|v| v.value_bytes(v.written())).transpose(),
            Self::ShareUpdate(_, v) => v.as_ref().map(|v| v.value_bytes(v.written())).transpose(),
        }
    }

    /// The same, borrowing nothing.
    pub fn into_static(self) -> ShareRecord<'static> {
        match self {
            Self::ShareSnapshot(k, v) => ShareRecord::ShareSnapshot(k.into_static(), v),
            Self::ShareUpdate(k, v) => ShareRecord::ShareUpdate(k.into_static(), v),
        }
    }
}

/// A record of `__transaction_state`: its key and its value, which a tombstone lacks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TransactionRecord<'a> {
    /// Type 0.
    TransactionLog(
        transaction_log::TransactionLogKey<'a>,
        Option<transaction_log::TransactionLogValue<'a>>,
    ),
}

impl<'a> TransactionRecord<'a> {
    /// Reads a record's key and its value, if it has one.
    pub fn decode(key: &'a [u8], value: Option<&'a [u8]>) -> Result<Self, RecordError> {
        Ok(match record_type(key)? {
            0 => Self::TransactionLog(
                RecordKey::decode_key(key)?,
                value.map(RecordValue::decode_value).transpose()?,
            ),
            other => return Err(RecordError::UnknownType(other)),
        })
    }

    /// The record's key.
    pub fn key_bytes(&self) -> Result<Vec<u8>, EncodeError> {
        match self {
            Self::TransactionLog(k, _) => k.key_bytes(),
        }
    }

    /// The record's value in the version that Kafka writes, or none of a tombstone.
    pub fn value_bytes(&self) -> Result<Option<Vec<u8>>, EncodeError> {
        match self {
            Self::TransactionLog(_, v) => {
                v.as_ref().map(|v| v.value_bytes(v.written())).transpose()
            }
        }
    }

    /// The same, borrowing nothing.
    pub fn into_static(self) -> TransactionRecord<'static> {
        match self {
            Self::TransactionLog(k, v) => {
                TransactionRecord::TransactionLog(k.into_static(), v.map(|v| v.into_static()))
            }
        }
    }
}

/// Calls `$with!` with `(module Key Value)` for every record and `(module Name)` for what is embedded.
#[macro_export]
macro_rules! for_each_record {
($with:ident) => {
$with! {
(legacy_offset_commit LegacyOffsetCommitKey LegacyOffsetCommitValue)
(offset_commit OffsetCommitKey OffsetCommitValue)
(group_metadata GroupMetadataKey GroupMetadataValue)
(consumer_group_metadata ConsumerGroupMetadataKey ConsumerGroupMetadataValue)
(consumer_group_partition_metadata ConsumerGroupPartitionMetadataKey ConsumerGroupPartitionMetadataValue)
(consumer_group_member_metadata ConsumerGroupMemberMetadataKey ConsumerGroupMemberMetadataValue)
(consumer_group_target_assignment_metadata ConsumerGroupTargetAssignmentMetadataKey ConsumerGroupTargetAssignmentMetadataValue)
(consumer_group_target_assignment_member ConsumerGroupTargetAssignmentMemberKey ConsumerGroupTargetAssignmentMemberValue)
(consumer_group_current_member_assignment ConsumerGroupCurrentMemberAssignmentKey ConsumerGroupCurrentMemberAssignmentValue)
(share_group_member_metadata ShareGroupMemberMetadataKey ShareGroupMemberMetadataValue)
(share_group_metadata ShareGroupMetadataKey ShareGroupMetadataValue)
(share_group_target_assignment_metadata ShareGroupTargetAssignmentMetadataKey ShareGroupTargetAssignmentMetadataValue)
(share_group_target_assignment_member ShareGroupTargetAssignmentMemberKey ShareGroupTargetAssignmentMemberValue)
(share_group_current_member_assignment ShareGroupCurrentMemberAssignmentKey ShareGroupCurrentMemberAssignmentValue)
(share_group_state_partition_metadata ShareGroupStatePartitionMetadataKey ShareGroupStatePartitionMetadataValue)
(consumer_group_regular_expression ConsumerGroupRegularExpressionKey ConsumerGroupRegularExpressionValue)
(streams_group_metadata StreamsGroupMetadataKey StreamsGroupMetadataValue)
(streams_group_member_metadata StreamsGroupMemberMetadataKey StreamsGroupMemberMetadataValue)
(streams_group_target_assignment_metadata StreamsGroupTargetAssignmentMetadataKey StreamsGroupTargetAssignmentMetadataValue)
(streams_group_target_assignment_member StreamsGroupTargetAssignmentMemberKey StreamsGroupTargetAssignmentMemberValue)
(streams_group_current_member_assignment StreamsGroupCurrentMemberAssignmentKey StreamsGroupCurrentMemberAssignmentValue)
(streams_group_topology StreamsGroupTopologyKey StreamsGroupTopologyValue)
(share_snapshot ShareSnapshotKey ShareSnapshotValue)
(share_update ShareUpdateKey ShareUpdateValue)
(transaction_log TransactionLogKey TransactionLogValue)
(consumer_protocol_assignment ConsumerProtocolAssignment)
(consumer_protocol_subscription ConsumerProtocolSubscription)
}
};
}
