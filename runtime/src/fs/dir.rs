//! Folders, names and whole small files.

use std::{
    fmt,
    io::{Error, ErrorKind},
    path::{Path, PathBuf},
};

use bytes::Bytes;

use super::{Buf, File, OpenOptions, file::explain};
use crate::{Result, real, sim};

/// One name in a folder.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct DirEntry {
    /// The name, without the folder. Names that are not UTF-8 are left out of lists.
    pub name: String,
    /// Whether it is a folder.
    pub is_dir: bool,
    /// Length in bytes; 0 for folders.
    pub len: u64,
}

/// Chooses the backend for one operation on a path and names both in the error.
macro_rules! on_path {
    ($operation:literal, $path:expr, $function:ident ( $($argument:expr),* )) => {
        match sim::current() {
            Some(sim) => sim.$function($($argument),*).await,
            None => real::dir::$function($($argument),*).await,
        }
        .map_err(|e| explain(e, $operation, $path))
    };
}

/// Creates a folder and those above it; fine if it exists. Durable after [`sync_dir`] of each parent.
///
/// # Errors
/// The operating system's, naming the path.
pub async fn create_dir_all(path: impl AsRef<Path>) -> Result<()> {
    let path = path.as_ref();
    on_path!("creating folder", path, create_dir_all(path))
}

/// Makes the names in a folder durable: creations, renames and removals done so far.
///
/// # Errors
/// The operating system's, naming the path. As with [`File::sync`], never retry.
pub async fn sync_dir(path: impl AsRef<Path>) -> Result<()> {
    let path = path.as_ref();
    on_path!("syncing folder", path, sync_dir(path))
}

/// Removes a file's name. Open handles go on working. Durable after [`sync_dir`].
///
/// # Errors
/// NotFound, and the operating system's others.
pub async fn remove_file(path: impl AsRef<Path>) -> Result<()> {
    let path = path.as_ref();
    on_path!("removing", path, remove_file(path))
}

/// Removes a folder with all it holds; fine if it is missing.
///
/// # Errors
/// The operating system's, naming the path.
pub async fn remove_dir_all(path: impl AsRef<Path>) -> Result<()> {
    let path = path.as_ref();
    on_path!("removing folder", path, remove_dir_all(path))
}

/// Renames, replacing a file of the new name. Atomic; durable after [`sync_dir`].
///
/// # Errors
/// The operating system's, naming the old path.
pub async fn rename(from: impl AsRef<Path>, to: impl AsRef<Path>) -> Result<()> {
    let from = from.as_ref();
    on_path!("renaming", from, rename(from, to.as_ref()))
}

/// What a folder holds, sorted by name.
///
/// # Errors
/// NotFound, and the operating system's others.
pub async fn list(path: impl AsRef<Path>) -> Result<Vec<DirEntry>> {
    let path = path.as_ref();
    let mut entries: Vec<DirEntry> = on_path!("listing", path, list(path))?;
    entries.sort_unstable();
    Ok(entries)
}

/// Whether there is a file or folder of that name.
///
/// # Errors
/// When that cannot be known.
pub async fn exists(path: impl AsRef<Path>) -> Result<bool> {
    let path = path.as_ref();
    on_path!("looking for", path, exists(path))
}

/// Bytes that this process may still write on the file system that holds `path`.
///
/// # Errors
/// The operating system's, naming the path.
pub async fn free_space(path: impl AsRef<Path>) -> Result<u64> {
    let path = path.as_ref();
    on_path!("measuring free space at", path, free_space(path))
}

/// Reads a whole small file.
///
/// # Errors
/// FileTooLarge when it has more than `max` bytes; nothing is read then. Else as [`File::read_at`].
pub async fn read_file(path: impl AsRef<Path>, max: usize) -> Result<Bytes> {
    let path = path.as_ref();
    let file = File::open(path, &OpenOptions::read_only()).await?;
    let len = file.len().await?;
    if len > max as u64 {
        let what = format!("it has {len} bytes, more than the {max} allowed");
        return Err(explain(
            Error::new(ErrorKind::FileTooLarge, what),
            "reading",
            path,
        ));
    }
    let bytes = file.read_at(0, len as usize).await?;
    file.close().await?;
    Ok(bytes)
}

/// Replaces or creates a file so that after a crash either the old or the new content is there, and the
/// new one once this returns: written beside it (`<name>.tmp`), synced, renamed, folder synced.
///
/// # Errors
/// Of the step that failed. The old content is then still there, unless the last step (syncing the folder)
/// failed.
pub async fn write_atomic(path: impl AsRef<Path>, bytes: &[u8]) -> Result<()> {
    let path = path.as_ref();
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".tmp");
    let beside = path.with_file_name(name);
    let file = File::open(&beside, &OpenOptions::read_write()).await?;
    file.truncate(0).await?;
    file.write_at(Buf::from(bytes), 0).await?;
    file.sync().await?;
    file.close().await?;
    rename(&beside, path).await?;
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => sync_dir(parent).await,
        _ => sync_dir(".").await,
    }
}

/// A lock held on a file, against other processes; released when dropped or when the process ends however
/// it ends.
pub struct LockFile {
    _held: Held,
    path: PathBuf,
}

enum Held {
    Real { _lock: real::dir::Lock },
    Sim { _lock: sim::disk::Lock },
}

impl LockFile {
    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl fmt::Debug for LockFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LockFile({})", self.path.display())
    }
}

/// Creates the file if missing and locks it, without waiting.
///
/// # Errors
/// ResourceBusy when another process (or another handle of this one) holds it; else the operating system's.
pub async fn lock(path: impl AsRef<Path>) -> Result<LockFile> {
    let path = path.as_ref();
    let held = match sim::current() {
        Some(sim) => sim.lock(path).await.map(|lock| Held::Sim { _lock: lock }),
        None => real::dir::lock(path)
            .await
            .map(|lock| Held::Real { _lock: lock }),
    };
    held.map(|held| LockFile {
        _held: held,
        path: path.to_owned(),
    })
    .map_err(|e| explain(e, "locking", path))
}
