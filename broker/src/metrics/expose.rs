//! The Prometheus text format, version 0.0.4.

use std::fmt::Write;

use super::{Distribution, FAMILIES, Kind, Labels, Snapshot, Value};

/// What the answer's `Content-Type` must say.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// `snapshot` as text: every family with help and type, families without a reading left out.
pub fn render(snapshot: &Snapshot) -> String {
    let mut out = String::with_capacity(16 * 1024);
    for family in FAMILIES {
        let mut series = snapshot
            .series
            .iter()
            .filter(|((name, _), _)| *name == family.name)
            .peekable();
        if series.peek().is_none() {
            continue;
        }
        let kind = match family.kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram => "histogram",
        };
        let _ = writeln!(out, "# HELP {} {}", family.name, family.help.trim());
        let _ = writeln!(out, "# TYPE {} {kind}", family.name);
        for ((name, labels), value) in series {
            match value {
                Value::Number(n) => {
                    let _ = writeln!(out, "{name}{labels} {n}");
                }
                Value::Durations(seen) => durations(&mut out, name, labels, seen),
            }
        }
    }
    out
}

fn durations(out: &mut String, name: &str, labels: &Labels, seen: &Distribution) {
    let at = |bound: &dyn std::fmt::Display| labels.clone().and("le", bound);
    for (bound, count) in seen.cumulative() {
        let _ = writeln!(out, "{name}_bucket{} {count}", at(&bound));
    }
    let _ = writeln!(out, "{name}_bucket{} {}", at(&"+Inf"), seen.count());
    let _ = writeln!(out, "{name}_sum{labels} {}", seen.sum_seconds());
    let _ = writeln!(out, "{name}_count{labels} {}", seen.count());
}
