//! From a share group's records to what is kept of it.

use std::collections::BTreeMap;

use ottla_protocol::ids::Uuid;
use ottla_protocol::records::GroupRecord;
use ottla_protocol::records::share_group_state_partition_metadata::TopicPartitionsInfo;

use super::super::{Groups, Record, kind, timers};
use super::Timer;
use super::group::{Group, Member, OfTopic, States};
use crate::coordinator::Position;

impl Groups {
    /// Takes a record in, if it is one of a share group; gives it back otherwise.
    pub(in super::super) fn apply_share(
        &mut self,
        record: Record,
        at: &Position,
    ) -> Option<Record> {
        match record {
            GroupRecord::ShareGroupMetadata(key, Some(value)) => {
                if let Some(group) = self.share_at(&key.group_id, true) {
                    group.epoch = value.epoch;
                    group.metadata_hash = value.metadata_hash;
                }
            }
            GroupRecord::ShareGroupMetadata(key, None) => {
                if self.share_at(&key.group_id, false).is_some() {
                    self.groups.remove(&*key.group_id);
                }
            }
            GroupRecord::ShareGroupMemberMetadata(key, Some(value)) => {
                if let Some(group) = self.share_at(&key.group_id, true) {
                    let member = member_at(group, &key.member_id);
                    member.rack = value.rack_id.map(Into::into);
                    member.client_id = value.client_id.into();
                    member.client_host = value.client_host.into();
                    let topics = value.subscribed_topic_names.into_iter();
                    member.topics = topics.map(Into::into).collect();
                }
            }
            GroupRecord::ShareGroupMemberMetadata(key, None) => {
                if let Some(group) = self.share_at(&key.group_id, false) {
                    group.members.remove(&*key.member_id);
                }
                let timer = timers::Timer::Share(Timer(key.member_id.to_string()));
                self.timers.cancel(&key.group_id, timer);
            }
            GroupRecord::ShareGroupCurrentMemberAssignment(key, Some(value)) => {
                if let Some(group) = self.share_at(&key.group_id, true) {
                    let member = member_at(group, &key.member_id);
                    member.epoch = value.member_epoch;
                    member.previous_epoch = value.previous_member_epoch;
                    let assigned = value.assigned_partitions.into_iter();
                    let of = |t: _| {
                        let t: ottla_protocol::records::share_group_current_member_assignment::TopicPartitions = t;
                        (t.topic_id, t.partitions.into_iter().collect())
                    };
                    member.assigned = assigned.map(of).collect();
                }
            }
            GroupRecord::ShareGroupCurrentMemberAssignment(key, None) => {
                let group = self.share_at(&key.group_id, false);
                if let Some(member) = group.and_then(|g| g.members.get_mut(&*key.member_id)) {
                    member.assigned.clear();
                }
            }
            GroupRecord::ShareGroupTargetAssignmentMember(key, value) => {
                if let Some(group) = self.share_at(&key.group_id, value.is_some()) {
                    match value {
                        Some(value) => {
                            let topics = value.topic_partitions.into_iter();
                            let target =
                                topics.map(|t| (t.topic_id, t.partitions.into_iter().collect()));
                            group
                                .target
                                .insert(key.member_id.to_string(), target.collect());
                        }
                        None => drop(group.target.remove(&*key.member_id)),
                    }
                }
            }
            GroupRecord::ShareGroupTargetAssignmentMetadata(key, value) => {
                if let Some(group) = self.share_at(&key.group_id, value.is_some()) {
                    (group.target_epoch, group.target_ms) = value.map_or((-1, 0), |value| {
                        (value.assignment_epoch, value.assignment_timestamp)
                    });
                }
            }
            GroupRecord::ShareGroupStatePartitionMetadata(key, value) => {
                if let Some(group) = self.share_at(&key.group_id, value.is_some()) {
                    let states = value.map_or_else(States::default, |value| States {
                        initializing: of_topics(value.initializing_topics),
                        initialized: of_topics(value.initialized_topics),
                        deleting: value
                            .deleting_topics
                            .into_iter()
                            .map(|t| (t.topic_id, t.topic_name.into()))
                            .collect(),
                    });
                    let asked = states.initializing.keys().map(|topic| {
                        let before = group.asked_ms.get(topic);
                        (*topic, before.copied().unwrap_or(at.timestamp))
                    });
                    group.asked_ms = asked.collect();
                    group.states = states;
                }
            }
            other => return Some(other),
        }
        None
    }

    /// The share group of this name; a new one, if it may be made and nothing but offsets stands under its name.
    fn share_at(&mut self, name: &str, make: bool) -> Option<&mut Group> {
        let free = self.groups.get(name).is_none_or(kind::Group::is_simple);
        if free && make {
            let group = kind::Group::Share(Group::default());
            self.groups.insert(name.to_owned(), group);
        }
        match self.groups.get_mut(name) {
            Some(kind::Group::Share(group)) => Some(group),
            Some(_) if make => {
                tracing::error!(
                    group = name,
                    "a share group's record among those of another kind: passed over"
                );
                None
            }
            _ => None,
        }
    }
}

fn member_at<'a>(group: &'a mut Group, id: &str) -> &'a mut Member {
    group
        .members
        .entry(id.to_owned())
        .or_insert_with(|| Member {
            id: id.to_owned(),
            ..Member::default()
        })
}

fn of_topics(infos: Vec<TopicPartitionsInfo<'_>>) -> BTreeMap<Uuid, OfTopic> {
    let of = |info: TopicPartitionsInfo<'_>| {
        let of = OfTopic {
            name: info.topic_name.into(),
            partitions: info.partitions.into_iter().collect(),
        };
        (info.topic_id, of)
    };
    infos.into_iter().map(of).collect()
}
