//! `--format` templates: text with `%` places and `\` escapes.

use std::fmt::Write as _;

use super::record::Received;
use crate::args::time::format_timestamp;

/// One part of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(Vec<u8>),
    Place(u8),
}

/// A parsed template. No newline is added at its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template(Vec<Part>);

/// The places, for the help text.
pub const PLACES: &str = "%t topic, %p partition, %o offset, %T timestamp (ms), %D date, %k key, %v value, %h headers, \
                          %K and %V their lengths in bytes (-1 for null), %% a percent sign; \\n, \\t, \\0, \\\\";

impl Template {
    /// Parses a template.
    ///
    /// # Errors
    /// An unknown place or escape, by name.
    pub fn parse(text: &str) -> Result<Template, String> {
        let mut parts = Vec::new();
        let mut plain = Vec::new();
        let mut bytes = text.bytes();
        while let Some(byte) = bytes.next() {
            match byte {
                b'\\' => plain.push(match bytes.next() {
                    Some(b'n') => b'\n',
                    Some(b't') => b'\t',
                    Some(b'r') => b'\r',
                    Some(b'0') => 0,
                    Some(b'\\') => b'\\',
                    other => return Err(unknown('\\', other)),
                }),
                b'%' => match bytes.next() {
                    Some(b'%') => plain.push(b'%'),
                    Some(place) if b"tpoTDkvhKV".contains(&place) => {
                        parts.push(Part::Text(std::mem::take(&mut plain)));
                        parts.push(Part::Place(place));
                    }
                    other => return Err(unknown('%', other)),
                },
                byte => plain.push(byte),
            }
        }
        parts.push(Part::Text(plain));
        parts.retain(|part| *part != Part::Text(Vec::new()));
        Ok(Template(parts))
    }

    /// Appends one record.
    pub fn write(&self, record: &Received<'_>, out: &mut Vec<u8>) {
        for part in &self.0 {
            match part {
                Part::Text(text) => out.extend_from_slice(text),
                Part::Place(place) => write_place(*place, record, out),
            }
        }
    }
}

fn unknown(lead: char, next: Option<u8>) -> String {
    let shown = next.map_or(String::new(), |byte| char::from(byte).to_string());
    format!("`{lead}{shown}` means nothing in a template; known: {PLACES}")
}

fn write_place(place: u8, record: &Received<'_>, out: &mut Vec<u8>) {
    let length =
        |bytes: Option<&[u8]>| bytes.map_or(-1, |b| i64::try_from(b.len()).unwrap_or(i64::MAX));
    let mut text = String::new();
    let _ = match place {
        b't' => write!(text, "{}", record.topic),
        b'p' => write!(text, "{}", record.partition),
        b'o' => write!(text, "{}", record.offset),
        b'T' => write!(text, "{}", record.timestamp),
        b'D' => write!(text, "{}", format_timestamp(record.timestamp)),
        b'K' => write!(text, "{}", length(record.key)),
        b'V' => write!(text, "{}", length(record.value)),
        b'k' => return out.extend_from_slice(record.key.unwrap_or_default()),
        b'v' => return out.extend_from_slice(record.value.unwrap_or_default()),
        _ => return super::record::write_headers(record, out),
    };
    out.extend_from_slice(text.as_bytes());
}
