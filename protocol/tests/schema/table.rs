//! Writes what spans all APIs: the list of modules and the table of versions.

use std::fmt::Write;

use crate::notation::{Api, Range};

/// `src/messages/mod.rs`.
pub fn messages(apis: &[(String, Api)]) -> String {
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
    let mut stems: Vec<&String> = apis.iter().map(|(stem, _)| stem).collect();
    stems.sort();
    for stem in stems {
        let _ = writeln!(out, "pub mod {stem};");
    }
    out += "\n/// Calls `$with!` with `(module Request Response)` for every API, in the order of the keys.\n\
            #[macro_export]\nmacro_rules! for_each_api {\n($with:ident) => {\n$with! {\n";
    for (stem, api) in apis {
        let _ = writeln!(out, "({stem} {} {})", api.request.name, api.response.name);
    }
    out + "}\n};\n}\n"
}

/// `src/api/table.rs`.
pub fn apis(apis: &[(String, Api)]) -> String {
    let mut out = String::from(
        "//! Keys and versions, made from `schema/*.txt`; do not edit.\n\nuse super::{Api, ApiKey, row};\n\n\
         #[allow(missing_docs)] // the names are Kafka's\nimpl ApiKey {\n",
    );
    for (stem, api) in apis {
        let _ = writeln!(
            out,
            "pub const {}: ApiKey = ApiKey({});",
            stem.to_uppercase(),
            api.key
        );
    }
    out += "}\n\n/// Every API, in the order of the keys: key, name, versions, advertised versions, first flexible one.\npub const APIS: &[Api] = &[\n";
    for (_, api) in apis {
        let pair = |r: Range| format!("({}, {})", r.first, r.last);
        let flexible = api
            .flexible
            .map_or("None".to_owned(), |v| format!("Some({v})"));
        let (versions, advertised) = (pair(api.versions), pair(api.advertised));
        let _ = writeln!(
            out,
            "row({}, {:?}, {versions}, {advertised}, {flexible}),",
            api.key, api.name
        );
    }
    out + "];\n"
}
