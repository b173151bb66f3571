//! What is kept of a consumer group: a function of its records.
//!
//! Invariants:
//! - tallies, holders and static members are those of the members and patterns;
//! - a partition is in at most one member's hands: no member gets what another holds.

use std::collections::{BTreeMap, BTreeSet};

use ottla_protocol::ids::Uuid;

use super::super::assignor::Partitions;
use super::member::{Held, Member};
use super::tally::Tally;

/// Topics that a pattern matched.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Matched {
    /// Their names.
    pub topics: BTreeSet<String>,
    /// The cluster's version then.
    pub version: i64,
    /// When, ms.
    pub at_ms: i64,
}

/// What a group has looked at since this coordinator serves. Not kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Watch {
    /// The version of the cluster whose topics its epoch takes account of.
    pub topics_of: Option<u64>,
    /// Its patterns are about to be tried.
    pub matching: bool,
    /// The version of the cluster that they were tried with last, and when, ms.
    pub matched_at: Option<(i64, i64)>,
}

/// How far a group is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Nobody is a member.
    Empty,
    /// There is no target assignment of the group's epoch yet.
    Assigning,
    /// Not every member has what it is to have.
    Reconciling,
    /// Every member has.
    Stable,
}

/// A consumer group.
#[derive(Clone, Debug)]
pub struct Group {
    /// Grows with each change that needs another assignment.
    pub epoch: i32,
    /// Of the topics that members read, as of this epoch.
    pub metadata_hash: i64,
    /// The epoch that the target assignment is for; -1 once it is deleted.
    pub target_epoch: i32,
    /// When it was made, ms; 0 when not known.
    pub target_ms: i64,
    /// There is a record of Kafka before 4.1 that is to be deleted.
    pub has_old_metadata: bool,
    /// What it has looked at.
    pub watch: Watch,
    members: BTreeMap<String, Member>,
    target: BTreeMap<String, Partitions>,
    statics: BTreeMap<String, String>,
    patterns: BTreeMap<String, Matched>,
    /// Members that want a topic by name.
    by_name: Tally,
    /// Patterns that match a topic.
    by_pattern: Tally,
    /// Members that want a pattern.
    subscribers: Tally,
    assignors: Tally,
    /// Members that speak the classic protocol, and the assignors that they know.
    classic: usize,
    classic_protocols: Tally,
    /// The epoch of who has a partition, or is giving it up.
    holders: BTreeMap<Uuid, BTreeMap<i32, i32>>,
}

impl Default for Group {
    fn default() -> Self {
        Group {
            epoch: 1,
            metadata_hash: 0,
            target_epoch: 1,
            target_ms: 0,
            has_old_metadata: false,
            watch: Watch::default(),
            members: BTreeMap::new(),
            target: BTreeMap::new(),
            statics: BTreeMap::new(),
            patterns: BTreeMap::new(),
            by_name: Tally::default(),
            by_pattern: Tally::default(),
            subscribers: Tally::default(),
            assignors: Tally::default(),
            classic: 0,
            classic_protocols: Tally::default(),
            holders: BTreeMap::new(),
        }
    }
}

impl Phase {
    /// Kafka's name of it.
    pub fn name(self) -> &'static str {
        match self {
            Phase::Empty => "Empty",
            Phase::Assigning => "Assigning",
            Phase::Reconciling => "Reconciling",
            Phase::Stable => "Stable",
        }
    }
}

impl Group {
    /// The members, by id.
    pub fn members(&self) -> &BTreeMap<String, Member> {
        &self.members
    }

    /// The member of this id.
    pub fn member(&self, id: &str) -> Option<&Member> {
        self.members.get(id)
    }

    /// The member with this instance id.
    pub fn static_member(&self, instance: &str) -> Option<&Member> {
        self.members.get(self.statics.get(instance)?)
    }

    /// What a member is to have, if anything was ever said.
    pub fn target_of(&self, member: &str) -> Option<&Partitions> {
        self.target.get(member)
    }

    /// The patterns with what they match.
    pub fn patterns(&self) -> &BTreeMap<String, Matched> {
        &self.patterns
    }

    /// Members that want each pattern.
    pub fn subscribers(&self) -> &Tally {
        &self.subscribers
    }

    /// Members that prefer each assignor.
    pub fn assignors(&self) -> &Tally {
        &self.assignors
    }

    /// Members that speak the classic protocol.
    pub fn classic_members(&self) -> usize {
        self.classic
    }

    /// How many of those know each assignor.
    pub fn classic_protocols(&self) -> &Tally {
        &self.classic_protocols
    }

    /// Members that want each topic by name, and patterns that match each.
    pub fn wanted(&self) -> (&Tally, &Tally) {
        (&self.by_name, &self.by_pattern)
    }

    /// Does anybody want this topic?
    pub fn is_subscribed_to(&self, topic: &str) -> bool {
        self.by_name.of(topic) + self.by_pattern.of(topic) > 0
    }

    /// Has anybody this partition, or is giving it up?
    pub fn is_held(&self, topic: Uuid, partition: i32) -> bool {
        let of_topic = self.holders.get(&topic);
        of_topic.is_some_and(|all| all.contains_key(&partition))
    }

    /// How far it is.
    pub fn phase(&self) -> Phase {
        if self.members.is_empty() {
            Phase::Empty
        } else if self.epoch > self.target_epoch {
            Phase::Assigning
        } else if self
            .members
            .values()
            .all(|member| member.is_reconciled_to(self.target_epoch))
        {
            Phase::Stable
        } else {
            Phase::Reconciling
        }
    }

    /// Does a member wait for partitions that others have not given up?
    pub fn waits(&self, member: &Member) -> bool {
        let has = |topic: Uuid, partition: i32| {
            let of_topic = member.assigned.get(&topic);
            of_topic.is_some_and(|held| held.contains_key(&partition))
        };
        member.state == super::member::State::Unreleased
            && self.target_of(&member.id).is_some_and(|target| {
                super::super::assignor::each_of(target)
                    .any(|(t, p)| !has(t, p) && self.is_held(t, p))
            })
    }
}

/// Changes, each a record's.
impl Group {
    /// Puts a member in, in place of itself.
    pub fn put_member(&mut self, member: Member) {
        self.discount(&member.id.clone());
        self.by_name_count(&member, Tally::add);
        hold(&mut self.holders, &member.assigned, member.epoch);
        hold(&mut self.holders, &member.revoking, member.epoch);
        if let Some(instance) = &member.instance {
            self.statics.insert(instance.clone(), member.id.clone());
        }
        self.classic += usize::from(member.classic.is_some());
        self.members.insert(member.id.clone(), member);
    }

    /// Takes a member out.
    pub fn remove_member(&mut self, id: &str) {
        self.discount(id);
        if let Some(member) = self.members.remove(id)
            && let Some(instance) = member.instance
            && self.statics.get(&instance).is_some_and(|of| of == id)
        {
            self.statics.remove(&instance);
        }
    }

    /// Says what a member is to have; `None`: nothing any more.
    pub fn set_target(&mut self, member: &str, target: Option<Partitions>) {
        match target {
            Some(target) => self.target.insert(member.to_owned(), target),
            None => self.target.remove(member),
        };
    }

    /// Says what a pattern matches; `None`: nobody asks any more.
    pub fn set_pattern(&mut self, pattern: &str, matched: Option<Matched>) {
        if let Some(before) = self.patterns.remove(pattern) {
            before.topics.iter().for_each(|t| self.by_pattern.take(t));
        }
        if let Some(matched) = matched {
            matched.topics.iter().for_each(|t| self.by_pattern.add(t));
            self.patterns.insert(pattern.to_owned(), matched);
        }
    }

    /// Takes what is counted of a member out of the counts.
    fn discount(&mut self, id: &str) {
        let Some(member) = self.members.get(id).cloned() else {
            return;
        };
        self.by_name_count(&member, Tally::take);
        release(&mut self.holders, &member.assigned, member.epoch);
        release(&mut self.holders, &member.revoking, member.epoch);
        self.classic -= usize::from(member.classic.is_some());
    }

    fn by_name_count(&mut self, member: &Member, count: fn(&mut Tally, &str)) {
        member
            .topics
            .iter()
            .for_each(|t| count(&mut self.by_name, t));
        if let Some(pattern) = member.pattern() {
            count(&mut self.subscribers, pattern);
        }
        if let Some(assignor) = &member.assignor {
            count(&mut self.assignors, assignor);
        }
        for (name, _) in member.classic.iter().flat_map(|c| &c.protocols) {
            count(&mut self.classic_protocols, name);
        }
    }
}

fn hold(holders: &mut BTreeMap<Uuid, BTreeMap<i32, i32>>, held: &Held, epoch: i32) {
    for (topic, partitions) in held {
        let of_topic = holders.entry(*topic).or_default();
        of_topic.extend(partitions.keys().map(|p| (*p, epoch)));
    }
}

/// Forgets who had these, unless somebody of another epoch has them by now: a log that was compacted may tell of who got a
/// partition before it tells of who gave it up.
fn release(holders: &mut BTreeMap<Uuid, BTreeMap<i32, i32>>, held: &Held, epoch: i32) {
    for (topic, partitions) in held {
        if let Some(of_topic) = holders.get_mut(topic) {
            for partition in partitions.keys() {
                if of_topic.get(partition) == Some(&epoch) {
                    of_topic.remove(partition);
                }
            }
            if of_topic.is_empty() {
                holders.remove(topic);
            }
        }
    }
}
