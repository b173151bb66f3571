//! Transactions as a walk over a log's batches meets them: which are open, which were aborted. Pure.
//!
//! A transaction is known by its producer: it has one at a time. It begins with the first transactional batch that has
//! records, and ends with a marker. Compaction keeps a marker for as long as it keeps a batch of its transaction.

use std::collections::BTreeMap;

use ottla_protocol::record::{BatchHeader, BatchView, EndMarker};

use crate::format::index::{AbortedTxn, OpenTxn};

/// The open transactions at some place of a log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Open {
    /// First offsets by producer.
    first: BTreeMap<i64, i64>,
}

impl Open {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.first.len()
    }

    /// In the order of producer ids.
    pub fn iter(&self) -> impl Iterator<Item = OpenTxn> {
        self.first.iter().map(|(id, first)| OpenTxn {
            producer_id: *id,
            first_offset: *first,
        })
    }

    /// The first offset of the oldest.
    pub fn oldest(&self) -> Option<i64> {
        self.first.values().min().copied()
    }

    /// Goes on over a batch; gives the transaction that it aborts.
    pub fn pass(&mut self, header: &BatchHeader, bytes: &[u8]) -> Option<AbortedTxn> {
        if !header.has_producer() || header.producer_epoch < 0 {
            return None;
        }
        if header.attributes.is_control() {
            let marker = EndMarker::read(&BatchView::parse(bytes).ok()?)?;
            let first_offset = self.first.remove(&header.producer_id)?;
            return (!marker.committed).then(|| AbortedTxn {
                producer_id: header.producer_id,
                first_offset,
                last_offset: header.last_offset(),
                last_stable_offset: self.oldest().unwrap_or(header.next_offset()),
            });
        }
        if header.attributes.is_transactional() && header.count > 0 {
            self.first
                .entry(header.producer_id)
                .or_insert(header.base_offset);
        }
        None
    }
}

impl FromIterator<OpenTxn> for Open {
    fn from_iter<T: IntoIterator<Item = OpenTxn>>(txns: T) -> Open {
        let first = txns.into_iter().map(|t| (t.producer_id, t.first_offset));
        Open {
            first: first.collect(),
        }
    }
}
