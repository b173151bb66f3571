//! P8, P9: many partitions.

use std::io;
use std::time::Duration;

use super::restart::acknowledged_by_all;
use super::stage::{Shape, Stage, USUAL, rest};
use crate::load::prepare;

/// P8.
pub fn throughput(stage: &Stage) -> io::Result<Vec<f64>> {
    let with = |partitions| {
        let node = stage.node_for_many()?;
        let shape = Shape {
            partitions,
            properties: &["linger.ms=5"],
            ..USUAL
        };
        let load = stage.load(&node, &shape, "p8")?;
        Ok::<_, io::Error>(load.produced_mb_s())
    };
    let (few, many) = (with(12)?, with(5000)?);
    Ok(vec![many, many / few])
}

/// P9.
pub fn memory(stage: &Stage) -> io::Result<Vec<f64>> {
    let cold = Stage {
        jvm_warmup: 0.0,
        ..stage.clone()
    };
    let mut node = cold.unstarted(cold.many())?;
    node.touch_heap();
    node.start()?;
    node.cluster()?;
    let settled = Duration::from_secs(3);
    let _ = rest(&node, settled)?;
    let before = node.usage()?.resident;
    let shape = Shape {
        partitions: 1000,
        ..USUAL
    };
    let topics = prepare(&cold.setup(&node, &shape, "p9")?)?;
    let idle = rest(&node, settled)?.resident;
    acknowledged_by_all(&mut node, &topics[0])?;
    let active = rest(&node, settled)?.resident;
    let mb = |now: u64| (now as f64 - before as f64) / 1e6;
    Ok(vec![mb(idle), mb(active)])
}
