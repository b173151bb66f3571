//! What was typed: the command line as clap sees it. Each verb's own arguments stand in its file under `commands/`.

pub mod time;
pub mod values;

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::client;
use crate::commands;
use values::{Address, Pair};

const EXAMPLES: &str = "\
Examples:
  ottla                                        a broker on 127.0.0.1:9092, its data in ./ottla-data
  ottla start --data-dir /var/lib/ottla --listen 0.0.0.0:9092 --advertise log.example.org:9092
  ottla topic create orders --partitions 12
  echo 'hello' | ottla produce orders
  ottla consume orders --follow
  ottla consume orders --group billing         as a member of a group
  ottla group lag billing                      how far it is behind
  ottla demo                                   a producer and a consumer with live numbers

Exit codes: 0 done, 1 refused, 2 wrong command line, 3 no broker answered.
Data goes to stdout, everything else to stderr.";

/// A log broker that speaks Kafka's protocol.
///
/// Without a command, `ottla` starts a broker, as `ottla start` does.
#[derive(Debug, Clone, Parser)]
#[command(name = "ottla", version, after_help = EXAMPLES, disable_help_subcommand = true)]
pub struct Cli {
    /// What to log, as tracing filters: `info`, `debug`, `ottla_broker=debug` [default: warnings and the start line]
    #[arg(
        long,
        global = true,
        value_name = "FILTER",
        env = "RUST_LOG",
        hide_env_values = true,
        help_heading = "Global options"
    )]
    pub log: Option<String>,
    /// The verb.
    #[command(subcommand)]
    pub command: Command,
}

/// The verbs and nouns of the first level.
#[derive(Debug, Clone, Subcommand)]
pub enum Command {
    /// Start a broker in the foreground
    Start(Start),
    /// Create, list, describe, alter and delete topics
    #[command(subcommand)]
    Topic(commands::topic::Topic),
    /// List, describe, rewind and delete groups; show how far they are behind
    #[command(subcommand)]
    Group(commands::group::Group),
    /// List, describe and abort transactions
    #[command(subcommand)]
    Txn(commands::txn::Txn),
    /// Send the lines of stdin as records
    Produce(commands::record::produce::Produce),
    /// Write the records of a topic to stdout
    Consume(commands::record::consume::Consume),
    /// Show a producer and a consumer at work, with live numbers
    Demo(commands::demo::Demo),
    /// Explain the broker's and topics' settings
    #[command(subcommand)]
    Config(commands::config::Config),
    /// Show what is in a journal, segment or index file
    Dump(commands::file::dump::Dump),
    /// Print a completion script for a shell
    Completions(commands::shell::completions::Completions),
}

const START_EXAMPLES: &str = "\
Examples:
  ottla start
  ottla start --data-dir /var/lib/ottla --cores 4 --memory 2G
  ottla start --listen 0.0.0.0:9092 --advertise log.example.org:9092
  ottla start --config ottla.toml --set num.partitions=6 --set log.retention.hours=24

The settings that Kafka names are described by `ottla config explain`.
SIGTERM or Ctrl-C stops it cleanly.";

/// Start a broker in the foreground.
#[derive(Debug, Clone, Args, PartialEq, Eq)]
#[command(after_help = START_EXAMPLES)]
pub struct Start {
    /// Folder of everything this broker keeps; created when missing
    #[arg(long, value_name = "DIR", default_value = "./ottla-data")]
    pub data_dir: PathBuf,
    /// Address that Kafka clients connect to
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:9092")]
    pub listen: Address,
    /// Address that clients are told to use [default: that of --listen]
    #[arg(long, value_name = "HOST:PORT")]
    pub advertise: Option<Address>,
    /// Address of metrics, /live and /ready; `off` for none
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:9644")]
    pub admin_listen: AdminListen,
    /// How many cores, or which: 4, or 0,2,4-7 [default: every core]
    #[arg(long, value_name = "N|LIST", value_parser = values::cores_form)]
    pub cores: Option<String>,
    /// Memory for the whole process, as 512M or 4G [default: a share of the machine's]
    #[arg(long, value_name = "SIZE", value_parser = values::size_form)]
    pub memory: Option<String>,
    /// File of settings under Kafka's names
    #[arg(long, value_name = "FILE.toml")]
    pub config: Option<PathBuf>,
    /// One setting under Kafka's name; may be repeated, and wins over --config
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<Pair>,
}

/// An address, or `off`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AdminListen {
    /// No admin listener.
    Off,
    /// Listen here.
    At(Address),
}

impl std::fmt::Display for AdminListen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            AdminListen::Off => f.write_str("off"),
            AdminListen::At(address) => address.fmt(f),
        }
    }
}

impl std::str::FromStr for AdminListen {
    type Err = String;

    fn from_str(text: &str) -> Result<AdminListen, String> {
        if text == "off" {
            Ok(AdminListen::Off)
        } else {
            text.parse().map(AdminListen::At)
        }
    }
}

/// Which broker to ask, and how long to wait for it.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Broker")]
pub struct Broker {
    /// Broker to ask first; several may be given, with commas
    #[arg(
        short,
        long,
        value_name = "HOST:PORT",
        env = "OTTLA_BROKER",
        value_delimiter = ',',
        default_value = "127.0.0.1:9092",
        visible_alias = "bootstrap-server"
    )]
    pub broker: Vec<Address>,
    /// Give up on a request after this long
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = values::duration)]
    pub timeout: Duration,
}

impl Broker {
    /// A client that asks as these flags say.
    pub fn client(&self) -> client::Client {
        client::Client::new(client::Options {
            brokers: self.broker.clone(),
            timeout: self.timeout,
        })
    }
}

/// The form of what goes to stdout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// Aligned columns for people
    Table,
    /// One JSON document for programs
    Json,
}

/// `--output`, for the verbs whose answer is data.
#[derive(Debug, Clone, Args)]
pub struct OutputArg {
    /// Form of the answer on stdout
    #[arg(short, long, value_enum, default_value_t = Output::Table)]
    pub output: Output,
}

/// Parses the process's arguments. Help and version end the process with 0, a wrong command line with 2.
pub fn parse() -> Cli {
    Cli::parse_from(with_default_verb(std::env::args_os().collect()))
}

/// Puts `start` where no verb was typed: `ottla`, `ottla --data-dir x`, `ottla --log debug --data-dir x`.
fn with_default_verb(mut args: Vec<OsString>) -> Vec<OsString> {
    let mut at = 1;
    while let Some(arg) = args.get(at) {
        match arg.to_str() {
            Some("--log") => at += 2,
            Some(text) if text.starts_with("--log=") => at += 1,
            Some("-h" | "--help" | "-V" | "--version") => return args,
            Some(text) if !text.starts_with('-') => return args,
            _ => break,
        }
    }
    args.insert(at.min(args.len()), OsString::from("start"));
    args
}

#[cfg(test)]
mod tests;
