//! What many seeds came to.

use std::collections::BTreeMap;
use std::fmt;
use std::time::{Duration, Instant};

use super::ledger::Counts;
use super::seed::Outcome;

/// Sums and findings.
pub struct Report {
    began: Instant,
    seeds: u64,
    time: Duration,
    steps: u64,
    starts: u64,
    refused: u64,
    counts: Counts,
    faults: BTreeMap<&'static str, u64>,
    findings: Vec<(u64, String)>,
    differing: u64,
    /// How long each seed took, and which it was.
    took: Vec<(Duration, u64)>,
}

impl Report {
    /// Nothing yet.
    pub fn new(began: Instant) -> Self {
        Self {
            began,
            seeds: 0,
            time: Duration::ZERO,
            steps: 0,
            starts: 0,
            refused: 0,
            counts: Counts::default(),
            faults: BTreeMap::new(),
            findings: Vec::new(),
            differing: 0,
            took: Vec::new(),
        }
    }

    /// Adds a seed; a finding is printed at once.
    pub fn add(&mut self, seed: u64, outcome: &Outcome, differs: bool, took: Duration) {
        self.took.push((took, seed));
        self.seeds += 1;
        self.time += outcome.time;
        self.steps += outcome.steps;
        self.starts += outcome.starts;
        self.refused += u64::from(outcome.refused);
        self.counts.add(&outcome.counts);
        for (kind, many) in &outcome.faults {
            *self.faults.entry(kind).or_default() += many;
        }
        if differs {
            self.differing += 1;
            println!("seed {seed}: two runs differ");
        }
        if let Some(what) = &outcome.violation {
            println!("seed {seed}: {what}");
            println!(
                "    trace {:016x}; replay: sim --seed {seed} --trace",
                outcome.trace
            );
            self.findings.push((seed, what.clone()));
        }
    }

    /// No finding, no difference.
    pub fn is_clean(&self) -> bool {
        self.findings.is_empty() && self.differing == 0
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let took = self.began.elapsed().as_secs_f64();
        writeln!(
            f,
            "{} seeds in {took:.1} s: {:.1} seeds/s, {:.0} s of virtual time, {} steps, {} starts of the broker",
            self.seeds,
            self.seeds as f64 / took,
            self.time.as_secs_f64(),
            self.steps,
            self.starts
        )?;
        let mut times = self.took.clone();
        times.sort_unstable();
        let rank = |hundredths: usize| times.get(times.len() * hundredths / 100);
        if let (Some(median), Some(slow), Some(slowest)) = (rank(50), rank(99), times.last()) {
            writeln!(
                f,
                "a seed took {:.0?} in the median; one in a hundred {:.0?} and more; seed {} took {:.1?}",
                median.0, slow.0, slowest.1, slowest.0
            )?;
        }
        let c = &self.counts;
        writeln!(
            f,
            "{} batches acknowledged, {} sent again, {} records read, {} topics made, {} deleted, {} log starts moved, {} other answers, {} refusals for the disk, {} transactions committed",
            c.acked,
            c.resent,
            c.read,
            c.created,
            c.deleted,
            c.start_moves,
            c.asked,
            c.storage_errors,
            c.committed
        )?;
        let faults: Vec<String> = self
            .faults
            .iter()
            .map(|(kind, many)| format!("{kind} {many}"))
            .collect();
        writeln!(f, "faults: {}", faults.join(", "))?;
        writeln!(
            f,
            "the broker refused a damaged disk to the end in {} seeds",
            self.refused
        )?;
        write!(
            f,
            "{} findings, {} differing traces",
            self.findings.len(),
            self.differing
        )
    }
}
