//! The writing half of a structure.

use std::fmt::Write;

use super::{Emit, borrows, ident, mentions};
use crate::notation::{Field, Kind};

impl Emit<'_> {
    pub(super) fn encode(&self, out: &mut String) {
        let l = if borrows(self.schema, self.s) {
            "<'_>"
        } else {
            ""
        };
        let mut code = self.encode_plain();
        self.encode_tags(&mut code);
        let check = self.version_check("EncodeError");
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

    /// Statements that write the fields without a tag.
    fn encode_plain(&self) -> String {
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
        code
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
        let first = self.s.flexible.unwrap_or(0).max(self.s.versions.first);
        let mut inner = String::new();
        let mut absent = String::new();
        let mut tagged: Vec<&Field> = self.s.fields.iter().filter(|f| f.tag.is_some()).collect();
        tagged.sort_by_key(|f| f.tag);
        for f in tagged {
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
    pub(super) fn is_set(&self, f: &Field) -> String {
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
            Kind::Struct(name) if f.nullable.is_some() => {
                format!("{x}.as_ref().is_none_or(|v| *v != {name}::default())")
            }
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
                let call = f.nullable_struct();
                format!("w.{call}({x}.as_ref(), |w, v| v.encode(w, version))")
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
