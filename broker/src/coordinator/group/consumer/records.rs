//! The records of a consumer group: types 3 to 8 and 16 of `__consumer_offsets`.

use ottla_protocol::records::GroupRecord;
use ottla_protocol::records::consumer_group_current_member_assignment::ConsumerGroupCurrentMemberAssignmentKey;
use ottla_protocol::records::consumer_group_member_metadata::ConsumerGroupMemberMetadataKey;
use ottla_protocol::records::consumer_group_metadata::{
    ConsumerGroupMetadataKey, ConsumerGroupMetadataValue,
};
use ottla_protocol::records::consumer_group_partition_metadata::ConsumerGroupPartitionMetadataKey;
use ottla_protocol::records::consumer_group_regular_expression::{
    ConsumerGroupRegularExpressionKey, ConsumerGroupRegularExpressionValue,
};
use ottla_protocol::records::consumer_group_target_assignment_member::{
    ConsumerGroupTargetAssignmentMemberKey, ConsumerGroupTargetAssignmentMemberValue,
    TopicPartition,
};
use ottla_protocol::records::consumer_group_target_assignment_metadata::{
    ConsumerGroupTargetAssignmentMetadataKey, ConsumerGroupTargetAssignmentMetadataValue,
};

use super::super::Record;
use super::super::assignor::Partitions;
use super::group::{Group, Matched};
use super::member::Member;

/// Writes the records of one group.
#[derive(Clone, Copy)]
pub struct Scribe<'a> {
    /// The group's name.
    pub group: &'a str,
}

impl Scribe<'_> {
    /// The group's epoch.
    pub fn epoch(self, epoch: i32, metadata_hash: i64) -> Record {
        let value = ConsumerGroupMetadataValue {
            epoch,
            metadata_hash,
        };
        GroupRecord::ConsumerGroupMetadata(self.epoch_key(), Some(value))
    }

    /// Who a member is and what it wants.
    pub fn member(self, member: &Member) -> Record {
        let key = self.member_key(&member.id);
        GroupRecord::ConsumerGroupMemberMetadata(key, Some(member.description()))
    }

    /// What a member has.
    pub fn current(self, member: &Member) -> Record {
        let key = self.current_key(&member.id);
        GroupRecord::ConsumerGroupCurrentMemberAssignment(key, Some(member.placement()))
    }

    /// What a member is to have.
    pub fn target(self, member: &str, partitions: &Partitions) -> Record {
        let of_topic =
            |(topic, partitions): (&_, &std::collections::BTreeSet<i32>)| TopicPartition {
                topic_id: *topic,
                partitions: partitions.iter().copied().collect(),
            };
        let value = ConsumerGroupTargetAssignmentMemberValue {
            topic_partitions: partitions.iter().map(of_topic).collect(),
        };
        GroupRecord::ConsumerGroupTargetAssignmentMember(self.target_key(member), Some(value))
    }

    /// The epoch that the target assignment is for, and when it was made.
    pub fn target_epoch(self, assignment_epoch: i32, assignment_timestamp: i64) -> Record {
        let value = ConsumerGroupTargetAssignmentMetadataValue {
            assignment_epoch,
            assignment_timestamp,
        };
        GroupRecord::ConsumerGroupTargetAssignmentMetadata(self.target_epoch_key(), Some(value))
    }

    /// What a pattern matches; `None` deletes it.
    pub fn pattern(self, pattern: &str, matched: Option<&Matched>) -> Record {
        let key = ConsumerGroupRegularExpressionKey {
            group_id: self.group.to_owned().into(),
            regular_expression: pattern.to_owned().into(),
        };
        let value = matched.map(|matched| ConsumerGroupRegularExpressionValue {
            topics: matched.topics.iter().map(|t| t.clone().into()).collect(),
            version: matched.version,
            timestamp: matched.at_ms,
        });
        GroupRecord::ConsumerGroupRegularExpression(key, value)
    }

    /// Deletes what Kafka before 4.1 kept of the topics.
    pub fn no_old_metadata(self) -> Record {
        let key = ConsumerGroupPartitionMetadataKey {
            group_id: self.group.to_owned().into(),
        };
        GroupRecord::ConsumerGroupPartitionMetadata(key, None)
    }

    /// Deletes a member. The order matters to Kafka.
    pub fn remove_member(self, member: &str) -> [Record; 3] {
        [
            GroupRecord::ConsumerGroupCurrentMemberAssignment(self.current_key(member), None),
            GroupRecord::ConsumerGroupTargetAssignmentMember(self.target_key(member), None),
            GroupRecord::ConsumerGroupMemberMetadata(self.member_key(member), None),
        ]
    }

    /// Deletes the group, with these members.
    pub fn delete<'m>(
        self,
        group: &Group,
        members: impl Iterator<Item = &'m str> + Clone,
    ) -> Vec<Record> {
        let current =
            |m| GroupRecord::ConsumerGroupCurrentMemberAssignment(self.current_key(m), None);
        let target = |m| GroupRecord::ConsumerGroupTargetAssignmentMember(self.target_key(m), None);
        let member = |m| GroupRecord::ConsumerGroupMemberMetadata(self.member_key(m), None);
        let target_epoch =
            GroupRecord::ConsumerGroupTargetAssignmentMetadata(self.target_epoch_key(), None);
        let mut records: Vec<_> = members.clone().map(current).collect();
        records.extend(members.clone().map(target));
        records.push(target_epoch);
        records.extend(members.map(member));
        records.extend(group.patterns().keys().map(|p| self.pattern(p, None)));
        records.push(self.no_old_metadata());
        records.push(GroupRecord::ConsumerGroupMetadata(self.epoch_key(), None));
        records
    }

    /// Writes a whole group, as one that was of another kind before.
    pub fn create(self, group: &Group) -> Vec<Record> {
        let nothing = Partitions::new();
        let members = group.members();
        let mut records: Vec<_> = members.values().map(|m| self.member(m)).collect();
        records.push(self.epoch(group.epoch, group.metadata_hash));
        let target = |id: &String| self.target(id, group.target_of(id).unwrap_or(&nothing));
        records.extend(members.keys().map(target));
        records.push(self.target_epoch(group.target_epoch, group.target_ms));
        records.extend(members.values().map(|m| self.current(m)));
        records
    }

    fn epoch_key(self) -> ConsumerGroupMetadataKey<'static> {
        ConsumerGroupMetadataKey {
            group_id: self.group.to_owned().into(),
        }
    }

    fn target_epoch_key(self) -> ConsumerGroupTargetAssignmentMetadataKey<'static> {
        ConsumerGroupTargetAssignmentMetadataKey {
            group_id: self.group.to_owned().into(),
        }
    }

    fn member_key(self, member: &str) -> ConsumerGroupMemberMetadataKey<'static> {
        ConsumerGroupMemberMetadataKey {
            group_id: self.group.to_owned().into(),
            member_id: member.to_owned().into(),
        }
    }

    fn current_key(self, member: &str) -> ConsumerGroupCurrentMemberAssignmentKey<'static> {
        ConsumerGroupCurrentMemberAssignmentKey {
            group_id: self.group.to_owned().into(),
            member_id: member.to_owned().into(),
        }
    }

    fn target_key(self, member: &str) -> ConsumerGroupTargetAssignmentMemberKey<'static> {
        ConsumerGroupTargetAssignmentMemberKey {
            group_id: self.group.to_owned().into(),
            member_id: member.to_owned().into(),
        }
    }
}
