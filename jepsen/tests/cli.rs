//! The command line of the fault suite: what it prints, and with which status it ends.

use std::process::{Command, Output};

fn ottla_jepsen(args: &[&str]) -> (bool, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ottla-jepsen"));
    let Output {
        status,
        stdout,
        stderr,
    } = command.args(args).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (status.success(), text(stdout), text(stderr))
}

#[test]
fn seeds_without_a_finding() {
    let (clean, said, _) = ottla_jepsen(&["sim", "--seed", "7", "--seeds", "3", "--twice"]);
    assert!(clean, "{said}");
    assert!(said.contains("3 seeds in "), "{said}");
    assert!(said.ends_with("0 findings, 0 differing traces\n"), "{said}");
}

#[test]
fn a_finding_fails_and_its_story_replays() {
    let planted = ["--mutant", "skip-flush"];
    let (clean, said, _) = ottla_jepsen(&[&["sim", "--seeds", "200"], &planted[..]].concat());
    assert!(!clean, "{said}");
    let (_, replay) = said.split_once("replay: ").unwrap();
    let replay: Vec<&str> = replay.lines().next().unwrap().split(' ').collect();
    let (clean, story, _) = ottla_jepsen(&[&replay, &planted[..]].concat());
    assert!(!clean && story.contains("BROKEN: "), "{story}");
}

#[test]
fn an_unknown_bug_is_answered_with_those_that_there_are() {
    let (clean, _, said) = ottla_jepsen(&["mutants", "no-such-bug"]);
    assert!(!clean && said.contains("one of skip-flush, "), "{said}");
}
