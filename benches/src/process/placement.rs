//! Which cores a broker and its clients run on.

use std::io;

use rustix::process::{Resource, getrlimit, setrlimit};
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

/// Who runs where.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Placement {
    /// All cores are there for both, as on a small machine
    #[default]
    Shared,
    /// The broker has the first half of the cores, its clients have the other
    Split,
}

/// A thread on cores that were chosen for it; on its own again when this is dropped.
#[allow(missing_debug_implementations)] // a set of cores has none
pub struct Placed(Option<CpuSet>);

impl Placement {
    /// Puts this thread, and so the processes that it starts meanwhile, on the broker's cores.
    pub fn with_broker(self) -> io::Result<Placed> {
        self.put(true)
    }

    /// Puts this thread, and so the threads that it starts meanwhile, on the clients' cores.
    pub fn with_clients(self) -> io::Result<Placed> {
        self.put(false)
    }

    fn put(self, first: bool) -> io::Result<Placed> {
        if self == Self::Shared {
            return Ok(Placed(None));
        }
        let before = sched_getaffinity(None)?;
        let all = (0..CpuSet::MAX_CPU).filter(|core| before.is_set(*core));
        let mut chosen = CpuSet::new();
        for core in half(&all.collect::<Vec<_>>(), first)? {
            chosen.set(*core);
        }
        sched_setaffinity(None, &chosen)?;
        Ok(Placed(Some(before)))
    }
}

fn half(cores: &[usize], first: bool) -> io::Result<&[usize]> {
    if cores.len() < 2 {
        let what = "the broker and its clients cannot be split over one core";
        return Err(io::Error::other(what));
    }
    let (broker, clients) = cores.split_at(cores.len() / 2);
    Ok(if first { broker } else { clients })
}

impl Drop for Placed {
    fn drop(&mut self) {
        if let Some(before) = &self.0 {
            let _ = sched_setaffinity(None, before); // it was allowed before
        }
    }
}

/// Lets this process, and those that it starts, open as many files as the system allows at all.
pub fn open_many_files() -> io::Result<()> {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    Ok(setrlimit(Resource::Nofile, limit)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_share_nothing() {
        assert_eq!(half(&[0, 1], true).expect("two cores"), [0]);
        assert_eq!(half(&[0, 1], false).expect("two cores"), [1]);
        assert_eq!(half(&[2, 3, 7], true).expect("three cores"), [2]);
        assert_eq!(half(&[2, 3, 7], false).expect("three cores"), [3, 7]);
        assert!(half(&[5], true).is_err());
    }

    #[test]
    fn a_thread_comes_back() {
        let cores = || sched_getaffinity(None).expect("our own cores").count();
        let before = cores();
        if before < 2 {
            return; // nothing to split here
        }
        for put in [Placement::with_broker, Placement::with_clients] {
            let placed = put(Placement::Split).expect("two cores");
            assert!(cores() < before);
            let child = std::thread::spawn(|| sched_getaffinity(None).expect("cores").count());
            assert_eq!(child.join().expect("it ends"), cores());
            drop(placed);
            assert_eq!(cores(), before);
        }
    }
}
