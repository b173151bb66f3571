//! Reading a log back in fetches of 1 MiB: from memory, and from the segment file.

use std::time::Duration;

use bytes::Bytes;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use ottla_benches::{PARTITION, Scratch, batch, on_shards};
use ottla_protocol::record::compression::Codec;
use ottla_protocol::record::set_base_offset;
use ottla_runtime::time;
use ottla_storage::log::{Log, LogConfig, Start, Store, StoreOptions};

const RECORDS: usize = 64;
const SIZE: usize = 1024;
/// Batches in the log: 64 MiB.
const BATCHES: u64 = 1024;
const FETCH: usize = 1 << 20;

/// Reads `count` MiB, from the start again at the end; the cache holds all of it or nothing.
fn reads(count: u64, cached: bool) -> Duration {
    let scratch = Scratch::new();
    let folder = scratch.0.clone();
    let plain = batch(0, RECORDS, SIZE, Codec::None);
    on_shards(1, move |_| {
        let (folder, plain) = (folder.clone(), plain.clone());
        async move {
            let cache_memory = if cached { 256 << 20 } else { 0 };
            let store = Store::new(
                &folder,
                &StoreOptions {
                    cache_memory,
                    ..StoreOptions::default()
                },
            );
            let log = Log::open(&store, PARTITION, "log", LogConfig::default(), Start::New)
                .await
                .expect("a log");
            for index in 1..=BATCHES {
                let base = (index as i64 - 1) * RECORDS as i64;
                let mut bytes = plain.to_vec();
                set_base_offset(&mut bytes, base);
                log.append(index, 1, base, RECORDS as u32, Bytes::from(bytes))
                    .expect("it follows");
            }
            log.flush(BATCHES).await.expect("flushed");
            let (end, mut next) = (log.end_offset(), 0);
            let began = time::now();
            for _ in 0..count {
                let read = log.read(next, FETCH, end).await.expect("batches");
                next = if read.next >= end { 0 } else { read.next };
            }
            began.elapsed()
        }
    })
}

fn fetch(c: &mut Criterion) {
    let mut group = c.benchmark_group("fetch of 1 MiB");
    group
        .sample_size(10)
        .measurement_time(Duration::from_secs(3))
        .throughput(Throughput::Bytes(FETCH as u64));
    for (name, cached) in [("from memory", true), ("from the segment", false)] {
        group.bench_function(name, |b| b.iter_custom(|count| reads(count, cached)));
    }
    group.finish();
}

criterion_group!(benches, fetch);
criterion_main!(benches);
