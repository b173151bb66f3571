//! The records of a streams group: types 17 to 23 of `__consumer_offsets`.

use std::collections::{BTreeMap, BTreeSet};

use ottla_protocol::records::GroupRecord;
use ottla_protocol::records::streams_group_current_member_assignment::StreamsGroupCurrentMemberAssignmentKey;
use ottla_protocol::records::streams_group_member_metadata::StreamsGroupMemberMetadataKey;
use ottla_protocol::records::streams_group_metadata::{
    LastAssignmentConfig, StreamsGroupMetadataKey, StreamsGroupMetadataValue,
};
use ottla_protocol::records::streams_group_target_assignment_member::{
    StreamsGroupTargetAssignmentMemberKey, StreamsGroupTargetAssignmentMemberValue, TaskIds,
};
use ottla_protocol::records::streams_group_target_assignment_metadata::{
    StreamsGroupTargetAssignmentMetadataKey, StreamsGroupTargetAssignmentMetadataValue,
};
use ottla_protocol::records::streams_group_topology::StreamsGroupTopologyKey;

use super::super::Record;
use super::group::Group;
use super::member::Member;
use super::tasks::{Assignment, Tasks};
use super::topology::Topology;

/// Writes the records of one group.
#[derive(Clone, Copy)]
pub struct Scribe<'a> {
    /// The group's name.
    pub group: &'a str,
}

/// What the record of a group's epoch says.
#[derive(Clone, Debug)]
pub struct Epoch<'a> {
    /// The epoch.
    pub epoch: i32,
    /// Of the topics.
    pub metadata_hash: i64,
    /// The topology's epoch, if all its topics are there, or -1.
    pub validated_topology: i32,
    /// What the assignor heeds.
    pub configs: &'a BTreeMap<String, String>,
}

impl Scribe<'_> {
    /// The group's epoch.
    pub fn epoch(self, of: &Epoch<'_>) -> Record {
        let configs = of.configs.iter().map(|(key, value)| LastAssignmentConfig {
            key: key.clone().into(),
            value: value.clone().into(),
        });
        let value = StreamsGroupMetadataValue {
            epoch: of.epoch,
            metadata_hash: of.metadata_hash,
            validated_topology_epoch: of.validated_topology,
            last_assignment_configs: Some(configs.collect()),
        };
        GroupRecord::StreamsGroupMetadata(self.epoch_key(), Some(value))
    }

    /// The topology.
    pub fn topology(self, topology: &Topology) -> Record {
        GroupRecord::StreamsGroupTopology(self.topology_key(), Some(topology.record()))
    }

    /// Who a member is.
    pub fn member(self, member: &Member) -> Record {
        let key = self.member_key(&member.id);
        GroupRecord::StreamsGroupMemberMetadata(key, Some(member.description()))
    }

    /// What a member has.
    pub fn current(self, member: &Member) -> Record {
        let key = self.current_key(&member.id);
        GroupRecord::StreamsGroupCurrentMemberAssignment(key, Some(member.placement()))
    }

    /// What a member is to have.
    pub fn target(self, member: &str, target: &Assignment) -> Record {
        let value = StreamsGroupTargetAssignmentMemberValue {
            active_tasks: task_ids(&target.active),
            standby_tasks: task_ids(&target.standby),
            warmup_tasks: task_ids(&target.warmup),
        };
        GroupRecord::StreamsGroupTargetAssignmentMember(self.target_key(member), Some(value))
    }

    /// The epoch that the target assignment is for, and when it was made.
    pub fn target_epoch(self, assignment_epoch: i32, assignment_timestamp: i64) -> Record {
        let value = StreamsGroupTargetAssignmentMetadataValue {
            assignment_epoch,
            assignment_timestamp,
        };
        GroupRecord::StreamsGroupTargetAssignmentMetadata(self.target_epoch_key(), Some(value))
    }

    /// The records that take a member out.
    pub fn remove_member(self, member: &str) -> [Record; 3] {
        [
            GroupRecord::StreamsGroupCurrentMemberAssignment(self.current_key(member), None),
            GroupRecord::StreamsGroupTargetAssignmentMember(self.target_key(member), None),
            GroupRecord::StreamsGroupMemberMetadata(self.member_key(member), None),
        ]
    }

    /// The records that delete the group.
    pub fn delete(self, group: &Group) -> Vec<Record> {
        let members = group.members().keys();
        let mut records: Vec<Record> = members.flat_map(|m| self.remove_member(m)).collect();
        records.extend([
            GroupRecord::StreamsGroupTargetAssignmentMetadata(self.target_epoch_key(), None),
            GroupRecord::StreamsGroupMetadata(self.epoch_key(), None),
            GroupRecord::StreamsGroupTopology(self.topology_key(), None),
        ]);
        records
    }

    fn epoch_key(self) -> StreamsGroupMetadataKey<'static> {
        StreamsGroupMetadataKey {
            group_id: self.group.to_owned().into(),
        }
    }

    fn topology_key(self) -> StreamsGroupTopologyKey<'static> {
        StreamsGroupTopologyKey {
            group_id: self.group.to_owned().into(),
        }
    }

    fn target_epoch_key(self) -> StreamsGroupTargetAssignmentMetadataKey<'static> {
        StreamsGroupTargetAssignmentMetadataKey {
            group_id: self.group.to_owned().into(),
        }
    }

    fn member_key(self, member: &str) -> StreamsGroupMemberMetadataKey<'static> {
        StreamsGroupMemberMetadataKey {
            group_id: self.group.to_owned().into(),
            member_id: member.to_owned().into(),
        }
    }

    fn current_key(self, member: &str) -> StreamsGroupCurrentMemberAssignmentKey<'static> {
        StreamsGroupCurrentMemberAssignmentKey {
            group_id: self.group.to_owned().into(),
            member_id: member.to_owned().into(),
        }
    }

    fn target_key(self, member: &str) -> StreamsGroupTargetAssignmentMemberKey<'static> {
        StreamsGroupTargetAssignmentMemberKey {
            group_id: self.group.to_owned().into(),
            member_id: member.to_owned().into(),
        }
    }
}

fn task_ids(tasks: &Tasks) -> Vec<TaskIds<'static>> {
    let ids = |(subtopology, tasks): (&String, &BTreeSet<i32>)| TaskIds {
        subtopology_id: subtopology.clone().into(),
        partitions: tasks.iter().copied().collect(),
    };
    tasks.iter().map(ids).collect()
}

/// What a member is to have, as it was written down.
pub fn target_of(value: StreamsGroupTargetAssignmentMemberValue<'_>) -> Assignment {
    let tasks = |ids: Vec<TaskIds<'_>>| {
        let some = ids.into_iter().filter(|ids| !ids.partitions.is_empty());
        some.map(|ids| {
            let tasks = ids.partitions.into_iter().collect();
            (ids.subtopology_id.into_owned(), tasks)
        })
        .collect()
    };
    Assignment {
        active: tasks(value.active_tasks),
        standby: tasks(value.standby_tasks),
        warmup: tasks(value.warmup_tasks),
    }
}
