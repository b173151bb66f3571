//! The journal: one append-only log per shard that makes the frames of all its partitions durable.
//!
//! Lives on: its shard. One write and one flush serve every partition that had something to say since the last one.
//!
//! | file | what |
//! |---|---|
//! | `files` | the folder: made, zero-filled ahead, recycled |
//! | `pump` | group commit: gather, place, write, report in order |
//! | `replay` | reading it back, torn tail or damage |
//! | `recovered` | frames into partitions |
//! | `newest` | checkpoints and hard states never go back |
//! | `tracks` | which files who still needs |
//! | `probe` | which way of flushing is quicker here |
//!
//! Promises: [`Append`] resolves with `Ok` only when its frames, and those of all earlier appends, are on the disk.
//! After a failed write or flush every append, pending or new, fails, until the process ends.
//!
//! The caller's duties: append a [`Checkpoint`](crate::Checkpoint) only after the log's flush that it describes;
//! recycle after checkpoints; a frame's index and offsets are the caller's, the journal checks them at replay.

mod files;
mod newest;
mod probe;
mod pump;
mod recovered;
mod replay;
#[cfg(test)]
mod tests;
mod tracks;

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::io::ErrorKind;
use std::path::Path;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use ottla_protocol::ids::PartitionId;
use ottla_runtime::sync::{Notify, oneshot};
use ottla_runtime::task::{self, Share};
use ottla_runtime::{fs, rand};

use self::files::{Folder, JournalHandle};
use self::newest::Newest;
use self::pump::PumpState;
use self::tracks::Tracks;
use crate::error::StorageError;
use crate::mutants::{Mutant, planted};

pub use self::files::Sync;
pub use self::recovered::{Recovered, RecoveredPartition};
pub use crate::error::StorageError as OpenError;
pub use crate::format::frame::{Entry, EntryKind, Frame};

/// How a journal is laid out and written.
#[derive(Clone, Debug)]
pub struct Options {
    /// Bytes of one file; a multiple of 4096, at least 64 KiB. Default 64 MiB. A run that does not fit gets a file of
    /// its own size.
    pub file_size: u64,
    /// How writes become durable; `None` (default): tried out when the journal is opened.
    pub sync: Option<Sync>,
    /// Writes in flight at most. Default 4.
    pub in_flight: usize,
    /// Bytes worth a write of their own while another is in flight. Default 128 KiB.
    pub gather_bytes: usize,
    /// Bytes of one write at most (one frame may be larger). Default 1 MiB.
    pub max_run: usize,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            file_size: 64 << 20,
            sync: None,
            in_flight: 4,
            gather_bytes: 128 << 10,
            max_run: 1 << 20,
        }
    }
}

/// The journal can no longer make anything durable. For good: the process should say so and exit.
#[derive(Clone, Debug)]
pub struct Failed(Rc<str>);

impl Failed {
    fn new(error: &StorageError) -> Failed {
        Failed(error.to_string().into())
    }
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the journal stopped for good, nothing more is acknowledged: {}",
            self.0
        )
    }
}

impl std::error::Error for Failed {}

/// Resolves when the frames of one [`Journal::append`] are durable. May be dropped: the frames are written anyway.
pub struct Append(oneshot::Receiver<Result<(), Failed>>);

impl Future for Append {
    type Output = Result<(), Failed>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(cx).map(|answer| match answer {
            Ok(answer) => answer,
            Err(_) => Err(Failed("its shard is shutting down".into())),
        })
    }
}

/// The journal of one shard. Cheap to clone; all clones are the same journal.
#[derive(Clone)]
pub struct Journal(Rc<Inner>);

struct Inner {
    folder: Folder,
    options: Options,
    sync: Sync,
    state: RefCell<PumpState>,
    tracks: RefCell<Tracks>,
    newest: RefCell<Newest>,
    /// Oldest first; the last one is appended to.
    files: RefCell<VecDeque<Rc<JournalHandle>>>,
    next: RefCell<Option<Rc<JournalHandle>>>,
    preparing: Cell<bool>,
    /// New files that are being filled with zeroes.
    filling: Cell<usize>,
    /// The last append has landed: nothing needs the zeroes any more.
    settled: Cell<bool>,
    recycling: Cell<bool>,
    /// Appends wait for space on the disk.
    full: Cell<bool>,
    /// Rung when anything changes that somebody may wait for.
    changed: Notify,
}

impl Journal {
    /// Opens the journal in `dir`, making it if the folder is missing or empty, and replays it.
    ///
    /// # Errors
    /// [`StorageError::Corrupt`] when durable frames are damaged or missing (nothing is changed then),
    /// [`StorageError::Newer`] and [`StorageError::Foreign`] for files that are not this build's to open, and the
    /// disk's own.
    pub async fn open(
        dir: impl AsRef<Path>,
        options: Options,
    ) -> Result<(Journal, Recovered), StorageError> {
        let dir = dir.as_ref().to_owned();
        check(&options)?;
        fs::create_dir_all(&dir).await?;
        files::sync_names(&dir).await?;
        let found = files::find(&dir).await?;
        if found.is_empty() {
            let journal = Journal::create(dir, options).await?;
            return Ok((journal, Recovered::new()));
        }
        let replayed = replay::replay(&found).await?;
        let folder = Folder {
            dir,
            journal: found[0].header.journal,
            file_size: options.file_size,
        };
        // Prepared or torn files behind the end hold nothing (replay saw to it): one is kept as the next file.
        // One after the other: a folder that lost the names of some, and not of those behind them, would have a gap.
        for spare in found.iter().skip(replayed.file + 2).rev() {
            fs::remove_file(&spare.path).await?;
            fs::sync_dir(&folder.dir).await?;
        }
        let end = &found[replayed.file];
        let sync = match options.sync {
            Some(sync) => sync,
            None => probe::choose(&end.path, replayed.position, end.header.size).await?,
        };
        let mut handles = VecDeque::new();
        for file in found.iter().take(replayed.file + 1) {
            handles.push_back(Rc::new(
                folder
                    .open(file.header.sequence, file.header.size, sync)
                    .await?,
            ));
        }
        let next = match found.get(replayed.file + 1) {
            Some(file) => Some(Rc::new(
                folder
                    .open(file.header.sequence, file.header.size, sync)
                    .await?,
            )),
            None => None,
        };
        let state = PumpState::new(
            replayed.position,
            replayed.last,
            end.header.sequence,
            rand::u64(),
        );
        let newest = Newest::of(&replayed.partitions);
        let inner = Inner {
            folder,
            options,
            sync,
            state: RefCell::new(state),
            tracks: RefCell::new(replayed.tracks),
            newest: RefCell::new(newest),
            files: RefCell::new(handles),
            next: RefCell::new(next),
            preparing: Cell::new(false),
            filling: Cell::new(0),
            settled: Cell::new(false),
            recycling: Cell::new(false),
            full: Cell::new(false),
            changed: Notify::new(),
        };
        Ok((Journal(Rc::new(inner)), replayed.partitions))
    }

    async fn create(dir: std::path::PathBuf, options: Options) -> Result<Journal, StorageError> {
        let mut journal = [0; 16];
        rand::fill(&mut journal);
        let folder = Folder {
            dir,
            journal,
            file_size: options.file_size,
        };
        let mut first = folder
            .create(1, 0, options.sync.unwrap_or(Sync::After))
            .await?;
        let mut sync = options.sync.unwrap_or(Sync::After);
        if options.sync.is_none() {
            sync = probe::choose(
                &folder.path(1),
                crate::format::BLOCK as u64,
                first.ready.get(),
            )
            .await?;
            let ready = first.ready.get();
            first = folder.open(1, first.size, sync).await?;
            first.ready.set(ready);
        }
        let first = Rc::new(first);
        let inner = Rc::new(Inner {
            folder,
            options,
            sync,
            state: RefCell::new(PumpState::new(
                crate::format::BLOCK as u64,
                (0, 0),
                1,
                rand::u64(),
            )),
            tracks: RefCell::default(),
            newest: RefCell::default(),
            files: RefCell::new(VecDeque::from([first.clone()])),
            next: RefCell::new(None),
            preparing: Cell::new(false),
            filling: Cell::new(0),
            settled: Cell::new(false),
            recycling: Cell::new(false),
            full: Cell::new(false),
            changed: Notify::new(),
        });
        pump::fill_behind(&inner, first);
        Ok(Journal(inner))
    }

    /// Appends frames after all earlier ones: ordered now, durable when the returned future resolves. An empty list
    /// resolves when everything before it is durable. A checkpoint older than one appended before is left out.
    pub fn append(&self, mut frames: Vec<Frame>) -> Append {
        let (answer, receiver) = oneshot::channel();
        self.0.newest.borrow_mut().admit(&mut frames);
        {
            let mut state = self.0.state.borrow_mut();
            if let Some(failed) = &state.failed {
                let _ = answer.send(Err(failed.clone()));
                return Append(receiver);
            }
            state.gather(
                &self.0.folder.journal,
                &frames,
                self.0.options.max_run,
                answer,
            );
        }
        pump::kick(&self.0);
        Append(receiver)
    }

    /// The oldest file's sequence, and the partitions that keep it from being recycled: those whose newest checkpoint,
    /// or an entry after it, stands in it. Checkpoint them, then [`Journal::recycle`].
    pub fn pins(&self) -> (u64, Vec<PartitionId>) {
        let oldest = self.0.files.borrow().front().map_or(0, |f| f.sequence);
        (oldest, self.0.tracks.borrow().pinning(oldest))
    }

    /// Files in use, the one being written included. Recovery reads all of them.
    pub fn files(&self) -> usize {
        self.0.files.borrow().len()
    }

    /// How writes become durable here.
    pub fn sync_mode(&self) -> Sync {
        self.0.sync
    }

    /// Do appends wait for space on the disk? They go on by themselves when there is some: nothing of them is written,
    /// so nothing is in doubt.
    pub fn full(&self) -> bool {
        self.0.full.get()
    }

    /// Why the journal stopped, if it did.
    pub fn failed(&self) -> Option<Failed> {
        self.0.state.borrow().failed.clone()
    }

    /// Frees the oldest files for as long as nothing pins them. Returns how many.
    ///
    /// # Errors
    /// The disk's; the journal is poisoned then, since it is unknown which files are there.
    pub async fn recycle(&self) -> Result<usize, StorageError> {
        if self.0.recycling.replace(true) {
            return Ok(0);
        }
        let mut freed = 0;
        let result = loop {
            let Some(file) = self.0.unpinned() else {
                break Ok(freed);
            };
            let sequence = file.sequence;
            // A run that did not fit may have ended it before all of its zeroes were written: they must not come into the
            // file that is made of it.
            let filling = file.ready.get() < file.size && !planted(Mutant::ZeroesLate);
            drop(file);
            if let Err(error) = self.0.folder.release(sequence, filling).await {
                pump::fail(&self.0, &error);
                break Err(error);
            }
            freed += 1;
        };
        self.0.recycling.set(false);
        result
    }

    /// Waits until nothing is gathered, in flight, or being prepared. For a clean stop, after the last append. Leaves
    /// an empty run behind, which says that all before it was flushed: without it, damage to the very last run could
    /// not be told from a torn write. After it nothing is written: the journal may be opened again.
    pub async fn settle(&self) {
        self.idle().await;
        if self.append(Vec::new()).await.is_ok() {
            self.idle().await;
        }
        self.0.settled.set(true);
        loop {
            let changed = self.0.changed.notified();
            if self.0.filling.get() == 0 {
                return;
            }
            changed.await;
        }
    }

    async fn idle(&self) {
        loop {
            let changed = self.0.changed.notified();
            if (self.0.state.borrow().idle() || self.failed().is_some()) && !self.0.preparing.get()
            {
                return;
            }
            changed.await;
        }
    }
}

impl Inner {
    fn current(&self) -> Rc<JournalHandle> {
        match self.files.borrow().back() {
            Some(file) => file.clone(),
            None => unreachable!("the file being written is never recycled"),
        }
    }

    /// Takes the oldest file off the list if nothing needs it.
    fn unpinned(&self) -> Option<Rc<JournalHandle>> {
        let mut files = self.files.borrow_mut();
        let oldest = files.front()?.sequence;
        // The oldest file that stays must hold a flushed run: replay takes its first run as the chain's start.
        let free = files.len() > 1
            && oldest < self.state.borrow().flushed.1
            && (planted(Mutant::RecycleTooEarly) || !self.tracks.borrow().pinned(oldest));
        if free { files.pop_front() } else { None }
    }

    /// The file after the current one becomes the current one.
    async fn next_file(self: &Rc<Self>, need: u64) -> Result<Rc<JournalHandle>, StorageError> {
        while self.preparing.get() {
            let changed = self.changed.notified();
            if self.preparing.get() {
                changed.await;
            }
        }
        let nothing_yet = self.state.borrow().position == crate::format::BLOCK as u64;
        if nothing_yet && !planted(Mutant::FirstRunElsewhere) {
            return self.larger_file(need).await;
        }
        let sequence = self.current().sequence + 1;
        let ready = self.next.borrow_mut().take();
        let handle = match ready {
            Some(next) if crate::format::BLOCK as u64 + need <= next.size => next,
            unfit => {
                if unfit.is_some() {
                    drop(unfit);
                    fs::remove_file(self.folder.path(sequence)).await?;
                }
                let made = Rc::new(self.folder.create(sequence, need, self.sync).await?);
                pump::fill_behind(self, made.clone());
                made
            }
        };
        self.files.borrow_mut().push_back(handle.clone());
        Ok(handle)
    }

    /// Puts a larger file in the place of the current one, which has no run yet: an empty file before others would break the
    /// chain that replay follows.
    async fn larger_file(self: &Rc<Self>, need: u64) -> Result<Rc<JournalHandle>, StorageError> {
        let sequence = self.current().sequence;
        let made = Rc::new(self.folder.create(sequence, need, self.sync).await?);
        pump::fill_behind(self, made.clone());
        let mut files = self.files.borrow_mut();
        files.pop_back();
        files.push_back(made.clone());
        Ok(made)
    }

    /// Makes the next file in the background, once.
    fn prepare_next(self: &Rc<Self>) {
        if self.next.borrow().is_some() || self.preparing.replace(true) {
            return;
        }
        let inner = self.clone();
        let sequence = self.current().sequence + 1;
        task::spawn(Share::Background, async move {
            match inner.folder.create(sequence, 0, inner.sync).await {
                Ok(handle) => {
                    let handle = Rc::new(handle);
                    *inner.next.borrow_mut() = Some(handle.clone());
                    pump::fill_behind(&inner, handle);
                }
                // The space may be back when the file is needed; only then is it a failure.
                Err(StorageError::Io(error)) if error.kind() == ErrorKind::StorageFull => {}
                Err(error) => pump::fail(&inner, &error),
            }
            inner.preparing.set(false);
            inner.changed.notify_all();
        })
        .detach();
    }
}

fn check(options: &Options) -> Result<(), StorageError> {
    let block = crate::format::BLOCK as u64;
    if options.file_size < 16 * block
        || !options.file_size.is_multiple_of(block)
        || options.in_flight == 0
    {
        let what = format!(
            "journal files of {} bytes, {} in flight",
            options.file_size, options.in_flight
        );
        return Err(StorageError::Misuse(what));
    }
    Ok(())
}
