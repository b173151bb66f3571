//! Compaction killed, and the power gone while the next start takes the remaining steps.

use std::time::Duration;

use ottla_runtime::shards::ShardId;
use ottla_runtime::sim::{CrashKind, DiskOptions, Latency, NodeId, Simulation};

use super::*;
use crate::format::checkpoint::Checkpoint;

/// Operations on names take long, writes no time: that is where kills fall. Of what no sync has covered, half survives.
fn slow_names(sim: &Simulation, node: NodeId) {
    let disk = DiskOptions {
        crash_keep: Some(0.5),
        read: Latency::micros(300, 1),
        write: Latency::micros(1, 1),
        sync: Latency::micros(300, 1),
        ..sim.disk(node)
    };
    sim.set_disk(node, disk);
}

async fn opened(checkpoint: Checkpoint) -> Result<Log, StorageError> {
    let store = Store::new(ROOT, &StoreOptions::default());
    Log::open(&store, ID, "t/0", config(), Start::From(&checkpoint)).await
}

/// Two rounds, the second of which makes one segment of many, as far as it came.
fn killed_at(sim: &Simulation, node: NodeId, time: u64) -> Checkpoint {
    let (mut bed, checkpoint) = on(sim, node, async {
        let mut bed = filled().await;
        for dir in ["/", "/data", ROOT, "/data/topics/t"] {
            fs::sync_dir(dir).await.expect("a calm disk");
        }
        bed.clean(5, 1 << 20).await;
        bed.append(-1, Codec::None, &[("key 0", Some("last"))]);
        bed.log.roll();
        bed.append(-1, Codec::None, &[("key 0", Some("last"))]);
        bed.flush().await;
        let checkpoint = bed.log.checkpoint(HardState::default(), Bytes::new());
        (bed, checkpoint)
    });
    slow_names(sim, node);
    let cleaning = sim.spawn(node, ShardId(0), async move {
        bed.clean(6, 1 << 20).await;
    });
    sim.run_for(Duration::from_micros(time));
    sim.crash(node, CrashKind::Process);
    drop(cleaning);
    while sim.disk_busy(node) {
        sim.run_for(Duration::from_micros(100));
    }
    sim.restart(node);
    checkpoint
}

/// Per key, in their order, the offset of the newest record that is read.
async fn newest(log: &Log) -> Vec<i64> {
    let (mut next, mut newest) = (0, BTreeMap::new());
    while next < log.end_offset() {
        let out = log.read(next, 2000, log.end_offset()).await;
        let out = out.expect("readable");
        next = out.next;
        for batch in batches(&out.parts.concat()) {
            let batch = batch.expect("whole batches");
            newest.extend(records_of(&batch).into_iter().map(|r| (r.1, r.0)));
        }
    }
    newest.into_values().collect()
}

/// A compaction was killed when its list of what is left had its name and no sync of the folder had covered it. The start read
/// it and removed the segments that it does without; the power went, the list before came back, and asked for them.
#[test]
fn what_is_replaced_goes_after_the_replacement_is_there_for_good() {
    for seed in 0..120 {
        let (sim, node) = machine(700 + seed);
        let checkpoint = killed_at(&sim, node, sim.below(13_000));
        let again = checkpoint.clone();
        let opening = sim.spawn(
            node,
            ShardId(0),
            async move { opened(again).await.map(drop) },
        );
        sim.run_for(Duration::from_micros(sim.below(3000)));
        sim.crash(node, CrashKind::Power);
        drop(opening);
        sim.restart(node);
        on(&sim, node, async move {
            let log = opened(checkpoint).await.expect("no damage");
            assert_eq!(newest(&log).await, [61, 57, 58, 59, 53, 54, 55]);
        });
    }
}

/// A round was killed behind its first replacement, which its list of what is left said to be perhaps under its temporary name
/// still. The next round wrote another file of that name; the power went before it counted, and the start took it for the
/// one that did: `compaction left 423 bytes, the file has 361`. Seeds 3008024 and 3010700 of the whole node found it.
#[test]
fn a_file_that_never_counted_is_not_taken_for_one_that_did() {
    for seed in 0..150 {
        let (sim, node) = machine(900 + seed);
        let checkpoint = killed_at(&sim, node, 9_000 + sim.below(4_000));
        let (bed, checkpoint) = on(&sim, node, async {
            let index = checkpoint.index;
            let mut bed = Bed {
                log: opened(checkpoint).await.expect("no damage"),
                store: Store::new(ROOT, &StoreOptions::default()),
                written: Vec::new(),
                index,
                sequences: BTreeMap::new(),
            };
            bed.append(-1, Codec::None, &[("key 1", Some("last"))]);
            bed.log.roll();
            bed.append(-1, Codec::None, &[("key 2", Some("last"))]);
            bed.flush().await;
            let checkpoint = bed.log.checkpoint(HardState::default(), Bytes::new());
            (bed, checkpoint)
        });
        let cleaning = sim.spawn(node, ShardId(0), async move {
            let _ = bed.log.clean(&bed.round(7, 1 << 20)).await;
        });
        sim.run_for(Duration::from_micros(sim.below(13_000)));
        sim.crash(node, CrashKind::Power);
        drop(cleaning);
        sim.restart(node);
        on(&sim, node, async move {
            let log = opened(checkpoint).await.expect("no damage");
            assert_eq!(newest(&log).await, [61, 62, 63, 59, 53, 54, 55]);
        });
    }
}
