//! Journal and log on the real backend: the scenario's counterpart to show that nothing depends on the simulator.

use std::time::Duration;

use bytes::Bytes;
use ottla_protocol::ids::{PartitionId, Uuid};
use ottla_protocol::record::{BatchBuilder, BatchOptions};
use ottla_runtime::shards::{self, Cores};
use ottla_runtime::{fs, time};
use ottla_storage::journal::{self, Journal};
use ottla_storage::log::{Log, LogConfig, Start, Store, StoreOptions};
use ottla_storage::{Entry, EntryKind, Frame, HardState};

fn id(partition: i32) -> PartitionId {
    PartitionId {
        topic: Uuid::ONE,
        partition,
    }
}

fn batch(base_offset: i64) -> Bytes {
    let mut builder = BatchBuilder::new(BatchOptions {
        base_offset,
        leader_epoch: 1,
        ..BatchOptions::default()
    });
    for _ in 0..10 {
        builder.push(1_000_000, None, Some(&[42; 100]), &[]);
    }
    builder.build().expect("an uncompressed batch").into()
}

fn entry(index: u64) -> Entry {
    let base_offset = 10 * (index as i64 - 1);
    let body = batch(base_offset);
    Entry {
        index,
        term: 1,
        kind: EntryKind::Data,
        base_offset,
        records: 10,
        body,
    }
}

/// Runs on one real shard in a fresh folder.
fn real<F>(name: &str, main: impl Fn(std::path::PathBuf) -> F + Clone + Send + 'static)
where
    F: Future<Output = ()> + 'static,
{
    let dir = std::env::temp_dir().join(format!("ottla-storage-{name}-{}", std::process::id()));
    let inner = dir.clone();
    let config = shards::Config {
        cores: Cores::Count(1),
        ..shards::Config::default()
    };
    let done = shards::run(config, move |_| main(inner.clone()));
    std::fs::remove_dir_all(&dir).expect("the folder is there");
    done.expect("the shard runs");
}

#[test]
fn journal_and_log_on_a_real_disk() {
    real("whole", |dir| async move {
        fs::create_dir_all(dir.join("topics"))
            .await
            .expect("writable");
        let options = journal::Options {
            file_size: 1 << 20,
            ..journal::Options::default()
        };
        let start = time::now();
        let (journal, recovered) = Journal::open(dir.join("journal"), options.clone())
            .await
            .expect("opens");
        assert!(recovered.is_empty());
        let store = Store::new(dir.join("topics"), &StoreOptions::default());
        let config = LogConfig {
            segment_bytes: 200_000,
            ..LogConfig::default()
        };
        let log = Log::open(&store, id(0), "t-0", config, Start::New)
            .await
            .expect("opens");
        for index in 1..=2000 {
            let e = entry(index);
            log.append(e.index, e.term, e.base_offset, e.records, e.body.clone())
                .expect("follows");
            let append = journal.append(vec![Frame::Entry {
                id: id(0),
                entry: e,
            }]);
            if index == 1 {
                append.await.expect("flushed");
                println!(
                    "open to first flushed append: {:?} ({:?})",
                    start.elapsed(),
                    journal.sync_mode()
                );
            } else if index % 50 == 0 {
                append.await.expect("flushed");
            }
        }
        log.flush(1500).await.expect("flushed");
        let checkpoint = log.checkpoint(HardState::default(), Bytes::new());
        journal
            .append(vec![Frame::Checkpoint {
                id: id(0),
                checkpoint: checkpoint.clone(),
            }])
            .await
            .expect("flushed");
        let freed = journal.recycle().await.expect("recycled");
        assert!(freed > 0, "{} files", journal.files());
        journal.settle().await;
        let (_again, recovered) = Journal::open(dir.join("journal"), options)
            .await
            .expect("opens again");
        let found = &recovered[&id(0)];
        assert_eq!(
            (found.checkpoint.as_ref(), found.entries.len()),
            (Some(&checkpoint), 500)
        );
        let store = Store::new(
            dir.join("topics"),
            &StoreOptions {
                cache_memory: 0,
                ..StoreOptions::default()
            },
        );
        let log = Log::open(&store, id(0), "t-0", config, Start::From(&checkpoint))
            .await
            .expect("opens again");
        let (mut next, mut bytes) = (0, 0);
        while next < log.end_offset() {
            let out = log.read(next, 100_000, i64::MAX).await.expect("readable");
            (next, bytes) = (out.next, bytes + out.bytes);
        }
        assert_eq!((next, bytes as u64), (15_000, log.size()));
    });
}

#[test]
fn opening_a_log_costs_little() {
    const LOGS: i32 = 200;
    real("many", |dir| async move {
        fs::create_dir_all(&dir).await.expect("writable");
        let store = Store::new(&dir, &StoreOptions::default());
        let mut checkpoints = Vec::new();
        for p in 0..LOGS {
            let log = Log::open(
                &store,
                id(p),
                format!("t-{p}"),
                LogConfig::default(),
                Start::New,
            )
            .await
            .expect("opens");
            let e = entry(1);
            log.append(e.index, e.term, e.base_offset, e.records, e.body)
                .expect("follows");
            log.flush(1).await.expect("flushed");
            checkpoints.push(log.checkpoint(HardState::default(), Bytes::new()));
        }
        let store = Store::new(&dir, &StoreOptions::default());
        let start = time::now();
        for (p, checkpoint) in (0..).zip(&checkpoints) {
            let start = Start::From(checkpoint);
            let log = Log::open(&store, id(p), format!("t-{p}"), LogConfig::default(), start)
                .await
                .expect("opens");
            assert_eq!(log.end_offset(), 10);
        }
        let each = start.elapsed() / LOGS as u32;
        println!("opening a log: {each:?}");
        // The aim is half a millisecond; a test machine under load may be many times slower.
        assert!(each < Duration::from_millis(50), "{each:?}");
    });
}
