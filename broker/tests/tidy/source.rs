//! A source file as the rules see it: its text, and its code with comments, literals and test blocks blanked out.

use std::fs;
use std::path::{Path, PathBuf};

/// One file of the project.
pub struct Source {
    /// From the top of the project, with `/`.
    pub path: String,
    /// As it stands.
    pub text: String,
}

/// The top of the project.
pub fn top() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("broker/ is in the project")
        .to_owned()
}

/// Folders that are made, not written.
fn made(name: &str) -> bool {
    matches!(
        name,
        "target" | "ottla-data" | ".git" | "artifacts" | "corpus"
    )
}

/// Every file below `folder`, by path from the top, sorted.
fn files_below(folder: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<_> = fs::read_dir(folder)
        .expect("readable folder")
        .map(|e| e.expect("entry").path())
        .collect();
    entries.sort();
    for path in entries {
        let name = path
            .file_name()
            .and_then(|n| n.to_str())
            .unwrap_or_default();
        if made(name) {
            continue; // `.git` is a file in a linked worktree
        }
        if path.is_dir() {
            files_below(&path, found);
        } else {
            found.push(path);
        }
    }
}

/// Every text file of the project.
pub fn all() -> Vec<Source> {
    let top = top();
    let mut paths = Vec::new();
    files_below(&top, &mut paths);
    let read = |path: &PathBuf| {
        let text = fs::read_to_string(path).ok()?; // golden files and archives are no text
        let path = path.strip_prefix(&top).ok()?.to_str()?.replace('\\', "/");
        Some(Source { path, text })
    };
    paths.iter().filter_map(read).collect()
}

/// Every folder of the project that the map must show: those at the top, and the rooms directly below each crate's `src`.
pub fn rooms() -> Vec<String> {
    let top = top();
    let folders = |at: &Path| -> Vec<String> {
        let entries = fs::read_dir(at).into_iter().flatten().flatten();
        let names = entries
            .filter(|e| e.path().is_dir())
            .filter_map(|e| e.file_name().into_string().ok());
        names.filter(|name| !made(name)).collect()
    };
    let mut rooms = Vec::new();
    for outer in folders(&top) {
        for inner in folders(&top.join(&outer).join("src")) {
            rooms.push(format!("{outer}/src/{inner}/"));
        }
        rooms.push(format!("{outer}/"));
    }
    rooms.sort();
    rooms
}

impl Source {
    /// Is it Rust that ships: no test, bench, fuzz target, fault suite or generator?
    pub fn is_product(&self) -> bool {
        let aside = ["jepsen/", "benches/"]
            .iter()
            .any(|crate_| self.path.starts_with(crate_))
            || [
                "/tests/",
                "/benches/",
                "/fuzz/",
                "/generator/",
                "/examples/",
            ]
            .iter()
            .any(|folder| self.path.contains(folder));
        self.is_rust()
            && !aside
            && !self.path.ends_with("/tests.rs")
            && !self.path.ends_with("_tests.rs")
    }

    /// Is it Rust at all?
    pub fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }

    /// The code: comments and literals are blank, and so are `#[cfg(test)] mod` blocks. Lines keep their numbers.
    pub fn code(&self) -> String {
        without_tests(&without_prose(&self.text))
    }
}

/// Blanks comments, and what is between quotes.
pub fn without_prose(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let end = prose_end(bytes, at);
        if end == at {
            out.push(bytes[at]);
            at += 1;
        } else {
            out.extend(
                bytes[at..end]
                    .iter()
                    .map(|&b| if b == b'\n' { b } else { b' ' }),
            );
            at = end;
        }
    }
    String::from_utf8(out).expect("only whole literals and comments were blanked")
}

/// Where the comment or literal that begins at `at` ends; `at` itself when none begins there.
fn prose_end(bytes: &[u8], at: usize) -> usize {
    let rest = &bytes[at..];
    let word_before = at > 0 && (bytes[at - 1].is_ascii_alphanumeric() || bytes[at - 1] == b'_');
    if rest.starts_with(b"//") {
        return at + rest.iter().position(|&b| b == b'\n').unwrap_or(rest.len());
    }
    if rest.starts_with(b"/*") {
        return at + block_comment(rest);
    }
    if rest[0] == b'r' && !word_before {
        let hashes = rest[1..].iter().take_while(|&&b| b == b'#').count();
        if rest.get(1 + hashes) == Some(&b'"') {
            let close: Vec<u8> = std::iter::once(b'"')
                .chain(std::iter::repeat_n(b'#', hashes))
                .collect();
            let body = &rest[hashes + 2..];
            let length = body
                .windows(close.len())
                .position(|w| w == close)
                .map_or(body.len(), |n| n + close.len());
            return at + hashes + 2 + length;
        }
    }
    match rest[0] {
        b'"' => at + quoted(rest, b'"'),
        // A lifetime has no closing quote two or more bytes on.
        b'\''
            if rest.get(1) == Some(&b'\\')
                || rest[1..].iter().take(6).skip(1).any(|&b| b == b'\'') && !lifetime(rest) =>
        {
            at + quoted(rest, b'\'')
        }
        _ => at,
    }
}

fn lifetime(rest: &[u8]) -> bool {
    let name = rest[1..]
        .iter()
        .take_while(|b| b.is_ascii_alphanumeric() || **b == b'_')
        .count();
    name > 0 && rest.get(1 + name) != Some(&b'\'')
}

fn quoted(rest: &[u8], quote: u8) -> usize {
    let mut at = 1;
    while at < rest.len() && rest[at] != quote {
        at += if rest[at] == b'\\' { 2 } else { 1 };
    }
    (at + 1).min(rest.len())
}

fn block_comment(rest: &[u8]) -> usize {
    let (mut at, mut depth) = (2, 1);
    while at < rest.len() && depth > 0 {
        match &rest[at..(at + 2).min(rest.len())] {
            b"/*" => (at, depth) = (at + 2, depth + 1),
            b"*/" => (at, depth) = (at + 2, depth - 1),
            _ => at += 1,
        }
    }
    at
}

/// Blanks `#[cfg(test)]` modules that stand in the file (rustfmt puts their end at the margin).
pub fn without_tests(code: &str) -> String {
    let (mut out, mut armed, mut inside) = (String::with_capacity(code.len()), false, false);
    for line in code.lines() {
        if !inside && line.starts_with("#[cfg(test)]") {
            armed = true;
        } else if armed && !line.starts_with("#[") {
            inside = line.trim_end().ends_with('{');
            armed = false;
        }
        if !inside {
            out.push_str(line);
        } else if line.starts_with('}') {
            inside = false;
        }
        out.push('\n');
    }
    out
}

/// The paths that the `use` statements of some code bring in, groups taken apart: `use a::{b, c::d};` is `a::b` and `a::c::d`.
pub fn uses(code: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut rest = code;
    while let Some(at) = rest.find("use ") {
        let begins = at == 0
            || !(rest.as_bytes()[at - 1].is_ascii_alphanumeric()
                || rest.as_bytes()[at - 1] == b'_');
        let body = &rest[at + 4..];
        let Some(end) = body.find(';').filter(|_| begins) else {
            rest = body;
            continue;
        };
        let line = code[..code.len() - rest.len() + at].matches('\n').count() + 1;
        let flat: String = body[..end].split_whitespace().collect::<Vec<_>>().join(" ");
        for path in expand(&flat) {
            found.push((line, path));
        }
        rest = &body[end..];
    }
    found
}

fn expand(tree: &str) -> Vec<String> {
    let tree = tree.trim();
    let Some(open) = tree.find('{') else {
        return vec![tree.to_owned()];
    };
    let (head, mut depth, mut piece, mut out) = (&tree[..open], 0, String::new(), Vec::new());
    for c in tree[open + 1..].chars() {
        match c {
            ',' if depth == 0 => out.extend(expand(&std::mem::take(&mut piece))),
            '}' if depth == 0 => break,
            _ => {
                depth += i32::from(c == '{') - i32::from(c == '}');
                piece.push(c);
            }
        }
    }
    out.extend(expand(&piece));
    out.iter()
        .filter(|p| !p.is_empty())
        .map(|p| format!("{head}{p}"))
        .collect()
}
