//! The way of one member from what it has to what it is to have (KIP-848): first it gives up what it is not to have, then it moves
//! to the new epoch and gets what is free, then the rest as others give it up.

use std::collections::BTreeSet;

use ottla_protocol::ids::Uuid;
use ottla_storage::mutants::{Mutant, planted};

use super::super::super::assignor::Partitions;
use super::super::member::{Held, Member, State};

/// What a member is reconciled with.
pub struct Goal<'a> {
    /// The epoch of the target assignment.
    pub epoch: i32,
    /// What it is to have.
    pub target: &'a Partitions,
    /// The topics that it wants now, of those that exist.
    pub wanted: &'a BTreeSet<Uuid>,
    /// Does it want others than before?
    pub wants_changed: bool,
    /// Has anybody this partition?
    pub is_held: &'a dyn Fn(Uuid, i32) -> bool,
    /// What it says that it has, if it says so.
    pub owned: Option<&'a Partitions>,
}

/// A member in a state that this version does not know must leave all and join again.
#[derive(Debug, PartialEq, Eq)]
pub struct Fenced;

/// The member one step further, or as it is.
///
/// # Errors
/// [`Fenced`].
pub fn step(member: &Member, goal: &Goal<'_>) -> Result<Member, Fenced> {
    Ok(match member.state {
        State::Stable if member.epoch != goal.epoch => goal.next(member, member.epoch),
        State::Unrevoked if goal.owns_any(&member.revoking) => goal.without_unwanted(member),
        State::Stable => goal.without_unwanted(member),
        State::Unrevoked | State::Unreleased => goal.next(member, member.epoch),
        State::Unknown if goal.owned.is_some_and(Partitions::is_empty) => {
            goal.next(member, goal.epoch)
        }
        State::Unknown => return Err(Fenced),
    })
}

impl Goal<'_> {
    /// Says the member that it has any of these, or nothing about what it has?
    fn owns_any(&self, revoking: &Held) -> bool {
        let Some(owned) = self.owned else {
            return true;
        };
        owned.iter().any(|(topic, partitions)| {
            revoking
                .get(topic)
                .is_some_and(|r| partitions.iter().any(|p| r.contains_key(p)))
        })
    }

    /// Takes away what it does not want any more, without looking further.
    fn without_unwanted(&self, member: &Member) -> Member {
        let mut next = member.clone();
        if !self.wants_changed {
            return next;
        }
        let mut revoking = member.revoking.clone();
        next.assigned.retain(|topic, partitions| {
            let wanted = self.wanted.contains(topic);
            if !wanted {
                revoking.entry(*topic).or_default().append(partitions);
            }
            wanted
        });
        if next.assigned.len() < member.assigned.len() {
            next.advance(member.epoch);
            if self.owns_any(&revoking) && !revoking.is_empty() {
                next.state = State::Unrevoked;
                next.revoking = revoking;
            }
        }
        next
    }

    /// A step towards the target, from `epoch`.
    fn next(&self, member: &Member, epoch: i32) -> Member {
        let diff = self.diff(member);
        let mut next = member.clone();
        next.assigned = diff.keep;
        if !diff.revoke.is_empty() && self.owns_any(&diff.revoke) {
            next.advance(epoch);
            next.state = State::Unrevoked;
            next.revoking = diff.revoke;
            return next;
        }
        for (topic, partitions) in diff.get {
            let since = partitions.into_iter().map(|p| (p, self.epoch));
            next.assigned.entry(topic).or_default().extend(since);
        }
        next.advance(self.epoch);
        next.state = match diff.waits {
            true => State::Unreleased,
            false => State::Stable,
        };
        next.revoking = Held::new();
        next
    }

    fn diff(&self, member: &Member) -> Diff {
        let mut diff = Diff::default();
        let nothing = BTreeSet::new();
        for (topic, has) in &member.assigned {
            let target = self.target_of(*topic).unwrap_or(&nothing);
            for (partition, since) in has {
                let into = match target.contains(partition) {
                    true => &mut diff.keep,
                    false => &mut diff.revoke,
                };
                into.entry(*topic).or_default().insert(*partition, *since);
            }
        }
        for topic in self.target.keys() {
            for partition in self.target_of(*topic).into_iter().flatten() {
                let own = |held: &Held| held.get(topic).is_some_and(|h| h.contains_key(partition));
                if own(&member.assigned) {
                    continue;
                }
                // What it is giving up itself is free for it.
                let held = (self.is_held)(*topic, *partition) && !planted(Mutant::GivenToTwo);
                if held && !own(&member.revoking) {
                    diff.waits = true;
                } else {
                    diff.get.entry(*topic).or_default().insert(*partition);
                }
            }
        }
        diff
    }

    /// What it is to have of a topic, unless it does not want the topic any more.
    fn target_of(&self, topic: Uuid) -> Option<&BTreeSet<i32>> {
        self.target
            .get(&topic)
            .filter(|_| self.wanted.contains(&topic))
    }
}

/// Between what a member has and is to have.
#[derive(Default)]
struct Diff {
    keep: Held,
    revoke: Held,
    get: Partitions,
    /// There is more to get, which others still have.
    waits: bool,
}
