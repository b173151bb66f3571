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

use std::path::PathBuf;

use args::{Cli, Command, Start};
use commands::config::explain::Setting;
use commands::file::dump::Printer;

/// What the binary lends to the verbs that need the broker's own code.
pub trait Host {
    /// Runs a broker until it is told to stop.
    fn start(&self, start: Start) -> Result<(), CliError>;

    /// Every setting that the broker knows, by scope and name.
    fn settings(&self) -> Vec<Setting>;

    /// The name of the setting that was probably meant.
    fn nearest_setting(&self, typed: &str) -> Option<String>;

    /// Reads a file of the data folder and prints what is in it; `records` of a segment only when asked for.
    fn dump(&self, file: PathBuf, records: bool, printer: Printer) -> Result<(), CliError>;
}

/// Does what was asked.
pub fn run(cli: Cli, host: &dyn Host) -> Result<(), CliError> {
    match cli.command {
        Command::Start(start) => host.start(start),
        Command::Topic(topic) => commands::topic::run(topic),
        Command::Group(group) => commands::group::run(group),
        Command::Txn(txn) => commands::txn::run(txn),
        Command::Produce(args) => commands::on_shard(args, commands::record::produce::run),
        Command::Consume(args) => commands::on_shard(args, commands::record::consume::run),
        Command::Demo(args) => commands::on_shard(args, commands::demo::run),
        Command::Config(config) => commands::config::run(config, host),
        Command::Dump(args) => commands::file::dump::run(args, host),
        Command::Completions(args) => commands::shell::completions::run(args),
    }
}
