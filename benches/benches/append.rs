//! A partition's log: taking a batch into memory, and moving what was taken into the segment file.

use std::time::Duration;

use bytes::Bytes;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use ottla_benches::{PARTITION, Scratch, batch, on_shards};
use ottla_protocol::record::compression::Codec;
use ottla_protocol::record::set_base_offset;
use ottla_runtime::time;
use ottla_storage::log::{Log, LogConfig, Start, Store, StoreOptions};

/// Appends between two flushes.
const FLUSH_EVERY: u64 = 256;

/// `count` batches of `records` records of `size` bytes, flushed or not; the time of the appends or of the flushes.
fn appends(count: u64, records: usize, size: usize, flushes: bool) -> Duration {
    let scratch = Scratch::new();
    let folder = scratch.0.clone();
    let plain = batch(0, records, size, Codec::None);
    on_shards(1, move |_| {
        let (folder, plain) = (folder.clone(), plain.clone());
        async move {
            let store = Store::new(&folder, &StoreOptions::default());
            let log = Log::open(&store, PARTITION, "log", LogConfig::default(), Start::New)
                .await
                .expect("a log");
            let (mut appending, mut flushing) = (Duration::ZERO, Duration::ZERO);
            for index in 1..=count {
                let base = (index as i64 - 1) * records as i64;
                let mut bytes = plain.to_vec();
                set_base_offset(&mut bytes, base);
                let began = time::now();
                log.append(index, 1, base, records as u32, Bytes::from(bytes))
                    .expect("it follows");
                appending += began.elapsed();
                if index % FLUSH_EVERY == 0 || index == count {
                    let began = time::now();
                    log.flush(index).await.expect("flushed");
                    flushing += began.elapsed();
                }
            }
            if flushes { flushing } else { appending }
        }
    })
}

fn append(c: &mut Criterion) {
    let mut group = c.benchmark_group("log");
    group
        .sample_size(10)
        .measurement_time(Duration::from_secs(3));
    for (records, size) in [(1, 100), (64, 1024)] {
        group.throughput(Throughput::Bytes((records * size) as u64));
        for (what, flushes) in [("append", false), ("flush, per append", true)] {
            group.bench_function(format!("{what}, {records} x {size} B"), |b| {
                b.iter_custom(|count| appends(count, records, size, flushes));
            });
        }
    }
    group.finish();
}

criterion_group!(benches, append);
criterion_main!(benches);
