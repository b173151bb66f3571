//! A segment: record batch after record batch.

use ottla_admin_cli::CliError;
use ottla_admin_cli::commands::file::dump::Item;
use ottla_protocol::record::{BatchHeader, BatchView, HEADER_LEN, Record, TimestampType};

use super::{Emit, Source};

/// The most that a batch may unpack to.
const UNPACKED_MAX: usize = 256 << 20;

/// Shows every batch, and its records when asked for.
pub async fn read(source: Source, records: bool, emit: &mut Emit<'_>) -> Result<(), CliError> {
    let mut position = 0;
    let mut expected = None;
    while position < source.size {
        let head = source.read(position, HEADER_LEN).await?;
        if head.iter().all(|byte| *byte == 0) {
            // The segment that is being written is as long as it may become.
            let why = "only zeros follow: space that is reserved";
            return emit(Item::new(position, 0, "end").with("because", why));
        }
        let broken = |why: String| source.broken(position, &why);
        let header = BatchHeader::parse(&head).map_err(|error| broken(error.to_string()))?;
        let bytes = source.read(position, header.size()).await?;
        let batch = BatchView::parse(&bytes).map_err(|error| broken(error.to_string()))?;
        if !batch.crc_ok() {
            return Err(broken("the batch's checksum does not fit".to_owned()));
        }
        if let Some(expected) = expected.filter(|expected| header.base_offset < *expected) {
            return Err(broken(format!(
                "a batch at offset {}, behind {expected}",
                header.base_offset
            )));
        }
        emit(batch_item(position, &header))?;
        if records {
            show_records(&batch, position, emit).map_err(|error| match error {
                Failure::Output(error) => error,
                Failure::Batch(why) => broken(why),
            })?;
        }
        expected = Some(header.next_offset());
        position += header.size() as u64;
    }
    Ok(())
}

fn batch_item(position: u64, header: &BatchHeader) -> Item {
    let attributes = header.attributes;
    let codec = attributes.codec().map_or("unknown", |codec| codec.name());
    let item = Item::new(position, 0, "batch")
        .with("base_offset", header.base_offset)
        .with("last_offset", header.last_offset())
        .with("records", header.count)
        .with("bytes", header.size())
        .with("leader_epoch", header.leader_epoch)
        .with("codec", codec)
        .with("base_timestamp", header.base_timestamp)
        .with("max_timestamp", header.max_timestamp);
    let item = if attributes.timestamp_type() == TimestampType::LogAppendTime {
        item.with("log_append_time", true)
    } else {
        item
    };
    let item = if header.has_producer() {
        item.with("producer_id", header.producer_id)
            .with("producer_epoch", header.producer_epoch)
            .with("base_sequence", header.base_sequence)
    } else {
        item
    };
    let item = if attributes.is_transactional() {
        item.with("transactional", true)
    } else {
        item
    };
    if attributes.is_control() {
        item.with("control", true)
    } else {
        item
    }
}

enum Failure {
    Output(CliError),
    Batch(String),
}

fn show_records(batch: &BatchView<'_>, position: u64, emit: &mut Emit<'_>) -> Result<(), Failure> {
    let unpacked = batch
        .decompress(UNPACKED_MAX)
        .map_err(|error| Failure::Batch(error.to_string()))?;
    for record in batch.records(&unpacked) {
        let record = record.map_err(|error| Failure::Batch(error.to_string()))?;
        emit(record_item(position, &batch.header, record)).map_err(Failure::Output)?;
    }
    Ok(())
}

fn record_item(position: u64, header: &BatchHeader, record: Record<'_>) -> Item {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Item::new(position, 1, "record")
        .with(
            "offset",
            header
                .base_offset
                .saturating_add(i64::from(record.offset_delta)),
        )
        .with(
            "timestamp",
            header.base_timestamp.saturating_add(record.timestamp_delta),
        )
        .with("headers", record.headers.len())
        .with("key", record.key.map(text))
        .with("value", record.value.map(text))
}
