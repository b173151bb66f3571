//! Lines and tables of text.

use std::fmt::Write;

use super::QUANTILES;
use crate::load::outcome::{Outcome, Point, quantile_ms};

/// Columns as wide as their widest cell; the first is left-aligned, the others right.
pub fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |at: usize| {
        let cells = rows.iter().filter_map(|r| r.get(at));
        cells.map(|c| c.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut out = String::new();
    for row in rows {
        let mut line = String::new();
        for (at, (cell, width)) in row.iter().zip(&widths).enumerate() {
            let pad = " ".repeat(width - cell.chars().count());
            if at == 0 {
                line.push_str(&format!("{cell}{pad}"));
            } else {
                line.push_str(&format!("  {pad}{cell}"));
            }
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

/// One second in one line.
pub fn progress(p: &Point) -> String {
    let mut line = format!(
        "{:6.0} s  in {:9.0}/s {:7.1} MB/s  p50 {:.2} p99 {:.2} max {:.2} ms",
        p.at_s,
        p.produced_per_s,
        p.produced_mb_s,
        p.produce_p50_ms,
        p.produce_p99_ms,
        p.produce_max_ms
    );
    if p.consumed_per_s > 0.0 {
        line.push_str(&format!(
            "  out {:9.0}/s {:7.1} MB/s  p50 {:.2} p99 {:.2} ms",
            p.consumed_per_s, p.consumed_mb_s, p.end_to_end_p50_ms, p.end_to_end_p99_ms
        ));
    }
    if p.errors > 0 {
        line.push_str(&format!("  ERRORS {}", p.errors));
    }
    line
}

fn latency_table(outcome: &Outcome) -> String {
    let mut head = vec!["ms".to_owned(), "mean".to_owned()];
    head.extend(QUANTILES.iter().map(|(name, _)| (*name).to_owned()));
    let mut rows = vec![head];
    for (name, histogram) in [
        ("produce", &outcome.produce),
        ("end to end", &outcome.end_to_end),
    ] {
        if !histogram.is_empty() {
            let mut row = vec![name.to_owned(), format!("{:.3}", histogram.mean() / 1e3)];
            let values = QUANTILES.iter().map(|(_, q)| quantile_ms(histogram, *q));
            row.extend(values.map(|ms| format!("{ms:.3}")));
            rows.push(row);
        }
    }
    table(&rows)
}

/// Everything a run measured, readable.
pub fn summary(name: &str, o: &Outcome) -> String {
    let mut out = format!("{name}: {:.0} s measured\n", o.seconds);
    let (p, c) = (&o.produced, &o.consumed);
    let per_s = |n: u64| n as f64 / o.seconds;
    let mut say = |line: String| {
        let _ = writeln!(out, "{line}"); // a String takes everything
    };
    say(format!(
        "in   {:.1} MB/s, {:.0} records/s (asked {:.0}), {:.0} batches/s, {:.0} requests/s",
        o.produced_mb_s(),
        per_s(p.records),
        per_s(p.offered),
        per_s(p.batches),
        per_s(p.requests)
    ));
    if c.records > 0 {
        say(format!(
            "out  {:.1} MB/s, {:.0} records/s, {:.0} requests/s",
            o.consumed_mb_s(),
            per_s(c.records),
            per_s(c.requests)
        ));
    }
    say(latency_table(o).trim_end().to_owned());
    if let Some(b) = &o.broker {
        let show = |v: Option<f64>| v.map_or_else(|| "-".to_owned(), |v| format!("{v:.2}"));
        say(format!(
            "broker     {:.2} cores ({:.0} % user), CPU s per GB in {} out {}, us per request {}, per batch {}",
            b.cpu().as_secs_f64() / o.seconds,
            100.0 * b.user.as_secs_f64() / b.cpu().as_secs_f64().max(1e-9),
            show(o.cpu_per_gb_in()),
            show(o.cpu_per_gb_out()),
            show(o.per(p.requests, 1e6)),
            show(o.per(p.batches, 1e6)),
        ));
        say(format!(
            "           {:.0} MB resident (peak {:.0}), {} device bytes per byte acked, {:.0} + {:.0} context switches/s (voluntary + forced)",
            b.resident as f64 / 1e6,
            b.resident_peak as f64 / 1e6,
            show(o.amplification()),
            per_s(b.switches_voluntary),
            per_s(b.switches_forced)
        ));
    }
    say(format!(
        "generator  {:.2} cores; all other processes {:.2} cores",
        o.own.cpu().as_secs_f64() / o.seconds,
        o.others
    ));
    for (what, n) in &o.complaints {
        say(format!("{n} records refused: {what}"));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up() {
        let rows = [["a", "bb"], ["ccc", "d"]].map(|r| r.map(str::to_owned).to_vec());
        assert_eq!(table(&rows), "a    bb\nccc   d\n");
    }
}
