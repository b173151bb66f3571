//! Commands that wait for a transaction to end, and deadlines. Nothing of it is kept over a restart.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use ottla_runtime::time::Instant;

use super::Command;
use crate::coordinator::Ask;

/// A command that waits.
#[derive(Debug)]
pub struct Parked {
    until: Instant,
    /// Who asks.
    pub ask: Ask,
    /// What.
    pub command: Command,
}

/// Who waits, by transactional id, in the order of their coming.
#[derive(Debug, Default)]
pub struct Waiting {
    by_id: BTreeMap<String, VecDeque<Parked>>,
    deadlines: BTreeSet<(Instant, Ask, String)>,
}

impl Waiting {
    /// Waits at the end of the line.
    pub fn add(&mut self, id: &str, until: Instant, ask: Ask, command: Command) {
        self.deadlines.insert((until, ask, id.to_owned()));
        let line = self.by_id.entry(id.to_owned()).or_default();
        line.push_back(Parked {
            until,
            ask,
            command,
        });
    }

    /// All that wait for this id; they do not any more.
    pub fn take(&mut self, id: &str) -> VecDeque<Parked> {
        let line = self.by_id.remove(id).unwrap_or_default();
        for parked in &line {
            let key = (parked.until, parked.ask, id.to_owned());
            self.deadlines.remove(&key);
        }
        line
    }

    /// They wait again, before all others.
    pub fn put_back(&mut self, id: &str, line: VecDeque<Parked>) {
        for parked in line {
            self.add(id, parked.until, parked.ask, parked.command);
        }
    }

    /// Takes out whoever has waited for long enough.
    pub fn impatient(&mut self, now: Instant) -> Vec<(Ask, Command)> {
        let mut gone = Vec::new();
        while let Some((until, ..)) = self.deadlines.first() {
            if *until > now {
                break;
            }
            let Some((_, ask, id)) = self.deadlines.pop_first() else {
                break;
            };
            let Some(line) = self.by_id.get_mut(&id) else {
                continue;
            };
            if let Some(at) = line.iter().position(|parked| parked.ask == ask) {
                gone.extend(line.remove(at).map(|parked| (ask, parked.command)));
            }
            if line.is_empty() {
                self.by_id.remove(&id);
            }
        }
        gone
    }

    /// Does anybody wait for this id?
    pub fn has(&self, id: &str) -> bool {
        self.by_id.contains_key(id)
    }

    /// When the first of them loses patience.
    pub fn deadline(&self) -> Option<Instant> {
        self.deadlines.first().map(|(at, ..)| *at)
    }
}

/// One deadline for each id at most.
#[derive(Debug, Default)]
pub struct Timers {
    of: BTreeMap<String, Instant>,
    due: BTreeSet<(Instant, String)>,
}

impl Timers {
    /// The id's deadline from now on.
    pub fn set(&mut self, id: &str, at: Option<Instant>) {
        if let Some(before) = self.of.remove(id) {
            self.due.remove(&(before, id.to_owned()));
        }
        if let Some(at) = at {
            self.of.insert(id.to_owned(), at);
            self.due.insert((at, id.to_owned()));
        }
    }

    /// Has the id a deadline?
    pub fn has(&self, id: &str) -> bool {
        self.of.contains_key(id)
    }

    /// Takes out ids whose deadline has come, the longest overdue first, at most so many.
    pub fn due(&mut self, now: Instant, most: usize) -> Vec<String> {
        let mut due = Vec::new();
        while due.len() < most && self.deadline().is_some_and(|at| at <= now) {
            let Some((_, id)) = self.due.pop_first() else {
                break;
            };
            self.of.remove(&id);
            due.push(id);
        }
        due
    }

    /// The first deadline.
    pub fn deadline(&self) -> Option<Instant> {
        self.due.first().map(|(at, _)| *at)
    }
}
