//! The files of a journal: made, zero-filled ahead, recycled. Knows names and headers, not runs.
//!
//! A file gets its final name only when its header is durable, and frames go in only when the name is durable:
//!
//! ```text
//! new:      create `next.tmp`, reserve, zero-fill the first piece, header, sync, rename to `<sequence>.journal`, sync folder
//! recycled: rename `<old>.journal` to `spare.free`, sync folder; later: sync folder, header, sync, rename, sync folder
//! ```
//!
//! The folder is synced once more before a spare file is changed: the rename that made it spare may be a moment old.
//!
//! So after a crash at any point every `*.journal` file has a valid header of its own sequence, and what is called
//! `next.tmp` or `spare*.free` holds nothing that anybody needs.

use std::cell::Cell;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use ottla_runtime::fs::{self, Buf, File, OpenOptions};
use ottla_runtime::sync::Notify;

use crate::error::StorageError;
use crate::format::journal_file::JournalFile;
use crate::format::{BLOCK, block_up};
use crate::mutants::{Mutant, planted};

const NEW: &str = "next.tmp";
/// Files kept to be used again. A checkpoint often frees several at once, and zero-filling a new one in the place of each
/// would write every byte a third time.
const SPARES: usize = 2;
/// Zero-filled in one go, in large files.
const LARGEST_PIECE: u64 = 1 << 20;

/// How much of a file is zero-filled in one go: before it is used at all, then in the background. Small files have several
/// pieces too, so that what large ones do in the background is tried in small ones.
pub(super) fn piece(size: u64) -> u64 {
    block_up(size / 64).min(LARGEST_PIECE)
}

/// How writes become durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sync {
    /// Each write is durable by itself (O_DSYNC): one device command where the device has FUA.
    Through,
    /// Each write is followed by a flush (fdatasync).
    After,
}

/// An open journal file.
pub(super) struct JournalHandle {
    pub sequence: u64,
    pub size: u64,
    pub file: File,
    /// Runs may be written below this position; the rest is still being zero-filled.
    pub ready: Cell<u64>,
    /// Rung when `ready` moves.
    pub moved: Notify,
}

/// The folder of a journal.
pub(super) struct Folder {
    pub dir: PathBuf,
    pub journal: [u8; 16],
    pub file_size: u64,
}

impl Folder {
    pub fn path(&self, sequence: u64) -> PathBuf {
        self.dir.join(JournalFile::name(sequence))
    }

    /// Opens an existing file for appending.
    pub async fn open(
        &self,
        sequence: u64,
        size: u64,
        sync: Sync,
    ) -> Result<JournalHandle, StorageError> {
        let file = File::open(self.path(sequence), &options(sync)).await?;
        Ok(JournalHandle {
            sequence,
            size,
            file,
            ready: Cell::new(size),
            moved: Notify::new(),
        })
    }

    /// The places of spare files.
    fn spares(&self) -> impl Iterator<Item = PathBuf> {
        spare_names().map(|name| self.dir.join(name))
    }

    /// A spare file of the usual size. One of another size, of a start that had more room or less, goes.
    async fn spare(&self) -> Result<Option<(PathBuf, File)>, StorageError> {
        for path in self.spares() {
            if fs::exists(&path).await? {
                let file = File::open(&path, &OpenOptions::read_write().direct()).await?;
                if file.len().await? == self.file_size {
                    return Ok(Some((path, file)));
                }
                file.close().await?;
                fs::remove_file(&path).await?;
            }
        }
        Ok(None)
    }

    /// Makes file `sequence` with room for a run of `run` bytes, out of the spare one if there is one that fits.
    pub async fn create(
        &self,
        sequence: u64,
        run: u64,
        sync: Sync,
    ) -> Result<JournalHandle, StorageError> {
        let size = self.file_size.max(block_up(run) + BLOCK as u64);
        if size == self.file_size
            && let Some((path, file)) = self.spare().await?
        {
            // Its old name may be on the disk still, and must not come to lead to the new header.
            if !planted(Mutant::SpareTooEarly) {
                fs::sync_dir(&self.dir).await?;
            }
            self.publish(file, &path, sequence, size).await?;
            return self.open(sequence, size, sync).await;
        }
        let new = self.dir.join(NEW);
        if fs::exists(&new).await? {
            fs::remove_file(&new).await?;
        }
        let file = File::open(&new, &OpenOptions::new_file().direct()).await?;
        file.allocate(size).await?;
        // A buffered file (tmpfs) gains nothing from zeroes written ahead.
        let filled = if file.is_direct() {
            size.min(BLOCK as u64 + piece(size))
        } else {
            size
        };
        if filled < size {
            file.zero_fill(BLOCK as u64, filled - BLOCK as u64).await?;
        }
        self.publish(file, &new, sequence, size).await?;
        let handle = self.open(sequence, size, sync).await?;
        handle.ready.set(filled);
        Ok(handle)
    }

    async fn publish(
        &self,
        file: File,
        at: &Path,
        sequence: u64,
        size: u64,
    ) -> Result<(), StorageError> {
        let header = JournalFile {
            journal: self.journal,
            sequence,
            size,
        };
        file.write_at(Buf::from(&header.encode()[..]), 0).await?;
        file.sync().await?;
        file.close().await?;
        fs::rename(at, self.path(sequence)).await?;
        if !planted(Mutant::NameNotFlushed) {
            fs::sync_dir(&self.dir).await?;
        }
        Ok(())
    }

    /// Gives up a file that nobody needs: it becomes a spare one, or goes. One that is `changing` still goes.
    pub async fn release(&self, sequence: u64, changing: bool) -> Result<(), StorageError> {
        let path = self.path(sequence);
        let there = fs::list(&self.dir).await?;
        let len = there
            .iter()
            .find(|e| e.name == JournalFile::name(sequence))
            .map(|e| e.len);
        let free = spare_names().find(|name| there.iter().all(|e| e.name != *name));
        match free {
            Some(name) if len == Some(self.file_size) && !changing => {
                fs::rename(&path, self.dir.join(name)).await?;
            }
            _ => fs::remove_file(&path).await?,
        }
        fs::sync_dir(&self.dir).await?;
        Ok(())
    }
}

fn spare_names() -> impl Iterator<Item = String> {
    (1..=SPARES).map(|n| match n {
        1 => "spare.free".to_owned(),
        n => format!("spare-{n}.free"),
    })
}

/// Zero-fills the rest of a new file piece by piece, until the journal is `settled`: whoever opens it then takes the file as
/// it is, and zeroes must not come over what is written to it.
pub(super) async fn fill(handle: &JournalHandle, settled: &Cell<bool>) -> Result<(), StorageError> {
    while handle.ready.get() < handle.size && !settled.get() {
        let from = handle.ready.get();
        let piece = piece(handle.size).min(handle.size - from);
        handle.file.zero_fill(from, piece).await?;
        handle.ready.set(from + piece);
        handle.moved.notify_all();
    }
    // Zeroes that are missing only make writes slower; a late append must not wait for them.
    handle.ready.set(handle.size);
    handle.moved.notify_all();
    Ok(())
}

pub(super) fn options(sync: Sync) -> OpenOptions {
    let options = OpenOptions {
        write: true,
        ..OpenOptions::default()
    }
    .direct();
    if sync == Sync::Through {
        options.dsync()
    } else {
        options
    }
}

/// Folders above the journal's own whose names are made durable too: `create_dir_all` may just have made them.
const LEVELS: usize = 4;

/// Makes the names in the folder durable, and its own. At every start: a process that was killed between a rename and
/// the sync leaves a name that the system shows and a power cut would take back.
pub(super) async fn sync_names(dir: &Path) -> Result<(), StorageError> {
    fs::sync_dir(dir).await?;
    let above = dir
        .ancestors()
        .skip(1)
        .filter(|path| !path.as_os_str().is_empty());
    for parent in above.take(LEVELS) {
        match fs::sync_dir(parent).await {
            // Not ours to open, so not made by us either.
            Err(error) if error.kind() == ErrorKind::PermissionDenied => break,
            other => other?,
        }
    }
    Ok(())
}

/// One file found at start.
pub(super) struct Found {
    pub header: JournalFile,
    pub path: PathBuf,
}

/// The journal files in a folder, in order, headers checked.
pub(super) async fn find(dir: &Path) -> Result<Vec<Found>, StorageError> {
    let mut found: Vec<Found> = Vec::new();
    // Names are 20 digits: sorted by name is sorted by sequence.
    for entry in fs::list(dir).await? {
        let Some(sequence) = JournalFile::parse_name(&entry.name) else {
            if entry.name != NEW && !spare_names().any(|spare| spare == entry.name) {
                let what = "a file that this build does not know, in a journal's folder".to_owned();
                return Err(StorageError::Foreign {
                    file: dir.join(&entry.name),
                    what,
                });
            }
            continue;
        };
        let path = dir.join(&entry.name);
        let file = File::open(&path, &OpenOptions::read_only().direct()).await?;
        let block = file.read_at(0, BLOCK).await?;
        file.close().await?;
        let header = JournalFile::decode(&block).map_err(|e| StorageError::format(&path, 0, &e))?;
        if header.sequence != sequence {
            let what = format!(
                "the header says file {}, the name says {sequence}",
                header.sequence
            );
            return Err(StorageError::corrupt(&path, 0, what));
        }
        if entry.len < header.size {
            let what = format!("the file is cut: the header says {} bytes", header.size);
            return Err(StorageError::corrupt(&path, entry.len, what));
        }
        if let Some(before) = found.last() {
            if before.header.journal != header.journal {
                let what = format!(
                    "it is part of another journal than {}",
                    before.path.display()
                );
                return Err(StorageError::Foreign { file: path, what });
            }
            if before.header.sequence + 1 != sequence {
                let what = format!(
                    "journal file {} is missing",
                    JournalFile::name(before.header.sequence + 1)
                );
                return Err(StorageError::corrupt(dir, 0, what));
            }
        }
        found.push(Found { header, path });
    }
    Ok(found)
}
