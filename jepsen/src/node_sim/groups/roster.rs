//! What is known of groups: who owned what, how far they have come, what was committed.
//!
//! 1. A partition has one owner in one generation (of a classic group) or epoch (of a consumer group). In a consumer group nobody is
//!    given what another still has, who was heard of lately.
//! 2. What a group has committed never goes back behind what was acknowledged, or seen.
//! 3. Of what is read, transformed and produced, each input is in the output exactly once (`txn::book` sees to that), up to
//!    the committed offset and no further.
//! 4. What was committed without a transaction is what an answer says later: the last that was acknowledged, or one that was
//!    not answered and came later.

use std::collections::BTreeMap;
use std::time::Duration;

use ottla_runtime::time::Instant;

use super::SESSION_MS;

/// Everything.
#[derive(Debug, Default)]
pub struct Roster {
    /// Its members speak both protocols: a group of one kind that is empty gives way to one of the other, whose epochs begin anew.
    pub is_mixed: bool,
    /// By generation or epoch, and partition.
    owners: BTreeMap<(i32, i32), String>,
    /// Of a consumer group, by partition: who has it, and when that member asked what it was last answered.
    held: BTreeMap<i32, (String, Instant)>,
    /// Per partition of the input, its end; none while it grows.
    pub fed: Option<Vec<i64>>,
    /// Per partition, how far the group was seen to have come.
    come: BTreeMap<i32, i64>,
}

impl Roster {
    /// A member was told that it has these partitions.
    pub fn owns(&mut self, epoch: i32, partitions: &[i32], member: &str) -> Result<(), String> {
        for partition in partitions.iter().filter(|_| !self.is_mixed) {
            let owner = self.owners.entry((epoch, *partition));
            let owner = owner.or_insert_with(|| member.to_owned());
            if owner != member {
                return Err(format!(
                    "partition {partition} belongs to {owner} and to {member} in generation {epoch}"
                ));
            }
        }
        Ok(())
    }

    /// A member of a consumer group has these partitions, by the answer to what it asked at `asked`. Neither its session nor its
    /// time to give something up can have run out before that long after it.
    pub fn holds(
        &mut self,
        partitions: &[i32],
        member: &str,
        asked: Instant,
        now: Instant,
    ) -> Result<(), String> {
        self.held
            .retain(|p, (holder, _)| holder != member || partitions.contains(p));
        for partition in partitions.iter().filter(|_| !self.is_mixed) {
            let before = self.held.insert(*partition, (member.to_owned(), asked));
            let Some((other, since)) = before.filter(|(holder, _)| holder != member) else {
                continue;
            };
            if now - since < Duration::from_millis(SESSION_MS as u64) {
                return Err(format!(
                    "partition {partition} was given to {member}, {other} still has it"
                ));
            }
        }
        Ok(())
    }

    /// A member has nothing any more.
    pub fn gone(&mut self, member: &str) {
        self.held.retain(|_, (holder, _)| holder != member);
    }

    /// How far the group is at least, by every answer to a request sent now.
    pub fn floor(&self, partition: i32) -> i64 {
        self.come.get(&partition).copied().unwrap_or(0)
    }

    /// The group was seen to have come so far.
    pub fn saw(&mut self, partition: i32, offset: i64, floor: i64) -> Result<(), String> {
        if offset < floor {
            return Err(format!(
                "partition {partition}: committed is {offset}, it was {floor}"
            ));
        }
        let come = self.come.entry(partition).or_default();
        *come = offset.max(*come);
        Ok(())
    }

    /// Has all of the input been worked off?
    pub fn is_done(&self) -> bool {
        self.fed.as_ref().is_some_and(|fed| {
            let mut ends = (0..).zip(fed);
            ends.all(|(partition, end)| self.floor(partition) >= *end)
        })
    }
}

/// An offset that one client commits, without a transaction; none when there is none.
#[derive(Debug, Default)]
pub struct Register {
    known: Option<i64>,
    /// What was not answered, with the broker's life in which it may still happen.
    late: Vec<(u32, Option<i64>)>,
}

impl Register {
    /// A commit, or a deletion, is about to be asked for.
    pub fn asking(&mut self, life: u32, value: Option<i64>) {
        self.late.push((life, value));
    }

    /// The last that was asked for was done, over a connection of this life.
    pub fn done(&mut self, life: u32) {
        if let Some((_, value)) = self.late.pop() {
            self.settled(life, value);
        }
    }

    /// Nothing came of the last that was asked for: there is nothing to be deleted.
    pub fn nothing_there(&mut self, life: u32) -> Result<(), String> {
        self.late.pop();
        self.seen(life, None)
    }

    /// An answer over a connection of this life says that it is this.
    pub fn seen(&mut self, life: u32, value: Option<i64>) -> Result<(), String> {
        if value != self.known && !self.late.iter().any(|(_, late)| *late == value) {
            return Err(format!("committed is {value:?}, not {self:?}"));
        }
        self.settled(life, value);
        Ok(())
    }

    fn settled(&mut self, life: u32, value: Option<i64>) {
        self.late.retain(|(since, _)| *since >= life);
        self.known = value;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_partition_has_one_owner_in_a_generation() {
        let mut roster = Roster::default();
        roster.owns(1, &[0, 1], "a").unwrap();
        roster.owns(1, &[2], "b").unwrap();
        roster.owns(2, &[0], "b").unwrap();
        roster.owns(1, &[0], "a").unwrap();
        assert!(roster.owns(1, &[1], "b").is_err());
    }

    #[test]
    fn nobody_is_given_what_another_has() {
        let start = ottla_runtime::time::now();
        let at = |ms| start + Duration::from_millis(ms);
        let mut roster = Roster::default();
        roster.holds(&[0, 1], "a", at(0), at(5)).unwrap();
        roster.holds(&[0], "a", at(10), at(15)).unwrap();
        roster.holds(&[1], "b", at(16), at(20)).unwrap();
        assert!(roster.holds(&[0, 1], "b", at(30), at(40)).is_err());
        roster.gone("b");
        roster.holds(&[1], "c", at(50), at(60)).unwrap();
        roster.holds(&[1], "a", at(1_100), at(1_200)).unwrap();
    }

    #[test]
    fn a_group_never_goes_back() {
        let mut roster = Roster::default();
        roster.saw(0, 5, roster.floor(0)).unwrap();
        let floor = roster.floor(0);
        roster.saw(0, 7, floor).unwrap();
        roster.saw(0, 6, floor).unwrap();
        assert!(roster.saw(0, 6, roster.floor(0)).is_err());
        assert!(!roster.is_done());
        roster.fed = Some(vec![8]);
        assert!(!roster.is_done());
        roster.saw(0, 8, 7).unwrap();
        assert!(roster.is_done());
    }

    #[test]
    fn what_was_acknowledged_is_what_is_there() {
        let mut register = Register::default();
        register.asking(1, Some(4));
        register.done(1);
        register.seen(1, Some(4)).unwrap();
        assert!(register.seen(1, None).is_err());
        register.asking(1, None);
        register.seen(1, Some(4)).unwrap();
        register.seen(1, None).unwrap();
        register.asking(2, None);
        register.nothing_there(2).unwrap();
        register.asking(2, Some(5));
        register.done(2);
        register.asking(2, None);
        assert!(register.nothing_there(2).is_err());
    }

    #[test]
    fn what_was_not_answered_may_come_in_its_life() {
        let mut register = Register::default();
        register.asking(1, Some(4)); // not answered
        register.asking(1, Some(5));
        register.done(1);
        register.seen(1, Some(4)).unwrap();
        register.seen(2, Some(4)).unwrap();
        assert!(register.seen(2, Some(5)).is_err());
    }
}
