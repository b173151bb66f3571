//! How much of the disk a shard may take ahead of its records, and what it keeps for its journal: less on a small disk.

use std::path::Path;

use ottla_runtime::fs;
use ottla_storage::journal;

/// Journal files kept before the oldest are worked off: what a restart replays at most, times the size of a file.
pub const KEEP_FILES: usize = 4;

/// Between which sizes the journal's files may be chosen, bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JournalFiles {
    /// On the smallest disk.
    pub smallest: u64,
    /// With room enough.
    pub largest: u64,
}

impl Default for JournalFiles {
    fn default() -> Self {
        Self {
            smallest: 4 << 20,
            largest: 64 << 20,
        }
    }
}

/// A file is at most this part of the free space, appended bytes that are not in their segments yet at most the second, and what a
/// segment allocates ahead the third.
const PART: u64 = 128;
const DIRTY_PART: u64 = 64;
const AHEAD_PART: u64 = 1024;

/// The free space that a shard starts with, bytes: its share of the disk's.
#[derive(Clone, Copy, Debug)]
pub struct Room {
    free: u64,
    files: JournalFiles,
}

impl Room {
    /// Measures for one of `shards`. A file system that does not say how much is free is taken for a large one.
    pub async fn measure(path: &Path, shards: u16, files: JournalFiles) -> Self {
        let free = fs::free_space(path).await.unwrap_or(u64::MAX);
        Self {
            free: free / u64::from(shards.max(1)),
            files,
        }
    }

    fn file_size(self) -> u64 {
        let fitting = (self.free / PART).clamp(self.files.smallest, self.files.largest);
        // A power of two, so that files of different starts can take each other's place.
        1 << fitting.ilog2()
    }

    /// How the journal is laid out.
    pub fn journal(self) -> journal::Options {
        journal::Options {
            file_size: self.file_size(),
            ..journal::Options::default()
        }
    }

    /// How many appended bytes may wait for their segments: `wanted`, or less.
    pub fn dirty(self, wanted: usize) -> usize {
        let fitting = usize::try_from(self.free / DIRTY_PART).unwrap_or(usize::MAX);
        wanted.min(fitting.max(1 << 20))
    }

    /// How much a segment may allocate ahead of its data.
    pub fn ahead(self) -> u64 {
        (self.free / AHEAD_PART).clamp(64 << 10, 32 << 20)
    }

    /// What appends may not touch: the journal's files, which must be writable to the last, also while they hold all
    /// of the `dirty` bytes, of which there may be twice as many before the write cycle waits.
    pub fn reserve(self, dirty: usize) -> u64 {
        self.file_size() * (KEEP_FILES as u64 + 2) + 3 * dirty as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn journals_shrink_with_the_disk() {
        let room = |free| Room {
            free,
            files: JournalFiles::default(),
        };
        assert_eq!(room(u64::MAX).file_size(), 64 << 20);
        assert_eq!(room(1 << 30).file_size(), 8 << 20);
        assert_eq!(room(300 << 20).file_size(), 4 << 20);
        let small = room(300 << 20);
        assert_eq!(small.dirty(1 << 30), 300 << 14);
        assert!(small.reserve(small.dirty(1 << 30)) < 40 << 20);
        assert_eq!(room(u64::MAX).dirty(1 << 30), 1 << 30);
    }
}
