//! What only the simulator promises: crashes, faults, determinism.

mod determinism;
mod disk;
mod network;
mod nodes;

use std::time::Duration;

use ottla_runtime::{
    fs::{self, Buf, File, OpenOptions},
    sim::{DiskOptions, NodeId, Options, Simulation},
};

/// More virtual time than anything here takes.
const LONG: Duration = Duration::from_secs(600);

/// A simulation with one node, up, whose disk has a durable folder `/d`.
fn world(seed: u64, disk: DiskOptions) -> (Simulation, NodeId) {
    let sim = Simulation::new(
        seed,
        Options {
            disk,
            ..Options::default()
        },
    );
    let node = sim.node(2);
    let made = sim.block_on(node, LONG, async {
        fs::create_dir_all("/d").await.unwrap();
        fs::sync_dir("/").await.unwrap();
    });
    made.unwrap();
    (sim, node)
}

async fn create(path: &str, options: OpenOptions) -> File {
    let file = File::open(path, &options).await.unwrap();
    fs::sync_dir("/d").await.unwrap();
    file
}

async fn write(file: &File, byte: u8, len: usize, pos: u64) -> std::io::Result<()> {
    file.write_at(Buf::from(&vec![byte; len][..]), pos)
        .await
        .map(drop)
}

async fn read_all(path: &str) -> Vec<u8> {
    fs::read_file(path, 1 << 30).await.unwrap().to_vec()
}
