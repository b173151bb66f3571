//! A member of a streams group: one thread of an application.

use std::collections::BTreeMap;

use ottla_protocol::records::streams_group_current_member_assignment::{
    StreamsGroupCurrentMemberAssignmentValue, TaskIds,
};
use ottla_protocol::records::streams_group_member_metadata::{
    Endpoint as EndpointRecord, KeyValue, StreamsGroupMemberMetadataValue,
};

use super::tasks::{Held, Holding, Tasks};

/// Is a member where it is to be?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It has all that it is to have.
    Stable,
    /// It has to give tasks up first.
    Unrevoked,
    /// It waits for tasks that others have not given up yet.
    Unreleased,
    /// Written by a version that knows more.
    Unknown,
}

impl State {
    /// The number in records: not the one that consumer groups have.
    fn code(self) -> i8 {
        match self {
            State::Stable => 1,
            State::Unrevoked => 2,
            State::Unreleased => 3,
            State::Unknown => 127,
        }
    }

    fn of_code(code: i8) -> State {
        match code {
            1 => State::Stable,
            2 => State::Unrevoked,
            3 => State::Unreleased,
            _ => State::Unknown,
        }
    }
}

/// Where the program answers queries.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Endpoint {
    /// Its host.
    pub host: String,
    /// Its port.
    pub port: u16,
}

/// A member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its id.
    pub id: String,
    /// Its epoch: how far it follows the group's.
    pub epoch: i32,
    /// The epoch before: the response that told the new one may be lost.
    pub previous_epoch: i32,
    /// Is it where it is to be?
    pub state: State,
    /// Instance id of a static member.
    pub instance: Option<String>,
    /// Where it runs.
    pub rack: Option<String>,
    /// So long it may take to give tasks up, ms.
    pub rebalance_timeout_ms: i32,
    /// The client's name.
    pub client_id: String,
    /// The client's address.
    pub client_host: String,
    /// The epoch of the topology that it was started with; -1: none yet.
    pub topology_epoch: i32,
    /// The process that it is a thread of.
    pub process: String,
    /// Where that answers queries.
    pub endpoint: Option<Endpoint>,
    /// What the client says of where it runs.
    pub tags: BTreeMap<String, String>,
    /// What it has.
    pub has: Holding,
    /// What it is to give up, and may still have.
    pub revoking: Holding,
}

impl Member {
    /// A member of which nothing is known but its id.
    pub fn new(id: &str) -> Self {
        Member {
            id: id.to_owned(),
            epoch: 0,
            previous_epoch: 0,
            state: State::Stable,
            instance: None,
            rack: None,
            rebalance_timeout_ms: -1,
            client_id: String::new(),
            client_host: String::new(),
            topology_epoch: -1,
            process: String::new(),
            endpoint: None,
            tags: BTreeMap::new(),
            has: Holding::default(),
            revoking: Holding::default(),
        }
    }

    /// Moves to an epoch, which may be the one that it is in.
    pub fn advance(&mut self, epoch: i32) {
        self.previous_epoch = self.epoch;
        self.epoch = epoch;
    }

    /// Has it what it is to have in this epoch?
    pub fn is_reconciled_to(&self, epoch: i32) -> bool {
        self.state == State::Stable && self.epoch == epoch
    }

    /// Takes over what is written about who it is.
    pub fn describe(&mut self, value: StreamsGroupMemberMetadataValue<'static>) {
        self.instance = value.instance_id.map(Into::into);
        self.rack = value.rack_id.map(Into::into);
        self.client_id = value.client_id.into();
        self.client_host = value.client_host.into();
        self.rebalance_timeout_ms = value.rebalance_timeout_ms;
        self.topology_epoch = value.topology_epoch;
        self.process = value.process_id.into();
        self.endpoint = value.user_endpoint.map(|e| Endpoint {
            host: e.host.into(),
            port: e.port,
        });
        let tags = value.client_tags.into_iter();
        self.tags = tags.map(|t| (t.key.into(), t.value.into())).collect();
    }

    /// Takes over what is written about what it has.
    pub fn place(&mut self, value: &StreamsGroupCurrentMemberAssignmentValue<'_>) {
        let epoch = value.member_epoch;
        self.epoch = epoch;
        self.previous_epoch = value.previous_member_epoch;
        self.state = State::of_code(value.state);
        self.has = Holding {
            active: held(&value.active_tasks, epoch),
            standby: tasks(&value.standby_tasks),
            warmup: tasks(&value.warmup_tasks),
        };
        self.revoking = Holding {
            active: held(&value.active_tasks_pending_revocation, epoch),
            standby: tasks(&value.standby_tasks_pending_revocation),
            warmup: tasks(&value.warmup_tasks_pending_revocation),
        };
    }

    /// What is written about who it is.
    pub fn description(&self) -> StreamsGroupMemberMetadataValue<'static> {
        let text = |text: &Option<String>| text.clone().map(Into::into);
        StreamsGroupMemberMetadataValue {
            instance_id: text(&self.instance),
            rack_id: text(&self.rack),
            client_id: self.client_id.clone().into(),
            client_host: self.client_host.clone().into(),
            rebalance_timeout_ms: self.rebalance_timeout_ms,
            topology_epoch: self.topology_epoch,
            process_id: self.process.clone().into(),
            user_endpoint: self.endpoint.as_ref().map(|e| EndpointRecord {
                host: e.host.clone().into(),
                port: e.port,
            }),
            client_tags: self
                .tags
                .iter()
                .map(|(key, value)| KeyValue {
                    key: key.clone().into(),
                    value: value.clone().into(),
                })
                .collect(),
        }
    }

    /// What is written about what it has.
    pub fn placement(&self) -> StreamsGroupCurrentMemberAssignmentValue<'static> {
        StreamsGroupCurrentMemberAssignmentValue {
            member_epoch: self.epoch,
            previous_member_epoch: self.previous_epoch,
            state: self.state.code(),
            active_tasks: held_ids(&self.has.active),
            standby_tasks: task_ids(&self.has.standby),
            warmup_tasks: task_ids(&self.has.warmup),
            active_tasks_pending_revocation: held_ids(&self.revoking.active),
            standby_tasks_pending_revocation: task_ids(&self.revoking.standby),
            warmup_tasks_pending_revocation: task_ids(&self.revoking.warmup),
        }
    }
}

fn held(ids: &[TaskIds<'_>], member_epoch: i32) -> Held {
    let mut all = Held::new();
    for ids in ids.iter().filter(|ids| !ids.partitions.is_empty()) {
        let epochs = ids.assignment_epochs.as_deref();
        let epochs = epochs.filter(|epochs| epochs.len() == ids.partitions.len());
        // Before Kafka 4.3 there was the member's epoch alone.
        let since = |at: usize| epochs.map_or(member_epoch, |epochs| epochs[at]);
        let partitions = ids.partitions.iter().enumerate();
        all.entry(ids.subtopology_id.to_string())
            .or_default()
            .extend(partitions.map(|(at, p)| (*p, since(at))));
    }
    all
}

fn tasks(ids: &[TaskIds<'_>]) -> Tasks {
    let some = ids.iter().filter(|ids| !ids.partitions.is_empty());
    some.map(|ids| {
        let tasks = ids.partitions.iter().copied().collect();
        (ids.subtopology_id.to_string(), tasks)
    })
    .collect()
}

fn held_ids(held: &Held) -> Vec<TaskIds<'static>> {
    let ids = held.iter().map(|(subtopology, tasks)| TaskIds {
        subtopology_id: subtopology.clone().into(),
        partitions: tasks.keys().copied().collect(),
        assignment_epochs: Some(tasks.values().copied().collect()),
    });
    ids.collect()
}

fn task_ids(tasks: &Tasks) -> Vec<TaskIds<'static>> {
    let ids = tasks.iter().map(|(subtopology, tasks)| TaskIds {
        subtopology_id: subtopology.clone().into(),
        partitions: tasks.iter().copied().collect(),
        ..TaskIds::default()
    });
    ids.collect()
}
