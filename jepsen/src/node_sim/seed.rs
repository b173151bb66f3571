//! One seed: draws its plan, runs broker and clients, lets fate have its turns, then reads everything back.

use core::net::SocketAddr;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use ottla_runtime::rand::Rng;
use ottla_runtime::shards::ShardId;
use ottla_runtime::sim::{CrashKind, NodeId, Simulation};
use ottla_storage::mutants::{self, Mutant};

use super::audit::audit;
use super::client::Shared;
use super::draw::Draw;
use super::fate::{Deed, Fate, STOP, Temptation};
use super::ledger::{Counts, Honesty, Ledger};
use super::life::{End, Machine, PORT};
use super::story::Story;

/// How long clients may take to finish when nothing goes wrong any more, and how long the last look may take.
const FINISH_WITHIN: Duration = Duration::from_secs(120);
/// The same on a damaged disk, where nothing is demanded of either.
const TRY_FOR: Duration = Duration::from_secs(10);

/// What a seed came to.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// The first broken promise.
    pub violation: Option<String>,
    /// Hash of everything that happened.
    pub trace: u64,
    /// What was done.
    pub counts: Counts,
    /// Faults by kind.
    pub faults: BTreeMap<&'static str, u64>,
    /// Virtual time.
    pub time: Duration,
    /// Steps of the simulation.
    pub steps: u64,
    /// Starts of the broker.
    pub starts: u64,
    /// The broker refused to go on with what is on its disk, as it should when that is damaged.
    pub refused: bool,
}

/// A seed under way.
pub(super) struct Run {
    pub(super) sim: Simulation,
    pub(super) draw: Draw,
    pub(super) rng: Rng,
    machine: Machine,
    pub(super) clients: NodeId,
    pub(super) shared: Rc<Shared>,
    fate: Fate,
    faults: BTreeMap<&'static str, u64>,
    clock: Rc<Cell<u64>>,
    began: u64,
    pub(super) clients_started: usize,
}

/// Runs a seed, with a bug planted if one is given.
pub fn run(seed: u64, story: bool, mutant: Option<Mutant>) -> Outcome {
    mutants::plant(mutant);
    let mut run = Run::new(seed, story);
    run.tell(|| format!("seed {seed}"));
    let plan = format!("{:#?}", run.draw);
    run.tell(|| plan);
    run.storm();
    if run.is_whole() {
        run.aftermath();
    }
    run.outcome()
}

impl Run {
    fn new(seed: u64, story: bool) -> Self {
        let draw = Draw::new(seed);
        let sim = Simulation::new(seed, draw.world.clone());
        let machine = Machine::new(&sim, &draw);
        let clients = sim.node(1);
        let story = Story::new(story);
        let clock = story.clock();
        let mut ledger = Ledger::new(draw.topics, draw.honesty, draw.is_failing(), story);
        ledger.txns.places = draw.txns.places();
        if let Some(groups) = &draw.groups {
            ledger.txns.places = groups.txns.places();
            let modern = groups.members.iter().filter(|modern| **modern).count();
            ledger.roster.is_mixed = modern > 0 && modern < groups.members.len();
        }
        if let Some(keys) = &draw.keys {
            ledger.table.partitions = keys.partitions;
            ledger.table.keeps_tombstones = keys.keeps_tombstones;
        }
        let shared = Rc::new(Shared {
            address: SocketAddr::new(sim.ip(machine.node), PORT),
            ledger: RefCell::new(ledger),
            ahead_ms: Cell::new(0),
            patience: Duration::from_secs(3),
            pause: draw.pause,
            tempting: Cell::new(false),
        });
        Self {
            fate: Fate::new(&sim, &draw, machine.node, clients),
            began: sim.now().as_nanos(),
            rng: Rng::new(seed ^ 0x0066_6174_6500),
            sim,
            draw,
            machine,
            clients,
            shared,
            faults: BTreeMap::new(),
            clock,
            clients_started: 0,
        }
    }

    fn tell(&self, line: impl FnOnce() -> String) {
        self.shared.ledger.borrow().story.tell(line);
    }

    fn is_whole(&self) -> bool {
        self.shared.ledger.borrow().violation().is_none()
    }

    /// Runs the world for a while, or until a promise is broken or the broker has ended by itself.
    fn run_for(&self, time: Duration, mut done: impl FnMut() -> bool) -> bool {
        self.sim.run_until(time, || {
            self.clock.set(self.sim.now().as_nanos() - self.began);
            !self.is_whole() || self.machine.may_have_ended(&self.sim) || done()
        })
    }

    /// Faults, one after the other.
    fn storm(&mut self) {
        self.start();
        self.start_clients();
        let length = self.draw.length.as_nanos() as u64;
        let (steps, turn_steps) = self.draw.steps;
        while self.is_whole() && self.clock.get() < length && self.sim.steps() < steps {
            let tempted = self.pass_turn(turn_steps);
            if !self.look_after() {
                // Down already: it comes back after a while.
                self.sim
                    .run_for(Duration::from_millis(self.rng.below(50) + 1));
                self.start();
                continue;
            }
            let (faults, rng) = (&mut self.faults, &mut self.rng);
            let shared = self.shared.clone();
            let tell = |what| {
                *faults.entry(what).or_default() += 1;
                let mut ledger = shared.ledger.borrow_mut();
                if what == STOP {
                    let life = ledger.life;
                    ledger.stopped_in.insert(life);
                }
                ledger.story.tell(|| format!("FATE  {what}"));
            };
            let deed = match tempted {
                Some(by) => Fate::strike(by, tell),
                None => self.fate.turn(&self.sim, rng, tell),
            };
            let ahead = self.shared.ahead_ms.get().max(self.fate.ahead_ms);
            self.shared.ahead_ms.set(ahead);
            if let Deed::Kill(kind) = deed {
                self.machine.kill(&self.sim, kind);
                self.start();
            }
        }
    }

    /// Lets the time of a turn pass, or what fate makes of it when it cannot wait for its end.
    fn pass_turn(&mut self, steps: u64) -> Option<Temptation> {
        let turn = self.rng.below(2 * self.draw.turn.as_nanos() as u64 + 1);
        let end = self.sim.now() + Duration::from_nanos(turn);
        let upto = self.sim.steps().saturating_add(steps);
        loop {
            let written = self.sim.written_renamed(self.machine.node);
            let temptation = || {
                let renamed = self.sim.written_renamed(self.machine.node) > written;
                let ended = self.shared.tempting.get().then_some(Temptation::EndTxn);
                ended.or(renamed.then_some(Temptation::Renamed))
            };
            let left = end - self.sim.now();
            self.run_for(left, || self.sim.steps() >= upto || temptation().is_some());
            let by = temptation()?;
            self.shared.tempting.set(false);
            if let Some(wait) = self.fate.is_tempted(by, &self.sim, &mut self.rng) {
                self.run_for(wait, || false);
                return Some(by);
            }
        }
    }

    /// Is the broker up? If it ended by itself, that must have been for a reason.
    fn look_after(&mut self) -> bool {
        match self.machine.has_ended(&self.sim) {
            None => self.sim.is_up(self.machine.node),
            Some(End::Stopped) => {
                self.tell(|| "FATE  the broker has stopped".to_owned());
                false
            }
            Some(End::GaveUp(why)) => {
                self.tell(|| format!("FATE  the broker gave up: {why}"));
                if !self.shared.ledger.borrow().failing {
                    let what = format!("the broker gave up without a reason: {why}");
                    self.shared.ledger.borrow_mut().violate(what);
                }
                false
            }
        }
    }

    fn start(&mut self) {
        let shards = match self.draw.reshard {
            true => 1 + self.rng.below(u64::from(self.draw.cores)) as u16,
            false => self.draw.cores,
        };
        self.sim.run_until(FINISH_WITHIN, || {
            self.clock.set(self.sim.now().as_nanos() - self.began);
            self.machine.is_ready(&self.sim)
        });
        self.tell(|| format!("FATE  start with {shards} shards"));
        {
            let mut ledger = self.shared.ledger.borrow_mut();
            ledger.life += 1;
            // A rotten bit in a journal's last write cannot be told from a torn one (storage/README.md).
            if self.fate.rots {
                ledger.honesty = Honesty::Lying;
            }
            if ledger.honesty == Honesty::Lying {
                ledger.slots.iter_mut().for_each(|slot| slot.forget());
            }
        }
        if let Err(why) = self.machine.start(&self.sim, &self.draw, shards) {
            self.shared.ledger.borrow_mut().violate(why);
        }
    }

    /// No more faults: the clients finish, then the power goes once more, then everything is read.
    fn aftermath(&mut self) {
        self.tell(|| "FATE  no more faults".to_owned());
        self.fate.rest(&self.sim);
        // The broker may go on for a while to believe that its disk is full: then clients come again.
        self.shared.ledger.borrow_mut().ending = true;
        let finished =
            self.serve_until(|run| run.shared.ledger.borrow().finished == run.clients_started);
        if !finished {
            return self.unfinished("clients did not finish");
        }
        self.machine.kill(&self.sim, CrashKind::Power);
        self.start();
        let (shared, seed, damaged) = (self.shared.clone(), self.rng.u64(), self.is_damaged());
        let read: Rc<Cell<bool>> = Rc::default();
        let done = read.clone();
        self.sim
            .spawn(self.clients, ShardId(0), async move {
                audit(shared, seed, damaged).await;
                done.set(true);
            })
            .detach();
        if !self.serve_until(|_| read.get()) {
            self.unfinished("not everything could be read");
        }
    }

    /// The disk may hold what cannot be read, for good.
    fn is_damaged(&self) -> bool {
        self.draw.honesty > Honesty::Honest || self.draw.faults.read_error > 0
    }

    fn unfinished(&mut self, what: &str) {
        let mut ledger = self.shared.ledger.borrow_mut();
        if !self.is_damaged() && ledger.violation().is_none() {
            ledger.violate(format!(
                "{what}, though nothing went wrong for {FINISH_WITHIN:?}"
            ));
        }
    }

    /// Keeps the broker up until something is done; false if that takes too long.
    fn serve_until(&mut self, done: impl Fn(&Run) -> bool) -> bool {
        let limit = self.sim.now()
            + if self.is_damaged() {
                TRY_FOR
            } else {
                FINISH_WITHIN
            };
        let mut refusals = 0;
        while self.is_whole() && self.sim.now() < limit && !done(self) {
            if !self.look_after() {
                refusals += 1;
                if refusals > 2 {
                    return false;
                }
                self.start();
            }
            let left = limit - self.sim.now();
            self.run_for(left, || done(self));
        }
        done(self)
    }

    fn outcome(self) -> Outcome {
        let ledger = self.shared.ledger.borrow();
        let mut faults = self.sim.faults();
        for (kind, many) in &self.faults {
            *faults.entry(kind).or_default() += many;
        }
        Outcome {
            violation: ledger.violation().cloned(),
            trace: self.sim.trace_hash(),
            counts: ledger.counts,
            faults,
            time: Duration::from_nanos(self.sim.now().as_nanos() - self.began),
            steps: self.sim.steps(),
            starts: u64::from(self.machine.starts),
            refused: !self.sim.is_up(self.machine.node),
        }
    }
}
