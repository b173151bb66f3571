//! What `ottla-bench` can do, one file for each command.

mod compact;
mod kpi;
mod run;
mod versus;

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use clap::{Parser, Subcommand};

use crate::floor::{null, probe};
use crate::report::table;

/// Loads any broker that speaks Kafka's protocol, and measures it.
#[derive(Debug, Parser)]
#[command(name = "ottla-bench")]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs a workload against a broker that is there
    Run(run::Run),
    /// Measures the KPIs on brokers of its own
    Kpi(kpi::Kpis),
    /// Compacts a topic on a broker of its own, and checks what is left
    Compact(compact::Compact),
    /// Runs a workload on Ottla and on Apache Kafka in turn, and compares
    Versus(versus::Versus),
    /// A broker that keeps nothing: the generator's ceiling
    Null {
        /// Where it listens
        #[arg(long, default_value = "127.0.0.1:9092")]
        listen: SocketAddr,
    },
    /// What the disk gives to a program that does nothing but flush
    Probe {
        /// A folder on that disk
        folder: PathBuf,
    },
}

/// Does what was asked.
pub fn execute(arguments: Arguments) -> io::Result<()> {
    match arguments.command {
        Command::Run(run) => run.execute(),
        Command::Kpi(kpis) => kpis.execute(),
        Command::Compact(compact) => compact.execute(),
        Command::Versus(versus) => versus.execute(),
        Command::Null { listen } => null::serve(listen),
        Command::Probe { folder } => show_probe(&folder),
    }
}

fn show_probe(folder: &Path) -> io::Result<()> {
    let mut rows = vec![
        ["", "p50 us", "p99 us", "p99.9 us", "MB/s"]
            .map(str::to_owned)
            .to_vec(),
    ];
    for f in probe::probe(folder)? {
        let numbers = [f.p50_us, f.p99_us, f.p999_us, f.mb_s].map(|n| format!("{n:.0}"));
        rows.push([vec![f.what.to_owned()], numbers.to_vec()].concat());
    }
    print!("{}", table(&rows));
    Ok(())
}
