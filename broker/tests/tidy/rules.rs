//! The rules. Each takes sources and returns what breaks it, one readable line each.

use crate::source::{Source, uses};

/// What each crate may import of the others.
const CRATES: &[(&str, &[&str])] = &[
    ("protocol", &[]),
    ("runtime", &[]),
    ("storage", &["protocol", "runtime"]),
    ("raft", &["protocol"]),
    ("admin-cli", &["protocol", "runtime"]),
    (
        "broker",
        &["protocol", "runtime", "storage", "raft", "admin-cli"],
    ),
];

/// The broker's rooms by height; imports go down, or sideways in one direction.
const HEIGHTS: &[&[&str]] = &[
    &["config", "metrics"],
    &["metadata", "shard"],
    &["partition"],
    &["controller"],
    &["coordinator"],
    &["share"],
    &["api"],
    &["net", "admin"],
    &["boot", "dump"],
];

/// Files of at most this many lines; one that grows past it wants to be two.
const LINES_MAX: usize = 600;

fn line_of(text: &str, at: usize) -> usize {
    text[..at].matches('\n').count() + 1
}

/// Every place where `word` stands in `code`, not as a part of a longer name. A `word` that ends in a sign may go on.
fn places(code: &str, word: &str) -> Vec<usize> {
    let part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let whole_end = word.ends_with(part);
    let stands = |&(at, _): &(usize, &str)| {
        let (before, after) = (
            code[..at].chars().next_back(),
            code[at + word.len()..].chars().next(),
        );
        let longer = before.is_some_and(part) || whole_end && after.is_some_and(part);
        !longer
    };
    code.match_indices(word)
        .filter(stands)
        .map(|(at, _)| at)
        .collect()
}

fn complain(source: &Source, code: &str, words: &[&str], why: &str) -> Vec<String> {
    let each = |word: &&str| -> Vec<String> {
        let say = |at| format!("{}:{}: `{word}`: {why}", source.path, line_of(code, at));
        places(code, word).into_iter().map(say).collect()
    };
    words.iter().flat_map(each).collect()
}

/// Only `runtime/` asks the outside world, and only it has `unsafe`.
pub fn outside_world(source: &Source) -> Vec<String> {
    if !source.is_product() || source.path.starts_with("runtime/") {
        return Vec::new();
    }
    let code = source.code();
    let banned = [
        ("io_uring", "only runtime/ knows the ring"),
        ("async_task", "only runtime/ knows the executor"),
        ("std::fs", "files are runtime::fs"),
        (
            "std::net",
            "sockets are runtime::net (plain addresses are core::net)",
        ),
        ("std::time::Instant", "time is runtime::time"),
        ("std::time::SystemTime", "time is runtime::time"),
        ("std::thread::spawn", "a core's tasks are runtime::task"),
        ("std::thread::Builder", "a core's tasks are runtime::task"),
        ("std::thread::sleep", "time is runtime::time"),
        ("getrandom", "chance is runtime::rand"),
        ("rand::thread_rng", "chance is runtime::rand"),
        ("rand::rng", "chance is runtime::rand"),
        (
            "RandomState",
            "hash seeds are chance: BTreeMap, indexmap, or a fixed hasher",
        ),
        ("unsafe", "only runtime/ may"),
    ];
    let mut found = Vec::new();
    for (word, why) in banned {
        found.extend(complain(source, &code, &[word], why));
        let imported = uses(&code).into_iter().filter(|(_, path)| {
            *path == word
                || path.starts_with(&format!("{word}::"))
                || path.starts_with(&format!("{word} as "))
        });
        found.extend(imported.map(|(line, _)| format!("{}:{line}: `{word}`: {why}", source.path)));
    }
    found.sort();
    found.dedup();
    found
}

/// Leftovers of work in progress.
pub fn unfinished(source: &Source) -> Vec<String> {
    if !source.is_rust() {
        return Vec::new();
    }
    let words = ["todo!", "dbg!", "unimplemented!"];
    complain(
        source,
        &crate::source::without_prose(&source.text),
        &words,
        "left over",
    )
}

/// Long files. Generated types are as long as they are.
pub fn long_file(source: &Source) -> Vec<String> {
    let lines = source.text.lines().count();
    let generated = ["protocol/src/messages/", "protocol/src/records/"]
        .iter()
        .any(|folder| source.path.starts_with(folder));
    if !source.is_rust() || generated || lines <= LINES_MAX {
        return Vec::new();
    }
    vec![format!(
        "{}: {lines} lines, at most {LINES_MAX}: it wants to be two",
        source.path
    )]
}

/// Rooms are named after what they know.
pub fn vague_name(source: &Source) -> Vec<String> {
    let vague = |part: &str| {
        matches!(
            part.trim_end_matches(".rs"),
            "utils" | "util" | "helpers" | "helper" | "common" | "misc"
        )
    };
    if !source.is_rust() || !source.path.split('/').any(vague) {
        return Vec::new();
    }
    vec![format!("{}: name it after what it knows", source.path)]
}

/// Paths that exist on one machine only.
pub fn machine_path(source: &Source) -> Vec<String> {
    let mut found = Vec::new();
    for (number, line) in source.text.lines().enumerate() {
        for place in ["work", "root", "home"] {
            let path = format!("/{place}/");
            let begins = |&(at, _): &(usize, &str)| {
                !line[..at].ends_with(|c: char| c.is_ascii_alphanumeric() || "._-}/*".contains(c))
            };
            if line.match_indices(&path).any(|hit| begins(&hit)) {
                found.push(format!(
                    "{}:{}: `{path}`: a path of one machine",
                    source.path,
                    number + 1
                ));
            }
        }
    }
    found
}

/// Which crate a file belongs to.
fn crate_of(path: &str) -> &str {
    path.split('/').next().unwrap_or_default()
}

fn package_of(name: &str) -> String {
    if name == "broker" {
        "ottla".to_owned()
    } else {
        format!("ottla-{name}")
    }
}

/// Imports between crates go down only: in the manifests and in the code.
pub fn crate_direction(source: &Source) -> Vec<String> {
    let own = crate_of(&source.path);
    let Some((_, allowed)) = CRATES.iter().find(|(name, _)| *name == own) else {
        return Vec::new();
    };
    let others = CRATES
        .iter()
        .map(|(name, _)| *name)
        .chain(["jepsen", "benches"]);
    let mut found = Vec::new();
    for other in others.filter(|other| *other != own && !allowed.contains(other)) {
        let why = format!("{own} must not know {other}");
        if source.path == format!("{own}/Cargo.toml") {
            let package = package_of(other);
            let named =
                |line: &&str| line.split(['.', '=', ' ', ']']).next() == Some(package.as_str());
            found.extend(
                source
                    .text
                    .lines()
                    .filter(named)
                    .map(|_| format!("{}: `{package}`: {why}", source.path)),
            );
        } else if source.is_rust() {
            let library = if other == "broker" {
                "ottla_broker".to_owned()
            } else {
                package_of(other).replace('-', "_")
            };
            found.extend(complain(source, &source.code(), &[&library], &why));
        }
    }
    found
}

/// Foreign crates that one crate alone may name.
pub fn fenced(source: &Source) -> Vec<String> {
    let own = crate_of(&source.path);
    if !source.path.ends_with("Cargo.toml") || source.path == "Cargo.toml" {
        return Vec::new();
    }
    let fences = [
        ("async-task", "runtime"),
        ("io-uring", "runtime"),
        ("raft", "raft"),
    ];
    let breaks = |(foreign, home): &(&str, &str)| {
        own != *home
            && source
                .text
                .lines()
                .any(|line| line.split(['.', '=', ' ']).next() == Some(*foreign))
    };
    fences
        .into_iter()
        .filter(breaks)
        .map(|(foreign, home)| format!("{}: only {home}/ names `{foreign}`", source.path))
        .collect()
}

/// The room of a file of the broker: `broker/src/net/frame.rs` and `broker/src/net.rs` are `net`.
fn room(path: &str) -> Option<&str> {
    let inner = path.strip_prefix("broker/src/")?;
    let name = inner.split('/').next()?.trim_end_matches(".rs");
    (!matches!(name, "lib" | "main")).then_some(name)
}

fn height(name: &str) -> Option<usize> {
    HEIGHTS.iter().position(|level| level.contains(&name))
}

/// The rooms that a source imports, with lines.
fn rooms_used(source: &Source) -> Vec<(usize, String)> {
    let code = source.code();
    let mut paths = uses(&code);
    paths.extend(code.match_indices("crate::").map(|(at, _)| {
        let path: String = code[at..]
            .chars()
            .take_while(|c| c.is_ascii_alphanumeric() || "_:".contains(*c))
            .collect();
        (line_of(&code, at), path)
    }));
    let target = |(line, path): (usize, String)| {
        let room = path
            .trim_start_matches("pub ")
            .strip_prefix("crate::")?
            .split("::")
            .next()?
            .split(' ')
            .next()?
            .to_owned();
        (!room.is_empty()).then_some((line, room))
    };
    let mut found: Vec<_> = paths.into_iter().filter_map(target).collect();
    found.sort();
    found.dedup();
    found
}

/// Imports between the broker's rooms go down only; two rooms of one height may not import each other.
pub fn room_direction(sources: &[Source]) -> Vec<String> {
    let mut found = Vec::new();
    let mut sideways: Vec<(String, String, String)> = Vec::new();
    for source in sources.iter().filter(|s| s.is_product()) {
        let Some(own) = room(&source.path) else {
            continue;
        };
        let Some(own_height) = height(own) else {
            found.push(format!(
                "{}: the room `{own}` has no height; give it one in broker/tests/tidy/rules.rs",
                source.path
            ));
            continue;
        };
        for (line, other) in rooms_used(source)
            .into_iter()
            .filter(|(_, other)| other != own)
        {
            let Some(other_height) = height(&other) else {
                continue;
            };
            let place = format!("{}:{line}", source.path);
            if other_height > own_height {
                found.push(format!(
                    "{place}: {own} must not know {other}, which is above it"
                ));
            } else if other_height == own_height {
                sideways.push((own.to_owned(), other, place));
            }
        }
    }
    for (own, other, place) in &sideways {
        if own < other && sideways.iter().any(|(a, b, _)| a == other && b == own) {
            found.push(format!("{place}: {own} and {other} know each other"));
        }
    }
    found
}

/// The folders that the README's map names: the first word of each line of the block below the heading, indented ones below the last
/// that was not.
pub fn map_of(readme: &str) -> Vec<String> {
    let after = readme.split("\n## The map\n").nth(1).unwrap_or_default();
    let block = after.split("```").nth(1).unwrap_or_default();
    let mut outer = String::new();
    let mut found = Vec::new();
    for line in block.lines().skip(1) {
        let Some(word) = line.split_whitespace().next().filter(|w| w.ends_with('/')) else {
            continue;
        };
        if line.starts_with(' ') {
            found.push(format!("{outer}{word}"));
        } else {
            word.clone_into(&mut outer);
            found.push(outer.clone());
        }
    }
    found.sort();
    found
}

/// The map names every room, and nothing that is not there. Deeper folders may be named, and must then exist.
pub fn map_differs(
    mapped: &[String],
    rooms: &[String],
    exists: impl Fn(&str) -> bool,
) -> Vec<String> {
    let missing = rooms
        .iter()
        .filter(|room| !mapped.contains(room))
        .map(|room| format!("README's map lacks {room}"));
    let gone = mapped
        .iter()
        .filter(|path| !exists(path))
        .map(|path| format!("README's map shows {path}, which is not there"));
    missing.chain(gone).collect()
}
