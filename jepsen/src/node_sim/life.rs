//! The broker on its simulated machine: started, killed, started again; and why it ended when nobody killed it.

use std::cell::RefCell;
use std::path::PathBuf;
use std::rc::Rc;

use ottla_broker::boot::{Broker, JournalFiles, Plan, StartError, StartOptions};
use ottla_runtime::shards::{Shard, ShardId};
use ottla_runtime::sim::{CrashKind, NodeId, Simulation};

use super::draw::Draw;

/// Where the broker listens.
pub const PORT: u16 = 9092;

/// The machine and what runs on it.
pub struct Machine {
    /// The machine.
    pub node: NodeId,
    /// How often the broker was started.
    pub starts: u32,
    ended: Rc<RefCell<Option<Result<(), StartError>>>>,
}

/// How a broker ended that nobody killed.
#[derive(Debug)]
pub enum End {
    /// It was asked to.
    Stopped,
    /// It could not go on, or not start; in its words.
    GaveUp(String),
}

impl Machine {
    /// A new machine with an empty disk.
    pub fn new(sim: &Simulation, draw: &Draw) -> Self {
        Self {
            node: sim.node(draw.cores),
            starts: 0,
            ended: Rc::default(),
        }
    }

    /// May it be started? Not before the system has finished what a killed process asked of it.
    pub fn is_ready(&self, sim: &Simulation) -> bool {
        !sim.disk_busy(self.node)
    }

    /// Starts the broker with so many shards.
    pub fn start(&mut self, sim: &Simulation, draw: &Draw, shards: u16) -> Result<(), String> {
        sim.restart(self.node);
        self.starts += 1;
        self.ended = Rc::default();
        let options = StartOptions {
            data_dir: PathBuf::from("/data"),
            listen: format!("{}:{PORT}", sim.ip(self.node)),
            advertise: None,
            admin_listen: None,
            cores: Some(shards.to_string()),
            memory: Some("64M".to_owned()),
            config: None,
            set: draw.set.clone(),
            set_log: |_| {},
        };
        let mut plan = Plan::new(options).map_err(|e| e.to_string())?;
        plan.journal = JournalFiles {
            smallest: draw.journal_file,
            largest: draw.journal_file,
        };
        plan.snapshot_every = draw.snapshot_every;
        plan.memory.dirty = draw.dirty;
        plan.memory.cache = draw.cache;
        let broker = Broker::new(plan);
        for id in (0..shards).map(ShardId) {
            let (broker, ended) = (broker.clone(), self.ended.clone());
            let shard = Shard { id, count: shards };
            let main = async move {
                let result = broker.run(shard).await;
                // Shard 0 answers for the process; any other ends early only when it failed.
                if id == ShardId(0) || result.is_err() {
                    ended.borrow_mut().get_or_insert(result);
                }
            };
            sim.spawn(self.node, id, main).detach();
        }
        Ok(())
    }

    /// Kills it.
    pub fn kill(&self, sim: &Simulation, kind: CrashKind) {
        sim.crash(self.node, kind);
    }

    /// Whether it has ended by itself; then nothing of it is left.
    pub fn has_ended(&self, sim: &Simulation) -> Option<End> {
        if let Some(why) = sim.aborted(self.node) {
            return Some(End::GaveUp(why));
        }
        let end = match self.ended.borrow_mut().take()? {
            Ok(()) => End::Stopped,
            Err(error) => End::GaveUp(error.to_string()),
        };
        sim.crash(self.node, CrashKind::Process);
        Some(end)
    }

    /// Cheap: is there something for [`Machine::has_ended`] to say?
    pub fn may_have_ended(&self, sim: &Simulation) -> bool {
        !sim.is_up(self.node) || self.ended.borrow().is_some()
    }
}
