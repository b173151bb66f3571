//! The demo's numbers for people and for programs.

use std::time::Duration;

use serde::Serialize;

use super::meter::{Flow, Meter};
use crate::render::Render;
use crate::render::number::{grouped, megabytes, span};

/// The head over the lines of [`line`].
pub const HEAD: &str = "          --------------- written ----------------  ----------------- read -----------------\n    \
                        time  records/s    MB/s       p50       p99  records/s    MB/s       p50       p99";

/// One interval.
pub fn line(since_start: Duration, interval: Duration, meter: &Meter) -> String {
    let side = |flow: &Flow| {
        let seconds = interval.as_secs_f64();
        format!(
            "{:>9}  {:>6}  {:>8}  {:>8}",
            grouped((flow.records as f64 / seconds).round() as u64),
            megabytes(flow.bytes as f64 / seconds),
            span(flow.latency.quantile(0.5)),
            span(flow.latency.quantile(0.99)),
        )
    };
    format!(
        "{:>6.0} s  {}  {}",
        since_start.as_secs_f64(),
        side(&meter.written),
        side(&meter.read)
    )
}

/// The whole run.
#[derive(Debug, Serialize)]
pub struct Summary {
    broker: String,
    topic: String,
    seconds: f64,
    record_bytes: usize,
    written: Side,
    read: Side,
}

#[derive(Debug, Serialize)]
struct Side {
    records: u64,
    records_per_second: f64,
    megabytes_per_second: f64,
    latency_p50_us: u64,
    latency_p99_us: u64,
    latency_p999_us: u64,
}

impl Summary {
    /// Of everything that was counted in `elapsed`.
    pub fn new(
        broker: String,
        topic: &str,
        record_bytes: usize,
        elapsed: Duration,
        meter: &Meter,
    ) -> Summary {
        let seconds = elapsed.as_secs_f64();
        let side = |flow: &Flow| {
            let micros = |quantile| {
                u64::try_from(flow.latency.quantile(quantile).as_micros()).unwrap_or(u64::MAX)
            };
            Side {
                records: flow.records,
                records_per_second: flow.records as f64 / seconds,
                megabytes_per_second: flow.bytes as f64 / seconds / 1e6,
                latency_p50_us: micros(0.5),
                latency_p99_us: micros(0.99),
                latency_p999_us: micros(0.999),
            }
        };
        let (written, read) = (side(&meter.written), side(&meter.read));
        Summary {
            broker,
            topic: topic.to_owned(),
            seconds,
            record_bytes,
            written,
            read,
        }
    }
}

impl Render for Summary {
    fn table(&self) -> String {
        let side = |name: &str, what: &str, side: &Side| {
            let [p50, p99, p999] = [
                side.latency_p50_us,
                side.latency_p99_us,
                side.latency_p999_us,
            ]
            .map(|us| span(Duration::from_micros(us)));
            format!(
                "{name} {} records, {} a second, {:.1} MB/s; {what} p50 {p50}, p99 {p99}, p99.9 {p999}\n",
                grouped(side.records),
                grouped(side.records_per_second.round() as u64),
                side.megabytes_per_second,
            )
        };
        let head = format!(
            "{:.1} s against {}, topic {}, records of {} bytes, each confirmed as durable\n",
            self.seconds, self.broker, self.topic, self.record_bytes
        );
        head + &side("written", "to the confirmation", &self.written)
            + &side("read   ", "end to end", &self.read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meter() -> Meter {
        let mut meter = Meter::default();
        meter
            .written
            .add(20_000, 20_480_000, Duration::from_micros(1_000));
        meter
            .read
            .add(10_000, 10_240_000, Duration::from_micros(50));
        meter
    }

    #[test]
    fn a_line_stands_under_its_head() {
        let line = line(Duration::from_secs(12), Duration::from_secs(2), &meter());
        let ends = |text: &str| {
            text.char_indices()
                .filter(|&(at, c)| c != ' ' && text[at + 1..].starts_with("  "))
                .count()
        };
        assert_eq!(
            line,
            "    12 s     10,000    10.2   1.01 ms   1.01 ms      5,000     5.1     50 us     50 us"
        );
        assert_eq!(line.len(), HEAD.lines().nth(1).unwrap().len());
        assert!(ends(&line) > 0);
    }

    #[test]
    fn the_summary() {
        let summary = Summary::new(
            "h:1".to_owned(),
            "t",
            1_024,
            Duration::from_secs(2),
            &meter(),
        );
        assert_eq!(
            summary.table(),
            "2.0 s against h:1, topic t, records of 1024 bytes, each confirmed as durable\n\
             written 20,000 records, 10,000 a second, 10.2 MB/s; to the confirmation p50 1.01 ms, p99 1.01 ms, p99.9 1.01 ms\n\
             read    10,000 records, 5,000 a second, 5.1 MB/s; end to end p50 50 us, p99 50 us, p99.9 50 us\n"
        );
        let json = crate::render::render(&summary, crate::args::Output::Json);
        assert!(json.contains("\"latency_p50_us\": 1007"), "{json}");
    }
}
