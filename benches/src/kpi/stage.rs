//! What a KPI has at hand: a broker to start, a folder, and loads to run against it.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::load::outcome::Outcome;
use crate::load::{self, Setup};
use crate::process::node::{Node, Program};
use crate::process::placement::Placement;
use crate::workload::{Driver, Workload, payloads};

/// Where and on what a KPI is measured.
#[derive(Debug, Clone)]
pub struct Stage {
    /// The broker.
    pub program: Program,
    /// Settings of topics, as `flush.messages=1`.
    pub topic: Vec<String>,
    /// Folders of brokers are made below.
    pub folder: PathBuf,
    /// Seconds of a usual measurement.
    pub seconds: f64,
    /// Seconds of load before it, for a broker on a JVM.
    pub jvm_warmup: f64,
    /// GB of the backlog.
    pub backlog_gb: f64,
    /// Seconds of the soak.
    pub soak: f64,
    /// Who runs on which cores, if that is not left to each KPI.
    pub placement: Option<Placement>,
    /// The least that [`super::Kpi::first`] gave; none for a KPI without.
    pub least: f64,
    /// 99.9 % of flushes of the raw disk took less, in milliseconds.
    pub flush_ms: f64,
}

/// What changes from load to load.
#[derive(Debug, Clone)]
pub struct Shape<'a> {
    /// Partitions of the one topic.
    pub partitions: i32,
    /// Bytes of a value.
    pub size: usize,
    /// Producers.
    pub producers: usize,
    /// Consumers of one subscription.
    pub consumers: usize,
    /// Subscriptions.
    pub subscriptions: usize,
    /// Records per second; 0 is saturation.
    pub rate: f64,
    /// With keys.
    pub keyed: bool,
    /// Producer properties.
    pub properties: &'a [&'a str],
    /// Topic settings besides the stage's.
    pub topic: &'a [String],
    /// Seconds of measurement.
    pub seconds: f64,
}

/// The usual: 12 partitions, 1 KiB, 4 producers, saturation.
pub const USUAL: Shape<'static> = Shape {
    partitions: 12,
    size: 1024,
    producers: 4,
    consumers: 0,
    subscriptions: 1,
    rate: 0.0,
    keyed: false,
    properties: &[],
    topic: &[],
    seconds: 0.0,
};

/// With many partitions, Kafka's index files of 10 MB each are a burden to this kind of disk: it is given small ones.
const SMALL_INDEX: &str = "log.index.size.max.bytes=65536";
const WARMUP: f64 = 3.0;

impl Stage {
    /// A broker on an empty folder.
    pub fn unstarted(&self, settings: &[&str]) -> io::Result<Node> {
        let placement = self.placement.unwrap_or_default();
        Node::new(&self.program, &self.folder, settings, placement)
    }

    /// A fresh broker that answers, and is warm if it needs that.
    pub fn node(&self, settings: &[&str]) -> io::Result<Node> {
        let mut node = self.unstarted(settings)?;
        node.start()?;
        node.cluster()?;
        if node.is_jvm() && self.jvm_warmup > 0.0 {
            let warm = Shape {
                seconds: self.jvm_warmup / 2.0,
                ..USUAL
            };
            self.load(&node, &warm, "warm")?;
            let small = Shape {
                keyed: true,
                size: 100,
                properties: &["batch.size=1", "linger.ms=0"],
                ..warm
            };
            self.load(&node, &small, "warm-small")?;
        }
        Ok(node)
    }

    /// As [`Self::node`], for many partitions.
    pub fn node_for_many(&self) -> io::Result<Node> {
        self.node(self.many())
    }

    /// Settings for many partitions.
    pub fn many(&self) -> &'static [&'static str] {
        match self.program {
            Program::Kafka(_) => &[SMALL_INDEX],
            Program::Ottla(_) => &[],
        }
    }

    /// The load's description. Loads of one `run` share topics.
    pub fn setup(&self, node: &Node, shape: &Shape<'_>, run: &str) -> io::Result<Setup> {
        let seconds = if shape.seconds > 0.0 {
            shape.seconds
        } else {
            self.seconds
        };
        let text = format!(
            "{{name: {run}, topics: 1, partitionsPerTopic: {}, messageSize: {}, useRandomizedPayloads: true, \
             randomBytesRatio: 0.5, randomizedPayloadPoolSize: 1000, subscriptionsPerTopic: {}, producersPerTopic: {}, \
             consumerPerSubscription: {}, keyDistributor: {}, producerRate: {}, testDurationMinutes: {}, \
             warmupDurationMinutes: {}}}",
            shape.partitions,
            shape.size,
            shape.subscriptions,
            shape.producers,
            shape.consumers,
            if shape.keyed {
                "KEY_ROUND_ROBIN"
            } else {
                "NO_KEY"
            },
            shape.rate,
            seconds / 60.0,
            WARMUP / 60.0,
        );
        let workload = Workload::parse(&text).map_err(io::Error::other)?;
        let properties: Vec<String> = shape.properties.iter().map(|p| (*p).to_owned()).collect();
        let topic = [&self.topic, shape.topic].concat();
        Ok(Setup {
            broker: node.address(),
            pid: node.pid(),
            driver: Driver::read(None, &properties, &[], &topic)?,
            payloads: payloads(&workload, Path::new("."))?,
            workload,
            run: run.to_owned(),
            producer_threads: 1,
            consumer_threads: 1,
            placement: self.placement.unwrap_or_default(),
        })
    }

    /// Runs a load.
    pub fn load(&self, node: &Node, shape: &Shape<'_>, run: &str) -> io::Result<Outcome> {
        let outcome = load::run(&self.setup(node, shape, run)?, |_, _| {})?;
        for (what, n) in &outcome.complaints {
            eprintln!("{run}: {n} records refused: {what}");
        }
        Ok(outcome)
    }
}

/// What a broker did while nobody asked it for anything.
pub fn rest(node: &Node, length: Duration) -> io::Result<crate::process::Usage> {
    let before = node.usage()?;
    std::thread::sleep(length);
    Ok(node.usage()?.since(&before))
}
