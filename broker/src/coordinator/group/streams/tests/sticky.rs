//! Who gets which task.

use std::collections::BTreeMap;

use super::super::decide::sticky::{MemberSpec, Spec, assign};
use super::super::tasks::Assignment;
use super::*;

/// Members with their processes, and what they had.
type Members<'a> = BTreeMap<&'a str, (&'a str, Assignment)>;

fn members<'a>(all: &[(&'a str, &'a str)]) -> Members<'a> {
    let all = all.iter();
    all.map(|(id, process)| (*id, (*process, Assignment::default())))
        .collect()
}

fn assigned(
    members: &Members<'_>,
    parts: &[(&str, i32, bool)],
    standbys: usize,
) -> BTreeMap<String, Assignment> {
    let spec = Spec {
        members: members
            .iter()
            .map(|(id, (process, had))| (*id, MemberSpec { process, had }))
            .collect(),
        subtopologies: parts.iter().map(|(id, n, s)| (*id, (*n, *s))).collect(),
        standbys,
    };
    assign(&spec)
}

/// Assigns again, to these.
fn again<'a>(
    members: &mut Members<'a>,
    last: &BTreeMap<String, Assignment>,
    parts: &[(&str, i32, bool)],
    standbys: usize,
) -> BTreeMap<String, Assignment> {
    for (id, (_, had)) in members.iter_mut() {
        *had = last.get(*id).cloned().unwrap_or_default();
    }
    let next = assigned(members, parts, standbys);
    check(members, &next, parts, standbys);
    next
}

fn count(tasks: &Tasks) -> usize {
    tasks.values().map(|tasks| tasks.len()).sum()
}

/// Every task is active once, and every copy in a process of its own.
fn check(
    members: &Members<'_>,
    assigned: &BTreeMap<String, Assignment>,
    parts: &[(&str, i32, bool)],
    standbys: usize,
) {
    let mut active = BTreeMap::new();
    let mut in_process = BTreeMap::new();
    for (id, assignment) in assigned {
        let process = members[&**id].0;
        for (role, tasks) in [(1, &assignment.active), (0, &assignment.standby)] {
            for (part, task) in tasks
                .iter()
                .flat_map(|(p, t)| t.iter().map(move |t| (p, *t)))
            {
                *active.entry((part.clone(), task)).or_insert(0) += role;
                let before = in_process.insert((process, part.clone(), task), id);
                assert_eq!(before, None, "twice in a process");
            }
        }
    }
    let processes: std::collections::BTreeSet<_> = members.values().map(|(p, _)| *p).collect();
    for (part, tasks, stateful) in parts {
        for task in 0..*tasks {
            assert_eq!(active.get(&((*part).to_owned(), task)), Some(&1));
            let copies = in_process
                .keys()
                .filter(|(_, p, t)| p == part && *t == task);
            let wanted = if *stateful { standbys + 1 } else { 1 };
            assert_eq!(copies.count(), wanted.min(processes.len()));
        }
    }
}

#[test]
fn tasks_are_spread_evenly_and_what_is_joined_stays_together() {
    let all = members(&[("a", "p"), ("b", "q")]);
    let parts = [("0", 2, false), ("1", 2, true)];
    let result = assigned(&all, &parts, 0);
    check(&all, &result, &parts, 0);
    assert_eq!(result["a"].active, tasks([("0", &[0]), ("1", &[0])]));
    assert_eq!(result["b"].active, tasks([("0", &[1]), ("1", &[1])]));
}

#[test]
fn a_process_with_more_threads_gets_more() {
    let all = members(&[("a", "p"), ("b", "p"), ("c", "q")]);
    let result = assigned(&all, &[("0", 6, false)], 0);
    let counts: Vec<usize> = result.values().map(|a| count(&a.active)).collect();
    assert_eq!(counts, [2, 2, 2]);
}

#[test]
fn a_new_member_takes_no_more_than_its_share() {
    let parts = [("0", 6, true)];
    let mut all = members(&[("a", "p"), ("b", "q")]);
    let first = again(&mut all, &BTreeMap::new(), &parts, 0);
    all.insert("c", ("r", Assignment::default()));
    let second = again(&mut all, &first, &parts, 0);
    for id in ["a", "b"] {
        let (before, after) = (&first[id].active["0"], &second[id].active["0"]);
        assert!(
            after.is_subset(before) && after.len() == 2,
            "{id} moves too much"
        );
    }
    assert_eq!(
        again(&mut all, &second, &parts, 0),
        second,
        "nothing changes"
    );
}

#[test]
fn who_has_a_copy_takes_over() {
    let parts = [("0", 3, true)];
    let mut all = members(&[("a", "p"), ("b", "q"), ("c", "r")]);
    let first = again(&mut all, &BTreeMap::new(), &parts, 1);
    let gone = first["a"].active["0"].clone();
    all.remove("a");
    let second = again(&mut all, &first, &parts, 1);
    for task in gone {
        let heir = first.iter().find(|(id, a)| {
            *id != "a"
                && a.standby
                    .get("0")
                    .is_some_and(|tasks| tasks.contains(&task))
        });
        let (heir, _) = heir.expect("somebody has a copy");
        assert!(second[heir].active["0"].contains(&task));
    }
}

#[test]
fn there_are_no_more_copies_than_processes() {
    let parts = [("0", 3, true), ("1", 3, false)];
    let all = members(&[("a", "p"), ("b", "p"), ("c", "q")]);
    let result = assigned(&all, &parts, 2);
    check(&all, &result, &parts, 2);
    assert!(result.values().all(|a| !a.standby.contains_key("1")));
}

#[test]
fn members_come_and_go_by_chance() {
    let mut seed = 7u64;
    let mut below = move |n: u64| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed % n
    };
    let ids = ["a", "b", "c", "d", "e", "f", "g"];
    let processes = ["p", "q", "r"];
    let parts = [("0", 5, true), ("1", 5, false), ("2", 3, true)];
    let (mut all, mut last) = (Members::new(), BTreeMap::new());
    for _ in 0..500 {
        let id = ids[below(7) as usize];
        if all.remove(id).is_none() {
            let process = processes[below(3) as usize];
            all.insert(id, (process, Assignment::default()));
        }
        if !all.is_empty() {
            last = again(&mut all, &last, &parts, below(3) as usize);
        }
    }
}
