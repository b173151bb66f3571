//! A classic group in the log: one record holds all of it.
//!
//! While the coordinator serves, the group itself decides and has already become what its record says when that is applied; on
//! a replay, and when a group of another kind becomes a classic one, the record makes it.

use ottla_protocol::records::GroupRecord;
use ottla_protocol::records::group_metadata::{
    GroupMetadataKey, GroupMetadataValue, MemberMetadata,
};

use super::group::{Group, State};
use super::member::{Member, Protocol};
use crate::coordinator::group::{Groups, Record, kind};

type Value = GroupMetadataValue<'static>;

/// The record that deletes a group.
pub fn tombstone(name: &str) -> Record {
    GroupRecord::GroupMetadata(key(name), None)
}

fn key(name: &str) -> GroupMetadataKey<'static> {
    GroupMetadataKey {
        group: name.to_owned().into(),
    }
}

impl Group {
    /// The group with its members and their assignments.
    pub fn record(&self, name: &str) -> Record {
        let protocol = self.protocol.as_deref().unwrap_or("");
        let member = |(id, m): (&String, &Member)| MemberMetadata {
            member_id: id.clone().into(),
            group_instance_id: m.instance.clone().map(Into::into),
            client_id: m.client_id.clone().into(),
            client_host: m.client_host.clone().into(),
            rebalance_timeout: m.rebalance_timeout_ms,
            session_timeout: m.session_timeout_ms,
            subscription: m.metadata(protocol).to_vec().into(),
            assignment: m.assignment.clone().into(),
        };
        let value = GroupMetadataValue {
            protocol_type: self.protocol_type.clone().unwrap_or_default().into(),
            generation: self.generation,
            protocol: self.protocol.clone().map(Into::into),
            leader: self.leader.clone().map(Into::into),
            current_state_timestamp: self.since_ms.unwrap_or(-1),
            members: self.members.iter().map(member).collect(),
        };
        GroupRecord::GroupMetadata(key(name), Some(value))
    }

    /// A group that somebody wants to be the first member of, but is not yet.
    pub fn record_of_new(&self, name: &str) -> Record {
        let value = GroupMetadataValue {
            protocol_type: "".into(),
            generation: 0,
            protocol: None,
            leader: None,
            current_state_timestamp: self.since_ms.unwrap_or(-1),
            members: Vec::new(),
        };
        GroupRecord::GroupMetadata(key(name), Some(value))
    }

    fn of_record(value: Value) -> Group {
        let mut group = Group {
            state: match value.members.is_empty() {
                true => State::Empty,
                false => State::Stable,
            },
            since_ms: Some(value.current_state_timestamp).filter(|ms| *ms != -1),
            protocol: value.protocol.map(String::from),
            generation: value.generation,
            leader: value.leader.map(String::from),
            ..Group::simple()
        };
        let protocol_type = value.protocol_type.into_owned();
        let protocol = group.protocol.clone().unwrap_or_default();
        for member in value.members {
            let (id, member) = of_record(member, &protocol);
            group.add(id, &protocol_type, member);
        }
        group.protocol_type = Some(protocol_type).filter(|t| !t.is_empty());
        group.learn_topics();
        group
    }
}

fn of_record(member: MemberMetadata<'static>, protocol: &str) -> (String, Member) {
    let rebalance_timeout_ms = match member.rebalance_timeout {
        -1 => member.session_timeout,
        ms => ms,
    };
    let restored = Member {
        instance: member.group_instance_id.map(String::from),
        client_id: member.client_id.into_owned(),
        client_host: member.client_host.into_owned(),
        rebalance_timeout_ms,
        session_timeout_ms: member.session_timeout,
        protocols: vec![Protocol {
            name: protocol.to_owned(),
            metadata: member.subscription.into_owned(),
        }],
        assignment: member.assignment.into_owned(),
        is_new: false,
        joining: None,
        syncing: None,
    };
    (member.member_id.into_owned(), restored)
}

impl Groups {
    /// A record of a classic group stands in the log.
    pub(in crate::coordinator::group) fn apply_classic(
        &mut self,
        name: &str,
        value: Option<Value>,
    ) {
        match (self.groups.get(name), value) {
            (Some(kind::Group::Classic(_)), Some(_)) if self.serving => {}
            (_, Some(value)) => {
                let group = kind::Group::Classic(Group::of_record(value));
                self.groups.insert(name.to_owned(), group);
            }
            (Some(kind::Group::Classic(_)), None) => {
                self.groups.remove(name);
            }
            (_, None) => {}
        }
    }
}
