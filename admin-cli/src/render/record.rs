//! Records that were read, into bytes for stdout.

use std::io::Write as _;
use std::str::FromStr;

use serde::ser::{Serialize, SerializeMap, Serializer};

use super::base64;
use super::template::Template;

/// One record as a consumer sees it; it borrows from the answer it came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received<'a> {
    /// Its topic.
    pub topic: &'a str,
    /// Its partition.
    pub partition: i32,
    /// Its place in the partition.
    pub offset: i64,
    /// Milliseconds since 1970, or -1.
    pub timestamp: i64,
    /// Null or bytes.
    pub key: Option<&'a [u8]>,
    /// Null or bytes.
    pub value: Option<&'a [u8]>,
    /// Name and value, in the order sent.
    pub headers: Vec<(&'a [u8], Option<&'a [u8]>)>,
}

/// How to write records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Format {
    /// A line per record: the value, and before it what [`Columns`] asks for.
    Text,
    /// A JSON object per line.
    Json,
    /// Values alone, one after the other, nothing between.
    Raw,
    /// As the template says.
    Template(Template),
}

impl FromStr for Format {
    type Err = String;

    fn from_str(text: &str) -> Result<Format, String> {
        match text {
            "text" => Ok(Format::Text),
            "json" => Ok(Format::Json),
            "raw" => Ok(Format::Raw),
            other if other.contains('%') => Template::parse(other).map(Format::Template),
            other => Err(format!(
                "{other:?} is not text, json, raw, or a template with % places, as '%o %k %v\\n'"
            )),
        }
    }
}

/// What stands before the value in [`Format::Text`], each followed by a tab.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Columns {
    /// `partition:offset`.
    pub offsets: bool,
    /// RFC 3339 in UTC.
    pub timestamps: bool,
    /// The key; null is empty.
    pub keys: bool,
    /// `name=value` with commas.
    pub headers: bool,
}

/// Appends one record to `out`.
pub fn write(record: &Received<'_>, format: &Format, columns: Columns, out: &mut Vec<u8>) {
    match format {
        Format::Text => write_text(record, columns, out),
        Format::Json => {
            // Strings and numbers into a Vec: neither can fail.
            let _ = serde_json::to_writer(&mut *out, &Json(record));
            out.push(b'\n');
        }
        Format::Raw => out.extend_from_slice(record.value.unwrap_or_default()),
        Format::Template(template) => template.write(record, out),
    }
}

fn write_text(record: &Received<'_>, columns: Columns, out: &mut Vec<u8>) {
    if columns.offsets {
        // Writing to a Vec cannot fail.
        let _ = write!(out, "{}:{}\t", record.partition, record.offset);
    }
    if columns.timestamps {
        let _ = write!(
            out,
            "{}\t",
            crate::args::time::format_timestamp(record.timestamp)
        );
    }
    if columns.keys {
        out.extend_from_slice(record.key.unwrap_or_default());
        out.push(b'\t');
    }
    if columns.headers {
        write_headers(record, out);
        out.push(b'\t');
    }
    out.extend_from_slice(record.value.unwrap_or_default());
    out.push(b'\n');
}

/// Appends `name=value,name=value`; a null value leaves the `=` away.
pub(super) fn write_headers(record: &Received<'_>, out: &mut Vec<u8>) {
    for (at, (name, value)) in record.headers.iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        out.extend_from_slice(name);
        if let Some(value) = value {
            out.push(b'=');
            out.extend_from_slice(value);
        }
    }
}

/// The JSON form: `key` and `value` are strings when they are UTF-8, else `key_base64` and `value_base64` stand instead.
struct Json<'a>(&'a Received<'a>);

impl Serialize for Json<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Json(record) = self;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("topic", record.topic)?;
        map.serialize_entry("partition", &record.partition)?;
        map.serialize_entry("offset", &record.offset)?;
        map.serialize_entry("timestamp", &record.timestamp)?;
        bytes_entry(&mut map, ["key", "key_base64"], record.key)?;
        bytes_entry(&mut map, ["value", "value_base64"], record.value)?;
        let headers: Vec<Header<'_>> = record
            .headers
            .iter()
            .map(|(name, value)| Header(name, *value))
            .collect();
        map.serialize_entry("headers", &headers)?;
        map.end()
    }
}

struct Header<'a>(&'a [u8], Option<&'a [u8]>);

impl Serialize for Header<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        bytes_entry(&mut map, ["name", "name_base64"], Some(self.0))?;
        bytes_entry(&mut map, ["value", "value_base64"], self.1)?;
        map.end()
    }
}

fn bytes_entry<M: SerializeMap>(
    map: &mut M,
    names: [&'static str; 2],
    bytes: Option<&[u8]>,
) -> Result<(), M::Error> {
    match bytes.map(|bytes| (bytes, std::str::from_utf8(bytes))) {
        None => map.serialize_entry(names[0], &()),
        Some((_, Ok(text))) => map.serialize_entry(names[0], text),
        Some((bytes, Err(_))) => map.serialize_entry(names[1], &base64::encode(bytes)),
    }
}

#[cfg(test)]
mod tests;
