//! Everything at random: counts stay right, nobody waits for ever, and the log says what the group says.

use std::collections::{BTreeMap, BTreeSet};

use super::*;

struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % sides
    }

    fn one_of<'a>(&mut self, ids: &'a [String]) -> &'a str {
        match ids.len() {
            0 => "nobody",
            n => &ids[self.roll(n)],
        }
    }
}

fn check(group: &Group) {
    let members = &group.members;
    let joining = members.values().filter(|m| m.joining.is_some()).count();
    assert_eq!(group.joining, joining);
    let mut supported: BTreeMap<String, usize> = BTreeMap::new();
    for p in members.values().flat_map(|m| &m.protocols) {
        *supported.entry(p.name.clone()).or_default() += 1;
    }
    assert_eq!(group.supported, supported);
    let statics: BTreeMap<_, _> = members
        .iter()
        .filter_map(|(id, m)| Some((m.instance.clone()?, id.clone())))
        .collect();
    assert_eq!(group.statics, statics);
    assert!(
        group
            .syncs_missing
            .iter()
            .all(|id| members.contains_key(id))
    );
    assert!(group.promised.iter().all(|id| !members.contains_key(id)));
    assert!(
        members.is_empty()
            || group
                .leader
                .as_ref()
                .is_some_and(|l| members.contains_key(l))
    );
    assert_eq!(
        group.state == State::Empty,
        members.is_empty() && group.state != State::Preparing
    );
    assert!(group.state != State::Stable || members.values().all(|m| m.syncing.is_none()));
    let waits = members.values().any(|m| m.joining.is_some());
    assert!(!waits || group.state == State::Preparing);
}

/// A stable or empty group is what a replay makes of its log.
fn check_log(bench: &Bench) {
    let Some(live) = bench.groups.groups.get("g").and_then(|g| g.as_classic()) else {
        return;
    };
    if !matches!(live.state, State::Stable | State::Empty) {
        return;
    }
    let replayed = bench.replayed();
    let kept = replayed.groups.get("g").and_then(|g| g.as_classic());
    let kept = kept.expect("the group is in the log");
    assert_eq!((kept.state, kept.generation), (live.state, live.generation));
    assert_eq!(kept.protocol, live.protocol);
    let ids = |group: &Group| -> BTreeSet<_> {
        let each =
            |(id, m): (&String, &super::super::member::Member)| (id.clone(), m.assignment.clone());
        group.members.iter().map(each).collect()
    };
    assert_eq!(ids(kept), ids(live));
}

fn run(seed: u64) {
    let mut dice = Dice(seed);
    let mut bench = Bench::with(&[("group.max.size", "5")]);
    let (mut ids, mut open): (Vec<String>, BTreeSet<Ask>) = (Vec::new(), BTreeSet::new());
    for _ in 0..400 {
        let id = dice.one_of(&ids).to_owned();
        let generation = match bench.groups.groups.get("g").and_then(|g| g.as_classic()) {
            Some(group) if dice.roll(9) > 0 => group.generation,
            _ => dice.roll(4) as i32,
        };
        match dice.roll(12) {
            0..3 => {
                let member = [id.as_str(), ""][dice.roll(2)];
                let instance = ["a", "b"].get(dice.roll(5)).map(|i| i.to_string());
                let names = [&["range", "sticky"][..], &["sticky", "range"], &["sticky"]];
                open.insert(
                    bench.joins(Join {
                        version: dice.roll(10) as i16,
                        instance,
                        rebalance_timeout_ms: 1_000 * (1 + dice.roll(60)) as i32,
                        protocols: names[dice.roll(3)]
                            .iter()
                            .map(|n| protocol(n, b""))
                            .collect(),
                        ..consumer(member)
                    }),
                );
            }
            3..6 => {
                open.insert(bench.syncs(&id, generation, &[(&id, "part")]));
            }
            6 => drop(bench.beats(&id, generation)),
            7 => drop(bench.commits(&id, generation)),
            8 if dice.roll(3) == 0 => drop(bench.leave(&[(&id, None), ("", Some("a"))])),
            9 if dice.roll(20) == 0 => {
                bench.restart();
                open.clear();
            }
            _ => bench.after(dice.roll(6_000) as u64),
        }
        open.retain(|ask| match bench.told(*ask) {
            Some(Answer::Joined(joined)) => {
                ids.push(joined.member_id.into_owned());
                false
            }
            told => told.is_none(),
        });
        if let Some(group) = bench.groups.groups.get("g").and_then(|g| g.as_classic()) {
            check(group);
        }
        check_log(&bench);
    }
    bench.after(30 * 60_000);
    open.retain(|ask| bench.told(*ask).is_none());
    assert_eq!(
        open,
        BTreeSet::new(),
        "seed {seed}: somebody waits for ever"
    );
    assert!(bench.groups.groups.get("g").is_none_or(|g| g.is_empty()));
}

#[test]
fn nobody_waits_for_ever_whatever_comes() {
    (0..60).for_each(run);
}
