//! The whole node, simulated: the real broker on the simulated runtime, real requests through simulated sockets, and
//! everything that can go wrong with a machine. `ledger` and `slot` say what must hold.
//!
//! One seed decides everything. `--trace` repeats a seed and tells what happened.

mod admin;
mod audit;
mod client;
mod clients;
mod consumer;
mod draw;
mod fate;
mod groups;
mod grow;
mod keys;
mod ledger;
mod life;
mod producer;
mod queue;
mod reads;
mod report;
mod seed;
mod sessions;
mod slot;
mod story;
mod txn;
mod wire;

use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

use ottla_storage::mutants::Mutant;

use crate::mutants::{self, spared};

use self::report::Report;
pub use self::seed::{Outcome, run};

/// Whole-node scenario.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// How many seeds
    #[arg(long, default_value_t = 1000)]
    pub seeds: u64,
    /// The first seed; alone: only this one
    #[arg(long)]
    pub seed: Option<u64>,
    /// Tells what happens in each seed
    #[arg(long)]
    pub trace: bool,
    /// Runs each seed twice and compares the traces
    #[arg(long)]
    pub twice: bool,
    /// Seeds at the same time
    #[arg(long, default_value_t = 1)]
    pub jobs: u16,
    /// Goes on after a finding
    #[arg(long)]
    pub keep_going: bool,
    /// Plants a bug; `mutants` lists them
    #[arg(long, value_parser = mutants::parse)]
    pub mutant: Option<Mutant>,
}

/// Runs the seeds and prints what they came to; fails when a promise was broken or two runs of a seed differ.
pub fn main(args: &Args) -> ExitCode {
    let first = args.seed.unwrap_or(1);
    let seeds = if args.trace { 1 } else { args.seeds };
    let (next, stop) = (AtomicU64::new(first), AtomicBool::new(false));
    let report = Mutex::new(Report::new(Instant::now()));
    let work = || {
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= first.saturating_add(seeds) || stop.load(Ordering::Relaxed) {
                return;
            }
            let began = Instant::now();
            let outcome = guarded(seed, args.trace, args.mutant);
            let took = began.elapsed();
            let differs = args.twice && guarded(seed, false, args.mutant) != outcome;
            let mut report = report.lock().unwrap_or_else(|e| e.into_inner());
            report.add(seed, &outcome, differs, took);
            if (outcome.violation.is_some() || differs) && !args.keep_going {
                stop.store(true, Ordering::Relaxed);
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..args.jobs.max(1) {
            scope.spawn(work);
        }
        work();
    });
    let report = report.into_inner().unwrap_or_else(|e| e.into_inner());
    println!("{report}");
    match report.is_clean() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}

/// A seed whose panics are findings.
fn guarded(seed: u64, story: bool, mutant: Option<Mutant>) -> Outcome {
    spared(|| run(seed, story, mutant)).unwrap_or_else(|panic| Outcome {
        violation: Some(panic),
        ..Outcome::default()
    })
}

#[cfg(test)]
mod tests;
