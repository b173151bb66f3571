//! A group of any kind, and the questions that all kinds answer.

use ottla_protocol::error_code::ErrorCode;

use super::offsets::{Commit, Committed};
use super::{Record, classic, consumer, share, streams};

/// A group.
pub enum Group {
    /// Of the protocol in which a member assigns. A group without members that only holds offsets is one, too.
    Classic(classic::Group),
    /// Of the protocol in which the coordinator assigns.
    Consumer(consumer::Group),
    /// Of the protocol in which members share partitions.
    Share(share::Group),
    /// Of the protocol in which the coordinator assigns tasks of a Streams application.
    Streams(streams::Group),
}

/// From when the time counts after which offsets are forgotten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expiry {
    /// From this moment, wall clock, ms.
    Since(i64),
    /// From each offset's commit.
    SinceCommit,
}

/// Why there is no group of the kind that is asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// There is none of that name.
    Unknown,
    /// It is of another kind.
    OfAnotherKind,
}

impl Missing {
    /// In Kafka's words; the kind as [`Group::kind`] says it.
    pub fn words(self, name: &str, kind: &str) -> String {
        match self {
            Missing::Unknown => format!("Group {name} not found."),
            Missing::OfAnotherKind => format!("Group {name} is not a {kind} group."),
        }
    }
}

impl Group {
    /// The classic group that it is.
    pub fn as_classic(&self) -> Option<&classic::Group> {
        match self {
            Group::Classic(group) => Some(group),
            Group::Consumer(_) | Group::Share(_) | Group::Streams(_) => None,
        }
    }

    /// The classic group that it is.
    pub fn as_classic_mut(&mut self) -> Option<&mut classic::Group> {
        match self {
            Group::Classic(group) => Some(group),
            Group::Consumer(_) | Group::Share(_) | Group::Streams(_) => None,
        }
    }

    /// The type, as ListGroups says it.
    pub fn kind(&self) -> &'static str {
        match self {
            Group::Classic(_) => "classic",
            Group::Consumer(_) => "consumer",
            Group::Share(_) => "share",
            Group::Streams(_) => "streams",
        }
    }

    /// The state, as ListGroups says it.
    pub fn state(&self) -> &'static str {
        match self {
            Group::Classic(group) => group.state().name(),
            Group::Consumer(group) => group.phase().name(),
            Group::Share(group) => group.state(),
            Group::Streams(group) => group.phase().name(),
        }
    }

    /// The protocol type, as ListGroups says it.
    pub fn protocol_type(&self) -> &str {
        match self {
            Group::Classic(group) => group.protocol_type().unwrap_or(""),
            Group::Consumer(_) => classic::group::CONSUMER,
            Group::Share(_) => "share",
            Group::Streams(_) => "streams",
        }
    }

    /// Is nobody a member? Then it may be deleted.
    pub fn is_empty(&self) -> bool {
        match self {
            Group::Classic(group) => group.is_empty(),
            Group::Consumer(group) => group.members().is_empty(),
            Group::Share(group) => group.members.is_empty(),
            Group::Streams(group) => group.members().is_empty(),
        }
    }

    /// May a classic group take its name?
    pub fn gives_way_to_classic(&self) -> bool {
        match self {
            Group::Classic(_) | Group::Consumer(_) | Group::Streams(_) => self.is_empty(),
            // Its readers' state is kept elsewhere, and would be left behind.
            Group::Share(_) => false,
        }
    }

    /// Does nothing but its offsets stand in the log? It was made by a commit of nobody's.
    pub fn is_simple(&self) -> bool {
        match self {
            Group::Classic(group) => group.is_simple(),
            Group::Consumer(_) | Group::Share(_) | Group::Streams(_) => false,
        }
    }

    /// Does a member read this topic?
    pub fn is_subscribed_to(&self, topic: &str) -> bool {
        match self {
            Group::Classic(group) => group.is_subscribed_to(topic),
            Group::Consumer(group) => group.is_subscribed_to(topic),
            Group::Share(group) => group.is_subscribed_to(topic),
            Group::Streams(group) => group.is_subscribed_to(topic),
        }
    }

    /// May this member commit these, in a transaction or not?
    ///
    /// # Errors
    /// Kafka's code for why not.
    pub fn validate_commit(&self, commit: &Commit) -> Result<(), ErrorCode> {
        match self {
            Group::Classic(group) => group.validate_commit(&commit.member, commit.txn.is_some()),
            Group::Consumer(group) => group.validate_commit(commit),
            Group::Streams(group) => group.validate_commit(commit),
            Group::Share(_) => Err(ErrorCode::GROUP_ID_NOT_FOUND),
        }
    }

    /// May this member, by id and epoch, hear what was committed?
    ///
    /// # Errors
    /// Kafka's code for why not.
    pub fn validate_fetch(&self, member: Option<&(String, i32)>) -> Result<(), ErrorCode> {
        match self {
            Group::Classic(_) => Ok(()),
            Group::Consumer(group) => group.validate_fetch(member),
            Group::Streams(group) => group.validate_fetch(member),
            Group::Share(_) => Err(ErrorCode::GROUP_ID_NOT_FOUND),
        }
    }

    /// May single offsets be deleted?
    ///
    /// # Errors
    /// Kafka's code for why not.
    pub fn validate_offset_delete(&self) -> Result<(), ErrorCode> {
        match self {
            Group::Classic(group) => group.validate_offset_delete(),
            Group::Consumer(_) | Group::Streams(_) => Ok(()),
            Group::Share(_) => Err(ErrorCode::GROUP_ID_NOT_FOUND),
        }
    }

    /// May the group be deleted?
    ///
    /// # Errors
    /// Kafka's code for why not.
    pub fn validate_delete(&self) -> Result<(), ErrorCode> {
        match self {
            Group::Classic(group) => group.validate_delete(),
            Group::Consumer(_) | Group::Share(_) | Group::Streams(_) => match self.is_empty() {
                true => Ok(()),
                false => Err(ErrorCode::NON_EMPTY_GROUP),
            },
        }
    }

    /// When its offsets are forgotten; `None`: never, as it is now.
    pub fn expiry(&self) -> Option<Expiry> {
        match self {
            Group::Classic(group) => group.expiry(),
            Group::Consumer(_) | Group::Streams(_) => Some(Expiry::SinceCommit),
            Group::Share(_) => None,
        }
    }

    /// The records that delete the group, its offsets apart.
    pub fn tombstones(&self, name: &str) -> Vec<Record> {
        match self {
            Group::Classic(_) => vec![classic::tombstone(name)],
            Group::Consumer(group) => consumer::tombstones(name, group),
            Group::Share(group) => share::tombstones(name, group),
            Group::Streams(group) => streams::tombstones(name, group),
        }
    }
}

impl Expiry {
    /// Is this offset old enough to be forgotten?
    pub fn has_come(self, offset: &Committed, retention_ms: i64, now_ms: i64) -> bool {
        let since = match self {
            Expiry::Since(ms) => ms,
            Expiry::SinceCommit => offset.commit_ms,
        };
        match offset.expire_ms {
            Some(at) => now_ms >= at,
            None => now_ms.saturating_sub(since) >= retention_ms,
        }
    }
}
