//! The log view as raft-rs sees it.
//!
//! raft-rs treats every storage error but four as the end of the process. The methods here return only those four.

use bytes::Bytes;
use raft::eraftpb::{self, EntryType};
use raft::{GetEntriesContext, RaftState, Storage, StorageError};

use crate::entry::{Descriptor, Kind};
use crate::log_view::{ENTRY_OVERHEAD, LogView, Slot};

impl Storage for LogView {
    fn initial_state(&self) -> raft::Result<RaftState> {
        Ok(self.initial().clone())
    }

    /// For messages `max_size` counts bodies: the few bytes that raft-rs sees would let a message grow without bound.
    fn entries(
        &self,
        low: u64,
        high: u64,
        max_size: impl Into<Option<u64>>,
        context: GetEntriesContext,
    ) -> raft::Result<Vec<eraftpb::Entry>> {
        if low < self.first() {
            return Err(StorageError::Compacted.into());
        }
        if high > self.last() + 1 {
            return Err(StorageError::Unavailable.into());
        }
        let (limit, bodies) = (max_size.into().unwrap_or(u64::MAX), context.can_async());
        let (mut entries, mut size) = (Vec::new(), 0u64);
        for index in low..high {
            let Some(slot) = self.slot(index) else { break };
            size += ENTRY_OVERHEAD + if bodies { u64::from(slot.length) } else { 0 };
            if size > limit && !entries.is_empty() {
                break;
            }
            entries.push(to_raft(slot, index));
        }
        Ok(entries)
    }

    fn term(&self, index: u64) -> raft::Result<u64> {
        let missing = if index < self.point().index {
            StorageError::Compacted
        } else {
            StorageError::Unavailable
        };
        self.term_at(index).ok_or_else(|| missing.into())
    }

    fn first_index(&self) -> raft::Result<u64> {
        Ok(self.first())
    }

    fn last_index(&self) -> raft::Result<u64> {
        Ok(self.last())
    }

    fn snapshot(&self, request_index: u64, to: u64) -> raft::Result<eraftpb::Snapshot> {
        if let Some(snapshot) = self.snapshot_from(request_index) {
            return Ok(snapshot.clone());
        }
        self.want(to);
        Err(StorageError::SnapshotTemporarilyUnavailable.into())
    }
}

/// An entry as raft-rs holds it.
fn to_raft(slot: &Slot, index: u64) -> eraftpb::Entry {
    let mut entry = eraftpb::Entry::default();
    (entry.term, entry.index) = (slot.term, index);
    match slot.kind {
        Kind::Empty => {}
        Kind::Config => {
            entry.set_entry_type(EntryType::EntryConfChangeV2);
            entry.data = slot.body.clone().unwrap_or_default();
        }
        Kind::Data | Kind::Command => {
            let Slot {
                kind,
                records,
                length,
                crc,
                base_offset,
                ..
            } = *slot;
            let descriptor = Descriptor {
                kind,
                records,
                length,
                crc,
                base_offset,
            };
            entry.data = Bytes::copy_from_slice(&descriptor.encode());
        }
    }
    entry
}
