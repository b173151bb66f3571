//! From a coordinator's log to its state.

use std::time::Duration;

use ottla_protocol::record::{self, BatchView};
use ottla_runtime::time;

use super::{Machine, Position, Producer};
use crate::partition::Partition;

/// A log that cannot be read is tried again after this.
pub const AGAIN: Duration = Duration::from_secs(1);
/// A flush takes less; it is only waited for after an append was refused.
const COMMITTED_SOON: Duration = Duration::from_millis(5);
/// A batch of a coordinator is at most as large as one that a client may send.
const MAX_BATCH: usize = 64 << 20;

/// Applies the whole log to a new machine. What an earlier life appended and what is not committed yet is waited for: it will be
/// committed, and nobody else would apply it.
///
/// # Errors
/// The log cannot be read, or holds what no coordinator wrote; in words, with the offset.
pub async fn replay<M: Machine>(partition: &Partition, number: i32) -> Result<M, String> {
    let mut machine = M::new(number);
    let mut offset = partition.log().start_offset();
    while offset < partition.next_offset() {
        if offset >= partition.high_watermark() {
            time::sleep(COMMITTED_SOON).await;
            continue;
        }
        let (parts, next) = partition
            .read_committed(offset)
            .await
            .map_err(|e| e.to_string())?;
        for part in &parts {
            for batch in record::batches(part) {
                batch
                    .map_err(|e| e.to_string())
                    .and_then(|batch| apply(&mut machine, &batch, offset))
                    .map_err(|why| format!("at offset {offset}: {why}"))?;
            }
        }
        if next <= offset {
            return Err(format!("nothing can be read at offset {offset}"));
        }
        offset = next;
    }
    Ok(machine)
}

fn apply<M: Machine>(machine: &mut M, batch: &BatchView<'_>, from: i64) -> Result<(), String> {
    let header = &batch.header;
    let producer = header.attributes.is_transactional().then_some(Producer {
        id: header.producer_id,
        epoch: header.producer_epoch,
    });
    let bytes = batch.decompress(MAX_BATCH).map_err(|e| e.to_string())?;
    for r in batch.records(&bytes) {
        let r = r.map_err(|e| e.to_string())?;
        let at = Position {
            offset: header.base_offset + i64::from(r.offset_delta),
            timestamp: header.base_timestamp + r.timestamp_delta,
            producer,
        };
        if at.offset < from {
            // A read begins with a whole batch.
            continue;
        }
        let key = r.key.ok_or("a record without a key")?;
        if header.attributes.is_control() {
            let producer = producer.ok_or("a control batch of no transaction")?;
            match key {
                [_, _, 0, kind @ (0 | 1)] => machine.end_transaction(producer, *kind == 1, &at),
                _ => return Err("a control record of an unknown kind".into()),
            }
        } else if let Some(record) = M::decode(key, r.value).map_err(|e| e.to_string())? {
            machine.apply(record, &at);
        }
    }
    Ok(())
}
