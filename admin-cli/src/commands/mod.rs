//! One file per verb, by noun: arguments, a pure plan, a run that talks to a broker, an outcome that can be rendered.

pub mod config;
pub mod confirm;
pub mod demo;
pub mod file;
pub mod record;
pub mod shell;
pub mod topic;

use std::time::Duration;

use ottla_runtime::shards::{Config, Cores, run};

use ottla_runtime::task::{self, Share};
use ottla_runtime::time;

use crate::exit::CliError;

/// Bytes registered with io_uring for file reads, of which a client does none: the least there is.
const IO_MEMORY: usize = 64 << 10;

/// The longest that the shard sleeps.
const PULSE: Duration = Duration::from_millis(50);

/// Runs a verb's future on a shard of its own, on no core in particular.
pub fn on_shard<A, F, Fut>(args: A, verb: F) -> Result<(), CliError>
where
    A: Clone + Send + 'static,
    F: Fn(A) -> Fut + Clone + Send + 'static,
    Fut: Future<Output = Result<(), CliError>> + 'static,
{
    let config = Config {
        cores: Cores::Floating,
        io_memory: IO_MEMORY,
        ring_depth: 32,
        name: "ottla-cli".to_owned(),
    };
    let results = run(config, move |_| with_pulse(verb(args.clone())))
        .map_err(|error| CliError::refused(error.to_string()))?;
    results.into_iter().collect()
}

/// Runs a verb beside a timer. A command has often a single thing in flight and no timer of its own; under heavy load its
/// executor has been seen to sleep on after that one thing was done. With a timer such a sleep ends.
async fn with_pulse<F: Future>(verb: F) -> F::Output {
    let _pulse = task::spawn(Share::Background, async {
        loop {
            time::sleep(PULSE).await;
        }
    });
    verb.await
}
