//! What a run measured.

use std::collections::BTreeMap;
use std::io;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;

use super::tally::{Counts, histogram};
use crate::process::{Usage, machine_cpu};

/// The counters at the end of a second, and the latencies within it.
#[derive(Debug, Clone)]
pub struct Second {
    /// Seconds since the start.
    pub at: f64,
    /// By all producers since the start.
    pub produced: Counts,
    /// By all consumers since the start.
    pub consumed: Counts,
    /// Of records acknowledged in it, microseconds.
    pub produce: Histogram<u64>,
    /// Of records received in it, microseconds.
    pub end_to_end: Histogram<u64>,
}

/// A point of the series over time.
#[derive(Debug, Clone, Copy, serde::Serialize)]
#[allow(missing_docs)] // names say it
pub struct Point {
    pub at_s: f64,
    pub offered_per_s: f64,
    pub produced_per_s: f64,
    pub produced_mb_s: f64,
    pub consumed_per_s: f64,
    pub consumed_mb_s: f64,
    pub errors: u64,
    pub produce_p50_ms: f64,
    pub produce_p99_ms: f64,
    pub produce_max_ms: f64,
    pub end_to_end_p50_ms: f64,
    pub end_to_end_p99_ms: f64,
}

/// The measured part of a run.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// How long it was.
    pub seconds: f64,
    /// Acknowledged in it.
    pub produced: Counts,
    /// Received in it.
    pub consumed: Counts,
    /// Microseconds from the intended time to the acknowledgement.
    pub produce: Histogram<u64>,
    /// Microseconds from the intended time to the consumer.
    pub end_to_end: Histogram<u64>,
    /// Second by second.
    pub series: Vec<Point>,
    /// What the generator used.
    pub own: Usage,
    /// What the broker used.
    pub broker: Option<Usage>,
    /// Cores that other processes kept busy.
    pub others: f64,
    /// Errors, and how many records they cost; warm-up counted.
    pub complaints: BTreeMap<String, u64>,
    began: Instant,
    machine: Duration,
}

fn broker_usage(pid: Option<u32>) -> io::Result<Option<Usage>> {
    pid.map(Usage::of).transpose()
}

/// A quantile in milliseconds; 0 when nothing was recorded.
pub fn quantile_ms(histogram: &Histogram<u64>, q: f64) -> f64 {
    if histogram.is_empty() {
        return 0.0;
    }
    histogram.value_at_quantile(q) as f64 / 1e3
}

/// What came between two ends of seconds.
pub fn point(now: &Second, last: &Second) -> Point {
    let length = (now.at - last.at).max(1e-9);
    let (p, c) = (
        now.produced.since(last.produced),
        now.consumed.since(last.consumed),
    );
    let per_s = |n: u64| n as f64 / length;
    Point {
        at_s: now.at,
        offered_per_s: per_s(p.offered),
        produced_per_s: per_s(p.records),
        produced_mb_s: per_s(p.value_bytes) / 1e6,
        consumed_per_s: per_s(c.records),
        consumed_mb_s: per_s(c.value_bytes) / 1e6,
        errors: p.errors + c.errors,
        produce_p50_ms: quantile_ms(&now.produce, 0.5),
        produce_p99_ms: quantile_ms(&now.produce, 0.99),
        produce_max_ms: quantile_ms(&now.produce, 1.0),
        end_to_end_p50_ms: quantile_ms(&now.end_to_end, 0.5),
        end_to_end_p99_ms: quantile_ms(&now.end_to_end, 0.99),
    }
}

impl Outcome {
    /// Measures from now on.
    pub fn begin(at: &Second, pid: Option<u32>) -> io::Result<Self> {
        Ok(Self {
            seconds: at.at,
            produced: at.produced,
            consumed: at.consumed,
            produce: histogram(),
            end_to_end: histogram(),
            series: Vec::new(),
            own: Usage::own()?,
            broker: broker_usage(pid)?,
            others: 0.0,
            complaints: BTreeMap::new(),
            began: Instant::now(),
            machine: machine_cpu(),
        })
    }

    /// A second is over.
    pub fn add(&mut self, second: &Second, last: &Second) {
        self.produce += &second.produce;
        self.end_to_end += &second.end_to_end;
        self.series.push(point(second, last));
    }

    /// The last second is over.
    pub fn end(&mut self, last: &Second, pid: Option<u32>) -> io::Result<()> {
        self.own = Usage::own()?.since(&self.own);
        self.broker = match (broker_usage(pid)?, self.broker) {
            (Some(after), Some(before)) => Some(after.since(&before)),
            _ => None,
        };
        self.seconds = last.at - self.seconds;
        self.produced = last.produced.since(self.produced);
        self.consumed = last.consumed.since(self.consumed);
        let ours = self.own.cpu() + self.broker.map_or(Duration::ZERO, |b| b.cpu());
        let all = machine_cpu().saturating_sub(self.machine);
        let wall = self.began.elapsed().as_secs_f64();
        self.others = all.saturating_sub(ours).as_secs_f64() / wall;
        Ok(())
    }

    /// Acknowledged bytes of values, MB/s.
    pub fn produced_mb_s(&self) -> f64 {
        self.produced.value_bytes as f64 / 1e6 / self.seconds
    }

    /// Received bytes of values, MB/s.
    pub fn consumed_mb_s(&self) -> f64 {
        self.consumed.value_bytes as f64 / 1e6 / self.seconds
    }

    /// The broker's processor seconds per GB of values acknowledged.
    pub fn cpu_per_gb_in(&self) -> Option<f64> {
        self.per(self.produced.value_bytes, 1e9)
    }

    /// The broker's processor seconds per GB of values received by consumers.
    pub fn cpu_per_gb_out(&self) -> Option<f64> {
        self.per(self.consumed.value_bytes, 1e9)
    }

    /// The broker's processor seconds per `unit` of `count`.
    pub fn per(&self, count: u64, unit: f64) -> Option<f64> {
        let cpu = self.broker?.cpu().as_secs_f64();
        (count > 0).then(|| cpu / (count as f64 / unit))
    }

    /// Bytes that the broker had written to devices per byte of batches acknowledged.
    pub fn amplification(&self) -> Option<f64> {
        let (written, acked) = (self.broker?.written, self.produced.batch_bytes);
        (acked > 0).then(|| written as f64 / acked as f64)
    }
}
