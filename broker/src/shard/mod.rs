//! What one core owns: journal, caches, budgets, the write cycle, and the mesh to the other cores.

pub mod checkpoint;
pub mod placement;
pub mod write_cycle;

use std::cell::Cell;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;

use ottla_protocol::ids::{NodeId, PartitionId};
use ottla_runtime::task::{self, Share};
use ottla_runtime::time::{self, Instant};
use ottla_storage::budget::{DiskBudget, DiskFull};
use ottla_storage::journal::Journal;
use ottla_storage::log::Store;

use self::write_cycle::WriteCycle;
use crate::metrics::Metrics;

/// The parts of one core that its partitions share.
/// Lives on: its core, and never leaves it.
pub struct Shard {
    /// Which shard this is, from 0.
    pub id: u16,
    /// How many there are.
    pub count: u16,
    /// This node.
    pub node: NodeId,
    /// The write-ahead log of all partitions here.
    pub journal: Rc<Journal>,
    /// What gathers their writes.
    pub writes: Rc<WriteCycle>,
    /// What their logs share: cache, memory and disk budgets.
    pub store: Store,
    /// Whether there is room on the disk.
    pub disk: DiskBudget,
    /// Counters.
    pub metrics: Rc<Metrics>,
    /// The data folder.
    pub data: PathBuf,
    /// `producer.id.expiration.ms`.
    pub producer_expiry_ms: Cell<i64>,
    /// When the disk was measured last.
    pub disk_measured: Cell<Instant>,
    /// Appends were refused when one was asked for last.
    pub disk_full: Cell<bool>,
}

/// A full disk is looked at again at most this often.
const MEASURE_AGAIN: Duration = Duration::from_secs(1);

impl Shard {
    /// Asks the file system how much room there is.
    pub async fn measure_disk(&self) {
        self.disk_measured.set(time::now());
        if let Err(error) = self.disk.refresh(self.store.dirty_bytes() as u64).await {
            tracing::warn!("free disk space cannot be measured: {error}");
        }
        // Not at the first byte above the reserve: that would be said once a second.
        if self.disk_full.get() && !self.journal.full() && self.disk.has_ample_room() {
            self.disk_full.set(false);
            tracing::info!(
                shard = self.id,
                "the disk has room again: appends are taken"
            );
        }
    }

    /// Takes an append of `bytes`, or refuses it for want of room on the disk.
    ///
    /// # Errors
    /// [`DiskFull`], in words for the client.
    pub fn admit(&self, bytes: u64) -> Result<(), DiskFull> {
        if self.journal.full() {
            return Err(self.disk.full());
        }
        self.disk.admit(bytes)
    }

    /// An append was refused for want of room: perhaps there is some by now. The next appends will know.
    pub fn refused(self: &Rc<Self>, full: &DiskFull) {
        if !self.disk_full.replace(true) {
            tracing::warn!(shard = self.id, "appends are refused: {full}");
        }
        if self.disk_measured.get().elapsed() >= MEASURE_AGAIN {
            self.disk_measured.set(time::now());
            let shard = self.clone();
            task::spawn(Share::Background, async move { shard.measure_disk().await }).detach();
        }
    }

    /// Where a partition's segments are, under the data folder. The topic id is part of the name: a topic made again under an old name
    /// never meets the old one's files.
    pub fn log_folder(topic: &str, id: PartitionId) -> PathBuf {
        PathBuf::from("topics")
            .join(topic)
            .join(format!("{}-{}", id.partition, id.topic))
    }
}
