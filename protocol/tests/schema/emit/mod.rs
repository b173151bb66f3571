//! Writes the Rust of one file of the notation. Layout is left to rustfmt.

mod decode;
mod encode;
mod owned;
mod roles;

use std::fmt::Write;

use crate::notation::{Field, Kind, Range, Role, Schema, Struct, show};

/// The whole file of a schema; `stem` is the path of the notation below `schema/`, without its ending.
pub fn file(stem: &str, schema: &Schema) -> String {
    let what = match &schema.role {
        Role::Api { key, .. } => format!("key {key}"),
        Role::Record { id, topic, .. } => format!("type {id} of `{topic}`"),
        Role::Embedded => "embedded".into(),
    };
    let mut out = format!(
        "//! {} ({what}), made from `schema/{stem}.txt`; do not edit.\n\n",
        schema.name
    );
    let body = body(schema);
    if body.contains("Cow<") {
        out += "use std::borrow::Cow;\n\n";
    }
    out += roles::imports(schema);
    if body.contains("ErrorCode") {
        out += "use crate::error_code::ErrorCode;\n";
    }
    if body.contains("Uuid") {
        out += "use crate::ids::Uuid;\n";
    }
    let records = if body.contains("Records<") {
        "Records, "
    } else {
        ""
    };
    let _ = write!(
        out,
        "use crate::wire::{{Decode, DecodeError, Encode, EncodeError, Reader, {records}Writer}};\n\n"
    );
    out + &body
}

fn body(schema: &Schema) -> String {
    let mut out = String::new();
    for s in schema.structs() {
        let e = Emit {
            schema,
            s,
            root: schema.roots.iter().any(|root| root.name == s.name),
        };
        e.declaration(&mut out);
        e.default(&mut out);
        e.decode(&mut out);
        e.encode(&mut out);
        e.owned(&mut out);
        e.role(&mut out);
    }
    out
}

/// Does a value of the structure borrow from its frame?
pub fn borrows(schema: &Schema, s: &Struct) -> bool {
    s.fields.iter().any(|f| match &f.kind {
        Kind::String | Kind::Bytes | Kind::Records => true,
        Kind::Struct(name) => borrows(schema, schema.find(name)),
        _ => false,
    })
}

/// The least number of bytes that a structure takes in any of its versions.
fn least(schema: &Schema, s: &Struct) -> usize {
    let size = |version: i16| {
        let flexible = s.is_flexible(version);
        let present = s
            .fields
            .iter()
            .filter(|f| f.tag.is_none() && f.versions.contains(version));
        present
            .map(|f| least_field(schema, f, flexible))
            .sum::<usize>()
            + usize::from(flexible)
    };
    (s.versions.first..=s.versions.last)
        .map(size)
        .min()
        .unwrap_or(0)
}

fn least_field(schema: &Schema, f: &Field, flexible: bool) -> usize {
    match &f.kind {
        _ if f.array => {
            if flexible {
                1
            } else {
                4
            }
        }
        Kind::Struct(_) if f.nullable.is_some() => 1,
        kind => least_value(schema, kind, flexible),
    }
}

fn least_value(schema: &Schema, kind: &Kind, flexible: bool) -> usize {
    match kind {
        Kind::Bool | Kind::Int8 => 1,
        Kind::Int16 | Kind::Uint16 | Kind::ErrorCode => 2,
        Kind::Int32 => 4,
        Kind::Int64 | Kind::Float64 => 8,
        Kind::Uuid => 16,
        Kind::String => {
            if flexible {
                1
            } else {
                2
            }
        }
        Kind::Bytes | Kind::Records => {
            if flexible {
                1
            } else {
                4
            }
        }
        Kind::Struct(name) => least(schema, schema.find(name)),
    }
}

impl Field {
    /// The call that reads or writes a structure that may be null.
    fn nullable_struct(&self) -> &'static str {
        if self.tag.is_some() {
            "tagged_struct"
        } else {
            "nullable_struct"
        }
    }
}

/// The field's name in Rust.
fn ident(name: &str) -> String {
    if matches!(name, "match" | "type") {
        format!("r#{name}")
    } else {
        name.to_owned()
    }
}

/// Does `word` stand in the code by itself, not as a part or field of something?
fn mentions(code: &str, word: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || c == '_';
    code.match_indices(word).any(|(at, _)| {
        let before = code[..at]
            .chars()
            .next_back()
            .is_some_and(|c| part(c) || c == '.');
        let after = code[at + word.len()..].chars().next().is_some_and(part);
        !before && !after
    })
}

/// One structure's code.
struct Emit<'a> {
    schema: &'a Schema,
    s: &'a Struct,
    root: bool,
}

impl Emit<'_> {
    /// `true`, `false`, or the variable, where it depends on the version.
    fn flexible(&self) -> &'static str {
        match self.s.flexible {
            None => "false",
            Some(first) if first <= self.s.versions.first => "true",
            Some(first) if first > self.s.versions.last => "false",
            Some(_) => "flexible",
        }
    }

    fn flexible_variable(&self, code: &str) -> String {
        match self.s.flexible {
            Some(first) if self.flexible() == "flexible" && mentions(code, "flexible") => {
                format!("let flexible = version >= {first};\n")
            }
            _ => String::new(),
        }
    }

    /// The condition under which `range` holds within the structure's versions; none when always.
    fn condition(&self, range: Range) -> Option<String> {
        let all = self.s.versions;
        match (range.first > all.first, range.last < all.last) {
            (false, false) => None,
            (true, false) => Some(format!("version >= {}", range.first)),
            (false, true) => Some(format!("version <= {}", range.last)),
            (true, true) => Some(format!(
                "({}..={}).contains(&version)",
                range.first, range.last
            )),
        }
    }

    /// The statement that turns away versions that a message lacks; only a whole message needs it.
    fn version_check(&self, error: &str) -> String {
        if !self.root {
            return String::new();
        }
        let Range { first, last } = self.s.versions;
        format!(
            "if !({first}..={last}).contains(&version) {{ return Err({error}::Version(version)); }}\n"
        )
    }

    /// The opposite of [`Emit::condition`].
    fn absence(&self, range: Range) -> Option<String> {
        let all = self.s.versions;
        match (range.first > all.first, range.last < all.last) {
            (false, false) => None,
            (true, false) => Some(format!("version < {}", range.first)),
            (false, true) => Some(format!("version > {}", range.last)),
            (true, true) => Some(format!(
                "!({}..={}).contains(&version)",
                range.first, range.last
            )),
        }
    }

    fn plain_type(&self, kind: &Kind) -> String {
        match kind {
            Kind::Bool => "bool".into(),
            Kind::Int8 => "i8".into(),
            Kind::Int16 => "i16".into(),
            Kind::Uint16 => "u16".into(),
            Kind::Int32 => "i32".into(),
            Kind::Int64 => "i64".into(),
            Kind::Float64 => "f64".into(),
            Kind::ErrorCode => "ErrorCode".into(),
            Kind::Uuid => "Uuid".into(),
            Kind::String => "Cow<'a, str>".into(),
            Kind::Bytes => "Cow<'a, [u8]>".into(),
            Kind::Records => "Records<'a>".into(),
            Kind::Struct(name) if borrows(self.schema, self.schema.find(name)) => {
                format!("{name}<'a>")
            }
            Kind::Struct(name) => name.clone(),
        }
    }

    fn field_type(&self, f: &Field) -> String {
        let mut t = self.plain_type(&f.kind);
        if f.array {
            t = format!("Vec<{t}>");
        }
        if f.nullable.is_some() && f.kind != Kind::Records {
            format!("Option<{t}>")
        } else {
            t
        }
    }

    fn declaration(&self, out: &mut String) {
        let l = if borrows(self.schema, self.s) {
            "<'a>"
        } else {
            ""
        };
        let mut derive = "Clone, Debug, ".to_owned();
        if self.natural() {
            derive += "Default, ";
        }
        derive += match self.schema.role {
            Role::Api { .. } => "PartialEq",
            _ if self.is_key() => "PartialEq, Eq, PartialOrd, Ord, Hash",
            _ => "PartialEq, Eq",
        };
        self.title(out);
        let _ = writeln!(out, "#[derive({derive})]\npub struct {}{l} {{", self.s.name);
        for f in &self.s.fields {
            let mut notes = Vec::new();
            if f.versions != self.s.versions {
                notes.push(format!(
                    "versions {}",
                    show(f.versions, self.schema.versions)
                ));
            }
            if let Some(tag) = f.tag {
                notes.push(format!("tag {tag}"));
            }
            if f.nullable.is_some_and(|n| n != f.versions) {
                notes.push(format!(
                    "null in {}",
                    show(f.nullable.unwrap_or(f.versions), self.schema.versions)
                ));
            }
            if f.ignorable {
                notes.push("else ignored".into());
            }
            if !notes.is_empty() {
                let _ = writeln!(out, "/// {}", notes.join(", "));
            }
            let _ = writeln!(out, "pub {}: {},", ident(&f.name), self.field_type(f));
        }
        out.push_str("}\n\n");
    }

    /// True when `#[derive(Default)]` gives the schema's defaults.
    fn natural(&self) -> bool {
        self.s.fields.iter().all(|f| self.default_of(f).is_none())
    }

    /// The default, where it is not Rust's own for the type.
    fn default_of(&self, f: &Field) -> Option<String> {
        if f.kind == Kind::Records {
            return None;
        }
        if f.nullable.is_some() {
            if f.default_null() {
                return None;
            }
            return Some(match (&f.kind, f.default.as_deref()) {
                (_, None) if f.array => "Some(Vec::new())".into(),
                (Kind::String, text) => format!("Some(Cow::Borrowed({:?}))", text.unwrap_or("")),
                _ => "Some(Default::default())".into(),
            });
        }
        match (&f.kind, f.default.as_deref()) {
            (_, None) => None,
            (Kind::String, Some(text)) => Some(format!("Cow::Borrowed({text:?})")),
            (Kind::Int32, Some("2147483647")) => Some("i32::MAX".into()),
            (Kind::Int32, Some("-2147483648")) => Some("i32::MIN".into()),
            (Kind::Int64, Some("9223372036854775807")) => Some("i64::MAX".into()),
            (_, Some(value)) => Some(value.to_owned()),
        }
    }

    fn default(&self, out: &mut String) {
        if self.natural() {
            return;
        }
        let l = if borrows(self.schema, self.s) {
            "<'_>"
        } else {
            ""
        };
        let _ = writeln!(
            out,
            "impl Default for {}{l} {{\nfn default() -> Self {{\nSelf {{",
            self.s.name
        );
        for f in &self.s.fields {
            let natural = match &f.kind {
                Kind::Records => "Records::None",
                _ if f.nullable.is_some() => "None",
                _ if f.array => "Vec::new()",
                Kind::Bool => "false",
                Kind::Float64 => "0.0",
                Kind::ErrorCode => "ErrorCode::NONE",
                Kind::Uuid => "Uuid::ZERO",
                Kind::String => "Cow::Borrowed(\"\")",
                Kind::Bytes => "Cow::Borrowed(&[])",
                Kind::Struct(_) => "Default::default()",
                _ => "0",
            };
            let value = self.default_of(f).unwrap_or_else(|| natural.into());
            let _ = writeln!(out, "{}: {value},", ident(&f.name));
        }
        out.push_str("}\n}\n}\n\n");
    }
}
