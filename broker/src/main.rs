//! The `ottla` binary: parses, sets up logging, lends the broker to the commands, ends with the right code.

mod dump;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::OnceLock;

use ottla_admin_cli::args::{self, AdminListen, Start};
use ottla_admin_cli::commands::config::explain::Setting;
use ottla_admin_cli::commands::file::dump::Printer;
use ottla_admin_cli::{CliError, Exit, Host};
use ottla_broker::boot::{self, StartError, StartOptions};
use ottla_broker::config::key::Key;
use ottla_broker::config::keys;
use ottla_broker::config::nearest::nearest;
use tracing_subscriber::EnvFilter;

/// Quiet: what needs attention, and the one line that says the broker is up.
const DEFAULT_LOG: &str = "warn,ottla::start=info";

/// Adds levels of loggers to the filter that the command line gave.
static SET_LOG: OnceLock<SetLog> = OnceLock::new();
type SetLog = Box<dyn Fn(&str) + Send + Sync>;

/// Batches are allocated on the core that receives them and freed on the one that owns their partition: glibc's allocator
/// takes a lock for that, and at one-record requests a fourth of the broker's CPU went there.
#[global_allocator]
static ALLOC: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

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
    let given = filter.unwrap_or(DEFAULT_LOG);
    let filter = EnvFilter::try_new(given).map_err(|error| {
        CliError::usage(format!("--log or RUST_LOG: {error}"))
            .next("try: --log info, or --log ottla_broker=debug")
    })?;
    let colour = std::io::IsTerminal::is_terminal(&std::io::stderr());
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(colour)
        .with_filter_reloading();
    let handle = builder.reload_handle();
    builder.init();
    let given = given.to_owned();
    let _ = SET_LOG.set(Box::new(move |levels: &str| {
        // The later of two words on one logger counts.
        let both = EnvFilter::try_new(format!("{given},{levels}"));
        let set = both
            .map_err(|e| e.to_string())
            .and_then(|filter| handle.reload(filter).map_err(|e| e.to_string()));
        if let Err(why) = set {
            tracing::warn!("levels of loggers not set to {levels:?}: {why}");
        }
    }));
    Ok(())
}

/// Levels of loggers were set, or taken back, over the wire.
fn set_log(levels: &str) {
    if let Some(set) = SET_LOG.get() {
        set(levels);
    }
}

/// The broker in this binary, as the commands see it.
struct ThisBroker;

impl Host for ThisBroker {
    fn start(&self, start: Start) -> Result<(), CliError> {
        boot::start(options(start)).map_err(|error| match error {
            StartError::Option { .. } | StartError::Setting(_) => {
                CliError::usage(error.to_string())
            }
            other => CliError::refused(other.to_string()),
        })
    }

    fn settings(&self) -> Vec<Setting> {
        let broker = keys::brokers().map(|key| setting("broker", key, None));
        let topic = keys::topic::KEYS
            .iter()
            .map(|key| setting("topic", key, keys::topic_synonym(key.name)));
        let group = keys::group::KEYS
            .iter()
            .map(|key| setting("group", key, keys::group_synonym(key.name)));
        broker.chain(topic).chain(group).flatten().collect()
    }

    fn nearest_setting(&self, typed: &str) -> Option<String> {
        let names = keys::brokers()
            .chain(keys::topic::KEYS)
            .chain(keys::group::KEYS)
            .map(|key| key.name);
        nearest(typed, names).map(str::to_owned)
    }

    fn dump(&self, file: PathBuf, records: bool, printer: Printer) -> Result<(), CliError> {
        dump::run(file, records, printer)
    }
}

/// A row of the broker's tables, unless it is one that is not shown.
fn setting(scope: &'static str, key: &Key, default_from: Option<&str>) -> Option<Setting> {
    (!key.internal).then(|| Setting {
        name: key.name.to_owned(),
        scope,
        kind: key.kind.to_string(),
        default: key.default.map(str::to_owned),
        values: key.rule.to_string(),
        change: if scope == "broker" {
            key.mode.to_string()
        } else {
            "while the broker runs".to_owned()
        },
        default_from: default_from.map(str::to_owned),
        doc: key.doc.to_owned(),
    })
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
        set_log,
    }
}
