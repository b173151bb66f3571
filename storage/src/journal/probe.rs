//! Which way of flushing is quicker on this disk: a few real writes tell, the device's claims do not.

use std::path::Path;
use std::time::Duration;

use ottla_runtime::fs::{Buf, File};
use ottla_runtime::time;

use super::files::{Sync, options};
use crate::error::StorageError;
use crate::format::BLOCK;

/// Writes per way. Few: a slow disk needs 3 ms each, and a start should take 50 ms at most.
const WRITES: usize = 3;

/// Writes zeroes over the block at `position`, which must hold nothing, both ways; takes O_DSYNC if its middle time is
/// lower by a quarter. A file without a block left, or not opened past the page cache, is flushed after each write.
pub(super) async fn choose(path: &Path, position: u64, size: u64) -> Result<Sync, StorageError> {
    if position + BLOCK as u64 > size {
        return Ok(Sync::After);
    }
    let through = File::open(path, &options(Sync::Through)).await?;
    if !through.is_direct() {
        return Ok(Sync::After);
    }
    let after = File::open(path, &options(Sync::After)).await?;
    let mut times: [Vec<Duration>; 2] = [Vec::new(), Vec::new()];
    for _ in 0..WRITES {
        let start = time::now();
        through.write_at(Buf::zeroed(BLOCK), position).await?;
        times[0].push(start.elapsed());
        let start = time::now();
        after.write_at(Buf::zeroed(BLOCK), position).await?;
        after.sync().await?;
        times[1].push(start.elapsed());
    }
    through.close().await?;
    after.close().await?;
    for way in &mut times {
        way.sort_unstable();
    }
    // A disk that can do both in one command needs half the time, or less. Where the kernel only hides the second command,
    // its completion waits for a kernel thread: on a busy machine half the throughput of a flush of our own.
    let clearly = times[0][WRITES / 2] * 4 <= times[1][WRITES / 2] * 3;
    Ok(if clearly { Sync::Through } else { Sync::After })
}
