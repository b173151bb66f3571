//! Writes the Rust of one API. Layout is left to rustfmt.

use std::fmt::Write;

use crate::notation::{Api, Field, Kind, Range, Struct, show};

/// The whole file of an API.
pub fn file(stem: &str, api: &Api) -> String {
    let mut out = format!(
        "//! {} (key {}), made from `schema/{stem}.txt`; do not edit.\n\n",
        api.name, api.key
    );
    let body = body(api);
    if body.contains("Cow<") {
        out += "use std::borrow::Cow;\n\n";
    }
    out += "use crate::api::{ApiKey, Request};\n";
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

fn body(api: &Api) -> String {
    let mut out = String::new();
    for s in api.structs() {
        let e = Emit {
            api,
            s,
            root: s.name == api.request.name || s.name == api.response.name,
        };
        e.declaration(&mut out);
        e.default(&mut out);
        e.decode(&mut out);
        e.encode(&mut out);
        if s.name == api.request.name {
            let (l, used) = if borrows(api, s) {
                ("<'_>", "")
            } else {
                ("", "")
            };
            let response = if borrows(api, &api.response) {
                "<'r>"
            } else {
                ""
            };
            let _ = write!(
                out,
                "impl{used} Request for {}{l} {{\n const KEY: ApiKey = ApiKey({});\n type Response<'r> = {}{response};\n}}\n\n",
                s.name, api.key, api.response.name
            );
        }
    }
    out
}

/// Does a value of the structure borrow from its frame?
pub fn borrows(api: &Api, s: &Struct) -> bool {
    s.fields.iter().any(|f| match &f.kind {
        Kind::String | Kind::Bytes | Kind::Records => true,
        Kind::Struct(name) => borrows(api, api.find(name)),
        _ => false,
    })
}

/// The least number of bytes that a structure takes in any of its versions.
fn least(api: &Api, s: &Struct) -> usize {
    let size = |version: i16| {
        let flexible = api.is_flexible(version);
        let present = s
            .fields
            .iter()
            .filter(|f| f.tag.is_none() && f.versions.contains(version));
        present
            .map(|f| least_field(api, f, flexible))
            .sum::<usize>()
            + usize::from(flexible)
    };
    (s.versions.first..=s.versions.last)
        .map(size)
        .min()
        .unwrap_or(0)
}

fn least_field(api: &Api, f: &Field, flexible: bool) -> usize {
    match &f.kind {
        _ if f.array => {
            if flexible {
                1
            } else {
                4
            }
        }
        Kind::Struct(_) if f.nullable.is_some() => 1,
        kind => least_value(api, kind, flexible),
    }
}

fn least_value(api: &Api, kind: &Kind, flexible: bool) -> usize {
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
        Kind::Struct(name) => least(api, api.find(name)),
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
    api: &'a Api,
    s: &'a Struct,
    root: bool,
}

impl Emit<'_> {
    /// `true`, `false`, or the variable, where it depends on the version.
    fn flexible(&self) -> &'static str {
        match self.api.flexible {
            None => "false",
            Some(first) if first <= self.s.versions.first => "true",
            Some(first) if first > self.s.versions.last => "false",
            Some(_) => "flexible",
        }
    }

    fn flexible_variable(&self, code: &str) -> String {
        match self.api.flexible {
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
            Kind::Struct(name) if borrows(self.api, self.api.find(name)) => format!("{name}<'a>"),
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
        let l = if borrows(self.api, self.s) {
            "<'a>"
        } else {
            ""
        };
        let derive = if self.natural() {
            "Clone, Debug, Default, PartialEq"
        } else {
            "Clone, Debug, PartialEq"
        };
        if self.root {
            let flexible = self.api.flexible.map_or("never flexible".to_owned(), |v| {
                format!("flexible from {v}")
            });
            let Range { first, last } = self.api.versions;
            let _ = writeln!(out, "/// Versions {first}-{last}, {flexible}.");
        }
        let _ = writeln!(out, "#[derive({derive})]\npub struct {}{l} {{", self.s.name);
        for f in &self.s.fields {
            let mut notes = Vec::new();
            if f.versions != self.s.versions {
                notes.push(format!("versions {}", show(f.versions, self.api.versions)));
            }
            if let Some(tag) = f.tag {
                notes.push(format!("tag {tag}"));
            }
            if f.nullable.is_some_and(|n| n != f.versions) {
                notes.push(format!(
                    "null in {}",
                    show(f.nullable.unwrap_or(f.versions), self.api.versions)
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
        let l = if borrows(self.api, self.s) {
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

    fn decode(&self, out: &mut String) {
        let (l, own) = if borrows(self.api, self.s) {
            ("<'a>", "<'a>")
        } else {
            ("<'_>", "")
        };
        let decl = if own.is_empty() { "" } else { "<'a>" };
        let reader = if own.is_empty() {
            "Reader<'_>"
        } else {
            "Reader<'a>"
        };
        let mut code = String::new();
        let mut open_cond = None;
        for f in self.s.fields.iter().filter(|f| f.tag.is_none()) {
            let mut read = format!(
                "m.{} = {};\n",
                ident(&f.name),
                self.read(f, self.flexible())
            );
            if let Some(null) = f.nullable.filter(|n| *n != f.versions) {
                // null is allowed in some versions only
                let cond = self.absence(null).expect("narrower than the structure");
                let _ = writeln!(
                    read,
                    "if m.{}.is_none() && {cond} {{ return Err(DecodeError::Null); }}",
                    ident(&f.name)
                );
            }
            // Neighbours with the same condition share it.
            let cond = self.condition(f.versions);
            if cond != open_cond {
                if open_cond.is_some() {
                    code += "}\n";
                }
                if let Some(cond) = &cond {
                    let _ = writeln!(code, "if {cond} {{");
                }
                open_cond = cond;
            }
            code += &read;
        }
        if open_cond.is_some() {
            code += "}\n";
        }
        self.decode_tags(&mut code);
        let check = if self.root {
            let Range { first, last } = self.s.versions;
            format!(
                "if !({first}..={last}).contains(&version) {{ return Err(DecodeError::Version(version)); }}\n"
            )
        } else {
            String::new()
        };
        let flexible = self.flexible_variable(&code);
        let version = if self.root || mentions(&code, "version") || !flexible.is_empty() {
            "version"
        } else {
            "_version"
        };
        let r = if mentions(&code, "r") { "r" } else { "_r" };
        let (open, close) = if mentions(&code, "m") {
            ("let mut m = Self::default();\n", "Ok(m)")
        } else {
            ("", "Ok(Self::default())")
        };
        let _ = write!(
            out,
            "impl{decl} Decode{l} for {}{own} {{\nfn decode({r}: &mut {reader}, {version}: i16) -> Result<Self, DecodeError> {{\n{check}{flexible}{open}{code}{close}\n}}\n}}\n\n",
            self.s.name
        );
    }

    fn decode_tags(&self, code: &mut String) {
        if self.flexible() == "false" {
            return;
        }
        let mut inner = String::new();
        for f in self.s.fields.iter().filter(|f| f.tag.is_some()) {
            let first = self.api.flexible.unwrap_or(0);
            let guard = self
                .condition(f.versions)
                .filter(|_| f.versions.first > first || f.versions.last < self.s.versions.last);
            let guard = guard.map_or(String::new(), |c| format!(" if {c}"));
            let _ = writeln!(
                inner,
                "{}{guard} => m.{} = {},",
                f.tag.unwrap_or(0),
                ident(&f.name),
                self.read(f, "true")
            );
        }
        let call = if inner.is_empty() {
            "r.tags(|_, _| Ok(false))?;\n".to_owned()
        } else {
            format!(
                "r.tags(|tag, r| {{\nmatch tag {{\n{inner}_ => return Ok(false),\n}}\nOk(true)\n}})?;\n"
            )
        };
        if self.flexible() == "true" {
            *code += &call
        } else {
            let _ = write!(code, "if flexible {{\n{call}}}\n");
        }
    }

    /// The expression that reads a field.
    fn read(&self, f: &Field, flex: &str) -> String {
        let null = if f.nullable.is_some() {
            "nullable_"
        } else {
            ""
        };
        if f.array {
            let flexible_min = |flexible| least_value(self.api, &f.kind, flexible);
            let min = match (&f.kind, flex) {
                (Kind::Struct(_), _) | (_, "true") => flexible_min(true),
                (_, "false") => flexible_min(false),
                _ => flexible_min(true).min(flexible_min(false)),
            };
            return format!(
                "r.{null}array({flex}, {}, |r| {})?",
                min.max(1),
                self.read_value(&f.kind, flex)
            );
        }
        match &f.kind {
            Kind::Struct(name) if f.nullable.is_some() => {
                format!("r.nullable_struct(|r| {name}::decode(r, version))?")
            }
            Kind::Struct(name) => format!("{name}::decode(r, version)?"),
            Kind::Records => format!("r.records({flex})?"),
            Kind::String => format!("r.{null}string({flex})?"),
            Kind::Bytes => format!("r.{null}bytes({flex})?"),
            Kind::ErrorCode => "ErrorCode(r.i16()?)".into(),
            kind => format!("{}?", self.read_value(kind, flex)),
        }
    }

    fn read_value(&self, kind: &Kind, flex: &str) -> String {
        match kind {
            Kind::Struct(name) => format!("{name}::decode(r, version)"),
            Kind::String => format!("r.string({flex})"),
            Kind::Bytes => format!("r.bytes({flex})"),
            Kind::Uuid => "r.uuid()".into(),
            kind => format!("r.{}()", self.plain_type(kind)),
        }
    }

    fn encode(&self, out: &mut String) {
        let l = if borrows(self.api, self.s) {
            "<'_>"
        } else {
            ""
        };
        let mut code = String::new();
        for f in self.s.fields.iter().filter(|f| f.tag.is_none()) {
            let (call, fails) = self.write(f, self.flexible());
            let mut write = format!("{call}{};\n", if fails { "?" } else { "" });
            if let Some(null) = f.nullable.filter(|n| *n != f.versions) {
                let cond = self.absence(null).expect("narrower than the structure");
                write = format!(
                    "if self.{}.is_none() && {cond} {{ return Err(EncodeError::Null {{ field: {:?}, version }}); }}\n{write}",
                    ident(&f.name),
                    f.name
                );
            }
            let Some(cond) = self.condition(f.versions) else {
                code += &write;
                continue;
            };
            let _ = write!(code, "if {cond} {{\n{write}}}");
            code += &if f.ignorable {
                "\n".into()
            } else {
                self.refuse(f)
            };
        }
        self.encode_tags(&mut code);
        let check = if self.root {
            let Range { first, last } = self.s.versions;
            format!(
                "if !({first}..={last}).contains(&version) {{ return Err(EncodeError::Version(version)); }}\n"
            )
        } else {
            String::new()
        };
        let flexible = self.flexible_variable(&code);
        let version = if self.root || mentions(&code, "version") || !flexible.is_empty() {
            "version"
        } else {
            "_version"
        };
        let w = if mentions(&code, "w") { "w" } else { "_w" };
        let _ = write!(
            out,
            "impl Encode for {}{l} {{\nfn encode(&self, {w}: &mut Writer, {version}: i16) -> Result<(), EncodeError> {{\n{check}{flexible}{code}Ok(())\n}}\n}}\n\n",
            self.s.name
        );
    }

    /// `else` branch for a version that lacks the field.
    fn refuse(&self, f: &Field) -> String {
        format!(
            " else if {} {{\nreturn Err(EncodeError::Absent {{ field: {:?}, version }});\n}}\n",
            self.is_set(f),
            f.name
        )
    }

    fn encode_tags(&self, code: &mut String) {
        if self.flexible() == "false" {
            return;
        }
        let first = self.api.flexible.unwrap_or(0).max(self.s.versions.first);
        let mut inner = String::new();
        let mut absent = String::new();
        for f in self.s.fields.iter().filter(|f| f.tag.is_some()) {
            let always = f.versions.first <= first && f.versions.last >= self.s.versions.last;
            let (call, fails) = self.write(f, "true");
            let body = if fails {
                call
            } else {
                format!("{{ {call}; Ok(()) }}")
            };
            let cond = if always {
                None
            } else {
                self.condition(f.versions)
            };
            let guard = cond.map_or(String::new(), |c| format!("{c} && "));
            let _ = write!(
                inner,
                "if {guard}{} {{\ntags.field({}, |w| {body})?;\n}}\n",
                self.is_set(f),
                f.tag.unwrap_or(0)
            );
            if !f.ignorable
                && let Some(cond) = self.absence(f.versions)
            {
                let _ = write!(
                    absent,
                    "if {cond} && {} {{\nreturn Err(EncodeError::Absent {{ field: {:?}, version }});\n}}\n",
                    self.is_set(f),
                    f.name
                );
            }
        }
        *code += &absent;
        let call = if inner.is_empty() {
            "w.tags();\n".to_owned()
        } else {
            format!("let mut tags = w.tags();\n{inner}")
        };
        if self.flexible() == "true" {
            *code += &call
        } else {
            let _ = write!(code, "if flexible {{\n{call}}}\n");
        }
    }

    /// The condition under which a field differs from its default.
    fn is_set(&self, f: &Field) -> String {
        let x = format!("self.{}", ident(&f.name));
        let default = self.default_of(f);
        match &f.kind {
            Kind::Records => format!("{x} != Records::None"),
            _ if f.nullable.is_some() && f.default_null() => format!("{x}.is_some()"),
            _ if f.nullable.is_some() && f.array => {
                format!("{x}.as_ref().is_none_or(|v| !v.is_empty())")
            }
            Kind::String if f.nullable.is_some() => format!(
                "{x}.as_deref() != Some({:?})",
                f.default.as_deref().unwrap_or("")
            ),
            _ if f.nullable.is_some() => format!("{x} != {}", default.unwrap_or_default()),
            _ if f.array => format!("!{x}.is_empty()"),
            Kind::Bool if default.as_deref() == Some("true") => format!("!{x}"),
            Kind::Bool => x,
            Kind::String if f.default.is_some() => {
                format!("{x} != {:?}", f.default.as_deref().unwrap_or(""))
            }
            Kind::String | Kind::Bytes => format!("!{x}.is_empty()"),
            Kind::Uuid => format!("!{x}.is_zero()"),
            Kind::ErrorCode => format!("{x} != ErrorCode::NONE"),
            Kind::Float64 => format!("{x} != 0.0"),
            Kind::Struct(name) => format!("{x} != {name}::default()"),
            _ => format!("{x} != {}", default.unwrap_or_else(|| "0".into())),
        }
    }

    /// The call that writes a field, and whether it can fail.
    fn write(&self, f: &Field, flex: &str) -> (String, bool) {
        let x = format!("self.{}", ident(&f.name));
        let null = f.nullable.is_some();
        if f.array {
            let element = self.write_element(&f.kind, flex);
            let call = if null {
                format!("w.nullable_array({flex}, {x}.as_deref(), {element})")
            } else {
                format!("w.array({flex}, &{x}, {element})")
            };
            return (call, true);
        }
        let call = match &f.kind {
            Kind::Struct(_) if null => {
                format!("w.nullable_struct({x}.as_ref(), |w, v| v.encode(w, version))")
            }
            Kind::Struct(_) => format!("{x}.encode(w, version)"),
            Kind::Records => format!("w.records({flex}, &{x})"),
            Kind::String if null => format!("w.nullable_string({flex}, {x}.as_deref())"),
            Kind::Bytes if null => format!("w.nullable_bytes({flex}, {x}.as_deref())"),
            Kind::String => format!("w.string({flex}, &{x})"),
            Kind::Bytes => format!("w.bytes({flex}, &{x})"),
            Kind::ErrorCode => return (format!("w.i16({x}.0)"), false),
            Kind::Uuid => return (format!("w.uuid({x})"), false),
            kind => return (format!("w.{}({x})", self.plain_type(kind)), false),
        };
        (call, true)
    }

    fn write_element(&self, kind: &Kind, flex: &str) -> String {
        match kind {
            Kind::Struct(_) => "|w, v| v.encode(w, version)".into(),
            Kind::String => format!("|w, v| w.string({flex}, v)"),
            Kind::Bytes => format!("|w, v| w.bytes({flex}, v)"),
            Kind::Uuid => "|w, v| { w.uuid(*v); Ok(()) }".into(),
            kind => format!("|w, v| {{ w.{}(*v); Ok(()) }}", self.plain_type(kind)),
        }
    }
}
