//! What `ottla-bench` can do, one file for each command.

mod run;

use std::io;

use clap::{Parser, Subcommand};

/// Loads any broker that speaks Kafka's protocol, and measures it.
#[derive(Debug, Parser)]
#[command(name = "ottla-bench")]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs a workload against a broker
    Run(run::Run),
}

/// Does what was asked.
pub fn execute(arguments: Arguments) -> io::Result<()> {
    match arguments.command {
        Command::Run(run) => run.execute(),
    }
}
