//! How hostile a simulated world is. Plain data: a test may draw every field from its seed.

use std::time::Duration;

use crate::rand::Rng;

/// A random duration: `min` plus an exponential part of mean `mean`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Latency {
    /// Shortest.
    pub min: Duration,
    /// Mean of what is added.
    pub mean: Duration,
}

impl Latency {
    /// From microseconds.
    pub const fn micros(min: u64, mean: u64) -> Self {
        Latency {
            min: Duration::from_micros(min),
            mean: Duration::from_micros(mean),
        }
    }

    pub(super) fn draw(self, rng: &mut Rng) -> u64 {
        let uniform = ((rng.u64() >> 11) + 1) as f64 / (1_u64 << 53) as f64;
        self.min.as_nanos() as u64 + (-uniform.ln() * self.mean.as_nanos() as f64) as u64
    }
}

/// The whole world.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// Virtual time that one poll of a task takes: between these two, in nanoseconds.
    pub poll_ns: (u64, u64),
    /// Which part of the background tasks gets its core late, and how late each time.
    pub late: (f64, Latency),
    /// Time a message takes from shard to shard of a node.
    pub mesh: Latency,
    /// Wall clock of every node at the start, in milliseconds since 1970.
    pub wall_start_ms: i64,
    /// The network.
    pub net: NetOptions,
    /// The disks of new nodes.
    pub disk: DiskOptions,
}

/// The network between nodes, and inside a node.
#[derive(Debug, Clone, PartialEq)]
pub struct NetOptions {
    /// One-way delay between nodes.
    pub delay: Latency,
    /// One-way delay inside a node.
    pub local_delay: Latency,
    /// Bytes that one direction of a connection holds unread before the sender must wait.
    pub buffer: usize,
    /// Largest piece that travels at once; each piece is of random size up to this.
    pub segment: usize,
    /// Probability that a read gives less than there is.
    pub short_read: f64,
    /// Probability per piece that it is late by up to `stall`, and all behind it.
    pub stalls: f64,
    /// Longest such delay.
    pub stall: Duration,
    /// Probability per piece that the connection is reset.
    pub resets: f64,
}

/// One node's disk.
#[derive(Debug, Clone, PartialEq)]
pub struct DiskOptions {
    /// Bytes that reach the disk all or not at all: 512 or 4096.
    pub sector: usize,
    /// Bytes on the disk.
    pub capacity: u64,
    /// Time of a read.
    pub read: Latency,
    /// Time of a write.
    pub write: Latency,
    /// Time of a sync, of a dsync write beyond the write itself, and of a folder operation.
    pub sync: Latency,
    /// Probability of each un-synced sector to survive a crash; none: drawn anew at each crash, often 0 or 1.
    pub crash_keep: Option<f64>,
    /// Probability that a read fails for good: its first sector is unreadable until written again.
    pub read_error: f64,
    /// Probability that a write fails, with any part of it done.
    pub write_error: f64,
    /// Probability that a sync fails; what it should have made durable never will be.
    pub sync_error: f64,
    /// Probability per read that one bit of what it reads has changed on the disk.
    pub bit_rot: f64,
    /// Probability that a write is acknowledged, even synced, and never happened.
    pub lost_write: f64,
    /// Probability that a write lands elsewhere in its file.
    pub misdirected_write: f64,
}

impl Default for Options {
    /// A calm world: delays, any order, any chunking, but nothing fails.
    fn default() -> Self {
        Options {
            poll_ns: (200, 2_000),
            late: (0.0, Latency::micros(0, 0)),
            mesh: Latency::micros(1, 4),
            wall_start_ms: 1_767_225_600_000,
            net: NetOptions::default(),
            disk: DiskOptions::default(),
        }
    }
}

impl Default for NetOptions {
    fn default() -> Self {
        NetOptions {
            delay: Latency::micros(50, 200),
            local_delay: Latency::micros(5, 10),
            buffer: 256 << 10,
            segment: 64 << 10,
            short_read: 0.1,
            stalls: 0.0,
            stall: Duration::from_millis(500),
            resets: 0.0,
        }
    }
}

impl Default for DiskOptions {
    fn default() -> Self {
        DiskOptions {
            sector: 4096,
            capacity: 1 << 40,
            read: Latency::micros(20, 60),
            write: Latency::micros(20, 60),
            sync: Latency::micros(100, 200),
            crash_keep: None,
            read_error: 0.0,
            write_error: 0.0,
            sync_error: 0.0,
            bit_rot: 0.0,
            lost_write: 0.0,
            misdirected_write: 0.0,
        }
    }
}

impl Options {
    /// Draws a world for swarm testing: speeds, sizes and network faults vary from seed to seed, in one of four some
    /// background tasks are late, many
    /// faults are off in any one world. Disk faults stay off: which of them a test can bear (and on how
    /// many nodes at once) is the test's business.
    pub fn swarm(seed: u64) -> Self {
        let mut rng = Rng::new(seed ^ 0x5357_4152_4d00_0000);
        let mut sometimes = |most: f64| {
            if rng.chance(0.5) {
                0.0
            } else {
                rng.below(1_000) as f64 / 1_000.0 * most
            }
        };
        let (stalls, resets, short_read) = (sometimes(0.02), sometimes(0.002), sometimes(0.5));
        let mut latency =
            |most_us: u64| Latency::micros(rng.below(most_us / 4 + 1), rng.below(most_us) + 1);
        let (delay, read, write, sync) = (
            latency(20_000),
            latency(2_000),
            latency(2_000),
            latency(10_000),
        );
        let mesh = latency(50);
        let lateness = latency(20_000);
        let late = match rng.below(4) {
            0 => 0.3,
            _ => 0.0,
        };
        Options {
            poll_ns: (100, 200 + rng.below(20_000)),
            late: (late, lateness),
            mesh,
            net: NetOptions {
                delay,
                buffer: 1 << rng.between(12, 20),
                segment: 1 << rng.between(6, 17),
                short_read,
                stalls,
                resets,
                ..NetOptions::default()
            },
            disk: DiskOptions {
                sector: if rng.chance(0.5) { 512 } else { 4096 },
                read,
                write,
                sync,
                ..DiskOptions::default()
            },
            ..Options::default()
        }
    }
}
