//! Who is measured, and the table of what was found.

use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use super::{Kpi, Stage, Target};
use crate::floor::probe::{beside, flush_ms, probe};
use crate::process::node::Program;
use crate::process::{family_cpu, machine_cpu};

/// A broker in one of its ways.
#[derive(Debug, Clone)]
pub struct Subject {
    /// As the table calls it.
    pub name: &'static str,
    /// What to start.
    pub program: Program,
    /// Settings of its topics.
    pub topic: Vec<String>,
}

impl Subject {
    /// The stage with this broker on it.
    fn on(&self, stage: &Stage) -> Stage {
        Stage {
            program: self.program.clone(),
            topic: self.topic.clone(),
            ..stage.clone()
        }
    }

    /// Ottla, and Kafka in both ways when there is a command that starts it.
    pub fn all(ottla: &Path, kafka: Option<&Path>) -> Vec<Self> {
        let mut all = vec![Self {
            name: "Ottla",
            program: Program::Ottla(ottla.to_owned()),
            topic: Vec::new(),
        }];
        if let Some(script) = kafka {
            for (name, topic) in [("Kafka", None), ("Kafka flush", Some("flush.messages=1"))] {
                all.push(Self {
                    name,
                    program: Program::Kafka(script.to_owned()),
                    topic: topic.into_iter().map(str::to_owned).collect(),
                });
            }
        }
        all
    }
}

/// The least that a KPI measures on any broker before all else. Those that fail are told of and do not count.
fn least(kpi: &Kpi, subjects: &[Subject], stage: &Stage) -> f64 {
    let Some(first) = kpi.first else {
        return f64::NAN;
    };
    let one = |subject: &Subject| {
        eprintln!("{} first: {}", kpi.name, subject.name);
        let told = |e: &io::Error| eprintln!("{} {}: {e}", kpi.name, subject.name);
        first(&subject.on(stage)).inspect_err(told).ok()
    };
    subjects.iter().filter_map(one).fold(f64::NAN, f64::min)
}

/// All that was found so far.
#[derive(Debug, Default)]
pub struct Sheet {
    subjects: Vec<&'static str>,
    rows: Vec<Row>,
}

#[derive(Debug)]
struct Row {
    kpi: &'static str,
    what: &'static str,
    target: Target,
    /// One per subject.
    values: Vec<f64>,
    /// The disk just before, and what else the machine did meanwhile.
    beside: String,
}

fn show(value: f64) -> String {
    match value.abs() {
        _ if value.is_nan() => "-".to_owned(),
        v if v >= 1000.0 => format!("{value:.0}"),
        v if v >= 100.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

impl Target {
    fn show(self) -> String {
        match self {
            Self::AtLeast(t) => format!(">= {}", show(t)),
            Self::AtMost(t) => format!("<= {}", show(t)),
            Self::None => String::new(),
        }
    }

    /// How many times better than the target; below 1 it is missed.
    fn distance(self, value: f64) -> f64 {
        match self {
            Self::AtLeast(t) => value / t,
            Self::AtMost(t) if value <= t => (t / value.max(1e-9)).clamp(1.0, 99.0),
            Self::AtMost(t) => t / value,
            Self::None => f64::NAN,
        }
    }
}

impl Sheet {
    /// For these subjects, in this order.
    pub fn new(subjects: &[Subject]) -> Self {
        Self {
            subjects: subjects.iter().map(|s| s.name).collect(),
            rows: Vec::new(),
        }
    }

    /// Measures one KPI on all subjects. One that fails is told of and has no values.
    pub fn measure(&mut self, kpi: &Kpi, subjects: &[Subject], stage: &Stage) -> io::Result<()> {
        let figures = probe(&stage.folder)?;
        let mut disk = beside(&figures);
        let before = self.rows.len();
        for (what, target) in kpi.measures {
            self.rows.push(Row {
                kpi: kpi.name,
                what,
                target: *target,
                values: Vec::new(),
                beside: String::new(),
            });
        }
        disk.push_str("; cores busy for others:");
        let stage = Stage {
            least: least(kpi, subjects, stage),
            flush_ms: flush_ms(&figures),
            ..stage.clone()
        };
        for subject in subjects {
            eprintln!("{} {}: {}", kpi.name, kpi.about, subject.name);
            let on = subject.on(&stage);
            let others = Others::begin()?;
            let values = (kpi.run)(&on).unwrap_or_else(|e| {
                eprintln!("{} {}: {e}", kpi.name, subject.name);
                vec![f64::NAN; kpi.measures.len()]
            });
            for (row, value) in self.rows[before..].iter_mut().zip(values) {
                row.values.push(value);
            }
            disk.push_str(&format!(" {:.2}", others.end()?));
        }
        for row in &mut self.rows[before..] {
            row.beside.clone_from(&disk);
        }
        Ok(())
    }

    /// The table.
    pub fn table(&self) -> String {
        let mut head: Vec<String> = ["KPI", "target", "Ottla", "times"]
            .map(str::to_owned)
            .into();
        head.extend(self.subjects.iter().skip(1).map(|s| (*s).to_owned()));
        let mut rows = vec![head];
        let mut last = "";
        let mut probes = String::new();
        for row in &self.rows {
            if row.kpi != last {
                probes.push_str(&format!("{}: {}\n", row.kpi, row.beside));
                last = row.kpi;
            }
            let own = row.values.first().copied().unwrap_or(f64::NAN);
            let mut cells = vec![
                format!("{} {}", row.kpi, row.what),
                row.target.show(),
                show(own),
            ];
            let distance = row.target.distance(own);
            cells.push(if distance.is_nan() {
                String::new()
            } else {
                format!("{}{distance:.2}", if distance < 1.0 { "! " } else { "" })
            });
            cells.extend(row.values.iter().skip(1).map(|v| show(*v)));
            rows.push(cells);
        }
        format!(
            "{}\nThe disk before each:\n{probes}",
            crate::report::table(&rows)
        )
    }

    /// The same for programs.
    pub fn json(&self) -> serde_json::Value {
        let row = |r: &Row| {
            let values = self.subjects.iter().zip(&r.values);
            let by_name: serde_json::Map<String, serde_json::Value> = values
                .map(|(s, v)| ((*s).to_owned(), (*v).into()))
                .collect();
            serde_json::json!({
                "kpi": r.kpi, "measure": r.what, "target": r.target.show(), "values": by_name, "probe": r.beside,
            })
        };
        self.rows.iter().map(row).collect()
    }
}

/// Processor time that neither this process nor brokers that it started and ended use.
#[derive(Debug)]
struct Others {
    began: Instant,
    machine: Duration,
    family: Duration,
}

impl Others {
    fn begin() -> io::Result<Self> {
        Ok(Self {
            began: Instant::now(),
            machine: machine_cpu(),
            family: family_cpu()?,
        })
    }

    /// Cores, since the beginning.
    fn end(&self) -> io::Result<f64> {
        let family = family_cpu()?.saturating_sub(self.family);
        let machine = machine_cpu().saturating_sub(self.machine);
        Ok(machine.saturating_sub(family).as_secs_f64() / self.began.elapsed().as_secs_f64())
    }
}

/// Cores that the machine keeps busy for others in the next two seconds: is this a time to measure?
pub fn others_now() -> io::Result<f64> {
    let others = Others::begin()?;
    std::thread::sleep(Duration::from_secs(2));
    others.end()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distance_is_above_one_when_the_target_is_met() {
        assert!((Target::AtLeast(100.0).distance(150.0) - 1.5).abs() < 1e-9);
        assert!((Target::AtMost(10.0).distance(20.0) - 0.5).abs() < 1e-9);
        assert!((Target::AtMost(10.0).distance(5.0) - 2.0).abs() < 1e-9);
        assert!(
            (Target::AtMost(0.0).distance(0.0) - 1.0).abs() < 1e-9,
            "nothing is met by nothing"
        );
        assert!(Target::AtMost(0.0).distance(1.0) < 1.0);
    }

    #[test]
    fn a_missed_target_is_marked() {
        let mut sheet = Sheet {
            subjects: vec!["Ottla", "Kafka"],
            rows: Vec::new(),
        };
        sheet.rows.push(Row {
            kpi: "P1",
            what: "MB/s",
            target: Target::AtLeast(100.0),
            values: vec![50.0, 70.0],
            beside: "disk".to_owned(),
        });
        let table = sheet.table();
        let line = table.lines().nth(1).expect("a row");
        assert_eq!(
            line.split_whitespace().collect::<Vec<_>>(),
            ["P1", "MB/s", ">=", "100.0", "50.00", "!", "0.50", "70.00"]
        );
        assert!(table.ends_with("P1: disk\n"));
    }
}
