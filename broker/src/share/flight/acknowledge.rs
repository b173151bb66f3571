//! What became of deliveries. It counts once it is written: until then what is acknowledged moves, and nobody gets it.

use ottla_protocol::error_code::ErrorCode;
use ottla_runtime::time::Instant;
use ottla_storage::mutants::{Mutant, planted};

use super::{Fate, Flight, Run, State};
use crate::coordinator::share::Batch;

/// What a member says of a record, by Kafka's numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// There is no such record.
    Gap = 0,
    /// It is done.
    Accept = 1,
    /// Somebody may try it again.
    Release = 2,
    /// Nobody shall.
    Reject = 3,
    /// More time is needed.
    Renew = 4,
}

impl Kind {
    /// By Kafka's number.
    pub fn of(number: i8) -> Option<Kind> {
        const ALL: [Kind; 5] = [
            Kind::Gap,
            Kind::Accept,
            Kind::Release,
            Kind::Reject,
            Kind::Renew,
        ];
        ALL.get(usize::try_from(number).ok()?).copied()
    }
}

/// What a member says of a range of offsets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acknowledgement {
    /// The first.
    pub first: i64,
    /// The last.
    pub last: i64,
    /// Of all, or of each.
    pub kinds: Vec<Kind>,
}

impl Acknowledgement {
    /// Ranges that the same is said of.
    fn ranges(&self) -> Vec<(i64, i64, Kind)> {
        if let [kind] = self.kinds[..] {
            return vec![(self.first, self.last, kind)];
        }
        let mut ranges: Vec<(i64, i64, Kind)> = Vec::new();
        for (kind, at) in self.kinds.iter().zip(self.first..=self.last) {
            match ranges.last_mut() {
                Some((_, last, same)) if same == kind => *last = at,
                _ => ranges.push((at, at, *kind)),
            }
        }
        ranges
    }
}

/// What is to be written before it counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Moved(pub Vec<Batch>);

impl Flight {
    /// Takes what a member says; all of it or nothing. Records that are needed longer stay with the member until `until`.
    ///
    /// # Errors
    /// 121: they are not the member's. 42: they were never delivered.
    pub fn acknowledge(
        &mut self,
        member: &str,
        said: &[Acknowledgement],
        until: Instant,
        max_deliveries: i16,
    ) -> Result<Moved, ErrorCode> {
        let mut after = i64::MIN;
        for ack in said.iter().filter(|ack| ack.last >= self.start) {
            if ack.first < after {
                return Err(ErrorCode::INVALID_RECORD_STATE);
            }
            self.are_held_by(member, ack)?;
            after = ack.last.saturating_add(1);
        }
        let mut moved = Moved::default();
        for ack in said {
            for (first, last, kind) in ack.ranges() {
                if last >= self.start {
                    let first = first.max(self.start);
                    self.begin_move(first, last, kind, until, max_deliveries, &mut moved);
                }
            }
        }
        Ok(moved)
    }

    fn are_held_by(&self, member: &str, ack: &Acknowledgement) -> Result<(), ErrorCode> {
        let mut at = ack.first.max(self.start);
        while at <= ack.last {
            let run = match self.run_at(at) {
                Some((_, run)) => run,
                None if at >= self.end && !self.runs.is_empty() => {
                    return Err(ErrorCode::INVALID_REQUEST);
                }
                None => return Err(ErrorCode::INVALID_RECORD_STATE),
            };
            match &run.state {
                State::Acquired(holder)
                    if run.moving.is_none()
                        && (*holder.member == *member || planted(Mutant::ShareHolderUnchecked)) => {
                }
                _ => return Err(ErrorCode::INVALID_RECORD_STATE),
            }
            at = run.last + 1;
        }
        Ok(())
    }

    fn begin_move(
        &mut self,
        first: i64,
        last: i64,
        kind: Kind,
        until: Instant,
        max_deliveries: i16,
        moved: &mut Moved,
    ) {
        self.cut(first);
        self.cut(last + 1);
        for (first, run) in self.runs.range_mut(first..=last) {
            let fate = match kind {
                Kind::Renew => {
                    if let State::Acquired(holder) = &mut run.state {
                        holder.until = until;
                    }
                    continue;
                }
                Kind::Accept => Fate::Acknowledged,
                Kind::Release => released(run, max_deliveries),
                Kind::Gap | Kind::Reject => Fate::Archived,
            };
            run.moving = Some(fate);
            moved.0.push(batch(*first, run, fate));
        }
    }

    /// What moved has been written, or could not be: then it is the member's as before.
    pub fn settle(&mut self, moved: &Moved, written: bool) {
        for batch in &moved.0 {
            for (_, run) in self.runs.range_mut(batch.first..=batch.last) {
                if let Some(fate) = run.moving.take()
                    && written
                {
                    run.state = fate.state();
                }
            }
        }
        self.advance();
    }

    /// Takes back what members did not acknowledge in time. Counts at once; what is to be written is only how often it was delivered.
    pub fn expire(&mut self, now: Instant, max_deliveries: i16) -> Moved {
        self.take_back(max_deliveries, |_, until| until <= now)
    }

    /// Takes back what a session has.
    pub fn release(&mut self, session: u64, max_deliveries: i16) -> Moved {
        self.take_back(max_deliveries, |of, _| of == session)
    }

    fn take_back(&mut self, max_deliveries: i16, which: impl Fn(u64, Instant) -> bool) -> Moved {
        let mut moved = Moved::default();
        for (first, run) in &mut self.runs {
            match &run.state {
                State::Acquired(holder)
                    if run.moving.is_none() && which(holder.session, holder.until) => {}
                _ => continue,
            }
            let fate = released(run, max_deliveries);
            run.state = fate.state();
            moved.0.push(batch(*first, run, fate));
        }
        self.advance();
        moved
    }
}

fn released(run: &Run, max_deliveries: i16) -> Fate {
    match run.count >= max_deliveries {
        true => Fate::Archived,
        false => Fate::Released,
    }
}

fn batch(first: i64, run: &Run, fate: Fate) -> Batch {
    Batch {
        first,
        last: run.last,
        state: fate.code(),
        count: run.count,
    }
}
