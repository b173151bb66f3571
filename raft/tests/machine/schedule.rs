//! Random schedules from a seed: everything that can happen happens in some order, and [`crate::checks`] looks on.
//! Then the faults end, and the group must find a leader and agree.
//!
//! `RAFT_SEEDS=N` runs N seeds of each kind instead of the few that every test run takes; `RAFT_SEED=S` runs one.

use std::panic::{AssertUnwindSafe, catch_unwind};

use bytes::Bytes;
use ottla_protocol::ids::NodeId;
use ottla_raft::{Change, Input, Limits, Payload, Role};

use crate::node::{Driver, Node, fresh};
use crate::random::Random;
use crate::world::World;

const STEPS: usize = 2_500;

struct Run {
    world: World,
    random: Random,
    nodes: Vec<NodeId>,
    /// A checksum over everything that happened.
    trace: u32,
}

impl Run {
    fn new(seed: u64, size: i32, driver: Driver) -> Run {
        let voters: Vec<i32> = (1..=size).collect();
        let limits = Limits {
            election_ticks: 5,
            max_message_bytes: 200,
            max_uncommitted_bytes: 600,
            max_inflight: 4,
            window_bytes: 300,
            window_entries: 30,
            ..Limits::default()
        };
        let mut world = World::default();
        for id in &voters {
            let mut node = Node::new(NodeId(*id), fresh(&voters), limits, seed);
            node.driver = driver;
            world.add(node);
        }
        let nodes = voters.into_iter().map(NodeId).collect();
        Run {
            world,
            random: Random(seed),
            nodes,
            trace: 0,
        }
    }

    fn any(&mut self) -> NodeId {
        let at = self.random.below(self.nodes.len());
        self.nodes[at]
    }

    /// A node that thinks it leads, or any.
    fn leader(&mut self) -> NodeId {
        let leads = |node: &&Node| {
            node.replica
                .as_ref()
                .is_some_and(|r| r.role() == Role::Leader)
        };
        let leaders: Vec<NodeId> = self
            .world
            .nodes
            .values()
            .filter(leads)
            .map(|node| node.id)
            .collect();
        self.random.pick(&leaders).unwrap_or_else(|| self.any())
    }

    fn step(&mut self) {
        match self.random.below(1000) {
            0..150 => self.tick(),
            150..240 => self.propose(),
            240..440 => self.flush(),
            440..930 => self.deliver(),
            930..945 => self.lose_or_repeat(),
            945..957 => self.crash_or_restart(),
            957..967 => self.cut_or_heal(),
            967..980 => self.checkpoint(),
            980..994 => self.snapshot(),
            _ => self.command(),
        }
        for line in self.world.trace.drain(..) {
            self.trace = crc32c::crc32c_append(self.trace, line.text.as_bytes());
        }
        assert!(self.world.faults.is_empty(), "{:?}", self.world.faults);
    }

    fn tick(&mut self) {
        let id = self.any();
        self.world.handle(id, Input::Tick);
    }

    fn propose(&mut self) {
        let id = self.leader();
        for _ in 0..=self.random.below(4) {
            let length = self.random.below(80);
            let body: Bytes = (0..length).map(|_| self.random.next() as u8).collect();
            let payload = match self.random.below(5) {
                0 => Payload::Command(body.clone()),
                n => Payload::Data {
                    bytes: body.clone(),
                    records: n as u32,
                },
            };
            let Some(replica) = self
                .world
                .nodes
                .get_mut(&id)
                .and_then(|n| n.replica.as_mut())
            else {
                return;
            };
            let (offset, term) = (replica.next_offset(), replica.term());
            if let Ok(p) = replica.propose(payload) {
                assert_eq!(
                    (p.base_offset, p.term),
                    (offset, term),
                    "the stamp was wrong"
                );
                self.world.waiting.insert((id, p.term, p.index));
                self.world
                    .history
                    .propose(p.index, p.term, p.base_offset, body);
            }
        }
        if self.random.below(2) == 0 {
            self.world.settle();
        }
    }

    fn flush(&mut self) {
        let (id, count) = (self.any(), 1 + self.random.below(4));
        self.world.flush(id, count);
    }

    /// Mostly in order, sometimes not.
    fn deliver(&mut self) {
        let reach = if self.random.below(5) == 0 {
            self.world.letters.len()
        } else {
            3
        };
        let at = self.random.below(reach.min(self.world.letters.len()));
        self.world.deliver(at);
    }

    fn lose_or_repeat(&mut self) {
        let at = self.random.below(self.world.letters.len());
        match self.random.below(2) {
            0 => drop(self.world.letters.remove(at)),
            _ => self.world.repeat(at),
        }
    }

    /// Mostly somebody who is down comes back. A crash keeps some of the unflushed appends, as a disk may.
    fn crash_or_restart(&mut self) {
        let down = |node: &&Node| node.replica.is_none();
        let down: Vec<NodeId> = self
            .world
            .nodes
            .values()
            .filter(down)
            .map(|node| node.id)
            .collect();
        match self.random.pick(&down).filter(|_| self.random.below(4) > 0) {
            Some(id) => self
                .world
                .restart(id)
                .expect("what was flushed can be opened"),
            None => {
                let id = self.any();
                let kept = self.random.below(self.world.nodes[&id].unflushed() + 1);
                self.world.crash(id, kept);
            }
        }
    }

    fn cut_or_heal(&mut self) {
        let (a, b) = (self.any(), self.any());
        match self.random.below(4) {
            0 => drop(self.world.cut.insert((a, b))),
            1 => self
                .world
                .cut
                .extend(self.nodes.iter().flat_map(|n| [(a, *n), (*n, a)])),
            _ => self.world.cut.clear(),
        }
    }

    fn checkpoint(&mut self) {
        let id = self.any();
        let applied = self.world.nodes[&id].state.index;
        let back = self.random.below(10) as u64;
        self.world.checkpoint(id, applied.saturating_sub(back));
    }

    fn snapshot(&mut self) {
        let id = self.any();
        if self.world.wanted.contains(&id) && self.random.below(2) == 0 {
            self.world.offer(id);
        }
        let complete = self.random.below(4) > 0;
        self.world.fetched(id, complete);
    }

    fn command(&mut self) {
        let (leader, other) = (self.leader(), self.any());
        match self.random.below(4) {
            0 => drop(self.world.with(leader, |replica| replica.transfer(other))),
            1 => self
                .world
                .handle(leader, Input::Unreachable { peer: other }),
            2 => drop(
                self.world
                    .with(leader, |replica| replica.change(&[Change::Learner(other)])),
            ),
            _ => drop(
                self.world
                    .with(leader, |replica| replica.change(&[Change::Voter(other)])),
            ),
        }
    }

    /// No more faults: the group must come together.
    fn recover(&mut self) {
        self.world.cut.clear();
        let nodes = self.nodes.clone();
        for id in &nodes {
            self.world
                .restart(*id)
                .expect("what was flushed can be opened");
        }
        for _ in 0..150 {
            for id in &nodes {
                self.world.handle(*id, Input::Tick);
                if self.world.wanted.contains(id) {
                    self.world.offer(*id);
                }
                self.world.fetched(*id, true);
            }
            self.world.stabilize();
        }
        let serving = |node: &&Node| node.replica.as_ref().is_some_and(|r| r.can_serve());
        let leaders: Vec<NodeId> = self
            .world
            .nodes
            .values()
            .filter(serving)
            .map(|node| node.id)
            .collect();
        assert_eq!(leaders.len(), 1, "no single leader without faults");
        let states: Vec<_> = self.world.nodes.values().map(|node| node.state).collect();
        assert!(
            states.iter().all(|state| *state == states[0]),
            "not together without faults: {states:?}"
        );
        assert_eq!(states[0].index, self.world.history.last());
        assert!(
            self.world.waiting.is_empty(),
            "callers that wait for ever: {:?}",
            self.world.waiting
        );
    }
}

/// Runs one seed; the checksum of its trace and how many entries were committed.
fn run(seed: u64, size: i32, driver: Driver) -> (u32, u64) {
    let mut run = Run::new(seed, size, driver);
    for _ in 0..STEPS {
        run.step();
    }
    run.recover();
    assert!(run.world.faults.is_empty(), "{:?}", run.world.faults);
    (run.trace, run.world.history.last())
}

fn seeds(few: u64) -> std::ops::Range<u64> {
    let number = |name: &str| std::env::var(name).ok().and_then(|v| v.parse().ok());
    match number("RAFT_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("RAFT_SEEDS").unwrap_or(few),
    }
}

fn all_hold(size: i32, few: u64) {
    let mut committed = 0;
    for seed in seeds(few) {
        let outcome = catch_unwind(|| run(seed, size, Driver::Dutiful));
        committed += outcome
            .unwrap_or_else(|_| panic!("seed {seed} with {size} nodes fails"))
            .1;
    }
    println!("{size} nodes: {committed} entries committed");
}

#[test]
fn three_nodes_agree() {
    all_hold(3, 60);
}

#[test]
fn five_nodes_agree() {
    all_hold(5, 30);
}

#[test]
fn one_node_agrees_with_itself() {
    all_hold(1, 20);
}

#[test]
fn a_seed_is_a_run() {
    for seed in 1000..1005 {
        assert_eq!(run(seed, 3, Driver::Dutiful), run(seed, 3, Driver::Dutiful));
    }
    assert_ne!(run(1, 3, Driver::Dutiful).0, run(2, 3, Driver::Dutiful).0);
}

/// The first seed that catches a driver with a bug.
fn caught(driver: Driver, size: i32) -> Option<u64> {
    (0..200).find(|seed| catch_unwind(AssertUnwindSafe(|| run(*seed, size, driver))).is_err())
}

#[test]
fn planted_bugs_are_caught() {
    let silent = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let found = [
        caught(Driver::AckBeforeFlush, 1),
        caught(Driver::AckBeforeFlush, 3),
        caught(Driver::VoteBeforeFlush, 3),
        caught(Driver::VoteBeforeFlush, 5),
    ];
    std::panic::set_hook(silent);
    println!("caught by seeds {found:?}");
    assert!(found.iter().all(Option::is_some), "{found:?}");
}
