//! What each record changes.

use ottla_protocol::records::GroupRecord;

use super::super::assignor::Partitions;
use super::super::{Groups, Record, kind};
use super::decide::heartbeat::LEAVING;
use super::group::{Group, Matched};
use super::member::{Held, Member};

impl Groups {
    /// A record of a consumer group stands in the log. Tombstones of what is not there change nothing.
    pub(in super::super) fn apply_consumer(&mut self, record: Record) {
        match record {
            GroupRecord::ConsumerGroupMetadata(key, Some(value)) => {
                if let Some(group) = self.consumer_group(&key.group_id, true) {
                    group.epoch = value.epoch;
                    group.metadata_hash = value.metadata_hash;
                }
            }
            GroupRecord::ConsumerGroupMetadata(key, None) => {
                if self.consumer_group(&key.group_id, false).is_some() {
                    self.groups.remove(&*key.group_id);
                }
            }
            GroupRecord::ConsumerGroupPartitionMetadata(key, value) => {
                if let Some(group) = self.consumer_group(&key.group_id, value.is_some()) {
                    group.has_old_metadata = value.is_some();
                }
            }
            GroupRecord::ConsumerGroupMemberMetadata(key, value) => {
                if let Some(group) = self.consumer_group(&key.group_id, value.is_some()) {
                    match value {
                        Some(value) => change(group, &key.member_id, |m| m.describe(value)),
                        None => group.remove_member(&key.member_id),
                    }
                }
            }
            GroupRecord::ConsumerGroupTargetAssignmentMetadata(key, value) => {
                if let Some(group) = self.consumer_group(&key.group_id, value.is_some()) {
                    group.target_epoch = value.as_ref().map_or(-1, |v| v.assignment_epoch);
                    group.target_ms = value.map_or(0, |v| v.assignment_timestamp);
                }
            }
            GroupRecord::ConsumerGroupTargetAssignmentMember(key, value) => {
                if let Some(group) = self.consumer_group(&key.group_id, value.is_some()) {
                    let of_topics = |topics: Vec<_>| topics.into_iter().map(of_topic).collect();
                    let target: Option<Partitions> = value.map(|v| of_topics(v.topic_partitions));
                    group.set_target(&key.member_id, target);
                }
            }
            GroupRecord::ConsumerGroupCurrentMemberAssignment(key, Some(value)) => {
                if let Some(group) = self.consumer_group(&key.group_id, true) {
                    change(group, &key.member_id, |m| m.place(&value));
                }
            }
            GroupRecord::ConsumerGroupCurrentMemberAssignment(key, None) => {
                if let Some(group) = self.consumer_group(&key.group_id, false)
                    && group.member(&key.member_id).is_some()
                {
                    change(group, &key.member_id, leave);
                }
            }
            GroupRecord::ConsumerGroupRegularExpression(key, value) => {
                if let Some(group) = self.consumer_group(&key.group_id, value.is_some()) {
                    let matched = value.map(|value| Matched {
                        topics: value.topics.into_iter().map(Into::into).collect(),
                        version: value.version,
                        at_ms: value.timestamp,
                    });
                    group.set_pattern(&key.regular_expression, matched);
                }
            }
            other => tracing::debug!("passed over: {other:?}"),
        }
    }

    /// The consumer group of this name; a new one, if it may be made and nothing but offsets stands under its name.
    fn consumer_group(&mut self, name: &str, make: bool) -> Option<&mut Group> {
        let free = match self.groups.get(name) {
            Some(kind) => kind.is_simple(),
            None => true,
        };
        if free && make {
            let group = kind::Group::Consumer(Group::default());
            self.groups.insert(name.to_owned(), group);
        }
        match self.groups.get_mut(name) {
            Some(kind::Group::Consumer(group)) => Some(group),
            Some(_) if make => {
                tracing::error!(
                    group = name,
                    "a consumer group's record among those of another kind: passed over"
                );
                None
            }
            _ => None,
        }
    }
}

fn of_topic(
    topic: ottla_protocol::records::consumer_group_target_assignment_member::TopicPartition,
) -> (ottla_protocol::ids::Uuid, std::collections::BTreeSet<i32>) {
    (topic.topic_id, topic.partitions.into_iter().collect())
}

/// Changes a member, which is new if it is not known.
fn change(group: &mut Group, id: &str, how: impl FnOnce(&mut Member)) {
    let mut member = group.member(id).cloned().unwrap_or_else(|| Member::new(id));
    how(&mut member);
    group.put_member(member);
}

/// A member has nothing any more: the first of the records that remove it.
fn leave(member: &mut Member) {
    member.epoch = LEAVING;
    member.previous_epoch = LEAVING;
    member.assigned = Held::new();
    member.revoking = Held::new();
}
