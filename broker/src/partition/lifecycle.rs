//! Makes the partitions of a shard those of the image: opens what is new, closes and deletes what is gone.

use std::collections::BTreeSet;
use std::rc::Rc;
use std::sync::Arc;

use ottla_protocol::ids::{PartitionId, Uuid};
use ottla_runtime::{fs, time};
use ottla_storage::mutants::{Mutant, planted};
use ottla_storage::{Frame, StorageError};

use super::Partition;
use super::table::Partitions;
use crate::config::TopicConfig;
use crate::metadata::Image;
use crate::shard::checkpoint::{Local, Source};
use crate::shard::placement;

impl Partitions {
    /// Opens, configures and deletes until the partitions here are those that the image has for this shard. Answers
    /// with those that were opened and not told of yet, each with its leader epoch; they serve.
    ///
    /// One at a time, and what is opened is known from then on, also when the rest fails: two replicas of one partition
    /// would write the same entries, and no journal with those can be read.
    ///
    /// Errors: a partition cannot be opened or deleted, in words that name it.
    pub async fn reconcile(&self, image: &Image) -> Result<Vec<(PartitionId, i32)>, String> {
        let _turn = self.turn().acquire(1).await;
        let mut wanted = BTreeSet::new();
        for (id, topic, _) in image.topics.partitions() {
            if placement::owner(id, self.shard().count).0 != self.shard().id {
                continue;
            }
            wanted.insert(id);
            match self.known(id) {
                Some(partition) => partition.configure(&topic.config),
                None => self.opened(self.open(id, &topic.name, topic.config.clone()).await?),
            }
        }
        self.delete_all_but(&wanted).await?;
        let mut epochs = Vec::new();
        while let Some(partition) = self.next_opened() {
            let serves = partition.serving().await;
            // Off line or not, it is here.
            self.insert(partition.clone());
            if !serves {
                return Err(format!(
                    "{}-{} went off line while it was opened",
                    partition.topic(),
                    partition.id().partition
                ));
            }
            epochs.push((partition.id(), partition.leader_epoch()));
        }
        let expiry = image.broker_config.producer_id_expiration_ms;
        self.shard().producer_expiry_ms.set(expiry);
        self.shard().metrics.partitions.set(self.len() as i64);
        Ok(epochs)
    }

    async fn open(
        &self,
        id: PartitionId,
        topic: &str,
        config: Arc<TopicConfig>,
    ) -> Result<Rc<Partition>, String> {
        let found = self.take_recovered(id);
        Partition::open(self.shard().clone(), id, topic.to_owned(), config, found)
            .await
            .map_err(|error| format!("{topic}-{} cannot be opened: {error}", id.partition))
    }

    /// What the image does not have: deleted now, or while this node was down.
    async fn delete_all_but(&self, wanted: &BTreeSet<PartitionId>) -> Result<(), String> {
        let is_gone = |id: &PartitionId| id.topic != Uuid::ONE && !wanted.contains(id);
        let mut gone = self.known_ids();
        gone.retain(is_gone);
        let partitions: Vec<_> = gone.iter().filter_map(|id| self.remove(*id)).collect();
        gone.extend(self.take_leftovers().into_iter().filter(is_gone));
        if gone.is_empty() {
            return Ok(());
        }
        let frames = gone.iter().map(|id| Frame::Forget { id: *id }).collect();
        self.shard()
            .journal
            .append(frames)
            .await
            .map_err(|e| e.to_string())?;
        for partition in partitions {
            let log = partition.log();
            let failed =
                |e: StorageError| format!("{} cannot be deleted: {e}", log.dir().display());
            log.delete().await.map_err(failed)?;
        }
        self.remove_folders(&gone).await
    }

    /// Folders of partitions whose topic's name is not known any more; the id in the folder's name tells.
    async fn remove_folders(&self, gone: &[PartitionId]) -> Result<(), String> {
        let gone: BTreeSet<String> = gone
            .iter()
            .map(|id| format!("{}-{}", id.partition, id.topic))
            .collect();
        let topics = self.shard().data.join("topics");
        if !fs::exists(&topics).await.map_err(|e| e.to_string())? {
            return Ok(());
        }
        for topic in fs::list(&topics).await.map_err(|e| e.to_string())? {
            let folder = topics.join(&topic.name);
            let partitions = fs::list(&folder).await.map_err(|e| e.to_string())?;
            for partition in partitions.iter().filter(|p| gone.contains(&p.name)) {
                fs::remove_dir_all(folder.join(&partition.name))
                    .await
                    .map_err(|e| e.to_string())?;
            }
        }
        Ok(())
    }

    /// Applies every log's retention, and forgets producers that have been silent for too long.
    pub async fn retain(&self) {
        for partition in self.all() {
            if let Err(error) = partition.retain().await {
                tracing::error!(partition = %partition.id(), topic = partition.topic(), "retention failed: {error}");
            }
        }
        self.shard().measure_disk().await;
    }
}

impl Partition {
    async fn retain(&self) -> Result<(), StorageError> {
        let config = self.log.config();
        if config.retention_ms < 0 && config.retention_bytes < 0 {
            return Ok(());
        }
        let high_watermark = self.high_watermark();
        if self.log.dirty_bytes() > 0 {
            // Only segments can go. A quiet topic's records may never have been moved to one.
            let applied = self.state.borrow().replica.applied().index;
            self.log.flush(applied).await?;
        }
        let Some(start) = self.log.retain(time::wall_ms(), high_watermark).await? else {
            return Ok(());
        };
        // As DeleteRecords does it: the new start is committed before anybody sees it, so no crash takes it back.
        let Some(me) = self.me.upgrade() else {
            return Ok(());
        };
        let Ok(start) = me.delete_records(start).await else {
            // It does not lead any more, or is deleted: its leader's retention counts.
            return Ok(());
        };
        self.make_start_durable(start).await
    }

    /// The new start must be on the disk before the files below it go: a log with fewer segments than its checkpoint
    /// names is damaged.
    async fn make_start_durable(&self, start: i64) -> Result<(), StorageError> {
        let Some(frame) = self.checkpoint().await? else {
            return Ok(());
        };
        if !planted(Mutant::StartNotDurable)
            && let Err(failed) = self.shard.journal.append(vec![frame]).await
        {
            return Err(StorageError::Io(std::io::Error::other(failed.to_string())));
        }
        self.log.reclaim(start).await.map(drop)
    }
}

impl Source for Partitions {
    fn has(&self, id: PartitionId) -> bool {
        self.find(id).is_some()
    }

    fn written(&self) -> Local<()> {
        let shard = self.shard().clone();
        Box::pin(async move { shard.measure_disk().await })
    }

    fn prepare(&self, id: PartitionId) -> Local<Result<Option<Frame>, String>> {
        let partition = self.find(id);
        Box::pin(async move {
            match partition {
                Some(partition) => match partition.checkpoint().await {
                    Err(StorageError::Io(e)) if e.kind() == std::io::ErrorKind::StorageFull => {
                        // Nothing is lost: it is all in the journal, and tried again with the next write.
                        tracing::warn!(partition = %id, topic = partition.topic(), "the disk is full: {e}");
                        Ok(None)
                    }
                    other => other.map_err(|e| e.to_string()),
                },
                None => Ok(None),
            }
        })
    }

    fn durable(&self, id: PartitionId, start_offset: i64) -> Local<Result<(), String>> {
        let partition = self.find(id);
        Box::pin(async move {
            match partition {
                Some(partition) => partition
                    .log()
                    .reclaim(start_offset)
                    .await
                    .map(drop)
                    .map_err(|e| e.to_string()),
                None => Ok(()),
            }
        })
    }
}
