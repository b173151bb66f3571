//! How to do it: the properties that Kafka's clients have, under their names, as flags or in upstream's driver files.

use std::path::Path;
use std::time::Duration;
use std::{fs, io};

use serde::Deserialize;

/// Everything that is not the workload's.
#[derive(Debug, Clone, Default)]
pub struct Driver {
    /// What it is called.
    pub name: String,
    /// Of topics that are created.
    pub replicas: i16,
    /// Settings of topics that are created.
    pub topic: Vec<(String, String)>,
    /// Of every producer.
    pub producer: ProducerKnobs,
    /// Of every consumer.
    pub consumer: ConsumerKnobs,
}

/// A producer's properties; defaults as in upstream's driver `kafka-latency`.
#[derive(Debug, Clone)]
pub struct ProducerKnobs {
    /// `acks`.
    pub acks: i16,
    /// `linger.ms`.
    pub linger: Duration,
    /// `batch.size`.
    pub batch_bytes: usize,
    /// `max.in.flight.requests.per.connection`.
    pub in_flight: usize,
    /// `max.request.size`.
    pub request_bytes: usize,
    /// `buffer.memory`.
    pub buffer_bytes: usize,
    /// `enable.idempotence`.
    pub idempotent: bool,
    /// `batches.per.request`, ours: at most so many; at saturation exactly so many.
    pub batches_per_request: Option<usize>,
}

/// A consumer's properties; defaults are those of Kafka's client.
#[derive(Debug, Clone)]
pub struct ConsumerKnobs {
    /// `fetch.max.wait.ms`.
    pub max_wait_ms: i32,
    /// `fetch.min.bytes`.
    pub min_bytes: i32,
    /// `fetch.max.bytes`.
    pub max_bytes: i32,
    /// `max.partition.fetch.bytes`.
    pub partition_bytes: i32,
}

impl Default for ProducerKnobs {
    fn default() -> Self {
        Self {
            acks: -1,
            linger: Duration::from_millis(1),
            batch_bytes: 131_072,
            in_flight: 5,
            request_bytes: 1_048_576,
            buffer_bytes: 33_554_432,
            idempotent: false,
            batches_per_request: None,
        }
    }
}

impl Default for ConsumerKnobs {
    fn default() -> Self {
        Self {
            max_wait_ms: 500,
            min_bytes: 1,
            max_bytes: 52_428_800,
            partition_bytes: 1_048_576,
        }
    }
}

/// Upstream's file. What says nothing to this client is read over.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct DriverFile {
    #[serde(default)]
    name: String,
    #[serde(default, rename = "driverClass")]
    _driver_class: String,
    #[serde(default = "one")]
    replication_factor: i16,
    #[serde(default, rename = "reset")]
    _reset: bool,
    #[serde(default)]
    topic_config: String,
    #[serde(default, rename = "commonConfig")]
    _common_config: String,
    #[serde(default)]
    producer_config: String,
    #[serde(default)]
    consumer_config: String,
}

fn one() -> i16 {
    1
}

/// `key=value` lines, with comments.
fn properties(text: &str) -> impl Iterator<Item = Result<(&str, &str), String>> {
    text.lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(property)
}

fn property(line: &str) -> Result<(&str, &str), String> {
    let (key, value) = line
        .split_once('=')
        .ok_or_else(|| format!("{line}: not KEY=VALUE"))?;
    Ok((key.trim(), value.trim()))
}

fn number<T: std::str::FromStr>(key: &str, value: &str) -> Result<T, String> {
    value
        .parse()
        .map_err(|_| format!("{key}={value}: not a number"))
}

impl Driver {
    /// A file if there is one, then the flags, which win.
    pub fn read(
        file: Option<&Path>,
        producer: &[String],
        consumer: &[String],
        topic: &[String],
    ) -> io::Result<Self> {
        let mut driver = Self {
            replicas: 1,
            ..Self::default()
        };
        if let Some(path) = file {
            let bad =
                |e: &dyn std::fmt::Display| io::Error::other(format!("{}: {e}", path.display()));
            let text = fs::read_to_string(path).map_err(|e| bad(&e))?;
            driver.apply_file(&text).map_err(|e| bad(&e))?;
        }
        driver
            .apply(
                &producer.join("\n"),
                &consumer.join("\n"),
                &topic.join("\n"),
            )
            .map_err(io::Error::other)?;
        Ok(driver)
    }

    fn apply_file(&mut self, text: &str) -> Result<(), String> {
        let file: DriverFile = serde_yaml_ng::from_str(text).map_err(|e| e.to_string())?;
        self.name = file.name;
        self.replicas = file.replication_factor;
        self.apply(
            &file.producer_config,
            &file.consumer_config,
            &file.topic_config,
        )
    }

    fn apply(&mut self, producer: &str, consumer: &str, topic: &str) -> Result<(), String> {
        for pair in properties(producer) {
            let (key, value) = pair?;
            self.producer.set(key, value)?;
        }
        for pair in properties(consumer) {
            let (key, value) = pair?;
            self.consumer.set(key, value)?;
        }
        for pair in properties(topic) {
            let (key, value) = pair?;
            self.topic.retain(|(k, _)| k != key);
            self.topic.push((key.to_owned(), value.to_owned()));
        }
        Ok(())
    }
}

impl ProducerKnobs {
    fn set(&mut self, key: &str, value: &str) -> Result<(), String> {
        match key {
            "acks" if value == "all" => self.acks = -1,
            "acks" => self.acks = number(key, value)?,
            "linger.ms" => self.linger = Duration::from_secs_f64(number::<f64>(key, value)? / 1e3),
            "batch.size" => self.batch_bytes = number(key, value)?,
            "max.in.flight.requests.per.connection" => {
                self.in_flight = number::<usize>(key, value)?.max(1);
            }
            "max.request.size" => self.request_bytes = number(key, value)?,
            "buffer.memory" => self.buffer_bytes = number(key, value)?,
            "enable.idempotence" => self.idempotent = value == "true",
            "batches.per.request" => {
                self.batches_per_request = Some(number::<usize>(key, value)?.max(1));
            }
            _ => return Err(format!("producer property {key}: not one of this client's")),
        }
        if (-1..=1).contains(&self.acks) {
            Ok(())
        } else {
            Err(format!("acks={value}: all, 1 or 0"))
        }
    }
}

impl ConsumerKnobs {
    fn set(&mut self, key: &str, value: &str) -> Result<(), String> {
        match key {
            "fetch.max.wait.ms" => self.max_wait_ms = number(key, value)?,
            "fetch.min.bytes" => self.min_bytes = number(key, value)?,
            "fetch.max.bytes" => self.max_bytes = number(key, value)?,
            "max.partition.fetch.bytes" => self.partition_bytes = number(key, value)?,
            // In every driver file of upstream; without groups they say nothing.
            "auto.offset.reset" | "enable.auto.commit" => {}
            _ => return Err(format!("consumer property {key}: not one of this client's")),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const UPSTREAM: &str = "
name: Kafka
driverClass: io.openmessaging.benchmark.driver.kafka.KafkaBenchmarkDriver
replicationFactor: 3
reset: true
topicConfig: |
  min.insync.replicas=2
  flush.messages=1
commonConfig: |
  bootstrap.servers=localhost:9092
producerConfig: |
  acks=all
  linger.ms=0.5
  batch.size=1048576
consumerConfig: |
  auto.offset.reset=earliest
  max.partition.fetch.bytes=10485760
";

    #[test]
    fn a_file_as_upstream_has_them_and_flags_win() {
        let mut driver = Driver::default();
        driver.apply_file(UPSTREAM).expect("a driver");
        driver
            .apply("batch.size=1\nacks=0", "", "flush.messages=5")
            .expect("flags");
        assert_eq!((driver.replicas, driver.producer.acks), (3, 0));
        assert_eq!(driver.producer.linger, Duration::from_micros(500));
        assert_eq!(driver.producer.batch_bytes, 1);
        assert_eq!(driver.consumer.partition_bytes, 10_485_760);
        let topic = [("min.insync.replicas", "2"), ("flush.messages", "5")];
        assert_eq!(
            driver.topic,
            topic.map(|(k, v)| (k.to_owned(), v.to_owned()))
        );
    }

    #[test]
    fn what_is_wrong_is_named() {
        for wrong in [
            "acks=7",
            "compression.type=zstd",
            "batch.size=big",
            "linger",
        ] {
            let error = Driver::default().apply(wrong, "", "").expect_err(wrong);
            let key = wrong.split('=').next().expect("a key");
            assert!(error.contains(key), "{error}");
        }
    }
}
