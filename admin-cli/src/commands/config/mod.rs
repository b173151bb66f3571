//! Settings of the broker and of topics.

pub mod explain;

use clap::Subcommand;

use crate::Host;
use crate::exit::CliError;

/// The verbs of settings.
#[derive(Debug, Clone, Subcommand)]
pub enum Config {
    /// Explain the settings that Kafka names: meaning, default, values
    Explain(explain::Explain),
}

/// Does a verb.
pub fn run(config: Config, host: &dyn Host) -> Result<(), CliError> {
    match config {
        Config::Explain(args) => explain::run(args, host),
    }
}
