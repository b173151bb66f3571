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
            let newest: Vec<i64> = newest.into_values().collect();
            assert_eq!(newest, [61, 57, 58, 59, 53, 54, 55]);
        });
    }
}
