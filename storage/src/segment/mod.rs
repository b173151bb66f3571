//! Segment files: names, open handles, sidecar indexes, scans. A segment is a plain sequence of Kafka v2 record
//! batches in `<20 digit base offset>.log`, closed segments exactly as long as their data; `.index` stands beside it.

pub(crate) mod handles;
pub(crate) mod index;
pub(crate) mod scan;
pub(crate) mod txns;

use std::path::{Path, PathBuf};

/// The path of a segment's batches.
pub(crate) fn data_path(dir: &Path, base: i64) -> PathBuf {
    dir.join(format!("{base:020}.log"))
}

/// The path of a segment's sidecar index.
pub(crate) fn index_path(dir: &Path, base: i64) -> PathBuf {
    dir.join(format!("{base:020}.index"))
}

/// The base offset in a file name that ends in `suffix`.
pub(crate) fn parse_name(name: &str, suffix: &str) -> Option<i64> {
    let digits = name.strip_suffix(suffix)?;
    let ours = digits.len() == 20 && digits.bytes().all(|b| b.is_ascii_digit());
    if ours { digits.parse().ok() } else { None }
}
