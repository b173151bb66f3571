//! StreamsGroupHeartbeat: a member joins (epoch 0), reports, or leaves (-1).

use std::collections::BTreeMap;
use std::rc::Rc;

use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::records::streams_group_topology::StreamsGroupTopologyValue;

use super::super::super::topics_hash;
use super::super::member::{Endpoint, Member};
use super::super::records::Epoch;
use super::super::tasks::{Assignment, Tasks};
use super::super::topology::{self, Topology};
use super::super::{Refusal, Status, Wait};
use super::Draft;
use super::endpoints::{self, EndpointPartitions};
use super::topics::{self, Configured};
use crate::controller::NewTopic;

/// The epoch of a member that joins.
pub const JOINING: i32 = 0;
/// The epoch of a member that leaves.
pub const LEAVING: i32 = -1;
/// The epoch of a static member that leaves and will be back.
const AWAY: i32 = -2;

/// What a member says of itself; what is `None` is as before.
#[derive(Clone, Debug, Default)]
pub struct Heartbeat {
    /// The group.
    pub group: String,
    /// The member.
    pub member: String,
    /// Its epoch.
    pub epoch: i32,
    /// The epoch of the endpoints that it knows.
    pub endpoint_epoch: i32,
    /// Instance id of a static member.
    pub instance: Option<String>,
    /// Where it runs.
    pub rack: Option<String>,
    /// How long it may take to give tasks up, ms; -1: as before.
    pub rebalance_timeout_ms: i32,
    /// The topology of its program.
    pub topology: Option<StreamsGroupTopologyValue<'static>>,
    /// Active tasks that it has.
    pub active: Option<Tasks>,
    /// Standby tasks that it has.
    pub standby: Option<Tasks>,
    /// Warm-up tasks that it has.
    pub warmup: Option<Tasks>,
    /// The process that it is a thread of.
    pub process: Option<String>,
    /// Where that answers queries.
    pub endpoint: Option<Endpoint>,
    /// What the client says of where it runs.
    pub tags: Option<BTreeMap<String, String>>,
    /// It says how far its tasks are.
    pub has_offsets: bool,
    /// It says how far its tasks have to go.
    pub has_end_offsets: bool,
    /// The whole application is to stop.
    pub shutdown: bool,
    /// The client's name.
    pub client_id: String,
    /// The client's address.
    pub client_host: String,
}

/// What the member hears.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Beat {
    /// Its id.
    pub member: String,
    /// Its epoch.
    pub epoch: i32,
    /// When to report again, ms.
    pub interval_ms: i32,
    /// What it is to know, and why.
    pub status: Vec<(Status, String)>,
    /// What it is to have, if that is news to it.
    pub assignment: Option<Assignment>,
    /// The epoch of the endpoints.
    pub endpoint_epoch: i32,
    /// The endpoints, if those that it knows are not of this epoch.
    pub endpoints: Option<Vec<EndpointPartitions>>,
    /// Internal topics that are to be made.
    pub create: Vec<NewTopic>,
}

impl Heartbeat {
    /// Is it such a request as may be sent, and does it ask for nothing that Kafka 4.3 does not do either?
    ///
    /// # Errors
    /// 42, 130.
    pub fn validate(&self) -> Result<(), Refusal> {
        let says = |tasks: &Option<Tasks>| tasks.as_ref().is_some_and(|t| !t.is_empty());
        let says_none = |tasks: &Option<Tasks>| tasks.as_ref().is_some_and(Tasks::is_empty);
        let blank = |text: Option<&str>| text.is_some_and(|text| text.trim().is_empty());
        let roles = [&self.active, &self.standby, &self.warmup];
        let said = roles.iter().filter(|tasks| tasks.is_some()).count();
        let joins = self.epoch == JOINING;
        let with_pattern = self.topology.iter().flat_map(|t| &t.subtopologies);
        let with_pattern = with_pattern
            .into_iter()
            .any(|s| !s.source_topic_regex.is_empty());
        let refused = [
            (
                self.instance.is_some(),
                "Static membership is not yet supported.",
            ),
            (self.has_offsets, "TaskOffsets are not supported yet."),
            (
                self.has_end_offsets,
                "TaskEndOffsets are not supported yet.",
            ),
            (says(&self.warmup), "WarmupTasks are not supported yet."),
            (
                with_pattern,
                "Regular expressions for source topics are not supported yet.",
            ),
            (blank(Some(&self.member)), "MemberId can't be empty."),
            (blank(Some(&self.group)), "GroupId can't be empty."),
            (blank(self.rack.as_deref()), "RackId can't be empty."),
            (
                joins && self.rebalance_timeout_ms == -1,
                "RebalanceTimeoutMs must be provided in first request.",
            ),
            (
                joins && !says_none(&self.active),
                "ActiveTasks must be empty when (re-)joining.",
            ),
            (
                joins && !says_none(&self.standby),
                "StandbyTasks must be empty when (re-)joining.",
            ),
            (
                joins && !says_none(&self.warmup),
                "WarmupTasks must be empty when (re-)joining.",
            ),
            (
                joins && self.topology.is_none(),
                "Topology must be non-null when (re-)joining.",
            ),
            (self.epoch == AWAY, "InstanceId can't be null."),
            (
                said != 0 && said != roles.len(),
                "If one task-type is non-null, all must be non-null.",
            ),
            (
                !joins && self.topology.is_some(),
                "Topology can only be provided when (re-)joining.",
            ),
        ];
        if let Some((_, why)) = refused.into_iter().find(|(is_so, _)| *is_so) {
            return Err(Refusal::new(ErrorCode::INVALID_REQUEST, why));
        }
        if self.epoch < AWAY {
            let epoch = self.epoch;
            let why = format!("MemberEpoch is {epoch}, but must be greater than or equal to -2.");
            return Err(Refusal::new(ErrorCode::INVALID_REQUEST, why));
        }
        self.topology.as_ref().map_or(Ok(()), topology::check)
    }

    /// All tasks that it has, if it says so.
    fn owned(&self) -> Option<Assignment> {
        Some(Assignment {
            active: self.active.clone()?,
            standby: self.standby.clone()?,
            warmup: self.warmup.clone()?,
        })
    }

    /// The member as it is after this.
    fn update(&self, before: &Member) -> Member {
        let or = |new: &Option<String>, old: &Option<String>| new.clone().or_else(|| old.clone());
        let mut member = before.clone();
        member.rack = or(&self.rack, &before.rack);
        if self.rebalance_timeout_ms != -1 {
            member.rebalance_timeout_ms = self.rebalance_timeout_ms;
        }
        if let Some(topology) = &self.topology {
            member.topology_epoch = topology.epoch;
        }
        member.client_id.clone_from(&self.client_id);
        member.client_host.clone_from(&self.client_host);
        if let Some(process) = &self.process {
            member.process.clone_from(process);
        }
        if self.endpoint.is_some() {
            member.endpoint.clone_from(&self.endpoint);
        }
        if let Some(tags) = &self.tags {
            member.tags.clone_from(tags);
        }
        member
    }
}

impl Draft<'_> {
    /// Hears a member.
    ///
    /// # Errors
    /// 25, 42, 81, 110, 130; nothing is written then.
    pub fn heartbeat(&mut self, request: &Heartbeat) -> Result<Beat, Refusal> {
        match request.epoch {
            LEAVING => self.leave(request),
            _ => self.report(request),
        }
    }

    fn leave(&mut self, request: &Heartbeat) -> Result<Beat, Refusal> {
        let member = self.group.member(&request.member);
        let member = member.ok_or_else(|| self.unknown_member(&request.member))?;
        self.ask_for_shutdown(request);
        self.fence(member);
        Ok(Beat {
            member: member.id.clone(),
            epoch: LEAVING,
            ..Beat::default()
        })
    }

    fn report(&mut self, request: &Heartbeat) -> Result<Beat, Refusal> {
        let before = self.member_of(request)?;
        let mut member = request.update(&before);
        let mut bump = member != before;
        if bump {
            self.records.push(self.scribe.member(&member));
        }
        let topology = self.topology_of(request)?;
        if member.topology_epoch < topology.epoch {
            let (old, new) = (member.topology_epoch, topology.epoch);
            let why = format!(
                "The member's topology epoch {old} is behind the group's topology epoch {new}."
            );
            self.tell(Status::StaleTopology, why);
        }
        let (configured, hash) = self.configured(&topology)?;
        let owned = request.owned();
        let validated = match configured.is_ready() {
            true => topology.epoch,
            false => -1,
        };
        if let (true, Some(owned)) = (configured.is_ready(), &owned) {
            check_tasks(owned, &configured)?;
        }
        let configs = self.scene.config.assignment();
        bump |= hash != self.group.metadata_hash
            || validated != self.group.validated_topology
            || configs != self.group.assignment_configs;
        let mut epoch = self.group.epoch;
        if bump {
            epoch += 1;
            self.records.push(self.scribe.epoch(&Epoch {
                epoch,
                metadata_hash: hash,
                validated_topology: validated,
                configs: &configs,
            }));
        }
        let (target_epoch, target) = self.assign(epoch, &configured, &member);
        member = self.reconcile(member, (target_epoch, &target), owned.as_ref())?;
        self.set(&member.id, Wait::Session, self.scene.config.session_ms);
        self.ask_for_shutdown(request);
        Ok(self.answer(request, &before, member, &configured))
    }

    fn answer(
        &mut self,
        request: &Heartbeat,
        before: &Member,
        member: Member,
        configured: &Rc<Configured>,
    ) -> Beat {
        let is_news = request.epoch == JOINING || member.has != before.has;
        if is_news && member.endpoint.is_some() {
            self.soft.endpoint_epoch += 1;
        }
        let knows_endpoints = request.endpoint_epoch == self.soft.endpoint_epoch;
        let endpoints = || endpoints::all(self.group, &member, configured, self.scene.image);
        let endpoints = (!knows_endpoints).then(endpoints);
        if let Some((status, detail)) = &configured.problem {
            self.tell(*status, detail.clone());
        }
        if let Some(by) = &self.soft.shutdown {
            let why = format!(
                "Streams group member {by} encountered a fatal error and requested a shutdown for the entire application."
            );
            self.tell(Status::ShutdownApplication, why);
        }
        // Of a group that this makes nothing is remembered yet.
        let is_known = self.group.topology().is_some();
        Beat {
            member: member.id,
            epoch: member.epoch,
            interval_ms: self.scene.config.heartbeat_ms,
            status: std::mem::take(&mut self.status),
            assignment: is_news.then(|| member.has.assignment()),
            endpoint_epoch: if is_known {
                self.soft.endpoint_epoch
            } else {
                0
            },
            endpoints,
            create: configured.missing.clone(),
        }
    }

    /// The member that reports, as it was; a new one, if it joins and there is room.
    fn member_of(&self, request: &Heartbeat) -> Result<Member, Refusal> {
        if let Some(member) = self.group.member(&request.member) {
            check_epoch(member, request)?;
            return Ok(member.clone());
        }
        if request.epoch != JOINING {
            return Err(self.unknown_member(&request.member));
        }
        let most = self.scene.config.max_size;
        if self.group.members().len() >= most {
            let message =
                format!("The streams group has reached its maximum capacity of {most} members.");
            return Err(Refusal::new(ErrorCode::GROUP_MAX_SIZE_REACHED, message));
        }
        Ok(Member::new(&request.member))
    }

    /// The topology that counts: the group's, once it has one.
    fn topology_of(&mut self, request: &Heartbeat) -> Result<Rc<Topology>, Refusal> {
        let given = request.topology.clone().map(Topology::of_record);
        match (self.group.topology(), given) {
            (Some(ours), Some(given)) if given.epoch >= ours.epoch && given != **ours => {
                let message = "Topology updates are not supported yet.";
                Err(Refusal::new(ErrorCode::INVALID_REQUEST, message))
            }
            (Some(ours), _) => Ok(ours.clone()),
            (None, Some(given)) => {
                self.records.push(self.scribe.topology(&given));
                Ok(Rc::new(given))
            }
            (None, None) => {
                let message = "The topology is null and the group topology is also null.";
                Err(Refusal::new(ErrorCode::UNKNOWN_SERVER_ERROR, message))
            }
        }
    }

    /// The topology held against the topics, and the hash of those; again only if the cluster has changed.
    fn configured(&mut self, topology: &Topology) -> Result<(Rc<Configured>, i64), Refusal> {
        let version = self.scene.image.version;
        if let Some((at, configured)) = &self.soft.configured
            && *at == version
        {
            return Ok((configured.clone(), self.group.metadata_hash));
        }
        let hash = topics_hash::of_topics(&topology.required(), self.scene.image);
        let configured = Rc::new(topics::configure(topology, self.scene.image)?);
        self.soft.configured = Some((version, configured.clone()));
        Ok((configured, hash))
    }

    fn ask_for_shutdown(&mut self, request: &Heartbeat) {
        if request.shutdown && self.soft.shutdown.is_none() {
            tracing::info!(
                group = self.name,
                member = request.member,
                "asked to shut down"
            );
            self.soft.shutdown = Some(request.member.clone());
        }
    }

    fn unknown_member(&self, id: &str) -> Refusal {
        let message = format!("Member {id} is not a member of group {}.", self.name);
        Refusal::new(ErrorCode::UNKNOWN_MEMBER_ID, message)
    }
}

/// Is the member in the epoch that it says, or in the next, which it may not have heard of?
fn check_epoch(member: &Member, request: &Heartbeat) -> Result<(), Refusal> {
    let has_no_other = || request.owned().is_some_and(|o| o.is_within(&member.has));
    let which = match request.epoch {
        JOINING => return Ok(()),
        epoch if epoch == member.epoch => return Ok(()),
        epoch if epoch > member.epoch => "greater",
        epoch if epoch == member.previous_epoch && has_no_other() => return Ok(()),
        _ => "smaller",
    };
    let message = format!(
        "The streams group member has a {which} member epoch ({}) than the one known by the group coordinator ({}). \
         The member must abandon all its partitions and rejoin.",
        request.epoch, member.epoch
    );
    Err(Refusal::new(ErrorCode::FENCED_MEMBER_EPOCH, message))
}

/// Are these tasks of the topology?
fn check_tasks(owned: &Assignment, configured: &Configured) -> Result<(), Refusal> {
    let invalid = |message| Refusal::new(ErrorCode::INVALID_REQUEST, message);
    for (subtopology, tasks) in owned.roles().into_iter().flatten() {
        let part = configured.parts.get(subtopology).ok_or_else(|| {
            invalid(format!(
                "Subtopology {subtopology} does not exist in the topology."
            ))
        })?;
        if let Some(task) = tasks.iter().find(|task| !(0..part.tasks).contains(*task)) {
            return Err(invalid(format!(
                "Task {task} for subtopology {subtopology} is invalid. Number of tasks for this subtopology: {}",
                part.tasks
            )));
        }
    }
    Ok(())
}
