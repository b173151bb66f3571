//! How much of the disk the journals may take: less on a small disk.

use std::path::Path;

use ottla_runtime::fs;
use ottla_storage::journal;

/// Journal files kept before the oldest are worked off: what a restart replays at most, times the size of a file.
pub const KEEP_FILES: usize = 4;

const LARGEST: u64 = 64 << 20;
const SMALLEST: u64 = 4 << 20;
/// A file is at most this part of the free space.
const PART: u64 = 128;

/// The free space that a shard starts with, bytes.
#[derive(Clone, Copy, Debug)]
pub struct Room {
    free: u64,
}

impl Room {
    /// Measures. A file system that does not say how much is free is taken for a large one.
    pub async fn measure(path: &Path) -> Self {
        Self {
            free: fs::free_space(path).await.unwrap_or(u64::MAX),
        }
    }

    fn file_size(self) -> u64 {
        let fitting = (self.free / PART).clamp(SMALLEST, LARGEST);
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

    /// What appends may not touch: the journal's own files, which must be writable to the last.
    pub fn reserve(self) -> u64 {
        self.file_size() * (KEEP_FILES as u64 + 2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn journals_shrink_with_the_disk() {
        assert_eq!(Room { free: u64::MAX }.file_size(), 64 << 20);
        assert_eq!(Room { free: 1 << 30 }.file_size(), 8 << 20);
        assert_eq!(Room { free: 300 << 20 }.file_size(), 4 << 20);
        assert!(Room { free: 300 << 20 }.reserve() < 30 << 20);
    }
}
