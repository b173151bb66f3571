//! What each record changes.

use ottla_protocol::records::GroupRecord;

use super::super::{Groups, Record, kind, timers};
use super::decide::heartbeat::LEAVING;
use super::group::Group;
use super::member::Member;
use super::records;
use super::tasks::Holding;
use super::topology::Topology;
use super::{Timer, Wait};

impl Groups {
    /// Takes a record in, if it is one of a streams group; gives it back otherwise. Tombstones of what is not there change nothing.
    pub(in super::super) fn apply_streams(&mut self, record: Record) -> Option<Record> {
        match record {
            GroupRecord::StreamsGroupMetadata(key, Some(value)) => {
                if let Some(group) = self.streams_at(&key.group_id, true) {
                    group.epoch = value.epoch;
                    group.metadata_hash = value.metadata_hash;
                    group.validated_topology = value.validated_topology_epoch;
                    let configs = value.last_assignment_configs.unwrap_or_default();
                    let configs = configs.into_iter();
                    group.assignment_configs =
                        configs.map(|c| (c.key.into(), c.value.into())).collect();
                }
            }
            GroupRecord::StreamsGroupMetadata(key, None) => {
                if self.streams_at(&key.group_id, false).is_some() {
                    self.groups.remove(&*key.group_id);
                    let timer = timers::Timer::Streams(Timer::DELAY);
                    self.timers.cancel(&key.group_id, timer);
                }
            }
            GroupRecord::StreamsGroupTopology(key, value) => {
                if let Some(group) = self.streams_at(&key.group_id, value.is_some()) {
                    group.set_topology(value.map(Topology::of_record));
                }
            }
            GroupRecord::StreamsGroupMemberMetadata(key, Some(value)) => {
                if let Some(group) = self.streams_at(&key.group_id, true) {
                    change(group, &key.member_id, |m| m.describe(value));
                }
            }
            GroupRecord::StreamsGroupMemberMetadata(key, None) => {
                if let Some(group) = self.streams_at(&key.group_id, false) {
                    group.remove_member(&key.member_id);
                }
                for wait in [Wait::Session, Wait::Revocation] {
                    let timer = timers::Timer::Streams(Timer::of(&key.member_id, wait));
                    self.timers.cancel(&key.group_id, timer);
                }
            }
            GroupRecord::StreamsGroupTargetAssignmentMetadata(key, value) => {
                if let Some(group) = self.streams_at(&key.group_id, value.is_some()) {
                    group.target_epoch = value.as_ref().map_or(-1, |v| v.assignment_epoch);
                    group.target_ms = value.map_or(0, |v| v.assignment_timestamp);
                }
            }
            GroupRecord::StreamsGroupTargetAssignmentMember(key, value) => {
                if let Some(group) = self.streams_at(&key.group_id, value.is_some()) {
                    group.set_target(&key.member_id, value.map(records::target_of));
                }
            }
            GroupRecord::StreamsGroupCurrentMemberAssignment(key, Some(value)) => {
                if let Some(group) = self.streams_at(&key.group_id, true) {
                    change(group, &key.member_id, |m| m.place(&value));
                }
            }
            GroupRecord::StreamsGroupCurrentMemberAssignment(key, None) => {
                if let Some(group) = self.streams_at(&key.group_id, false)
                    && group.member(&key.member_id).is_some()
                {
                    change(group, &key.member_id, leave);
                }
            }
            other => return Some(other),
        }
        None
    }

    /// The streams group of this name; a new one, if it may be made and nothing but offsets stands under its name.
    fn streams_at(&mut self, name: &str, make: bool) -> Option<&mut Group> {
        let free = self.groups.get(name).is_none_or(kind::Group::is_simple);
        if free && make {
            let group = kind::Group::Streams(Group::default());
            self.groups.insert(name.to_owned(), group);
        }
        match self.groups.get_mut(name) {
            Some(kind::Group::Streams(group)) => Some(group),
            Some(_) if make => {
                tracing::error!(
                    group = name,
                    "a streams group's record among those of another kind: passed over"
                );
                None
            }
            _ => None,
        }
    }
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
    member.has = Holding::default();
    member.revoking = Holding::default();
}
