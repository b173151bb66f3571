//! Folders and names, on the threads for blocking calls.

use std::{
    fs,
    io::{Error, ErrorKind},
    path::Path,
};

use super::{blocking, sys};
use crate::{Result, fs::DirEntry};

/// An open, locked file; closing it unlocks.
pub(crate) struct Lock(#[allow(dead_code)] fs::File); // held for its drop

pub(crate) async fn create_dir_all(path: &Path) -> Result<()> {
    let path = path.to_owned();
    blocking::run(move || fs::create_dir_all(path)).await
}

pub(crate) async fn sync_dir(path: &Path) -> Result<()> {
    let path = path.to_owned();
    blocking::run(move || fs::File::open(path)?.sync_all()).await
}

pub(crate) async fn remove_file(path: &Path) -> Result<()> {
    let path = path.to_owned();
    blocking::run(move || fs::remove_file(path)).await
}

pub(crate) async fn remove_dir_all(path: &Path) -> Result<()> {
    let path = path.to_owned();
    let removed = blocking::run(move || fs::remove_dir_all(path)).await;
    removed.or_else(|error| {
        if error.kind() == ErrorKind::NotFound {
            Ok(())
        } else {
            Err(error)
        }
    })
}

pub(crate) async fn rename(from: &Path, to: &Path) -> Result<()> {
    let (from, to) = (from.to_owned(), to.to_owned());
    blocking::run(move || fs::rename(from, to)).await
}

pub(crate) async fn list(path: &Path) -> Result<Vec<DirEntry>> {
    let path = path.to_owned();
    blocking::run(move || {
        let mut entries = Vec::new();
        for entry in fs::read_dir(path)? {
            let entry = entry?;
            let Ok(name) = entry.file_name().into_string() else {
                continue;
            };
            let metadata = match entry.metadata() {
                Ok(metadata) => metadata,
                // Removed while we looked.
                Err(error) if error.kind() == ErrorKind::NotFound => continue,
                Err(error) => return Err(error),
            };
            let is_dir = metadata.is_dir();
            entries.push(DirEntry {
                name,
                is_dir,
                len: if is_dir { 0 } else { metadata.len() },
            });
        }
        Ok(entries)
    })
    .await
}

pub(crate) async fn exists(path: &Path) -> Result<bool> {
    let path = path.to_owned();
    blocking::run(move || fs::exists(path)).await
}

pub(crate) async fn free_space(path: &Path) -> Result<u64> {
    let path = path.to_owned();
    blocking::run(move || sys::free_space(&path)).await
}

pub(crate) async fn lock(path: &Path) -> Result<Lock> {
    let path = path.to_owned();
    blocking::run(move || {
        let file = fs::OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)?;
        match file.try_lock() {
            Ok(()) => Ok(Lock(file)),
            Err(fs::TryLockError::WouldBlock) => Err(Error::new(
                ErrorKind::ResourceBusy,
                "another process holds the lock",
            )),
            Err(fs::TryLockError::Error(error)) => Err(error),
        }
    })
    .await
}
