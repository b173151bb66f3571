//! Reads the notation of protocol/schema (see its README.md) into a tree.

use std::fmt::Write;
use std::path::{Path, PathBuf};

/// First and last version, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    pub first: i16,
    pub last: i16,
}

impl Range {
    pub fn contains(self, version: i16) -> bool {
        (self.first..=self.last).contains(&version)
    }
}

#[derive(Clone, Debug)]
pub struct Api {
    pub name: String,
    pub key: i16,
    pub versions: Range,
    pub advertised: Range,
    /// First flexible version, or none at all.
    pub flexible: Option<i16>,
    pub shared: Vec<Struct>,
    pub request: Struct,
    pub response: Struct,
}

impl Api {
    pub fn is_flexible(&self, version: i16) -> bool {
        self.flexible.is_some_and(|first| version >= first)
    }

    /// Every structure, each before the ones that stand inside it.
    pub fn structs(&self) -> Vec<&Struct> {
        fn walk<'a>(s: &'a Struct, out: &mut Vec<&'a Struct>) {
            out.push(s);
            s.fields
                .iter()
                .filter_map(|f| f.inner.as_ref())
                .for_each(|inner| walk(inner, out));
        }
        let mut out = Vec::new();
        walk(&self.request, &mut out);
        walk(&self.response, &mut out);
        self.shared.iter().for_each(|s| walk(s, &mut out));
        out
    }

    pub fn find(&self, name: &str) -> &Struct {
        self.structs()
            .into_iter()
            .find(|s| s.name == name)
            .unwrap_or_else(|| panic!("{}: no struct {name}", self.name))
    }
}

#[derive(Clone, Debug)]
pub struct Struct {
    pub name: String,
    /// Versions in which it can occur.
    pub versions: Range,
    pub fields: Vec<Field>,
}

#[derive(Clone, Debug)]
pub struct Field {
    pub name: String,
    pub kind: Kind,
    pub array: bool,
    pub versions: Range,
    /// Versions in which null is allowed.
    pub nullable: Option<Range>,
    pub tag: Option<u32>,
    /// As written; none is the type's own default.
    pub default: Option<String>,
    pub ignorable: bool,
    /// The structure, when it is written in place.
    pub inner: Option<Struct>,
}

impl Field {
    pub fn default_null(&self) -> bool {
        self.default.as_deref() == Some("null")
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    Bool,
    Int8,
    Int16,
    Uint16,
    Int32,
    Int64,
    Float64,
    ErrorCode,
    Uuid,
    String,
    Bytes,
    Records,
    Struct(String),
}

impl Kind {
    fn parse(name: &str, field: &str) -> Kind {
        match name {
            "bool" => Kind::Bool,
            "int8" => Kind::Int8,
            "int16" if field.ends_with("error_code") => Kind::ErrorCode,
            "int16" => Kind::Int16,
            "uint16" => Kind::Uint16,
            "int32" => Kind::Int32,
            "int64" => Kind::Int64,
            "float64" => Kind::Float64,
            "uuid" => Kind::Uuid,
            "string" => Kind::String,
            "bytes" => Kind::Bytes,
            "records" => Kind::Records,
            _ => Kind::Struct(name.to_owned()),
        }
    }
}

/// The folder of the notation.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("schema")
}

/// All APIs in the order of their keys, each with its file's stem.
pub fn load() -> Vec<(String, Api)> {
    let mut apis: Vec<(String, Api)> = std::fs::read_dir(folder())
        .expect("the schema folder")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|e| e == "txt"))
        .map(|path| {
            let stem = path
                .file_stem()
                .expect("a name")
                .to_string_lossy()
                .into_owned();
            let text = std::fs::read_to_string(&path).expect("a readable file");
            let api = parse(&text).unwrap_or_else(|why| panic!("{stem}.txt: {why}"));
            (stem, api)
        })
        .collect();
    apis.sort_by_key(|(_, api)| api.key);
    apis
}

/// A line that is not blank: its number, indent in steps of two blanks, and words.
struct Line<'a> {
    number: usize,
    depth: usize,
    words: Vec<&'a str>,
}

/// Parses one file.
pub fn parse(text: &str) -> Result<Api, String> {
    let lines: Vec<Line<'_>> = text
        .lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty())
        .map(|(i, line)| {
            let depth = (line.len() - line.trim_start().len()) / 2;
            Line {
                number: i + 1,
                depth,
                words: line.split_whitespace().collect(),
            }
        })
        .collect();
    let (head, mut rest) = lines.split_first().ok_or("empty file")?;
    let name = head.words[0].to_owned();
    let of = |word: &str| {
        head.words
            .iter()
            .position(|w| *w == word)
            .and_then(|i| head.words.get(i + 1))
            .copied()
    };
    let all = Range {
        first: 0,
        last: i16::MAX,
    };
    let versions = range(of("versions").ok_or("no versions")?, all)?;
    let mut api = Api {
        key: of("key").and_then(|k| k.parse().ok()).ok_or("no key")?,
        versions,
        advertised: of("advertised").map_or(Ok(versions), |v| range(v, all))?,
        flexible: of("flexible")
            .map(|v| range(v, all))
            .transpose()?
            .map(|r| r.first),
        shared: Vec::new(),
        request: Struct {
            name: format!("{name}Request"),
            versions,
            fields: Vec::new(),
        },
        response: Struct {
            name: format!("{name}Response"),
            versions,
            fields: Vec::new(),
        },
        name,
    };
    while let Some((head, after)) = rest.split_first() {
        let (fields, left) = fields(after, 1, versions)?;
        match (head.depth, head.words.as_slice()) {
            (0, ["request"]) => api.request.fields = fields,
            (0, ["response"]) => api.response.fields = fields,
            (0, ["struct", name]) => api.shared.push(Struct {
                name: (*name).to_owned(),
                versions,
                fields,
            }),
            _ => {
                return Err(format!(
                    "line {}: expected request, response or struct",
                    head.number
                ));
            }
        }
        rest = left;
    }
    Ok(api)
}

/// The fields at `depth`, and the lines after them.
fn fields<'l, 't>(
    mut lines: &'l [Line<'t>],
    depth: usize,
    outer: Range,
) -> Result<(Vec<Field>, &'l [Line<'t>]), String> {
    let mut out = Vec::new();
    while let Some((line, after)) = lines.split_first().filter(|(line, _)| line.depth == depth) {
        let mut field =
            field(&line.words, outer).map_err(|why| format!("line {}: {why}", line.number))?;
        let (inside, left) = fields(after, depth + 1, field.versions)?;
        if !inside.is_empty() {
            let Kind::Struct(name) = &field.kind else {
                return Err(format!("line {}: only a structure has fields", line.number));
            };
            field.inner = Some(Struct {
                name: name.clone(),
                versions: field.versions,
                fields: inside,
            });
        }
        out.push(field);
        lines = left;
    }
    Ok((out, lines))
}

/// `name: type [versions] [tag N] [= default] [ignorable]`
fn field(words: &[&str], outer: Range) -> Result<Field, String> {
    let [name, of_type, rest @ ..] = words else {
        return Err("expected name: type".into());
    };
    let name = name
        .strip_suffix(':')
        .ok_or("expected a colon after the name")?;
    let (plain, null) = match of_type.split_once('?') {
        Some((plain, versions)) => (plain, Some(versions)),
        None => (*of_type, None),
    };
    let element = plain.strip_prefix('[').and_then(|t| t.strip_suffix(']'));
    let mut field = Field {
        name: name.to_owned(),
        kind: Kind::parse(element.unwrap_or(plain), name),
        array: element.is_some(),
        versions: outer,
        nullable: None,
        tag: None,
        default: None,
        ignorable: false,
        inner: None,
    };
    let mut rest = rest.iter();
    while let Some(word) = rest.next() {
        match *word {
            "tag" => {
                field.tag = Some(
                    rest.next()
                        .and_then(|n| n.parse().ok())
                        .ok_or("expected a tag's number")?,
                )
            }
            "=" => field.default = Some((*rest.next().ok_or("expected a default")?).to_owned()),
            "ignorable" => field.ignorable = true,
            versions => field.versions = range(versions, outer)?,
        }
    }
    field.nullable = match null {
        None => None,
        Some("") => Some(field.versions),
        Some(versions) => Some(range(versions, field.versions)?),
    };
    Ok(field)
}

/// `3`, `3-7` or `3+` (to the last version of what is around it).
fn range(text: &str, outer: Range) -> Result<Range, String> {
    let number = |t: &str| {
        t.parse::<i16>()
            .map_err(|_| format!("not a version range: {text}"))
    };
    if let Some(first) = text.strip_suffix('+') {
        return Ok(Range {
            first: number(first)?,
            last: outer.last,
        });
    }
    match text.split_once('-') {
        Some((first, last)) => Ok(Range {
            first: number(first)?,
            last: number(last)?,
        }),
        None => Ok(Range {
            first: number(text)?,
            last: number(text)?,
        }),
    }
}

/// `3`, `3-7` or `3+`, the way the notation has it.
pub fn show(range: Range, outer: Range) -> String {
    let mut text = range.first.to_string();
    if range.last == outer.last {
        text.push('+');
    } else if range.last > range.first {
        let _ = write!(text, "-{}", range.last);
    }
    text
}
