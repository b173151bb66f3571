//! What the benchmarks share: record batches, scratch folders, and a shard to run on.

pub mod commands;
pub mod floor;
pub mod kpi;
pub mod load;
pub mod process;
pub mod report;
pub mod wire;
pub mod workload;

use std::future::Future;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use ottla_protocol::ids::{PartitionId, Uuid};
use ottla_protocol::record::compression::Codec;
use ottla_protocol::record::{BatchBuilder, BatchOptions};
use ottla_runtime::shards::{self, Config, Cores, Shard};

/// A partition to write to.
pub const PARTITION: PartitionId = PartitionId {
    topic: Uuid([7; 16]),
    partition: 0,
};

/// A batch of `records` records of `size` bytes, half of each compressible, at offset `base`.
///
/// # Panics
/// When the codec refuses, which it does not.
pub fn batch(base: i64, records: usize, size: usize, codec: Codec) -> Bytes {
    let mut builder = BatchBuilder::new(BatchOptions {
        base_offset: base,
        codec,
        ..BatchOptions::default()
    });
    let mut word = 0x9E37_79B9_7F4A_7C15_u64;
    for _ in 0..records {
        let mut noise = || {
            word ^= word << 13;
            word ^= word >> 7;
            word ^= word << 17;
            word as u8
        };
        let value: Vec<u8> = (0..size)
            .map(|at| if at % 2 == 0 { b'a' } else { noise() })
            .collect();
        builder.push(1_700_000_000_000, None, Some(&value), &[]);
    }
    builder.build().expect("a batch of plain records").into()
}

/// A folder of its own below the system's temporary one (or `$BENCH_DIR`), removed when dropped.
#[derive(Debug)]
pub struct Scratch(pub PathBuf);

impl Scratch {
    /// A new, empty folder.
    ///
    /// # Panics
    /// When it cannot be made.
    #[allow(clippy::new_without_default)] // it makes a folder
    pub fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let top = std::env::var_os("BENCH_DIR").map_or_else(std::env::temp_dir, PathBuf::from);
        let folder = top.join(format!(
            "ottla-bench-{}-{}",
            std::process::id(),
            NEXT.fetch_add(1, Ordering::Relaxed)
        ));
        std::fs::create_dir_all(&folder).expect("a scratch folder");
        Self(folder)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0); // it is in a temporary folder
    }
}

/// Runs `work` on the first of `count` real shards and gives back the time that it says it took. The others run it too, and wait.
///
/// # Panics
/// When the executors cannot start: the message says why.
pub fn on_shards<F, Fut>(count: usize, work: F) -> Duration
where
    F: Fn(Shard) -> Fut + Clone + Send + 'static,
    Fut: Future<Output = Duration> + 'static,
{
    let config = Config {
        cores: Cores::Count(count),
        ..Config::default()
    };
    let times = shards::run(config, work).expect("io_uring is usable");
    times.into_iter().next().unwrap_or_default()
}
