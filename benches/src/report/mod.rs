//! Figures for people, programs and eyes.

mod plot;
mod table;

pub use plot::svg;
pub use table::{progress, summary, table};

use serde_json::{Value, json};

use crate::load::outcome::{Outcome, quantile_ms};
use crate::process::Usage;
use hdrhistogram::Histogram;

/// The quantiles that are shown.
pub const QUANTILES: [(&str, f64); 8] = [
    ("p50", 0.5),
    ("p75", 0.75),
    ("p90", 0.9),
    ("p95", 0.95),
    ("p99", 0.99),
    ("p99.9", 0.999),
    ("p99.99", 0.9999),
    ("max", 1.0),
];

fn latencies(histogram: &Histogram<u64>) -> Value {
    let quantiles = QUANTILES.iter();
    let mut all: serde_json::Map<String, Value> = quantiles
        .map(|(name, q)| ((*name).to_owned(), json!(quantile_ms(histogram, *q))))
        .collect();
    all.insert("mean".to_owned(), json!(histogram.mean() / 1e3));
    all.insert("count".to_owned(), json!(histogram.len()));
    Value::Object(all)
}

fn usage(usage: &Usage) -> Value {
    json!({
        "user_s": usage.user.as_secs_f64(),
        "system_s": usage.system.as_secs_f64(),
        "resident_bytes": usage.resident,
        "resident_peak_bytes": usage.resident_peak,
        "written_bytes": usage.written,
        "read_bytes": usage.read,
        "switches_voluntary": usage.switches_voluntary,
        "switches_forced": usage.switches_forced,
    })
}

/// Everything a run measured.
pub fn json(name: &str, outcome: &Outcome) -> Value {
    let counts = |c: &crate::load::tally::Counts| {
        json!({
            "offered": c.offered, "records": c.records, "value_bytes": c.value_bytes, "batch_bytes": c.batch_bytes,
            "batches": c.batches, "requests": c.requests, "errors": c.errors,
        })
    };
    json!({
        "workload": name,
        "seconds": outcome.seconds,
        "produced": counts(&outcome.produced),
        "consumed": counts(&outcome.consumed),
        "produced_mb_s": outcome.produced_mb_s(),
        "consumed_mb_s": outcome.consumed_mb_s(),
        "produce_ms": latencies(&outcome.produce),
        "end_to_end_ms": latencies(&outcome.end_to_end),
        "generator": usage(&outcome.own),
        "broker": outcome.broker.as_ref().map(usage),
        "broker_cpu_s_per_gb_in": outcome.cpu_per_gb_in(),
        "broker_cpu_s_per_gb_out": outcome.cpu_per_gb_out(),
        "device_bytes_per_byte_acked": outcome.amplification(),
        "other_processes_cores": outcome.others,
        "complaints": outcome.complaints,
        "series": outcome.series,
    })
}
