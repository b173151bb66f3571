//! What became of a command.

use std::fmt;

use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::ids::Uuid;

use crate::config::Values;

/// The answer to a [`super::Command`].
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// It was done.
    Done,
    /// One result for each item of the command, in its order.
    Items(Vec<Result<(), Refusal>>),
    /// One result for each topic name of the command; a name given more than once has one.
    Created(Vec<Created>),
    /// One result for each topic of the command; one given more than once has one.
    Deleted(Vec<Deleted>),
    /// A block of producer ids that nobody else has.
    ProducerIds(Result<ProducerIds, Refusal>),
    /// The whole command was refused.
    Refused(Refusal),
}

/// Why a command, or an item of one, was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Kafka's code.
    pub code: ErrorCode,
    /// What was wrong, for people.
    pub message: String,
}

/// What became of one topic to be made.
#[derive(Clone, Debug, PartialEq)]
pub struct Created {
    /// Its name.
    pub name: String,
    /// The topic, or why it was not made.
    pub result: Result<CreatedTopic, Refusal>,
}

/// A topic that was made, or would have been.
#[derive(Clone, Debug, PartialEq)]
pub struct CreatedTopic {
    /// Its id; zero if it was only checked.
    pub id: Uuid,
    /// Number of partitions.
    pub partitions: i32,
    /// Replicas of each partition.
    pub replication_factor: i16,
    /// Settings given for it.
    pub overrides: Values,
}

/// What became of one topic to be deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deleted {
    /// Its name, as given, or found by id; `None` when unknown.
    pub name: Option<String>,
    /// Its id, as given, or found by name; zero when unknown.
    pub id: Uuid,
    /// Whether it is gone.
    pub result: Result<(), Refusal>,
}

/// A block of producer ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProducerIds {
    /// The first.
    pub first: i64,
    /// How many.
    pub count: i32,
}

impl Refusal {
    /// A refusal with this text.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Refusal {
        Refusal {
            code,
            message: message.into(),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code.name(), self.message)
    }
}

impl std::error::Error for Refusal {}
