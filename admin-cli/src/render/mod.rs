//! Answers into bytes: pure functions from values to text, and the one place that writes to stdout.

pub mod base64;
pub mod number;
pub mod record;
pub mod table;
pub mod template;

use std::io::{self, Write};

use serde::Serialize;

use crate::args::Output;
use crate::exit::CliError;

/// An answer that can be shown to people; programs get its serde form.
pub trait Render: Serialize {
    /// The form for people, with its last newline.
    fn table(&self) -> String;
}

/// The answer in the form that was asked for, with its last newline.
pub fn render(answer: &impl Render, output: Output) -> String {
    match output {
        Output::Table => answer.table(),
        Output::Json => {
            // Our own values hold only strings, numbers, lists and objects with string keys.
            let mut text = serde_json::to_string_pretty(answer).expect("plain values serialise");
            text.push('\n');
            text
        }
    }
}

/// Writes an answer to stdout.
pub fn print(answer: &impl Render, output: Output) -> Result<(), CliError> {
    let mut out = io::stdout().lock();
    written(
        out.write_all(render(answer, output).as_bytes())
            .and_then(|()| out.flush()),
    )
}

/// Judges a write to stdout. A reader that went away (`ottla consume x | head -1`) ends the process as done.
pub fn written(result: io::Result<()>) -> Result<(), CliError> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
            std::process::exit(i32::from(crate::exit::Exit::Done.code()))
        }
        other => other.map_err(|error| CliError::refused(format!("stdout: {error}"))),
    }
}
