//! Groups to whose members the coordinator assigns (KIP-848).
//!
//! | file | what |
//! |---|---|
//! | [`group`], [`member`], [`tally`] | what is kept |
//! | [`records`], [`replay`] | to and from the log |
//! | [`decide`] | what is decided, as records |
//! | [`commit`] | who may commit and ask |
//! | [`config`] | settings |
//! | [`classic_members`] | requests of the classic protocol |
//! | [`upgrade`] | what was a classic group |

mod classic_members;
mod commit;
pub mod config;
pub mod decide;
mod describe;
pub mod group;
pub mod member;
mod records;
mod replay;
mod tally;
mod upgrade;

use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::ids::Uuid;
use ottla_storage::mutants::{Mutant, planted};

use self::config::Config;
pub use self::decide::Refusal;
use self::decide::downgrade::Downgrade;
use self::decide::heartbeat::JOINING;
pub use self::decide::heartbeat::{Beat, Heartbeat};
use self::decide::{Draft, Scene};
pub use self::describe::Described;
pub use self::group::Group;
use self::member::State;
use self::records::Scribe;
use self::upgrade::upgrade;
use super::kind::{self, Missing};
use super::timers;
use super::{Errand, Groups, Record, classic};
use crate::coordinator::{Ask, Effects, Now};

/// What consumer groups can be asked.
#[derive(Debug)]
pub enum Command {
    /// A member joins, reports or leaves.
    Heartbeat(Box<Heartbeat>),
    /// What are these groups?
    Describe(Vec<String>),
    /// Try the patterns of a group. Nobody asks this from outside.
    MatchPatterns(String),
}

/// What they answer.
#[derive(Debug)]
pub enum Answer {
    /// To a member.
    Beat(Result<Beat, Refusal>),
    /// The groups, in order.
    Described(Vec<Result<Described, Missing>>),
}

/// What a consumer group waits for of a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Wait {
    /// That it reports.
    Session,
    /// That it gives up what it must.
    Revocation,
    /// That it joins again, a classic one.
    Join,
    /// That it asks for what it has got, a classic one.
    Sync,
}

impl Wait {
    const ALL: [Wait; 4] = [Wait::Session, Wait::Revocation, Wait::Join, Wait::Sync];
}

/// What a consumer group waits for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timer {
    member: String,
    wait: Wait,
}

impl Timer {
    fn new(member: &str, wait: Wait) -> Timer {
        Timer {
            member: member.to_owned(),
            wait,
        }
    }
}

/// All that comes of a decision but the answer.
#[derive(Default)]
struct Outcome {
    records: Vec<Record>,
    timers: Vec<timers::Change<Timer>>,
    match_patterns: bool,
    watch: group::Watch,
    downgrade: Option<Downgrade>,
}

impl Outcome {
    fn of(draft: Draft<'_>) -> Outcome {
        Outcome {
            records: draft.records,
            timers: draft.timers,
            match_patterns: draft.match_patterns,
            watch: draft.watch,
            downgrade: draft.downgrade,
        }
    }
}

impl Groups {
    /// Hears what is asked of consumer groups.
    pub(super) fn consumer(
        &mut self,
        command: Command,
        ask: Ask,
        now: &mut Now<'_>,
    ) -> Effects<Groups> {
        match command {
            Command::Heartbeat(request) => self.consumer_heartbeat(&request, ask, now),
            Command::Describe(groups) => {
                let described = groups.iter().map(|name| self.describe_consumer(name, now));
                let answer = Answer::Described(described.collect());
                Effects::answer(ask, super::Answer::Consumer(answer))
            }
            Command::MatchPatterns(name) => self.decide(&name, now, |draft| draft.match_patterns()),
        }
    }

    fn consumer_heartbeat(
        &mut self,
        request: &Heartbeat,
        ask: Ask,
        now: &mut Now<'_>,
    ) -> Effects<Groups> {
        let name = &request.group;
        let scene = scene(name, now);
        let answer = |result| Effects::answer(ask, super::Answer::Consumer(Answer::Beat(result)));
        if let Err(refusal) = request.validate(&scene.config) {
            return answer(Err(refusal));
        }
        let made;
        let mut before = Vec::new();
        let mut upgraded = false;
        let group = match self.groups.get(name) {
            Some(kind::Group::Consumer(group)) => group,
            Some(kind @ kind::Group::Classic(_)) if request.epoch == JOINING && kind.is_empty() => {
                before = kind.tombstones(name);
                made = Group::default();
                &made
            }
            Some(kind @ kind::Group::Classic(classic)) if request.epoch == JOINING => {
                match upgrade(name, classic, &scene) {
                    Ok(group) => made = group,
                    Err(refusal) => return answer(Err(refusal)),
                }
                before = kind.tombstones(name);
                before.extend(Scribe { group: name }.create(&made));
                upgraded = true;
                &made
            }
            None if request.epoch == JOINING => {
                made = Group::default();
                &made
            }
            Some(_) => return answer(Err(no_group(name, Missing::OfAnotherKind))),
            None => return answer(Err(no_group(name, Missing::Unknown))),
        };
        let mut draft = Draft::new(name, group, &scene);
        if upgraded {
            draft.await_classic_members();
        }
        match draft.heartbeat(request) {
            Err(refusal) => answer(Err(refusal)),
            Ok(beat) => {
                let mut outcome = Outcome::of(draft);
                outcome.records.splice(..0, before);
                let mut effects = match upgraded {
                    true => self.classic_ends(name, now),
                    false => Effects::none(),
                };
                effects.join(self.carry_out(name, outcome, now));
                effects.reply(ask, super::Answer::Consumer(Answer::Beat(Ok(beat))));
                effects
            }
        }
    }

    /// A member did not do in time what it had to.
    pub(super) fn consumer_timer(
        &mut self,
        name: &str,
        timer: &Timer,
        now: &mut Now<'_>,
    ) -> Effects<Groups> {
        self.decide(name, now, |draft| {
            let member = draft.group.member(&timer.member);
            let late = member.filter(|member| match timer.wait {
                Wait::Session | Wait::Join | Wait::Sync => true,
                Wait::Revocation => member.state == State::Unrevoked,
            });
            if let Some(member) = late {
                tracing::info!(
                    group = name,
                    member = member.id,
                    "fenced: {:?} timed out",
                    timer.wait
                );
                draft.fence(&[member]);
            }
        })
    }

    /// Every member has a whole session from now on.
    pub(super) fn consumer_loaded(&mut self, now: &Now<'_>) {
        let mut due = Vec::new();
        for (name, kind) in &self.groups {
            if let kind::Group::Consumer(group) = kind {
                let session_ms = Config::of(name, now.image).session_ms;
                for member in group.members().values() {
                    let mut wait = |wait, ms| {
                        let after = timers::millis(ms);
                        due.push((name.clone(), Timer::new(&member.id, wait), after));
                    };
                    if planted(Mutant::SessionsForgotten) {
                        continue;
                    }
                    wait(Wait::Session, session_ms);
                    if member.state == State::Unrevoked {
                        wait(Wait::Revocation, member.rebalance_timeout_ms);
                    }
                }
            }
        }
        for (name, timer, after) in due {
            self.timers
                .set(&name, timers::Timer::Consumer(timer), now.at + after);
        }
    }

    /// Decides something about a group that nobody waits for, if it is a consumer group.
    fn decide(
        &mut self,
        name: &str,
        now: &mut Now<'_>,
        work: impl FnOnce(&mut Draft<'_>),
    ) -> Effects<Groups> {
        let scene = scene(name, now);
        let Some(kind::Group::Consumer(group)) = self.groups.get(name) else {
            return Effects::none();
        };
        let mut draft = Draft::new(name, group, &scene);
        work(&mut draft);
        let outcome = Outcome::of(draft);
        self.carry_out(name, outcome, now)
    }

    fn carry_out(&mut self, name: &str, outcome: Outcome, now: &Now<'_>) -> Effects<Groups> {
        self.timers
            .change(name, outcome.timers, timers::Timer::Consumer, now.at);
        if let Some(kind::Group::Consumer(group)) = self.groups.get_mut(name) {
            group.watch = outcome.watch;
        }
        let mut effects = Effects::records(outcome.records);
        if outcome.match_patterns {
            let command = Command::MatchPatterns(name.to_owned());
            effects
                .errands
                .push(Errand::Then(super::Command::Consumer(command)));
        }
        if let Some(Downgrade { rebalance }) = outcome.downgrade {
            let group = name.to_owned();
            let adopt = classic::Command::Adopt { group, rebalance };
            effects
                .errands
                .push(Errand::Then(super::Command::Classic(adopt)));
        }
        effects
    }
}

fn scene<'a>(group: &str, now: &mut Now<'a>) -> Scene<'a> {
    let (most, least) = ((now.random)(), (now.random)());
    let id = u128::from(most) << 64 | u128::from(least);
    Scene {
        image: now.image,
        wall_ms: now.wall_ms,
        config: Config::of(group, now.image),
        fresh_id: Uuid::random(id.to_be_bytes()).to_string(),
    }
}

fn no_group(name: &str, missing: Missing) -> Refusal {
    Refusal::new(
        ErrorCode::GROUP_ID_NOT_FOUND,
        missing.words(name, "consumer"),
    )
}

/// The records that delete a consumer group.
pub(super) fn tombstones(name: &str, group: &Group) -> Vec<Record> {
    Scribe { group: name }.delete(group, group.members().keys().map(String::as_str))
}

#[cfg(test)]
mod tests;
