//! The system calls that have no safe wrapper in the crates we use. Each takes and returns plain values.
#![allow(unsafe_code)] // a foreign function call is unsafe by definition; there is one per function here

use std::{
    ffi::CString,
    io::{Error, IoSlice},
    os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd},
    os::unix::ffi::OsStrExt,
    path::Path,
};

use bytes::BytesMut;

use crate::Result;

fn check(result: libc::c_int) -> Result<()> {
    if result == 0 {
        Ok(())
    } else {
        Err(Error::last_os_error())
    }
}

/// The length of an open file.
pub(super) fn file_len(fd: RawFd) -> Result<u64> {
    // SAFETY: an all-zero `stat` is a valid value of that plain C struct.
    let mut stat: libc::stat = unsafe { std::mem::zeroed() };
    // SAFETY: `stat` lives through the call; a wrong descriptor only makes it fail.
    check(unsafe { libc::fstat(fd, &mut stat) })?;
    Ok(u64::try_from(stat.st_size).unwrap_or(0))
}

/// Cuts or lengthens an open file.
pub(super) fn truncate(fd: RawFd, len: u64) -> Result<()> {
    // SAFETY: no memory is passed; a wrong descriptor only makes it fail.
    check(unsafe { libc::ftruncate(fd, offset(len)?) })
}

/// Reserves the blocks of `0..len` and lengthens the file to `len` if it is shorter.
pub(super) fn allocate(fd: RawFd, len: u64) -> Result<()> {
    // SAFETY: no memory is passed; a wrong descriptor only makes it fail.
    check(unsafe { libc::fallocate(fd, 0, 0, offset(len)?) })
}

fn offset(len: u64) -> Result<libc::off_t> {
    libc::off_t::try_from(len).map_err(|_| Error::from(std::io::ErrorKind::InvalidInput))
}

/// Bytes that an unprivileged process may still write there.
pub(super) fn free_space(path: &Path) -> Result<u64> {
    let path = CString::new(path.as_os_str().as_bytes())?;
    // SAFETY: an all-zero `statvfs` is a valid value of that plain C struct.
    let mut stat: libc::statvfs = unsafe { std::mem::zeroed() };
    // SAFETY: `path` is a C string and `stat` a struct that both live through the call.
    check(unsafe { libc::statvfs(path.as_ptr(), &mut stat) })?;
    Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
}

/// Whether files there live in memory only (tmpfs, ramfs), where direct io means nothing.
pub(super) fn is_memory_fs(path: &Path) -> bool {
    const RAMFS_MAGIC: i64 = 0x8584_58f6;
    let Ok(path) = CString::new(path.as_os_str().as_bytes()) else {
        return false;
    };
    // SAFETY: an all-zero `statfs` is a valid value of that plain C struct.
    let mut stat: libc::statfs = unsafe { std::mem::zeroed() };
    // SAFETY: `path` is a C string and `stat` a struct that both live through the call.
    let known = unsafe { libc::statfs(path.as_ptr(), &mut stat) } == 0;
    known && (stat.f_type == libc::TMPFS_MAGIC || stat.f_type == RAMFS_MAGIC)
}

/// Fills `out` from the operating system's generator.
pub(super) fn random(out: &mut [u8]) {
    let mut filled = 0;
    while filled < out.len() {
        let rest = &mut out[filled..];
        // SAFETY: the pointer and length are those of a live slice.
        let n = unsafe { libc::getrandom(rest.as_mut_ptr().cast(), rest.len(), 0) };
        match usize::try_from(n) {
            Ok(n) => filled += n,
            Err(_) => {
                let error = Error::last_os_error();
                assert!(
                    error.kind() == std::io::ErrorKind::Interrupted,
                    "no entropy from the system: {error}"
                );
            }
        }
    }
}

/// Sends what fits into the socket's buffer, without waiting and without SIGPIPE.
pub(super) fn send_some(fd: RawFd, slices: &mut [IoSlice<'_>]) -> Result<usize> {
    // SAFETY: an all-zero `msghdr` is a valid value of that plain C struct: no name, no control data.
    let mut message: libc::msghdr = unsafe { std::mem::zeroed() };
    message.msg_iov = slices.as_mut_ptr().cast();
    message.msg_iovlen = slices.len() as _;
    // SAFETY: `IoSlice` is guaranteed to have the layout of `iovec`; the slices and what they point to live
    // through the call, and the kernel only reads them.
    let n = unsafe { libc::sendmsg(fd, &message, libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL) };
    usize::try_from(n).map_err(|_| Error::last_os_error())
}

/// Receives what is there.
pub(super) fn receive(fd: RawFd, out: &mut [u8]) -> Result<usize> {
    // SAFETY: the pointer and length are those of a live slice.
    let n = unsafe { libc::recv(fd, out.as_mut_ptr().cast(), out.len(), libc::MSG_DONTWAIT) };
    usize::try_from(n).map_err(|_| Error::last_os_error())
}

/// Receives what is there, at most `limit` bytes, behind what `out` holds and into memory that nobody wrote before.
pub(super) fn receive_some(fd: RawFd, out: &mut BytesMut, limit: usize) -> Result<usize> {
    let spare = out.spare_capacity_mut();
    let room = spare.len().min(limit);
    // SAFETY: the pointer and length are those of memory that is ours until the call returns; the kernel only writes there.
    let n = unsafe { libc::recv(fd, spare.as_mut_ptr().cast(), room, libc::MSG_DONTWAIT) };
    let n = usize::try_from(n).map_err(|_| Error::last_os_error())?;
    // SAFETY: the kernel has written the first `n` bytes behind the old end, and `n` is at most the room there was.
    unsafe { out.set_len(out.len() + n) };
    Ok(n)
}

/// Ends the sending direction of a connection.
pub(super) fn shutdown_write(fd: RawFd) -> Result<()> {
    // SAFETY: no memory is passed; a wrong descriptor only makes it fail.
    check(unsafe { libc::shutdown(fd, libc::SHUT_WR) })
}

/// The cores this process may run on, in order.
pub(super) fn allowed_cores() -> Result<Vec<usize>> {
    // SAFETY: an all-zero `cpu_set_t` is the empty set.
    let mut set: libc::cpu_set_t = unsafe { std::mem::zeroed() };
    // SAFETY: the pointer and size are those of a live struct; 0 means this thread.
    check(unsafe { libc::sched_getaffinity(0, size_of::<libc::cpu_set_t>(), &mut set) })?;
    // SAFETY: the index is below the set's size, and the set was filled above.
    let allowed = |core: &usize| unsafe { libc::CPU_ISSET(*core, &set) };
    Ok((0..libc::CPU_SETSIZE as usize).filter(allowed).collect())
}

/// How many files this process may have open.
pub(super) fn open_files_limit() -> Result<u64> {
    let mut limit = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    // SAFETY: `limit` lives through the call.
    check(unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &mut limit) })?;
    Ok(limit.rlim_cur)
}

/// Keeps this thread on one core.
pub(super) fn stay_on(core: usize) -> Result<()> {
    // SAFETY: an all-zero `cpu_set_t` is the empty set.
    let mut set: libc::cpu_set_t = unsafe { std::mem::zeroed() };
    if core >= libc::CPU_SETSIZE as usize {
        return Err(std::io::ErrorKind::InvalidInput.into());
    }
    // SAFETY: the index is below the set's size.
    unsafe { libc::CPU_SET(core, &mut set) };
    // SAFETY: the pointer and size are those of a live struct; 0 means this thread.
    check(unsafe { libc::sched_setaffinity(0, size_of::<libc::cpu_set_t>(), &set) })
}

/// A counter on which one thread can wait for another.
pub(super) fn event() -> Result<OwnedFd> {
    // SAFETY: no memory is passed.
    let fd = unsafe { libc::eventfd(0, libc::EFD_CLOEXEC) };
    owned(fd)
}

/// Adds one to an event's counter, and so wakes who waits for it.
pub(super) fn count_up(event: &OwnedFd) {
    let one = 1_u64.to_ne_bytes();
    // SAFETY: the pointer and length are those of a live array. The only failures are a counter at its end, which
    // wakes as well, and a descriptor that is not an event's.
    unsafe { libc::write(event.as_raw_fd(), one.as_ptr().cast(), one.len()) };
}

/// The next connection of a listening socket, if one waits.
pub(super) fn accept_one(listener: &OwnedFd) -> Result<OwnedFd> {
    let flags = libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC;
    // SAFETY: null pointers say that the peer's address is not wanted.
    let fd = unsafe {
        libc::accept4(
            listener.as_raw_fd(),
            std::ptr::null_mut(),
            std::ptr::null_mut(),
            flags,
        )
    };
    owned(fd)
}

/// A descriptor that the kernel has just made for us, or its error.
fn owned(fd: libc::c_int) -> Result<OwnedFd> {
    if fd < 0 {
        return Err(Error::last_os_error());
    }
    // SAFETY: it is open, and nobody else knows of it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// Takes over a descriptor that io_uring has opened.
pub(super) fn opened(fd: usize) -> Result<OwnedFd> {
    let fd = libc::c_int::try_from(fd).map_err(|_| std::io::ErrorKind::InvalidData)?;
    owned(fd)
}
