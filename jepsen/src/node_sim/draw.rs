//! What a seed decides before anything runs: the broker's size, the clients, and which faults there are and how often. Most
//! seeds have few kinds of faults: many at once hide each other.

use std::time::Duration;

use ottla_runtime::rand::Rng;
use ottla_runtime::sim::Options;

use super::admin::Habits;
use super::groups;
use super::keys;
use super::ledger::Honesty;
use super::producer::Kind;
use super::queue;
use super::txn;

/// How often what happens, one in so many turns; 0: never.
#[derive(Clone, Copy, Debug, Default)]
pub struct Faults {
    /// The machine loses power.
    pub power: u64,
    /// The process is killed.
    pub kill: u64,
    /// The process is asked to stop.
    pub terminate: u64,
    /// All connections are reset.
    pub reset: u64,
    /// Nothing travels between clients and broker for a while.
    pub cut: u64,
    /// The process does not run for a while.
    pub pause: u64,
    /// The disk takes a hundred times as long for a while.
    pub slow: u64,
    /// The disk has no room for a while.
    pub full: u64,
    /// A write or a sync fails.
    pub write_error: u64,
    /// A read fails for good.
    pub read_error: u64,
    /// The broker's clock is set.
    pub jump: u64,
    /// A bit on the disk changes.
    pub rot: u64,
    /// A write is confirmed and lost, or lands elsewhere.
    pub lie: u64,
}

/// One seed's plan.
#[derive(Clone, Debug)]
pub struct Draw {
    /// Cores of the machine; a life uses at most so many.
    pub cores: u16,
    /// Every life may use another number of them.
    pub reshard: bool,
    /// Topic names.
    pub topics: usize,
    /// The producers.
    pub producers: Vec<Kind>,
    /// How many consumers.
    pub consumers: usize,
    /// Transactions.
    pub txns: txn::Plan,
    /// Groups.
    pub groups: Option<groups::Plan>,
    /// A compacted topic.
    pub keys: Option<keys::Plan>,
    /// A share group.
    pub queue: Option<queue::Plan>,
    /// Their keepers' habits.
    pub habits: Habits,
    /// Longest pause of a client between two steps.
    pub pause: Duration,
    /// Largest value and most records of a batch.
    pub largest: (u64, u64),
    /// How long it goes on, in virtual time.
    pub length: Duration,
    /// Mean time between two turns of fate.
    pub turn: Duration,
    /// Steps of the simulation after which it ends, and after which fate has its turn, if that is sooner. In some worlds much
    /// more happens in a second than in others.
    pub steps: (u64, u64),
    /// The faults.
    pub faults: Faults,
    /// How far the disk may be believed.
    pub honesty: Honesty,
    /// Bytes of a journal file.
    pub journal_file: u64,
    /// Bytes outside of segments at which flushing begins.
    pub dirty: usize,
    /// Bytes of changes after which the controller writes its state anew.
    pub snapshot_every: usize,
    /// Bytes of the cache.
    pub cache: usize,
    /// Settings of the broker.
    pub set: Vec<(String, String)>,
    /// The world.
    pub world: Options,
}

impl Draw {
    /// The plan of a seed.
    pub fn new(seed: u64) -> Self {
        let mut rng = Rng::new(seed ^ 0x6e6f_6465_2073_696d);
        let honesty = match rng.below(10) {
            0 => Honesty::Rotting,
            1 => Honesty::Lying,
            _ => Honesty::Honest,
        };
        let faults = draw_faults(&mut rng, honesty);
        let producers = 1 + rng.below(3);
        let retention_check = 50 + rng.below(1_000);
        let segment_ms = 50 + rng.below(20_000);
        let mut set = vec![
            setting("log.retention.check.interval.ms", retention_check),
            setting("log.roll.ms", segment_ms),
            // Of the broker's own topics; what is loaded after each start is made of them.
            setting("transaction.state.log.num.partitions", 2),
            setting("offsets.topic.num.partitions", 2),
            setting("group.initial.rebalance.delay.ms", 10),
            setting("group.min.session.timeout.ms", 100),
            setting("group.consumer.min.session.timeout.ms", 100),
            setting("group.consumer.session.timeout.ms", groups::SESSION_MS),
            setting("group.consumer.min.heartbeat.interval.ms", 10),
            setting("group.consumer.heartbeat.interval.ms", 100),
        ];
        set.extend(draw_cleaner(seed));
        let mut draw = Self {
            cores: 1 + rng.below(4) as u16,
            reshard: rng.below(3) == 0,
            topics: 1 + rng.below(4) as usize,
            producers: (0..producers).map(|n| draw_kind(&mut rng, n)).collect(),
            consumers: 1 + rng.below(2) as usize,
            txns: txn::Plan::default(),
            groups: None,
            keys: None,
            queue: None,
            habits: Habits {
                segment_bytes: match has_large_batches(seed) {
                    true => 128 << 10,
                    false => 8 << 10,
                },
                delete_one_in: [0, 6, 20, 60][rng.below(4) as usize],
                retention_bytes: match rng.below(3) {
                    0 => 4_096 << rng.below(5),
                    _ => 0,
                },
                retention_ms: match rng.below(3) {
                    0 => 1 + rng.below(2_000),
                    _ => 0,
                },
                delete_records: rng.below(2) == 0,
            },
            pause: Duration::from_micros(1 << (10 + rng.below(7))),
            largest: draw_largest(seed, &mut rng),
            length: Duration::from_millis(500 + rng.below(3_500)),
            turn: Duration::from_millis(10 + rng.below(400)),
            steps: draw_steps(seed),
            faults,
            honesty,
            journal_file: 65_536 << rng.below(3),
            dirty: 1 << (13 + rng.below(8)),
            snapshot_every: 64 << (seed % 12),
            cache: match rng.below(3) {
                0 => 0,
                _ => 1 << (12 + rng.below(8)),
            },
            set,
            world: draw_world(seed, &mut rng),
        };
        draw.add_coordinators(seed);
        draw
    }

    /// Of seven seeds two have transactions, two a group, one a compacted topic, one a share group. What the broker may do when
    /// its own topics cannot be read, or were lost, is not known.
    fn add_coordinators(&mut self, seed: u64) {
        let (rng, jumps) = (&mut Rng::new(seed ^ 0x0074_786e), self.faults.jump > 0);
        if self.honesty != Honesty::Honest || self.faults.read_error > 0 {
            return;
        }
        match seed % 7 {
            0 | 3 => self.txns = txn::Plan::new(rng, jumps),
            1 | 4 => self.groups = Some(groups::Plan::new(rng)),
            2 => self.keys = Some(keys::Plan::new(rng, jumps)),
            5 => {
                self.queue = Some(queue::Plan::new(rng));
                self.set.extend(queue::settings(rng));
            }
            _ => {}
        }
    }

    /// Does the disk report errors, or have no room, now and then?
    pub fn is_failing(&self) -> bool {
        let f = &self.faults;
        f.full + f.write_error + f.read_error > 0 || self.honesty > Honesty::Honest
    }
}

/// One in sixteen writes batches as large as a journal file.
fn has_large_batches(seed: u64) -> bool {
    seed % 16 == 7
}

fn draw_largest(seed: u64, rng: &mut Rng) -> (u64, u64) {
    let (value, records) = (32 + rng.below(500), 1 + rng.below(12));
    match has_large_batches(seed) {
        true => (12 * value, records),
        false => (value, records),
    }
}

/// One in twenty may go on for as long as it takes.
fn draw_steps(seed: u64) -> (u64, u64) {
    match seed % 20 {
        0 => (u64::MAX, u64::MAX),
        _ => (40_000, 5_000),
    }
}

/// The swarm's, but with delays short enough for much to happen in a short time.
fn draw_world(seed: u64, rng: &mut Rng) -> Options {
    let mut world = Options::swarm(seed);
    let divisor = 1 + rng.below(50) as u32;
    for latency in [
        &mut world.net.delay,
        &mut world.disk.read,
        &mut world.disk.write,
        &mut world.disk.sync,
        &mut world.late.1,
    ] {
        latency.min /= divisor;
        latency.mean /= divisor;
    }
    world.disk.capacity = 1 << 30;
    world
}

/// Three in four compact what there is to compact, mostly the broker's own topics, as often as others in days.
fn draw_cleaner(seed: u64) -> Vec<(String, String)> {
    let rng = &mut Rng::new(seed ^ 0x0063_6c65_616e);
    if rng.below(4) == 0 {
        return Vec::new();
    }
    let ratio = ["0", "0.1", "0.5"][rng.below(3) as usize];
    let segment = 2048 << rng.below(4);
    vec![
        setting("log.cleaner.backoff.ms", 1 + rng.below(300)),
        setting("log.cleaner.min.cleanable.ratio", ratio),
        setting("log.cleaner.delete.retention.ms", rng.below(2_000)),
        setting("offsets.topic.segment.bytes", segment),
        setting("transaction.state.log.segment.bytes", segment),
    ]
}

fn setting(key: &str, value: impl ToString) -> (String, String) {
    (key.to_owned(), value.to_string())
}

fn draw_kind(rng: &mut Rng, number: u64) -> Kind {
    match rng.below(5) {
        _ if number == 0 => Kind::Idempotent,
        0 => Kind::Plain(0),
        1 => Kind::Plain(1),
        2 => Kind::Plain(-1),
        _ => Kind::Idempotent,
    }
}

fn draw_faults(rng: &mut Rng, honesty: Honesty) -> Faults {
    let mut sometimes = |often: u64| match rng.below(often) {
        0 => 2 + rng.below(12),
        _ => 0,
    };
    let mut faults = Faults {
        power: sometimes(2),
        kill: sometimes(2),
        terminate: sometimes(4),
        reset: sometimes(3),
        cut: sometimes(4),
        pause: sometimes(5),
        slow: sometimes(5),
        full: sometimes(8),
        write_error: sometimes(8),
        read_error: sometimes(10),
        jump: sometimes(5),
        rot: 0,
        lie: 0,
    };
    match honesty {
        Honesty::Honest => {}
        Honesty::Rotting => faults.rot = 2 + rng.below(6),
        Honesty::Lying => faults.lie = 2 + rng.below(6),
    }
    faults
}
