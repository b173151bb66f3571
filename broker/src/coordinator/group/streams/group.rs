//! What is kept of a streams group: a function of its records, but for [`Soft`].
//!
//! Invariants:
//! - holders are those of the members;
//! - an active task is in at most one member's hands: no member gets what another holds.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::decide::topics::Configured;
use super::member::Member;
use super::tasks::{Assignment, Holding, Tasks};
use super::topology::Topology;

/// How far a group is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Nobody is a member.
    Empty,
    /// Topics are missing, or do not fit the topology.
    NotReady,
    /// There is no target assignment of the group's epoch yet.
    Assigning,
    /// Not every member has what it is to have.
    Reconciling,
    /// Every member has.
    Stable,
}

/// What is not kept: it is found or asked for anew.
#[derive(Clone, Debug, Default)]
pub struct Soft {
    /// The version of the cluster that the topology was last held against, and what came of it.
    pub configured: Option<(u64, Rc<Configured>)>,
    /// The member that asked for the whole application to stop.
    pub shutdown: Option<String>,
    /// Grows when a member with an endpoint gets or loses tasks.
    pub endpoint_epoch: i32,
}

/// How many members of each process have a task.
type ByProcess = BTreeMap<String, BTreeMap<i32, BTreeMap<String, usize>>>;

/// Who has which task, or is giving it up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Holders {
    active: ByProcess,
    standby: ByProcess,
    warmup: ByProcess,
}

/// A streams group.
#[derive(Clone, Debug)]
pub struct Group {
    /// Grows with each change that needs another assignment.
    pub epoch: i32,
    /// Of the topics that the topology needs, as of this epoch.
    pub metadata_hash: i64,
    /// The epoch of the topology, once all its topics were there; -1: they are not.
    pub validated_topology: i32,
    /// Settings that the assignor heeds, as of this epoch.
    pub assignment_configs: BTreeMap<String, String>,
    /// The epoch that the target assignment is for; -1 once it is deleted.
    pub target_epoch: i32,
    /// When it was made, ms; 0 when not known.
    pub target_ms: i64,
    /// What is not kept.
    pub soft: Soft,
    topology: Option<Rc<Topology>>,
    members: BTreeMap<String, Member>,
    target: BTreeMap<String, Assignment>,
    holders: Holders,
}

impl Default for Group {
    fn default() -> Self {
        Group {
            epoch: 1,
            metadata_hash: 0,
            validated_topology: -1,
            assignment_configs: BTreeMap::new(),
            target_epoch: 1,
            target_ms: 0,
            soft: Soft::default(),
            topology: None,
            members: BTreeMap::new(),
            target: BTreeMap::new(),
            holders: Holders::default(),
        }
    }
}

impl Phase {
    /// Kafka's name of it.
    pub fn name(self) -> &'static str {
        match self {
            Phase::Empty => "Empty",
            Phase::NotReady => "NotReady",
            Phase::Assigning => "Assigning",
            Phase::Reconciling => "Reconciling",
            Phase::Stable => "Stable",
        }
    }
}

impl Group {
    /// The topology, once a member gave one.
    pub fn topology(&self) -> Option<&Rc<Topology>> {
        self.topology.as_ref()
    }

    /// The members, by id.
    pub fn members(&self) -> &BTreeMap<String, Member> {
        &self.members
    }

    /// The member of this id.
    pub fn member(&self, id: &str) -> Option<&Member> {
        self.members.get(id)
    }

    /// What a member is to have, if anything was ever said.
    pub fn target_of(&self, member: &str) -> Option<&Assignment> {
        self.target.get(member)
    }

    /// Who has which task.
    pub fn holders(&self) -> &Holders {
        &self.holders
    }

    /// Does anybody read this topic?
    pub fn is_subscribed_to(&self, topic: &str) -> bool {
        let reader = self.topology.as_ref().and_then(|t| t.reader_of(topic));
        !self.members.is_empty() && reader.is_some()
    }

    /// How far it is.
    pub fn phase(&self) -> Phase {
        let validated = |t: &Rc<Topology>| t.epoch == self.validated_topology;
        if self.members.is_empty() {
            Phase::Empty
        } else if !self.topology.as_ref().is_some_and(validated) {
            Phase::NotReady
        } else if self.epoch > self.target_epoch {
            Phase::Assigning
        } else if self
            .members
            .values()
            .all(|member| member.is_reconciled_to(self.target_epoch))
        {
            Phase::Stable
        } else {
            Phase::Reconciling
        }
    }
}

/// Changes, each a record's.
impl Group {
    /// Sets the topology, or deletes it.
    pub fn set_topology(&mut self, topology: Option<Topology>) {
        self.topology = topology.map(Rc::new);
        self.soft.configured = None;
    }

    /// Puts a member in, in place of itself.
    pub fn put_member(&mut self, member: Member) {
        self.release(&member.id);
        self.holders.add(&member.has, &member.process);
        self.holders.add(&member.revoking, &member.process);
        self.members.insert(member.id.clone(), member);
    }

    /// Takes a member out.
    pub fn remove_member(&mut self, id: &str) {
        self.release(id);
        self.members.remove(id);
        if self.members.is_empty() {
            self.soft.shutdown = None;
        }
    }

    /// Sets what a member is to have, or forgets it.
    pub fn set_target(&mut self, member: &str, target: Option<Assignment>) {
        match target {
            Some(target) => drop(self.target.insert(member.to_owned(), target)),
            None => drop(self.target.remove(member)),
        }
    }

    fn release(&mut self, id: &str) {
        if let Some(member) = self.members.get(id) {
            self.holders.take(&member.has, &member.process);
            self.holders.take(&member.revoking, &member.process);
        }
    }
}

impl Holders {
    /// Has anybody this task as an active one?
    pub fn is_active(&self, subtopology: &str, task: i32) -> bool {
        processes(&self.active, subtopology, task).is_some()
    }

    /// Has a member of this process the task as an active one?
    pub fn is_active_in(&self, subtopology: &str, task: i32, process: &str) -> bool {
        processes(&self.active, subtopology, task).is_some_and(|all| all.contains_key(process))
    }

    /// Has a member of this process a copy of the task's state?
    pub fn is_copied_in(&self, subtopology: &str, task: i32, process: &str) -> bool {
        [&self.standby, &self.warmup]
            .into_iter()
            .any(|of| processes(of, subtopology, task).is_some_and(|all| all.contains_key(process)))
    }

    fn add(&mut self, held: &Holding, process: &str) {
        let assignment = held.assignment();
        for (of, tasks) in self.roles(&assignment) {
            each(tasks, |subtopology, task| {
                let tasks = of.entry(subtopology.to_owned()).or_default();
                let processes = tasks.entry(task).or_default();
                *processes.entry(process.to_owned()).or_default() += 1;
            });
        }
    }

    fn take(&mut self, held: &Holding, process: &str) {
        let assignment = held.assignment();
        for (of, tasks) in self.roles(&assignment) {
            each(tasks, |subtopology, task| {
                let Some(tasks) = of.get_mut(subtopology) else {
                    return;
                };
                let Some(processes) = tasks.get_mut(&task) else {
                    return;
                };
                if let Some(members) = processes.get_mut(process) {
                    *members -= 1;
                    if *members == 0 {
                        processes.remove(process);
                    }
                }
                if processes.is_empty() {
                    tasks.remove(&task);
                }
                if tasks.is_empty() {
                    of.remove(subtopology);
                }
            });
        }
    }

    fn roles<'a>(&mut self, held: &'a Assignment) -> [(&mut ByProcess, &'a Tasks); 3] {
        [
            (&mut self.active, &held.active),
            (&mut self.standby, &held.standby),
            (&mut self.warmup, &held.warmup),
        ]
    }
}

fn processes<'a>(
    of: &'a ByProcess,
    subtopology: &str,
    task: i32,
) -> Option<&'a BTreeMap<String, usize>> {
    of.get(subtopology)?.get(&task)
}

fn each(tasks: &Tasks, mut work: impl FnMut(&str, i32)) {
    for (subtopology, tasks) in tasks {
        tasks.iter().for_each(|task| work(subtopology, *task));
    }
}
