//! The reading half of a structure.

use std::fmt::Write;

use super::{Emit, borrows, ident, least_value, mentions};
use crate::notation::{Field, Kind};

impl Emit<'_> {
    pub(super) fn decode(&self, out: &mut String) {
        let (own, any) = if borrows(self.schema, self.s) {
            ("<'a>", "<'a>")
        } else {
            ("", "<'_>")
        };
        let mut code = self.decode_plain();
        self.decode_tags(&mut code);
        let check = self.version_check("DecodeError");
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
            "impl{own} Decode{any} for {}{own} {{\nfn decode({r}: &mut Reader{any}, {version}: i16) -> Result<Self, DecodeError> {{\n{check}{flexible}{open}{code}{close}\n}}\n}}\n\n",
            self.s.name
        );
    }

    /// Statements that read the fields without a tag.
    fn decode_plain(&self) -> String {
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
        code
    }

    fn decode_tags(&self, code: &mut String) {
        if self.flexible() == "false" {
            return;
        }
        let mut inner = String::new();
        for f in self.s.fields.iter().filter(|f| f.tag.is_some()) {
            let first = self.s.flexible.unwrap_or(0);
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
            let flexible_min = |flexible| least_value(self.schema, &f.kind, flexible);
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
                let call = f.nullable_struct();
                format!("r.{call}(|r| {name}::decode(r, version))?")
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
}
