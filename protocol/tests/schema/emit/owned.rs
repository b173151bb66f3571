//! What gives a structure a life of its own, apart from the bytes that it was read from.

use std::fmt::Write;

use super::{Emit, borrows, ident};
use crate::notation::{Field, Kind, Role};

impl Emit<'_> {
    /// Only coordinators keep what they read: messages are answered before their frame goes.
    pub(super) fn owned(&self, out: &mut String) {
        if matches!(self.schema.role, Role::Api { .. }) || !borrows(self.schema, self.s) {
            return;
        }
        let name = &self.s.name;
        let _ = write!(
            out,
            "impl {name}<'_> {{\n/// The same, borrowing nothing.\npub fn into_static(self) -> {name}<'static> {{\n{name} {{\n"
        );
        for f in &self.s.fields {
            let _ = writeln!(out, "{0}: {1},", ident(&f.name), self.owned_field(f));
        }
        out.push_str("}\n}\n}\n\n");
    }

    fn owned_field(&self, f: &Field) -> String {
        let x = format!("self.{}", ident(&f.name));
        let Some(one) = self.owned_value(&f.kind) else {
            return x;
        };
        match (f.array, f.nullable.is_some()) {
            (false, false) => one.replacen("v.", &format!("{x}."), 1),
            (false, true) => format!("{x}.map(|v| {one})"),
            (true, false) => format!("{x}.into_iter().map(|v| {one}).collect()"),
            (true, true) => format!("{x}.map(|all| all.into_iter().map(|v| {one}).collect())"),
        }
    }

    /// The expression that makes `v` own what it holds; none where it does anyway.
    fn owned_value(&self, kind: &Kind) -> Option<&'static str> {
        match kind {
            Kind::String | Kind::Bytes => Some("Cow::Owned(v.into_owned())"),
            Kind::Records => panic!("records cannot stand in a record"),
            Kind::Struct(name) if borrows(self.schema, self.schema.find(name)) => {
                Some("v.into_static()")
            }
            _ => None,
        }
    }
}
