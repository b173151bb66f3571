//! Compaction of a shard's partitions: which one, and what its log has to know for it.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use ottla_protocol::ids::PartitionId;
use ottla_runtime::{task, time};
use ottla_storage::log::clean::{Cleaned, Cleaning, Dirtiness, LastOfProducer, Policy};
use ottla_storage::{Frame, StorageError};

use super::Partition;
use super::table::Partitions;
use crate::config::TopicConfig;
use crate::config::broker::CleanerConfig;

/// Partitions looked at before others get their turn.
const LOOKS: usize = 64;

/// Compacts the logs of one shard, one at a time.
pub struct Compactor {
    partitions: Rc<Partitions>,
    /// Most bytes for the table of keys.
    memory: usize,
    /// Of which a round has failed: left alone until the next start, so that the others have their turn.
    failed: RefCell<BTreeSet<PartitionId>>,
    /// There was no room on the disk for any round when one was due last.
    no_room: Cell<bool>,
}

impl Compactor {
    /// Of these partitions, with `memory` bytes for the table of keys.
    pub fn new(partitions: Rc<Partitions>, memory: usize) -> Self {
        Self {
            partitions,
            memory,
            failed: RefCell::default(),
            no_room: Cell::new(false),
        }
    }

    /// One round on the log with the largest dirty part among those where it is time and for which there is room on the disk.
    /// False when there was nothing to do, or nothing could be done.
    pub async fn compact_dirtiest(&self, config: &CleanerConfig) -> bool {
        let mut due = self.due().await;
        if due.is_empty() {
            return false;
        }
        due.sort_by(|a, b| b.1.ratio().total_cmp(&a.1.ratio()));
        let shard = self.partitions.shard();
        shard.measure_disk().await;
        let room = |(partition, dirt): (_, Dirtiness)| {
            let aside = shard.disk.set_aside(dirt.room).ok()?;
            Some((partition, dirt, aside))
        };
        let Some((partition, dirt, aside)) = due.into_iter().find_map(room) else {
            self.note_no_room();
            return false;
        };
        self.no_room.set(false);
        let shards = i64::from(shard.count);
        let table = usize::try_from(config.table_bytes / shards).unwrap_or(0);
        let memory = self.memory.min(table);
        let compacted = partition.compact(&dirt, config, memory).await;
        drop(aside);
        shard.measure_disk().await;
        match compacted {
            Ok(cleaned) => cleaned.segments_after > 0,
            Err(error) => {
                self.note_failed(&partition, &error);
                false
            }
        }
    }

    /// The logs that are dirty enough, and how dirty.
    async fn due(&self) -> Vec<(Rc<Partition>, Dirtiness)> {
        let mut due = Vec::new();
        for (i, partition) in self.partitions.all().into_iter().enumerate() {
            if i % LOOKS == LOOKS - 1 {
                task::yield_now().await;
            }
            if self.failed.borrow().contains(&partition.id()) {
                continue;
            }
            match partition.dirtiness().await {
                Ok(Some(dirt)) => due.push((partition, dirt)),
                Ok(None) => {}
                Err(error) => self.note_failed(&partition, &error),
            }
        }
        due
    }

    /// Nothing is compacted for want of room: said once, until there is room again.
    fn note_no_room(&self) {
        let shard = self.partitions.shard();
        shard.metrics.compactions_refused.inc();
        if !self.no_room.replace(true) {
            let full = shard.disk.full();
            tracing::warn!(shard = shard.id, "nothing is compacted: {full}");
        }
    }

    fn note_failed(&self, partition: &Partition, error: &StorageError) {
        let (id, topic) = (partition.id(), partition.topic());
        if matches!(error, StorageError::Io(e) if e.kind() == std::io::ErrorKind::StorageFull) {
            tracing::warn!(partition = %id, topic, "no room on the disk to compact in: {error}");
            return;
        }
        tracing::error!(partition = %id, topic, "compaction failed, it is tried again after the next start: {error}");
        self.partitions.shard().metrics.compactions_failed.inc();
        self.failed.borrow_mut().insert(id);
    }
}

/// What of a topic's settings says when its logs are compacted.
fn policy(config: &TopicConfig) -> Policy {
    Policy {
        min_dirty_ratio: config.min_cleanable_dirty_ratio,
        min_lag_ms: config.min_compaction_lag_ms,
        max_lag_ms: config.max_compaction_lag_ms,
    }
}

impl Partition {
    /// How dirty the log is, if it is to be compacted and it is time.
    async fn dirtiness(&self) -> Result<Option<Dirtiness>, StorageError> {
        let config = {
            let state = self.state.borrow();
            if state.closed || !state.config.compact {
                return Ok(None);
            }
            state.config.clone()
        };
        if self.log.closes_unflushed() {
            // Only segments can be compacted, and a slow topic's records may stay out of theirs for long.
            let applied = self.state.borrow().replica.applied().index;
            self.log.flush(applied).await?;
        }
        let policy = policy(&config);
        let limit = self.last_stable_offset();
        let dirt = self.log.dirtiness(&policy, time::wall_ms(), limit).await?;
        Ok(dirt.is_due(&policy).then_some(dirt))
    }

    async fn compact(
        &self,
        dirt: &Dirtiness,
        config: &CleanerConfig,
        memory: usize,
    ) -> Result<Cleaned, StorageError> {
        let began = time::now();
        let Some(frame) = self.checkpoint().await? else {
            return Ok(Cleaned::default());
        };
        // After a crash the log goes on in the segment that was open by the newest checkpoint: what is compacted must be closed
        // by one that is durable.
        let open = match &frame {
            Frame::Checkpoint { checkpoint, .. } => checkpoint.tail.map_or(0, |tail| tail.segment),
            _ => 0,
        };
        if let Err(failed) = self.shard.journal.append(vec![frame]).await {
            return Err(StorageError::Io(std::io::Error::other(failed.to_string())));
        }
        let until = dirt.until.min(open).min(self.last_stable_offset());
        let aborted = {
            let state = self.state.borrow();
            state.producers.aborted(i64::MIN, until).collect()
        };
        let cleaning = Cleaning {
            until,
            now_ms: time::wall_ms(),
            delete_retention_ms: self.state.borrow().config.delete_retention_ms,
            producers: self.last_of_producers(),
            aborted,
            memory,
            load: config.load_factor,
            bytes_per_second: config.bytes_per_second,
        };
        let cleaned = self.log.clean(&cleaning).await?;
        let metrics = &self.shard.metrics;
        metrics.compactions.inc();
        metrics.compaction_time.record(began.elapsed());
        metrics.compacted_bytes.add(cleaned.bytes_before);
        metrics.compacted_left_bytes.add(cleaned.bytes_after);
        tracing::info!(
            partition = %self.id,
            topic = self.topic,
            dirty = dirt.dirty_bytes,
            before = cleaned.bytes_before,
            after = cleaned.bytes_after,
            segments = cleaned.segments_before,
            left = cleaned.segments_after,
            "compacted"
        );
        Ok(cleaned)
    }

    fn last_of_producers(&self) -> BTreeMap<i64, LastOfProducer> {
        let state = self.state.borrow();
        let (committed, _) = state.producers.committed();
        let last = |(id, producer): (&i64, &super::producers::Producer)| {
            let last = LastOfProducer {
                epoch: producer.epoch,
                offset: producer.batches.back().map(|b| b.last_offset),
            };
            (*id, last)
        };
        committed.iter().map(last).collect()
    }
}

#[cfg(test)]
mod tests;
