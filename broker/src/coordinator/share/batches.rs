//! What became of deliveries, as ranges of offsets.

use std::collections::BTreeMap;

/// Offsets that share a delivery state, by Kafka's numbers: 0 available, 2 acknowledged, 4 archived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Batch {
    /// The first.
    pub first: i64,
    /// The last.
    pub last: i64,
    /// The state.
    pub state: i8,
    /// How often they were delivered.
    pub count: i16,
}

impl Batch {
    fn rank(&self) -> (i16, i8) {
        (self.count, self.state)
    }
}

/// What is known after `new` has come: disjoint, in order, nothing below `start`, neighbours that are alike made one. Where both
/// speak of an offset, the one that was delivered more often, or else got further, is right: writes may come late.
pub fn combine(old: &[Batch], new: &[Batch], start: i64) -> Vec<Batch> {
    let mut runs = BTreeMap::new();
    for batch in old.iter().chain(new) {
        overlay(&mut runs, *batch);
    }
    let mut combined: Vec<Batch> = Vec::with_capacity(runs.len());
    for mut run in runs.into_values().filter(|run| run.last >= start) {
        run.first = run.first.max(start);
        match combined.last_mut() {
            Some(last) if last.last + 1 == run.first && last.rank() == run.rank() => {
                last.last = run.last;
            }
            _ => combined.push(run),
        }
    }
    combined
}

fn overlay(runs: &mut BTreeMap<i64, Batch>, new: Batch) {
    cut(runs, new.first);
    cut(runs, new.last.saturating_add(1));
    let inside: Vec<Batch> = runs.range(new.first..=new.last).map(|(_, b)| *b).collect();
    let mut from = new.first;
    for old in inside {
        if from < old.first {
            let gap = Batch {
                first: from,
                last: old.first - 1,
                ..new
            };
            runs.insert(from, gap);
        }
        if old.rank() <= new.rank() {
            let replaced = Batch {
                first: old.first,
                last: old.last,
                ..new
            };
            runs.insert(old.first, replaced);
        }
        from = old.last.saturating_add(1);
    }
    if from <= new.last {
        runs.insert(from, Batch { first: from, ..new });
    }
}

/// Lets a run begin at `at`, if one lies there.
fn cut(runs: &mut BTreeMap<i64, Batch>, at: i64) {
    let Some((_, run)) = runs.range_mut(..at).next_back() else {
        return;
    };
    if run.last >= at {
        let rest = Batch { first: at, ..*run };
        run.last = at - 1;
        runs.insert(at, rest);
    }
}
