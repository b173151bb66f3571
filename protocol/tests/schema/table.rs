//! Writes what spans all files: the lists of modules, the table of versions, the records of a topic.

use std::fmt::Write;

use crate::emit::borrows;
use crate::notation::{Range, Role, Schema, Struct};

/// `src/messages/mod.rs`.
pub fn messages(apis: &[(String, Schema)]) -> String {
    let mut out = String::from(
        "//! Every message of a Kafka 4.3 broker listener, made from `schema/*.txt`; do not edit.\n//!\n\
         //! A structure holds every field of every version; a decoder leaves fields that its version lacks\n\
         //! at the schema's default, an encoder refuses them when they hold anything else (unless the note\n\
         //! says \"else ignored\").\n\n\
         // What a field means is Kafka's to say; what we know of it (versions, tag, null) stands at each.\n\
         #![allow(missing_docs)]\n\
         // Every decoder has the same shape, whether or not a version decides which fields it reads.\n\
         #![allow(clippy::field_reassign_with_default)]\n\n",
    );
    out += &modules(apis);
    out += "\n/// Calls `$with!` with `(module Request Response)` for every API, in the order of the keys.\n";
    out + &for_each("for_each_api", apis)
}

fn modules(schemas: &[(String, Schema)]) -> String {
    let mut stems: Vec<&String> = schemas.iter().map(|(stem, _)| stem).collect();
    stems.sort();
    stems
        .iter()
        .map(|stem| format!("pub mod {stem};\n"))
        .collect()
}

fn for_each(name: &str, schemas: &[(String, Schema)]) -> String {
    let mut out =
        format!("#[macro_export]\nmacro_rules! {name} {{\n($with:ident) => {{\n$with! {{\n");
    for (stem, schema) in schemas {
        let roots: Vec<&str> = schema.roots.iter().map(|s| s.name.as_str()).collect();
        let _ = writeln!(out, "({stem} {})", roots.join(" "));
    }
    out + "}\n};\n}\n"
}

/// `src/records/mod.rs`.
pub fn records(schemas: &[(String, Schema)]) -> String {
    let mut out = String::from(
        "//! Every record of Kafka's internal topics, and what consumers hand each other within JoinGroup and\n\
         //! SyncGroup, made from `schema/records/*.txt` (but for `prefix.rs` and the tests); do not edit.\n\n\
         // What a field means is Kafka's to say; what we know of it (versions, tag, null) stands at each.\n\
         #![allow(missing_docs)]\n\
         // Every decoder has the same shape, whether or not a version decides which fields it reads.\n\
         #![allow(clippy::field_reassign_with_default)]\n\n\
         mod prefix;\n#[cfg(test)]\nmod tests;\n",
    );
    out += &modules(schemas);
    out += "\npub use prefix::{Embedded, RecordError, RecordKey, RecordValue, record_type};\n\n\
            use crate::wire::EncodeError;\n\n";
    for (topic, name) in [
        ("__consumer_offsets", "GroupRecord"),
        ("__share_group_state", "ShareRecord"),
        ("__transaction_state", "TransactionRecord"),
    ] {
        let of_topic = |(_, s): &&(String, Schema)| matches!(&s.role, Role::Record { topic: t, .. } if t == topic);
        let all: Vec<&(String, Schema)> = schemas.iter().filter(of_topic).collect();
        assert!(!all.is_empty(), "no record of {topic}");
        out += &topic_enum(topic, name, &all);
    }
    out += "/// Calls `$with!` with `(module Key Value)` for every record and `(module Name)` for what is embedded.\n";
    out + &for_each("for_each_record", schemas)
}

/// The type that holds any record of a topic.
fn topic_enum(topic: &str, name: &str, schemas: &[&(String, Schema)]) -> String {
    let mut out = format!(
        "/// A record of `{topic}`: its key and its value, which a tombstone lacks.\n\
         #[derive(Clone, Debug, PartialEq, Eq)]\npub enum {name}<'a> {{\n"
    );
    let mut arms = [const { String::new() }; 4];
    for (stem, schema) in schemas {
        let Role::Record { id, .. } = schema.role else {
            panic!("{stem} is no record");
        };
        let typed = |s: &Struct| {
            let l = if borrows(schema, s) { "<'a>" } else { "" };
            format!("{stem}::{}{l}", s.name)
        };
        let owned = if borrows(schema, &schema.roots[1]) {
            "v.map(|v| v.into_static())"
        } else {
            "v"
        };
        let (key, value) = (typed(&schema.roots[0]), typed(&schema.roots[1]));
        let v = &schema.name;
        let _ = writeln!(out, "/// Type {id}.\n{v}({key}, Option<{value}>),");
        let [decode, keys, values, statics] = &mut arms;
        let _ = writeln!(
            decode,
            "{id} => Self::{v}(RecordKey::decode_key(key)?, value.map(RecordValue::decode_value).transpose()?),"
        );
        let _ = writeln!(keys, "Self::{v}(k, _) => k.key_bytes(),");
        let _ = writeln!(
            values,
            "Self::{v}(_, v) => v.as_ref().map(|v| v.value_bytes(v.written())).transpose(),"
        );
        let _ = writeln!(
            statics,
            "Self::{v}(k, v) => {name}::{v}(k.into_static(), {owned}),"
        );
    }
    let [decode, keys, values, statics] = arms;
    let _ = write!(
        out,
        "}}\n\nimpl<'a> {name}<'a> {{\n\
         /// Reads a record's key and its value, if it has one.\n\
         pub fn decode(key: &'a [u8], value: Option<&'a [u8]>) -> Result<Self, RecordError> {{\nOk(match record_type(key)? {{\n{decode}other => return Err(RecordError::UnknownType(other)),\n}})\n}}\n\n\
         /// The record's key.\n\
         pub fn key_bytes(&self) -> Result<Vec<u8>, EncodeError> {{\nmatch self {{\n{keys}}}\n}}\n\n\
         /// The record's value in the version that Kafka writes, or none of a tombstone.\n\
         pub fn value_bytes(&self) -> Result<Option<Vec<u8>>, EncodeError> {{\nmatch self {{\n{values}}}\n}}\n\n\
         /// The same, borrowing nothing.\n\
         pub fn into_static(self) -> {name}<'static> {{\nmatch self {{\n{statics}}}\n}}\n}}\n\n"
    );
    out
}

/// `src/api/table.rs`.
pub fn apis(apis: &[(String, Schema)]) -> String {
    let mut out = String::from(
        "//! Keys and versions, made from `schema/*.txt`; do not edit.\n\nuse super::{Api, ApiKey, row};\n\n\
         #[allow(missing_docs)] // the names are Kafka's\nimpl ApiKey {\n",
    );
    let key_of = |schema: &Schema| match schema.role {
        Role::Api { key, advertised } => (key, advertised),
        _ => panic!("{} is no API", schema.name),
    };
    for (stem, api) in apis {
        let (key, _) = key_of(api);
        let name = stem.to_uppercase();
        let _ = writeln!(out, "pub const {name}: ApiKey = ApiKey({key});");
    }
    out += "}\n\n/// Every API, in the order of the keys: key, name, versions, advertised versions, first flexible one.\npub const APIS: &[Api] = &[\n";
    for (_, api) in apis {
        let pair = |r: Range| format!("({}, {})", r.first, r.last);
        let flexible = api.roots[0]
            .flexible
            .map_or("None".to_owned(), |v| format!("Some({v})"));
        let (key, advertised) = key_of(api);
        let (versions, advertised) = (pair(api.versions), pair(advertised));
        let _ = writeln!(
            out,
            "row({key}, {:?}, {versions}, {advertised}, {flexible}),",
            api.name
        );
    }
    out + "];\n"
}
