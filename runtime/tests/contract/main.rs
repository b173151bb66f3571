//! What both backends promise, checked on both: each test runs once for real and under many seeds.

mod files;
mod mesh;
mod names;
mod sockets;
mod sync;
mod tasks;
mod timers;

use std::{
    cell::Cell,
    path::PathBuf,
    rc::Rc,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use ottla_runtime::{
    fs,
    shards::{self, Config, Cores, Shard},
    sim::{Options, Simulation},
};

/// Seeds per test; each draws another world.
const SEEDS: u64 = 25;

static NEXT_RUN: AtomicU64 = AtomicU64::new(0);

/// What a test gets on each shard.
#[derive(Clone)]
pub struct Env {
    /// An empty folder.
    pub dir: PathBuf,
    /// Number of this run of the test body; the same on all its shards.
    pub run: u64,
}

impl Env {
    /// A path inside the folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }
}

/// Runs a test body on every shard, on both backends.
pub fn run<F, Fut>(shards: u16, body: F)
where
    F: Fn(Env, Shard) -> Fut + Clone + Send + 'static,
    Fut: Future<Output = ()> + 'static,
{
    run_real(shards, body.clone());
    for seed in 0..SEEDS {
        run_simulated(seed, shards, &body);
    }
}

fn run_real<F, Fut>(shards: u16, body: F)
where
    F: Fn(Env, Shard) -> Fut + Clone + Send + 'static,
    Fut: Future<Output = ()> + 'static,
{
    let run = NEXT_RUN.fetch_add(1, Ordering::Relaxed);
    let name = format!("ottla-runtime-{}-{run}", std::process::id());
    // Beside the build: the usual temporary folder may be in memory, where nothing is direct.
    let dir = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::create_dir_all(&dir).unwrap();
    let env = Env {
        dir: dir.clone(),
        run,
    };
    let config = Config {
        cores: Cores::Count(shards.into()),
        ..Config::default()
    };
    shards::run(config, move |shard| body(env.clone(), shard)).unwrap();
    std::fs::remove_dir_all(dir).unwrap();
}

fn run_simulated<F, Fut>(seed: u64, shards: u16, body: &F)
where
    F: Fn(Env, Shard) -> Fut + Clone + 'static,
    Fut: Future<Output = ()> + 'static,
{
    let mut options = Options::swarm(seed);
    options.net.resets = 0.0;
    let sim = Simulation::new(seed, options);
    let node = sim.node(shards);
    let env = Env {
        dir: PathBuf::from("/data"),
        run: NEXT_RUN.fetch_add(1, Ordering::Relaxed),
    };
    let limit = Duration::from_secs(3_600);
    sim.block_on(node, limit, async {
        fs::create_dir_all("/data").await.unwrap()
    })
    .unwrap();
    let done = Rc::new(Cell::new(0));
    let (body, theirs) = (body.clone(), done.clone());
    sim.start(node, move |shard| {
        let (future, done) = (body(env.clone(), shard), theirs.clone());
        async move {
            future.await;
            done.set(done.get() + 1);
        }
    });
    assert!(
        sim.run_until(limit, || done.get() == shards),
        "seed {seed}: not done after an hour of virtual time"
    );
}
