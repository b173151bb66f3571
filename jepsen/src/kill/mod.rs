//! The kill -9 loop: the real binary under producers, killed at random moments, started again on what it left.

pub mod book;
pub mod broker;
pub mod check;
mod compacted;
pub mod producer;
pub mod reader;
mod rounds;
pub mod value;

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

/// What the loop is asked to do.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// How often the broker is killed
    #[arg(long, default_value_t = 200)]
    pub rounds: u32,
    /// The broker's binary; by default the one beside this program
    #[arg(long)]
    pub broker: Option<PathBuf>,
    /// Makes the same choices again (the timing differs all the same)
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Producers, each with up to five requests in flight
    #[arg(long, default_value_t = 4)]
    pub producers: u32,
    /// Where data and log go; by default a fresh folder under the system's temporary one, removed when all went well
    #[arg(long)]
    pub folder: Option<PathBuf>,
    /// A broker setting, KEY=VALUE; may be repeated
    #[arg(long)]
    pub set: Vec<String>,
    /// Kills the broker while it compacts a topic, and judges the last value of each key
    #[arg(long)]
    pub compact: bool,
}

impl Args {
    fn binary(&self) -> io::Result<PathBuf> {
        match &self.broker {
            Some(path) => Ok(path.clone()),
            None => Ok(std::env::current_exe()?.with_file_name("ottla")),
        }
    }
}

/// Runs the loop and prints what it found; fails when a promise was broken or the broker did not come back.
pub fn main(args: &Args) -> ExitCode {
    let fresh = std::env::temp_dir().join(format!("ottla-kill-{}", std::process::id()));
    let folder = args.folder.as_ref().unwrap_or(&fresh);
    let run = |binary: PathBuf| match args.compact {
        true => compacted::run(args, &binary, folder).map(|summary| summary.to_string()),
        false => rounds::run(args, &binary, folder).map(|summary| summary.to_string()),
    };
    match args.binary().and_then(run) {
        Ok(summary) => {
            println!("{summary}");
            if args.folder.is_none() {
                let _ = std::fs::remove_dir_all(&fresh); // what is left in a temporary folder is no failure
            }
            ExitCode::SUCCESS
        }
        Err(e) => {
            eprintln!(
                "kill: {e}\nthe broker's data and log are kept in {}",
                folder.display()
            );
            ExitCode::FAILURE
        }
    }
}
