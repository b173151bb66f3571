//! What a root is for: its title and the trait that says so.

use std::fmt::Write;

use super::{Emit, borrows};
use crate::notation::{Range, Role, Schema, Written};

/// The imports that the traits need.
pub(super) fn imports(schema: &Schema) -> &'static str {
    match schema.role {
        Role::Api { .. } => "use crate::api::{ApiKey, Request};\n",
        Role::Record { .. } => {
            "use crate::api::VersionRange;\nuse crate::records::{RecordKey, RecordValue};\n"
        }
        Role::Embedded => "use crate::api::VersionRange;\nuse crate::records::Embedded;\n",
    }
}

impl Emit<'_> {
    pub(super) fn is_key(&self) -> bool {
        matches!(self.schema.role, Role::Record { .. }) && self.is_first_root()
    }

    /// A request, a key, or the one thing embedded.
    fn is_first_root(&self) -> bool {
        self.root && self.schema.roots[0].name == self.s.name
    }

    /// The line of documentation above a root.
    pub(super) fn title(&self, out: &mut String) {
        if !self.root {
            return;
        }
        if let (Role::Record { id, topic, .. }, true) = (&self.schema.role, self.is_key()) {
            let _ = writeln!(out, "/// The key of records of type {id} in `{topic}`.");
            return;
        }
        let flexible = self.s.flexible.map_or("never flexible".to_owned(), |v| {
            format!("flexible from {v}")
        });
        let Range { first, last } = self.s.versions;
        let _ = writeln!(out, "/// Versions {first}-{last}, {flexible}.");
    }

    /// The trait that ties a root to its use.
    pub(super) fn role(&self, out: &mut String) {
        if !self.root {
            return;
        }
        match (&self.schema.role, self.is_first_root()) {
            (Role::Api { key, .. }, true) => self.request(*key, out),
            (Role::Api { .. }, false) => {}
            (Role::Record { id, .. }, true) => self.key(*id, out),
            (Role::Record { written, .. }, false) => self.value(written, out),
            (Role::Embedded, _) => self.versions_of("Embedded", "", out),
        }
    }

    /// The other root's type, with the lifetime `l` if it borrows.
    fn other_root(&self, l: &str) -> String {
        let other = &self.schema.roots[1];
        if borrows(self.schema, other) {
            format!("{}<{l}>", other.name)
        } else {
            other.name.clone()
        }
    }

    fn request(&self, key: i16, out: &mut String) {
        let l = if borrows(self.schema, self.s) {
            "<'_>"
        } else {
            ""
        };
        let response = self.other_root("'r");
        let _ = write!(
            out,
            "impl Request for {}{l} {{\n const KEY: ApiKey = ApiKey({key});\n type Response<'r> = {response};\n}}\n\n",
            self.s.name
        );
    }

    fn key(&self, id: i16, out: &mut String) {
        let value = self.other_root("'a");
        let _ = write!(
            out,
            "impl<'a> RecordKey<'a> for {}<'a> {{\n const TYPE: i16 = {id};\n type Value = {value};\n}}\n\n",
            self.s.name
        );
    }

    fn value(&self, written: &Written, out: &mut String) {
        let version = match &written.with {
            None => written.version.to_string(),
            Some((with, field)) => {
                let all = &mut self.s.fields.iter();
                let field = all.find(|f| f.name == *field).expect("a field's name");
                let is_set = self.is_set(field);
                format!("if {is_set} {{ {with} }} else {{ {} }}", written.version)
            }
        };
        let code = format!("fn written(&self) -> i16 {{\n{version}\n}}\n");
        self.versions_of("RecordValue", &code, out);
    }

    /// An implementation of a trait that begins with the versions.
    fn versions_of(&self, of: &str, code: &str, out: &mut String) {
        let (own, any) = if borrows(self.schema, self.s) {
            ("<'a>", "<'a>")
        } else {
            ("", "<'_>")
        };
        let Range { first, last } = self.s.versions;
        let _ = write!(
            out,
            "impl{own} {of}{any} for {}{own} {{\nconst VERSIONS: VersionRange = VersionRange {{ min: {first}, max: {last} }};\n{code}}}\n\n",
            self.s.name
        );
    }
}
