//! The load generator. All of it is in the library; `--help` shows what it can do.

use std::process::ExitCode;

use clap::Parser;
use ottla_benches::commands::{Arguments, execute};

fn main() -> ExitCode {
    match execute(Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("ottla-bench: {e}");
            ExitCode::FAILURE
        }
    }
}
