//! Budgets: how much memory a shard may hold, and how much of the disk must stay free.
//!
//! Live on: a shard each. A memory budget is taken before bytes are accepted and given back when the last holder drops
//! them, so that pressure is felt at the socket and not in the allocator. A disk budget refuses appends while there is
//! still room (the reserve) for what must go on: checkpoints, flushes of what was accepted, the next journal file.
//! Compaction sets room aside in it for what it writes before it can remove what it replaces.

use std::cell::Cell;
use std::fmt;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use ottla_runtime::fs;
use ottla_runtime::sync::Notify;

/// A counted number of bytes. Clones share it.
#[derive(Clone)]
pub struct MemoryBudget(Rc<Memory>);

struct Memory {
    limit: usize,
    used: Cell<usize>,
    freed: Notify,
}

/// Bytes taken from a budget; given back when dropped.
pub struct Hold {
    of: Rc<Memory>,
    bytes: usize,
}

impl MemoryBudget {
    /// `limit` bytes.
    pub fn new(limit: usize) -> MemoryBudget {
        MemoryBudget(Rc::new(Memory {
            limit,
            used: Cell::new(0),
            freed: Notify::new(),
        }))
    }

    /// Takes `bytes` if they are there. One hold larger than the whole budget is granted when nothing else is held,
    /// so that a single large request passes instead of hanging.
    pub fn try_take(&self, bytes: usize) -> Option<Hold> {
        let used = self.0.used.get();
        if used > 0 && used.saturating_add(bytes) > self.0.limit {
            None
        } else {
            Some(self.take_anyway(bytes))
        }
    }

    /// Waits for `bytes`.
    pub async fn take(&self, bytes: usize) -> Hold {
        loop {
            let freed = self.0.freed.notified();
            if let Some(hold) = self.try_take(bytes) {
                return hold;
            }
            freed.await;
        }
    }

    /// Takes `bytes` even past the limit: for what cannot be refused any more. Others wait the longer.
    pub fn take_anyway(&self, bytes: usize) -> Hold {
        self.0.used.set(self.0.used.get().saturating_add(bytes));
        Hold {
            of: self.0.clone(),
            bytes,
        }
    }

    /// Bytes held now.
    pub fn used(&self) -> usize {
        self.0.used.get()
    }

    /// Bytes there are.
    pub fn limit(&self) -> usize {
        self.0.limit
    }
}

impl Hold {
    /// Bytes held.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Gives back what is above `bytes`.
    pub fn shrink(&mut self, bytes: usize) {
        let back = self.bytes.saturating_sub(bytes);
        self.bytes -= back;
        self.of.used.set(self.of.used.get() - back);
        self.of.freed.notify_all();
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.shrink(0);
    }
}

/// The free space of a file system and the part of it that appends may not touch. Clones share it.
#[derive(Clone)]
pub struct DiskBudget(Rc<Disk>);

struct Disk {
    path: PathBuf,
    reserve: u64,
    /// So many shards, this one among them, measure the same space: each takes its part.
    sharers: u64,
    /// As last measured, less what was owed then and what was admitted since; `u64::MAX` before the first look.
    free: Cell<u64>,
    /// Bytes admitted so far.
    admitted: Cell<u64>,
    /// Bytes set aside.
    aside: Cell<u64>,
}

/// Room on the disk that no append is admitted to. Given up when dropped, of which the next measurement knows.
#[must_use = "dropped, it keeps nothing"]
pub struct Aside {
    of: Rc<Disk>,
    bytes: u64,
}

impl Drop for Aside {
    fn drop(&mut self) {
        self.of.aside.set(self.of.aside.get() - self.bytes);
    }
}

/// An append was refused because the disk is full up to the reserve. Reads go on; appends resume when space returns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiskFull {
    /// A folder on the disk.
    pub path: PathBuf,
    /// Bytes free.
    pub free: u64,
    /// Bytes that are kept.
    pub reserve: u64,
}

impl fmt::Display for DiskFull {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the disk of {} is full: {} bytes free to this core, {} are kept in reserve. Free some space or lower the retention; \
             writes resume by themselves",
            self.path.display(),
            self.free,
            self.reserve
        )
    }
}

impl std::error::Error for DiskFull {}

impl DiskBudget {
    /// The disk that holds `path`, of which this shard, one of `sharers`, keeps `reserve` bytes.
    pub fn new(path: impl AsRef<Path>, sharers: u64, reserve: u64) -> DiskBudget {
        DiskBudget(Rc::new(Disk {
            path: path.as_ref().to_owned(),
            reserve,
            sharers: sharers.max(1),
            free: Cell::new(u64::MAX),
            admitted: Cell::new(0),
            aside: Cell::new(0),
        }))
    }

    /// Measures. To be called now and then (a second apart is plenty) and after deletions. `owed` are the bytes that were
    /// admitted before and do not stand on the disk yet.
    ///
    /// # Errors
    /// When the file system cannot be asked; the old figure stays.
    pub async fn refresh(&self, owed: u64) -> std::io::Result<u64> {
        let before = self.0.admitted.get();
        let measured = fs::free_space(&self.0.path).await? / self.0.sharers;
        let since = self.0.admitted.get() - before;
        let spoken_for = owed + since + self.0.aside.get();
        self.0.free.set(measured.saturating_sub(spoken_for));
        Ok(self.0.free.get())
    }

    /// Keeps `bytes` from appends. They count twice once they are written, so it takes twice as many above the reserve: then
    /// no append is refused for what is set aside.
    ///
    /// # Errors
    /// [`DiskFull`] when there is less.
    pub fn set_aside(&self, bytes: u64) -> Result<Aside, DiskFull> {
        let free = self.0.free.get();
        if free.saturating_sub(self.0.reserve) < bytes.saturating_mul(2) {
            return Err(self.full());
        }
        self.0.free.set(free - bytes);
        self.0.aside.set(self.0.aside.get() + bytes);
        Ok(Aside {
            of: self.0.clone(),
            bytes,
        })
    }

    /// What to say when nothing is admitted.
    pub fn full(&self) -> DiskFull {
        DiskFull {
            path: self.0.path.clone(),
            free: self.0.free.get(),
            reserve: self.0.reserve,
        }
    }

    /// Admits an append of `bytes`, or refuses it.
    ///
    /// # Errors
    /// [`DiskFull`] when it would reach into the reserve.
    pub fn admit(&self, bytes: u64) -> Result<(), DiskFull> {
        let free = self.0.free.get();
        match free.checked_sub(bytes) {
            Some(rest) if rest >= self.0.reserve => {
                self.0.free.set(rest);
                self.0.admitted.set(self.0.admitted.get() + bytes);
                Ok(())
            }
            _ => Err(self.full()),
        }
    }

    /// Is there clearly more free than the reserve?
    pub fn has_ample_room(&self) -> bool {
        self.0.free.get() > self.0.reserve + self.0.reserve / 4
    }

    /// Bytes free, as last measured less what was admitted since.
    pub fn free(&self) -> u64 {
        self.0.free.get()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_counted_and_returned() {
        let budget = MemoryBudget::new(100);
        let mut a = budget.try_take(60).expect("free");
        assert!(budget.try_take(41).is_none());
        a.shrink(50);
        let b = budget.try_take(50).expect("free");
        assert_eq!((budget.used(), b.bytes()), (100, 50));
        drop((a, b));
        assert_eq!(budget.used(), 0);
    }

    #[test]
    fn one_hold_may_exceed_an_unused_budget() {
        let budget = MemoryBudget::new(100);
        let large = budget.try_take(1000).expect("nothing else is held");
        assert!(budget.try_take(1).is_none());
        drop(large);
        assert!(budget.try_take(1).is_some());
    }

    #[test]
    fn the_reserve_is_not_touched() {
        let disk = DiskBudget::new("/data", 1, 1000);
        disk.0.free.set(1500);
        assert_eq!(disk.admit(400), Ok(()));
        let refused = disk.admit(101).expect_err("only 1100 are free");
        assert_eq!((refused.free, refused.reserve), (1100, 1000));
        assert_eq!(disk.admit(100), Ok(()));
        disk.0.free.set(5000);
        assert_eq!(disk.admit(1000), Ok(()));
    }

    #[test]
    fn what_is_set_aside_is_kept_from_appends_and_refuses_none() {
        let disk = DiskBudget::new("/data", 1, 1000);
        disk.0.free.set(1599);
        assert!(disk.set_aside(300).is_err());
        disk.0.free.set(1600);
        let aside = disk.set_aside(300).expect("twice as much is there");
        assert!(disk.set_aside(300).is_err());
        assert_eq!((disk.free(), disk.0.aside.get()), (1300, 300));
        assert!(disk.admit(300).is_ok() && disk.admit(1).is_err());
        drop(aside);
        assert_eq!(disk.0.aside.get(), 0);
    }
}
