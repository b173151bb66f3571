//! What a streams group decides: from what is kept of it and what is asked, to records, an answer and timers. Pure.
//!
//! | file | what |
//! |---|---|
//! | [`heartbeat`] | a member joins, reports, or leaves |
//! | [`topics`], [`partitions`] | the topology held against the topics that there are |
//! | [`assign`], [`sticky`] | target assignment |
//! | [`reconcile`] | a member's way to its target |
//! | [`endpoints`] | who has what, for queries |
//!
//! A [`Draft`] is a decision in the making. The group does not change while one is made: what is decided is in the records alone.

mod assign;
pub mod endpoints;
pub mod heartbeat;
pub mod partitions;
mod reconcile;
pub mod sticky;
pub mod topics;

use super::super::Record;
use super::super::timers::{Change, millis};
use super::config::Config;
use super::group::{Group, Soft};
use super::member::Member;
use super::records::{Epoch, Scribe};
use super::{Status, Timer, Wait};
use crate::metadata::Image;

/// What a decision may look at besides the group.
pub struct Scene<'a> {
    /// The cluster.
    pub image: &'a Image,
    /// The wall clock, ms.
    pub wall_ms: i64,
    /// The group's settings.
    pub config: Config,
    /// The group waits for further members before it assigns.
    pub delayed: bool,
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
    /// What is not kept, as it is from now on.
    pub soft: Soft,
    name: &'a str,
    scribe: Scribe<'a>,
    /// What the members are to know, and why.
    status: Vec<(Status, String)>,
}

impl<'a> Draft<'a> {
    /// Nothing decided yet about the group of this name.
    pub fn new(name: &'a str, group: &'a Group, scene: &'a Scene<'a>) -> Self {
        Draft {
            group,
            scene,
            records: Vec::new(),
            timers: Vec::new(),
            soft: group.soft.clone(),
            name,
            scribe: Scribe { group: name },
            status: Vec::new(),
        }
    }

    /// Removes a member: it left, went silent, or did not give up what it had to. Nothing is assigned before another one reports.
    pub fn fence(&mut self, member: &Member) {
        self.records.extend(self.scribe.remove_member(&member.id));
        let epoch = self.scribe.epoch(&Epoch {
            epoch: self.group.epoch + 1,
            metadata_hash: self.group.metadata_hash,
            validated_topology: self.group.validated_topology,
            configs: &self.group.assignment_configs,
        });
        self.records.push(epoch);
        for wait in [Wait::Session, Wait::Revocation] {
            let timer = Timer::of(&member.id, wait);
            self.timers.push(Change::Cancel(timer));
        }
    }

    fn set(&mut self, member: &str, wait: Wait, ms: i32) {
        let timer = Timer::of(member, wait);
        self.timers.push(Change::Set(timer, millis(ms)));
    }

    fn tell(&mut self, status: Status, detail: impl Into<String>) {
        self.status.push((status, detail.into()));
    }
}
