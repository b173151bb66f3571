//! Groups of another kind that become classic ones, and the other way round.

use ottla_protocol::error_code::ErrorCode;

use super::group::{CONSUMER, Group, State};
use super::member::{Member, Protocol};
use super::{Step, Timer};
use crate::coordinator::group::{Groups, Record, consumer};
use crate::coordinator::{Effects, Now};

/// A classic group made of the classic members of a consumer group.
pub struct Converted(Group);

impl Converted {
    /// Without members, in this generation.
    pub fn new(generation: i32, now_ms: i64) -> Self {
        Converted(Group {
            state: State::Stable,
            since_ms: Some(now_ms),
            generation,
            ..Group::simple()
        })
    }

    /// Takes in a member that speaks the classic protocol.
    pub fn add(&mut self, member: &consumer::member::Member) {
        let Some(classic) = &member.classic else {
            return;
        };
        let protocols = classic.protocols.iter().map(|(name, metadata)| Protocol {
            name: name.clone(),
            metadata: metadata.clone(),
        });
        let taken = Member {
            instance: member.instance.clone(),
            client_id: member.client_id.clone(),
            client_host: member.client_host.clone(),
            rebalance_timeout_ms: member.rebalance_timeout_ms,
            session_timeout_ms: classic.session_timeout_ms,
            protocols: protocols.collect(),
            assignment: Vec::new(),
            is_new: false,
            joining: None,
            syncing: None,
        };
        self.0.add(member.id.clone(), CONSUMER, taken);
    }

    /// Chooses how the members assign, once all are there.
    pub fn elect_protocol(&mut self) -> Option<String> {
        self.0.protocol = self.0.elect_protocol();
        self.0.protocol.clone()
    }

    /// Gives a member its part.
    pub fn assign(&mut self, member: &str, assignment: Vec<u8>) {
        if let Some(member) = self.0.members.get_mut(member) {
            member.assignment = assignment;
        }
    }

    /// The record that makes the group.
    pub fn record(&self, name: &str) -> Record {
        self.0.record(name)
    }
}

impl Groups {
    /// The group is about to be one of another kind: whoever waits is to join that.
    pub(in crate::coordinator::group) fn classic_ends(
        &mut self,
        name: &str,
        now: &mut Now<'_>,
    ) -> Effects<Groups> {
        let ended = self.step(name, now, |step| step.end());
        ended.unwrap_or_else(Effects::none)
    }
}

impl Step<'_, '_> {
    fn end(&mut self) {
        let code = ErrorCode::REBALANCE_IN_PROGRESS;
        let promised = self.group.promised.iter().cloned();
        let members = self.group.members.iter_mut();
        let waiting: Vec<_> = members
            .map(|(id, m)| (id.clone(), m.joining.take(), m.syncing.take()))
            .chain(promised.map(|id| (id, None, None)))
            .collect();
        self.group.joining = 0;
        for (id, joining, syncing) in waiting {
            if let Some(ask) = joining {
                self.refuse_join(ask, &id, code);
            }
            if let Some(ask) = syncing {
                self.refuse_sync(ask, code);
            }
            self.cancel(Timer::Session(id));
        }
        self.cancel(Timer::Join);
        self.cancel(Timer::Sync);
    }

    /// The group was one of another kind: its members are heard of now, and may have to join again.
    pub(super) fn adopt(&mut self, rebalance: bool) {
        self.loaded();
        if rebalance && self.group.state == State::Stable {
            self.prepare_rebalance();
        }
    }
}
