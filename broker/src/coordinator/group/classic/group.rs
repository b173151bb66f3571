//! A classic group: who is a member, in which generation, and in which state of its rebalance.
//!
//! Invariants:
//! - `joining` counts the members that have a JoinGroup waiting, `supported` for each protocol those that know it;
//! - a static member's instance leads to its present id;
//! - `syncs_missing` are members; `promised` are not.

use std::collections::{BTreeMap, BTreeSet};

use ottla_protocol::error_code::ErrorCode;

use super::member::{Member, Protocol};
use super::subscription;
use crate::coordinator::group::kind::Expiry;
use crate::coordinator::group::offsets::Committer;

/// The protocol type of consumers.
pub const CONSUMER: &str = "consumer";

/// Where a group is in its rebalance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Nobody is a member.
    Empty,
    /// Waits until all members have joined again.
    Preparing,
    /// Waits for the leader's assignment.
    Completing,
    /// Everybody has an assignment, or can get it.
    Stable,
}

impl State {
    /// As Kafka calls it.
    pub fn name(self) -> &'static str {
        match self {
            State::Empty => "Empty",
            State::Preparing => "PreparingRebalance",
            State::Completing => "CompletingRebalance",
            State::Stable => "Stable",
        }
    }
}

/// A classic group.
#[derive(Clone, Debug)]
pub struct Group {
    pub(super) state: State,
    /// It is Preparing and was Empty before.
    pub(super) is_first_rebalance: bool,
    /// When it came into its state, wall clock, ms; not known of a group of an old record.
    pub(super) since_ms: Option<i64>,
    pub(super) protocol_type: Option<String>,
    pub(super) protocol: Option<String>,
    pub(super) generation: i32,
    pub(super) leader: Option<String>,
    pub(super) members: BTreeMap<String, Member>,
    pub(super) statics: BTreeMap<String, String>,
    /// Ids that were handed out and not yet used (KIP-394).
    pub(super) promised: BTreeSet<String>,
    pub(super) syncs_missing: BTreeSet<String>,
    pub(super) joining: usize,
    pub(super) supported: BTreeMap<String, usize>,
    /// Topics that consumers read; not known of other members.
    pub(super) subscribed: Option<BTreeSet<String>>,
    /// Of the first rebalance: somebody came since it was put off last; how long that was for; and how long it may still be, ms.
    pub(super) newcomer: bool,
    pub(super) put_off_ms: (i64, i64),
}

impl Group {
    /// Nobody's, without anything.
    pub fn simple() -> Self {
        Group {
            state: State::Empty,
            is_first_rebalance: false,
            since_ms: None,
            protocol_type: None,
            protocol: None,
            generation: 0,
            leader: None,
            members: BTreeMap::new(),
            statics: BTreeMap::new(),
            promised: BTreeSet::new(),
            syncs_missing: BTreeSet::new(),
            joining: 0,
            supported: BTreeMap::new(),
            subscribed: None,
            newcomer: false,
            put_off_ms: (0, 0),
        }
    }

    /// The state.
    pub fn state(&self) -> State {
        self.state
    }

    /// What its members are: `consumer`, `connect`, ...
    pub fn protocol_type(&self) -> Option<&str> {
        self.protocol_type.as_deref()
    }

    /// How the present assignment was made.
    pub fn protocol(&self) -> Option<&str> {
        self.protocol.as_deref()
    }

    /// The number of the present assignment.
    pub fn generation(&self) -> i32 {
        self.generation
    }

    /// The members by id.
    pub fn members(&self) -> &BTreeMap<String, Member> {
        &self.members
    }

    /// See [`kind::Group::is_empty`](crate::coordinator::group::kind::Group::is_empty).
    pub fn is_empty(&self) -> bool {
        self.state == State::Empty
    }

    /// See [`kind::Group::is_simple`](crate::coordinator::group::kind::Group::is_simple).
    pub fn is_simple(&self) -> bool {
        self.is_empty() && self.protocol_type.is_none() && self.promised.is_empty()
    }

    /// Are its members consumers?
    pub fn is_of_consumers(&self) -> bool {
        self.protocol_type() == Some(CONSUMER)
    }

    /// See [`kind::Group::is_subscribed_to`](crate::coordinator::group::kind::Group::is_subscribed_to). Consumers whose topics cannot
    /// be told are taken to read all.
    pub fn is_subscribed_to(&self, topic: &str) -> bool {
        match &self.subscribed {
            Some(topics) => topics.contains(topic),
            None => self.is_of_consumers(),
        }
    }

    pub(super) fn enter(&mut self, state: State, now_ms: i64) {
        self.is_first_rebalance = state == State::Preparing && self.state == State::Empty;
        self.state = state;
        self.since_ms = Some(now_ms);
    }

    /// Learns what the members read, when a protocol was chosen or there are none.
    pub(super) fn learn_topics(&mut self) {
        self.subscribed = match (&self.protocol, self.is_of_consumers()) {
            (_, false) => None,
            _ if self.members.is_empty() => Some(BTreeSet::new()),
            (None, true) => None,
            (Some(protocol), true) => {
                let each = self.members.values().map(|m| m.metadata(protocol));
                subscription::topics(each)
            }
        };
    }

    pub(super) fn is_leader(&self, member: &str) -> bool {
        self.leader.as_deref() == Some(member)
    }

    /// Has everybody joined who is awaited?
    pub(super) fn have_all_joined(&self) -> bool {
        self.joining == self.members.len() && self.promised.is_empty()
    }

    /// The longest that a member may take to come back, ms.
    pub(super) fn rebalance_timeout_ms(&self) -> i32 {
        let all = self.members.values().map(|m| m.rebalance_timeout_ms);
        all.max().unwrap_or(0).max(0)
    }

    /// Takes a member in.
    pub(super) fn add(&mut self, id: String, protocol_type: &str, member: Member) {
        if let Some(instance) = &member.instance {
            self.statics.insert(instance.clone(), id.clone());
        }
        if self.members.is_empty() {
            self.protocol_type = Some(protocol_type.to_owned());
        }
        self.leader.get_or_insert_with(|| id.clone());
        self.count(&member.protocols, 1);
        self.joining += usize::from(member.joining.is_some());
        self.promised.remove(&id);
        self.members.insert(id, member);
    }

    /// Takes a member, or who was promised an id, out. The asks that it has waiting are the caller's to answer.
    pub(super) fn remove(&mut self, id: &str) -> Option<Member> {
        let removed = self.members.remove(id);
        if let Some(member) = &removed {
            self.count(&member.protocols, -1);
            self.joining -= usize::from(member.joining.is_some());
            if let Some(instance) = &member.instance {
                self.statics.remove(instance);
            }
        }
        if self.is_leader(id) {
            self.leader = self.members.keys().next().cloned();
        }
        self.promised.remove(id);
        self.syncs_missing.remove(id);
        removed
    }

    /// Gives a static member another id. The asks that it has waiting are the caller's to answer.
    pub(super) fn rename(&mut self, old: &str, new: String) -> Option<Member> {
        let was_leader = self.is_leader(old);
        let before = self.members.remove(old)?;
        self.joining -= usize::from(before.joining.is_some());
        self.syncs_missing.remove(old);
        if was_leader {
            self.leader = Some(new.clone());
        }
        if let Some(instance) = &before.instance {
            self.statics.insert(instance.clone(), new.clone());
        }
        let renamed = Member {
            joining: None,
            syncing: None,
            is_new: false,
            ..before.clone()
        };
        self.members.insert(new, renamed);
        Some(before)
    }

    pub(super) fn set_protocols(&mut self, id: &str, protocols: Vec<Protocol>) {
        if let Some(member) = self.members.get_mut(id) {
            let before = std::mem::replace(&mut member.protocols, protocols.clone());
            self.count(&before, -1);
            self.count(&protocols, 1);
        }
    }

    fn count(&mut self, protocols: &[Protocol], by: isize) {
        for Protocol { name, .. } in protocols {
            let count = self.supported.entry(name.clone()).or_default();
            *count = count.saturating_add_signed(by);
            if *count == 0 {
                self.supported.remove(name);
            }
        }
    }

    /// Can somebody who knows these be a member?
    pub(super) fn supports(&self, protocol_type: &str, protocols: &[Protocol]) -> bool {
        if self.is_empty() {
            return !protocol_type.is_empty() && !protocols.is_empty();
        }
        let all_know =
            |p: &Protocol| self.supported.get(&p.name).copied().unwrap_or(0) == self.members.len();
        self.protocol_type() == Some(protocol_type) && protocols.iter().any(all_know)
    }

    /// The protocol that most members like best of those that all know.
    pub(super) fn elect_protocol(&self) -> Option<String> {
        let all_know = |name: &str| self.supported.get(name) == Some(&self.members.len());
        let mut votes: BTreeMap<&str, usize> = BTreeMap::new();
        for member in self.members.values() {
            if let Some(best) = member.protocols.iter().find(|p| all_know(&p.name)) {
                *votes.entry(&best.name).or_default() += 1;
            }
        }
        let most = votes.values().max()?;
        let elected = votes.iter().find(|(_, count)| *count == most);
        elected.map(|(name, _)| (*name).to_owned())
    }

    /// Is this a member, under this id?
    pub(super) fn validate_member(
        &self,
        id: &str,
        instance: Option<&str>,
    ) -> Result<(), ErrorCode> {
        if let Some(instance) = instance {
            match self.statics.get(instance) {
                None => return Err(ErrorCode::UNKNOWN_MEMBER_ID),
                Some(present) if present != id => return Err(ErrorCode::FENCED_INSTANCE_ID),
                Some(_) => {}
            }
        }
        match self.members.contains_key(id) {
            true => Ok(()),
            false => Err(ErrorCode::UNKNOWN_MEMBER_ID),
        }
    }

    /// See [`kind::Group::validate_commit`](crate::coordinator::group::kind::Group::validate_commit).
    pub fn validate_commit(&self, by: &Committer, transactional: bool) -> Result<(), ErrorCode> {
        if by.generation < 0 && self.is_empty() {
            return Ok(());
        }
        if by.generation >= 0 || !by.id.is_empty() || by.instance.is_some() {
            self.validate_member(&by.id, by.instance.as_deref())?;
            if by.generation != self.generation {
                return Err(ErrorCode::ILLEGAL_GENERATION);
            }
        } else if !transactional {
            return Err(ErrorCode::UNKNOWN_MEMBER_ID);
        }
        match (transactional, self.state) {
            (false, State::Completing) => Err(ErrorCode::REBALANCE_IN_PROGRESS),
            _ => Ok(()),
        }
    }

    /// See [`kind::Group::validate_offset_delete`](crate::coordinator::group::kind::Group::validate_offset_delete).
    pub fn validate_offset_delete(&self) -> Result<(), ErrorCode> {
        match self.is_empty() || self.is_of_consumers() {
            true => Ok(()),
            false => Err(ErrorCode::NON_EMPTY_GROUP),
        }
    }

    /// See [`kind::Group::validate_delete`](crate::coordinator::group::kind::Group::validate_delete).
    pub fn validate_delete(&self) -> Result<(), ErrorCode> {
        match self.is_empty() {
            true => Ok(()),
            false => Err(ErrorCode::NON_EMPTY_GROUP),
        }
    }

    /// See [`kind::Group::expiry`](crate::coordinator::group::kind::Group::expiry).
    pub fn expiry(&self) -> Option<Expiry> {
        match self.state {
            _ if self.protocol_type.is_none() => Some(Expiry::SinceCommit),
            State::Empty => Some(self.since_ms.map_or(Expiry::SinceCommit, Expiry::Since)),
            State::Stable if self.subscribed.is_some() => Some(Expiry::SinceCommit),
            _ => None,
        }
    }
}
