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

/// What a file describes.
#[derive(Clone, Debug)]
pub enum Role {
    /// A request and its response.
    Api { key: i16, advertised: Range },
    /// Key and value of the records of one type in an internal topic.
    Record {
        id: i16,
        topic: String,
        written: Written,
    },
    /// Bytes that clients hand each other inside messages.
    Embedded,
}

/// In which version Kafka writes a record's value.
#[derive(Clone, Debug)]
pub struct Written {
    pub version: i16,
    /// Another version, where the named field is set.
    pub with: Option<(i16, String)>,
}

/// A file.
#[derive(Clone, Debug)]
pub struct Schema {
    pub name: String,
    pub role: Role,
    pub versions: Range,
    pub shared: Vec<Struct>,
    /// What can be decoded by itself: request and response, key and value, or the one thing embedded.
    pub roots: Vec<Struct>,
}

impl Schema {
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
        let all = self.roots.iter().chain(&self.shared);
        all.for_each(|s| walk(s, &mut out));
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
    /// First flexible version, or none at all.
    pub flexible: Option<i16>,
    pub fields: Vec<Field>,
}

impl Struct {
    pub fn is_flexible(&self, version: i16) -> bool {
        self.flexible.is_some_and(|first| version >= first)
    }
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
pub fn apis() -> Vec<(String, Schema)> {
    let mut apis = load(&folder());
    apis.sort_by_key(|(_, schema)| match schema.role {
        Role::Api { key, .. } => key,
        _ => panic!("{} is no API: it belongs in records", schema.name),
    });
    apis
}

/// All records by topic and type, then what is embedded in messages, each with its file's stem.
pub fn records() -> Vec<(String, Schema)> {
    let mut records = load(&folder().join("records"));
    records.sort_by_key(|(stem, schema)| match &schema.role {
        Role::Record { id, topic, .. } => (0, topic.clone(), *id, stem.clone()),
        Role::Embedded => (1, String::new(), 0, stem.clone()),
        Role::Api { .. } => panic!("{} is an API: it does not belong in records", schema.name),
    });
    records
}

/// All of both.
pub fn all() -> Vec<(String, Schema)> {
    [apis(), records()].concat()
}

/// Every root in every version that it has.
pub fn roots(schemas: &[(String, Schema)]) -> Vec<(&Schema, &Struct, i16)> {
    let mut out = Vec::new();
    for (_, schema) in schemas {
        for root in &schema.roots {
            let Range { first, last } = root.versions;
            out.extend((first..=last).map(|version| (schema, root, version)));
        }
    }
    out
}

fn load(folder: &Path) -> Vec<(String, Schema)> {
    std::fs::read_dir(folder)
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
            let schema = parse(&text).unwrap_or_else(|why| panic!("{stem}.txt: {why}"));
            (stem, schema)
        })
        .collect()
}

/// A line that is not blank: its number, indent in steps of two blanks, and words.
struct Line<'a> {
    number: usize,
    depth: usize,
    words: Vec<&'a str>,
}

/// The first line of a file.
struct Head<'a>(&'a [&'a str]);

impl<'a> Head<'a> {
    /// The word that stands `n` words after `word`.
    fn after(&self, word: &str, n: usize) -> Option<&'a str> {
        let at = self.0.iter().position(|w| *w == word)?;
        self.0.get(at + n).copied()
    }

    fn number(&self, word: &str) -> Result<i16, String> {
        let number = self.after(word, 1).and_then(|n| n.parse().ok());
        number.ok_or(format!("no number after {word}"))
    }

    fn role(&self, versions: Range) -> Result<Role, String> {
        if self.after("embedded", 0).is_some() {
            return Ok(Role::Embedded);
        }
        if self.after("record", 0).is_some() {
            let topic = self.after("of", 1).ok_or("no topic")?.to_owned();
            return Ok(Role::Record {
                id: self.number("record")?,
                topic,
                written: self.written(versions)?,
            });
        }
        Ok(Role::Api {
            key: self.number("key")?,
            advertised: self
                .after("advertised", 1)
                .map_or(Ok(versions), |v| range(v, versions))?,
        })
    }

    /// `written 3`, or `written 4, 1 with FIELD`; left out: the last version.
    fn written(&self, versions: Range) -> Result<Written, String> {
        let Some(first) = self.after("written", 1) else {
            return Ok(Written {
                version: versions.last,
                with: None,
            });
        };
        let number = |t: &str| t.parse().map_err(|_| format!("not a version: {t}"));
        let with = match (first.strip_suffix(','), self.after("written", 4)) {
            (Some(_), Some(field)) => {
                let version = number(self.after("written", 2).unwrap_or_default())?;
                Some((version, field.to_owned()))
            }
            (Some(_), None) => return Err("expected VERSION with FIELD".into()),
            (None, _) => None,
        };
        Ok(Written {
            version: number(first.trim_end_matches(','))?,
            with,
        })
    }
}

/// Parses one file.
pub fn parse(text: &str) -> Result<Schema, String> {
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
    let (first, rest) = lines.split_first().ok_or("empty file")?;
    let head = Head(&first.words);
    let all = Range {
        first: 0,
        last: i16::MAX,
    };
    let versions = range(head.after("versions", 1).ok_or("no versions")?, all)?;
    let flexible = head.after("flexible", 1).map(|v| range(v, all));
    let flexible = flexible.transpose()?.map(|r| r.first);
    let mut schema = Schema {
        name: first.words[0].to_owned(),
        role: head.role(versions)?,
        versions,
        shared: Vec::new(),
        roots: Vec::new(),
    };
    sections(&mut schema, rest, flexible)?;
    Ok(schema)
}

/// What stands under `request`, `value` and the like.
fn sections(
    schema: &mut Schema,
    mut rest: &[Line<'_>],
    flexible: Option<i16>,
) -> Result<(), String> {
    while let Some((head, after)) = rest.split_first() {
        let name = &schema.name;
        let (shared, name) = match (head.depth, head.words.as_slice(), &schema.role) {
            (0, ["struct", name], _) => (true, (*name).to_owned()),
            (0, ["request"], Role::Api { .. }) => (false, format!("{name}Request")),
            (0, ["response"], Role::Api { .. }) => (false, format!("{name}Response")),
            (0, ["key"], Role::Record { .. }) => (false, format!("{name}Key")),
            (0, ["value"], Role::Record { .. }) => (false, format!("{name}Value")),
            (0, ["value"], Role::Embedded) => (false, name.clone()),
            _ => {
                let number = head.number;
                return Err(format!("line {number}: not a section of such a file"));
            }
        };
        // A key has one version: a record type with another key would be another type.
        let once = Range { first: 0, last: 0 };
        let (versions, flexible) = if head.words == ["key"] {
            (once, None)
        } else {
            (schema.versions, flexible)
        };
        let outer = Outer { versions, flexible };
        let (fields, left) = fields(after, 1, outer)?;
        let section = outer.holding(name, fields);
        if shared {
            schema.shared.push(section);
        } else {
            schema.roots.push(section);
        }
        rest = left;
    }
    Ok(())
}

/// The structure that fields stand in.
#[derive(Clone, Copy)]
struct Outer {
    versions: Range,
    flexible: Option<i16>,
}

impl Outer {
    fn holding(self, name: String, fields: Vec<Field>) -> Struct {
        Struct {
            name,
            versions: self.versions,
            flexible: self.flexible,
            fields,
        }
    }
}

/// The fields at `depth`, and the lines after them.
fn fields<'l, 't>(
    mut lines: &'l [Line<'t>],
    depth: usize,
    outer: Outer,
) -> Result<(Vec<Field>, &'l [Line<'t>]), String> {
    let mut out = Vec::new();
    while let Some((line, after)) = lines.split_first().filter(|(line, _)| line.depth == depth) {
        let mut field = field(&line.words, outer.versions)
            .map_err(|why| format!("line {}: {why}", line.number))?;
        let inner = Outer {
            versions: field.versions,
            flexible: outer.flexible,
        };
        let (inside, left) = fields(after, depth + 1, inner)?;
        if !inside.is_empty() {
            let Kind::Struct(name) = &field.kind else {
                return Err(format!("line {}: only a structure has fields", line.number));
            };
            field.inner = Some(inner.holding(name.clone(), inside));
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
