//! One file per verb, by noun: arguments, a pure plan, a run that talks to a broker, an outcome that can be rendered.

pub mod config;
pub mod confirm;
pub mod demo;
pub mod file;
pub mod group;
pub mod record;
pub mod shell;
pub mod topic;
pub mod txn;

use ottla_runtime::shards::{Config, Cores, run};

use crate::exit::CliError;

/// Runs a verb's future on a shard of its own, on no core in particular.
pub fn on_shard<A, F, Fut>(args: A, verb: F) -> Result<(), CliError>
where
    A: Clone + Send + 'static,
    F: Fn(A) -> Fut + Clone + Send + 'static,
    Fut: Future<Output = Result<(), CliError>> + 'static,
{
    let config = Config {
        cores: Cores::Floating,
        ring_depth: 32,
        name: "ottla-cli".to_owned(),
    };
    let results = run(config, move |_| verb(args.clone()))
        .map_err(|error| CliError::refused(error.to_string()))?;
    results.into_iter().collect()
}
