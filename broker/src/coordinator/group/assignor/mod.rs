//! Which member of a group reads which partition: Kafka's built-in assignors, pure.
//!
//! | file | what |
//! |---|---|
//! | [`uniform`] | as many partitions to each member, and as few moved as that allows |
//! | [`balance`] | the same where members want different topics |
//! | [`range`] | neighbouring partitions to a member, the same numbers of each topic |
//!
//! Members and topics are gone through in the order of their ids, where Kafka's order is that of a hash map: the sizes are Kafka's,
//! and what moves; which of two equal members gets the odd partition is not.

mod balance;
mod range;
mod uniform;

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use ottla_protocol::ids::Uuid;

/// Partitions by topic. No topic is without any.
pub type Partitions = BTreeMap<Uuid, BTreeSet<i32>>;

/// What is to be shared out, and among whom.
#[derive(Clone, Debug, Default)]
pub struct Spec<'a> {
    /// The members, by id.
    pub members: BTreeMap<&'a str, MemberSpec<'a>>,
    /// How many partitions each topic has that any member wants.
    pub topics: BTreeMap<Uuid, i32>,
}

/// A member, as assignors see it.
#[derive(Clone, Debug, Default)]
pub struct MemberSpec<'a> {
    /// Instance id of a static member.
    pub instance: Option<&'a str>,
    /// The topics that it wants; all of them exist.
    pub wants: Rc<BTreeSet<Uuid>>,
    /// What it was to have so far.
    pub had: Option<&'a Partitions>,
}

/// What each member is to have, by member id. All members of the spec are in it.
pub type Shares = BTreeMap<String, Partitions>;

/// The assignors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Assignor {
    /// "uniform".
    Uniform,
    /// "range".
    Range,
}

impl Assignor {
    /// The one of this name.
    pub fn named(name: &str) -> Option<Assignor> {
        match name {
            "uniform" => Some(Assignor::Uniform),
            "range" => Some(Assignor::Range),
            _ => None,
        }
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Assignor::Uniform => "uniform",
            Assignor::Range => "range",
        }
    }

    /// Shares all partitions of the wanted topics out among those who want them.
    pub fn assign(self, spec: &Spec<'_>) -> Shares {
        let shares = match self {
            Assignor::Range => range::assign(spec),
            Assignor::Uniform if spec.all_want_the_same() => uniform::assign(spec),
            Assignor::Uniform => balance::assign(spec),
        };
        debug_assert!(spec.is_shared_out(&shares));
        shares
    }
}

impl<'a> Spec<'a> {
    fn partitions_of(&self, topic: Uuid) -> i32 {
        self.topics.get(&topic).copied().unwrap_or(0)
    }

    fn all_want_the_same(&self) -> bool {
        let mut wants = self.members.values().map(|m| &m.wants);
        wants
            .next()
            .is_none_or(|first| wants.all(|other| Rc::ptr_eq(first, other) || first == other))
    }

    /// What a member had of topics that it still wants and that still have such a partition.
    fn kept(&self, member: &MemberSpec<'a>) -> impl Iterator<Item = (Uuid, i32)> {
        let wants = member.wants.clone();
        let had = member.had.into_iter().flatten();
        had.filter(move |(topic, _)| wants.contains(topic))
            .flat_map(|(topic, partitions)| partitions.iter().map(|p| (*topic, *p)))
            .filter(|(topic, p)| (0..self.partitions_of(*topic)).contains(p))
    }

    /// Has each partition that anybody wants exactly one reader, who wants it?
    fn is_shared_out(&self, shares: &Shares) -> bool {
        let mut read = BTreeSet::new();
        let each = |(member, partitions): (&String, &Partitions)| {
            let wants = self.members.get(member.as_str()).map(|m| m.wants.clone());
            each_of(partitions).all(|(topic, p)| {
                wants.as_ref().is_some_and(|w| w.contains(&topic)) && read.insert((topic, p))
            })
        };
        let fine = shares.iter().all(each);
        let wanted: BTreeSet<Uuid> = self
            .members
            .values()
            .flat_map(|m| m.wants.iter().copied())
            .collect();
        let number = |topic: Uuid| usize::try_from(self.partitions_of(topic)).unwrap_or(0);
        fine && read.len() == wanted.into_iter().map(number).sum::<usize>()
    }
}

/// Each partition, with its topic.
pub fn each_of(partitions: &Partitions) -> impl Iterator<Item = (Uuid, i32)> {
    partitions
        .iter()
        .flat_map(|(topic, all)| all.iter().map(|p| (*topic, *p)))
}

/// Puts one partition in.
pub fn put(partitions: &mut Partitions, topic: Uuid, partition: i32) {
    partitions.entry(topic).or_default().insert(partition);
}

#[cfg(test)]
mod tests;
