//! A shard's compaction on the simulated machine, over a crash.

use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use ottla_protocol::record::{BatchBuilder, BatchOptions, batches};
use ottla_runtime::sim::{CrashKind, DiskOptions, Simulation};

use super::*;
use crate::config::BrokerConfig;
use crate::metadata::Image;
use crate::partition::tests::{ID, image, recovered_shard};

const KEYS: usize = 10;
const RECORDS: usize = 600;

fn compacted() -> Image {
    let mut image = image(1);
    let made = image.topics.with_id(ID.topic).expect("it is there");
    let mut topic = crate::metadata::Topic::clone(made);
    topic.config = Arc::new(TopicConfig {
        compact: true,
        delete: false,
        segment_bytes: 20_000,
        ..TopicConfig::default()
    });
    image.topics.insert(topic);
    image
}

fn batch(key: usize, value: usize) -> BytesMut {
    let mut batch = BatchBuilder::new(BatchOptions::default());
    let key = format!("key {key}");
    let value = format!("{value:0100}");
    batch.push(
        time::wall_ms(),
        Some(key.as_bytes()),
        Some(value.as_bytes()),
        &[],
    );
    let bytes = batch.build().expect("an uncompressed batch");
    BytesMut::from(&bytes[..])
}

/// Keys and values, all that a reader gets.
async fn read(partition: &Partition) -> Vec<(String, usize)> {
    let (mut found, mut next) = (Vec::new(), 0);
    while next < partition.high_watermark() {
        let (parts, after) = partition.read_committed(next).await.expect("readable");
        for batch in batches(&parts.concat()) {
            let batch = batch.expect("whole");
            for record in batch.records(batch.payload()) {
                let record = record.expect("readable");
                let text =
                    |b: Option<&[u8]>| String::from_utf8_lossy(b.unwrap_or(b"")).into_owned();
                let value = text(record.value).parse().expect("a number");
                found.push((text(record.key), value));
            }
        }
        next = after;
    }
    found
}

fn newest(found: &[(String, usize)]) -> BTreeMap<String, usize> {
    found.iter().cloned().collect()
}

/// Compaction wrote into what is kept for the journal when the disk was nearly full.
#[test]
fn what_there_is_no_room_for_is_not_begun() {
    let sim = Simulation::new(1, ottla_runtime::sim::Options::default());
    let node = sim.node(1);
    let hour = Duration::from_secs(3600);
    let disk = |capacity| {
        let options = DiskOptions {
            capacity,
            ..sim.disk(node)
        };
        sim.set_disk(node, options);
    };
    let filled = async {
        let (shard, recovered, _) = recovered_shard(1 << 30).await;
        shard.measure_disk().await;
        let partitions = Partitions::new(shard.clone(), recovered);
        partitions.reconcile(&compacted()).await.expect("opened");
        let partition = partitions.find(ID).expect("opened");
        for i in 0..RECORDS {
            let appended = partition.append_batch(batch(i % KEYS, i)).await;
            appended.expect("it serves");
        }
        let checkpoint = partition.checkpoint().await;
        assert!(checkpoint.expect("a calm disk").is_some());
        let used = (1 << 40)
            - ottla_runtime::fs::free_space("/")
                .await
                .expect("a calm disk");
        (shard, Compactor::new(partitions, 1 << 20), used)
    };
    disk(1 << 40);
    let (shard, compactor, used) = sim.block_on(node, hour, filled).expect("it ends");
    // A round writes one segment of 20,000 bytes at a time.
    disk(used + 36_000);
    let tight = async move {
        let config = BrokerConfig::default().cleaner;
        assert!(!compactor.compact_dirtiest(&config).await);
        assert!(!compactor.compact_dirtiest(&config).await);
        (compactor, shard)
    };
    let (compactor, shard) = sim.block_on(node, hour, tight).expect("it ends");
    let metrics = shard.metrics.clone();
    assert_eq!(
        (metrics.compactions.get(), metrics.compactions_refused.get()),
        (0, 2)
    );
    disk(used + 80_000);
    let roomy = async move {
        let config = BrokerConfig::default().cleaner;
        assert!(compactor.compact_dirtiest(&config).await);
        shard.measure_disk().await;
        shard.disk.free()
    };
    let free = sim.block_on(node, hour, roomy).expect("it ends");
    assert!(free > 80_000, "what was set aside is given back: {free}");
    assert_eq!(metrics.compactions.get(), 1);
}

#[test]
fn a_compacted_topic_keeps_the_last_value_of_each_key_over_a_crash() {
    let sim = Simulation::new(1, ottla_runtime::sim::Options::default());
    let node = sim.node(1);
    let hour = Duration::from_secs(3600);
    let work = async {
        let (shard, recovered, _) = recovered_shard(1 << 30).await;
        shard.measure_disk().await;
        let partitions = Partitions::new(shard.clone(), recovered);
        partitions.reconcile(&compacted()).await.expect("opened");
        let partition = partitions.find(ID).expect("opened");
        for i in 0..RECORDS {
            partition
                .append_batch(batch(i % KEYS, i))
                .await
                .expect("it serves");
        }
        let compactor = Compactor::new(partitions, 1 << 20);
        let config = BrokerConfig::default().cleaner;
        assert!(
            compactor.compact_dirtiest(&config).await,
            "most of it is dirty"
        );
        assert!(
            !compactor.compact_dirtiest(&config).await,
            "and then it is clean"
        );
        let metrics = &shard.metrics;
        assert_eq!(
            (metrics.compactions.get(), metrics.compactions_failed.get()),
            (1, 0)
        );
        assert!(metrics.compacted_bytes.get() > 10 * metrics.compacted_left_bytes.get());
        let found = read(&partition).await;
        assert!(found.len() < RECORDS / 2, "{} are left", found.len());
        newest(&found)
    };
    let before = sim.block_on(node, hour, work).expect("it ends");
    sim.crash(node, CrashKind::Power);
    sim.restart(node);
    let again = async {
        let (shard, recovered, _) = recovered_shard(1 << 30).await;
        let partitions = Partitions::new(shard, recovered);
        partitions.reconcile(&compacted()).await.expect("opened");
        newest(&read(&partitions.find(ID).expect("opened")).await)
    };
    let after = sim.block_on(node, hour, again).expect("it ends");
    assert_eq!(before, after);
    let wanted = (RECORDS - KEYS..RECORDS).map(|i| (format!("key {}", i % KEYS), i));
    assert_eq!(after, wanted.collect());
}
