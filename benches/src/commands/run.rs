//! `ottla-bench run`: one workload against one broker.

use std::io;
use std::path::{Path, PathBuf};

use clap::Args;

use crate::load::outcome::{Outcome, point};
use crate::load::{self, Setup};
use crate::process::placement::Placement;
use crate::report;
use crate::wire::cluster::resolve;
use crate::workload::{Driver, Workload, payloads};

/// One workload against one broker.
#[derive(Debug, Clone, Args)]
pub struct Run {
    /// Workload file, in OpenMessaging benchmark's notation
    workload: PathBuf,
    /// Any broker of the cluster
    #[arg(long, value_name = "HOST:PORT")]
    broker: String,
    /// The broker's process, on this machine: its CPU, memory and writes are shown, too
    #[arg(long)]
    pid: Option<u32>,
    /// Where to write everything that was measured
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Where to draw latency percentiles, throughput and latency over time, as SVG
    #[arg(long, value_name = "FILE")]
    plot: Option<PathBuf>,
    #[command(flatten)]
    how: How,
    /// No line per second
    #[arg(long)]
    quiet: bool,
}

/// The knobs that are not the workload's.
#[derive(Debug, Clone, Args)]
pub struct How {
    /// Driver file, in OpenMessaging benchmark's notation
    #[arg(long, value_name = "FILE")]
    driver: Option<PathBuf>,
    /// Producer property under Kafka's name, as linger.ms=5; may be repeated
    #[arg(long, short = 'P', value_name = "KEY=VALUE")]
    producer: Vec<String>,
    /// Consumer property under Kafka's name; may be repeated
    #[arg(long, short = 'C', value_name = "KEY=VALUE")]
    consumer: Vec<String>,
    /// Setting of the topics, as flush.messages=1; may be repeated
    #[arg(long, short = 'T', value_name = "KEY=VALUE")]
    topic: Vec<String>,
    /// Key of the workload, as producerRate=1000; may be repeated
    #[arg(long, short = 'W', value_name = "KEY=VALUE")]
    with: Vec<String>,
    /// Seconds of measurement, instead of the file's minutes
    #[arg(long, value_name = "SECONDS")]
    duration: Option<f64>,
    /// Seconds of warm-up, instead of the file's minutes
    #[arg(long, value_name = "SECONDS")]
    warmup: Option<f64>,
    /// Threads for producers and for consumers
    #[arg(long, default_value_t = 1)]
    threads: usize,
}

/// A name that no other run has.
pub fn run_name() -> String {
    let now = std::time::SystemTime::now();
    let since = now.duration_since(std::time::UNIX_EPOCH);
    format!("{:x}", since.map_or(0, |d| d.as_micros()))
}

impl How {
    /// The workload with its changes, against a broker.
    pub fn setup(&self, file: &Path, broker: &str, pid: Option<u32>) -> io::Result<Setup> {
        let mut workload = Workload::read_with(file, &self.with)?;
        if let Some(seconds) = self.duration {
            workload.test_duration_minutes = seconds / 60.0;
        }
        if let Some(seconds) = self.warmup {
            workload.warmup_duration_minutes = seconds / 60.0;
        }
        let driver = self.driver.as_deref();
        let beside = file.parent().unwrap_or(Path::new("."));
        Ok(Setup {
            broker: resolve(broker)?,
            pid,
            driver: Driver::read(driver, &self.producer, &self.consumer, &self.topic)?,
            payloads: payloads(&workload, beside)?,
            workload,
            run: run_name(),
            producer_threads: self.threads,
            consumer_threads: self.threads,
            placement: Placement::Shared,
        })
    }
}

/// Runs, with a line per second (every ten in runs of more than two minutes) unless `quiet`.
pub fn measure(setup: &Setup, quiet: bool) -> io::Result<Outcome> {
    let long = setup.workload.measured() + setup.workload.warmup();
    let every = if long.as_secs() > 120 { 10 } else { 1 };
    let mut seconds = 0;
    load::run(setup, |second, last| {
        seconds += 1;
        if !quiet && seconds % every == 0 {
            eprintln!("{}", report::progress(&point(second, last)));
        }
    })
}

impl Run {
    /// Runs and reports.
    pub fn execute(&self) -> io::Result<()> {
        let setup = self.how.setup(&self.workload, &self.broker, self.pid)?;
        let outcome = measure(&setup, self.quiet)?;
        let name = &setup.workload.name;
        print!("{}", report::summary(name, &outcome));
        if let Some(file) = &self.json {
            let text = serde_json::to_string_pretty(&report::json(name, &outcome))?;
            std::fs::write(file, text)?;
        }
        if let Some(file) = &self.plot {
            std::fs::write(file, report::svg(name, &outcome))?;
        }
        Ok(())
    }
}
