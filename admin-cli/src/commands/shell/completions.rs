//! `ottla completions`.

use std::io::{self, Write};

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use crate::args::Cli;
use crate::exit::CliError;
use crate::render::written;

const EXAMPLES: &str = "\
Examples:
  ottla completions bash > /etc/bash_completion.d/ottla
  ottla completions zsh  > \"${fpath[1]}/_ottla\"
  ottla completions fish > ~/.config/fish/completions/ottla.fish";

/// Print a completion script for a shell.
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES)]
pub struct Completions {
    /// The shell
    #[arg(value_enum)]
    pub shell: Shell,
}

/// Writes the script to stdout.
pub fn run(args: Completions) -> Result<(), CliError> {
    let mut out = io::stdout().lock();
    written(
        out.write_all(&script(args.shell))
            .and_then(|()| out.flush()),
    )
}

fn script(shell: Shell) -> Vec<u8> {
    let mut out = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "ottla", &mut out);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::ValueEnum;

    #[test]
    fn every_shell_learns_the_verbs() {
        for shell in Shell::value_variants() {
            let script = String::from_utf8(script(*shell)).unwrap();
            for verb in ["produce", "consume", "describe"] {
                assert!(script.contains(verb), "{shell}: {verb}");
            }
        }
    }
}
