//! What crosses the mesh between handlers and the shards of share partitions: plain values.

use std::sync::Arc;

use bytes::Bytes;
use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::ids::PartitionId;
use ottla_runtime::time::Instant;

use super::flight::{Acknowledgement, Acquired};

/// A request to the shard that owns the partitions named in it.
#[derive(Debug)]
pub enum Call {
    /// Hand records out, as they are now.
    Fetch(Fetch),
    /// Answered when there may be something to be handed out; not at all after its deadline.
    Watch {
        /// The group.
        group: Arc<str>,
        /// The partitions.
        parts: Vec<PartitionId>,
        /// When nobody waits any more.
        deadline: Instant,
    },
    /// What became of records.
    Acknowledge {
        /// The group.
        group: Arc<str>,
        /// Who says it.
        member: Arc<str>,
        /// Of which.
        parts: Vec<(PartitionId, Vec<Acknowledgement>)>,
    },
    /// A session has ended.
    Release {
        /// The group.
        group: Arc<str>,
        /// The session.
        session: u64,
        /// What it has read.
        parts: Vec<PartitionId>,
    },
}

/// The answer to a [`Call`] of the same name.
#[derive(Debug)]
pub enum Answer {
    /// One per partition, in order.
    Fetch(Vec<Fetched>),
    /// Look again.
    Watch,
    /// One per partition, in order.
    Acknowledge(Vec<ErrorCode>),
    /// Done.
    Release,
}

/// What a member wants.
#[derive(Clone, Debug)]
pub struct Fetch {
    /// The group.
    pub group: Arc<str>,
    /// The member.
    pub member: Arc<str>,
    /// Its session.
    pub session: u64,
    /// The partitions, in the order in which records are handed out.
    pub parts: Vec<PartitionId>,
    /// Most records of all of them; whole batches may be more unless `strict`.
    pub max_records: i64,
    /// At how many records a range that is handed out may end.
    pub batch_size: i64,
    /// Most bytes of all of them; the first batch is whole even so.
    pub max_bytes: usize,
    /// Not one record more.
    pub strict: bool,
    /// Another shard has handed out some already, or said why not: there is nothing worth waiting for.
    pub has_news: bool,
}

/// What one share partition hands out.
#[derive(Clone, Debug, Default)]
pub struct Fetched {
    /// 0, or why there is nothing.
    pub error: ErrorCode,
    /// Whole batches as stored, in order; with what is handed out.
    pub records: Vec<Bytes>,
    /// What is handed out.
    pub acquired: Vec<Acquired>,
}

impl Fetched {
    /// Nothing but an error.
    pub fn refused(error: ErrorCode) -> Fetched {
        Fetched {
            error,
            ..Fetched::default()
        }
    }

    /// How many offsets are handed out.
    pub fn count(&self) -> i64 {
        self.acquired.iter().map(|a| a.last - a.first + 1).sum()
    }

    /// Bytes of records.
    pub fn len(&self) -> usize {
        self.records.iter().map(Bytes::len).sum()
    }

    /// Is it worth an answer?
    pub fn is_news(&self) -> bool {
        !self.is_empty() || self.error != ErrorCode::NONE
    }

    /// Is nothing handed out?
    pub fn is_empty(&self) -> bool {
        self.acquired.is_empty()
    }
}
