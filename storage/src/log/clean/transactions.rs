//! Which batches of a log belong to aborted transactions, and which markers are still needed: found out while the log is
//! walked from its start. Pure.
//!
//! A marker is needed for as long as a batch of its transaction is there, be it an empty one: without the marker readers
//! would take an aborted batch's transaction for open.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use ottla_protocol::record::{BatchView, EndMarker};

use crate::log::AbortedTxn;

/// What was met of the transactions on the way.
#[derive(Default)]
pub(super) struct Transactions {
    /// Aborted ones whose first offset is still to come, by it.
    coming: VecDeque<AbortedTxn>,
    /// Aborted ones whose marker is still to come, by producer; true when a batch of it was met.
    aborted: BTreeMap<i64, bool>,
    /// Producers of which batches were met that are not of an aborted one, and whose marker is still to come.
    committed: BTreeSet<i64>,
}

impl Transactions {
    /// At a log's start; `aborted` are those that reach into it.
    pub fn new(mut aborted: Vec<AbortedTxn>) -> Transactions {
        aborted.sort_unstable_by_key(|a| a.first_offset);
        Transactions {
            coming: aborted.into(),
            ..Transactions::default()
        }
    }

    /// Passes a batch. True when transactions do not need it: it is of an aborted one, or the marker of one of which nothing
    /// is left.
    pub fn pass(&mut self, batch: &BatchView<'_>) -> bool {
        let header = &batch.header;
        while let Some(next) = self.coming.front()
            && next.first_offset <= header.last_offset()
        {
            self.aborted.entry(next.producer_id).or_insert(false);
            self.coming.pop_front();
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
