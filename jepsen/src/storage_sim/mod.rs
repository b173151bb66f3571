//! Storage on the simulated disk: random work on several partitions, crashes at any point, and after each crash:
//! nothing acknowledged lost, no offset used twice, offsets contiguous, reads exactly what was written.
//!
//! One seed decides the layout, the work, the disk's timing, the moments of the crashes, and which of the un-synced
//! sectors survive them. `--trace` repeats a seed and says what it did.

mod compaction;
mod model;
mod work;

use std::cell::RefCell;
use std::process::ExitCode;
use std::rc::Rc;
use std::time::Duration;

use ottla_protocol::ids::{PartitionId, Uuid};
use ottla_runtime::rand::Rng;
use ottla_runtime::shards::ShardId;
use ottla_runtime::sim::{CrashKind, NodeId, Options, Simulation};
use ottla_storage::journal;
use ottla_storage::log::{LogConfig, StoreOptions};
use ottla_storage::mutants::{self, Mutant};

use self::compaction::Compaction;
pub use self::model::Stats;
use self::model::{Model, Part};
use self::work::{Layout, Shard};

/// Storage scenario.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// How many seeds
    #[arg(long, default_value_t = 1000)]
    pub seeds: u64,
    /// The first seed
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Prints what each seed did
    #[arg(long)]
    pub trace: bool,
    /// Runs each seed twice and compares the traces
    #[arg(long)]
    pub twice: bool,
    /// Plants a bug, which must be caught; `mutants` lists them
    #[arg(long, value_parser = crate::mutants::parse)]
    pub mutant: Option<Mutant>,
}

/// What one seed came to.
#[derive(Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The first broken promise.
    pub violation: Option<String>,
    /// Hash of everything that happened.
    pub trace: u64,
    /// What was done.
    pub stats: Stats,
}

/// Runs the seeds and prints what they came to; fails when a promise was broken (with a mutant: when none was).
pub fn main(args: &Args) -> ExitCode {
    let mut total = Stats::default();
    let mut crashes = 0;
    for seed in args.seed..args.seed.saturating_add(args.seeds) {
        let outcome = run(seed, args.mutant);
        if args.trace {
            println!(
                "seed {seed}: trace {:016x}, {:?}",
                outcome.trace, outcome.stats
            );
        }
        if args.twice && run(seed, args.mutant) != outcome {
            println!("seed {seed}: two runs differ");
            return ExitCode::FAILURE;
        }
        if let Some(what) = outcome.violation {
            println!("seed {seed}: {what}");
            if args.mutant.is_some() {
                println!("caught after {} seeds", seed - args.seed + 1);
                return ExitCode::SUCCESS;
            }
            return ExitCode::FAILURE;
        }
        crashes += outcome.stats.crashes;
        total.add(&outcome.stats);
    }
    println!("{} seeds, {crashes} crashes: {total:?}", args.seeds);
    if args.mutant.is_some() {
        println!("the planted bug was not caught");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

/// One seed.
pub fn run(seed: u64, mutant: Option<Mutant>) -> Outcome {
    mutants::plant(mutant);
    let mut rng = Rng::new(seed);
    let layout = draw_layout(&mut rng, mutant);
    let mut world = Options::swarm(seed);
    world.late.0 = [0.0, 0.0, 0.0, 0.5][rng.below(4) as usize];
    let sim = Simulation::new(seed, world);
    let node = sim.node(1);
    let model = Rc::new(RefCell::new(Model::default()));
    for p in 0..layout.partitions {
        let id = PartitionId {
            topic: Uuid::ONE,
            partition: p as i32,
        };
        let mut part = Part::new(id);
        if p >= layout.plain {
            part.compaction = Some(Compaction::new(layout.delete_retention_ms));
        }
        model.borrow_mut().parts.push(part);
    }
    let lives = 3 + rng.below(6);
    for _ in 0..lives {
        live(&sim, node, &layout, &model, &mut rng);
        if model.borrow().violation.is_some() {
            break;
        }
    }
    // A last, undisturbed start: what is there now is read in full.
    if model.borrow().violation.is_none() {
        undisturbed(&sim, node, &layout, &model, &mut rng);
    }
    mutants::plant(None);
    let model = model.borrow();
    Outcome {
        violation: model.violation.clone(),
        trace: sim.trace_hash(),
        stats: model.stats,
    }
}

/// From a start to a crash, at any moment: also while starting.
fn live(
    sim: &Simulation,
    node: NodeId,
    layout: &Layout,
    model: &Rc<RefCell<Model>>,
    rng: &mut Rng,
) {
    let (layout, of_task, seed) = (layout.clone(), model.clone(), rng.u64());
    sim.spawn(node, ShardId(0), async move {
        match Shard::open(layout, of_task.clone(), Rng::new(seed)).await {
            Ok(shard) => shard.start(),
            Err(what) => of_task.borrow_mut().violate(what),
        }
    })
    .detach();
    let longest = if rng.below(4) == 0 { 20_000 } else { 1_000_000 };
    let life = Duration::from_micros(rng.below(longest));
    let watched = model.clone();
    sim.run_until(life, || watched.borrow().violation.is_some());
    let kind = if rng.below(4) == 0 {
        CrashKind::Process
    } else {
        CrashKind::Power
    };
    sim.crash(node, kind);
    model.borrow_mut().stats.crashes += 1;
    sim.restart(node);
}

fn undisturbed(
    sim: &Simulation,
    node: NodeId,
    layout: &Layout,
    model: &Rc<RefCell<Model>>,
    rng: &mut Rng,
) {
    let opened = Shard::open(layout.clone(), model.clone(), Rng::new(rng.u64()));
    let result = sim.block_on(node, Duration::from_secs(3600), async move {
        opened.await.map(drop)
    });
    match result {
        Some(Ok(())) => {}
        Some(Err(what)) => model.borrow_mut().violate(what),
        None => model
            .borrow_mut()
            .violate("the last start does not end".to_owned()),
    }
}

fn draw_layout(rng: &mut Rng, mutant: Option<Mutant>) -> Layout {
    let sync = match rng.below(3) {
        0 => Some(journal::Sync::Through),
        1 => Some(journal::Sync::After),
        _ => None,
    };
    // Skipping the flush needs a flush that can be skipped.
    let sync = if mutant == Some(Mutant::SkipFlush) {
        Some(journal::Sync::After)
    } else {
        sync
    };
    let partitions = 1 + rng.below(5) as usize;
    let plain = rng.below(partitions as u64 + 1) as usize;
    // What is compacted must be closed.
    let largest = if plain < partitions { 2 } else { 7 };
    // Runs as large as journal files, and larger.
    let large = rng.below(8) == 0;
    Layout {
        partitions,
        plain,
        delete_retention_ms: rng.below(2_000) as i64,
        keys: 1 + rng.below(60),
        journal: journal::Options {
            file_size: 65_536 << rng.below(4),
            sync,
            in_flight: 1 + rng.below(4) as usize,
            gather_bytes: 1 << rng.below(15),
            max_run: 4096 << rng.below(if large { 8 } else { 4 }),
        },
        log: LogConfig {
            segment_bytes: 4096 << rng.below(largest),
            segment_ms: 1 + rng.below(100_000) as i64,
            retention_ms: -1,
            retention_bytes: -1,
            index_interval_bytes: 4096,
        },
        store: StoreOptions {
            allocate_ahead: 1 << (12 + rng.below(14)),
            open_files: 1 + rng.below(8) as usize,
            index_memory: 1 << rng.below(16),
            cache_memory: if rng.below(3) == 0 {
                0
            } else {
                1 << (10 + rng.below(10))
            },
        },
        value: match large {
            true => 1 << 16,
            false => 1 << (4 + rng.below(10)),
        },
        pause: 1 << (4 + rng.below(10)),
    }
}

impl Stats {
    fn add(&mut self, other: &Stats) {
        self.acked += other.acked;
        self.reads += other.reads;
        self.crashes += other.crashes;
        self.unacked_kept += other.unacked_kept;
        self.unacked_lost += other.unacked_lost;
        self.truncations += other.truncations;
        self.checkpoints += other.checkpoints;
        self.recycled += other.recycled;
        self.reclaimed += other.reclaimed;
        self.compactions += other.compactions;
        self.segments = self.segments.max(other.segments);
    }
}

#[cfg(test)]
mod tests;
