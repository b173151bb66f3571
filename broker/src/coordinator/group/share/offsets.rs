//! Which partitions have state with the share coordinator, and its changes by administrators.

use std::collections::{BTreeMap, BTreeSet};

use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::ids::Uuid;

use super::super::kind::{self, Missing};
use super::super::{Groups, Record};
use super::group::{Group, OfTopic, States};
use super::{Answer, Partitions, Refusal, answer, records};
use crate::coordinator::{Ask, Effects, Now};
use crate::metadata::Image;

/// Partitions with state, by topic and name.
pub type Known = BTreeMap<Uuid, OfTopic>;

/// A topic whose state is to be made anew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlteredTopic {
    /// Its name.
    pub name: String,
    /// Its id; `None`: there is no such topic.
    pub id: Option<Uuid>,
    /// The partitions with their offsets; those that are not there have none.
    pub partitions: Vec<(i32, Option<i64>)>,
}

/// A topic whose state is to be deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OldOffsets {
    /// Its name.
    pub name: String,
    /// Its id.
    pub id: Uuid,
    /// The partitions, or why there are none.
    pub partitions: Result<BTreeSet<i32>, &'static str>,
}

impl Group {
    /// Partitions with state.
    pub fn known(&self) -> Known {
        self.states.initialized.clone()
    }

    /// The states, when these partitions are about to have one.
    pub(super) fn initializing(&self, new: &Partitions, image: &Image) -> States {
        let mut states = self.states.clone();
        for (id, partitions) in new {
            let name = image
                .topics
                .with_id(*id)
                .map(|topic| topic.name.to_string());
            let of = states.initializing.entry(*id).or_default();
            of.name = name.unwrap_or_default();
            of.partitions.extend(partitions);
            states.deleting.remove(id);
        }
        states
    }
}

impl Groups {
    pub(super) fn share_initialized(
        &mut self,
        name: &str,
        done: &Partitions,
        failed: &Partitions,
        ask: Ask,
    ) -> Effects<Groups> {
        let mut effects = Effects::none();
        if let Ok(group) = self.share_group(name) {
            let mut states = group.states.clone();
            for (id, partitions) in done {
                // One that nobody is waiting for any more was deleted meanwhile.
                if let Some(of) = states.initializing.get(id).cloned() {
                    let there = states.initialized.entry(*id).or_default();
                    there.name = of.name;
                    there.partitions.extend(partitions);
                }
            }
            for (id, partitions) in done.iter().chain(failed) {
                if let Some(of) = states.initializing.get_mut(id) {
                    of.partitions.retain(|p| !partitions.contains(p));
                }
            }
            states
                .initializing
                .retain(|_, of| !of.partitions.is_empty());
            if states != group.states {
                effects.write(vec![records::states(name, &states)]);
            }
        }
        effects.reply(ask, super::super::Answer::Share(Answer::Noted));
        effects
    }

    pub(super) fn share_alter(
        &mut self,
        name: &str,
        topics: Vec<(String, Vec<(i32, i64)>)>,
        ask: Ask,
        now: &Now<'_>,
    ) -> Effects<Groups> {
        let refuse = |refusal| answer(ask, Answer::Altering(Err(refusal)));
        let fresh = Group::default();
        let group = match self.groups.get(name) {
            Some(kind::Group::Share(group)) if !group.members.is_empty() => {
                let code = ErrorCode::NON_EMPTY_GROUP;
                return refuse(Refusal::new(code, code.message()));
            }
            Some(kind::Group::Share(group)) => group,
            Some(kind) if kind.is_simple() => &fresh,
            None => &fresh,
            Some(_) => return refuse(Refusal::no_group(name, Missing::OfAnotherKind)),
        };
        let mut altered = Vec::new();
        let mut new = Partitions::new();
        for (topic, partitions) in topics {
            let found = now.image.topics.named(&topic);
            let here = |p: i32| found.is_some_and(|topic| topic.partition(p).is_some());
            let each = partitions
                .iter()
                .map(|(p, offset)| (*p, here(*p).then_some(*offset)));
            let each: Vec<_> = each.collect();
            if let Some(topic) = found {
                let there = each.iter().filter(|(_, offset)| offset.is_some());
                new.entry(topic.id)
                    .or_default()
                    .extend(there.map(|(p, _)| *p));
            }
            altered.push(AlteredTopic {
                id: found.map(|topic| topic.id),
                name: topic,
                partitions: each,
            });
        }
        new.retain(|_, partitions| !partitions.is_empty());
        let mut all: Vec<Record> = Vec::new();
        // Each time a newer state: what leaders remember of the one before is refused.
        let epoch = group.epoch.wrapping_add(1);
        if !new.is_empty() {
            all.push(records::epoch(name, epoch, group.metadata_hash));
            all.push(records::states(name, &group.initializing(&new, now.image)));
        }
        let mut effects = Effects::records(all);
        let answer = Answer::Altering(Ok((epoch, altered)));
        effects.reply(ask, super::super::Answer::Share(answer));
        effects
    }

    pub(super) fn share_delete(
        &mut self,
        name: &str,
        topics: Option<Vec<String>>,
        ask: Ask,
        now: &Now<'_>,
    ) -> Effects<Groups> {
        let refuse = |refusal| answer(ask, Answer::Deleting(Err(refusal)));
        let group = match self.share_group(name) {
            Ok(group) => group,
            Err(missing) => return refuse(Refusal::no_group(name, missing)),
        };
        if !group.members.is_empty() {
            let code = ErrorCode::NON_EMPTY_GROUP;
            return refuse(Refusal::new(code, code.message()));
        }
        let mut states = group.states.clone();
        let all = topics.is_none();
        let topics = topics.unwrap_or_else(|| states.names());
        let mut old = Vec::new();
        for topic in topics {
            old.push(states.delete(topic, all, now.image));
        }
        let mut effects = match states == group.states {
            true => Effects::none(),
            false => Effects::records(vec![records::states(name, &states)]),
        };
        effects.reply(ask, super::super::Answer::Share(Answer::Deleting(Ok(old))));
        effects
    }

    pub(super) fn share_deleted(
        &mut self,
        name: &str,
        topics: &[Uuid],
        ask: Ask,
    ) -> Effects<Groups> {
        let mut effects = Effects::none();
        if let Ok(group) = self.share_group(name) {
            let mut states = group.states.clone();
            states.deleting.retain(|id, _| !topics.contains(id));
            if states != group.states {
                effects.write(vec![records::states(name, &states)]);
            }
        }
        effects.reply(ask, super::super::Answer::Share(Answer::Noted));
        effects
    }

    /// Forgets that deleted topics had state: the share coordinator does, too.
    pub(in super::super) fn share_topics_gone(
        &self,
        gone: &BTreeMap<Uuid, std::sync::Arc<str>>,
    ) -> Effects<Groups> {
        let mut effects = Effects::none();
        for (name, group) in &self.groups {
            let kind::Group::Share(group) = group else {
                continue;
            };
            let mut states = group.states.clone();
            states.initializing.retain(|id, _| !gone.contains_key(id));
            states.initialized.retain(|id, _| !gone.contains_key(id));
            states.deleting.retain(|id, _| !gone.contains_key(id));
            if states != group.states {
                effects.write(vec![records::states(name, &states)]);
            }
        }
        effects
    }
}

impl States {
    /// The topics with state.
    fn names(&self) -> Vec<String> {
        let there = self.initialized.values().chain(self.initializing.values());
        let names: BTreeSet<String> = there
            .map(|of| of.name.clone())
            .chain(self.deleting.values().cloned())
            .collect();
        names.into_iter().collect()
    }

    /// Lets the state of a topic be one that is about to be deleted, also if it is just being made when `all` goes.
    fn delete(&mut self, name: String, all: bool, image: &Image) -> OldOffsets {
        let Some(topic) = image.topics.named(&name) else {
            return OldOffsets {
                name,
                id: Uuid::default(),
                partitions: Err(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION.message()),
            };
        };
        let mut partitions = BTreeSet::new();
        let there = self.initialized.remove(&topic.id);
        let coming = all.then(|| self.initializing.remove(&topic.id)).flatten();
        for of in there.into_iter().chain(coming) {
            partitions.extend(of.partitions);
        }
        if self.deleting.contains_key(&topic.id) {
            // It was begun once, and may not have come to its end.
            partitions.extend((0..).take(topic.partitions.len()));
        }
        if !partitions.is_empty() {
            self.deleting.insert(topic.id, name.clone());
        }
        OldOffsets {
            name,
            id: topic.id,
            partitions: match partitions.is_empty() {
                true => Err("There is no offset information to delete."),
                false => Ok(partitions),
            },
        }
    }
}
