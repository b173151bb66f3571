//! Do the simulations find bugs? Plants one after the other and counts the seeds until it is caught. One that survives is a
//! hole in what is demanded, or in what is done.

use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use ottla_storage::mutants::Mutant;

use crate::{node_sim, storage_sim};

/// Looked for in the storage scenario, where a disk has nothing else to do than what these bugs break: runs as large as
/// journal files, one checkpoint after the other.
const IN_STORAGE: [Mutant; 2] = [Mutant::ZeroesLate, Mutant::FirstRunElsewhere];

/// Planted bugs.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Only these, by name
    #[arg(value_parser = parse)]
    pub only: Vec<Mutant>,
    /// Seeds until one counts as surviving
    #[arg(long, default_value_t = 2000)]
    pub seeds: u64,
    /// How often each is planted; the median counts
    #[arg(long, default_value_t = 3)]
    pub rounds: u64,
    /// The first seed; each round begins so many further on as there are seeds
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Mutants at the same time
    #[arg(long, default_value_t = 1)]
    pub jobs: u16,
}

/// A bug by its name.
pub fn parse(name: &str) -> Result<Mutant, String> {
    let known = Mutant::ALL.iter().find(|m| m.name() == name);
    known.copied().ok_or_else(|| {
        let names: Vec<&str> = Mutant::ALL.iter().map(|m| m.name()).collect();
        format!("one of {}", names.join(", "))
    })
}

/// Plants them all and prints how many seeds each took; fails when one survived.
pub fn main(args: &Args) -> ExitCode {
    // Planted bugs may panic; that is a way to be caught, and no news.
    std::panic::set_hook(Box::new(|_| {}));
    let mut mutants = args.only.clone();
    if mutants.is_empty() {
        mutants.extend(Mutant::ALL);
    }
    let (next, survived) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let medians = Mutex::new(Vec::new());
    let work = || {
        while let Some(mutant) = mutants.get(next.fetch_add(1, Ordering::Relaxed)) {
            let rounds = (0..args.rounds.max(1)).map(|n| hunt(*mutant, args, n));
            let (mut took, mut how): (Vec<Option<u64>>, String) = (Vec::new(), String::new());
            for (seeds, what) in rounds {
                took.push(seeds);
                how = what;
            }
            // Surviving is later than any seed.
            took.sort_by_key(|seeds| seeds.unwrap_or(u64::MAX));
            let median = took[took.len() / 2];
            let said: Vec<String> = took
                .iter()
                .map(|t| t.map_or("-".to_owned(), |n| n.to_string()))
                .collect();
            println!("{:28} {:>12}  {how}", mutant.name(), said.join(" "));
            survived.fetch_add(usize::from(median.is_none()), Ordering::Relaxed);
            let mut medians = medians.lock().unwrap_or_else(|e| e.into_inner());
            medians.extend(median);
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..args.jobs.max(1) {
            scope.spawn(work);
        }
        work();
    });
    let mut medians = medians.into_inner().unwrap_or_else(|e| e.into_inner());
    medians.sort_unstable();
    let survived = survived.into_inner();
    println!(
        "{} mutants, {survived} survived, median {} seeds, most {}",
        mutants.len(),
        medians.get(medians.len() / 2).copied().unwrap_or(0),
        medians.last().copied().unwrap_or(0)
    );
    match survived {
        0 => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}

/// How many seeds it takes, and how it is caught.
fn hunt(mutant: Mutant, args: &Args, round: u64) -> (Option<u64>, String) {
    let first = args.seed + round * args.seeds;
    let violation = |seed| match IN_STORAGE.contains(&mutant) {
        true => spared(|| storage_sim::run(seed, Some(mutant)).violation),
        false => spared(|| node_sim::run(seed, false, Some(mutant)).violation),
    };
    for seed in first..first + args.seeds {
        if let Some(what) = violation(seed).unwrap_or_else(Some) {
            let what: String = what.chars().take(90).collect();
            return (Some(seed - first + 1), format!("seed {seed}: {what}"));
        }
    }
    (None, "survived".to_owned())
}

/// What a seed comes to, or what it said when it panicked.
pub(crate) fn spared<T>(seed: impl FnOnce() -> T) -> Result<T, String> {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(seed)).map_err(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
        format!("panic: {}", text.unwrap_or("without words"))
    })
}
