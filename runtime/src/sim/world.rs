//! What all parts of a simulation share: clock, randomness, events to come, the trace, the nodes.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    rc::Rc,
    task::Waker,
};

use super::{
    disk::{Disk, Lost},
    executor::Executor,
    net::{self, Net},
    options::{Latency, Options},
    simulation::CrashKind,
};
use crate::rand::Rng;

/// The clock's reading at the start: a day, so that "an hour ago" exists.
const START_NS: u64 = 86_400_000_000_000;

pub(crate) struct World {
    clock: Cell<u64>,
    sequence: Cell<u64>,
    steps: Cell<u64>,
    trace: Cell<u64>,
    pub(super) rng: RefCell<Rng>,
    pub(super) options: RefCell<Options>,
    events: RefCell<BTreeMap<EventKey, Event>>,
    pub(super) executor: Executor,
    pub(super) nodes: RefCell<Vec<Node>>,
    pub(super) net: RefCell<Net>,
    /// Nodes that gave up, to be ended before anything else runs.
    pub(super) aborting: RefCell<Vec<u16>>,
    /// Faults that happened, by kind.
    faults: RefCell<BTreeMap<&'static str, u64>>,
}

/// When, then a random number, so that what happens at the same moment happens in any order.
pub(super) type EventKey = (u64, u64);

pub(super) enum Event {
    Wake(Waker),
    Call(Call),
}

type Call = Box<dyn FnOnce(&Rc<World>)>;

pub(super) struct Node {
    pub(super) shards: u16,
    pub(super) up: bool,
    /// Counts crashes: what belongs to an earlier life of the node is void.
    pub(super) epoch: u32,
    pub(super) last_crash: CrashKind,
    /// The epoch that began with the last loss of power: what was under way before never happens.
    pub(super) powered_since: u32,
    pub(super) paused: bool,
    pub(super) wall_offset_ms: i64,
    /// Why the process ended itself, until it is started again.
    pub(super) aborted: Option<String>,
    pub(super) terminated: bool,
    pub(super) terminate_wakers: Vec<Waker>,
    pub(super) disk: Disk,
}

/// What an entry of the trace is about.
#[derive(Clone, Copy)]
pub(super) enum Note {
    Poll = 1,
    Event,
    Write,
    Read,
    Sync,
    Names,
    Segment,
    Crash,
    Fault,
}

impl World {
    pub(super) fn new(seed: u64, options: Options) -> Rc<World> {
        Rc::new(World {
            clock: Cell::new(START_NS),
            sequence: Cell::new(0),
            steps: Cell::new(0),
            trace: Cell::new(seed),
            rng: RefCell::new(Rng::new(seed)),
            options: RefCell::new(options),
            events: RefCell::default(),
            executor: Executor::default(),
            nodes: RefCell::default(),
            net: RefCell::default(),
            aborting: RefCell::default(),
            faults: RefCell::default(),
        })
    }

    pub(super) fn now(&self) -> u64 {
        self.clock.get()
    }

    pub(super) fn steps(&self) -> u64 {
        self.steps.get()
    }

    pub(super) fn trace(&self) -> u64 {
        self.trace.get()
    }

    /// Adds a decision or an io event to the trace hash.
    pub(super) fn note(&self, what: Note, a: u64, b: u64) {
        let mut hash = self.trace.get();
        for word in [what as u64, self.now(), a, b] {
            hash = (hash ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            hash ^= hash >> 29;
        }
        self.trace.set(hash);
    }

    /// Counts a fault that happened.
    pub(super) fn count_fault(&self, kind: &'static str) {
        self.count_faults(kind, 1);
    }

    pub(super) fn count_faults(&self, kind: &'static str, many: u64) {
        if many > 0 {
            *self.faults.borrow_mut().entry(kind).or_default() += many;
        }
    }

    pub(super) fn faults(&self) -> BTreeMap<&'static str, u64> {
        self.faults.borrow().clone()
    }

    pub(super) fn next_sequence(&self) -> u64 {
        let sequence = self.sequence.get() + 1;
        self.sequence.set(sequence);
        sequence
    }

    pub(super) fn random(&self) -> u64 {
        self.rng.borrow_mut().u64()
    }

    pub(super) fn below(&self, bound: u64) -> u64 {
        self.rng.borrow_mut().below(bound)
    }

    pub(super) fn chance(&self, p: f64) -> bool {
        self.rng.borrow_mut().chance(p)
    }

    pub(super) fn draw(&self, latency: Latency) -> u64 {
        latency.draw(&mut self.rng.borrow_mut())
    }

    pub(super) fn is_alive(&self, node: u16, epoch: u32) -> bool {
        let nodes = self.nodes.borrow();
        let node = &nodes[usize::from(node)];
        node.up && node.epoch == epoch
    }

    /// Runs `f` on a node's state. `f` must not wake, spawn or schedule.
    pub(super) fn with_node<R>(&self, node: u16, f: impl FnOnce(&mut Node) -> R) -> R {
        f(&mut self.nodes.borrow_mut()[usize::from(node)])
    }

    /// Puts an event at a time (at once, but not before the running task has yielded, if that is past).
    pub(super) fn schedule(&self, at: u64, event: Event) -> EventKey {
        let tiebreak =
            (self.random() & 0xffff_ffff_0000_0000) | (self.next_sequence() & 0xffff_ffff);
        let key = (at.max(self.now()), tiebreak);
        self.events.borrow_mut().insert(key, event);
        key
    }

    pub(super) fn after(&self, delay_ns: u64, call: impl FnOnce(&Rc<World>) + 'static) {
        self.schedule(self.now() + delay_ns, Event::Call(Box::new(call)));
    }

    /// Changes the waker of a timer that has not fired; false if it has.
    pub(super) fn rearm(&self, key: EventKey, waker: &Waker) -> bool {
        match self.events.borrow_mut().get_mut(&key) {
            Some(Event::Wake(old)) => {
                old.clone_from(waker);
                true
            }
            _ => false,
        }
    }

    pub(super) fn cancel(&self, key: EventKey) {
        // Dropped outside the borrow: an event may own anything.
        let event = self.events.borrow_mut().remove(&key);
        drop(event);
    }

    /// Forgets everything to come; at the end of a simulation.
    pub(super) fn clear_events(&self) {
        let events = std::mem::take(&mut *self.events.borrow_mut());
        drop(events);
    }

    fn fire(self: &Rc<Self>, key: EventKey) {
        let Some(event) = self.events.borrow_mut().remove(&key) else {
            return;
        };
        self.note(Note::Event, key.0, key.1);
        match event {
            Event::Wake(waker) => waker.wake(),
            Event::Call(call) => call(self),
        }
    }

    /// One step: what is due, then one ready task; without one, time jumps to the next event, but not
    /// beyond `limit`. False when nothing is left to do before `limit`.
    pub(super) fn step(self: &Rc<Self>, limit: u64) -> bool {
        self.steps.set(self.steps.get() + 1);
        loop {
            let Some(key) = self.events.borrow().keys().next().copied() else {
                break;
            };
            if key.0 > self.now() {
                break;
            }
            self.fire(key);
        }
        self.executor.bury(self);
        if self.executor.run_one(self) {
            self.end_aborting();
            let (low, high) = self.options.borrow().poll_ns;
            let cost = self.rng.borrow_mut().between(low, high);
            self.clock.set(self.now() + cost);
            return true;
        }
        let next = self.events.borrow().keys().next().copied();
        match next {
            Some(key) if key.0 <= limit => {
                self.clock.set(key.0.max(self.now()));
                self.fire(key);
                true
            }
            _ => false,
        }
    }

    /// Ends the nodes that gave up in the last poll.
    fn end_aborting(self: &Rc<Self>) {
        loop {
            let Some(node) = self.aborting.borrow_mut().pop() else {
                return;
            };
            self.crash(node, CrashKind::Process);
        }
    }

    /// Kills a node: all its tasks end where they are. Nothing happens when it is down already.
    pub(super) fn crash(self: &Rc<Self>, node: u16, kind: CrashKind) {
        if !self.with_node(node, |node| node.up) {
            return;
        }
        let power = kind.is_power_loss();
        self.note(Note::Crash, u64::from(node), u64::from(power));
        self.with_node(node, |node| {
            node.up = false;
            node.epoch += 1;
            node.last_crash = kind;
            if power {
                node.powered_since = node.epoch;
            }
            node.paused = false;
            node.terminated = false;
            node.terminate_wakers.clear();
        });
        self.executor.end_all(self, Some(node));
        net::node_died(self, node);
        let lost = self.with_node(node, |node| match kind {
            CrashKind::Process => {
                node.disk.process_died();
                Lost::default()
            }
            CrashKind::Power => node
                .disk
                .power_lost(&mut self.rng.borrow_mut(), || self.next_sequence()),
        });
        self.count_faults("torn or lost sectors", lost.sectors);
        self.count_faults("lost names", lost.names);
    }

    /// Moves the clock to `limit` when nothing happens before.
    pub(super) fn skip_to(&self, limit: u64) {
        self.clock.set(self.now().max(limit));
    }
}
