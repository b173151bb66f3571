//! Groups of the threads of Kafka Streams applications, to which the coordinator assigns tasks (KIP-1071).
//!
//! | file | what |
//! |---|---|
//! | [`group`], [`member`], [`tasks`], [`topology`] | what is kept |
//! | [`records`], [`replay`] | to and from the log |
//! | [`decide`] | what is decided, as records |
//! | [`commit`] | who may commit and ask |
//! | [`config`] | settings |
//! | [`describe`] | what administrators are told |
//!
//! As in Kafka 4.3 there are no static members and no warm-up tasks, and the topology of a group never changes. Internal topics that
//! are missing are named in the answer to a member; whoever hands that on makes them.

mod commit;
pub mod config;
pub mod decide;
mod describe;
pub mod group;
pub mod member;
mod records;
mod replay;
pub mod tasks;
pub mod topology;

use ottla_protocol::error_code::ErrorCode;

use self::config::Config;
pub use self::decide::heartbeat::{Beat, Heartbeat};
use self::decide::heartbeat::{JOINING, LEAVING};
use self::decide::{Draft, Scene};
pub use self::describe::Described;
pub use self::group::Group;
use self::group::Soft;
use self::member::State;
use self::records::Scribe;
use super::consumer::Refusal;
use super::kind::{self, Missing};
use super::{Groups, Record, timers};
use crate::coordinator::{Ask, Effects, Now};

/// What streams groups can be asked.
#[derive(Debug)]
pub enum Command {
    /// A member joins, reports or leaves.
    Heartbeat(Box<Heartbeat>),
    /// What are these groups?
    Describe(Vec<String>),
}

/// What they answer.
#[derive(Debug)]
pub enum Answer {
    /// To a member.
    Beat(Result<Beat, Refusal>),
    /// The groups, in order; or why it is none.
    Described(Vec<Result<Described, Missing>>),
}

/// What a member is to know besides what it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Its program is older than the group's.
    StaleTopology,
    /// Topics that it reads are not there.
    MissingSourceTopics,
    /// Topics have other numbers of partitions than they must.
    IncorrectlyPartitionedTopics,
    /// Topics that are to be made for it are not there yet.
    MissingInternalTopics,
    /// A member asked all to stop.
    ShutdownApplication,
    /// It will be assigned something later.
    AssignmentDelayed,
}

impl Status {
    /// Kafka's number of it.
    pub fn code(self) -> i8 {
        match self {
            Status::StaleTopology => 0,
            Status::MissingSourceTopics => 1,
            Status::IncorrectlyPartitionedTopics => 2,
            Status::MissingInternalTopics => 3,
            Status::ShutdownApplication => 4,
            Status::AssignmentDelayed => 5,
        }
    }
}

/// What is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Wait {
    /// That a member reports.
    Session,
    /// That a member gives up what it must.
    Revocation,
    /// That more members come to a new group.
    Delay,
}

/// What a streams group waits for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timer {
    member: String,
    wait: Wait,
}

impl Timer {
    /// For a new group.
    pub const DELAY: Timer = Timer {
        member: String::new(),
        wait: Wait::Delay,
    };

    /// For a member.
    pub fn of(member: &str, wait: Wait) -> Timer {
        Timer {
            member: member.to_owned(),
            wait,
        }
    }
}

/// All that comes of a decision but the answer.
struct Outcome {
    records: Vec<Record>,
    timers: Vec<timers::Change<Timer>>,
    soft: Soft,
}

impl Outcome {
    fn of(draft: Draft<'_>) -> Outcome {
        Outcome {
            records: draft.records,
            timers: draft.timers,
            soft: draft.soft,
        }
    }
}

impl Groups {
    /// Hears what is asked of streams groups.
    pub(super) fn streams(
        &mut self,
        command: Command,
        ask: Ask,
        now: &mut Now<'_>,
    ) -> Effects<Groups> {
        match command {
            Command::Heartbeat(request) => self.streams_heartbeat(&request, ask, now),
            Command::Describe(names) => {
                let described = names.iter().map(|name| self.describe_streams(name, now));
                let answer = Answer::Described(described.collect());
                Effects::answer(ask, super::Answer::Streams(answer))
            }
        }
    }

    fn streams_heartbeat(
        &mut self,
        request: &Heartbeat,
        ask: Ask,
        now: &mut Now<'_>,
    ) -> Effects<Groups> {
        let name = &request.group;
        let answer = |result| Effects::answer(ask, super::Answer::Streams(Answer::Beat(result)));
        if let Err(refusal) = request.validate() {
            return answer(Err(refusal));
        }
        let scene = self.streams_scene(name, now);
        let made = Group::default();
        let mut before = Vec::new();
        let group = match self.groups.get(name) {
            Some(kind::Group::Streams(group)) => group,
            Some(kind @ kind::Group::Classic(_)) if request.epoch == JOINING && kind.is_empty() => {
                before = kind.tombstones(name);
                &made
            }
            None if request.epoch == JOINING => &made,
            Some(_) => return answer(Err(no_group(request, Missing::OfAnotherKind))),
            None => return answer(Err(no_group(request, Missing::Unknown))),
        };
        let mut draft = Draft::new(name, group, &scene);
        match draft.heartbeat(request) {
            Err(refusal) => answer(Err(refusal)),
            Ok(beat) => {
                let mut outcome = Outcome::of(draft);
                outcome.records.splice(..0, before);
                let mut effects = self.carry_out_streams(name, outcome, now);
                effects.reply(ask, super::Answer::Streams(Answer::Beat(Ok(beat))));
                effects
            }
        }
    }

    /// Time is up for a member, or for a new group.
    pub(super) fn streams_timer(
        &mut self,
        name: &str,
        timer: &Timer,
        now: &mut Now<'_>,
    ) -> Effects<Groups> {
        let scene = self.streams_scene(name, now);
        let Some(kind::Group::Streams(group)) = self.groups.get(name) else {
            return Effects::none();
        };
        let mut draft = Draft::new(name, group, &scene);
        let member = group.member(&timer.member);
        let late = member.filter(|member| match timer.wait {
            Wait::Session => true,
            Wait::Revocation => member.state == State::Unrevoked,
            Wait::Delay => false,
        });
        if timer.wait == Wait::Delay {
            draft.end_delay();
        } else if let Some(member) = late {
            let (member_id, wait) = (&member.id, timer.wait);
            tracing::info!(
                group = name,
                member = member_id,
                "fenced: {wait:?} timed out"
            );
            draft.fence(member);
        }
        let outcome = Outcome::of(draft);
        self.carry_out_streams(name, outcome, now)
    }

    /// Every member has a whole session from now on.
    pub(super) fn streams_loaded(&mut self, now: &Now<'_>) {
        let mut due = Vec::new();
        for (name, kind) in &self.groups {
            let kind::Group::Streams(group) = kind else {
                continue;
            };
            let session_ms = Config::of(name, now.image).session_ms;
            for member in group.members().values() {
                let mut wait = |wait, ms| {
                    due.push((
                        name.clone(),
                        Timer::of(&member.id, wait),
                        timers::millis(ms),
                    ));
                };
                wait(Wait::Session, session_ms);
                if member.state == State::Unrevoked {
                    wait(Wait::Revocation, member.rebalance_timeout_ms);
                }
            }
        }
        for (name, timer, after) in due {
            self.timers
                .set(&name, timers::Timer::Streams(timer), now.at + after);
        }
    }

    fn streams_scene<'a>(&self, name: &str, now: &Now<'a>) -> Scene<'a> {
        let delay = timers::Timer::Streams(Timer::DELAY);
        Scene {
            image: now.image,
            wall_ms: now.wall_ms,
            config: Config::of(name, now.image),
            delayed: self.timers.is_set(name, delay),
        }
    }

    fn carry_out_streams(
        &mut self,
        name: &str,
        outcome: Outcome,
        now: &Now<'_>,
    ) -> Effects<Groups> {
        self.timers
            .change(name, outcome.timers, timers::Timer::Streams, now.at);
        if let Some(kind::Group::Streams(group)) = self.groups.get_mut(name) {
            group.soft = outcome.soft;
        }
        Effects::records(outcome.records)
    }
}

fn no_group(request: &Heartbeat, missing: Missing) -> Refusal {
    let name = &request.group;
    let message = match (missing, request.epoch) {
        // To one who leaves Kafka says it in other words.
        (Missing::Unknown, LEAVING) => missing.words(name, "streams"),
        (Missing::Unknown, _) => format!("Streams group {name} not found."),
        (Missing::OfAnotherKind, _) => missing.words(name, "streams"),
    };
    Refusal::new(ErrorCode::GROUP_ID_NOT_FOUND, message)
}

/// The records that delete a streams group.
pub(super) fn tombstones(name: &str, group: &Group) -> Vec<Record> {
    Scribe { group: name }.delete(group)
}

#[cfg(test)]
mod tests;
