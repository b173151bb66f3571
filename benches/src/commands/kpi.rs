//! `ottla-bench kpi`: the figures that Ottla is held to, beside Apache Kafka's.

use std::io;
use std::path::{Path, PathBuf};

use clap::Args;

use super::run::run_name;
use crate::kpi::{ALL, Kpi, Sheet, Stage, Subject, others_now};
use crate::process::placement::{Placement, open_many_files};

/// More than this many cores busy for others, and figures are worth little.
const OTHERS_MAX: f64 = 0.1;

/// Who is measured, where.
#[derive(Debug, Clone, Args)]
pub struct Brokers {
    /// The binary `ottla` [default: the one beside this program]
    #[arg(long, value_name = "FILE")]
    ottla: Option<PathBuf>,
    /// A command that takes `fg FOLDER PORT [KEY=VALUE ...]` and becomes an Apache Kafka, as conformance/kafka/kafka
    #[arg(long, value_name = "COMMAND", env = "OTTLA_BENCH_KAFKA")]
    kafka: Option<PathBuf>,
    /// Where the brokers' folders are made
    #[arg(long, value_name = "FOLDER", env = "BENCH_DIR")]
    folder: Option<PathBuf>,
    /// Seconds of load before a JVM is measured
    #[arg(long, default_value_t = 30.0)]
    jvm_warmup: f64,
    /// Who runs on which cores [default: all share all, but split for the latency at half load of P2]
    #[arg(long)]
    placement: Option<Placement>,
}

/// A folder that goes when it is done with.
#[derive(Debug)]
pub struct Scratch(pub PathBuf);

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0); // what is left is in the temporary folder
    }
}

impl Brokers {
    /// Those that can be had; says so when Kafka cannot.
    pub fn subjects(&self) -> io::Result<Vec<Subject>> {
        let beside = std::env::current_exe()?.with_file_name("ottla");
        let ottla = self.ottla.as_deref().unwrap_or(&beside);
        if !ottla.is_file() {
            return Err(io::Error::other(format!(
                "{}: no such binary",
                ottla.display()
            )));
        }
        let kafka = self.kafka.as_deref().filter(|k| k.is_file());
        if kafka.is_none() {
            eprintln!("Apache Kafka cannot be had (--kafka COMMAND): going on without it");
        }
        Ok(Subject::all(ottla, kafka))
    }

    /// A new folder, and a stage on it.
    pub fn stage(&self, program: &Subject) -> io::Result<(Stage, Scratch)> {
        open_many_files()?;
        let parent = self.folder.clone().unwrap_or_else(std::env::temp_dir);
        let folder = parent.join(format!("ottla-bench-{}", run_name()));
        std::fs::create_dir_all(&folder)?;
        let stage = Stage {
            program: program.program.clone(),
            topic: Vec::new(),
            folder: folder.clone(),
            seconds: 20.0,
            jvm_warmup: self.jvm_warmup,
            backlog_gb: 10.0,
            soak: 1800.0,
            placement: self.placement,
            least: f64::NAN,
            flush_ms: f64::NAN,
        };
        Ok((stage, Scratch(folder)))
    }
}

/// The figures that Ottla is held to, beside Apache Kafka's.
#[derive(Debug, Clone, Args)]
pub struct Kpis {
    /// Which, as P1 P6 [default: all but the soak, P15]
    names: Vec<String>,
    #[command(flatten)]
    brokers: Brokers,
    /// Seconds of each measurement
    #[arg(long, default_value_t = 20.0)]
    seconds: f64,
    /// GB of P7's backlog
    #[arg(long, default_value_t = 10.0)]
    backlog_gb: f64,
    /// Seconds of P15's soak
    #[arg(long, default_value_t = 1800.0)]
    soak: f64,
    /// Where to write the table for programs
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Kafka with flush.messages=1 is left out
    #[arg(long)]
    no_flush: bool,
}

fn chosen(names: &[String]) -> io::Result<Vec<&'static Kpi>> {
    if names.is_empty() {
        return Ok(ALL.iter().filter(|k| k.name != "P15").collect());
    }
    let find = |name: &String| {
        let known = ALL.iter().find(|k| k.name.eq_ignore_ascii_case(name));
        known.ok_or_else(|| io::Error::other(format!("{name}: no such KPI")))
    };
    names.iter().map(find).collect()
}

impl Kpis {
    /// Measures and prints the table, also after each KPI to the error stream.
    pub fn execute(&self) -> io::Result<()> {
        let kpis = chosen(&self.names)?;
        let mut subjects = self.brokers.subjects()?;
        if self.no_flush {
            subjects.truncate(2);
        }
        let (stage, _scratch) = self.brokers.stage(&subjects[0])?;
        let stage = Stage {
            seconds: self.seconds,
            backlog_gb: self.backlog_gb,
            soak: self.soak,
            ..stage
        };
        let others = others_now()?;
        if others > OTHERS_MAX {
            println!("The machine is not idle: others keep {others:.2} cores busy.");
        }
        let mut sheet = Sheet::new(&subjects);
        for kpi in kpis {
            sheet.measure(kpi, &subjects, &stage)?;
            self.write(&sheet)?;
        }
        println!("{}", sheet.table());
        println!(
            "Others kept {:.2} cores busy before, {:.2} after.",
            others,
            others_now()?
        );
        Ok(())
    }

    fn write(&self, sheet: &Sheet) -> io::Result<()> {
        let write = |file: &Path| {
            let text = serde_json::to_string_pretty(&sheet.json())?;
            std::fs::write(file, text)
        };
        self.json.as_deref().map_or(Ok(()), write)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kpis_are_chosen_by_name() {
        let names =
            |names: &[&str]| chosen(&names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>());
        let found = names(&["p6", "P1"]).expect("both");
        assert_eq!(
            found.iter().map(|k| k.name).collect::<Vec<_>>(),
            ["P6", "P1"]
        );
        assert!(names(&["P99"]).is_err());
        assert_eq!(names(&[]).expect("all").len(), ALL.len() - 1);
    }
}
