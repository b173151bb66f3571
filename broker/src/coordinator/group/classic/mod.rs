//! Classic groups: a member, the leader, assigns (reference `kafka.md` 2.8; KIP-62, 134, 345, 394, 800, 814).
//!
//! | file | what |
//! |---|---|
//! | [`group`] | who is a member, state, generation |
//! | [`member`] | one member |
//! | [`join`], [`sync`], [`leave`] | requests of members |
//! | [`rebalance`] | from one generation to the next; what happens when time runs out |
//! | [`record`] | the group in the log |
//! | [`subscription`] | which topics consumers read |
//! | [`convert`] | from and to groups of other kinds |
//! | [`describe`] | the group as administrators see it |
//!
//! What the log holds of a group is its last generation. A rebalance is not kept: after a crash the members of the last generation
//! are back, with fresh sessions, and whoever had joined since is told to join again.

mod convert;
pub mod describe;
pub mod group;
pub mod join;
pub mod leave;
pub mod member;
mod rebalance;
mod record;
mod subscription;
pub mod sync;
#[cfg(test)]
mod tests;

use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::messages::join_group::JoinGroupResponse;
use ottla_protocol::messages::leave_group::LeaveGroupResponse;
use ottla_protocol::messages::sync_group::SyncGroupResponse;
use ottla_runtime::time::Instant;

pub use self::convert::Converted;
pub use self::describe::Described;
pub use self::group::{Group, State};
pub use self::join::Join;
pub use self::leave::Leave;
pub use self::record::tombstone;
pub use self::sync::Sync;
use super::timers::Timers;
use super::{Groups, kind, timers};
use crate::coordinator::{Ask, Effects, Now};

/// What classic groups can be asked.
#[derive(Debug)]
pub enum Command {
    /// Become a member, or stay one in the next generation.
    Join(Join),
    /// Give, or get, the assignment.
    Sync(Sync),
    /// A sign of life.
    Heartbeat(Heartbeat),
    /// Members go.
    Leave(Leave),
    /// How do these groups look?
    Describe(Vec<String>),
    /// A group of another kind has become a classic one. Nobody asks this from outside.
    Adopt {
        /// The group.
        group: String,
        /// Its members are to join again.
        rebalance: bool,
    },
}

impl Command {
    /// The group that a member means.
    fn group(&self) -> Option<&String> {
        match self {
            Command::Join(join) => Some(&join.group),
            Command::Sync(sync) => Some(&sync.group),
            Command::Heartbeat(beat) => Some(&beat.group),
            Command::Leave(leave) => Some(&leave.group),
            Command::Describe(_) | Command::Adopt { .. } => None,
        }
    }
}

/// A sign of life of a member.
#[derive(Clone, Debug, Default)]
pub struct Heartbeat {
    /// The group.
    pub group: String,
    /// The member's id.
    pub member: String,
    /// Its name, if it is static.
    pub instance: Option<String>,
    /// The generation that it knows.
    pub generation: i32,
}

/// What they answer.
#[derive(Debug)]
pub enum Answer {
    /// To a join.
    Joined(JoinGroupResponse<'static>),
    /// To a sync.
    Synced(SyncGroupResponse<'static>),
    /// To a heartbeat.
    Heard(ErrorCode),
    /// To a leave.
    Left(LeaveGroupResponse<'static>),
    /// One for each group asked; `None` for one that is not known.
    Described(Vec<Option<Described>>),
}

/// What a classic group waits for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Timer {
    /// A sign of life of this member.
    Session(String),
    /// All members to join.
    Join,
    /// All members to ask for their assignment.
    Sync,
}

/// One step of one group: what it may touch, and what comes of it.
struct Step<'a, 'n> {
    name: &'a str,
    group: &'a mut Group,
    timers: &'a mut Timers,
    now: &'a mut Now<'n>,
    effects: Effects<Groups>,
}

impl Step<'_, '_> {
    fn reply(&mut self, ask: Ask, answer: Answer) {
        self.effects.reply(ask, super::Answer::Classic(answer));
    }

    /// Lets a timer end after so many ms.
    fn set(&mut self, timer: Timer, ms: impl Into<i64>) {
        let at = self.now.at + timers::millis(ms);
        self.timers
            .set(self.name, timers::Timer::Classic(timer), at);
    }

    fn cancel(&mut self, timer: Timer) {
        self.timers.cancel(self.name, timers::Timer::Classic(timer));
    }

    /// A sign of life of a member.
    fn heard(&mut self, member: &str) {
        if let Some(m) = self.group.members.get(member) {
            let ms = m.session_timeout_ms;
            self.set(Timer::Session(member.to_owned()), ms);
        }
    }

    fn heartbeat(&mut self, beat: &Heartbeat) -> ErrorCode {
        let known = self
            .group
            .validate_member(&beat.member, beat.instance.as_deref());
        if let Err(code) = known {
            return code;
        }
        if beat.generation != self.group.generation {
            return ErrorCode::ILLEGAL_GENERATION;
        }
        self.heard(&beat.member);
        match self.group.state {
            State::Preparing => ErrorCode::REBALANCE_IN_PROGRESS,
            _ => ErrorCode::NONE,
        }
    }
}

impl Group {
    /// A commit of a member is a sign of life, unless it should ask for its assignment first.
    pub(super) fn heard_by_commit(
        &self,
        name: &str,
        member: &str,
        timers: &mut Timers,
        now: Instant,
    ) {
        let Some(m) = self.members.get(member) else {
            return;
        };
        if matches!(self.state, State::Stable | State::Preparing) {
            let timer = timers::Timer::Classic(Timer::Session(member.to_owned()));
            timers.set(name, timer, now + timers::millis(m.session_timeout_ms));
        }
    }
}

impl Groups {
    pub(super) fn classic(
        &mut self,
        command: Command,
        ask: Ask,
        now: &mut Now<'_>,
    ) -> Effects<Groups> {
        let group = command.group().and_then(|name| self.groups.get(name));
        if group.is_some_and(|g| matches!(g, kind::Group::Consumer(_)) && !g.is_empty()) {
            return self.classic_member(command, ask, now);
        }
        match command {
            Command::Adopt { group, rebalance } => {
                let adopted = self.step(&group, now, |step| step.adopt(rebalance));
                adopted.unwrap_or_else(Effects::none)
            }
            Command::Join(join) => self.join(join, ask, now),
            Command::Sync(sync) => self.sync(sync, ask, now),
            Command::Heartbeat(beat) => {
                let heard = self.step(&beat.group, now, |step| {
                    let code = step.heartbeat(&beat);
                    step.reply(ask, Answer::Heard(code));
                });
                heard.unwrap_or_else(|| answer(ask, Answer::Heard(ErrorCode::UNKNOWN_MEMBER_ID)))
            }
            Command::Leave(leave) => self.leave(leave, ask, now),
            Command::Describe(groups) => {
                let described = groups.iter().map(|name| {
                    let group = self.groups.get(name).and_then(kind::Group::as_classic);
                    group.map(Group::describe)
                });
                answer(ask, Answer::Described(described.collect()))
            }
        }
    }

    /// A timer of a classic group has ended.
    pub(super) fn classic_timer(
        &mut self,
        name: &str,
        timer: Timer,
        now: &mut Now<'_>,
    ) -> Effects<Groups> {
        let done = self.step(name, now, |step| match timer {
            Timer::Session(member) => step.session_over(&member),
            Timer::Join => step.join_time_over(),
            Timer::Sync => step.sync_time_over(),
        });
        done.unwrap_or_else(Effects::none)
    }

    /// The log was replayed: sessions begin anew.
    pub(super) fn classic_loaded(&mut self, now: &mut Now<'_>) -> Effects<Groups> {
        let names: Vec<String> = self
            .groups
            .iter()
            .filter(|(_, group)| group.as_classic().is_some_and(|g| !g.is_empty()))
            .map(|(name, _)| name.clone())
            .collect();
        let mut effects = Effects::none();
        for name in names {
            let loaded = self.step(&name, now, |step| step.loaded());
            effects.join(loaded.unwrap_or_else(Effects::none));
        }
        effects
    }

    /// Does something with a group, if it is there and a classic one.
    fn step(
        &mut self,
        name: &str,
        now: &mut Now<'_>,
        work: impl FnOnce(&mut Step<'_, '_>),
    ) -> Option<Effects<Groups>> {
        let group = self.groups.get_mut(name)?.as_classic_mut()?;
        let mut step = Step {
            name,
            group,
            timers: &mut self.timers,
            now,
            effects: Effects::none(),
        };
        work(&mut step);
        Some(step.effects)
    }
}

fn answer(ask: Ask, answer: Answer) -> Effects<Groups> {
    Effects::answer(ask, super::Answer::Classic(answer))
}
