//! JoinGroup: who comes, and who comes again.

use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::messages::join_group::{JoinGroupResponse, JoinGroupResponseMember};

use super::group::{Group, State};
use super::member::{Member, Protocol};
use super::{Answer, Step, Timer, answer};
use crate::coordinator::group::{Groups, kind};
use crate::coordinator::{Ask, Effects, Now};

/// First version whose clients are told an id first, and join by it then (KIP-394).
const ID_FIRST: i16 = 4;
/// First version whose leader may be told not to assign (KIP-814).
const SKIPS_ASSIGNMENT: i16 = 9;

/// A JoinGroup request.
#[derive(Clone, Debug, Default)]
pub struct Join {
    /// Version of the request.
    pub version: i16,
    /// The group.
    pub group: String,
    /// The member's id, "" for none yet.
    pub member: String,
    /// Its name, if it is static.
    pub instance: Option<String>,
    /// What the client calls itself.
    pub client_id: String,
    /// Where it comes from, as Kafka writes it.
    pub client_host: String,
    /// Silence after which it is dead, ms.
    pub session_timeout_ms: i32,
    /// How long it may take to come back, ms.
    pub rebalance_timeout_ms: i32,
    /// What it is: `consumer`, ...
    pub protocol_type: String,
    /// How it can assign, the best first.
    pub protocols: Vec<Protocol>,
    /// Why it joins, as far as it says.
    pub reason: Option<String>,
}

impl Groups {
    pub(super) fn join(&mut self, join: Join, ask: Ask, now: &mut Now<'_>) -> Effects<Groups> {
        let name = join.group.clone();
        let mut records = Vec::new();
        match self.groups.get(&name) {
            Some(group) if group.as_classic().is_some() => {}
            Some(group) if !group.gives_way_to_classic() => {
                return refused(ask, "", ErrorCode::INCONSISTENT_GROUP_PROTOCOL);
            }
            _ if !join.member.is_empty() => {
                return refused(ask, &join.member, ErrorCode::UNKNOWN_MEMBER_ID);
            }
            other => {
                let mut new = Group::simple();
                new.since_ms = Some(now.wall_ms);
                records.extend(other.into_iter().flat_map(|group| group.tombstones(&name)));
                records.push(new.record_of_new(&name));
                self.groups.insert(name.clone(), kind::Group::Classic(new));
            }
        }
        let mut effects = Effects::records(records);
        let joined = self.step(&name, now, |step| step.join(join, ask));
        effects.join(joined.unwrap_or_else(Effects::none));
        effects
    }
}

fn refused(ask: Ask, member: &str, code: ErrorCode) -> Effects<Groups> {
    answer(ask, Answer::Joined(refusal(member, code)))
}

fn refusal(member: &str, error_code: ErrorCode) -> JoinGroupResponse<'static> {
    JoinGroupResponse {
        error_code,
        member_id: member.to_owned().into(),
        ..Default::default()
    }
}

impl Step<'_, '_> {
    fn join(&mut self, mut join: Join, ask: Ask) {
        let mut known = std::collections::BTreeSet::new();
        join.protocols.retain(|p| known.insert(p.name.clone()));
        tracing::debug!(
            group = self.name,
            member = join.member,
            reason = join.reason,
            "a member joins"
        );
        if !self.has_room_for(&join.member) {
            self.refuse_join(ask, "", ErrorCode::GROUP_MAX_SIZE_REACHED);
            self.drop_member(&join.member);
            self.maybe_complete_join();
        } else if !self.group.supports(&join.protocol_type, &join.protocols) {
            let member = join.member.clone();
            self.refuse_join(ask, &member, ErrorCode::INCONSISTENT_GROUP_PROTOCOL);
        } else if join.member.is_empty() {
            self.join_new(join, ask);
        } else {
            self.join_again(join, ask);
        }
    }

    pub(super) fn refuse_join(&mut self, ask: Ask, member: &str, code: ErrorCode) {
        self.reply(ask, Answer::Joined(refusal(member, code)));
    }

    /// Of a group above its limit the members who come back first stay.
    fn has_room_for(&self, member: &str) -> bool {
        let max = self.now.image.broker_config.groups.max_size;
        let known = self.group.members.get(member);
        match self.group.state {
            State::Empty => true,
            State::Preparing => {
                known.is_some_and(|m| m.joining.is_some()) || self.group.joining < max
            }
            State::Completing | State::Stable => known.is_some() || self.group.members.len() < max,
        }
    }

    fn join_new(&mut self, join: Join, ask: Ask) {
        let prefix = join.instance.as_deref().unwrap_or(&join.client_id);
        let id = format!(
            "{prefix}-{}",
            uuid((self.now.random)(), (self.now.random)())
        );
        let before = join
            .instance
            .as_ref()
            .and_then(|i| self.group.statics.get(i));
        match before.cloned() {
            Some(before) => self.join_in_place_of(&before, id, join, ask),
            None if join.instance.is_none() && join.version >= ID_FIRST => {
                self.group.promised.insert(id.clone());
                self.set(Timer::Session(id.clone()), join.session_timeout_ms);
                self.refuse_join(ask, &id, ErrorCode::MEMBER_ID_REQUIRED);
            }
            None => self.add_member(id, join, ask),
        }
    }

    fn add_member(&mut self, id: String, join: Join, ask: Ask) {
        let member = Member {
            instance: join.instance,
            client_id: join.client_id,
            client_host: join.client_host,
            rebalance_timeout_ms: join.rebalance_timeout_ms,
            session_timeout_ms: join.session_timeout_ms,
            protocols: join.protocols,
            assignment: Vec::new(),
            is_new: true,
            joining: Some(ask),
            syncing: None,
        };
        self.group.newcomer |= self.group.is_first_rebalance;
        self.group.add(id.clone(), &join.protocol_type, member);
        // A new member that does not hear of the others for so long is expected to try again: it may be long gone.
        self.set(Timer::Session(id), NEW_MEMBER_WAITS_MS);
        self.rebalance();
    }

    fn join_again(&mut self, join: Join, ask: Ask) {
        let id = join.member.clone();
        if self.group.promised.contains(&id) && join.instance.is_none() {
            return self.add_member(id, join, ask);
        }
        if let Err(code) = self.group.validate_member(&id, join.instance.as_deref()) {
            return self.refuse_join(ask, &id, code);
        }
        let same = (self.group.members.get(&id)).is_some_and(|m| m.protocols == join.protocols);
        match self.group.state {
            // It may not have got the answer to its first.
            State::Completing if same => self.answer_join(&id, ask),
            // A leader that comes again saw a change that nobody else need see, as of a topic.
            State::Stable if same && !self.group.is_leader(&id) => {
                let response = JoinGroupResponse {
                    members: Vec::new(),
                    ..self.present_generation(&id)
                };
                self.reply(ask, Answer::Joined(response));
            }
            _ => {
                self.renew(&id, join, ask);
                self.rebalance();
            }
        }
    }

    /// Takes what a member says now in place of what it said before, and lets it wait for the others.
    fn renew(&mut self, id: &str, join: Join, ask: Ask) {
        self.group.set_protocols(id, join.protocols);
        let Some(member) = self.group.members.get_mut(id) else {
            return;
        };
        member.rebalance_timeout_ms = join.rebalance_timeout_ms;
        member.session_timeout_ms = join.session_timeout_ms;
        match member.joining.replace(ask) {
            // The client has given that one up.
            Some(before) => self.refuse_join(before, id, ErrorCode::REBALANCE_IN_PROGRESS),
            None => self.group.joining += 1,
        }
    }

    /// A static member that has lost its id takes its own place.
    fn join_in_place_of(&mut self, before: &str, id: String, join: Join, ask: Ask) {
        let Some(old) = self.group.rename(before, id.clone()) else {
            return self.refuse_join(ask, "", ErrorCode::UNKNOWN_MEMBER_ID);
        };
        self.answer_removed(before, &old, ErrorCode::FENCED_INSTANCE_ID);
        self.cancel(Timer::Session(before.to_owned()));
        let version = join.version;
        self.renew(&id, join, ask);
        self.heard(&id);
        match self.group.state {
            State::Stable if self.group.protocol == self.group.elect_protocol() => {
                self.stay_in_generation(&id, before, version);
            }
            // The leader may have been told the old id.
            State::Completing => self.prepare_rebalance(),
            _ => self.rebalance(),
        }
    }

    /// The generation goes on with a static member's new id. A leader must not assign again: where it cannot be told so, it is
    /// told that the old id leads.
    fn stay_in_generation(&mut self, id: &str, before: &str, version: i16) {
        self.effects.write(vec![self.group.record(self.name)]);
        let Some(member) = self.group.members.get_mut(id) else {
            return;
        };
        let Some(ask) = member.joining.take() else {
            return;
        };
        self.group.joining -= 1;
        let leads = self.group.is_leader(id);
        let mut response = self.present_generation(id);
        if version >= SKIPS_ASSIGNMENT {
            response.skip_assignment = leads;
        } else {
            response.members.clear();
            if leads {
                response.leader = before.to_owned().into();
            }
        }
        self.reply(ask, Answer::Joined(response));
    }

    /// Tells a member the generation that it has joined.
    pub(super) fn answer_join(&mut self, id: &str, ask: Ask) {
        let response = self.present_generation(id);
        self.reply(ask, Answer::Joined(response));
    }

    fn present_generation(&self, id: &str) -> JoinGroupResponse<'static> {
        let group = &self.group;
        let protocol = group.protocol.as_deref().unwrap_or("");
        let each = |(id, m): (&String, &Member)| JoinGroupResponseMember {
            member_id: id.clone().into(),
            group_instance_id: m.instance.clone().map(Into::into),
            metadata: m.metadata(protocol).to_vec().into(),
        };
        JoinGroupResponse {
            generation_id: group.generation,
            protocol_type: group.protocol_type.clone().map(Into::into),
            protocol_name: group.protocol.clone().map(Into::into),
            leader: group.leader.clone().unwrap_or_default().into(),
            member_id: id.to_owned().into(),
            members: match group.is_leader(id) {
                true => group.members.iter().map(each).collect(),
                false => Vec::new(),
            },
            ..Default::default()
        }
    }
}

/// Longest wait of a new member's JoinGroup, ms.
const NEW_MEMBER_WAITS_MS: i32 = 5 * 60 * 1000;

/// A random UUID (version 4) as text.
fn uuid(high: u64, low: u64) -> String {
    format!(
        "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
        high >> 32,
        high >> 16 & 0xffff,
        high & 0xfff,
        low >> 48 & 0x3fff | 0x8000,
        low & 0xffff_ffff_ffff
    )
}
