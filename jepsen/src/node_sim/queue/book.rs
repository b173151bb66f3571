//! What is known of a share group, and what must hold.
//!
//! 1. A record that was accepted or rejected, by an answer, is nobody's any more: it is neither given to anybody who asks
//!    later, nor ended by another who has it.
//! 2. What a member was given is its own for a time, if no disk fails: what it says then is heard, and nobody else was given
//!    it in between.
//! 3. The group passes over nothing: what it begins behind was accepted or rejected, perhaps without an answer, or given too
//!    often.

use std::collections::BTreeMap;

use ottla_runtime::time::Instant;

use super::{DELIVERIES, TOPIC};

/// Partition and offset.
pub type Place = (i32, i64);

/// A record was given to a member, between asking and the answer.
#[derive(Clone, Debug)]
struct Delivery {
    member: String,
    asked: Instant,
    answered: Instant,
}

/// What is known of a record.
#[derive(Debug, Default)]
struct Known {
    deliveries: Vec<Delivery>,
    /// The highest count that came with a delivery.
    count: i16,
    /// When its end was confirmed first, and by whom.
    done: Option<(Instant, String)>,
    /// Who ended it in time.
    ended_by: Option<String>,
    /// Somebody wanted to end it.
    tried: bool,
}

/// Everything.
#[derive(Debug, Default)]
pub struct Queue {
    /// The ends of the partitions; none while they grow.
    pub fed: Option<Vec<i64>>,
    /// The group has come to the ends.
    pub is_done: bool,
    known: BTreeMap<Place, Known>,
}

impl Queue {
    /// A member that asked at `asked` was given a record now.
    pub fn given(
        &mut self,
        place: Place,
        count: i16,
        member: &str,
        asked: Instant,
        now: Instant,
    ) -> Result<(), String> {
        let name = name(place);
        let known = self.known.entry(place).or_default();
        if let Some((when, by)) = known.done.as_ref().filter(|(when, _)| asked >= *when) {
            return Err(format!(
                "{name} was given to {member} after {by} had ended it at {when:?}"
            ));
        }
        if !(1..=DELIVERIES).contains(&count) {
            return Err(format!("{name} was given the {count}th time"));
        }
        known.count = known.count.max(count);
        known.deliveries.push(Delivery {
            member: member.to_owned(),
            asked,
            answered: now,
        });
        Ok(())
    }

    /// A member is about to accept or reject a record.
    pub fn ends(&mut self, place: Place) {
        self.known.entry(place).or_default().tried = true;
    }

    /// A member said that a record is accepted or rejected, and now that is confirmed. Of one that came in time it is known when
    /// it said so. One that came late is heard, too, if the group has passed the record meanwhile.
    pub fn ended(
        &mut self,
        place: Place,
        member: &str,
        said: Option<Instant>,
        now: Instant,
    ) -> Result<(), String> {
        let name = name(place);
        let known = self.known.entry(place).or_default();
        let done = || (now, member.to_owned());
        known.done.get_or_insert_with(done);
        let Some(said) = said else {
            return Ok(());
        };
        if let Some(other) = known.ended_by.replace(member.to_owned()) {
            return Err(format!("{name} was ended by {other} and by {member}"));
        }
        let own = known.deliveries.iter().rfind(|d| d.member == member);
        let Some(own) = own else {
            return Err(format!(
                "{name} was never given to {member}, who has ended it"
            ));
        };
        let between =
            |d: &&Delivery| d.member != member && d.asked > own.answered && d.answered < said;
        if let Some(other) = known.deliveries.iter().find(between) {
            return Err(format!(
                "{name} was given to {} while {member} had it, who ended it later",
                other.member
            ));
        }
        Ok(())
    }

    /// After the group has come to the ends: each record was ended by somebody.
    pub fn complete(&self) -> Result<(), String> {
        for (partition, end) in (0..).zip(self.fed.iter().flatten()) {
            for place in (0..*end).map(|offset| (partition, offset)) {
                let known = self.known.get(&place);
                // Of deliveries whose answers were lost nobody knows.
                let is_ended = |k: &Known| k.done.is_some() || k.tried || k.count > DELIVERIES / 2;
                if !known.is_some_and(is_ended) {
                    return Err(format!(
                        "{} was passed over: it is known as {known:?}",
                        name(place)
                    ));
                }
            }
        }
        Ok(())
    }
}

fn name((partition, offset): Place) -> String {
    format!("{TOPIC}-{partition} at {offset}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: Place = (0, 0);

    fn at(ms: u64) -> Instant {
        Instant::from_nanos(ms * 1_000_000)
    }

    #[test]
    fn a_record_ends_once() {
        let mut queue = Queue {
            fed: Some(vec![1]),
            ..Queue::default()
        };
        assert!(queue.complete().is_err());
        queue.given(AT, 1, "a", at(1), at(2)).unwrap();
        assert!(queue.complete().is_err());
        queue.ends(AT);
        queue.ended(AT, "a", Some(at(3)), at(4)).unwrap();
        queue.complete().unwrap();
        queue.given(AT, 2, "b", at(3), at(5)).unwrap();
        assert!(queue.given(AT, 2, "b", at(4), at(5)).is_err());
        queue.ended(AT, "b", None, at(7)).unwrap();
        assert!(queue.ended(AT, "b", Some(at(6)), at(7)).is_err());
    }

    #[test]
    fn a_record_is_one_members_at_a_time() {
        let mut queue = Queue::default();
        queue.given(AT, 1, "a", at(1), at(2)).unwrap();
        queue.given(AT, 2, "b", at(3), at(4)).unwrap();
        assert!(queue.ended(AT, "a", Some(at(5)), at(6)).is_err());
        let mut queue = Queue::default();
        queue.given(AT, 1, "b", at(1), at(9)).unwrap();
        queue.given(AT, 1, "a", at(1), at(2)).unwrap();
        queue.ended(AT, "a", Some(at(5)), at(6)).unwrap();
    }
}
