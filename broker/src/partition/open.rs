//! Opening a partition from what the journal recovered, and telling a checkpoint what it is.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;

use bytes::Bytes;
use ottla_protocol::ids::{NodeId, PartitionId};
use ottla_protocol::record::BatchHeader;
use ottla_raft::{HardState, Kind, Limits, Members, Point, Replica};
use ottla_runtime::sync::oneshot;
use ottla_runtime::{rand, time};
use ottla_storage::journal::RecoveredPartition;
use ottla_storage::log::{Log, LogConfig, Start};
use ottla_storage::mutants::{Mutant, planted};
use ottla_storage::{Checkpoint, Entry, EntryKind, Frame, StorageError};

use super::producers::{Effect, Producers};
use super::waiters::{Acks, Watchers};
use super::{Partition, State, state};
use crate::config::TopicConfig;
use crate::shard::Shard;

/// Why a partition cannot be opened. Nothing was changed.
#[derive(Debug)]
pub enum OpenError {
    /// Its log.
    Log(StorageError),
    /// What the journal recovered makes no log of a replica.
    Raft(ottla_raft::OpenError),
    /// The state in its checkpoint.
    State(prost::DecodeError),
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Log(e) => write!(f, "{e}"),
            Self::Raft(e) => write!(f, "the recovered consensus state is damaged: {e}"),
            Self::State(e) => write!(f, "the state in its checkpoint is damaged: {e}"),
        }
    }
}

impl std::error::Error for OpenError {}

impl Partition {
    /// Opens a replica that is the only one of its group. It stands for election at once; [`Partition::serving`]
    /// says when it serves.
    pub async fn open(
        shard: Rc<Shard>,
        id: PartitionId,
        topic: String,
        config: Arc<TopicConfig>,
        found: Option<RecoveredPartition>,
    ) -> Result<Rc<Self>, OpenError> {
        let is_new = found.is_none();
        let found = found.unwrap_or_default();
        let checkpoint = found.checkpoint.as_ref();
        let folder = Shard::log_folder(&topic, id);
        let log = open_log(&shard, id, &folder, &config, checkpoint)
            .await
            .map_err(OpenError::Log)?;
        let producers = recover_producers(&found).map_err(OpenError::State)?;
        let high_watermark = checkpoint.map_or(0, |c| c.end_offset);
        for entry in &found.entries {
            append(&log, entry).map_err(OpenError::Log)?;
        }
        let mut replica = Replica::open(
            id,
            shard.node,
            recovered(shard.node, found),
            Limits::default(),
            rand::u64(),
        )
        .map_err(OpenError::Raft)?;
        replica.campaign();
        let frames = if is_new {
            vec![Frame::Checkpoint {
                id,
                checkpoint: first_checkpoint(),
            }]
        } else {
            Vec::new()
        };
        let state = State {
            replica,
            config,
            producers,
            acks: Acks::default(),
            watchers: Watchers::default(),
            stable_watchers: Watchers::default(),
            commands: Vec::new(),
            serving: Vec::new(),
            high_watermark,
            frames,
            appended: None,
            closed: false,
        };
        let partition = Rc::new_cyclic(|me| Self {
            id,
            topic,
            shard,
            log,
            state: RefCell::new(state),
            queued: Cell::new(false),
            flushing: Cell::new(false),
            me: me.clone(),
        });
        partition.mark();
        Ok(partition)
    }

    /// Resolves when this node leads and has applied everything from before its term; `false` if that will not be.
    pub async fn serving(&self) -> bool {
        let receiver = {
            let mut state = self.state.borrow_mut();
            if state.leads() || state.closed {
                return !state.closed;
            }
            let (sender, receiver) = oneshot::channel();
            state.serving.push(sender);
            receiver
        };
        receiver.await.is_ok()
    }

    /// The leader epoch: the term.
    pub fn leader_epoch(&self) -> i32 {
        self.state.borrow().replica.term() as i32
    }

    /// This node.
    pub fn node(&self) -> NodeId {
        self.shard.node
    }

    /// Flushes the log and says what a checkpoint of it is. Only what is committed counts: the rest may still change.
    pub async fn checkpoint(&self) -> Result<Option<Frame>, StorageError> {
        if self.state.borrow().closed {
            return Ok(None);
        }
        let applied = self.state.borrow().replica.applied().index;
        self.log.flush(applied).await?;
        let mut state = self.state.borrow_mut();
        if state.closed {
            // Deleted meanwhile; nothing of it may come behind its last word in the journal.
            return Ok(None);
        }
        let oldest = time::wall_ms() - self.shard.producer_expiry_ms.get();
        state.producers.expire(oldest);
        state.producers.flushed(self.log.flushed().end_offset);
        // The state may be ahead of what is flushed: it says itself through which offset it is complete.
        let checkpoint = self.log.checkpoint(
            stored(state.replica.hard_state()),
            state::encode(&state.producers),
        );
        Ok(Some(Frame::Checkpoint {
            id: self.id,
            checkpoint,
        }))
    }
}

async fn open_log(
    shard: &Shard,
    id: PartitionId,
    folder: &Path,
    config: &TopicConfig,
    checkpoint: Option<&Checkpoint>,
) -> Result<Log, StorageError> {
    let config = log_config(config);
    let Some(checkpoint) = checkpoint else {
        // Refuses a folder with segments of which the journal knows nothing: missing is not the same as new.
        Log::open(&shard.store, id, folder, config, Start::New).await?;
        let first = first_checkpoint();
        return Log::open(&shard.store, id, folder, config, Start::From(&first)).await;
    };
    Log::open(&shard.store, id, folder, config, Start::From(checkpoint)).await
}

/// Gives the log an entry; only data has bytes there.
pub fn append(log: &Log, entry: &Entry) -> Result<(), StorageError> {
    let bytes = if entry.kind == EntryKind::Data {
        entry.body.clone()
    } else {
        Bytes::new()
    };
    log.append(
        entry.index,
        entry.term,
        entry.base_offset,
        entry.records,
        bytes,
    )
}

fn recovered(node: NodeId, found: RecoveredPartition) -> ottla_raft::Recovered {
    let members = Members::of([node]);
    let fresh = ottla_raft::Recovered::fresh(members);
    let Some(checkpoint) = found.checkpoint else {
        return fresh;
    };
    let point = Point {
        index: checkpoint.index,
        term: checkpoint.term,
        end_offset: checkpoint.end_offset,
    };
    let hard = HardState {
        term: found.hard.term,
        vote: found.hard.vote.checked_sub(1).map(|n| NodeId(n as i32)),
        commit: found.hard.commit,
    };
    let entries = found.entries.into_iter().map(|e| ottla_raft::Entry {
        index: e.index,
        term: e.term,
        kind: raft_kind(e.kind),
        base_offset: e.base_offset,
        records: e.records,
        body: e.body,
    });
    ottla_raft::Recovered {
        hard,
        point,
        entries: entries.collect(),
        ..fresh
    }
}

/// The partition exists from the moment this is durable. It says where the log of every new partition begins.
fn first_checkpoint() -> Checkpoint {
    let Point {
        index,
        term,
        end_offset,
    } = Point::INITIAL;
    let hard = stored(HardState {
        term,
        vote: None,
        commit: index,
    });
    Checkpoint {
        index,
        term,
        end_offset,
        start_offset: 0,
        tail: None,
        hard,
        state: Bytes::new(),
    }
}

fn recover_producers(found: &RecoveredPartition) -> Result<Producers, prost::DecodeError> {
    let mut producers = match &found.checkpoint {
        Some(checkpoint) => state::decode(&checkpoint.state)?,
        None => Producers::default(),
    };
    if planted(Mutant::ProducersForgotten) {
        producers = Producers::default();
    }
    for entry in found
        .entries
        .iter()
        .filter(|e| e.kind == EntryKind::Data)
        .filter(|_| !planted(Mutant::ProducersForgotten))
        .filter(|_| !planted(Mutant::TailProducersForgotten))
    {
        // Its checksum was right and it was checked when it was produced: a header that does not parse cannot be.
        let Ok(header) = BatchHeader::parse(&entry.body) else {
            continue;
        };
        if let Some(effect) = Effect::of(&entry.body) {
            producers.replay(
                effect,
                header.base_offset,
                header.last_offset(),
                header.max_timestamp,
            );
        }
    }
    Ok(producers)
}

/// What the log needs of a topic's settings.
pub fn log_config(config: &TopicConfig) -> LogConfig {
    LogConfig {
        segment_bytes: config.segment_bytes.max(0) as u64,
        // What may not stay uncompacted longer may not stay in an open segment longer.
        segment_ms: match config.compact {
            true => config.segment_ms.min(config.max_compaction_lag_ms),
            false => config.segment_ms,
        },
        // Only the policy `delete` removes by age and size; without it nothing is.
        retention_ms: config.retention_ms.filter(|_| config.delete).unwrap_or(-1),
        retention_bytes: config
            .retention_bytes
            .filter(|_| config.delete)
            .unwrap_or(-1),
        index_interval_bytes: config.index_interval_bytes.max(0) as u64,
    }
}

/// Raft's hard state as the journal keeps it: node n is n + 1 there, 0 is nobody.
pub fn stored(hard: HardState) -> ottla_storage::HardState {
    ottla_storage::HardState {
        term: hard.term,
        vote: hard.vote.map_or(0, |node| node.0 as u64 + 1),
        commit: hard.commit,
    }
}

/// A Raft entry as the journal and the log keep it.
pub fn stored_entry(entry: ottla_raft::Entry) -> Entry {
    Entry {
        index: entry.index,
        term: entry.term,
        kind: match entry.kind {
            Kind::Data => EntryKind::Data,
            Kind::Empty => EntryKind::Empty,
            Kind::Command => EntryKind::Command,
            Kind::Config => EntryKind::Config,
        },
        base_offset: entry.base_offset,
        records: entry.records,
        body: entry.body,
    }
}

fn raft_kind(kind: EntryKind) -> Kind {
    match kind {
        EntryKind::Data => Kind::Data,
        EntryKind::Empty => Kind::Empty,
        EntryKind::Command => Kind::Command,
        EntryKind::Config => Kind::Config,
    }
}
