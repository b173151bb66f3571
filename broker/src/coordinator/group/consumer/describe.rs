//! What a consumer group is.

use super::super::Groups;
use super::super::assignor::Partitions;
use super::super::kind::{self, Missing};
use super::config::Config;
use super::group::Phase;
use super::member::Member;
use crate::coordinator::Now;

/// A consumer group at one moment.
#[derive(Clone, Debug)]
pub struct Described {
    /// How far it is.
    pub phase: Phase,
    /// Its epoch.
    pub epoch: i32,
    /// The epoch that the target assignment is for.
    pub target_epoch: i32,
    /// The assignor that most of the members prefer.
    pub assignor: String,
    /// The members, each with what it is to have.
    pub members: Vec<(Member, Partitions)>,
}

impl Groups {
    pub(super) fn describe_consumer(
        &self,
        name: &str,
        now: &Now<'_>,
    ) -> Result<Described, Missing> {
        let group = match self.groups.get(name) {
            Some(kind::Group::Consumer(group)) => group,
            Some(_) => return Err(Missing::OfAnotherKind),
            None => return Err(Missing::Unknown),
        };
        let with_target = |member: &Member| {
            let target = group.target_of(&member.id).cloned().unwrap_or_default();
            (member.clone(), target)
        };
        let default = || Config::of(name, now.image).default_assignor().name();
        Ok(Described {
            phase: group.phase(),
            epoch: group.epoch,
            target_epoch: group.target_epoch,
            assignor: group
                .assignors()
                .favourite()
                .unwrap_or_else(default)
                .to_owned(),
            members: group.members().values().map(with_target).collect(),
        })
    }
}
