//! The end of a transaction in a log: a control batch of one record, written by the broker (KIP-98).
//!
//! | | at | size | field |
//! |---|---|---|---|
//! | key | 0 | 2 | version, 0 |
//! | | 2 | 2 | type: 0 abort, 1 commit |
//! | value | 0 | 2 | version, 0 |
//! | | 2 | 4 | epoch of the transaction coordinator |
//!
//! Producer id and epoch stand in the batch's header. Later versions append fields.

use super::{BatchBuilder, BatchOptions, BatchView, Producer};

const ABORT: i16 = 0;
const COMMIT: i16 = 1;
/// A marker is smaller than this, whoever wrote it.
const LIMIT: usize = 4096;

/// How a transaction ended, and who said so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EndMarker {
    /// Committed, not aborted.
    pub committed: bool,
    /// Epoch of the transaction coordinator.
    pub coordinator_epoch: i32,
}

impl EndMarker {
    /// The control batch that ends the transaction of this producer at `time_ms`; its offset is still to be set.
    pub fn batch(self, producer_id: i64, epoch: i16, time_ms: i64) -> Vec<u8> {
        let mut batch = BatchBuilder::new(BatchOptions {
            producer: Some(Producer {
                id: producer_id,
                epoch,
                base_sequence: -1,
            }),
            transactional: true,
            control: true,
            leader_epoch: -1,
            ..BatchOptions::default()
        });
        let kind = if self.committed { COMMIT } else { ABORT };
        let [k0, k1] = kind.to_be_bytes();
        let [e0, e1, e2, e3] = self.coordinator_epoch.to_be_bytes();
        batch.push(
            time_ms,
            Some(&[0, 0, k0, k1]),
            Some(&[0, 0, e0, e1, e2, e3]),
            &[],
        );
        batch
            .build()
            .unwrap_or_else(|error| unreachable!("a small batch without compression: {error}"))
    }

    /// The marker in a control batch; `None` for a control batch that ends no transaction, or has no record any more.
    pub fn read(batch: &BatchView<'_>) -> Option<EndMarker> {
        let bytes = batch.decompress(LIMIT).ok()?;
        let record = batch.records(&bytes).next()?.ok()?;
        let (key, value) = (record.key?, record.value?);
        let kind = i16::from_be_bytes(*key.get(2..)?.first_chunk()?);
        let coordinator_epoch = i32::from_be_bytes(*value.get(2..)?.first_chunk()?);
        match kind {
            ABORT | COMMIT => Some(EndMarker {
                committed: kind == COMMIT,
                coordinator_epoch,
            }),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markers_are_read_as_written_and_stand_as_golden() {
        for committed in [true, false] {
            let marker = EndMarker {
                committed,
                coordinator_epoch: 258,
            };
            let bytes = marker.batch(77, 3, 1_000);
            let batch = BatchView::parse(&bytes).expect("a batch");
            let header = batch.header;
            assert!(batch.crc_ok() && header.attributes.is_control());
            assert!(header.attributes.is_transactional());
            assert_eq!((header.count, header.last_offset_delta), (1, 0));
            assert_eq!(
                (
                    header.producer_id,
                    header.producer_epoch,
                    header.base_sequence
                ),
                (77, 3, -1)
            );
            assert_eq!(EndMarker::read(&batch), Some(marker));
            let kind = u8::from(committed);
            // Length, attributes, time delta, offset delta, key of 4, value of 6, no headers.
            let record = [32, 0, 0, 0, 8, 0, 0, 0, kind, 12, 0, 0, 0, 0, 1, 2, 0];
            assert_eq!(batch.payload(), record);
        }
    }

    #[test]
    fn other_control_batches_end_no_transaction() {
        for (key, value) in [
            (&[0, 0, 0, 2][..], &[0, 0, 0, 0, 0, 0][..]),
            (&[0, 0, 0], &[0, 0, 0, 0, 0, 0]),
            (&[0, 0, 0, 1], &[0, 0, 0, 0, 0]),
            (&[], &[]),
        ] {
            let mut batch = BatchBuilder::new(BatchOptions {
                control: true,
                ..BatchOptions::default()
            });
            batch.push(1, Some(key), Some(value), &[]);
            let bytes = batch.build().expect("uncompressed");
            let batch = BatchView::parse(&bytes).expect("a batch");
            assert_eq!(EndMarker::read(&batch), None);
        }
    }
}
