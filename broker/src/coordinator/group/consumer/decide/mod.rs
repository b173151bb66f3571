//! What a consumer group decides: from what is kept of it and what is asked, to records, an answer and timers. Pure.
//!
//! | file | what |
//! |---|---|
//! | [`heartbeat`] | a member joins, reports, or leaves |
//! | [`assign`] | topics, epoch, target assignment |
//! | [`reconcile`] | a member's way to its target |
//! | [`patterns`] | subscriptions by pattern |
//! | [`fence`] | members are removed |
//! | [`classic`] | members that speak the classic protocol |
//! | [`downgrade`] | the group becomes a classic one |
//! | [`re2`] | patterns |
//!
//! A [`Draft`] is a decision in the making. The group does not change while one is made: what is decided is in the records alone.

pub mod assign;
pub mod classic;
pub mod downgrade;
pub mod fence;
pub mod heartbeat;
pub mod patterns;
mod re2;
pub mod reconcile;

use ottla_protocol::error_code::ErrorCode;

use self::downgrade::Downgrade;
use super::super::Record;
use super::super::timers::{Change, millis};
use super::config::Config;
use super::group::{Group, Watch};
use super::member::Member;
use super::records::Scribe;
use super::{Timer, Wait};
use crate::metadata::Image;

/// Why something is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The code.
    pub code: ErrorCode,
    /// For people.
    pub message: String,
}

impl Refusal {
    /// A refusal.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Refusal {
        Refusal {
            code,
            message: message.into(),
        }
    }
}

/// What a decision may look at besides the group.
pub struct Scene<'a> {
    /// The cluster.
    pub image: &'a Image,
    /// The wall clock, ms.
    pub wall_ms: i64,
    /// The group's settings.
    pub config: Config,
    /// An id for a member that has none.
    pub fresh_id: String,
}

/// A decision in the making.
pub struct Draft<'a> {
    /// The group, as it is kept.
    pub group: &'a Group,
    /// What else there is to look at.
    pub scene: &'a Scene<'a>,
    /// What is to be written.
    pub records: Vec<Record>,
    /// What becomes of timers.
    pub timers: Vec<Change<Timer>>,
    /// The patterns are to be matched with the topics that there are.
    pub match_patterns: bool,
    /// What the group watches, as it is from now on.
    pub watch: Watch,
    /// The group is a classic one from now on.
    pub downgrade: Option<Downgrade>,
    scribe: Scribe<'a>,
}

impl<'a> Draft<'a> {
    /// Nothing decided yet about the group of this name.
    pub fn new(name: &'a str, group: &'a Group, scene: &'a Scene<'a>) -> Self {
        Draft {
            group,
            scene,
            records: Vec::new(),
            timers: Vec::new(),
            match_patterns: false,
            watch: group.watch,
            downgrade: None,
            scribe: Scribe { group: name },
        }
    }

    /// Nothing is decided after all.
    pub fn forget(&mut self) {
        *self = Draft::new(self.scribe.group, self.group, self.scene);
    }

    /// Writes a member down if it is not as it was; says whether it wants other topics by name.
    fn describe(&mut self, before: &Member, after: &Member) -> bool {
        if before == after {
            return false;
        }
        self.records.push(self.scribe.member(after));
        before.topics != after.topics
    }

    fn set(&mut self, member: &str, wait: Wait, ms: i32) {
        let timer = Timer::new(member, wait);
        self.timers.push(Change::Set(timer, millis(ms)));
    }

    fn cancel(&mut self, member: &str, wait: Wait) {
        self.timers.push(Change::Cancel(Timer::new(member, wait)));
    }
}
