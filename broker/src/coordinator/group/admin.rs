//! What administrators do with groups of any kind: list, delete, delete offsets.

use ottla_protocol::error_code::ErrorCode;

use super::{Answer, Groups};
use crate::coordinator::{Ask, Effects};

/// A group as it is listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its name.
    pub group: String,
    /// `consumer` for consumers, what its members say in classic groups of other things, "" for offsets alone.
    pub protocol_type: String,
    /// Its state's name.
    pub state: &'static str,
    /// Its kind's name.
    pub kind: &'static str,
}

/// Topics with a code for each partition, in the order asked.
pub type TopicCodes = Vec<(String, Vec<(i32, ErrorCode)>)>;

/// Offsets are deleted in batches of at most so many, that a batch stays small.
pub(super) const TOMBSTONES_AT_ONCE: usize = 1000;

impl Groups {
    /// The groups in one of these states and of one of these kinds, in lower case; none named: all.
    pub(super) fn list(&self, states: &[String], kinds: &[String]) -> Vec<Listed> {
        let wanted = |of: &[String], name: &str| {
            of.is_empty() || of.iter().any(|w| w.eq_ignore_ascii_case(name))
        };
        let groups = self.groups.iter();
        groups
            .filter(|(_, group)| wanted(states, group.state()) && wanted(kinds, group.kind()))
            .map(|(name, group)| Listed {
                group: name.clone(),
                protocol_type: group.protocol_type().to_owned(),
                state: group.state(),
                kind: group.kind(),
            })
            .collect()
    }

    /// Deletes groups that have no members, with their offsets.
    pub(super) fn delete(&self, groups: &[String], ask: Ask) -> Effects<Groups> {
        let mut effects = Effects::none();
        let mut codes = Vec::new();
        for name in groups {
            let group = self.groups.get(name).ok_or(ErrorCode::GROUP_ID_NOT_FOUND);
            codes.push(match group.and_then(|g| g.validate_delete().map(|()| g)) {
                Ok(group) => {
                    let mut records = self.offsets.tombstones(name);
                    records.extend(group.tombstones(name));
                    for some in records.chunks(TOMBSTONES_AT_ONCE) {
                        effects.write(some.to_vec());
                    }
                    ErrorCode::NONE
                }
                Err(code) => code,
            });
        }
        effects.reply(ask, Answer::Deleted(codes));
        effects
    }

    /// Deletes offsets of topics that the group does not read.
    pub(super) fn delete_offsets(
        &self,
        name: &str,
        topics: Vec<(String, Vec<i32>)>,
        ask: Ask,
    ) -> Effects<Groups> {
        let group = self.groups.get(name).ok_or(ErrorCode::GROUP_ID_NOT_FOUND);
        let group = match group.and_then(|g| g.validate_offset_delete().map(|()| g)) {
            Ok(group) => group,
            Err(code) => return Effects::answer(ask, Answer::OffsetsDeleted(Err(code))),
        };
        let mut records = Vec::new();
        let mut codes = TopicCodes::new();
        for (topic, partitions) in topics {
            let code = match group.is_subscribed_to(&topic) {
                true => ErrorCode::GROUP_SUBSCRIBED_TO_TOPIC,
                false => ErrorCode::NONE,
            };
            if code == ErrorCode::NONE {
                let each = |p: &i32| self.offsets.tombstone(name, &topic, *p);
                records.extend(partitions.iter().filter_map(each));
            }
            codes.push((topic, partitions.into_iter().map(|p| (p, code)).collect()));
        }
        let mut effects = Effects::answer(ask, Answer::OffsetsDeleted(Ok(codes)));
        for some in records.chunks(TOMBSTONES_AT_ONCE) {
            effects.write(some.to_vec());
        }
        effects
    }
}
