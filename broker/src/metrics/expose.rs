//! The Prometheus text format, version 0.0.4.

use std::fmt::Write;

use super::{Distribution, FAMILIES, Kind, Snapshot, Value};

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
        for ((name, api), value) in series {
            match value {
                Value::Number(n) => {
                    let labels = api
                        .map(|api| format!("{{api=\"{api}\"}}"))
                        .unwrap_or_default();
                    let _ = writeln!(out, "{name}{labels} {n}");
                }
                Value::Durations(seen) => durations(&mut out, name, *api, seen),
            }
        }
    }
    out
}

fn durations(out: &mut String, name: &str, api: Option<&str>, seen: &Distribution) {
    let (inside, labels) = match api {
        Some(api) => (format!("api=\"{api}\","), format!("{{api=\"{api}\"}}")),
        None => (String::new(), String::new()),
    };
    for (bound, count) in seen.cumulative() {
        let _ = writeln!(out, "{name}_bucket{{{inside}le=\"{bound}\"}} {count}");
    }
    let _ = writeln!(out, "{name}_bucket{{{inside}le=\"+Inf\"}} {}", seen.count());
    let _ = writeln!(out, "{name}_sum{labels} {}", seen.sum_seconds());
    let _ = writeln!(out, "{name}_count{labels} {}", seen.count());
}
