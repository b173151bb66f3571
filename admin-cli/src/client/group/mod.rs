//! Groups, as their administrator sees them (`describe`, `list`, `offsets`, `shared`) and as a member does (`member`).

pub mod assignor;
pub mod describe;
pub mod embedded;
pub mod list;
pub mod member;
pub mod offsets;
pub mod shared;

use std::fmt;

use super::coordinator::Charge;

/// The protocol that a group's members speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum GroupType {
    /// The members assign the partitions themselves (JoinGroup, SyncGroup).
    Classic,
    /// The broker assigns the partitions (KIP-848).
    Consumer,
    /// The members share partitions, and acknowledge single records (KIP-932).
    Share,
    /// The broker assigns the tasks of a Streams application (KIP-1071).
    Streams,
}

impl GroupType {
    /// Kafka's name for it.
    pub const fn name(self) -> &'static str {
        match self {
            GroupType::Classic => "classic",
            GroupType::Consumer => "consumer",
            GroupType::Share => "share",
            GroupType::Streams => "streams",
        }
    }
}

impl fmt::Display for GroupType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// The group `name`, as the charge of a coordinator.
fn charge(name: &str) -> Charge {
    Charge::Group(name.to_owned())
}
