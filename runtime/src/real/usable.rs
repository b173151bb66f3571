//! What to do where io_uring is not to be had.

use std::io::Error;

/// Says what to do about a ring that cannot be set up.
pub(super) fn explain(error: Error) -> Error {
    let advice = match error.raw_os_error() {
        Some(libc::ENOSYS) => {
            "this kernel has no io_uring, or a sandbox hides it: Linux 5.10 or newer is needed \
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
        assert!(text(libc::ENOSYS).contains("5.10"));
        assert!(text(libc::ENOMEM).contains("LimitMEMLOCK"));
        assert!(text(libc::EPERM).contains("io_uring"));
        assert!(text(libc::EMFILE).contains("ulimit -n"));
    }
}
