//! One open file.

use std::{
    fmt,
    io::{Error, ErrorKind},
    path::{Path, PathBuf},
};

use bytes::Bytes;

use super::Buf;
use crate::{Result, real, sim};

/// Positions and lengths of direct writes are multiples of this many bytes: a physical sector of every
/// disk in use and the page size, so a write never makes the disk read the rest of a sector first.
pub const ALIGNMENT: u64 = 4096;

/// Largest piece written at once by [`File::zero_fill`].
const ZERO_PIECE: u64 = 1 << 20;

/// How to open a file. The default opens an existing file for reading only.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OpenOptions {
    /// Create the file if it is missing (implies nothing about `write`; set both).
    pub create: bool,
    /// Create the file; refuse if it exists.
    pub create_new: bool,
    /// Open for writing too.
    pub write: bool,
    /// Past the page cache (O_DIRECT). Where the file system refuses, the file is buffered and a warning
    /// is logged.
    pub direct: bool,
    /// Each write is durable when it completes (O_DSYNC).
    pub dsync: bool,
}

impl OpenOptions {
    /// Reading an existing file.
    pub fn read_only() -> Self {
        OpenOptions::default()
    }

    /// Reading and writing, created if missing.
    pub fn read_write() -> Self {
        OpenOptions {
            create: true,
            write: true,
            ..OpenOptions::default()
        }
    }

    /// Reading and writing a file that must not exist yet.
    pub fn new_file() -> Self {
        OpenOptions {
            create_new: true,
            write: true,
            ..OpenOptions::default()
        }
    }

    /// With `direct` set.
    pub fn direct(self) -> Self {
        OpenOptions {
            direct: true,
            ..self
        }
    }

    /// With `dsync` set.
    pub fn dsync(self) -> Self {
        OpenOptions {
            dsync: true,
            ..self
        }
    }
}

/// How many files and sockets this process may have open at the same time.
pub fn open_files_limit() -> u64 {
    match sim::current() {
        // As on most systems: small enough that handles are given up and taken again.
        Some(_) => 1024,
        None => real::file::open_files_limit(),
    }
}

/// An open file of this shard. Operations may run at the same time; those that overlap have no order.
/// Errors name the file and the operation.
pub struct File {
    kind: Kind,
    path: PathBuf,
}

enum Kind {
    Real(real::file::File),
    Sim(sim::file::File),
}

impl File {
    /// Opens or creates.
    ///
    /// # Errors
    /// As the operating system's open: missing, exists already (`create_new`), not permitted, ...
    pub async fn open(path: impl AsRef<Path>, options: &OpenOptions) -> Result<File> {
        let path = path.as_ref();
        let kind = match sim::current() {
            Some(sim) => sim.open(path, options).await.map(Kind::Sim),
            None => real::file::File::open(path, options).await.map(Kind::Real),
        };
        kind.map(|kind| File {
            kind,
            path: path.to_owned(),
        })
        .map_err(|e| explain(e, "opening", path))
    }

    /// Writes the whole buffer at `pos` and gives it back. In a direct file `pos` and the length are
    /// multiples of [`ALIGNMENT`]. The write is not durable before [`File::sync`], except in a `dsync` file.
    ///
    /// # Errors
    /// InvalidInput when not aligned; else the disk's. After an error any part may have been written.
    /// If the future is dropped, the write may still happen.
    pub async fn write_at(&self, buf: Buf, pos: u64) -> Result<Buf> {
        if self.is_direct()
            && !(pos.is_multiple_of(ALIGNMENT) && (buf.len() as u64).is_multiple_of(ALIGNMENT))
        {
            let what = format!(
                "direct write of {} bytes at {pos} is not aligned to {ALIGNMENT}",
                buf.len()
            );
            return Err(explain(
                Error::new(ErrorKind::InvalidInput, what),
                "writing",
                &self.path,
            ));
        }
        if buf.is_empty() {
            return Ok(buf);
        }
        let written = match &self.kind {
            Kind::Real(file) => file.write_at(buf, pos).await,
            Kind::Sim(file) => file.write_at(buf, pos).await,
        };
        written.map_err(|e| explain(e, "writing", &self.path))
    }

    /// Reads `len` bytes from `pos`, aligned or not; fewer only where the file ends.
    ///
    /// # Errors
    /// The disk's. Memory is never allocated beyond the file's length.
    pub async fn read_at(&self, pos: u64, len: usize) -> Result<Bytes> {
        let read = match &self.kind {
            Kind::Real(file) => file.read_at(pos, len).await,
            Kind::Sim(file) => file.read_at(pos, len).await,
        };
        read.map_err(|e| explain(e, "reading", &self.path))
    }

    /// Makes all completed writes, and the file's length, durable (fdatasync).
    ///
    /// # Errors
    /// After an error nothing is known about what is on the disk, and a later success does not change
    /// that: never retry, stop trusting the file.
    pub async fn sync(&self) -> Result<()> {
        let synced = match &self.kind {
            Kind::Real(file) => file.sync().await,
            Kind::Sim(file) => file.sync().await,
        };
        synced.map_err(|e| explain(e, "syncing", &self.path))
    }

    /// Length in bytes.
    ///
    /// # Errors
    /// The disk's.
    pub async fn len(&self) -> Result<u64> {
        let len = match &self.kind {
            Kind::Real(file) => file.len(),
            Kind::Sim(file) => file.len(),
        };
        len.map_err(|e| explain(e, "measuring", &self.path))
    }

    /// Whether the file has no bytes.
    ///
    /// # Errors
    /// As [`File::len`].
    pub async fn is_empty(&self) -> Result<bool> {
        Ok(self.len().await? == 0)
    }

    /// Reserves disk space for `len` bytes and lengthens the file to that (never shortens it). New bytes
    /// read as zero.
    ///
    /// # Errors
    /// StorageFull when there is no space, and the disk's others.
    pub async fn allocate(&self, len: u64) -> Result<()> {
        let done = match &self.kind {
            Kind::Real(file) => file.allocate(len).await,
            Kind::Sim(file) => file.allocate(len).await,
        };
        done.map_err(|e| explain(e, "allocating", &self.path))
    }

    /// Writes `len` zero bytes from `from` in large pieces. Done ahead, it turns later writes there into
    /// plain overwrites, which need no journal commit of the file system.
    ///
    /// # Errors
    /// As [`File::write_at`].
    pub async fn zero_fill(&self, from: u64, len: u64) -> Result<()> {
        let end = from + len;
        let mut pos = from;
        let mut buf = Buf::new();
        while pos < end {
            buf.resize(ZERO_PIECE.min(end - pos) as usize);
            let piece = buf.len() as u64;
            buf = self.write_at(buf, pos).await?;
            pos += piece;
        }
        Ok(())
    }

    /// Cuts or lengthens (with zeroes) to `len` bytes. Durable after [`File::sync`].
    ///
    /// # Errors
    /// The disk's.
    pub async fn truncate(&self, len: u64) -> Result<()> {
        let done = match &self.kind {
            Kind::Real(file) => file.truncate(len).await,
            Kind::Sim(file) => file.truncate(len).await,
        };
        done.map_err(|e| explain(e, "truncating", &self.path))
    }

    /// Closes. Dropping the file does the same without saying how it went. Does not sync.
    ///
    /// # Errors
    /// The disk's.
    pub async fn close(self) -> Result<()> {
        let closed = match self.kind {
            Kind::Real(file) => file.close().await,
            Kind::Sim(file) => file.close().await,
        };
        closed.map_err(|e| explain(e, "closing", &self.path))
    }

    /// Whether reads and writes go past the page cache.
    pub fn is_direct(&self) -> bool {
        match &self.kind {
            Kind::Real(file) => file.is_direct(),
            Kind::Sim(file) => file.is_direct(),
        }
    }

    /// What writes should be aligned to: [`ALIGNMENT`], also in buffered files, so formats do not differ.
    pub fn alignment(&self) -> u64 {
        ALIGNMENT
    }

    /// The path it was opened by (it may have been renamed since).
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl fmt::Debug for File {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "File({})", self.path.display())
    }
}

/// Names operation and file in an error and keeps its kind. The operating system's number goes into the
/// text: `io::Error` cannot hold both.
pub(super) fn explain(error: Error, operation: &str, path: &Path) -> Error {
    Error::new(
        error.kind(),
        format!("{operation} {}: {error}", path.display()),
    )
}
