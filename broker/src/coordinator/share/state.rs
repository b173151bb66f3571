//! What is kept of one share partition.

use ottla_protocol::records::share_snapshot::{self, ShareSnapshotValue};
use ottla_protocol::records::share_update::{self, ShareUpdateValue};

use super::batches::{Batch, combine};

/// Nothing is known of the offset yet.
pub const UNKNOWN: i64 = -1;

/// The state of a share partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    /// Grows with each snapshot.
    pub snapshot_epoch: i32,
    /// Grows when the state is initialized anew; writes of an older one are refused.
    pub state_epoch: i32,
    /// Of the partition's leader; writes of an older one are refused.
    pub leader_epoch: i32,
    /// The first offset that may still be delivered.
    pub start: i64,
    /// How many offsets from there on need no delivery any more; -1: not known.
    pub complete_count: i32,
    /// When the snapshot was made, ms.
    pub create_ms: i64,
    /// When the last snapshot was written, ms.
    pub write_ms: i64,
    /// What became of offsets from the start on.
    pub batches: Vec<Batch>,
    /// Updates since the snapshot.
    pub updates: i64,
    /// Where the snapshot stands in the log: nothing before it is needed.
    pub at: i64,
}

impl State {
    /// As a snapshot says.
    pub fn of_snapshot(value: ShareSnapshotValue, at: i64) -> State {
        State {
            snapshot_epoch: value.snapshot_epoch,
            state_epoch: value.state_epoch,
            leader_epoch: value.leader_epoch,
            start: value.start_offset,
            complete_count: value.delivery_complete_count,
            create_ms: value.create_timestamp,
            write_ms: value.write_timestamp,
            batches: value.state_batches.iter().map(of_snapshot).collect(),
            updates: 0,
            at,
        }
    }

    /// The snapshot that says it.
    pub fn snapshot(&self) -> ShareSnapshotValue {
        let batch = |b: &Batch| share_snapshot::StateBatch {
            first_offset: b.first,
            last_offset: b.last,
            delivery_state: b.state,
            delivery_count: b.count,
        };
        ShareSnapshotValue {
            snapshot_epoch: self.snapshot_epoch,
            state_epoch: self.state_epoch,
            leader_epoch: self.leader_epoch,
            start_offset: self.start,
            delivery_complete_count: self.complete_count,
            create_timestamp: self.create_ms,
            write_timestamp: self.write_ms,
            state_batches: self.batches.iter().map(batch).collect(),
        }
    }

    /// Takes an update in.
    pub fn update(&mut self, value: &ShareUpdateValue) {
        if value.start_offset != UNKNOWN {
            self.start = value.start_offset;
        }
        self.leader_epoch = self.leader_epoch.max(value.leader_epoch);
        self.complete_count = value.delivery_complete_count;
        let new: Vec<Batch> = value.state_batches.iter().map(of_update).collect();
        self.batches = combine(&self.batches, &new, self.start);
        self.updates += 1;
    }
}

/// The batches of an update.
pub fn update_batches(batches: &[Batch]) -> Vec<share_update::StateBatch> {
    let batch = |b: &Batch| share_update::StateBatch {
        first_offset: b.first,
        last_offset: b.last,
        delivery_state: b.state,
        delivery_count: b.count,
    };
    batches.iter().map(batch).collect()
}

fn of_snapshot(b: &share_snapshot::StateBatch) -> Batch {
    Batch {
        first: b.first_offset,
        last: b.last_offset,
        state: b.delivery_state,
        count: b.delivery_count,
    }
}

fn of_update(b: &share_update::StateBatch) -> Batch {
    Batch {
        first: b.first_offset,
        last: b.last_offset,
        state: b.delivery_state,
        count: b.delivery_count,
    }
}
