//! New segments take the place of old ones.
//!
//! The steps, and what a crash between two of them leaves:
//! 1. the new segment is written beside the old ones, as `<base>.log.cleaned`, and flushed with its name: a start removes it;
//! 2. the file `compacted` is replaced by one that lists the new segment in their place: from here on it counts, and a start
//!    takes the remaining steps;
//! 3. the old sidecar indexes go, for they describe other files; the new segment gets its name, which takes away the first
//!    old one; memory follows, and the cache forgets;
//! 4. the other old ones go, and the names are flushed.
//!
//! Whoever opens a segment by its name waits while 3 is under way: until memory follows, the name means another file than memory
//! says.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use ottla_protocol::ids::PartitionId;
use ottla_runtime::fs::{self, DirEntry};
use ottla_runtime::sync::oneshot;
use ottla_runtime::task::{self, Share};

use super::plan::Closed;
use crate::error::StorageError;
use crate::format::checkpoint::Checkpoint;
use crate::format::compacted::{Compacted, UNTOUCHED};
use crate::log::state::{Segment, State};
use crate::log::{Inner, Log};
use crate::mutants::{Mutant, planted};
use crate::segment::index::Index;
use crate::segment::{data_path, index_path, parse_name};

/// Beside the segments: what compaction did to them.
const COMPACTED: &str = "compacted";
/// Ends the name of a segment that has not taken its place yet.
const NEW: &str = ".log.cleaned";
/// A million segments.
const COMPACTED_MAX: usize = 32 << 20;

/// Segments that become one.
pub(super) struct Group {
    pub segments: Vec<Closed>,
    /// The leader epochs up to where the round ends.
    pub epochs: Vec<(i32, i64)>,
}

impl Group {
    fn base(&self) -> i64 {
        self.segments[0].segment.base
    }

    fn end(&self) -> i64 {
        self.segments[self.segments.len() - 1].end
    }
}

/// What stands under the temporary name.
pub(super) struct Replacement {
    pub index: Index,
    pub first_timestamp: i64,
}

impl Replacement {
    pub fn length(&self) -> u64 {
        self.index.covered
    }
}

pub(super) fn new_path(dir: &Path, base: i64) -> PathBuf {
    dir.join(format!("{base:020}{NEW}"))
}

impl State {
    /// Are these, as they are, segments of the log?
    pub(super) fn holds(&self, segments: &[Closed]) -> bool {
        segments.iter().all(|closed| {
            let at = self
                .segments
                .partition_point(|s| s.base < closed.segment.base);
            self.segments.get(at..at + 2).is_some_and(|pair| {
                (pair[0].base, pair[0].length, pair[1].base)
                    == (closed.segment.base, closed.segment.length, closed.end)
            })
        })
    }

    /// The file `compacted` once the group is replaced.
    fn with_replaced(&self, group: &Group, length: u64) -> Compacted {
        let mut next = self.compacted.clone();
        let replaced = group.base()..group.end();
        next.end = next.end.max(group.end());
        let first = next.segments.first().map_or(group.base(), |(b, _)| *b);
        let listed = first.min(group.base())..next.end;
        let before = std::mem::take(&mut next.segments);
        let length_of = |base: i64| {
            let known = before.binary_search_by_key(&base, |(b, _)| *b);
            known.map_or(UNTOUCHED, |at| before[at].1)
        };
        // All that are there, also those in between in which there was nothing to do: a start takes what is not listed for
        // what was replaced. Those that retention has removed are not listed any more.
        for base in self.segments.iter().map(|s| s.base) {
            if base == group.base() {
                next.segments.push((base, length));
            } else if listed.contains(&base) && !replaced.contains(&base) {
                next.segments.push((base, length_of(base)));
            }
        }
        next.swap = Some(group.base());
        next.epochs.clone_from(&group.epochs);
        next
    }

    fn replace(&mut self, group: &Group, segment: Segment) {
        let replaced = group.base()..group.end();
        let at = self.segments.partition_point(|s| s.base < group.base());
        self.segments.retain(|s| !replaced.contains(&s.base));
        self.segments.insert(at, segment);
        self.changes += 1;
        self.invariants();
    }
}

impl Log {
    /// Puts the replacement in the group's place; false when the group is not there any more. Once begun it goes on to its end,
    /// whoever called it.
    pub(super) async fn swap(&self, group: Group, new: Replacement) -> Result<bool, StorageError> {
        let log = self.clone();
        self.undisturbed_task(async move { log.0.swap(&group, new).await })
            .await
    }

    /// The round is done: everything below `clean_to` has been looked at.
    pub(super) async fn finish_round(&self, clean_to: i64) -> Result<(), StorageError> {
        let log = self.clone();
        self.undisturbed_task(async move {
            let _lock = log.0.lock.acquire(1).await;
            let mut next = log.0.state.borrow().compacted.clone();
            next.clean_to = clean_to.max(next.clean_to);
            next.swap = None;
            log.0.commit_compacted(next).await
        })
        .await
    }

    async fn undisturbed_task<T: 'static>(
        &self,
        work: impl Future<Output = Result<T, StorageError>> + 'static,
    ) -> Result<T, StorageError> {
        let (answer, receiver) = oneshot::channel();
        task::spawn(Share::Background, async move {
            let _ = answer.send(work.await);
        })
        .detach();
        receiver.await.unwrap_or_else(|_| {
            Err(StorageError::Misuse(
                "a compaction outlived its shard".to_owned(),
            ))
        })
    }
}

impl Inner {
    async fn swap(&self, group: &Group, new: Replacement) -> Result<bool, StorageError> {
        let _lock = self.lock.acquire(1).await;
        if let Some(why) = self.store.failed() {
            return Err(StorageError::Io(std::io::Error::other(why)));
        }
        let next = {
            let state = self.state.borrow();
            if state.deleted {
                return Ok(false);
            }
            let there = state.holds(&group.segments);
            there.then(|| state.with_replaced(group, new.length()))
        };
        let Some(next) = next else {
            fs::remove_file(new_path(&self.dir, group.base())).await?;
            return Ok(false);
        };
        if planted(Mutant::OldSegmentsFirst) {
            for closed in &group.segments {
                fs::remove_file(data_path(&self.dir, closed.segment.base)).await?;
            }
        }
        fs::sync_dir(&self.dir).await?;
        self.commit_compacted(next).await?;
        // It counts now. What fails from here on leaves the disk ahead of memory: only a start can bring them together.
        let placed = self.place(group, new).await;
        if let Err(error) = &placed {
            self.store.fail(error);
        }
        placed.map(|()| true)
    }

    /// Before another file gets the temporary name: what took its place under it before does not wait for that any more. A start
    /// would take the new file for it, complete or not.
    pub(super) async fn end_swap(&self, base: i64) -> Result<(), StorageError> {
        let mut next = self.state.borrow().compacted.clone();
        if next.swap != Some(base) {
            return Ok(());
        }
        next.swap = None;
        self.commit_compacted(next).await
    }

    /// Replaces the file `compacted`, and what memory has of it.
    async fn commit_compacted(&self, next: Compacted) -> Result<(), StorageError> {
        if self.state.borrow().deleted {
            return Ok(());
        }
        let written = fs::write_atomic(self.dir.join(COMPACTED), &next.encode(self.id)).await;
        if let Err(error) = written {
            let error = StorageError::Io(error);
            if !is_full(&error) {
                // Perhaps the last step failed, and it counts after the next start.
                self.store.fail(&error);
            }
            return Err(error);
        }
        self.state.borrow_mut().compacted = next;
        Ok(())
    }

    async fn place(&self, group: &Group, new: Replacement) -> Result<(), StorageError> {
        let (base, length) = (group.base(), new.length());
        let mut index = new.index;
        {
            let _names = self.names.acquire(1).await;
            for closed in &group.segments {
                remove_if_there(&index_path(&self.dir, closed.segment.base)).await?;
            }
            fs::rename(new_path(&self.dir, base), data_path(&self.dir, base)).await?;
            let segment = Segment {
                base,
                length,
                max_timestamp: Some(index.max_timestamp),
                first_timestamp: Some(new.first_timestamp),
                gaps: true,
            };
            self.state.borrow_mut().replace(group, segment);
            for closed in &group.segments {
                let base = closed.segment.base;
                self.store.0.handles.forget(self.key, base);
                self.store.0.indexes.take((self.key, base));
            }
            if !planted(Mutant::ReplacedStaysCached) {
                let cache = &self.store.0.cache;
                cache.drop_between(self.key, base, group.end());
            }
        }
        for closed in group.segments.iter().skip(1) {
            remove_if_there(&data_path(&self.dir, closed.segment.base)).await?;
        }
        fs::sync_dir(&self.dir).await?;
        match index
            .save(&index_path(&self.dir, base), self.id, base)
            .await
        {
            // Found out again from the segment when it is needed.
            Err(error) if is_full(&error) => {}
            saved => saved?,
        }
        Ok(())
    }
}

fn is_full(error: &StorageError) -> bool {
    matches!(error, StorageError::Io(e) if e.kind() == ErrorKind::StorageFull)
}

async fn remove_if_there(path: &Path) -> Result<(), StorageError> {
    match fs::remove_file(path).await {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        done => Ok(done?),
    }
}

/// What compaction did to the log in this folder, with the steps taken that a crash has left out.
pub(in crate::log) async fn recover(
    dir: &Path,
    id: PartitionId,
    names: &[DirEntry],
) -> Result<Compacted, StorageError> {
    let path = dir.join(COMPACTED);
    let compacted = if names.iter().any(|e| e.name == COMPACTED) {
        let bytes = fs::read_file(&path, COMPACTED_MAX).await?;
        Compacted::decode(&bytes, id).map_err(|e| StorageError::format(&path, 0, &e))?
    } else {
        Compacted::NONE
    };
    let mut touched = false;
    if let Some(base) = compacted.swap {
        // A process that was killed before it had flushed the names leaves a `compacted` that is read here and a power loss would
        // take back: the segments that it does without must not go before it is there for good.
        fs::sync_dir(dir).await?;
        let after = compacted.segments.iter().find(|(b, _)| *b > base);
        let end = after.map_or(compacted.end, |(b, _)| *b);
        for entry in names {
            // Perhaps it describes the old file: the sidecar index is made again.
            let index = parse_name(&entry.name, ".index").filter(|b| (base..end).contains(b));
            let replaced = parse_name(&entry.name, ".log").filter(|b| (base + 1..end).contains(b));
            if index.or(replaced).is_some() {
                fs::remove_file(dir.join(&entry.name)).await?;
                touched = true;
            }
        }
        let new = new_path(dir, base);
        if fs::exists(&new).await? {
            fs::rename(new, data_path(dir, base)).await?;
            touched = true;
        }
    }
    for entry in names {
        // Those that never counted.
        if parse_name(&entry.name, NEW).is_some_and(|base| Some(base) != compacted.swap) {
            fs::remove_file(dir.join(&entry.name)).await?;
            touched = true;
        }
    }
    if touched {
        fs::sync_dir(dir).await?;
    }
    Ok(compacted)
}

/// The segments that compaction has left must be those that are there, to the byte, as far as the log still has them.
pub(in crate::log) fn check(
    dir: &Path,
    compacted: &Compacted,
    listed: &[(i64, u64)],
    checkpoint: &Checkpoint,
) -> Result<(), StorageError> {
    let damage = |base: i64, at: u64, what: String| {
        Err(StorageError::corrupt(data_path(dir, base), at, what))
    };
    let Some((first, _)) = compacted.segments.first() else {
        return Ok(());
    };
    let ends = compacted.segments.iter().skip(1).map(|(base, _)| *base);
    for ((base, length), end) in compacted.segments.iter().zip(ends.chain([compacted.end])) {
        if end <= checkpoint.start_offset {
            continue; // Perhaps removed.
        }
        match listed.iter().find(|(b, _)| b == base) {
            Some((_, there)) if there == length || *length == UNTOUCHED => {}
            Some((_, there)) => {
                let what = format!("compaction left {length} bytes, the file has {there}");
                return damage(*base, *there, what);
            }
            None => return damage(*base, 0, "it is missing".to_owned()),
        }
    }
    let known = |base: &i64| compacted.segments.iter().any(|(b, _)| b == base);
    let among = |base: &i64| (*first..compacted.end).contains(base);
    if let Some((base, _)) = listed.iter().find(|(b, _)| among(b) && !known(b)) {
        return damage(*base, 0, "compaction has not left it there".to_owned());
    }
    match checkpoint.tail {
        Some(tail) if tail.segment < compacted.end => {
            let end = compacted.end;
            let what = format!("compaction went on to {end}, by the checkpoint it was open");
            damage(tail.segment, 0, what)
        }
        _ => Ok(()),
    }
}
