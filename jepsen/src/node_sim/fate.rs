//! What goes wrong, and when: each turn every kind of fault that this seed has may happen; what lasts is over after a few
//! turns.

use std::time::Duration;

use ottla_runtime::rand::Rng;
use ottla_runtime::sim::{CrashKind, DiskOp, DiskOptions, NodeId, Simulation};

use super::draw::{Draw, Faults};

/// Room on the disk when there is enough.
const ROOMY: u64 = 1 << 30;
/// The clock is set by at most so much.
const JUMP_MS: u64 = 60_000;

/// What asking the broker to stop is called.
pub const STOP: &str = "stops asked for";

/// What lasts for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lasting {
    Cut,
    Pause,
    Slow,
    Full,
}

/// The hand that does it.
pub struct Fate {
    faults: Faults,
    broker: NodeId,
    clients: NodeId,
    calm: DiskOptions,
    /// What is going on, and for how many turns more.
    lasting: Vec<(Lasting, u64)>,
    /// How far the broker's clock is ahead, ms.
    pub ahead_ms: i64,
    /// A bit has rotted, or will.
    pub rots: bool,
}

/// What fate cannot resist.
#[derive(Clone, Copy, Debug)]
pub enum Temptation {
    /// A client ends a transaction, which the broker does in several places.
    EndTxn,
    /// A file is written whose old name may come back.
    Renamed,
}

/// What the one who runs the world has to do.
pub enum Deed {
    /// Nothing more.
    Done,
    /// Kill the broker.
    Kill(CrashKind),
}

impl Fate {
    /// For this plan.
    pub fn new(sim: &Simulation, draw: &Draw, broker: NodeId, clients: NodeId) -> Self {
        Self {
            faults: draw.faults,
            broker,
            clients,
            calm: sim.disk(broker),
            lasting: Vec::new(),
            ahead_ms: 0,
            rots: false,
        }
    }

    /// Something happens whose parts a power loss may tear apart. Fate may strike then, in this time: before, between or after
    /// the flushes that it takes. What should never happen it does not let pass.
    pub fn is_tempted(&self, by: Temptation, sim: &Simulation, rng: &mut Rng) -> Option<Duration> {
        let one_in = match (self.faults.power, by) {
            (0, _) => return None,
            (power, Temptation::EndTxn) => power,
            (_, Temptation::Renamed) => 1,
        };
        if rng.below(one_in) > 0 {
            return None;
        }
        let (way, write, sync) = (sim.net().delay, self.calm.write, self.calm.sync);
        let flush = write.min + write.mean + sync.min + sync.mean;
        let most = match by {
            Temptation::EndTxn => 2 * (way.min + way.mean) + 4 * flush,
            Temptation::Renamed => flush,
        };
        Some(Duration::from_nanos(rng.below(most.as_nanos() as u64 + 1)))
    }

    /// What fate does when it is tempted.
    pub fn strike(by: Temptation, mut tell: impl FnMut(&'static str)) -> Deed {
        tell(match by {
            Temptation::EndTxn => "power losses at an EndTxn",
            Temptation::Renamed => "power losses at a file renamed",
        });
        Deed::Kill(CrashKind::Power)
    }

    /// One turn. What is done is told, and counted by name.
    pub fn turn(
        &mut self,
        sim: &Simulation,
        rng: &mut Rng,
        mut tell: impl FnMut(&'static str),
    ) -> Deed {
        self.pass(sim);
        let f = self.faults;
        let mut now = |one_in: u64| one_in > 0 && rng.below(one_in) == 0;
        let lasting = [
            (Lasting::Cut, now(f.cut), "network cuts"),
            (Lasting::Pause, now(f.pause), "process pauses"),
            (Lasting::Slow, now(f.slow), "slow disk"),
            (Lasting::Full, now(f.full), "disk filled"),
        ];
        let (reset, jump, stop) = (now(f.reset), now(f.jump), now(f.terminate));
        let (write, read) = (now(f.write_error), now(f.read_error));
        let (rot, lie) = (now(f.rot), now(f.lie));
        let (kill, power) = (now(f.kill), now(f.power));
        for (what, happens, name) in lasting {
            if happens && self.lasting.iter().all(|(l, _)| *l != what) {
                tell(name);
                self.lasting.push((what, 1 + rng.below(4)));
                self.begin(sim, rng, what);
            }
        }
        if reset {
            tell("all connections reset");
            sim.reset_connections(self.broker, self.clients);
        }
        if jump {
            tell("clock jumps");
            let by = rng.below(JUMP_MS) as i64 - (JUMP_MS / 2) as i64;
            self.ahead_ms += by;
            sim.jump_wall(self.broker, by);
        }
        let plan = |op, rng: &mut Rng| sim.fail_after(self.broker, op, rng.below(30));
        if write {
            let op = [DiskOp::Write, DiskOp::Sync][rng.below(2) as usize];
            plan(op, rng);
        }
        if read {
            plan(DiskOp::Read, rng);
        }
        if rot {
            self.rots = true;
            plan(DiskOp::RotRead, rng);
        }
        if lie {
            let op = [DiskOp::LoseWrite, DiskOp::MisdirectWrite][rng.below(2) as usize];
            plan(op, rng);
        }
        if stop {
            tell(STOP);
            sim.terminate(self.broker);
        }
        match (power, kill) {
            (true, _) => {
                tell("power losses");
                Deed::Kill(CrashKind::Power)
            }
            (_, true) => {
                tell("process kills");
                Deed::Kill(CrashKind::Process)
            }
            _ => Deed::Done,
        }
    }

    /// Nothing goes wrong any more.
    pub fn rest(&mut self, sim: &Simulation) {
        self.faults = Faults::default();
        for (what, _) in std::mem::take(&mut self.lasting) {
            self.end(sim, what);
        }
        sim.plan_no_failures(self.broker);
        let mut net = sim.net();
        (net.stalls, net.resets) = (0.0, 0.0);
        sim.set_net(net);
    }

    fn pass(&mut self, sim: &Simulation) {
        let mut over = Vec::new();
        self.lasting.retain_mut(|(what, turns)| {
            *turns -= 1;
            if *turns == 0 {
                over.push(*what);
            }
            *turns > 0
        });
        for what in over {
            self.end(sim, what);
        }
    }

    fn begin(&mut self, sim: &Simulation, rng: &mut Rng, what: Lasting) {
        let mut disk = sim.disk(self.broker);
        match what {
            Lasting::Cut => {
                sim.cut(self.clients, self.broker);
                if rng.below(2) == 0 {
                    sim.cut(self.broker, self.clients);
                }
            }
            Lasting::Pause => sim.pause(self.broker),
            Lasting::Slow => {
                for latency in [&mut disk.read, &mut disk.write, &mut disk.sync] {
                    latency.min = latency.min * 50 + Duration::from_millis(1);
                    latency.mean *= 100;
                }
                sim.set_disk(self.broker, disk);
            }
            Lasting::Full => {
                disk.capacity = sim.disk_used(self.broker) + rng.below(1 << 17);
                sim.set_disk(self.broker, disk);
            }
        }
    }

    fn end(&self, sim: &Simulation, what: Lasting) {
        let mut disk = sim.disk(self.broker);
        match what {
            Lasting::Cut => sim.heal_all(),
            Lasting::Pause => sim.resume(self.broker),
            Lasting::Slow => {
                disk.read = self.calm.read;
                disk.write = self.calm.write;
                disk.sync = self.calm.sync;
                sim.set_disk(self.broker, disk);
            }
            Lasting::Full => {
                disk.capacity = ROOMY;
                sim.set_disk(self.broker, disk);
            }
        }
    }
}
