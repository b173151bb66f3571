//! Help for this crate's tests: batches, and a simulated machine to run on.

use std::time::Duration;

use bytes::Bytes;
use ottla_protocol::ids::{PartitionId, Uuid};
use ottla_protocol::record::{BatchBuilder, BatchOptions};
use ottla_runtime::sim::{NodeId, Options, Simulation};

use crate::{Entry, EntryKind};

pub const ID: PartitionId = PartitionId {
    topic: Uuid::ONE,
    partition: 0,
};

/// A batch of one record per timestamp, each with `size` bytes.
pub fn batch(base_offset: i64, epoch: i32, times: &[i64], size: usize) -> Bytes {
    let options = BatchOptions {
        base_offset,
        leader_epoch: epoch,
        ..BatchOptions::default()
    };
    let mut builder = BatchBuilder::new(options);
    for (i, time) in times.iter().enumerate() {
        let value: Vec<u8> = (0..size)
            .map(|b| (b * 7 + i + base_offset as usize) as u8)
            .collect();
        builder.push(*time, None, Some(&value), &[]);
    }
    builder.build().expect("an uncompressed batch").into()
}

/// Entry `index` with a batch of two records.
pub fn entry(index: u64, base_offset: i64, size: usize) -> Entry {
    let time = 1_000_000 + index as i64;
    let body = batch(base_offset, 1, &[time, time], size);
    Entry {
        index,
        term: 1,
        kind: EntryKind::Data,
        base_offset,
        records: 2,
        body,
    }
}

/// A calm machine.
pub fn machine(seed: u64) -> (Simulation, NodeId) {
    let sim = Simulation::new(seed, Options::default());
    let node = sim.node(1);
    (sim, node)
}

/// Runs to the end on the machine, an hour at most.
pub fn on<F>(sim: &Simulation, node: NodeId, future: F) -> F::Output
where
    F: Future + 'static,
    F::Output: 'static,
{
    sim.block_on(node, Duration::from_secs(3600), future)
        .expect("it ends within the hour")
}
