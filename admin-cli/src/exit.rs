//! How a command ends: one enum of exit codes, one error that says what is wrong and what to do next.

use std::fmt;
use std::process::ExitCode;

/// The exit codes of `ottla`. Scripts may rely on them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// 0: what was asked is done.
    Done,
    /// 1: understood, but refused: by the broker, or by the file or folder that was named.
    Refused,
    /// 2: the command line itself makes no sense.
    Usage,
    /// 3: no broker answered in time.
    Unreachable,
}

impl Exit {
    /// The number the process ends with.
    pub const fn code(self) -> u8 {
        match self {
            Exit::Done => 0,
            Exit::Refused => 1,
            Exit::Usage => 2,
            Exit::Unreachable => 3,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit.code())
    }
}

/// Why a command did not do what was asked, and the step that comes next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CliError {
    /// The exit code that belongs to it; never [`Exit::Done`].
    pub exit: Exit,
    /// What is wrong, and where.
    pub what: String,
    /// What to try next, as a sentence or a command.
    pub next: Option<String>,
}

impl CliError {
    /// The broker, a file or a folder said no.
    pub fn refused(what: impl Into<String>) -> CliError {
        CliError {
            exit: Exit::Refused,
            what: what.into(),
            next: None,
        }
    }

    /// The command line makes no sense.
    pub fn usage(what: impl Into<String>) -> CliError {
        CliError {
            exit: Exit::Usage,
            what: what.into(),
            next: None,
        }
    }

    /// Nothing answered.
    pub fn unreachable(what: impl Into<String>) -> CliError {
        CliError {
            exit: Exit::Unreachable,
            what: what.into(),
            next: None,
        }
    }

    /// Adds the next step.
    pub fn next(mut self, next: impl Into<String>) -> CliError {
        self.next = Some(next.into());
        self
    }
}

impl fmt::Display for CliError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error: {}", self.what)?;
        if let Some(next) = &self.next {
            write!(f, "\n next: {next}")?;
        }
        Ok(())
    }
}

impl std::error::Error for CliError {}
