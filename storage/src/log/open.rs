//! Opening a log: what its folder holds is checked against the newest checkpoint, without reading the segments.
//!
//! The checkpoint says where the covered data ends, and in which segment. At least that must be there: less is damage.
//! More is what a flush wrote before a crash and no checkpoint covers: later segments are removed, bytes behind the end
//! are overwritten, since the journal still has these entries and the caller appends them again.
//!
//! One listing of the folder and one read of the last batch per log; the index is loaded when it is first used.

use std::cell::RefCell;
use std::io::ErrorKind;
use std::path::Path;
use std::rc::Rc;

use ottla_protocol::ids::PartitionId;
use ottla_protocol::record::BatchView;
use ottla_runtime::fs::{self, DirEntry};
use ottla_runtime::sync::Semaphore;

use super::flush::segment_of;
use super::state::{Flushed, Segment, State};
use super::{Inner, Log, LogConfig, Store, clean};
use crate::error::StorageError;
use crate::format::checkpoint::{Checkpoint, Tail};
use crate::format::compacted::Compacted;
use crate::segment::{data_path, index_path, parse_name};

/// What is known about a log before its folder is looked at.
#[derive(Clone, Copy, Debug)]
pub enum Start<'a> {
    /// The journal knows nothing of the partition: it is new here.
    New,
    /// The journal has entries from the first one on and no checkpoint.
    Uncovered,
    /// The journal's newest checkpoint.
    From(&'a Checkpoint),
}

/// A segment file as listed: base offset and length of the file.
type Listed = (i64, u64);

impl Log {
    /// Opens the log in folder `dir` (under the store's root; made at the first flush). Entries after the checkpoint
    /// are the caller's to append.
    ///
    /// # Errors
    /// [`StorageError::Corrupt`] when data that the checkpoint covers is missing or damaged;
    /// [`StorageError::Foreign`] when a new partition's folder already holds segments; the disk's own.
    pub async fn open(
        store: &Store,
        id: PartitionId,
        dir: impl AsRef<Path>,
        config: LogConfig,
        start: Start<'_>,
    ) -> Result<Log, StorageError> {
        let dir = store.0.root.join(dir);
        let names = names(&dir).await?;
        let mut listed = segments_of(&names);
        let state = match start {
            Start::New => {
                if let Some((base, _)) = listed.iter().find(|(_, len)| *len > 0) {
                    let what = format!(
                        "segment {base} is there, but the journal knows nothing of partition {id}"
                    );
                    return Err(StorageError::Foreign { file: dir, what });
                }
                State::empty(0, (0, 0))
            }
            Start::Uncovered => {
                remove(&dir, &listed).await?;
                State::empty(0, (0, 0))
            }
            Start::From(checkpoint) => {
                let compacted = clean::recover(&dir, id, &names).await?;
                if compacted.swap.is_some() {
                    listed = segments_of(&self::names(&dir).await?);
                }
                let beyond = split_beyond(&dir, &mut listed, checkpoint)?;
                clean::check(&dir, &compacted, &listed, checkpoint)?;
                let segments = check_covered(&dir, &listed, &compacted, checkpoint)?;
                if let Some(tail) = checkpoint.tail.filter(|_| !segments.is_empty()) {
                    check_last_batch(&dir, &tail, checkpoint.end_offset).await?;
                }
                remove(&dir, &beyond).await?;
                covered(segments, compacted, checkpoint)
            }
        };
        state.invariants();
        let inner = Inner {
            id,
            key: store.key(),
            dir,
            store: store.clone(),
            config: RefCell::new(config),
            state: RefCell::new(state),
            lock: Rc::new(Semaphore::new(1)),
            names: Rc::new(Semaphore::new(1)),
        };
        Ok(Log(Rc::new(inner)))
    }
}

/// What the folder holds. No folder is no segments: it is made at the first flush.
async fn names(dir: &Path) -> Result<Vec<DirEntry>, StorageError> {
    match fs::list(dir).await {
        Ok(entries) => Ok(entries),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error.into()),
    }
}

/// Segment files by base offset.
fn segments_of(names: &[DirEntry]) -> Vec<Listed> {
    let listed = |e: &DirEntry| parse_name(&e.name, ".log").map(|base| (base, e.len));
    names.iter().filter_map(listed).collect()
}

/// Takes off the list what no checkpoint covers, or what one says is gone.
fn split_beyond(
    dir: &Path,
    listed: &mut Vec<Listed>,
    checkpoint: &Checkpoint,
) -> Result<Vec<Listed>, StorageError> {
    let last = checkpoint.tail.map_or(-1, |t| t.segment);
    let keep = listed.partition_point(|(base, _)| *base <= last);
    let beyond = listed.split_off(keep);
    // A checkpoint of no records and no segment follows the removal of files: one of those may be back, since a power loss
    // takes back what was not yet synced.
    let emptied = checkpoint.tail.is_none() && checkpoint.start_offset == checkpoint.end_offset;
    if let Some((base, _)) = beyond
        .first()
        .filter(|(base, _)| *base < checkpoint.end_offset && !emptied)
    {
        let what = format!(
            "it starts at offset {base}, but by the checkpoint segment {last} goes on to offset {}",
            checkpoint.end_offset
        );
        return Err(StorageError::corrupt(data_path(dir, *base), 0, what));
    }
    Ok(beyond)
}

/// The covered segments; an error when one that must be there is not.
fn check_covered(
    dir: &Path,
    listed: &[Listed],
    compacted: &Compacted,
    checkpoint: &Checkpoint,
) -> Result<Vec<Segment>, StorageError> {
    let empty = checkpoint.start_offset == checkpoint.end_offset;
    let missing = |what: String| Err(StorageError::corrupt(dir, 0, what));
    let Some(tail) = checkpoint.tail else {
        if !empty {
            return missing(format!(
                "the checkpoint has records {}.. and no segment",
                checkpoint.start_offset
            ));
        }
        return Ok(Vec::new());
    };
    match listed.last() {
        Some((base, len)) if *base == tail.segment => {
            if *len < tail.length {
                let what = format!(
                    "the file ends here; a checkpoint says that it has {} bytes",
                    tail.length
                );
                return Err(StorageError::corrupt(data_path(dir, *base), *len, what));
            }
        }
        // All records were deleted and the files removed after that was durable.
        _ if empty => return Ok(Vec::new()),
        _ => return missing(format!("segment {:020}.log is missing", tail.segment)),
    }
    if !empty && listed[0].0 > checkpoint.start_offset {
        return missing(format!(
            "the first segment starts at offset {}, the log at {}: segments are missing",
            listed[0].0, checkpoint.start_offset
        ));
    }
    let mut segments: Vec<Segment> = listed
        .iter()
        .map(|(base, len)| Segment {
            base: *base,
            length: *len,
            max_timestamp: None,
            first_timestamp: None,
            gaps: compacted.is_compacted(*base),
        })
        .collect();
    if let Some(last) = segments.last_mut() {
        *last = segment_of(&tail);
    }
    Ok(segments)
}

/// The last covered batch must be there, whole, and end where the checkpoint says.
async fn check_last_batch(dir: &Path, tail: &Tail, end_offset: i64) -> Result<(), StorageError> {
    let path = data_path(dir, tail.segment);
    let file = fs::File::open(&path, &fs::OpenOptions::read_only().direct()).await?;
    let bytes = file
        .read_at(tail.last_batch, (tail.length - tail.last_batch) as usize)
        .await?;
    file.close().await?;
    let damage = |what: String| Err(StorageError::corrupt(&path, tail.last_batch, what));
    match BatchView::parse(&bytes) {
        Err(error) => damage(format!("the last batch that a checkpoint covers: {error}")),
        Ok(batch) if !batch.crc_ok() => {
            damage("the last batch that a checkpoint covers has a wrong checksum".to_owned())
        }
        Ok(batch)
            if batch.header.next_offset() != end_offset || batch.bytes().len() != bytes.len() =>
        {
            let found = batch.header.next_offset();
            damage(format!(
                "the last batch ends at offset {found}, the checkpoint says {end_offset}"
            ))
        }
        Ok(_) => Ok(()),
    }
}

async fn remove(dir: &Path, listed: &[Listed]) -> Result<(), StorageError> {
    for (base, _) in listed {
        fs::remove_file(data_path(dir, *base)).await?;
        let index = index_path(dir, *base);
        if fs::exists(&index).await? {
            fs::remove_file(&index).await?;
        }
    }
    if !listed.is_empty() {
        fs::sync_dir(dir).await?;
    }
    Ok(())
}

fn covered(segments: Vec<Segment>, compacted: Compacted, checkpoint: &Checkpoint) -> State {
    let tail = checkpoint.tail.filter(|_| !segments.is_empty());
    let flushed = Flushed {
        index: checkpoint.index,
        term: checkpoint.term,
        end_offset: checkpoint.end_offset,
        tail,
    };
    let mut state = State::recovered(checkpoint.start_offset, flushed, segments);
    state.compacted = compacted;
    state
}
