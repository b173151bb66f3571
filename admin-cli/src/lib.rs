//! The command line: verbs over the Kafka protocol, and the rendering of their answers.
//!
//! A verb is one file under [`commands`]: its arguments, a pure `plan`, a `run` that talks to a broker through [`client`],
//! and an outcome that [`render`] puts into a table or JSON. What only the broker's own code can do (start, explain its
//! settings, read its files) comes in through [`Host`], so that this crate never sees the broker's insides.

pub mod args;
pub mod client;
pub mod commands;
mod exit;
pub mod render;

pub use exit::{CliError, Exit};

use args::{Cli, Command, Start};

/// What the binary lends to the verbs that need the broker's own code.
pub trait Host {
    /// Runs a broker until it is told to stop.
    fn start(&self, start: Start) -> Result<(), CliError>;
}

/// Does what was asked.
pub fn run(cli: Cli, host: &dyn Host) -> Result<(), CliError> {
    match cli.command {
        Command::Start(start) => host.start(start),
        Command::Topic(topic) => commands::topic::run(topic),
        Command::Produce(args) => commands::on_shard(args, commands::record::produce::run),
        Command::Consume(args) => commands::on_shard(args, commands::record::consume::run),
    }
}
