//! What compaction has done to a log: its segments and leader epochs. Its checksum is seeded with the partition, which stands in
//! the name of the folder.

use std::path::Path;

use ottla_admin_cli::CliError;
use ottla_admin_cli::commands::file::dump::Item;
use ottla_protocol::ids::PartitionId;
use ottla_storage::format::compacted::{Compacted, UNTOUCHED};

use super::{Emit, Source, partition_of};

/// The file's name.
pub const NAME: &str = "compacted";
/// No such file is larger: a million segments.
const LARGEST: u64 = 32 << 20;

/// Shows every segment and every epoch.
pub async fn read(source: Source, path: &Path, emit: &mut Emit<'_>) -> Result<(), CliError> {
    let Some(id) = partition_of(path) else {
        return Err(source
            .broken(0, "the path does not tell which partition it belongs to")
            .next("name it as it stands in the data folder: .../PARTITION-TOPIC_ID/compacted"));
    };
    let bytes = source.read(0, source.size.min(LARGEST) as usize).await?;
    for item in items(&bytes, id).map_err(|why| source.broken(0, &why))? {
        emit(item)?;
    }
    Ok(())
}

fn items(bytes: &[u8], id: PartitionId) -> Result<Vec<Item>, String> {
    let compacted = Compacted::decode(bytes, id).map_err(|e| e.to_string())?;
    let head = Item::new(0, 0, "compacted")
        .with("clean_to", compacted.clean_to)
        .with("end", compacted.end);
    let mut items = vec![match compacted.swap {
        Some(base) => head.with("last_replaced", base),
        None => head,
    }];
    for (base, length) in &compacted.segments {
        let item = Item::new(0, 1, "segment").with("base_offset", *base);
        items.push(match *length {
            UNTOUCHED => item.with("untouched", true),
            bytes => item.with("bytes", bytes),
        });
    }
    for (epoch, start) in &compacted.epochs {
        items.push(
            Item::new(0, 1, "epoch")
                .with("leader_epoch", *epoch)
                .with("start_offset", *start),
        );
    }
    Ok(items)
}

#[cfg(test)]
mod tests {
    use ottla_protocol::ids::Uuid;

    use super::*;

    #[test]
    fn all_that_is_in_the_file_is_shown() {
        let id = PartitionId {
            topic: Uuid([7; 16]),
            partition: 3,
        };
        let compacted = Compacted {
            clean_to: 50,
            end: 90,
            swap: Some(40),
            segments: vec![(0, UNTOUCHED), (40, 1234)],
            epochs: vec![(2, 11)],
        };
        let bytes = compacted.encode(id);
        let wanted = [
            Item::new(0, 0, "compacted")
                .with("clean_to", 50)
                .with("end", 90)
                .with("last_replaced", 40),
            Item::new(0, 1, "segment")
                .with("base_offset", 0)
                .with("untouched", true),
            Item::new(0, 1, "segment")
                .with("base_offset", 40)
                .with("bytes", 1234),
            Item::new(0, 1, "epoch")
                .with("leader_epoch", 2)
                .with("start_offset", 11),
        ];
        assert_eq!(items(&bytes, id).expect("it is whole"), wanted);
        let other = PartitionId { partition: 4, ..id };
        assert!(items(&bytes, other).is_err(), "of another partition");
        assert!(items(&bytes[..bytes.len() - 1], id).is_err(), "cut off");
    }
}
