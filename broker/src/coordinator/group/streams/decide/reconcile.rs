//! The way of one member from what it has to what it is to have: first it gives up what it is not to have, then it moves to the new
//! epoch and gets what is free, then the rest as others give it up (KIP-1071).
//!
//! A process has a task at most once, in whatever role: its members share one folder of state.

use std::collections::{BTreeMap, BTreeSet};

use super::super::group::Holders;
use super::super::member::{Member, State};
use super::super::tasks::{Assignment, Held, Holding, Tasks};

/// What a member is reconciled with.
pub struct Goal<'a> {
    /// The epoch of the target assignment.
    pub epoch: i32,
    /// What it is to have.
    pub target: &'a Assignment,
    /// Who has what.
    pub holders: &'a Holders,
    /// What it says that it has, if it says so.
    pub owned: Option<&'a Assignment>,
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
        State::Stable if member.epoch == goal.epoch => member.clone(),
        State::Stable | State::Unreleased => goal.next(member, member.epoch),
        State::Unrevoked if goal.has_any_of(&member.revoking) => member.clone(),
        State::Unrevoked => goal.next(member, member.epoch + 1),
        State::Unknown if goal.owned.is_some_and(Assignment::is_empty) => {
            goal.next(member, goal.epoch)
        }
        State::Unknown => return Err(Fenced),
    })
}

impl Goal<'_> {
    /// Says the member that it has any of these, or nothing about what it has?
    fn has_any_of(&self, held: &Holding) -> bool {
        self.owned.is_none_or(|owned| owned.has_any_of(held))
    }

    /// A step towards the target, from `epoch`.
    fn next(&self, member: &Member, epoch: i32) -> Member {
        let (holders, process) = (self.holders, &*member.process);
        let taken_by_any =
            |s: &str, t| holders.is_active(s, t) || holders.is_copied_in(s, t, process);
        let taken_here =
            |s: &str, t| holders.is_active_in(s, t, process) || holders.is_copied_in(s, t, process);
        let (has, target) = (member.has.assignment(), self.target);
        let active = Diff::of(&has.active, &target.active, taken_by_any);
        let standby = Diff::of(&has.standby, &target.standby, taken_here);
        let warmup = Diff::of(&has.warmup, &target.warmup, taken_here);
        let revoke = Holding {
            active: since(&active.revoke, |s, t| {
                member.has.active_since(s, t).unwrap_or(epoch)
            }),
            standby: standby.revoke,
            warmup: warmup.revoke,
        };
        let mut next = member.clone();
        next.has = Holding {
            active: since(&active.keep, |s, t| {
                member.has.active_since(s, t).unwrap_or(epoch)
            }),
            standby: standby.keep,
            warmup: warmup.keep,
        };
        if !revoke.is_empty() && self.has_any_of(&revoke) {
            next.advance(epoch);
            next.state = State::Unrevoked;
            next.revoking = revoke;
            return next;
        }
        for (subtopology, got) in since(&active.get, |_, _| self.epoch) {
            next.has.active.entry(subtopology).or_default().extend(got);
        }
        merge(&mut next.has.standby, standby.get);
        merge(&mut next.has.warmup, warmup.get);
        next.advance(self.epoch);
        next.state = match active.waits || standby.waits || warmup.waits {
            true => State::Unreleased,
            false => State::Stable,
        };
        next.revoking = Holding::default();
        next
    }
}

/// Between what a member has and is to have in one role.
#[derive(Default)]
struct Diff {
    keep: Tasks,
    revoke: Tasks,
    get: Tasks,
    /// There is more to get, which others still have.
    waits: bool,
}

impl Diff {
    fn of(has: &Tasks, target: &Tasks, is_taken: impl Fn(&str, i32) -> bool) -> Diff {
        let mut diff = Diff::default();
        let nothing = BTreeSet::new();
        for (subtopology, tasks) in has {
            let wanted = target.get(subtopology).unwrap_or(&nothing);
            put(&mut diff.keep, subtopology, tasks & wanted);
            put(&mut diff.revoke, subtopology, tasks - wanted);
        }
        for (subtopology, tasks) in target {
            let more = tasks - has.get(subtopology).unwrap_or(&nothing);
            let (taken, free): (BTreeSet<i32>, BTreeSet<i32>) = more
                .into_iter()
                .partition(|task| is_taken(subtopology, *task));
            diff.waits |= !taken.is_empty();
            put(&mut diff.get, subtopology, free);
        }
        diff
    }
}

fn put(into: &mut Tasks, subtopology: &str, tasks: BTreeSet<i32>) {
    if !tasks.is_empty() {
        into.insert(subtopology.to_owned(), tasks);
    }
}

fn merge(into: &mut Tasks, more: Tasks) {
    for (subtopology, tasks) in more {
        into.entry(subtopology).or_default().extend(tasks);
    }
}

fn since(tasks: &Tasks, epoch_of: impl Fn(&str, i32) -> i32) -> Held {
    let with_epochs = |(subtopology, tasks): (&String, &BTreeSet<i32>)| {
        let each = tasks
            .iter()
            .map(|task| (*task, epoch_of(subtopology, *task)));
        (subtopology.clone(), each.collect::<BTreeMap<_, _>>())
    };
    tasks.iter().map(with_epochs).collect()
}
