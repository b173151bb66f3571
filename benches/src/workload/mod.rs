//! What to do: a workload in OpenMessaging benchmark's notation, and a driver's knobs under Kafka's names.

mod driver;
mod payload;

use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{fs, io};

use serde::Deserialize;

pub use driver::{ConsumerKnobs, Driver, ProducerKnobs};
pub use payload::payloads;

/// Asked rates from here on (and 0) mean: as fast as it goes.
pub const MAX_RATE: f64 = 10_000_000.0;
/// A stamp must fit.
pub const SIZE_MIN: usize = 8;

/// A workload file, with upstream's names and defaults.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Workload {
    /// What it is called.
    pub name: String,
    /// How many topics.
    #[serde(default = "one")]
    pub topics: usize,
    /// Of each topic.
    pub partitions_per_topic: i32,
    /// How records find their partition.
    #[serde(default)]
    pub key_distributor: KeyDistributor,
    /// Bytes of a value.
    pub message_size: usize,
    /// Random instead of read from a file.
    #[serde(default)]
    pub use_randomized_payloads: bool,
    /// Of each random payload, this share is random.
    #[serde(default)]
    pub random_bytes_ratio: f64,
    /// How many different random payloads.
    #[serde(default)]
    pub randomized_payload_pool_size: usize,
    /// The value of every record, unless they are random.
    #[serde(default)]
    pub payload_file: Option<PathBuf>,
    /// Each reads everything.
    #[serde(default = "one")]
    pub subscriptions_per_topic: usize,
    /// Connections that write, per topic.
    #[serde(default = "one")]
    pub producers_per_topic: usize,
    /// They share the partitions of a subscription.
    #[serde(default = "one")]
    pub consumer_per_subscription: usize,
    /// Records per second over all topics; 0, or from 10 million on: as fast as it goes.
    pub producer_rate: f64,
    /// Consumers rest until so much is written, then catch up.
    #[serde(default, rename = "consumerBacklogSizeGB")]
    pub consumer_backlog_size_gb: f64,
    /// Length of the measurement.
    pub test_duration_minutes: f64,
    /// Before it, not measured.
    #[serde(default = "one_minute")]
    pub warmup_duration_minutes: f64,
}

/// Upstream's ways to choose keys.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum KeyDistributor {
    /// No keys: a partition gets a batch, then the next one does.
    #[default]
    NoKey,
    /// Many keys in turn.
    KeyRoundRobin,
    /// Many keys by chance.
    RandomNano,
}

fn one() -> usize {
    1
}

fn one_minute() -> f64 {
    1.0
}

fn bad(path: &Path, what: &dyn std::fmt::Display) -> io::Error {
    io::Error::other(format!("{}: {what}", path.display()))
}

impl Workload {
    /// Reads a file, some of whose keys are replaced (`KEY=VALUE`); unknown keys and senseless values are refused by name.
    pub fn read_with(path: &Path, changes: &[String]) -> io::Result<Self> {
        let text = fs::read_to_string(path).map_err(|e| bad(path, &e))?;
        let replaced = |line: &&str| {
            let key = line.split(':').next().unwrap_or_default().trim();
            changes.iter().any(|c| c.split('=').next() == Some(key))
        };
        let kept = text.lines().filter(|line| !replaced(line));
        let new = changes.iter().map(|c| c.replacen('=', ": ", 1));
        let lines: Vec<String> = kept.map(str::to_owned).chain(new).collect();
        Self::parse(&lines.join("\n")).map_err(|e| bad(path, &e))
    }

    /// As [`Self::read_with`], of the text.
    pub fn parse(text: &str) -> Result<Self, String> {
        let workload: Self = serde_yaml_ng::from_str(text).map_err(|e| e.to_string())?;
        workload.check()?;
        Ok(workload)
    }

    fn check(&self) -> Result<(), String> {
        let positive = [
            ("topics", self.topics),
            (
                "partitionsPerTopic",
                usize::try_from(self.partitions_per_topic).unwrap_or(0),
            ),
        ];
        for (key, value) in positive {
            if value == 0 {
                return Err(format!("{key}: must be at least 1"));
            }
        }
        if self.message_size < SIZE_MIN {
            return Err(format!(
                "messageSize: at least {SIZE_MIN}, the time of sending is in each"
            ));
        }
        if !(0.0..=1.0).contains(&self.random_bytes_ratio) {
            return Err("randomBytesRatio: from 0 to 1".to_owned());
        }
        let durations = [
            ("testDurationMinutes", self.test_duration_minutes),
            ("warmupDurationMinutes", self.warmup_duration_minutes),
            ("producerRate", self.producer_rate),
            ("consumerBacklogSizeGB", self.consumer_backlog_size_gb),
        ];
        for (key, value) in durations {
            if !value.is_finite() || value < 0.0 {
                return Err(format!("{key}: must not be negative"));
            }
        }
        Ok(())
    }

    /// Records per second over all producers; None: as fast as it goes.
    pub fn rate(&self) -> Option<f64> {
        (self.producer_rate > 0.0 && self.producer_rate < MAX_RATE).then_some(self.producer_rate)
    }

    /// Length of the measurement.
    pub fn measured(&self) -> Duration {
        Duration::from_secs_f64(self.test_duration_minutes * 60.0)
    }

    /// What is before it.
    pub fn warmup(&self) -> Duration {
        Duration::from_secs_f64(self.warmup_duration_minutes * 60.0)
    }

    /// The names of its topics; `run` keeps runs apart.
    pub fn topic_names(&self, run: &str) -> Vec<String> {
        (0..self.topics)
            .map(|n| format!("bench-{run}-{n}"))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const UPSTREAM: &str = "
name: 1 topic / 16 partitions / 1Kb
topics: 1
partitionsPerTopic: 16
keyDistributor: \"NO_KEY\"
messageSize: 1024
payloadFile: \"payload/payload-1Kb.data\"
subscriptionsPerTopic: 1
producersPerTopic: 4
consumerPerSubscription: 4
producerRate: 50000
consumerBacklogSizeGB: 0
testDurationMinutes: 15
";

    #[test]
    fn a_file_as_upstream_has_them() {
        let w = Workload::parse(UPSTREAM).expect("a workload");
        assert_eq!((w.partitions_per_topic, w.producers_per_topic), (16, 4));
        assert_eq!(w.rate(), Some(50_000.0));
        assert_eq!((w.measured().as_secs(), w.warmup().as_secs()), (900, 60));
        assert_eq!(w.payload_file, Some("payload/payload-1Kb.data".into()));
    }

    #[test]
    fn saturation_is_zero_or_ten_million() {
        for rate in ["0", "10000000"] {
            let text = UPSTREAM.replace("50000", rate);
            assert_eq!(Workload::parse(&text).expect("a workload").rate(), None);
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        let cases = [
            ("topics: 1", "topics: 0", "topics"),
            ("topics: 1", "topiks: 1", "topiks"),
            ("messageSize: 1024", "messageSize: 7", "messageSize"),
            ("producerRate: 50000", "producerRate: -1", "producerRate"),
            ("producerRate: 50000", "", "producerRate"),
            ("NO_KEY", "SOME_KEY", "SOME_KEY"),
        ];
        for (right, wrong, named) in cases {
            let error = Workload::parse(&UPSTREAM.replace(right, wrong)).expect_err(wrong);
            assert!(error.contains(named), "{wrong}: {error}");
        }
    }
}
