//! The messages in src/messages are exactly what the notation in schema/ says.
//!
//! `OTTLA_BLESS=1 cargo test -p ottla-protocol --test schema` writes them anew.

mod emit;
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
    let apis = notation::load();
    let mut files: Vec<(PathBuf, String)> = apis
        .iter()
        .map(|(stem, api)| {
            (
                format!("src/messages/{stem}.rs").into(),
                emit::file(stem, api),
            )
        })
        .collect();
    files.push(("src/messages/mod.rs".into(), table::messages(&apis)));
    files.push(("src/api/table.rs".into(), table::apis(&apis)));
    files
        .into_iter()
        .map(|(path, code)| (path, rustfmt(&code)))
        .collect()
}

#[test]
fn committed_messages_are_what_the_notation_says() {
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
    let folder = std::fs::read_dir(root.join("src/messages")).expect("the folder");
    let known = files
        .iter()
        .filter(|(path, _)| path.starts_with("src/messages"))
        .count();
    assert_eq!(
        folder.count(),
        known,
        "a file in src/messages has no schema"
    );
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
