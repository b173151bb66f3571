//! What other shards ask of partition owners, and what they answer: plain values that cross the mesh.

use std::collections::BTreeMap;

use bytes::{Bytes, BytesMut};
use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::ids::PartitionId;
use ottla_runtime::time::Instant;
use ottla_storage::log::AbortedTxn;

pub use super::producers::{Beginning, Guard, Marker};

/// A request to the shard that owns the partitions named in it.
#[derive(Debug)]
pub enum Call {
    /// Append batches; answered when each is committed or refused.
    Produce(Produce),
    /// Read records as they are now.
    Fetch(Fetch),
    /// Answered when enough new bytes are committed or a partition goes away; not at all after its deadline.
    Watch(Watch),
    /// Look up offsets by time or special value.
    ListOffsets(Vec<ListOffset>),
    /// End offsets of leader epochs.
    EpochEnds(Vec<EpochEnd>),
    /// Advance the first offset.
    DeleteRecords(Vec<(PartitionId, i64)>),
    /// Active idempotent producers.
    Producers(Vec<PartitionId>),
    /// Producers want to write transactionally.
    Begin(Vec<(PartitionId, Beginning)>),
    /// Append markers of ended transactions; answered when each is committed or refused.
    Markers(Vec<EndTxn>),
    /// Bytes on disk of every partition of the shard.
    Sizes,
}

/// The answer to a [`Call`] of the same name.
#[derive(Debug)]
pub enum Answer {
    /// One per part, in order.
    Produce(Vec<Produced>),
    /// One per part, in order.
    Fetch(Vec<Fetched>),
    /// Look again.
    Watch,
    /// One per part, in order.
    ListOffsets(Vec<Result<Listed, ErrorCode>>),
    /// One per part, in order.
    EpochEnds(Vec<Result<(i32, i64), ErrorCode>>),
    /// The new first offset, one per part, in order.
    DeleteRecords(Vec<Result<i64, ErrorCode>>),
    /// One per part, in order.
    Producers(Vec<Result<Vec<ActiveProducer>, ErrorCode>>),
    /// One per part, in order: `None` where the transaction is open, else the guard with which it may begin.
    Begin(Vec<Result<Option<Guard>, ErrorCode>>),
    /// One per part, in order.
    Markers(Vec<Result<(), ErrorCode>>),
    /// Bytes by partition.
    Sizes(BTreeMap<PartitionId, u64>),
}

/// Batches for partitions of one shard.
#[derive(Debug)]
pub struct Produce {
    /// The batches, one per partition, each with the guard of the transaction that it may begin.
    pub parts: Vec<(PartitionId, BytesMut, Guard)>,
    /// What the request says of all of them.
    pub rules: ProduceRules,
}

/// What decides on a batch apart from the batch and its topic.
#[derive(Clone, Copy, Debug)]
pub struct ProduceRules {
    /// Version of the Produce request.
    pub version: i16,
    /// -1, 0 or 1.
    pub acks: i16,
    /// Does the request carry a transactional id?
    pub transactional: bool,
    /// Does the first batch of a transaction need a guard?
    pub guarded: bool,
    /// Is it the broker's own state? That is small and decides what can be deleted: it may use the disk's reserve. Its
    /// batches have no sequences.
    pub own: bool,
}

/// What became of one batch.
#[derive(Clone, Debug, Default)]
pub struct Produced {
    /// 0 if it is committed.
    pub error: ErrorCode,
    /// Offset of its first record, -1 with an error.
    pub base_offset: i64,
    /// The broker's timestamp of a LogAppendTime topic, else -1.
    pub log_append_time: i64,
    /// First offset of the log, -1 with an error.
    pub log_start_offset: i64,
    /// Records at fault, by their place in the batch.
    pub record_errors: Vec<(i32, &'static str)>,
    /// What is wrong, in words.
    pub message: Option<String>,
}

impl Produced {
    /// The batch was not appended.
    pub fn refused(error: ErrorCode) -> Self {
        Self {
            error,
            base_offset: -1,
            log_append_time: -1,
            log_start_offset: -1,
            ..Self::default()
        }
    }
}

/// A read of partitions of one shard.
#[derive(Debug)]
pub struct Fetch {
    /// The partitions, in the order in which bytes are handed out.
    pub parts: Vec<FetchPart>,
    /// Most bytes of all of them together; the first batch is whole even so.
    pub max_bytes: usize,
    /// Stop at the last stable offset (read_committed)?
    pub committed_only: bool,
}

/// A read of one partition.
#[derive(Clone, Copy, Debug)]
pub struct FetchPart {
    /// The partition.
    pub id: PartitionId,
    /// First offset wanted.
    pub offset: i64,
    /// Most bytes wanted of it.
    pub max_bytes: usize,
    /// Leader epoch that the client knows, -1 for none.
    pub current_leader_epoch: i32,
    /// Epoch of the last record that the client has, -1 for none.
    pub last_fetched_epoch: i32,
}

/// What one partition has for a fetch.
#[derive(Clone, Debug)]
pub struct Fetched {
    /// 0, or why there is nothing.
    pub error: ErrorCode,
    /// First offset not committed, -1 with an error.
    pub high_watermark: i64,
    /// First offset that a read_committed consumer may not have, -1 with an error.
    pub last_stable_offset: i64,
    /// First offset of the log, -1 with an error.
    pub log_start_offset: i64,
    /// Whole batches as stored, in order.
    pub records: Vec<Bytes>,
    /// The aborted transactions that have records among them, if the read was of committed ones only.
    pub aborted: Option<Vec<AbortedTxn>>,
    /// The client's log went another way: (epoch, end offset) up to which it may agree (KIP-595).
    pub diverging: Option<(i32, i64)>,
}

impl Fetched {
    /// Nothing but an error.
    pub fn refused(error: ErrorCode) -> Self {
        Self {
            error,
            high_watermark: -1,
            last_stable_offset: -1,
            log_start_offset: -1,
            records: Vec::new(),
            aborted: None,
            diverging: None,
        }
    }

    /// Leaves the records for the next fetch.
    pub fn drop_records(&mut self) {
        self.records.clear();
        if let Some(aborted) = &mut self.aborted {
            aborted.clear();
        }
    }

    /// Bytes of records.
    pub fn len(&self) -> usize {
        self.records.iter().map(Bytes::len).sum()
    }

    /// No records?
    pub fn is_empty(&self) -> bool {
        self.records.iter().all(Bytes::is_empty)
    }
}

/// A wait for new records on partitions of one shard.
#[derive(Debug)]
pub struct Watch {
    /// Each partition, and the offset up to which the fetch could read: if it moved since, the answer comes at once.
    pub parts: Vec<(PartitionId, i64)>,
    /// Does the last stable offset bound the fetch, not the high watermark?
    pub committed_only: bool,
    /// Bytes to wait for, over all of them.
    pub missing: i64,
    /// When nobody waits for the answer any more.
    pub deadline: Instant,
}

/// One partition's question of a ListOffsets request.
#[derive(Clone, Copy, Debug)]
pub struct ListOffset {
    /// The partition.
    pub id: PartitionId,
    /// A time in ms, or one of Kafka's negative special values.
    pub timestamp: i64,
    /// Leader epoch that the client knows, -1 for none.
    pub current_leader_epoch: i32,
    /// Only what a read_committed consumer may have?
    pub committed_only: bool,
}

/// An offset found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listed {
    /// The offset, -1 for none.
    pub offset: i64,
    /// The timestamp found, -1 where none belongs to the question.
    pub timestamp: i64,
    /// Leader epoch of the record, -1 for none.
    pub leader_epoch: i32,
}

/// One partition's question of an OffsetForLeaderEpoch request.
#[derive(Clone, Copy, Debug)]
pub struct EpochEnd {
    /// The partition.
    pub id: PartitionId,
    /// Leader epoch that the client knows, -1 for none.
    pub current_leader_epoch: i32,
    /// The epoch asked about.
    pub leader_epoch: i32,
}

/// A producer as DescribeProducers shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ActiveProducer {
    /// Producer id.
    pub producer_id: i64,
    /// Producer epoch.
    pub epoch: i16,
    /// Sequence of its last record, -1 for none.
    pub last_sequence: i32,
    /// Timestamp of its last batch or marker, ms, -1 for none.
    pub last_timestamp: i64,
    /// Epoch of the coordinator that ended its last transaction, -1 for none.
    pub coordinator_epoch: i32,
    /// First offset of its open transaction, -1 for none.
    pub txn_start: i64,
}

/// The end of a producer's transaction in one partition, as a coordinator wants it written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EndTxn {
    /// The partition.
    pub id: PartitionId,
    /// What is written.
    pub marker: Marker,
    /// The transaction version that the coordinator works by; decides which epochs are stale.
    pub version: i8,
}
