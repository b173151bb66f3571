//! A member of a consumer group: what is kept of it, in two records.

use std::collections::{BTreeMap, BTreeSet};

use ottla_protocol::ids::Uuid;
use ottla_protocol::records::consumer_group_current_member_assignment::{
    ConsumerGroupCurrentMemberAssignmentValue, TopicPartitions,
};
use ottla_protocol::records::consumer_group_member_metadata::{
    ClassicMemberMetadata, ClassicProtocol, ConsumerGroupMemberMetadataValue,
};

use super::super::assignor::Partitions;

/// Partitions of a member, by topic, each with the epoch in which the member got it (KIP-1251).
pub type Held = BTreeMap<Uuid, BTreeMap<i32, i32>>;

/// How far a member is on its way to what it is to have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum State {
    /// There.
    #[default]
    Stable,
    /// It must give up partitions before anything else.
    Unrevoked,
    /// It waits for partitions that others have not given up yet.
    Unreleased,
    /// Written by a version that knows more.
    Unknown,
}

/// A member that speaks the classic protocol.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Classic {
    /// Its session timeout.
    pub session_timeout_ms: i32,
    /// The assignors it knows, by preference, with its subscription as it wrote it for each.
    pub protocols: Vec<(String, Vec<u8>)>,
}

/// A member.
#[derive(Clone, Debug, PartialEq)]
pub struct Member {
    /// Its id.
    pub id: String,
    /// Its epoch: how far it follows the group's. -2: a static member that is away for a while.
    pub epoch: i32,
    /// The epoch before: the response that told the new one may be lost.
    pub previous_epoch: i32,
    /// Is it where it is to be?
    pub state: State,
    /// Instance id of a static member.
    pub instance: Option<String>,
    /// Where it runs.
    pub rack: Option<String>,
    /// So long it may take to give partitions up, ms.
    pub rebalance_timeout_ms: i32,
    /// The client's name.
    pub client_id: String,
    /// The client's address.
    pub client_host: String,
    /// Topics it wants by name.
    pub topics: BTreeSet<String>,
    /// Topics it wants by pattern; "" for none.
    pub regex: String,
    /// The assignor that it prefers.
    pub assignor: Option<String>,
    /// What it has.
    pub assigned: Held,
    /// What it is to give up, and may still have.
    pub revoking: Held,
    /// Set when it speaks the classic protocol.
    pub classic: Option<Classic>,
}

impl Member {
    /// A member of which nothing is known but its id.
    pub fn new(id: &str) -> Self {
        Member {
            id: id.to_owned(),
            epoch: 0,
            previous_epoch: -1,
            state: State::Stable,
            instance: None,
            rack: None,
            rebalance_timeout_ms: -1,
            client_id: String::new(),
            client_host: String::new(),
            topics: BTreeSet::new(),
            regex: String::new(),
            assignor: None,
            assigned: Held::new(),
            revoking: Held::new(),
            classic: None,
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

    /// The pattern it is subscribed by, if it is.
    pub fn pattern(&self) -> Option<&str> {
        Some(self.regex.as_str()).filter(|regex| !regex.is_empty())
    }

    /// The epoch in which it got a partition that it has, or is giving up.
    pub fn held_since(&self, topic: Uuid, partition: i32) -> Option<i32> {
        let of = |held: &Held| held.get(&topic)?.get(&partition).copied();
        of(&self.assigned).or_else(|| of(&self.revoking))
    }

    /// Takes over what is written about who it is and what it wants.
    pub fn describe(&mut self, value: ConsumerGroupMemberMetadataValue<'static>) {
        self.instance = value.instance_id.map(Into::into);
        self.rack = value.rack_id.map(Into::into);
        self.rebalance_timeout_ms = value.rebalance_timeout_ms;
        self.client_id = value.client_id.into();
        self.client_host = value.client_host.into();
        self.topics = value
            .subscribed_topic_names
            .into_iter()
            .map(Into::into)
            .collect();
        self.regex = value.subscribed_topic_regex.unwrap_or_default().into();
        self.assignor = value.server_assignor.map(Into::into);
        self.classic = value.classic_member_metadata.map(|classic| Classic {
            session_timeout_ms: classic.session_timeout_ms,
            protocols: classic
                .supported_protocols
                .into_iter()
                .map(|p| (p.name.into(), p.metadata.into()))
                .collect(),
        });
    }

    /// Takes over what is written about what it has.
    pub fn place(&mut self, value: &ConsumerGroupCurrentMemberAssignmentValue) {
        self.epoch = value.member_epoch;
        self.previous_epoch = value.previous_member_epoch;
        self.state = match value.state {
            0 => State::Stable,
            1 => State::Unrevoked,
            2 => State::Unreleased,
            _ => State::Unknown,
        };
        self.assigned = held(&value.assigned_partitions, value.member_epoch);
        self.revoking = held(&value.partitions_pending_revocation, value.member_epoch);
    }

    /// What is written about who it is and what it wants.
    pub fn description(&self) -> ConsumerGroupMemberMetadataValue<'static> {
        let text = |text: &Option<String>| text.clone().map(Into::into);
        ConsumerGroupMemberMetadataValue {
            instance_id: text(&self.instance),
            rack_id: text(&self.rack),
            client_id: self.client_id.clone().into(),
            client_host: self.client_host.clone().into(),
            subscribed_topic_names: self.topics.iter().map(|t| t.clone().into()).collect(),
            subscribed_topic_regex: Some(self.regex.clone().into()),
            rebalance_timeout_ms: self.rebalance_timeout_ms,
            server_assignor: text(&self.assignor),
            classic_member_metadata: self.classic.as_ref().map(|classic| ClassicMemberMetadata {
                session_timeout_ms: classic.session_timeout_ms,
                supported_protocols: classic
                    .protocols
                    .iter()
                    .map(|(name, metadata)| ClassicProtocol {
                        name: name.clone().into(),
                        metadata: metadata.clone().into(),
                    })
                    .collect(),
            }),
        }
    }

    /// What is written about what it has.
    pub fn placement(&self) -> ConsumerGroupCurrentMemberAssignmentValue {
        ConsumerGroupCurrentMemberAssignmentValue {
            member_epoch: self.epoch,
            previous_member_epoch: self.previous_epoch,
            state: match self.state {
                State::Stable => 0,
                State::Unrevoked => 1,
                State::Unreleased => 2,
                State::Unknown => 127,
            },
            assigned_partitions: written(&self.assigned),
            partitions_pending_revocation: written(&self.revoking),
        }
    }
}

fn held(written: &[TopicPartitions], member_epoch: i32) -> Held {
    let mut all = Held::new();
    for topic in written {
        let epochs = topic
            .assignment_epochs
            .as_deref()
            .filter(|epochs| epochs.len() == topic.partitions.len());
        let partitions = topic.partitions.iter().enumerate();
        // Before KIP-1251 there was the member's epoch alone, which is -2 of a member that is away.
        let since = |at: usize| epochs.map_or(member_epoch.max(0), |epochs| epochs[at]);
        all.entry(topic.topic_id)
            .or_default()
            .extend(partitions.map(|(at, p)| (*p, since(at))));
    }
    all
}

fn written(held: &Held) -> Vec<TopicPartitions> {
    held.iter()
        .map(|(topic, partitions)| TopicPartitions {
            topic_id: *topic,
            partitions: partitions.keys().copied().collect(),
            assignment_epochs: Some(partitions.values().copied().collect()),
        })
        .collect()
}

/// Without the epochs.
pub fn partitions(held: &Held) -> Partitions {
    held.iter()
        .map(|(topic, partitions)| (*topic, partitions.keys().copied().collect()))
        .collect()
}
