//! To whom what is delivered.

use ottla_storage::mutants::{Mutant, planted};

use super::{Fate, Flight, Holder, State};

/// What a member wants.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// Who.
    pub holder: Holder,
    /// Where the read began.
    pub from: i64,
    /// Most records; whole batches may be more unless `strict`.
    pub max_records: i64,
    /// At how many records a range that is handed out may end, with a batch.
    pub batch_size: i64,
    /// Not one record more.
    pub strict: bool,
    /// Deliveries after which a record is given up.
    pub max_deliveries: i16,
    /// Most offsets in flight.
    pub max_in_flight: i64,
}

/// Offsets that were handed out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Acquired {
    /// The first.
    pub first: i64,
    /// The last.
    pub last: i64,
    /// The how manieth delivery it is.
    pub count: i16,
}

/// With so few deliveries left or less, records are delivered in smaller portions: one of them may be poison.
fn suspicious(max_deliveries: i16) -> i16 {
    ((max_deliveries + 1) / 2).max(2)
}

impl Flight {
    /// Hands offsets out: those of what was read (`batches`, each with its first and last offset, in order) but for what was
    /// `aborted`, which nobody gets.
    pub fn acquire(
        &mut self,
        wanted: &Wanted,
        batches: &[(i64, i64)],
        aborted: &[(i64, i64)],
    ) -> Vec<Acquired> {
        let mut acquired = Vec::new();
        let (Some((base, _)), Some((_, last))) = (batches.first(), batches.last()) else {
            return acquired;
        };
        if *last < self.start {
            return acquired;
        }
        let from = wanted.from.max(self.start);
        // Compaction has left a hole.
        self.archive(from, base - 1);
        let Some((most, last)) = self.limits(wanted, from, *last) else {
            return acquired;
        };
        let (mut at, mut count) = (from.max(*base), 0);
        while at <= last && count < most {
            let (to, delivered) = match self.piece(at) {
                (to, Some(delivered)) => (to.min(last), delivered),
                (to, None) => {
                    at = to + 1;
                    continue;
                }
            };
            let to = match next_aborted(aborted, at) {
                Some((first, end)) if first <= at => {
                    self.put(at, to.min(end), State::Done(Fate::Archived), delivered);
                    at = to.min(end) + 1;
                    continue;
                }
                Some((first, _)) => to.min(first - 1),
                None => to,
            };
            if delivered >= wanted.max_deliveries {
                self.put(at, to, State::Done(Fate::Archived), delivered);
                at = to + 1;
                continue;
            }
            let suspicious = delivered >= suspicious(wanted.max_deliveries);
            if suspicious && count > 0 {
                break;
            }
            let to = to.min(end_of(batches, at + (most - count) - 1, wanted.strict));
            let to = match suspicious {
                true => to.min(at + portion(to - at + 1, delivered, wanted.max_deliveries) - 1),
                false => to,
            };
            let state = State::Acquired(wanted.holder.clone());
            self.put(at, to, state, delivered + 1);
            hand_out(&mut acquired, (at, to, delivered + 1), batches, wanted);
            count += to - at + 1;
            at = to + 1;
            if suspicious {
                break;
            }
        }
        self.advance();
        acquired
    }

    /// How many may be handed out, and up to which offset.
    fn limits(&self, wanted: &Wanted, from: i64, last: i64) -> Option<(i64, i64)> {
        let room = wanted.max_in_flight - (self.end - self.start);
        match room {
            1.. => Some((wanted.max_records.min(room), last)),
            // What is released may be handed out again.
            _ if from < self.end => {
                let most = wanted.max_records.min(self.end - from);
                Some((most, last.min(self.end - 1)))
            }
            _ => None,
        }
    }

    /// Up to where what is at `at` goes, and how often it was delivered, if it is available.
    fn piece(&self, at: i64) -> (i64, Option<i16>) {
        match self.run_at(at) {
            Some((_, run)) => {
                let is_held = matches!(run.state, State::Acquired(_));
                let taken = is_held && planted(Mutant::ShareGivenToTwo);
                let is_free = run.is_available() || taken;
                (run.last, is_free.then_some(run.count))
            }
            None => {
                let next = self.runs.range(at..).next();
                (next.map_or(i64::MAX - 1, |(first, _)| first - 1), Some(0))
            }
        }
    }

    /// Gives up what is available in a range.
    fn archive(&mut self, first: i64, last: i64) {
        let mut at = first;
        while at <= last {
            let (to, delivered) = self.piece(at);
            let to = to.min(last);
            if let Some(delivered) = delivered {
                self.put(at, to, State::Done(Fate::Archived), delivered);
            }
            at = to + 1;
        }
    }
}

/// The range of aborted records that `at` lies in, or else the next.
fn next_aborted(aborted: &[(i64, i64)], at: i64) -> Option<(i64, i64)> {
    aborted.iter().copied().find(|(_, last)| *last >= at)
}

/// Where what ends at `bound` ends if it ends with its batch.
fn end_of(batches: &[(i64, i64)], bound: i64, strict: bool) -> i64 {
    let whole = batches.iter().find(|(_, last)| *last >= bound);
    match whole {
        Some((first, last)) if !strict && *first <= bound => *last,
        _ => bound,
    }
}

/// How many of so many suspicious records are delivered at once: fewer each time, in the end one.
fn portion(records: i64, delivered: i16, max_deliveries: i16) -> i64 {
    if delivered == max_deliveries - 1 {
        return 1;
    }
    let halvings = u32::from((delivered - suspicious(max_deliveries) + 1).unsigned_abs());
    records.checked_shr(halvings).unwrap_or(0).max(1)
}

/// Adds a range, in parts that end with a batch, of the size wanted or more.
fn hand_out(
    acquired: &mut Vec<Acquired>,
    (first, last, count): (i64, i64, i16),
    batches: &[(i64, i64)],
    wanted: &Wanted,
) {
    let mut from = first;
    if !wanted.strict {
        let inside = batches
            .iter()
            .filter(|(base, _)| *base > first && *base <= last);
        for (base, _) in inside {
            if base - from >= wanted.batch_size.max(1) {
                acquired.push(Acquired {
                    first: from,
                    last: base - 1,
                    count,
                });
                from = *base;
            }
        }
    }
    acquired.push(Acquired {
        first: from,
        last,
        count,
    });
}
