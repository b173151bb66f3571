//! The figures that Ottla is held to. Each KPI starts brokers of its own on empty folders and gives one value per measure.

mod coordination;
mod density;
mod idle;
mod latency;
mod restart;
mod sheet;
mod stage;
mod streams;
mod throughput;

use std::io;

pub use sheet::{Sheet, Subject, others_now};
pub use stage::Stage;

/// What a value should be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Target {
    /// More is better.
    AtLeast(f64),
    /// Less is better.
    AtMost(f64),
    /// Shown for what it says about others.
    None,
}

/// A column of a KPI: what is measured, and its target.
pub type Measure = (&'static str, Target);

/// One KPI.
#[derive(Debug, Clone, Copy)]
pub struct Kpi {
    /// As in the list of targets: P1 and so on; C1 and so on for the coordinators.
    pub name: &'static str,
    /// What it is about.
    pub about: &'static str,
    /// What `run` gives, in that order.
    pub measures: &'static [Measure],
    /// Measured on every broker before the first `run`, which finds the least of it in its stage.
    pub first: Option<fn(&Stage) -> io::Result<f64>>,
    /// Measures one broker.
    pub run: fn(&Stage) -> io::Result<Vec<f64>>,
}

use Target::{AtLeast, AtMost};

/// All of them. Targets are the sharper ones, measured against Apache Kafka on a machine of two cores.
pub const ALL: &[Kpi] = &[
    Kpi {
        name: "P1",
        about: "durable throughput",
        measures: &[
            ("MB/s, 1 KiB records", AtLeast(680.0)),
            ("MB/s, 100 B records", AtLeast(465.0)),
        ],
        first: None,
        run: throughput::durable,
    },
    Kpi {
        name: "P2",
        about: "latency, from the intended time",
        measures: &[
            ("10,000/s: p50 ms", AtMost(1.3)),
            ("10,000/s: p99 ms", AtMost(5.3)),
            ("10,000/s: p99.9 ms", AtMost(17.0)),
            ("10,000/s: end to end less produce, p99 ms", AtMost(1.0)),
            ("half of the slowest's most: records/s", Target::None),
            ("half of the slowest's most: p50 ms", Target::None),
            ("half of the slowest's most: p99 ms", Target::None),
            ("half of the slowest's most: p99.9 ms", Target::None),
            (
                "half of the slowest's most: end to end less produce, p99 ms",
                AtMost(1.0),
            ),
        ],
        first: Some(latency::most),
        run: latency::half_load,
    },
    Kpi {
        name: "P3",
        about: "requests of one record",
        measures: &[
            ("requests/s", AtLeast(50_000.0)),
            ("CPU us per request", AtMost(15.0)),
        ],
        first: None,
        run: throughput::one_record,
    },
    Kpi {
        name: "P4",
        about: "4 and 50 producers at 30,000/s",
        measures: &[
            ("p99 ms with 4", Target::None),
            ("p99 ms with 50", Target::None),
            ("p99 with 50 / with 4", AtMost(1.5)),
            ("rate with 50 / with 4", AtLeast(0.95)),
        ],
        first: None,
        run: latency::fan_in,
    },
    Kpi {
        name: "P5",
        about: "processor",
        measures: &[
            ("CPU s per GB in", AtMost(0.6)),
            ("CPU s per GB out, hot", AtMost(0.3)),
        ],
        first: None,
        run: throughput::processor,
    },
    Kpi {
        name: "P6",
        about: "flush efficiency: 1,000 partitions, 4 KiB batches, 62 a request",
        measures: &[
            ("batches/s", AtLeast(100_000.0)),
            ("CPU us per batch", AtMost(5.0)),
            ("device bytes per byte acked", AtMost(2.2)),
        ],
        first: None,
        run: throughput::many_partitions,
    },
    Kpi {
        name: "P7",
        about: "cold backlog under producers at 30 %",
        measures: &[
            ("MB/s read", AtLeast(900.0)),
            ("producers' p99 during / before", AtMost(1.3)),
            ("last tenth / the rest, MB/s", AtLeast(0.8)),
        ],
        first: None,
        run: streams::backlog,
    },
    Kpi {
        name: "P8",
        about: "5,000 partitions against 12",
        measures: &[
            ("MB/s with 5,000", Target::None),
            ("MB/s with 5,000 / with 12", AtLeast(0.85)),
        ],
        first: None,
        run: density::throughput,
    },
    Kpi {
        name: "P9",
        about: "memory of 1,000 partitions",
        measures: &[("MB idle", AtMost(4.0)), ("MB active", AtMost(20.0))],
        first: None,
        run: density::memory,
    },
    Kpi {
        name: "P10",
        about: "start on an empty folder",
        measures: &[("ms from exec to the first acknowledgement", AtMost(50.0))],
        first: None,
        run: restart::cold_start,
    },
    Kpi {
        name: "P11",
        about: "kill -9 under load, until all partitions acknowledge",
        measures: &[
            ("s, 1,000 partitions", AtMost(1.0)),
            ("s, 5,000 partitions", AtMost(3.0)),
        ],
        first: None,
        run: restart::after_kill,
    },
    Kpi {
        name: "P14",
        about: "idle",
        measures: &[
            ("MB resident", AtMost(15.0)),
            ("% of a core", AtMost(0.5)),
            ("% of a core, 5,000 partitions", AtMost(2.0)),
            ("bytes written/s", AtMost(0.0)),
            ("idle connections held", AtLeast(10_000.0)),
            ("KiB per idle connection", AtMost(8.0)),
        ],
        first: None,
        run: idle::idle,
    },
    Kpi {
        name: "C1",
        about: "32 clients commit offsets of 12 partitions",
        measures: &[("commits/s", Target::None), ("p99 ms", Target::None)],
        first: None,
        run: coordination::commits,
    },
    Kpi {
        name: "C2",
        about: "100 members join at once, until each has its share",
        measures: &[
            ("s, classic group", Target::None),
            ("s, consumer group", Target::None),
        ],
        first: None,
        run: coordination::members,
    },
    Kpi {
        name: "C3",
        about: "32 clients, transactions of 10 records of 100 B",
        measures: &[("transactions/s", Target::None), ("p99 ms", Target::None)],
        first: None,
        run: coordination::transactions,
    },
    Kpi {
        name: "P15",
        about: "soak through retention",
        measures: &[
            ("p99, last tenth / first tenth", AtMost(1.1)),
            ("longest stall, ms", Target::None),
            ("longest stall less p99.9 of raw flushes, ms", AtMost(20.0)),
            ("MB resident at the end / after a tenth", AtMost(1.1)),
        ],
        first: None,
        run: streams::soak,
    },
];
