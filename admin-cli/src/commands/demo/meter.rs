//! Counting and timing, pure.

use std::time::Duration;

/// Values below this have a bucket each.
const EXACT: u64 = 64;

/// Buckets between a power of two and the next: an error of at most one part in this.
const STEPS: u64 = 32;

/// Values are capped here (2^40 us are 12 days).
const EXPONENT_MAX: u64 = 40;

/// Times in microseconds, in buckets that grow with the value.
#[derive(Debug, Clone)]
pub struct Histogram {
    counts: Vec<u64>,
    total: u64,
}

impl Default for Histogram {
    fn default() -> Histogram {
        Histogram {
            counts: vec![0; bucket(u64::MAX) + 1],
            total: 0,
        }
    }
}

impl Histogram {
    /// Counts a time `times` times.
    pub fn add(&mut self, time: Duration, times: u64) {
        let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        self.counts[bucket(micros)] += times;
        self.total += times;
    }

    /// The time that `quantile` (0 to 1) of the counted ones do not exceed; zero when nothing was counted.
    pub fn quantile(&self, quantile: f64) -> Duration {
        let rank = (quantile * self.total as f64).ceil().max(1.0) as u64;
        let mut seen = 0;
        for (bucket, count) in self.counts.iter().enumerate() {
            seen += count;
            if seen >= rank {
                return Duration::from_micros(highest(bucket));
            }
        }
        Duration::ZERO
    }

    /// Adds the counts of another.
    pub fn join(&mut self, other: &Histogram) {
        self.counts
            .iter_mut()
            .zip(&other.counts)
            .for_each(|(count, more)| *count += more);
        self.total += other.total;
    }
}

fn bucket(micros: u64) -> usize {
    if micros < EXACT {
        return micros as usize;
    }
    let micros = micros.min((1 << (EXPONENT_MAX + 1)) - 1);
    let exponent = u64::from(micros.ilog2());
    let step = (micros >> (exponent - 5)) - STEPS;
    (EXACT + (exponent - 6) * STEPS + step) as usize
}

/// The highest value of a bucket.
fn highest(bucket: usize) -> u64 {
    let bucket = bucket as u64;
    if bucket < EXACT {
        return bucket;
    }
    let (exponent, step) = (6 + (bucket - EXACT) / STEPS, (bucket - EXACT) % STEPS);
    ((STEPS + step + 1) << (exponent - 5)) - 1
}

/// One direction: records out, or records in.
#[derive(Debug, Clone, Default)]
pub struct Flow {
    /// Records confirmed, or read.
    pub records: u64,
    /// Bytes of their values.
    pub bytes: u64,
    /// From a record's making to its confirmation, or to its reading.
    pub latency: Histogram,
}

impl Flow {
    /// Counts records of `bytes` together.
    pub fn add(&mut self, records: u64, bytes: u64, latency: Duration) {
        self.records += records;
        self.bytes += bytes;
        self.latency.add(latency, records);
    }

    /// Adds the counts of another.
    pub fn join(&mut self, other: &Flow) {
        self.records += other.records;
        self.bytes += other.bytes;
        self.latency.join(&other.latency);
    }
}

/// Both directions.
#[derive(Debug, Clone, Default)]
pub struct Meter {
    /// What the producer did.
    pub written: Flow,
    /// What the consumer did.
    pub read: Flow,
}

impl Meter {
    /// Adds the counts of another.
    pub fn join(&mut self, other: &Meter) {
        self.written.join(&other.written);
        self.read.join(&other.read);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_cover_everything_without_gaps() {
        let mut last = 0;
        for value in (0..100_000).chain([1 << 20, 1 << 33, (1 << 41) - 1, u64::MAX]) {
            let at = bucket(value);
            assert!(at == last || at == last + 1 || value > 100_000, "{value}");
            let capped = value.min((1 << 41) - 1);
            assert!(
                highest(at) >= capped && highest(at) as f64 <= capped as f64 * 1.04 + 1.0,
                "{value}: {}",
                highest(at)
            );
            last = at;
        }
    }

    #[test]
    fn quantiles_are_near() {
        let mut histogram = Histogram::default();
        assert_eq!(histogram.quantile(0.5), Duration::ZERO);
        for micros in 1..=10_000 {
            histogram.add(Duration::from_micros(micros), 1);
        }
        for (quantile, micros) in [(0.5, 5_000.0), (0.99, 9_900.0), (1.0, 10_000.0)] {
            let found = histogram.quantile(quantile).as_micros() as f64;
            assert!((found / micros - 1.0).abs() < 0.04, "{quantile}: {found}");
        }
        let mut doubled = histogram.clone();
        doubled.join(&histogram);
        assert_eq!(doubled.quantile(0.9), histogram.quantile(0.9));
    }
}
