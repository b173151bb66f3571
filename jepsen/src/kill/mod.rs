//! The kill -9 loop: the real binary under producers, killed at random moments, started again on what it left.

pub mod broker;
pub mod check;
pub mod value;

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use crate::dice::Dice;
use broker::Broker;

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
    /// Where data and log go; by default a fresh folder under the system's temporary one, removed when all went well
    #[arg(long)]
    pub folder: Option<PathBuf>,
    /// A broker setting, KEY=VALUE; may be repeated
    #[arg(long)]
    pub set: Vec<String>,
}

/// How long a broker may take until it listens, however much it must recover.
const START_LIMIT: Duration = Duration::from_secs(30);

/// Runs the loop and prints what it found; fails when a promise was broken or the broker did not come back.
pub fn main(args: &Args) -> ExitCode {
    match run(args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("kill: {e}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &Args) -> io::Result<()> {
    let binary = match &args.broker {
        Some(path) => path.clone(),
        None => std::env::current_exe()?.with_file_name("ottla"),
    };
    let fresh = std::env::temp_dir().join(format!("ottla-kill-{}", std::process::id()));
    let folder = args.folder.clone().unwrap_or_else(|| fresh.clone());
    let mut dice = Dice::new(args.seed);
    let mut broker = Broker::new(&binary, &folder, &args.set)?;
    let mut restarts = Vec::new();
    for round in 0..=args.rounds {
        let began = Instant::now();
        broker.start()?;
        broker.wait_listening(START_LIMIT)?;
        restarts.push(began.elapsed());
        if round < args.rounds {
            std::thread::sleep(Duration::from_millis(dice.between(20, 800)));
            broker.check_alive()?;
            broker.kill()?;
        }
    }
    restarts.sort();
    println!(
        "{} starts, until listening: median {:?}, worst {:?}",
        restarts.len(),
        restarts[restarts.len() / 2],
        restarts.last()
    );
    broker.kill()?;
    if args.folder.is_none() {
        std::fs::remove_dir_all(&fresh)?;
    }
    Ok(())
}
