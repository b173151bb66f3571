//! Members that speak the classic protocol, in a group whose coordinator assigns: they join and sync as ever, each for itself, and hear
//! by a heartbeat that they are to join again.

use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::records::Embedded;
use ottla_protocol::records::consumer_protocol_assignment::{
    ConsumerProtocolAssignment, TopicPartition,
};
use ottla_protocol::records::consumer_protocol_subscription::ConsumerProtocolSubscription;
use ottla_protocol::wire::Reader;

use super::super::super::assignor::Partitions;
use super::super::super::classic::group::CONSUMER;
use super::super::super::classic::{Heartbeat, Join, Leave, Sync};
use super::super::super::timers::{Change, millis};
use super::super::Wait;
use super::super::member::{Classic, Member, State, partitions};
use super::heartbeat::{check_owner, check_room, unknown_instance, unknown_member};
use super::patterns::Patterns;
use super::{Draft, Refusal};
use crate::metadata::Image;

/// First version whose clients are told an id first (KIP-394).
const ID_FIRST: i16 = 4;

/// What a member that has joined hears.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Joined {
    /// Its id.
    pub member: String,
    /// Its epoch, which it takes for a generation.
    pub generation: i32,
    /// The assignor that it takes to be in use.
    pub protocol: String,
}

impl<'a> Draft<'a> {
    /// A classic member joins, for the first time or again.
    ///
    /// # Errors
    /// 23, 25, 79 (the message is the id that it gets), 81, 82; nothing is written then.
    pub fn join_classic(&mut self, join: &Join) -> Result<Joined, Refusal> {
        let migration = self.scene.config.migration;
        if !migration.upgrade && !migration.downgrade {
            return Err(inconsistent("the migration of groups is switched off"));
        }
        let is_new = join.member.is_empty();
        let id = match is_new {
            true => &self.scene.fresh_id,
            false => &join.member,
        };
        let instance = join.instance.as_deref();
        check_room(self.group, id, instance, &self.scene.config)?;
        self.check_protocols(join)?;
        if is_new && instance.is_none() && join.version >= ID_FIRST {
            return Err(Refusal::new(ErrorCode::MEMBER_ID_REQUIRED, id));
        }
        let member = self.classic_member(id, instance, is_new)?;
        let first = join.protocols.first();
        let (first, said) = first
            .and_then(|p| Some((p, subscription(&p.metadata)?)))
            .ok_or_else(|| inconsistent("the subscription cannot be read"))?;
        let updated = renewed(&member, join, &said);
        let owned = owned(&said, self.scene.image);

        let named_changed = self.describe(&member, &updated);
        let patterns = self.look_at_patterns(&member, &updated)?;
        let changed = named_changed || patterns != Patterns::Same;
        let mut epoch = self.group.epoch;
        if changed || self.must_look_at_topics() {
            epoch = self.look_at_topics(changed, &member, &updated);
        }
        let last = instance.and_then(|instance| self.group.static_member(instance));
        let updated = match last.filter(|last| self.may_downgrade(&[last], true)) {
            Some(last) => self.downgrade_by_join(last, updated, epoch, changed, &owned)?,
            None => {
                let (epoch, target) = self.assign(epoch, &member, &updated);
                let updated = self.reconcile(updated, (epoch, &target), changed, Some(&owned))?;
                self.set(&updated.id, Wait::Session, join.session_timeout_ms);
                self.set(&updated.id, Wait::Sync, join.rebalance_timeout_ms);
                updated
            }
        };
        self.cancel(&updated.id, Wait::Join);
        Ok(Joined {
            generation: updated.epoch,
            member: updated.id,
            protocol: first.name.clone(),
        })
    }

    /// Knows the member an assignor that all classic members know?
    fn check_protocols(&self, join: &Join) -> Result<(), Refusal> {
        let group = self.group;
        let all_know = |name: &str| group.classic_protocols().of(name) == group.classic_members();
        let fits =
            join.protocol_type == CONSUMER && join.protocols.iter().any(|p| all_know(&p.name));
        match fits {
            true => Ok(()),
            false => Err(inconsistent("the member's protocols are not supported")),
        }
    }

    fn classic_member(
        &mut self,
        id: &str,
        instance: Option<&str>,
        is_new: bool,
    ) -> Result<Member, Refusal> {
        let known = instance.and_then(|instance| self.group.static_member(instance));
        match (instance, known) {
            (Some(instance), Some(old)) if !is_new => {
                check_owner(old, id, instance)?;
                Ok(old.clone())
            }
            (Some(instance), None) if !is_new => Err(unknown_instance(instance)),
            (Some(_), Some(old)) => Ok(self.replace(old, id)),
            _ => Ok(self
                .group
                .member(id)
                .cloned()
                .unwrap_or_else(|| Member::new(id))),
        }
    }

    /// A classic member asks for what it has got.
    ///
    /// # Errors
    /// 22, 23, 25, 27, 82.
    pub fn sync_classic(&mut self, sync: &Sync) -> Result<Vec<u8>, Refusal> {
        let (member, classic) = self.find_classic(&sync.member, sync.instance.as_deref())?;
        check_generation(member, sync.generation)?;
        let protocol = classic.protocols.first();
        let differs = |said: &Option<String>, is: &str| said.as_deref().is_some_and(|s| s != is);
        if differs(&sync.protocol_type, CONSUMER)
            || differs(&sync.protocol, protocol.map_or("", |(name, _)| name))
        {
            return Err(inconsistent(
                "the protocol is not the one that the member has joined with",
            ));
        }
        if self.group.target_epoch > member.epoch && member.state != State::Unrevoked {
            self.await_join(member);
            return Err(Refusal::new(
                ErrorCode::REBALANCE_IN_PROGRESS,
                "a new rebalance",
            ));
        }
        let assigned = partitions(&member.assigned);
        let metadata = protocol.map_or(&[][..], |(_, metadata)| metadata);
        let assignment = assignment(&assigned, metadata, self.scene.image)
            .ok_or_else(|| inconsistent("the subscription cannot be read"))?;
        self.cancel(&member.id, Wait::Sync);
        self.set(&member.id, Wait::Session, classic.session_timeout_ms);
        Ok(assignment)
    }

    /// A sign of life of a classic member.
    ///
    /// # Errors
    /// 22, 25, 27, 82.
    pub fn hear_classic(&mut self, beat: &Heartbeat) -> Result<(), Refusal> {
        let (member, classic) = self.find_classic(&beat.member, beat.instance.as_deref())?;
        check_generation(member, beat.generation)?;
        self.set(&member.id, Wait::Session, classic.session_timeout_ms);
        let must_join = member.epoch < self.group.target_epoch
            || member.state == State::Unrevoked
            || member.state == State::Unreleased && !self.group.waits(member);
        match must_join {
            true => {
                self.await_join(member);
                Err(Refusal::new(
                    ErrorCode::REBALANCE_IN_PROGRESS,
                    "a new rebalance",
                ))
            }
            false => Ok(()),
        }
    }

    /// Members go, by whichever protocol they came. One code for each.
    pub fn leave_classic(&mut self, leave: &Leave) -> Vec<ErrorCode> {
        let group = self.group;
        let find = |id: &str, instance: Option<&str>| match instance {
            None => group.member(id).ok_or_else(|| unknown_member(id)),
            Some(instance) => {
                let member = group.static_member(instance);
                let member = member.ok_or_else(|| unknown_instance(instance))?;
                match id {
                    "" => Ok(member),
                    id => check_owner(member, id, instance).map(|()| member),
                }
            }
        };
        let mut gone: Vec<&Member> = Vec::new();
        let mut codes = Vec::new();
        for leaver in &leave.members {
            let found = find(&leaver.member, leaver.instance.as_deref());
            codes.push(found.as_ref().err().map_or(ErrorCode::NONE, |r| r.code));
            gone.extend(found.ok().filter(|m| !gone.iter().any(|g| g.id == m.id)));
        }
        self.fence(&gone);
        codes
    }

    fn find_classic(
        &self,
        id: &str,
        instance: Option<&str>,
    ) -> Result<(&'a Member, &'a Classic), Refusal> {
        let group = self.group;
        let member = match instance {
            None => group.member(id).ok_or_else(|| unknown_member(id))?,
            Some(instance) => {
                let member = group.static_member(instance);
                let member = member.ok_or_else(|| unknown_instance(instance))?;
                check_owner(member, id, instance)?;
                member
            }
        };
        match &member.classic {
            Some(classic) => Ok((member, classic)),
            None => Err(unknown_member(id)),
        }
    }

    /// From now on classic members of a group that was a classic one are silent for a session at most.
    pub fn await_classic_members(&mut self) {
        for member in self.group.members().values() {
            if let Some(classic) = &member.classic {
                self.set(&member.id, Wait::Session, classic.session_timeout_ms);
            }
        }
    }

    /// From now on the member is to join again, in time.
    fn await_join(&mut self, member: &Member) {
        let timer = super::super::Timer::new(&member.id, Wait::Join);
        let after = millis(member.rebalance_timeout_ms);
        self.timers.push(Change::SetIfAbsent(timer, after));
    }
}

/// The member as it is after it has joined.
fn renewed(member: &Member, join: &Join, said: &ConsumerProtocolSubscription<'_>) -> Member {
    let rack = said.rack_id.as_deref().filter(|rack| !rack.is_empty());
    Member {
        instance: join.instance.clone().or_else(|| member.instance.clone()),
        rack: rack.map(str::to_owned).or_else(|| member.rack.clone()),
        rebalance_timeout_ms: match join.rebalance_timeout_ms {
            -1 => member.rebalance_timeout_ms,
            ms => ms,
        },
        topics: said.topics.iter().map(|t| t.to_string()).collect(),
        regex: String::new(),
        client_id: join.client_id.clone(),
        client_host: join.client_host.clone(),
        classic: Some(Classic {
            session_timeout_ms: join.session_timeout_ms,
            protocols: join
                .protocols
                .iter()
                .map(|p| (p.name.clone(), p.metadata.clone()))
                .collect(),
        }),
        ..member.clone()
    }
}

fn check_generation(member: &Member, generation: i32) -> Result<(), Refusal> {
    if member.epoch == generation {
        return Ok(());
    }
    let message = format!(
        "generation {generation} is not the member's epoch {}",
        member.epoch
    );
    Err(Refusal::new(ErrorCode::ILLEGAL_GENERATION, message))
}

fn inconsistent(message: &str) -> Refusal {
    Refusal::new(ErrorCode::INCONSISTENT_GROUP_PROTOCOL, message)
}

/// What a classic consumer says that it wants and has.
pub fn subscription(metadata: &[u8]) -> Option<ConsumerProtocolSubscription<'_>> {
    ConsumerProtocolSubscription::decode_embedded(metadata).ok()
}

/// What a classic consumer says that it has, of topics that exist.
fn owned(said: &ConsumerProtocolSubscription<'_>, image: &Image) -> Partitions {
    let mut owned = Partitions::new();
    for of in &said.owned_partitions {
        if let Some(topic) = image.topics.named(&of.topic) {
            owned.entry(topic.id).or_default().extend(&of.partitions);
        }
    }
    owned
}

/// An assignment as a classic consumer reads it, in the version that its own metadata has; `None` if that cannot be read.
pub fn assignment(assigned: &Partitions, metadata: &[u8], image: &Image) -> Option<Vec<u8>> {
    let newest = <ConsumerProtocolAssignment<'_> as Embedded<'_>>::VERSIONS.max;
    let version = Reader::new(metadata).i16().ok()?.min(newest);
    let of_topic = |(id, partitions): (&_, &std::collections::BTreeSet<i32>)| {
        let topic = image.topics.with_id(*id)?;
        Some(TopicPartition {
            topic: topic.name.to_string().into(),
            partitions: partitions.iter().copied().collect(),
        })
    };
    let assignment = ConsumerProtocolAssignment {
        assigned_partitions: assigned.iter().filter_map(of_topic).collect(),
        user_data: None,
    };
    assignment.embedded_bytes(version).ok()
}
