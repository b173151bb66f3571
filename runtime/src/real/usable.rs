//! Can this process use io_uring at all? Found out before any executor starts, so that what is wrong can
//! be said in one message.

use std::io::{Error, ErrorKind};

use io_uring::IoUring;

use super::sys;
use crate::Result;

/// Where Linux tells of processors.
const CPUS: &str = "/sys/devices/system/cpu";
/// glommio refuses to start below this limit of locked memory.
const MEMLOCK_MIN: u64 = 512 << 10;

/// Checks the limits and sets up a ring for a moment.
pub(super) fn check(io_memory: usize, shards: usize) -> Result<()> {
    // glommio reads the machine's layout there, and panics where it is not.
    if !std::path::Path::new(CPUS).exists() {
        let what = format!("{CPUS} is not there: mount /sys (sysfs), as container runtimes do");
        return Err(Error::new(ErrorKind::NotFound, what));
    }
    let limit = sys::memlock_limit()?;
    if limit < MEMLOCK_MIN {
        return Err(Error::new(
            ErrorKind::PermissionDenied,
            memlock_message(limit, MEMLOCK_MIN),
        ));
    }
    let wanted = (io_memory as u64).saturating_mul(shards as u64);
    if limit < wanted {
        // Not fatal: glommio then reads through ordinary memory.
        tracing::warn!("{}", memlock_message(limit, wanted));
    }
    IoUring::new(8).map(drop).map_err(explain)
}

fn memlock_message(limit: u64, wanted: u64) -> String {
    format!(
        "the limit of locked memory is {} KiB, io_uring needs at least {} KiB here: raise it with \
         `ulimit -l {}` in the shell, LimitMEMLOCK=infinity in a systemd unit, or --ulimit memlock=-1 for a container",
        limit >> 10,
        wanted >> 10,
        wanted >> 10
    )
}

/// Says what to do about a ring that cannot be set up.
pub(super) fn explain(error: Error) -> Error {
    let advice = match error.raw_os_error() {
        Some(libc::ENOSYS) => {
            "this kernel has no io_uring, or a sandbox hides it: Linux 5.8 or newer is needed \
             (in a container, allow the io_uring_setup, io_uring_enter and io_uring_register calls)"
        }
        Some(libc::EPERM | libc::EACCES) => {
            match std::fs::read_to_string("/proc/sys/kernel/io_uring_disabled") {
                Ok(value) if value.trim() != "0" => {
                    "io_uring is switched off by the administrator: set `sysctl kernel.io_uring_disabled=0` \
                 (with 1, processes of the group in kernel.io_uring_group may use it)"
                }
                _ => {
                    "io_uring is forbidden to this process, most likely by the container's seccomp profile: allow \
                 io_uring_setup, io_uring_enter and io_uring_register, or run with --security-opt seccomp=unconfined"
                }
            }
        }
        Some(libc::ENOMEM) => {
            "the limit of locked memory is used up: raise it with `ulimit -l`, LimitMEMLOCK=infinity in a \
             systemd unit, or --ulimit memlock=-1 for a container"
        }
        Some(libc::EMFILE | libc::ENFILE) => {
            "too many open files: raise the limit with `ulimit -n` or LimitNOFILE= in a systemd unit"
        }
        _ => "io_uring could not be set up",
    };
    Error::new(error.kind(), format!("{advice} ({error})"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_refusal_says_what_to_do() {
        let text = |code| explain(Error::from_raw_os_error(code)).to_string();
        assert!(text(libc::ENOSYS).contains("5.8"));
        assert!(text(libc::ENOMEM).contains("LimitMEMLOCK"));
        assert!(text(libc::EPERM).contains("io_uring"));
        assert!(text(libc::EMFILE).contains("ulimit -n"));
        assert!(memlock_message(65536, MEMLOCK_MIN).contains("ulimit -l 512"));
    }
}
