//! What a streams group is.

use super::super::Groups;
use super::super::kind::{self, Missing};
use super::decide::topics::{self, Configured};
use super::group::Phase;
use super::member::Member;
use super::tasks::Assignment;
use super::topology::Topology;
use crate::coordinator::Now;

/// A streams group at one moment.
#[derive(Clone, Debug)]
pub struct Described {
    /// How far it is.
    pub phase: Phase,
    /// Its epoch.
    pub epoch: i32,
    /// The epoch that the target assignment is for.
    pub target_epoch: i32,
    /// The topology, as it was given.
    pub topology: Option<Topology>,
    /// How many partitions its internal topics have, if they are there.
    pub configured: Option<Configured>,
    /// The members, each with what it is to have.
    pub members: Vec<(Member, Assignment)>,
}

impl Groups {
    pub(super) fn describe_streams(&self, name: &str, now: &Now<'_>) -> Result<Described, Missing> {
        let group = match self.groups.get(name) {
            Some(kind::Group::Streams(group)) => group,
            Some(_) => return Err(Missing::OfAnotherKind),
            None => return Err(Missing::Unknown),
        };
        let topology = group.topology().map(|topology| Topology::clone(topology));
        let configured = topology
            .as_ref()
            .and_then(|topology| topics::configure(topology, now.image).ok())
            .filter(Configured::is_ready);
        let with_target = |member: &Member| {
            let target = group.target_of(&member.id).cloned().unwrap_or_default();
            (member.clone(), target)
        };
        Ok(Described {
            phase: group.phase(),
            epoch: group.epoch,
            target_epoch: group.target_epoch,
            topology,
            configured,
            members: group.members().values().map(with_target).collect(),
        })
    }
}
