//! `ottla-jepsen`: one subcommand per suite; each prints what it found and exits 1 when a promise was broken.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// A seed is mostly small allocations.
#[global_allocator]
static ALLOC: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

#[derive(Parser)]
#[command(
    name = "ottla-jepsen",
    about = "Break the broker on purpose and check what it promised"
)]
struct Cli {
    #[command(subcommand)]
    suite: Suite,
}

#[derive(Subcommand)]
enum Suite {
    /// Kill -9 the real broker in a loop under idempotent producers; nothing acknowledged may be lost or doubled
    Kill(ottla_jepsen::kill::Args),
    /// Read a topic back: counts, checksums, and the records that Kafka's ProducerPerformance sent
    Count(ottla_jepsen::count::Args),
    /// Storage on the simulated disk, crashed at any point; nothing acknowledged may be lost or changed
    Storage(ottla_jepsen::storage_sim::Args),
    /// The whole broker on a simulated machine on which everything fails; no promise may be broken
    Sim(ottla_jepsen::node_sim::Args),
    /// Plants bugs in the broker, one after the other, and counts the seeds until each is caught
    Mutants(ottla_jepsen::mutants::Args),
}

fn main() -> ExitCode {
    match Cli::parse().suite {
        Suite::Kill(args) => ottla_jepsen::kill::main(&args),
        Suite::Count(args) => ottla_jepsen::count::main(&args),
        Suite::Storage(args) => ottla_jepsen::storage_sim::main(&args),
        Suite::Sim(args) => ottla_jepsen::node_sim::main(&args),
        Suite::Mutants(args) => ottla_jepsen::mutants::main(&args),
    }
}
