//! The handle of a test on its simulated world.

use std::{collections::BTreeMap, net::IpAddr, rc::Rc, time::Duration};

use super::{
    disk::{Disk, normal},
    here::{Here, enter},
    net,
    options::{DiskOptions, NetOptions, Options},
    world::{Node, World},
};
use crate::{
    shards::{Shard, ShardId},
    task::{Share, Task},
    time::Instant,
};

/// One simulated machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub u16);

/// How a node dies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CrashKind {
    /// The machine loses power: an arbitrary part of what was not synced is lost, peers hear nothing.
    Power,
    /// The process is killed: what it wrote stays, its connections are reset.
    Process,
}

impl CrashKind {
    pub(super) fn is_power_loss(self) -> bool {
        self == CrashKind::Power
    }
}

/// A kind of disk operation, to plan a failure for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DiskOp {
    /// The read fails, and all later ones of that sector until it is written.
    Read,
    /// The write fails; any part of it is done.
    Write,
    /// The sync fails; what it should have made durable never will be.
    Sync,
    /// The write is acknowledged and never happens.
    LoseWrite,
    /// The write lands elsewhere in its file.
    MisdirectWrite,
    /// One bit of what the read covers has changed on the disk.
    RotRead,
}

impl DiskOp {
    /// What its failure is called in a count of faults.
    pub(super) fn name(self) -> &'static str {
        match self {
            DiskOp::Read => "read errors",
            DiskOp::Write => "write errors",
            DiskOp::Sync => "sync errors",
            DiskOp::LoseWrite => "lost writes",
            DiskOp::MisdirectWrite => "misdirected writes",
            DiskOp::RotRead => "rotten bits",
        }
    }
}

/// A simulated world. Dropping it ends all tasks.
pub struct Simulation {
    world: Rc<World>,
}

impl Drop for Simulation {
    fn drop(&mut self) {
        for node in self.world.nodes.borrow_mut().iter_mut() {
            node.up = false;
        }
        self.world.executor.end_all(&self.world, None);
        self.world.clear_events();
        self.world.executor.end_all(&self.world, None);
        // A connection that nobody has accepted holds the world, as does everything that it came from.
        let net = self.world.net.take();
        drop(net);
        self.world.clear_events();
    }
}

impl Simulation {
    /// An empty world in which `seed` decides everything.
    pub fn new(seed: u64, options: Options) -> Simulation {
        Simulation {
            world: World::new(seed, options),
        }
    }

    /// Adds a node, up, with an empty disk.
    ///
    /// # Panics
    /// Beyond 65,534 nodes.
    pub fn node(&self, shards: u16) -> NodeId {
        let disk = Disk::new(self.world.options.borrow().disk.clone());
        let mut nodes = self.world.nodes.borrow_mut();
        let id = u16::try_from(nodes.len())
            .ok()
            .filter(|id| *id < u16::MAX)
            .expect("too many nodes");
        nodes.push(Node {
            shards,
            up: true,
            epoch: 0,
            last_crash: CrashKind::Process,
            powered_since: 0,
            paused: false,
            wall_offset_ms: 0,
            aborted: None,
            terminated: false,
            terminate_wakers: Vec::new(),
            disk,
        });
        NodeId(id)
    }

    /// The node's address (10.0.x.y).
    pub fn ip(&self, node: NodeId) -> IpAddr {
        net::ip_of(node.0)
    }

    /// Starts a task on a shard of a node. Ignored (the task never runs) when the node is down.
    pub fn spawn<F>(&self, node: NodeId, shard: ShardId, future: F) -> Task<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        Task::simulated(self.here(node, shard).spawn(Share::Foreground, future))
    }

    /// Runs `main` on every shard of a node, as `shards::run` does for real.
    pub fn start<F, Fut>(&self, node: NodeId, main: F)
    where
        F: Fn(Shard) -> Fut,
        Fut: Future<Output = ()> + 'static,
    {
        let count = self.world.with_node(node.0, |node| node.shards);
        for id in (0..count).map(ShardId) {
            let here = self.here(node, id);
            let future = enter(here, || main(Shard { id, count }));
            self.spawn(node, id, future).detach();
        }
    }

    /// Runs the world until `future`, started on shard 0 of `node`, has ended; none if that takes longer
    /// than `limit` or the node crashes meanwhile.
    pub fn block_on<F>(&self, node: NodeId, limit: Duration, future: F) -> Option<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        let mut task = self.here(node, ShardId(0)).spawn(Share::Foreground, future);
        let mut result = None;
        self.run_until(limit, || {
            result = task.take_result();
            result.is_some()
        });
        result
    }

    fn here(&self, node: NodeId, shard: ShardId) -> Here {
        Here::new(self.world.clone(), node.0, shard)
    }

    /// Runs for that much virtual time.
    pub fn run_for(&self, duration: Duration) {
        self.run_until(duration, || false);
    }

    /// Runs until `done` says so, looked at after each step; false if `limit` of virtual time passed first.
    pub fn run_until(&self, limit: Duration, mut done: impl FnMut() -> bool) -> bool {
        let limit = self
            .world
            .now()
            .saturating_add(u64::try_from(limit.as_nanos()).unwrap_or(u64::MAX));
        loop {
            if done() {
                return true;
            }
            if self.world.now() >= limit {
                return false;
            }
            if !self.world.step(limit) {
                self.world.skip_to(limit);
                return done();
            }
        }
    }

    /// The virtual monotonic clock.
    pub fn now(&self) -> Instant {
        Instant::from_nanos(self.world.now())
    }

    /// Hash of all decisions and io events so far: equal for equal seeds, or the code under test is not
    /// deterministic.
    pub fn trace_hash(&self) -> u64 {
        self.world.trace()
    }

    /// Steps made so far.
    pub fn steps(&self) -> u64 {
        self.world.steps()
    }

    /// A number from the world's seed, for the test's own choices.
    pub fn random(&self) -> u64 {
        self.world.random()
    }

    /// A number below `bound` from the world's seed.
    pub fn below(&self, bound: u64) -> u64 {
        self.world.below(bound)
    }

    /// Kills a node: all its tasks end where they are. Nothing happens when it is down already.
    pub fn crash(&self, node: NodeId, kind: CrashKind) {
        self.world.crash(node.0, kind);
    }

    /// Why the node's process ended itself (`process::abort`), until it is started again.
    pub fn aborted(&self, node: NodeId) -> Option<String> {
        self.world.with_node(node.0, |node| node.aborted.clone())
    }

    /// Faults that happened so far, by kind.
    pub fn faults(&self) -> BTreeMap<&'static str, u64> {
        self.world.faults()
    }

    /// Switches a crashed node on again, with what its disk has kept and no tasks.
    pub fn restart(&self, node: NodeId) {
        self.world.with_node(node.0, |node| {
            node.up = true;
            node.aborted = None;
        });
    }

    /// Whether the node is up.
    pub fn is_up(&self, node: NodeId) -> bool {
        self.world.with_node(node.0, |node| node.up)
    }

    /// Stops a node's tasks from being run, without killing them (a long pause of the process).
    pub fn pause(&self, node: NodeId) {
        self.world.with_node(node.0, |node| node.paused = true);
    }

    /// Ends a pause.
    pub fn resume(&self, node: NodeId) {
        self.world.with_node(node.0, |node| node.paused = false);
        self.world.executor.release_held();
    }

    /// What SIGTERM is to a real process: `signal::terminated` resolves.
    pub fn terminate(&self, node: NodeId) {
        let wakers = self.world.with_node(node.0, |node| {
            node.terminated = true;
            std::mem::take(&mut node.terminate_wakers)
        });
        wakers.into_iter().for_each(std::task::Waker::wake);
    }

    /// Moves a node's wall clock by that many milliseconds, either way.
    pub fn jump_wall(&self, node: NodeId, by_ms: i64) {
        self.world
            .with_node(node.0, |node| node.wall_offset_ms += by_ms);
    }

    /// Changes the network's behaviour from now on.
    pub fn set_net(&self, options: NetOptions) {
        self.world.options.borrow_mut().net = options;
    }

    /// The network's behaviour.
    pub fn net(&self) -> NetOptions {
        self.world.options.borrow().net.clone()
    }

    /// Cuts the link from one node to another, in that direction only: what is sent waits.
    pub fn cut(&self, from: NodeId, to: NodeId) {
        self.world.net.borrow_mut().set_cut(from.0, to.0, true);
    }

    /// Makes a cut link whole: what waited travels on.
    pub fn heal(&self, from: NodeId, to: NodeId) {
        net::heal(&self.world, from.0, to.0);
    }

    /// Makes all links whole.
    pub fn heal_all(&self) {
        let count = self.world.nodes.borrow().len() as u16;
        for (from, to) in (0..count).flat_map(|from| (0..count).map(move |to| (from, to))) {
            net::heal(&self.world, from, to);
        }
    }

    /// Resets all connections between two nodes.
    pub fn reset_connections(&self, a: NodeId, b: NodeId) {
        net::reset_between(&self.world, a.0, b.0);
    }

    /// Changes a disk's behaviour from now on. Its sector size stays.
    pub fn set_disk(&self, node: NodeId, options: DiskOptions) {
        self.world.with_node(node.0, |node| {
            let sector = node.disk.options.sector;
            node.disk.options = DiskOptions { sector, ..options };
        });
    }

    /// A disk's behaviour.
    pub fn disk(&self, node: NodeId) -> DiskOptions {
        self.world
            .with_node(node.0, |node| node.disk.options.clone())
    }

    /// Has the disk anything left to do? What a killed process asked for is completed after its end.
    pub fn disk_busy(&self, node: NodeId) -> bool {
        self.world.with_node(node.0, |node| node.disk.under_way > 0)
    }

    /// How many writes there were to files whose renaming was not durable: when the power goes then, the old name leads to
    /// what was written.
    pub fn written_renamed(&self, node: NodeId) -> u64 {
        self.world
            .with_node(node.0, |node| node.disk.written_renamed)
    }

    /// Bytes in use on a disk.
    pub fn disk_used(&self, node: NodeId) -> u64 {
        self.world.with_node(node.0, |node| node.disk.used)
    }

    /// Plans a failure: `skip` operations of that kind succeed, then one fails.
    pub fn fail_after(&self, node: NodeId, op: DiskOp, skip: u64) {
        self.world.with_node(node.0, |node| {
            node.disk.planned_failures.insert(op, skip);
        });
    }

    /// Forgets the failures that were planned and have not happened yet.
    pub fn plan_no_failures(&self, node: NodeId) {
        self.world
            .with_node(node.0, |node| node.disk.planned_failures.clear());
    }

    /// Changes one stored byte of a file (xor with `mask`), durable and volatile. False if there is none.
    pub fn corrupt(&self, node: NodeId, path: &str, pos: u64, mask: u8) -> bool {
        let path = normal(path.as_ref());
        self.world
            .with_node(node.0, |node| match node.disk.entry(&path) {
                Some(super::disk::Entry::File(inode)) => node
                    .disk
                    .image(inode)
                    .is_some_and(|image| image.corrupt(pos, mask)),
                _ => false,
            })
    }
}
