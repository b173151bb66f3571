//! The system calls that have no safe wrapper in the crates we use. Each takes and returns plain values.
#![allow(unsafe_code)] // a foreign function call is unsafe by definition; there is one per function here

use std::{
    ffi::CString,
    io::{Error, IoSlice},
    net::TcpListener,
    os::fd::{FromRawFd, IntoRawFd, RawFd},
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

/// Hands a listening socket to the executor of this thread.
pub(super) fn adopt_listener(listener: TcpListener) -> glommio::net::TcpListener {
    // SAFETY: the descriptor is open and owned by nobody else from here on (`into_raw_fd`).
    unsafe { glommio::net::TcpListener::from_raw_fd(listener.into_raw_fd()) }
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

/// The soft limit of memory this process may lock, in bytes.
pub(super) fn memlock_limit() -> Result<u64> {
    let mut limit = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    // SAFETY: `limit` lives through the call.
    check(unsafe { libc::getrlimit(libc::RLIMIT_MEMLOCK, &mut limit) })?;
    Ok(limit.rlim_cur)
}
