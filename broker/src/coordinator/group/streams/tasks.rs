//! Tasks: each is a subtopology and a partition's number. Active ones process; standby and warm-up ones keep a copy of the state.

use std::collections::{BTreeMap, BTreeSet};

/// Tasks by subtopology. No subtopology is without any.
pub type Tasks = BTreeMap<String, BTreeSet<i32>>;

/// Tasks by subtopology, each with the epoch in which the member got it.
pub type Held = BTreeMap<String, BTreeMap<i32, i32>>;

/// What a member is to have, or says that it has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Assignment {
    /// It processes them.
    pub active: Tasks,
    /// It keeps a copy of their state, in case that who processes them goes.
    pub standby: Tasks,
    /// It makes a copy of their state, to process them later.
    pub warmup: Tasks,
}

/// What a member has, or is giving up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Holding {
    /// It processes them.
    pub active: Held,
    /// It keeps a copy of their state.
    pub standby: Tasks,
    /// It makes a copy of their state.
    pub warmup: Tasks,
}

impl Assignment {
    /// Nothing at all?
    pub fn is_empty(&self) -> bool {
        self.active.is_empty() && self.standby.is_empty() && self.warmup.is_empty()
    }

    /// Any of these, in the same role?
    pub fn has_any_of(&self, held: &Holding) -> bool {
        let meet = |a: &Tasks, b: &Tasks| {
            a.iter()
                .any(|(s, ours)| b.get(s).is_some_and(|theirs| !ours.is_disjoint(theirs)))
        };
        let active = self.active.iter().any(|(subtopology, tasks)| {
            let held = held.active.get(subtopology);
            held.is_some_and(|held| tasks.iter().any(|task| held.contains_key(task)))
        });
        active || meet(&self.standby, &held.standby) || meet(&self.warmup, &held.warmup)
    }

    /// Nothing but what is held, in the same role?
    pub fn is_within(&self, held: &Holding) -> bool {
        let within = |a: &Tasks, b: &Tasks| {
            a.iter()
                .all(|(s, ours)| b.get(s).is_some_and(|theirs| ours.is_subset(theirs)))
        };
        within(&self.active, &without_epochs(&held.active))
            && within(&self.standby, &held.standby)
            && within(&self.warmup, &held.warmup)
    }

    /// All roles.
    pub fn roles(&self) -> [&Tasks; 3] {
        [&self.active, &self.standby, &self.warmup]
    }
}

impl Holding {
    /// Nothing at all?
    pub fn is_empty(&self) -> bool {
        self.active.is_empty() && self.standby.is_empty() && self.warmup.is_empty()
    }

    /// Without the epochs.
    pub fn assignment(&self) -> Assignment {
        Assignment {
            active: without_epochs(&self.active),
            standby: self.standby.clone(),
            warmup: self.warmup.clone(),
        }
    }

    /// The epoch in which an active task was got.
    pub fn active_since(&self, subtopology: &str, task: i32) -> Option<i32> {
        self.active.get(subtopology)?.get(&task).copied()
    }
}

fn without_epochs(held: &Held) -> Tasks {
    held.iter()
        .map(|(subtopology, tasks)| (subtopology.clone(), tasks.keys().copied().collect()))
        .collect()
}
