//! Which batches belong to aborted transactions: with its records a broker sends where aborted transactions begin, and
//! their markers among the records say where they end (KIP-98).

use std::collections::{BTreeSet, VecDeque};

use ottla_protocol::messages::fetch::AbortedTransaction;
use ottla_protocol::record::{BatchView, EndMarker};

/// The aborted transactions of one partition in one answer, in step with its batches.
#[derive(Debug)]
pub struct Aborted {
    /// Offset and producer of those that have not begun yet, in order.
    ahead: VecDeque<(i64, i64)>,
    /// The producers of those that have begun and not ended.
    open: BTreeSet<i64>,
}

impl Aborted {
    /// As the answer lists them.
    pub fn new(listed: Option<&[AbortedTransaction]>) -> Aborted {
        let listed = listed.unwrap_or_default().iter();
        let mut ahead: Vec<_> = listed.map(|it| (it.first_offset, it.producer_id)).collect();
        ahead.sort_unstable();
        Aborted {
            ahead: ahead.into(),
            open: BTreeSet::new(),
        }
    }

    /// True when the next batch's records were taken back. Every batch is shown to it, in order.
    pub fn hides(&mut self, batch: &BatchView<'_>) -> bool {
        let header = batch.header;
        while let Some(&(first, producer)) = self.ahead.front()
            && first <= header.last_offset()
        {
            self.open.insert(producer);
            self.ahead.pop_front();
        }
        if header.attributes.is_control() {
            if EndMarker::read(batch).is_some_and(|marker| !marker.committed) {
                self.open.remove(&header.producer_id);
            }
            return false;
        }
        header.attributes.is_transactional() && self.open.contains(&header.producer_id)
    }
}

#[cfg(test)]
mod tests {
    use ottla_protocol::record::{self, BatchBuilder, BatchOptions, Producer};

    use super::*;

    /// A batch of one record, of a producer's transaction or of nobody's.
    fn data(base: i64, producer: i64, transactional: bool) -> Vec<u8> {
        let mut batch = BatchBuilder::new(BatchOptions {
            producer: Some(Producer {
                id: producer,
                epoch: 0,
                base_sequence: 0,
            }),
            transactional,
            ..BatchOptions::default()
        });
        batch.push(0, None, Some(b"v"), &[]);
        at(base, batch.build().unwrap())
    }

    fn marker(base: i64, producer: i64, committed: bool) -> Vec<u8> {
        let marker = EndMarker {
            committed,
            coordinator_epoch: 0,
        };
        at(base, marker.batch(producer, 0, 0))
    }

    fn at(base: i64, mut batch: Vec<u8>) -> Vec<u8> {
        record::set_base_offset(&mut batch, base);
        batch
    }

    /// Producer 1 aborts, 2 commits, in between each other; then 1 commits. 3 writes without transactions.
    #[test]
    fn only_what_was_taken_back_is_hidden() {
        let log = [
            (data(0, 1, true), true),
            (data(1, 2, true), false),
            (data(2, 3, false), false),
            (data(3, 1, true), true),
            (marker(4, 2, true), false),
            (marker(5, 1, false), false),
            (data(6, 1, true), false),
            (data(7, 1, false), false),
            (marker(8, 1, true), false),
        ];
        let listed = [AbortedTransaction {
            producer_id: 1,
            first_offset: 0,
        }];
        let mut aborted = Aborted::new(Some(&listed));
        for (bytes, hidden) in &log {
            let batch = BatchView::parse(bytes).unwrap();
            let offset = batch.header.base_offset;
            assert_eq!(aborted.hides(&batch), *hidden, "offset {offset}");
        }
        let mut none = Aborted::new(None);
        assert!(!none.hides(&BatchView::parse(&log[0].0).unwrap()));
    }

    /// A second aborted transaction of the same producer begins after the first has ended.
    #[test]
    fn a_producer_may_abort_twice() {
        let log = [
            (data(0, 1, true), true),
            (marker(1, 1, false), false),
            (data(2, 1, true), false),
            (marker(3, 1, true), false),
            (data(4, 1, true), true),
        ];
        let listed = [4, 0].map(|first_offset| AbortedTransaction {
            producer_id: 1,
            first_offset,
        });
        let mut aborted = Aborted::new(Some(&listed));
        for (bytes, hidden) in &log {
            let batch = BatchView::parse(bytes).unwrap();
            let offset = batch.header.base_offset;
            assert_eq!(aborted.hides(&batch), *hidden, "offset {offset}");
        }
    }
}
