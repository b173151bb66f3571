//! Files: direct (DMA) where the file system allows it, else buffered.

use std::{
    cell::RefCell,
    collections::BTreeSet,
    io::{Error, ErrorKind},
    os::{
        fd::{AsRawFd, RawFd},
        unix::fs::MetadataExt,
    },
    path::Path,
    rc::Rc,
};

use bytes::{Bytes, BytesMut};
use glommio::{
    allocate_dma_buffer_global,
    io::{BufferedFile, DmaFile, ReadResult},
};

use super::{blocking, sys};
use crate::{
    Result,
    fs::{ALIGNMENT, Buf, OpenOptions},
    join::join_all,
};

/// Large reads are split into pieces of this size that run at the same time.
const READ_PIECE: u64 = 512 << 10;

/// Reads beyond this first look at the file's length, so that no caller's number allocates memory unchecked.
const READ_UNCHECKED: usize = 1 << 20;

pub(crate) enum File {
    Direct(DmaFile),
    Buffered(BufferedFile),
}

impl File {
    pub(crate) async fn open(path: &Path, options: &OpenOptions) -> Result<File> {
        let folder = path
            .parent()
            .filter(|parent| !parent.as_os_str().is_empty())
            .unwrap_or(Path::new("."));
        if options.direct && sys::is_memory_fs(folder) {
            warn_buffered(path, "it lives in memory");
        } else if options.direct {
            match open_direct(path, folder, options).await {
                Ok(file) => return Ok(file),
                Err(error) if error.kind() == ErrorKind::InvalidInput => {
                    warn_buffered(path, "its file system refuses direct io");
                    // The refused attempt may have created the file already.
                    let again = OpenOptions {
                        create: options.create || options.create_new,
                        create_new: false,
                        ..*options
                    };
                    return Ok(File::Buffered(flags(&again).buffered_open(path).await?));
                }
                Err(error) => return Err(error),
            }
        }
        Ok(File::Buffered(flags(options).buffered_open(path).await?))
    }

    pub(crate) async fn write_at(&self, buf: Buf, pos: u64) -> Result<Buf> {
        match self {
            File::Direct(file) => write_direct(file, buf, pos).await,
            File::Buffered(file) => {
                let mut written = 0;
                while written < buf.len() {
                    // glommio keeps a buffered write's memory, hence the copy; this is the fallback path.
                    let n = file
                        .write_at(buf[written..].to_vec(), pos + written as u64)
                        .await?;
                    written += progress(n)?;
                }
                Ok(buf)
            }
        }
    }

    pub(crate) async fn read_at(&self, pos: u64, len: usize) -> Result<Bytes> {
        let mut end = pos.saturating_add(len as u64);
        if len > READ_UNCHECKED {
            end = end.min(self.len()?);
        }
        if end <= pos {
            return Ok(Bytes::new());
        }
        let start = pos - pos % ALIGNMENT;
        let pieces = (start..end).step_by(READ_PIECE as usize).map(|from| {
            let to = (from + READ_PIECE).min(end.next_multiple_of(ALIGNMENT));
            self.read_piece(from, (to - from) as usize)
        });
        // One read is the usual case; it needs no list of futures.
        let pieces = if end - start <= READ_PIECE {
            vec![
                self.read_piece(start, (end.next_multiple_of(ALIGNMENT) - start) as usize)
                    .await,
            ]
        } else {
            join_all(pieces).await
        };
        gather(pieces, start, pos, end)
    }

    /// Reads aligned blocks. A short answer in the middle of a file is possible in principle, so only an
    /// empty one, or one that ends inside a block, is taken for the end of the file.
    async fn read_piece(&self, from: u64, len: usize) -> Result<Vec<ReadResult>> {
        let mut parts = Vec::with_capacity(1);
        let mut done = 0;
        while done < len {
            let part = match self {
                File::Direct(file) => file.read_at_aligned(from + done as u64, len - done).await?,
                File::Buffered(file) => file.read_at(from + done as u64, len - done).await?,
            };
            let n = part.len();
            done += n;
            if n > 0 {
                parts.push(part);
            }
            if !(n as u64).is_multiple_of(ALIGNMENT) || n == 0 {
                break;
            }
        }
        Ok(parts)
    }

    pub(crate) async fn sync(&self) -> Result<()> {
        match self {
            File::Direct(file) => Ok(file.fdatasync().await?),
            File::Buffered(file) => Ok(file.fdatasync().await?),
        }
    }

    fn fd(&self) -> RawFd {
        match self {
            File::Direct(file) => file.as_raw_fd(),
            File::Buffered(file) => file.as_raw_fd(),
        }
    }

    /// Does not wait: the length of an open file is in memory.
    pub(crate) fn len(&self) -> Result<u64> {
        sys::file_len(self.fd())
    }

    pub(crate) async fn allocate(&self, len: u64) -> Result<()> {
        let fd = self.fd();
        match blocking::run(move || sys::allocate(fd, len)).await {
            // Some file systems cannot reserve; the length is still wanted.
            Err(error) if error.kind() == ErrorKind::Unsupported && self.len()? < len => {
                self.truncate(len).await
            }
            Err(error) if error.kind() == ErrorKind::Unsupported => Ok(()),
            other => other,
        }
    }

    pub(crate) async fn truncate(&self, len: u64) -> Result<()> {
        let fd = self.fd();
        blocking::run(move || sys::truncate(fd, len)).await
    }

    pub(crate) async fn close(self) -> Result<()> {
        match self {
            File::Direct(file) => Ok(file.close().await?),
            File::Buffered(file) => Ok(file.close().await?),
        }
    }

    pub(crate) fn is_direct(&self) -> bool {
        matches!(self, File::Direct(_))
    }
}

fn flags(options: &OpenOptions) -> glommio::io::OpenOptions {
    let mut flags = glommio::io::OpenOptions::new();
    flags
        .read(true)
        .write(options.write)
        .create(options.create)
        .create_new(options.create_new)
        .mode(0o640);
    if options.dsync {
        flags.custom_flags(libc::O_DSYNC);
    }
    flags
}

thread_local! {
    /// Devices that this shard's executor knows to use without polling.
    static KNOWN_DEVICES: RefCell<BTreeSet<u64>> = const { RefCell::new(BTreeSet::new()) };
}

/// Opens a direct file that is never polled for completions.
///
/// At the first direct file of a device glommio tries, by reading the file, whether the device can be
/// polled, and remembers the answer. Reading an empty file always succeeds, so it may believe in polling
/// where there is none, and every later read fails; where there is polling, it burns CPU while io is under
/// way. A file open for writing only cannot be read, so opening one first settles it: no polling.
async fn open_direct(path: &Path, folder: &Path, options: &OpenOptions) -> Result<File> {
    let device = std::fs::metadata(folder)?.dev();
    let mut options = *options;
    if !KNOWN_DEVICES.with_borrow(|known| known.contains(&device)) {
        match flags(&options)
            .read(false)
            .write(true)
            .dma_open(path)
            .await
            .map_err(Error::from)
        {
            Ok(probe) => {
                probe.close().await?;
                KNOWN_DEVICES.with_borrow_mut(|known| known.insert(device));
                // It exists now.
                (options.create, options.create_new) = (false, false);
            }
            Err(error) if options.write => return Err(error),
            // A file that we may only read has something in it, so the trial reading is a true one.
            Err(_) => {}
        }
    }
    Ok(File::Direct(flags(&options).dma_open(path).await?))
}

fn warn_buffered(path: &Path, why: &str) {
    tracing::warn!(
        "{} is written through the page cache: {why}; durable, but slower",
        path.display()
    );
}

fn progress(n: usize) -> Result<usize> {
    if n == 0 {
        Err(ErrorKind::WriteZero.into())
    } else {
        Ok(n)
    }
}

async fn write_direct(file: &DmaFile, buf: Buf, pos: u64) -> Result<Buf> {
    let Some(memory) = buf.into_memory() else {
        return Ok(Buf::new());
    };
    let memory = Rc::new(memory);
    let mut written = file.write_rc_at(memory.clone(), pos).await?;
    while written < memory.len() {
        // Rare (a disk nearly full): the rest goes on from new memory, at block granularity.
        written = progress(written - written % ALIGNMENT as usize)?;
        let mut rest = allocate_dma_buffer_global(memory.len() - written);
        rest.as_bytes_mut()
            .copy_from_slice(&memory.as_bytes()[written..]);
        let n = file.write_at(rest, pos + written as u64).await?;
        written += progress(n)?;
    }
    // The ring is done with it, so it is ours alone again; else a fresh one costs only an allocation.
    Ok(Rc::try_unwrap(memory)
        .map(Buf::from_memory)
        .unwrap_or_default())
}

/// Joins what the pieces read into the bytes of `pos..end`.
///
/// This copies out of the ring's buffers on purpose: they belong to this shard's ring (a small registered
/// pool that must come back soon), while the bytes go to caches, other cores and sockets.
fn gather(pieces: Vec<Result<Vec<ReadResult>>>, start: u64, pos: u64, end: u64) -> Result<Bytes> {
    let mut out = BytesMut::with_capacity((end - pos) as usize);
    let mut at = start;
    for (piece, whole) in pieces.into_iter().zip(1..) {
        for part in piece? {
            let skip = pos.saturating_sub(at).min(part.len() as u64) as usize;
            let keep = end.saturating_sub(at).min(part.len() as u64) as usize;
            out.extend_from_slice(&part[skip..keep.max(skip)]);
            at += part.len() as u64;
        }
        // The file ended inside this piece. A later one may have seen it grow: that does not count.
        if at < start + whole * READ_PIECE {
            break;
        }
    }
    Ok(out.freeze())
}
