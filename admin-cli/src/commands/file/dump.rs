//! `ottla dump`. What is in a file is read by the broker's own code ([`crate::Host::dump`]); here it is shown.

use std::io::{self, Write};
use std::path::PathBuf;

use clap::Args;
use serde::Serialize;
use serde_json::Value;

use crate::Host;
use crate::args::{Output, OutputArg};
use crate::exit::CliError;
use crate::render::written;

const EXAMPLES: &str = "\
Examples:
  ottla dump ottla-data/journal/1/0/00000000000000000001.journal
  ottla dump .../00000000000000000000.log --records
  ottla dump .../00000000000000000000.index --output json | head
  ottla dump .../compacted

It only reads; a broker may be running on the folder.";

/// Show what is in a journal, segment or index file, or what compaction noted beside them.
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES)]
pub struct Dump {
    /// The file: NUMBER.journal, OFFSET.log, OFFSET.index or compacted
    pub file: PathBuf,
    /// Show each record of a segment's batches too
    #[arg(long)]
    pub records: bool,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub output: OutputArg,
}

/// One thing found in a file.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Item {
    /// Byte of the file where it begins.
    pub at: u64,
    /// What it is: `run`, `entry`, `batch`, ...
    pub what: &'static str,
    /// How deep it stands in what came before it; 0 is the file's own level.
    #[serde(skip)]
    pub depth: usize,
    /// Its values by name, in the order of the format.
    #[serde(flatten)]
    pub fields: Fields,
}

/// Values by name, in the order they were added.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Fields(Vec<(&'static str, Value)>);

impl Serialize for Fields {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

impl Item {
    /// An item without values.
    pub fn new(at: u64, depth: usize, what: &'static str) -> Item {
        Item {
            at,
            what,
            depth,
            fields: Fields::default(),
        }
    }

    /// Adds a value.
    pub fn with(mut self, name: &'static str, value: impl Into<Value>) -> Item {
        self.fields.0.push((name, value.into()));
        self
    }
}

/// Writes items to stdout, a line each.
#[derive(Debug, Clone)]
pub struct Printer {
    output: Output,
}

impl Printer {
    /// Writes one item.
    pub fn item(&mut self, item: &Item) -> Result<(), CliError> {
        let mut line = match self.output {
            Output::Table => text(item),
            // Plain values: cannot fail.
            Output::Json => serde_json::to_string(item).unwrap_or_default(),
        };
        line.push('\n');
        written(io::stdout().lock().write_all(line.as_bytes()))
    }
}

fn text(item: &Item) -> String {
    let mut line = format!(
        "{:>12}  {:indent$}{}",
        item.at,
        "",
        item.what,
        indent = item.depth * 2
    );
    for (name, value) in &item.fields.0 {
        let shown = match value {
            Value::String(text) if !is_plain(text) => format!("{text:?}"),
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        line += &format!("  {name}={shown}");
    }
    line
}

/// Can stand in a line of fields as it is.
fn is_plain(text: &str) -> bool {
    !text.is_empty()
        && !text.chars().any(|c| {
            c.is_whitespace() || c.is_control() || c == '"' || c == char::REPLACEMENT_CHARACTER
        })
}

/// Shows a file.
pub fn run(args: Dump, host: &dyn Host) -> Result<(), CliError> {
    let printer = Printer {
        output: args.output.output,
    };
    host.dump(args.file, args.records, printer)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item() -> Item {
        Item::new(4096, 1, "entry")
            .with("partition", "AAA-0")
            .with("index", 7)
            .with("key", Value::Null)
            .with("value", "two words")
    }

    #[test]
    fn a_line_for_people() {
        assert_eq!(
            text(&item()),
            "        4096    entry  partition=AAA-0  index=7  key=null  value=\"two words\""
        );
    }

    #[test]
    fn a_line_for_programs() {
        assert_eq!(
            serde_json::to_string(&item()).unwrap(),
            r#"{"at":4096,"what":"entry","partition":"AAA-0","index":7,"key":null,"value":"two words"}"#
        );
    }
}
