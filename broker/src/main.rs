//! The `ottla` binary: parses, sets up logging, lends the broker to the commands, ends with the right code.

use std::process::ExitCode;

use ottla_admin_cli::args::{self, AdminListen, Start};
use ottla_admin_cli::{CliError, Exit, Host};
use ottla_broker::boot::{self, StartOptions};
use tracing_subscriber::EnvFilter;

/// Quiet: what needs attention, and the one line that says the broker is up.
const DEFAULT_LOG: &str = "warn,ottla::start=info";

fn main() -> ExitCode {
    let cli = args::parse();
    let done = init_log(cli.log.as_deref()).and_then(|()| ottla_admin_cli::run(cli, &ThisBroker));
    match done {
        Ok(()) => Exit::Done.into(),
        Err(error) => {
            eprintln!("{error}");
            error.exit.into()
        }
    }
}

fn init_log(filter: Option<&str>) -> Result<(), CliError> {
    let filter = EnvFilter::try_new(filter.unwrap_or(DEFAULT_LOG)).map_err(|error| {
        CliError::usage(format!("--log or RUST_LOG: {error}"))
            .next("try: --log info, or --log ottla_broker=debug")
    })?;
    let colour = std::io::IsTerminal::is_terminal(&std::io::stderr());
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(colour)
        .init();
    Ok(())
}

/// The broker in this binary, as the commands see it.
struct ThisBroker;

impl Host for ThisBroker {
    fn start(&self, start: Start) -> Result<(), CliError> {
        boot::start(options(start)).map_err(|error| CliError::refused(error.to_string()))
    }
}

fn options(start: Start) -> StartOptions {
    StartOptions {
        data_dir: start.data_dir,
        listen: start.listen.to_string(),
        advertise: start.advertise.map(|address| address.to_string()),
        admin_listen: match start.admin_listen {
            AdminListen::Off => None,
            AdminListen::At(address) => Some(address.to_string()),
        },
        cores: start.cores,
        memory: start.memory,
        config: start.config,
        set: start
            .set
            .into_iter()
            .map(|pair| (pair.key, pair.value))
            .collect(),
    }
}
