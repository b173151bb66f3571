//! Share groups: many members may read one partition, each record goes to one of them (KIP-932).
//!
//! | file | what |
//! |---|---|
//! | [`group`] | what is kept |
//! | [`records`], [`replay`] | to and from the log |
//! | [`heartbeat`] | a member joins, reports, leaves |
//! | [`assign`] | who reads what |
//! | [`offsets`] | which partitions have state with the share coordinator, and who changes it |
//!
//! The state of a partition is the share coordinator's. Whoever asked is told which of it is to be made or deleted, does that, and
//! says that it is done: no member is given a partition before.

mod assign;
pub mod group;
pub mod heartbeat;
pub mod offsets;
mod records;
mod replay;

use std::collections::{BTreeMap, BTreeSet};

use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::ids::Uuid;

pub use self::group::{Group, Member};
pub use self::heartbeat::{Beat, Heartbeat};
pub use self::offsets::{AlteredTopic, Known, OldOffsets};
pub(super) use self::records::tombstones;
use super::kind::{self, Missing};
use super::{Groups, timers};
use crate::config::group_number;
use crate::coordinator::{Ask, Effects, Now};
use crate::metadata::{ConfigResource, Image};

/// Partitions of topics.
pub type Partitions = BTreeMap<Uuid, BTreeSet<i32>>;

/// What share groups can be asked.
#[derive(Debug)]
pub enum Command {
    /// A member joins, reports or leaves.
    Heartbeat(Heartbeat),
    /// What are these groups?
    Describe(Vec<String>),
    /// The share coordinator has state of these partitions of a group now; of the others that it was to make, it has not.
    Initialized {
        /// The group.
        group: String,
        /// Those that it has.
        done: Partitions,
        /// Those that it has not.
        failed: Partitions,
    },
    /// Which partitions have state?
    Known(String),
    /// The state is to be made anew, to begin elsewhere.
    Alter {
        /// The group.
        group: String,
        /// Topics, and partitions with their offsets.
        topics: Vec<(String, Vec<(i32, i64)>)>,
    },
    /// State is to be deleted: of these topics, or of all.
    Delete {
        /// The group.
        group: String,
        /// The topics; `None`: all, and the group will go.
        topics: Option<Vec<String>>,
    },
    /// The share coordinator has no state of these topics any more.
    Deleted {
        /// The group.
        group: String,
        /// The topics.
        topics: Vec<Uuid>,
    },
}

/// What they answer.
#[derive(Debug)]
pub enum Answer {
    /// To a member.
    Beat(Result<Beat, Refusal>),
    /// The groups, in order.
    Described(Vec<Result<Group, Missing>>),
    /// It is noted.
    Noted,
    /// Partitions with state, by topic.
    Known(Result<Known, Missing>),
    /// The group's epoch, and each topic.
    Altering(Result<(i32, Vec<AlteredTopic>), Refusal>),
    /// What is to be deleted, by topic.
    Deleting(Result<Vec<OldOffsets>, Refusal>),
}

/// Why not, in Kafka's code and in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The code.
    pub code: ErrorCode,
    /// The words.
    pub message: String,
}

impl Refusal {
    fn new(code: ErrorCode, message: impl Into<String>) -> Refusal {
        Refusal {
            code,
            message: message.into(),
        }
    }

    fn no_group(name: &str, missing: Missing) -> Refusal {
        Refusal::new(ErrorCode::GROUP_ID_NOT_FOUND, missing.words(name, "share"))
    }
}

/// What a share group waits for: that this member reports.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timer(pub String);

/// A number that the group goes by.
fn setting(group: &str, image: &Image, name: &str) -> i64 {
    let own = image.config(&ConfigResource::Group(group.to_owned()));
    let broker = &image.broker_config.settings;
    group_number(broker, own.map(AsRef::as_ref), "share", name)
}

impl Groups {
    /// Hears what is asked of share groups.
    pub(super) fn share(
        &mut self,
        command: Command,
        ask: Ask,
        now: &mut Now<'_>,
    ) -> Effects<Groups> {
        match command {
            Command::Heartbeat(heartbeat) => self.share_heartbeat(&heartbeat, ask, now),
            Command::Describe(names) => {
                let groups = names.iter().map(|name| self.share_group(name).cloned());
                answer(ask, Answer::Described(groups.collect()))
            }
            Command::Initialized {
                group,
                done,
                failed,
            } => self.share_initialized(&group, &done, &failed, ask),
            Command::Known(group) => {
                let known = self.share_group(&group).map(Group::known);
                answer(ask, Answer::Known(known))
            }
            Command::Alter { group, topics } => self.share_alter(&group, topics, ask, now),
            Command::Delete { group, topics } => self.share_delete(&group, topics, ask, now),
            Command::Deleted { group, topics } => self.share_deleted(&group, &topics, ask),
        }
    }

    /// The share group of this name.
    fn share_group(&self, name: &str) -> Result<&Group, Missing> {
        match self.groups.get(name) {
            Some(kind::Group::Share(group)) => Ok(group),
            Some(_) => Err(Missing::OfAnotherKind),
            None => Err(Missing::Unknown),
        }
    }

    /// A member has not reported in time.
    pub(super) fn share_timer(
        &mut self,
        name: &str,
        timer: &Timer,
        now: &mut Now<'_>,
    ) -> Effects<Groups> {
        let Ok(group) = self.share_group(name) else {
            return Effects::none();
        };
        let Some(member) = group.members.get(&timer.0) else {
            return Effects::none();
        };
        tracing::info!(group = name, member = member.id, "its session timed out");
        Effects::records(heartbeat::fence(name, group, member, now.image))
    }

    /// Every member has a whole session from now on.
    pub(super) fn share_loaded(&mut self, now: &Now<'_>) {
        let mut members = Vec::new();
        for (name, group) in &self.groups {
            if let kind::Group::Share(group) = group {
                members.extend(group.members.keys().map(|id| (name.clone(), id.clone())));
            }
        }
        for (name, member) in members {
            self.share_heard(&name, &member, now);
        }
    }

    /// A sign of life.
    fn share_heard(&mut self, name: &str, member: &str, now: &Now<'_>) {
        let session = setting(name, now.image, "session.timeout.ms");
        let after = std::time::Duration::from_millis(u64::try_from(session).unwrap_or(0));
        let timer = timers::Timer::Share(Timer(member.to_owned()));
        self.timers.set(name, timer, now.at + after);
    }
}

fn answer(ask: Ask, answer: Answer) -> Effects<Groups> {
    Effects::answer(ask, super::Answer::Share(answer))
}

#[cfg(test)]
mod tests;
