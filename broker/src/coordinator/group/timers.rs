//! The deadlines of all groups of one coordinator, in one order.
//!
//! Invariant: every key has exactly one place in the order.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use ottla_runtime::time::Instant;

use super::{classic, consumer, share, streams};

/// What a group waits for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Timer {
    /// Of a classic group.
    Classic(classic::Timer),
    /// Of a consumer group.
    Consumer(consumer::Timer),
    /// Of a share group.
    Share(share::Timer),
    /// Of a streams group.
    Streams(streams::Timer),
}

/// What becomes of a timer of one kind of group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change<T> {
    /// It ends so long from now.
    Set(T, Duration),
    /// The same, unless it runs.
    SetIfAbsent(T, Duration),
    /// It does not run.
    Cancel(T),
}

/// A time that a request or a setting says; less than none is none.
pub fn millis(ms: impl Into<i64>) -> Duration {
    Duration::from_millis(u64::try_from(ms.into()).unwrap_or(0))
}

type Key = (String, Timer);

/// Who waits for what until when.
#[derive(Default)]
pub struct Timers {
    order: BTreeSet<(Instant, Key)>,
    set: BTreeMap<Key, Instant>,
}

impl Timers {
    /// Lets a timer of a group end at `at`, whenever it would have ended.
    pub fn set(&mut self, group: &str, timer: Timer, at: Instant) {
        let key = (group.to_owned(), timer);
        if let Some(before) = self.set.insert(key.clone(), at) {
            let place = (before, key);
            self.order.remove(&place);
            self.order.insert((at, place.1));
        } else {
            self.order.insert((at, key));
        }
    }

    /// Lets a timer of a group end at `at`, unless it is going to end anyway.
    pub fn set_if_absent(&mut self, group: &str, timer: Timer, at: Instant) {
        if !self.is_set(group, timer.clone()) {
            self.set(group, timer, at);
        }
    }

    /// Does a timer of a group run?
    pub fn is_set(&self, group: &str, timer: Timer) -> bool {
        self.set.contains_key(&(group.to_owned(), timer))
    }

    /// Lets a timer of a group never end.
    pub fn cancel(&mut self, group: &str, timer: Timer) {
        let key = (group.to_owned(), timer);
        if let Some(at) = self.set.remove(&key) {
            self.order.remove(&(at, key));
        }
    }

    /// Carries out what a group of the kind that `of` stands for decided at `now`.
    pub fn change<T>(
        &mut self,
        group: &str,
        changes: Vec<Change<T>>,
        of: fn(T) -> Timer,
        now: Instant,
    ) {
        for change in changes {
            match change {
                Change::Set(timer, after) => self.set(group, of(timer), now + after),
                Change::SetIfAbsent(timer, after) => {
                    self.set_if_absent(group, of(timer), now + after);
                }
                Change::Cancel(timer) => self.cancel(group, of(timer)),
            }
        }
    }

    /// When the next one ends.
    pub fn next(&self) -> Option<Instant> {
        self.order.first().map(|(at, _)| *at)
    }

    /// The next one that has ended, which is forgotten.
    pub fn take_due(&mut self, now: Instant) -> Option<(String, Timer)> {
        if self.next()? > now {
            return None;
        }
        let (_, key) = self.order.pop_first()?;
        self.set.remove(&key);
        Some(key)
    }
}
