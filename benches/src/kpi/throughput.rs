//! P1, P3, P5, P6: as fast as it goes.

use std::io;
use std::time::Instant;

use super::stage::{Shape, Stage, USUAL};
use crate::load::{Running, prepare};
use crate::process::node::Node;

fn known(value: Option<f64>) -> f64 {
    value.unwrap_or(f64::NAN)
}

/// P1.
pub fn durable(stage: &Stage) -> io::Result<Vec<f64>> {
    let rate = |size| {
        let node = stage.node(&[])?;
        let load = stage.load(&node, &Shape { size, ..USUAL }, "p1")?;
        Ok(load.produced_mb_s())
    };
    [1024, 100].into_iter().map(rate).collect()
}

/// P3.
pub fn one_record(stage: &Stage) -> io::Result<Vec<f64>> {
    let node = stage.node(&[])?;
    let shape = Shape {
        partitions: 100,
        size: 100,
        producers: 16,
        keyed: true,
        properties: &["batch.size=1", "linger.ms=0"],
        ..USUAL
    };
    let load = stage.load(&node, &shape, "p3")?;
    let requests = load.produced.requests;
    Ok(vec![
        requests as f64 / load.seconds,
        known(load.per(requests, 1e6)),
    ])
}

/// P5.
pub fn processor(stage: &Stage) -> io::Result<Vec<f64>> {
    let node = stage.node(&[])?;
    let load = stage.load(&node, &USUAL, "p5")?;
    Ok(vec![known(load.cpu_per_gb_in()), hot_out(stage, &node)?])
}

/// Bytes that are read again and again, by so many subscriptions.
const HOT_BYTES: f64 = 100e6;
const SUBSCRIPTIONS: usize = 40;

/// The broker's CPU per GB that consumers read of what was just written.
fn hot_out(stage: &Stage, node: &Node) -> io::Result<f64> {
    let write = stage.setup(node, &USUAL, "p5-hot")?;
    let topics = prepare(&write)?;
    let mut writing = Running::start(&write, &topics, false)?;
    let mut written = 0;
    while (written as f64) < HOT_BYTES {
        written = writing.brief()?.produced.value_bytes;
    }
    writing.stop()?;
    let written = writing.counts().0.value_bytes;
    let shape = Shape {
        producers: 0,
        consumers: 1,
        subscriptions: SUBSCRIPTIONS,
        ..USUAL
    };
    let read = stage.setup(node, &shape, "p5-hot")?;
    let mut reading = Running::start(&read, &topics, false)?;
    let (before, all) = (node.usage()?, written * SUBSCRIPTIONS as u64);
    reading.read();
    let began = Instant::now();
    while reading.brief()?.consumed.value_bytes < all {
        if began.elapsed().as_secs_f64() > 60.0 {
            return Err(io::Error::other("consumers do not get to the end"));
        }
    }
    let cpu = node.usage()?.since(&before).cpu().as_secs_f64();
    Ok(cpu / (all as f64 / 1e9))
}

/// P6.
pub fn many_partitions(stage: &Stage) -> io::Result<Vec<f64>> {
    let node = stage.node_for_many()?;
    let shape = Shape {
        partitions: 1000,
        size: 996, // four records make 4 KiB
        properties: &["batch.size=4096", "batches.per.request=62"],
        ..USUAL
    };
    let load = stage.load(&node, &shape, "p6")?;
    let batches = load.produced.batches;
    Ok(vec![
        batches as f64 / load.seconds,
        known(load.per(batches, 1e6)),
        known(load.amplification()),
    ])
}
