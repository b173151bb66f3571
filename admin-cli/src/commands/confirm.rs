//! Asking before harm is done.

use std::io::{self, BufRead, IsTerminal, Write};

use crate::exit::CliError;

/// Asks on the terminal, unless `yes` was said on the command line.
///
/// # Errors
/// Usage when nobody can be asked; refused when the answer is not yes.
pub fn confirm(question: &str, yes: bool) -> Result<(), CliError> {
    if yes {
        return Ok(());
    }
    if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        return Err(
            CliError::usage(format!("{question} There is no terminal to ask on"))
                .next("add --yes to go on without asking"),
        );
    }
    let mut answer = String::new();
    let asked = write!(io::stderr(), "{question} [y/N] ")
        .and_then(|()| io::stdin().lock().read_line(&mut answer));
    asked.map_err(|error| CliError::refused(format!("the terminal: {error}")))?;
    if is_yes(&answer) {
        Ok(())
    } else {
        Err(CliError::refused("nothing was done"))
    }
}

fn is_yes(answer: &str) -> bool {
    matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exit::Exit;

    #[test]
    fn only_yes_is_yes() {
        for yes in ["y\n", "Yes\n", " YES "] {
            assert!(is_yes(yes));
        }
        for no in ["", "\n", "n\n", "yeah\n"] {
            assert!(!is_yes(no));
        }
    }

    #[test]
    fn yes_on_the_command_line_asks_nobody() {
        assert_eq!(confirm("Delete?", true), Ok(()));
    }

    #[test]
    fn without_a_terminal_it_refuses_and_says_how() {
        if io::stdin().is_terminal() {
            return;
        }
        let error = confirm("Delete?", false).unwrap_err();
        assert_eq!(error.exit, Exit::Usage);
        assert!(error.next.unwrap().contains("--yes"));
    }
}
