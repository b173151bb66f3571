//! The records of a share group: types 10 to 15 of `__consumer_offsets`.

use std::collections::{BTreeMap, BTreeSet};

use ottla_protocol::ids::Uuid;
use ottla_protocol::records::GroupRecord;
use ottla_protocol::records::share_group_current_member_assignment::{
    ShareGroupCurrentMemberAssignmentKey, ShareGroupCurrentMemberAssignmentValue, TopicPartitions,
};
use ottla_protocol::records::share_group_member_metadata::{
    ShareGroupMemberMetadataKey, ShareGroupMemberMetadataValue,
};
use ottla_protocol::records::share_group_metadata::{
    ShareGroupMetadataKey, ShareGroupMetadataValue,
};
use ottla_protocol::records::share_group_state_partition_metadata::{
    ShareGroupStatePartitionMetadataKey, ShareGroupStatePartitionMetadataValue, TopicInfo,
    TopicPartitionsInfo,
};
use ottla_protocol::records::share_group_target_assignment_member::{
    ShareGroupTargetAssignmentMemberKey, ShareGroupTargetAssignmentMemberValue, TopicPartition,
};
use ottla_protocol::records::share_group_target_assignment_metadata::{
    ShareGroupTargetAssignmentMetadataKey, ShareGroupTargetAssignmentMetadataValue,
};

use super::super::Record;
use super::Partitions;
use super::group::{Group, Member, OfTopic, States};

/// The state of a member record: share groups know but one.
const STABLE: i8 = 0;

/// The group's epoch.
pub fn epoch(group: &str, epoch: i32, metadata_hash: i64) -> Record {
    let value = ShareGroupMetadataValue {
        epoch,
        metadata_hash,
    };
    GroupRecord::ShareGroupMetadata(epoch_key(group), Some(value))
}

/// Who a member is and what it reads.
pub fn member(group: &str, member: &Member) -> Record {
    let topics = member.topics.iter().map(|t| t.clone().into());
    let value = ShareGroupMemberMetadataValue {
        rack_id: member.rack.clone().map(Into::into),
        client_id: member.client_id.clone().into(),
        client_host: member.client_host.clone().into(),
        subscribed_topic_names: topics.collect(),
    };
    GroupRecord::ShareGroupMemberMetadata(member_key(group, &member.id), Some(value))
}

/// What a member has.
pub fn current(group: &str, member: &Member) -> Record {
    let assigned = member.assigned.iter().map(|(topic, p)| TopicPartitions {
        topic_id: *topic,
        partitions: p.iter().copied().collect(),
    });
    let value = ShareGroupCurrentMemberAssignmentValue {
        member_epoch: member.epoch,
        previous_member_epoch: member.previous_epoch,
        state: STABLE,
        assigned_partitions: assigned.collect(),
    };
    GroupRecord::ShareGroupCurrentMemberAssignment(current_key(group, &member.id), Some(value))
}

/// What a member is to have.
pub fn target(group: &str, member: &str, partitions: &Partitions) -> Record {
    let of_topic = |(topic, p): (&Uuid, &BTreeSet<i32>)| TopicPartition {
        topic_id: *topic,
        partitions: p.iter().copied().collect(),
    };
    let value = ShareGroupTargetAssignmentMemberValue {
        topic_partitions: partitions.iter().map(of_topic).collect(),
    };
    GroupRecord::ShareGroupTargetAssignmentMember(target_key(group, member), Some(value))
}

/// The epoch that the target assignment is for, and when it was made.
pub fn target_epoch(group: &str, assignment_epoch: i32, assignment_timestamp: i64) -> Record {
    let value = ShareGroupTargetAssignmentMetadataValue {
        assignment_epoch,
        assignment_timestamp,
    };
    GroupRecord::ShareGroupTargetAssignmentMetadata(target_epoch_key(group), Some(value))
}

/// Which partitions have state.
pub fn states(group: &str, states: &States) -> Record {
    let infos = |of: &BTreeMap<Uuid, OfTopic>| {
        let info = |(topic, of): (&Uuid, &OfTopic)| TopicPartitionsInfo {
            topic_id: *topic,
            topic_name: of.name.clone().into(),
            partitions: of.partitions.iter().copied().collect(),
        };
        of.iter().map(info).collect()
    };
    let deleting = states.deleting.iter().map(|(topic, name)| TopicInfo {
        topic_id: *topic,
        topic_name: name.clone().into(),
    });
    let value = ShareGroupStatePartitionMetadataValue {
        initializing_topics: infos(&states.initializing),
        initialized_topics: infos(&states.initialized),
        deleting_topics: deleting.collect(),
    };
    GroupRecord::ShareGroupStatePartitionMetadata(states_key(group), Some(value))
}

/// The records that take a member out.
pub fn remove(group: &str, member: &str) -> [Record; 3] {
    [
        GroupRecord::ShareGroupCurrentMemberAssignment(current_key(group, member), None),
        GroupRecord::ShareGroupTargetAssignmentMember(target_key(group, member), None),
        GroupRecord::ShareGroupMemberMetadata(member_key(group, member), None),
    ]
}

/// The records that delete a group.
pub fn tombstones(name: &str, group: &Group) -> Vec<Record> {
    let members = group.members.keys().flat_map(|member| remove(name, member));
    let mut records: Vec<Record> = members.collect();
    records.push(GroupRecord::ShareGroupTargetAssignmentMetadata(
        target_epoch_key(name),
        None,
    ));
    records.push(GroupRecord::ShareGroupMetadata(epoch_key(name), None));
    if group.states != States::default() {
        records.push(GroupRecord::ShareGroupStatePartitionMetadata(
            states_key(name),
            None,
        ));
    }
    records
}

fn epoch_key(group: &str) -> ShareGroupMetadataKey<'static> {
    ShareGroupMetadataKey {
        group_id: group.to_owned().into(),
    }
}

fn target_epoch_key(group: &str) -> ShareGroupTargetAssignmentMetadataKey<'static> {
    ShareGroupTargetAssignmentMetadataKey {
        group_id: group.to_owned().into(),
    }
}

fn states_key(group: &str) -> ShareGroupStatePartitionMetadataKey<'static> {
    ShareGroupStatePartitionMetadataKey {
        group_id: group.to_owned().into(),
    }
}

fn member_key(group: &str, member: &str) -> ShareGroupMemberMetadataKey<'static> {
    ShareGroupMemberMetadataKey {
        group_id: group.to_owned().into(),
        member_id: member.to_owned().into(),
    }
}

fn current_key(group: &str, member: &str) -> ShareGroupCurrentMemberAssignmentKey<'static> {
    ShareGroupCurrentMemberAssignmentKey {
        group_id: group.to_owned().into(),
        member_id: member.to_owned().into(),
    }
}

fn target_key(group: &str, member: &str) -> ShareGroupTargetAssignmentMemberKey<'static> {
    ShareGroupTargetAssignmentMemberKey {
        group_id: group.to_owned().into(),
        member_id: member.to_owned().into(),
    }
}
