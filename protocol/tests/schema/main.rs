//! The messages in src/messages and records in src/records are exactly what the notation in schema/ says.
//!
//! `OTTLA_BLESS=1 cargo test -p ottla-protocol --test schema` writes them anew.

mod emit;
#[allow(dead_code)] // the other tests need more of it
mod notation;
mod table;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Lays code out as `cargo fmt` does.
fn rustfmt(code: &str) -> String {
    let mut child = Command::new("rustfmt")
        .args(["--edition", "2024", "--emit", "stdout", "--quiet"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("rustfmt (rustup component add rustfmt)");
    child
        .stdin
        .take()
        .expect("its input")
        .write_all(code.as_bytes())
        .expect("rustfmt reads");
    let out = child.wait_with_output().expect("rustfmt ends");
    assert!(
        out.status.success(),
        "rustfmt refuses the generated code:\n{code}"
    );
    String::from_utf8(out.stdout).expect("text")
}

/// Path below the crate and contents of every generated file.
fn generated() -> Vec<(PathBuf, String)> {
    let (apis, records) = (notation::apis(), notation::records());
    let mut files: Vec<(PathBuf, String)> = Vec::new();
    for (stem, api) in &apis {
        let path = format!("src/messages/{stem}.rs");
        files.push((path.into(), emit::file(stem, api)));
    }
    for (stem, record) in &records {
        let path = format!("src/records/{stem}.rs");
        files.push((path.into(), emit::file(&format!("records/{stem}"), record)));
    }
    files.push(("src/messages/mod.rs".into(), table::messages(&apis)));
    files.push(("src/records/mod.rs".into(), table::records(&records)));
    files.push(("src/api/table.rs".into(), table::apis(&apis)));
    files
        .into_iter()
        .map(|(path, code)| (path, rustfmt(&code)))
        .collect()
}

/// What stands in the generated folders without being generated.
const WRITTEN_BY_HAND: [&str; 2] = ["src/records/prefix.rs", "src/records/tests.rs"];

#[test]
fn committed_code_is_what_the_notation_says() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let files = generated();
    if std::env::var_os("OTTLA_BLESS").is_some() {
        for (path, code) in &files {
            std::fs::write(root.join(path), code).expect("writable sources");
        }
    }
    for (path, code) in &files {
        let committed = std::fs::read_to_string(root.join(path)).unwrap_or_default();
        assert!(
            committed == *code,
            "{} is stale: run with OTTLA_BLESS=1",
            path.display()
        );
    }
    for folder in ["src/messages", "src/records"] {
        for entry in std::fs::read_dir(root.join(folder)).expect("the folder") {
            let path = Path::new(folder).join(entry.expect("an entry").file_name());
            let known = files.iter().any(|(file, _)| *file == path)
                || WRITTEN_BY_HAND
                    .iter()
                    .any(|by_hand| path == Path::new(by_hand));
            assert!(known, "{} has no schema", path.display());
        }
    }
}

#[test]
fn mistakes_are_named_with_their_line() {
    let text = "Foo  key 1  versions 0-1\n\nrequest\n  a int32\n";
    assert_eq!(
        notation::parse(text).unwrap_err(),
        "line 4: expected a colon after the name"
    );
    let text = "Foo  key 1  versions 0-1\n\nrequest\n  a: int32\n    b: int8\n";
    assert_eq!(
        notation::parse(text).unwrap_err(),
        "line 4: only a structure has fields"
    );
}

#[test]
fn a_files_sections_are_those_of_its_role() {
    let record = "Foo  record 1 of topic  versions 0-1\n\n";
    assert_eq!(
        notation::parse(&format!("{record}request\n  a: int32\n")).unwrap_err(),
        "line 3: not a section of such a file"
    );
    let foo = notation::parse(&format!("{record}key\n  a: int32\n")).expect("a record");
    assert_eq!(foo.roots[0].name, "FooKey");
    let text = "Foo  record 1 of topic  versions 0-1  written 1, 0\n";
    assert_eq!(
        notation::parse(text).unwrap_err(),
        "expected VERSION with FIELD"
    );
    let text = "Foo  versions 0-1\n";
    assert_eq!(notation::parse(text).unwrap_err(), "no number after key");
}
