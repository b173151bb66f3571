//! Record batches, format 2: the unit that is produced, stored and fetched.
//!
//! A batch is big-endian and `12 + length` bytes long:
//!
//! | at | size | field | note |
//! |---|---|---|---|
//! | 0 | 8 | base offset | set by the broker |
//! | 8 | 4 | length | bytes after this field |
//! | 12 | 4 | leader epoch | set by the broker |
//! | 16 | 1 | magic | 2 |
//! | 17 | 4 | CRC32C | over everything from 21 on |
//! | 21 | 2 | attributes | see [`Attributes`] |
//! | 23 | 4 | last offset delta | last offset = base offset + this |
//! | 27 | 8 | base timestamp | of the first record, ms |
//! | 35 | 8 | max timestamp | ms; the append time where attributes say so |
//! | 43 | 8 | producer id | -1: none |
//! | 51 | 2 | producer epoch | |
//! | 53 | 4 | base sequence | |
//! | 57 | 4 | record count | |
//! | 61 | | records | compressed as attributes say |
//!
//! Offset and leader epoch stand outside the checksum, so that a broker sets them without touching it.

mod builder;
pub mod compression;
mod digest;
mod error;
mod header;
mod marker;
mod patch;
mod records;
pub mod validate;
mod view;

pub use builder::{BatchBuilder, BatchOptions, Producer};
pub use compression::Codec;
pub use digest::{digest, digest_fits, own_checksum};
pub use error::BatchError;
pub use header::{Attributes, BatchHeader, HEADER_LEN, TimestampType};
pub use marker::EndMarker;
pub use patch::{
    emptied, set_base_offset, set_leader_epoch, set_log_append_time, set_max_timestamp,
};
pub use records::{Header, Headers, Record, RecordIter};
pub use view::{BatchView, Batches, batches};

#[cfg(test)]
mod tests;
