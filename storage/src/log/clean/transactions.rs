//! Which batches of a log belong to aborted transactions, and which markers are still needed: found out while the log is
//! walked from its start. Pure.
//!
//! A marker is needed for as long as a batch of its transaction is there, be it an empty one: without the marker readers
//! would take an aborted batch's transaction for open.
//!
//! Which transactions were aborted is told segment by segment, on the way: of a whole log they may be more than memory holds.

use std::collections::{BTreeMap, BTreeSet};

use ottla_protocol::record::{BatchView, EndMarker};

use crate::log::AbortedTxn;

/// What was met of the transactions on the way.
#[derive(Default)]
pub(super) struct Transactions {
    /// Aborted ones whose first offset is still to come: first offsets and producers.
    coming: BTreeSet<(i64, i64)>,
    /// Up to here all aborted ones are told of.
    told_to: Option<i64>,
    /// Aborted ones whose marker is still to come, by producer; true when a batch of it was met.
    aborted: BTreeMap<i64, bool>,
    /// Producers of which batches were met that are not of an aborted one, and whose marker is still to come.
    committed: BTreeSet<i64>,
}

impl Transactions {
    /// In front of the first batch; these were aborted, and their markers may be in no segment yet.
    pub fn new(aborted: &[AbortedTxn]) -> Transactions {
        Transactions {
            coming: aborted.iter().map(place).collect(),
            ..Transactions::default()
        }
    }

    /// Tells of the transactions that were aborted and have records in the offsets up to `end`, which come next. One that ends
    /// there may have begun anywhere before, and be told of again: nobody knows of it where its first batches are gone.
    pub fn tell(&mut self, end: i64, aborted: &[AbortedTxn]) {
        // Those whose marker was passed are over: told of again, they would take the next one of their producer with them.
        let passed = self.told_to.unwrap_or(i64::MIN);
        let coming = aborted.iter().filter(|txn| txn.last_offset >= passed);
        self.coming.extend(coming.map(place));
        self.told_to = Some(end);
    }

    /// Passes a batch. True when transactions do not need it: it is of an aborted one, or the marker of one of which nothing
    /// is left.
    pub fn pass(&mut self, batch: &BatchView<'_>) -> bool {
        let header = &batch.header;
        while let Some((first_offset, producer)) = self.coming.first().copied()
            && first_offset <= header.last_offset()
        {
            self.aborted.entry(producer).or_insert(false);
            self.coming.pop_first();
        }
        if header.attributes.is_control() {
            return self.pass_marker(batch);
        }
        if !header.attributes.is_transactional() {
            return false;
        }
        match self.aborted.get_mut(&header.producer_id) {
            Some(met) => {
                *met = true;
                true
            }
            None => {
                self.committed.insert(header.producer_id);
                false
            }
        }
    }

    fn pass_marker(&mut self, batch: &BatchView<'_>) -> bool {
        if batch.header.count == 0 {
            return true; // Emptied before: its transaction is gone.
        }
        let producer = batch.header.producer_id;
        match EndMarker::read(batch) {
            Some(end) if end.committed => !self.committed.remove(&producer),
            Some(_) => self.aborted.remove(&producer) != Some(true),
            None => false,
        }
    }
}

fn place(txn: &AbortedTxn) -> (i64, i64) {
    (txn.first_offset, txn.producer_id)
}
