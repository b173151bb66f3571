//! `ottla-bench versus`: one workload on Ottla and Apache Kafka in turn, on the same disk.

use std::io;
use std::path::PathBuf;

use clap::Args;

use super::kpi::Brokers;
use super::run::{How, measure};
use crate::floor::probe::{beside, probe};
use crate::kpi::{Stage, Subject, others_now};
use crate::load::outcome::{Outcome, quantile_ms};
use crate::process::node::Node;
use crate::report::table;

/// One workload on Ottla and Apache Kafka in turn, there and back (A B B A), on the same disk.
#[derive(Debug, Clone, Args)]
pub struct Versus {
    /// Workload file, in OpenMessaging benchmark's notation
    workload: PathBuf,
    #[command(flatten)]
    brokers: Brokers,
    #[command(flatten)]
    how: How,
    /// How often there and back; each gives two pairs
    #[arg(long, default_value_t = 1)]
    rounds: usize,
    /// Where to write all figures
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

type Measure = (&'static str, fn(&Outcome) -> f64);

const MEASURES: &[Measure] = &[
    ("MB/s in", Outcome::produced_mb_s),
    ("MB/s out", Outcome::consumed_mb_s),
    ("produce p50 ms", |o| quantile_ms(&o.produce, 0.5)),
    ("produce p99 ms", |o| quantile_ms(&o.produce, 0.99)),
    ("produce p99.9 ms", |o| quantile_ms(&o.produce, 0.999)),
    ("end to end p99 ms", |o| quantile_ms(&o.end_to_end, 0.99)),
    ("CPU s per GB in", |o| o.cpu_per_gb_in().unwrap_or(f64::NAN)),
    ("device bytes per byte", |o| {
        o.amplification().unwrap_or(f64::NAN)
    }),
    ("cores busy for others", |o| o.others),
];

/// Middle, smallest and largest.
fn spread(values: &[f64]) -> Option<(f64, f64, f64)> {
    let mut sorted: Vec<f64> = values.iter().copied().filter(|v| v.is_finite()).collect();
    sorted.sort_by(f64::total_cmp);
    let (first, last) = (*sorted.first()?, *sorted.last()?);
    let middle = sorted.len() / 2;
    let median = if sorted.len() % 2 == 1 {
        sorted[middle]
    } else {
        (sorted[middle - 1] + sorted[middle]) / 2.0
    };
    Some((median, first, last))
}

fn show(values: &[f64]) -> String {
    spread(values).map_or_else(
        || "-".to_owned(),
        |(median, least, most)| format!("{median:.2} ({least:.2}..{most:.2})"),
    )
}

/// The measures of each subject's runs: `runs[subject]` in order of time. Ratios are of runs of one way there or back.
fn compare(names: &[&str], runs: &[Vec<Vec<f64>>]) -> String {
    let mut head = vec!["median (least..most)".to_owned()];
    head.extend(names.iter().map(|n| (*n).to_owned()));
    head.extend(names.iter().skip(1).map(|n| format!("{} / {n}", names[0])));
    let mut rows = vec![head];
    for (at, (what, _)) in MEASURES.iter().enumerate() {
        let of = |subject: &Vec<Vec<f64>>| subject.iter().map(|run| run[at]).collect::<Vec<_>>();
        let mut row = vec![(*what).to_owned()];
        row.extend(runs.iter().map(|subject| show(&of(subject))));
        let own = of(&runs[0]);
        for other in &runs[1..] {
            let pairs: Vec<f64> = own.iter().zip(of(other)).map(|(a, b)| a / b).collect();
            row.push(show(&pairs));
        }
        rows.push(row);
    }
    table(&rows)
}

impl Versus {
    /// Runs all and prints medians, ratios and their spread.
    pub fn execute(&self) -> io::Result<()> {
        let subjects = self.brokers.subjects()?;
        let (stage, scratch) = self.brokers.stage(&subjects[0])?;
        println!(
            "{}; others keep {:.2} cores busy",
            beside(&probe(&scratch.0)?),
            others_now()?
        );
        let mut runs: Vec<Vec<Vec<f64>>> = vec![Vec::new(); subjects.len()];
        for _ in 0..self.rounds.max(1) {
            let there = 0..subjects.len();
            for at in there.clone().chain(there.rev()) {
                let outcome = self.one(&subjects[at], &stage)?;
                let values: Vec<f64> = MEASURES.iter().map(|(_, f)| f(&outcome)).collect();
                eprintln!(
                    "{}: {:.1} MB/s, p99 {:.2} ms",
                    subjects[at].name, values[0], values[3]
                );
                runs[at].push(values);
            }
        }
        let names: Vec<&str> = subjects.iter().map(|s| s.name).collect();
        print!("{}", compare(&names, &runs));
        println!(
            "{}; others keep {:.2} cores busy",
            beside(&probe(&scratch.0)?),
            others_now()?
        );
        if let Some(file) = &self.json {
            let measures: Vec<&str> = MEASURES.iter().map(|m| m.0).collect();
            let all = serde_json::json!({"subjects": names, "measures": measures, "runs": runs});
            std::fs::write(file, serde_json::to_string_pretty(&all)?)?;
        }
        Ok(())
    }

    fn one(&self, subject: &Subject, stage: &Stage) -> io::Result<Outcome> {
        let (placement, warmup) = (stage.placement.unwrap_or_default(), stage.jvm_warmup);
        let node = Node::fresh(&subject.program, &stage.folder, &[], placement)?;
        let broker = node.address().to_string();
        let mut setup = self.how.setup(&self.workload, &broker, node.pid())?;
        setup.placement = placement;
        let topic = subject.topic.iter().filter_map(|t| t.split_once('='));
        setup
            .driver
            .topic
            .extend(topic.map(|(k, v)| (k.to_owned(), v.to_owned())));
        if node.is_jvm() && warmup > 0.0 {
            let mut warm = setup.clone();
            warm.run.push_str("-warm");
            warm.workload.test_duration_minutes = warmup / 60.0;
            measure(&warm, true)?;
        }
        measure(&setup, true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_and_pairwise_ratios() {
        let run = |v: f64| vec![v; MEASURES.len()];
        let runs = [vec![run(10.0), run(20.0)], vec![run(5.0), run(40.0)]];
        let text = compare(&["A", "B"], &runs);
        let line = text.lines().nth(1).expect("a row");
        assert!(line.contains("15.00 (10.00..20.00)"), "{line}");
        assert!(line.ends_with("1.25 (0.50..2.00)"), "{line}");
    }

    #[test]
    fn nothing_is_no_figure() {
        assert_eq!(show(&[f64::NAN]), "-");
        assert_eq!(show(&[3.0, 1.0, 2.0]), "2.00 (1.00..3.00)");
    }
}
