//! One share partition's deliveries, as a pure machine: who has which offsets, how often they were delivered, what became of
//! them.
//!
//! | file | what |
//! |---|---|
//! | [`acquire`] | to whom what is delivered |
//! | [`acknowledge`] | what became of it |
//!
//! Invariants:
//! - runs are disjoint, and lie in `start..end`; an offset there without a run is available and was never delivered;
//! - an offset is in at most one member's hands;
//! - what is acknowledged or archived is never delivered again; `start` only grows.

mod acknowledge;
mod acquire;

use std::collections::BTreeMap;
use std::rc::Rc;

use ottla_runtime::time::Instant;

pub use self::acknowledge::{Acknowledgement, Kind, Moved};
pub use self::acquire::{Acquired, Wanted};
use crate::coordinator::share::Batch;

/// A member that has offsets, through one of its sessions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// The member.
    pub member: Rc<str>,
    /// Its session.
    pub session: u64,
    /// When its time is up.
    pub until: Instant,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum State {
    Available,
    Acquired(Holder),
    Done(Fate),
}

/// What becomes of an offset that was delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Released,
    Acknowledged,
    Archived,
}

impl Fate {
    /// Kafka's number.
    fn code(self) -> i8 {
        match self {
            Fate::Released => 0,
            Fate::Acknowledged => 2,
            Fate::Archived => 4,
        }
    }

    fn state(self) -> State {
        match self {
            Fate::Released => State::Available,
            fate => State::Done(fate),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Run {
    last: i64,
    state: State,
    /// How often it was delivered.
    count: i16,
    /// What becomes of it once that is written.
    moving: Option<Fate>,
}

impl Run {
    fn is_available(&self) -> bool {
        self.state == State::Available && self.moving.is_none()
    }

    fn is_done(&self) -> bool {
        matches!(self.state, State::Done(_)) && self.moving.is_none()
    }

    fn is_like(&self, other: &Run) -> bool {
        self.state == other.state && self.count == other.count && self.moving == other.moving
    }
}

/// The deliveries of one share partition.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Flight {
    start: i64,
    end: i64,
    runs: BTreeMap<i64, Run>,
}

impl Flight {
    /// From `start` on, of which this is known.
    pub fn new(start: i64, known: &[Batch]) -> Flight {
        let mut flight = Flight {
            start,
            end: start,
            runs: BTreeMap::new(),
        };
        for batch in known
            .iter()
            .filter(|b| b.last >= start && b.first <= b.last)
        {
            let fate = match batch.state {
                2 => Fate::Acknowledged,
                4 => Fate::Archived,
                _ => Fate::Released,
            };
            flight.put(
                batch.first.max(start),
                batch.last,
                fate.state(),
                batch.count,
            );
        }
        flight.advance();
        flight
    }

    /// The first offset that may still be delivered.
    pub fn start(&self) -> i64 {
        self.start
    }

    /// The first offset that never was delivered, nor any after it.
    pub fn end(&self) -> i64 {
        self.end
    }

    /// The first offset that can be delivered now.
    pub fn next(&self) -> i64 {
        let mut at = self.start;
        for (first, run) in &self.runs {
            if at < *first || run.is_available() {
                return at;
            }
            at = run.last + 1;
        }
        at
    }

    /// Can anything be delivered, with at most so many offsets in flight?
    pub fn has_room(&self, most: i64) -> bool {
        self.next() < self.end || self.end - self.start < most
    }

    /// How many offsets from the start on need no delivery any more, once what is being written is.
    pub fn complete_count(&self) -> i32 {
        let complete = |(first, run): (&i64, &Run)| match (run.moving, &run.state) {
            (Some(Fate::Released), _) => 0,
            (Some(_), _) | (None, State::Done(_)) => run.last - first + 1,
            (None, _) => 0,
        };
        i32::try_from(self.runs.iter().map(complete).sum::<i64>()).unwrap_or(i32::MAX)
    }

    /// When the next holder's time is up.
    pub fn deadline(&self) -> Option<Instant> {
        let held = self.runs.values().filter(|run| run.moving.is_none());
        let until = held.filter_map(|run| match &run.state {
            State::Acquired(holder) => Some(holder.until),
            _ => None,
        });
        until.min()
    }

    /// Has nobody anything of it?
    pub fn is_idle(&self) -> bool {
        let held = |run: &Run| run.moving.is_some() || matches!(run.state, State::Acquired(_));
        !self.runs.values().any(held)
    }

    /// Records before `start` are gone from the log.
    pub fn begin_at(&mut self, start: i64) {
        if start <= self.start {
            return;
        }
        self.cut(start);
        self.runs = self.runs.split_off(&start);
        self.start = start;
        self.end = self.end.max(start);
        self.advance();
    }

    /// Lets a range have a state, whatever it had.
    fn put(&mut self, first: i64, last: i64, state: State, count: i16) {
        self.cut(first);
        self.cut(last + 1);
        while let Some((at, _)) = self.runs.range(first..=last).next() {
            let at = *at;
            self.runs.remove(&at);
        }
        let run = Run {
            last,
            state,
            count,
            moving: None,
        };
        self.runs.insert(first, run);
        self.end = self.end.max(last + 1);
    }

    /// Lets a run begin at `at`, if one lies there.
    fn cut(&mut self, at: i64) {
        let Some((_, run)) = self.runs.range_mut(..at).next_back() else {
            return;
        };
        if run.last >= at {
            let rest = run.clone();
            run.last = at - 1;
            self.runs.insert(at, rest);
        }
    }

    /// The run that an offset lies in.
    fn run_at(&self, at: i64) -> Option<(i64, &Run)> {
        let (first, run) = self.runs.range(..=at).next_back()?;
        (run.last >= at).then_some((*first, run))
    }

    /// Moves the start past what is done, and makes neighbours that are alike one.
    fn advance(&mut self) {
        while let Some(entry) = self.runs.first_entry() {
            if *entry.key() != self.start || !entry.get().is_done() {
                break;
            }
            self.start = entry.remove().last + 1;
        }
        let mut joined: BTreeMap<i64, Run> = BTreeMap::new();
        for (first, run) in std::mem::take(&mut self.runs) {
            match joined.last_entry() {
                Some(mut before)
                    if before.get().last + 1 == first && before.get().is_like(&run) =>
                {
                    before.get_mut().last = run.last;
                }
                _ => {
                    joined.insert(first, run);
                }
            }
        }
        self.runs = joined;
    }
}

#[cfg(test)]
mod tests;
