//! Pictures of a run: latency by percentile, and what happened over time.

use std::fmt::Write;

use crate::load::outcome::{Outcome, quantile_ms};

const WIDTH: f64 = 860.0;
const HEIGHT: f64 = 260.0;
const LEFT: f64 = 70.0;
const TOP: f64 = 40.0;
const COLOURS: [&str; 3] = ["#1f6feb", "#d29922", "#cf222e"];

/// A line of a chart.
struct Line {
    name: &'static str,
    points: Vec<(f64, f64)>,
}

/// An axis: how a value becomes a share of its length, and its marks.
struct Axis {
    first: f64,
    last: f64,
    logarithmic: bool,
    marks: Vec<(f64, String)>,
}

impl Axis {
    fn place(&self, value: f64) -> f64 {
        let scale = |v: f64| {
            if self.logarithmic {
                v.max(1e-6).ln()
            } else {
                v
            }
        };
        let (first, last) = (scale(self.first), scale(self.last));
        ((scale(value) - first) / (last - first).max(1e-9)).clamp(0.0, 1.0)
    }

    /// From 0 to a round number.
    fn linear(most: f64) -> Self {
        let step = 10f64.powf(most.max(1e-9).log10().floor());
        let step = [step / 5.0, step / 2.0, step]
            .into_iter()
            .find(|s| most / s <= 6.0)
            .unwrap_or(2.0 * step);
        let count = (most / step).ceil().max(1.0);
        let mark = |n: u32| (f64::from(n) * step, short(f64::from(n) * step));
        Self {
            first: 0.0,
            last: count * step,
            logarithmic: false,
            marks: (0..=count as u32).map(mark).collect(),
        }
    }

    /// Powers of ten around the values.
    fn powers(least: f64, most: f64) -> Self {
        let (low, high) = (
            least.max(1e-3).log10().floor() as i32,
            most.max(1e-2).log10().ceil() as i32,
        );
        let mark = |n: i32| (10f64.powi(n), short(10f64.powi(n)));
        Self {
            first: 10f64.powi(low),
            last: 10f64.powi(high.max(low + 1)),
            logarithmic: true,
            marks: (low..=high.max(low + 1)).map(mark).collect(),
        }
    }
}

fn short(value: f64) -> String {
    let text = format!("{value:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn chart(out: &mut String, number: usize, title: &str, x: &Axis, y: &Axis, lines: &[Line]) {
    let top = TOP + number as f64 * (HEIGHT + 90.0);
    let at = |px: f64, py: f64| {
        (
            LEFT + x.place(px) * WIDTH,
            top + (1.0 - y.place(py)) * HEIGHT,
        )
    };
    let mut put = |text: String| {
        let _ = writeln!(out, "{text}"); // a String takes everything
    };
    put(format!(
        "<text x='{LEFT}' y='{:.0}' font-weight='bold'>{title}</text>",
        top - 14.0
    ));
    for (value, name) in &y.marks {
        let (_, py) = at(x.first, *value);
        let right = LEFT + WIDTH;
        put(format!(
            "<line x1='{LEFT}' x2='{right}' y1='{py:.1}' y2='{py:.1}' stroke='#ddd'/>"
        ));
        put(format!(
            "<text x='{:.0}' y='{:.1}' text-anchor='end'>{name}</text>",
            LEFT - 8.0,
            py + 4.0
        ));
    }
    for (value, name) in &x.marks {
        let (px, _) = at(*value, y.first);
        let below = top + HEIGHT + 18.0;
        put(format!(
            "<text x='{px:.1}' y='{below:.0}' text-anchor='middle'>{name}</text>"
        ));
    }
    for (n, line) in lines.iter().enumerate() {
        let colour = COLOURS[n % COLOURS.len()];
        let points: Vec<String> = line
            .points
            .iter()
            .map(|&(px, py)| at(px, py))
            .map(|(px, py)| format!("{px:.1},{py:.1}"))
            .collect();
        put(format!(
            "<polyline fill='none' stroke='{colour}' stroke-width='1.5' points='{}'/>",
            points.join(" ")
        ));
        put(format!(
            "<text x='{:.0}' y='{:.0}' fill='{colour}' text-anchor='end'>{}</text>",
            LEFT + WIDTH,
            top - 14.0 - 14.0 * n as f64,
            line.name
        ));
    }
}

/// Percentiles are drawn by how rare what lies beyond them is: 1 - q, from one half to one in 100,000.
fn percentiles(outcome: &Outcome) -> (Axis, Axis, Vec<Line>) {
    let quantile = |n: i32| 1.0 - 0.5f64.powi(n);
    let both = [
        ("produce", &outcome.produce),
        ("end to end", &outcome.end_to_end),
    ];
    let lines: Vec<Line> = both
        .into_iter()
        .filter(|(_, h)| !h.is_empty())
        .map(|(name, h)| Line {
            name,
            points: (1..=17)
                .map(|n| (2f64.powi(n), quantile_ms(h, quantile(n))))
                .collect(),
        })
        .collect();
    let values = || lines.iter().flat_map(|l| &l.points).map(|p| p.1);
    let y = Axis::powers(
        values().fold(f64::INFINITY, f64::min),
        values().fold(0.0, f64::max),
    );
    let marks = [
        (2.0, "p50"),
        (10.0, "p90"),
        (100.0, "p99"),
        (1e3, "p99.9"),
        (1e4, "p99.99"),
    ];
    let x = Axis {
        first: 2.0,
        last: 131_072.0,
        logarithmic: true,
        marks: marks.map(|(at, name)| (at, name.to_owned())).to_vec(),
    };
    (x, y, lines)
}

/// The whole picture, as SVG.
pub fn svg(name: &str, outcome: &Outcome) -> String {
    let height = TOP + 3.0 * (HEIGHT + 90.0);
    let width = LEFT + WIDTH + 30.0;
    let mut out = format!(
        "<svg xmlns='http://www.w3.org/2000/svg' width='{width}' height='{height}' font-family='sans-serif' font-size='12'>\n\
         <rect width='100%' height='100%' fill='white'/>\n"
    );
    let safe = name.replace('&', "&amp;").replace('<', "&lt;");
    let (x, y, lines) = percentiles(outcome);
    chart(
        &mut out,
        0,
        &format!("{safe}: latency by percentile, ms"),
        &x,
        &y,
        &lines,
    );
    let series = &outcome.series;
    let begin = series.first().map_or(0.0, |p| p.at_s);
    let over_time = |name, of: fn(&crate::load::outcome::Point) -> f64| Line {
        name,
        points: series.iter().map(|p| (p.at_s - begin, of(p))).collect(),
    };
    let most = |lines: &[Line]| {
        let values = lines.iter().flat_map(|l| &l.points).map(|p| p.1);
        values.fold(0.0, f64::max)
    };
    let seconds = Axis::linear(series.last().map_or(1.0, |p| p.at_s - begin).max(1.0));
    let rates = [
        over_time("in", |p| p.produced_mb_s),
        over_time("out", |p| p.consumed_mb_s),
    ];
    let y = Axis::linear(most(&rates));
    chart(&mut out, 1, "MB/s over seconds", &seconds, &y, &rates);
    let latencies = [
        over_time("p50", |p| p.produce_p50_ms),
        over_time("p99", |p| p.produce_p99_ms),
        over_time("max", |p| p.produce_max_ms),
    ];
    let y = Axis::linear(most(&latencies));
    chart(
        &mut out,
        2,
        "produce latency over seconds, ms",
        &seconds,
        &y,
        &latencies,
    );
    out.push_str("</svg>\n");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_end_at_round_numbers() {
        let axis = Axis::linear(473.0);
        assert_eq!((axis.first, axis.last, axis.marks.len()), (0.0, 500.0, 6));
        assert!((axis.place(250.0) - 0.5).abs() < 1e-9);
        let axis = Axis::powers(0.4, 85.0);
        assert!((axis.first - 0.1).abs() < 1e-9 && (axis.last - 100.0).abs() < 1e-9);
        assert!((axis.place(1.0) - 1.0 / 3.0).abs() < 1e-9);
    }
}
