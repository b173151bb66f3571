//! Files: direct (past the page cache) where the file system allows it, else buffered.

use std::{
    ffi::CString,
    io::{Error, ErrorKind},
    os::{
        fd::{AsRawFd, OwnedFd, RawFd},
        unix::ffi::OsStrExt,
    },
    path::Path,
    rc::Rc,
};

use bytes::{Bytes, BytesMut};

use super::{blocking, executor::operate, memory::Memory, ring::Job, sys};
use crate::{
    Result,
    fs::{ALIGNMENT, Buf, OpenOptions},
    join::join_all,
};

/// Large reads are split into pieces of this size that run at the same time.
const READ_PIECE: u64 = 512 << 10;

/// Reads beyond this first look at the file's length, so that no caller's number allocates memory unchecked.
const READ_UNCHECKED: usize = 1 << 20;

/// Permissions of a new file: others than owner and group have no business with records.
const MODE: libc::mode_t = 0o640;

/// How many files this process may have open; Linux's usual limit where it cannot be asked.
pub(crate) fn open_files_limit() -> u64 {
    sys::open_files_limit().unwrap_or(1024)
}

/// An open file. What the ring has under way keeps it open.
pub(crate) struct File {
    fd: Rc<OwnedFd>,
    direct: bool,
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
            match open(path, options, libc::O_DIRECT).await {
                Err(error) if error.kind() == ErrorKind::InvalidInput => {
                    warn_buffered(path, "its file system refuses direct io");
                    // The refused attempt may have created the file already.
                    let again = OpenOptions {
                        create: options.create || options.create_new,
                        create_new: false,
                        ..*options
                    };
                    return open(path, &again, 0).await;
                }
                done => return done,
            }
        }
        open(path, options, 0).await
    }

    pub(crate) async fn write_at(&self, buf: Buf, pos: u64) -> Result<Buf> {
        let Some(mut memory) = buf.into_memory() else {
            return Ok(Buf::new());
        };
        let mut from = 0;
        // Usually once: the kernel writes less than asked only near a full disk's end.
        while from < memory.len() {
            let job = Job::Write {
                file: self.fd.clone(),
                memory,
                from,
                position: pos + from as u64,
            };
            let (Job::Write { memory: back, .. }, answer) = operate(job).await else {
                unreachable!("a job comes back as it was")
            };
            let mut written = answer?;
            if self.direct && from + written < back.len() {
                // The rest goes on at block granularity.
                written -= written % ALIGNMENT as usize;
            }
            if written == 0 {
                return Err(ErrorKind::WriteZero.into());
            }
            from += written;
            memory = back;
        }
        Ok(Buf::from_memory(memory))
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
        if end - start <= READ_PIECE {
            let blocks = (end.next_multiple_of(ALIGNMENT) - start) as usize;
            let read = self.read_piece(start, blocks).await?;
            return Ok(cut(read, (pos - start) as usize, (end - start) as usize));
        }
        let pieces = (start..end).step_by(READ_PIECE as usize).map(|from| {
            let to = (from + READ_PIECE).min(end.next_multiple_of(ALIGNMENT));
            self.read_piece(from, (to - from) as usize)
        });
        gather(join_all(pieces).await, start, pos, end)
    }

    /// Reads whole blocks. A short answer in the middle of a file is possible in principle, so only an empty one, or one that
    /// ends inside a block, is taken for the end of the file.
    async fn read_piece(&self, from: u64, len: usize) -> Result<Memory> {
        let mut read = self.read_blocks(from, len).await?;
        while read.len() < len && read.len() > 0 && read.len().is_multiple_of(ALIGNMENT as usize) {
            let more = self
                .read_blocks(from + read.len() as u64, len - read.len())
                .await?;
            if more.len() == 0 {
                break;
            }
            read.push(more.as_slice());
        }
        Ok(read)
    }

    async fn read_blocks(&self, position: u64, len: usize) -> Result<Memory> {
        let job = Job::Read {
            file: self.fd.clone(),
            memory: Memory::with_capacity(len),
            position,
        };
        let (Job::Read { memory, .. }, answer) = operate(job).await else {
            unreachable!("a job comes back as it was")
        };
        answer?;
        Ok(memory)
    }

    pub(crate) async fn sync(&self) -> Result<()> {
        let file = self.fd.clone();
        operate(Job::Sync { file }).await.1.map(drop)
    }

    fn fd(&self) -> RawFd {
        self.fd.as_raw_fd()
    }

    /// Does not wait: the length of an open file is in memory.
    pub(crate) fn len(&self) -> Result<u64> {
        sys::file_len(self.fd())
    }

    pub(crate) async fn allocate(&self, len: u64) -> Result<()> {
        let file = self.keep()?;
        match blocking::run(move || sys::allocate(file.as_raw_fd(), len)).await {
            // Some file systems cannot reserve; the length is still wanted.
            Err(error) if error.kind() == ErrorKind::Unsupported && self.len()? < len => {
                self.truncate(len).await
            }
            Err(error) if error.kind() == ErrorKind::Unsupported => Ok(()),
            other => other,
        }
    }

    pub(crate) async fn truncate(&self, len: u64) -> Result<()> {
        let file = self.keep()?;
        blocking::run(move || sys::truncate(file.as_raw_fd(), len)).await
    }

    /// The file for another thread, which may be at work after this side has lost interest and closed its own.
    fn keep(&self) -> Result<OwnedFd> {
        self.fd.try_clone()
    }

    /// Nothing is written back at a close, so there is nothing that could fail.
    pub(crate) async fn close(self) -> Result<()> {
        Ok(())
    }

    pub(crate) fn is_direct(&self) -> bool {
        self.direct
    }
}

async fn open(path: &Path, options: &OpenOptions, direct: libc::c_int) -> Result<File> {
    let mut flags = libc::O_CLOEXEC | direct;
    flags |= if options.write {
        libc::O_RDWR
    } else {
        libc::O_RDONLY
    };
    if options.create || options.create_new {
        flags |= libc::O_CREAT;
    }
    if options.create_new {
        flags |= libc::O_EXCL;
    }
    if options.dsync {
        flags |= libc::O_DSYNC;
    }
    let path = CString::new(path.as_os_str().as_bytes())
        .map_err(|_| Error::from(ErrorKind::InvalidInput))?;
    let job = Job::Open {
        path,
        flags,
        mode: MODE,
    };
    let (_, answer) = operate(job).await;
    Ok(File {
        fd: Rc::new(sys::opened(answer?)?),
        direct: direct != 0,
    })
}

fn warn_buffered(path: &Path, why: &str) {
    tracing::warn!(
        "{} is written through the page cache: {why}; durable, but slower",
        path.display()
    );
}

/// Bytes `from..to` of what was read, without copying them; a small part of a large piece is copied, so that it does not
/// hold on to the whole of it for as long as somebody keeps it.
fn cut(read: Memory, from: usize, to: usize) -> Bytes {
    let to = to.min(read.len());
    let from = from.min(to);
    if (to - from) * 2 < read.capacity() {
        return Bytes::copy_from_slice(&read.as_slice()[from..to]);
    }
    Bytes::from_owner(read).slice(from..to)
}

/// Joins what several pieces read into the bytes of `pos..end`.
fn gather(pieces: Vec<Result<Memory>>, start: u64, pos: u64, end: u64) -> Result<Bytes> {
    let mut out = BytesMut::with_capacity((end - pos) as usize);
    let mut at = start;
    for piece in pieces {
        let piece = piece?;
        let len = piece.len() as u64;
        let skip = pos.saturating_sub(at).min(len) as usize;
        let keep = end.saturating_sub(at).min(len) as usize;
        out.extend_from_slice(&piece.as_slice()[skip..keep.max(skip)]);
        at += len;
        // The file ended inside this piece. A later one may have seen it grow: that does not count.
        if len < READ_PIECE {
            break;
        }
    }
    Ok(out.freeze())
}
