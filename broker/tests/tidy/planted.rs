//! Each rule finds what is planted for it, once, and leaves its innocent neighbour alone.

use crate::rules::*;
use crate::source::{Source, uses, without_prose, without_tests};

fn file(path: &str, text: &str) -> Source {
    Source {
        path: path.to_owned(),
        text: text.to_owned(),
    }
}

fn count(found: &[String], want: usize) {
    assert_eq!(found.len(), want, "{found:#?}");
}

#[test]
fn prose_is_no_code() {
    let code = without_prose(
        "a // unsafe\n\"unsafe \\\" unsafe\" b r#\"un\"safe\"# /* x /* unsafe */ */ 'c' '\\'' <'a> c",
    );
    assert!(!code.contains("safe"), "{code}");
    assert_eq!(
        code.split_whitespace().collect::<Vec<_>>(),
        ["a", "b", "<'a>", "c"]
    );
    assert_eq!(code.matches('\n').count(), 1);
}

#[test]
fn test_blocks_are_no_product() {
    let code = without_tests(
        "use a;\n#[cfg(test)]\nmod tests {\n    use std::fs;\n}\nfn b() {}\n#[cfg(test)]\nmod more;\nfn c() {}\n",
    );
    assert!(
        !code.contains("std::fs") && code.contains("fn b") && code.contains("fn c"),
        "{code}"
    );
}

#[test]
fn groups_are_taken_apart() {
    let paths: Vec<_> = uses("use a::{b, c::{d, e as f}};\npub use g;")
        .into_iter()
        .map(|(_, path)| path)
        .collect();
    assert_eq!(paths, ["a::b", "a::c::d", "a::c::e as f", "g"]);
}

#[test]
fn the_outside_world() {
    let bad = [
        "use std::fs;",
        "use std::{fs, io};",
        "use std::fs::File;",
        "let x = std::net::TcpStream::connect(a);",
        "use std::time::{Duration, Instant};",
        "std::time::SystemTime::now()",
        "use io_uring::opcode;",
        "use async_task::Runnable;",
        "getrandom::fill(&mut x)",
        "rand::rng()",
        "unsafe { x() }",
        "std::thread::spawn(f)",
    ];
    for text in bad {
        count(&outside_world(&file("storage/src/log.rs", text)), 1);
        count(&outside_world(&file("runtime/src/fs.rs", text)), 0);
        count(&outside_world(&file("storage/tests/crash.rs", text)), 0);
        count(&outside_world(&file("jepsen/src/kill/mod.rs", text)), 0);
    }
    for good in [
        "// std::fs",
        "use std::time::Duration;",
        "use std::fmt;",
        "#![deny(unsafe_code)]",
        "use core::net::SocketAddr;",
    ] {
        count(&outside_world(&file("storage/src/log.rs", good)), 0);
    }
}

#[test]
fn leftovers() {
    for word in ["todo", "dbg", "unimplemented"] {
        count(
            &unfinished(&file("raft/src/a.rs", &format!("fn f() {{ {word}!() }}"))),
            1,
        );
        count(
            &unfinished(&file("raft/src/a.rs", &format!("// {word}!()"))),
            0,
        );
    }
}

#[test]
fn length() {
    let long = "x\n".repeat(601);
    count(&long_file(&file("raft/src/a.rs", &long)), 1);
    count(&long_file(&file("raft/src/a.rs", &long[2..])), 0);
    count(
        &long_file(&file("protocol/src/messages/fetch.rs", &long)),
        0,
    );
}

#[test]
fn vague_names() {
    count(&vague_name(&file("raft/src/utils.rs", "")), 1);
    count(&vague_name(&file("raft/src/utils/a.rs", "")), 1);
    count(&vague_name(&file("raft/src/utilities_of_voting.rs", "")), 0);
}

#[test]
fn machine_paths() {
    for place in ["work", "root", "home"] {
        count(
            &machine_path(&file("README.md", &format!("see /{place}/me/x"))),
            1,
        );
        count(
            &machine_path(&file(
                "README.md",
                &format!("see frame/{place}/x and ~/{place}s"),
            )),
            0,
        );
    }
}

#[test]
fn crates() {
    count(
        &crate_direction(&file("storage/src/a.rs", "use ottla_raft::Replica;")),
        1,
    );
    count(
        &crate_direction(&file("storage/Cargo.toml", "ottla-raft.workspace = true\n")),
        1,
    );
    count(
        &crate_direction(&file("raft/Cargo.toml", "ottla = { path = \"..\" }\n")),
        1,
    );
    count(
        &crate_direction(&file(
            "protocol/src/a.rs",
            "fn f() { ottla_runtime::time::now() }",
        )),
        1,
    );
    count(
        &crate_direction(&file("storage/src/a.rs", "use ottla_protocol::ids;")),
        0,
    );
    count(
        &crate_direction(&file("jepsen/src/a.rs", "use ottla_storage::Journal;")),
        0,
    );
    count(
        &fenced(&file("broker/Cargo.toml", "raft.workspace = true\n")),
        1,
    );
    count(
        &fenced(&file("storage/Cargo.toml", "async-task = \"4\"\n")),
        1,
    );
    count(
        &fenced(&file(
            "raft/Cargo.toml",
            "raft.workspace = true\nraft-proto = \"1\"\n",
        )),
        0,
    );
}

#[test]
fn rooms() {
    let one = |path: &str, text: &str| room_direction(&[file(path, text)]);
    count(
        &one("broker/src/metadata/image.rs", "use crate::api::Context;"),
        1,
    );
    count(
        &one("broker/src/config/mod.rs", "fn f() { crate::shard::x() }"),
        1,
    );
    count(
        &one(
            "broker/src/partition/a.rs",
            "use crate::{shard::Calls, net::Frame};",
        ),
        1,
    );
    count(&one("broker/src/attic/a.rs", ""), 1);
    count(
        &one(
            "broker/src/api/fetch.rs",
            "use crate::partition::Owner; use crate::api::Context;",
        ),
        0,
    );
    count(&one("broker/src/lib.rs", "use crate::boot::run;"), 0);
    let each_other = [
        file("broker/src/net/a.rs", "use crate::admin::A;"),
        file("broker/src/admin/a.rs", "use crate::net::B;"),
    ];
    count(&room_direction(&each_other), 1);
    count(&room_direction(&each_other[..1]), 0);
}

#[test]
fn map() {
    let readme = "# X\n\n## The map\n\nwords\n\n```text\nraft/      consensus\n  src/replica/   the machine\nREADME.md  this\n```\n";
    let mapped = map_of(readme);
    assert_eq!(mapped, ["raft/", "raft/src/replica/"]);
    let rooms = [String::from("raft/"), String::from("storage/")];
    let found = map_differs(&mapped, &rooms, |path| path == "raft/");
    assert_eq!(
        found,
        [
            "README's map lacks storage/",
            "README's map shows raft/src/replica/, which is not there"
        ]
    );
}
