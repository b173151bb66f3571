//! Durable appends: one at a time is the latency of a flush here; many at once share it.

use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use ottla_benches::{PARTITION, Scratch, batch, on_shards};
use ottla_protocol::record::compression::Codec;
use ottla_runtime::time;
use ottla_storage::journal::{Journal, Options};
use ottla_storage::{Entry, EntryKind, Frame};

/// `rounds` times, `width` entries of one record of `size` bytes appended at once and waited for.
fn appends(rounds: u64, width: u64, size: usize) -> Duration {
    let scratch = Scratch::new();
    let folder = scratch.0.clone();
    let body = batch(0, 1, size, Codec::None);
    on_shards(1, move |_| {
        let (folder, body) = (folder.clone(), body.clone());
        async move {
            let (journal, _) = Journal::open(&folder, Options::default())
                .await
                .expect("a journal");
            let began = time::now();
            for round in 0..rounds {
                let entry = |n| {
                    let index = round * width + n + 1;
                    let entry = Entry {
                        index,
                        term: 1,
                        kind: EntryKind::Data,
                        base_offset: index as i64 - 1,
                        records: 1,
                        body: body.clone(),
                    };
                    journal.append(vec![Frame::Entry {
                        id: PARTITION,
                        entry,
                    }])
                };
                let appended: Vec<_> = (0..width).map(entry).collect();
                for append in appended {
                    append.await.expect("durable");
                }
            }
            began.elapsed()
        }
    })
}

fn journal(c: &mut Criterion) {
    let mut group = c.benchmark_group("journal, durable");
    group
        .sample_size(10)
        .measurement_time(Duration::from_secs(3));
    for (width, size) in [(1, 100), (64, 100), (1, 16 << 10), (64, 16 << 10)] {
        group.throughput(Throughput::Elements(width));
        group.bench_function(format!("{width} at once of {size} B"), |b| {
            b.iter_custom(|rounds| appends(rounds, width, size));
        });
    }
    group.finish();
}

criterion_group!(benches, journal);
criterion_main!(benches);
