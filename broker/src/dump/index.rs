//! A segment's sidecar index: blocks of entries. Its checksums are seeded with the partition and the segment, which stand
//! in the names of the folder and the file.

use std::path::Path;

use ottla_admin_cli::CliError;
use ottla_admin_cli::commands::file::dump::Item;
use ottla_protocol::ids::PartitionId;
use ottla_storage::format::BLOCK;
use ottla_storage::format::index::{AbortedTxn, IndexBlock, IndexEntry, OpenTxn};

use super::{Emit, Source, partition_of};

/// Shows every block and its entries.
pub async fn read(source: Source, path: &Path, emit: &mut Emit<'_>) -> Result<(), CliError> {
    let Some((id, base)) = place(path) else {
        return Err(CliError::refused(format!(
            "{}: the path does not tell which partition it belongs to",
            source.name
        ))
        .next("name it as it stands in the data folder: .../PARTITION-TOPIC_ID/OFFSET.index"));
    };
    let mut number = 0;
    let mut at = 0;
    while at < source.size {
        let block = source.read(at, BLOCK).await?;
        let found = IndexBlock::decode(&block, id, base, number);
        let block = found.map_err(|error| {
            source
                .broken(at, &error.to_string())
                .next("no data is lost: the broker rebuilds an index from its segment")
        })?;
        emit(block_item(at, &block))?;
        for entry in &block.entries {
            emit(entry_item(at, entry))?;
        }
        for txn in &block.aborted {
            emit(aborted_item(at, txn))?;
        }
        for txn in block.open.iter().flatten() {
            emit(open_item(at, txn))?;
        }
        number += 1;
        at += BLOCK as u64;
    }
    Ok(())
}

fn block_item(at: u64, block: &IndexBlock) -> Item {
    Item::new(at, 0, "block")
        .with("number", block.number)
        .with("covered_bytes", block.covered)
        .with("end_offset", block.end_offset)
        .with("max_timestamp", block.max_timestamp)
        .with("entries", block.entries.len())
}

fn aborted_item(at: u64, txn: &AbortedTxn) -> Item {
    Item::new(at, 1, "aborted")
        .with("producer_id", txn.producer_id)
        .with("first_offset", txn.first_offset)
        .with("last_offset", txn.last_offset)
        .with("last_stable_offset", txn.last_stable_offset)
}

fn open_item(at: u64, txn: &OpenTxn) -> Item {
    Item::new(at, 1, "open")
        .with("producer_id", txn.producer_id)
        .with("first_offset", txn.first_offset)
}

fn entry_item(at: u64, entry: &IndexEntry) -> Item {
    Item::new(at, 1, "entry")
        .with("offset", entry.offset)
        .with("position", entry.position)
        .with("leader_epoch", entry.epoch)
        .with("max_timestamp_before", entry.max_before)
}

/// Partition and base offset, from `.../<partition>-<topic id>/<base offset>.index`.
fn place(path: &Path) -> Option<(PartitionId, i64)> {
    let base = path.file_stem()?.to_str()?.parse().ok()?;
    Some((partition_of(path)?, base))
}

#[cfg(test)]
mod tests {
    use ottla_protocol::ids::Uuid;

    use super::*;

    #[test]
    fn the_place_is_in_the_names() {
        let path = Path::new("/d/3-BwcHBwcHBwcHBwcHBwcHBw/00000000000000000042.index");
        let id = PartitionId {
            topic: Uuid([7; 16]),
            partition: 3,
        };
        assert_eq!(place(path), Some((id, 42)));
        for wrong in [
            "/d/x/00000000000000000042.index",
            "/d/3-BwcHBwcHBwcHBwcHBwcHBw/x.index",
            "x.index",
        ] {
            assert_eq!(place(Path::new(wrong)), None, "{wrong}");
        }
    }
}
