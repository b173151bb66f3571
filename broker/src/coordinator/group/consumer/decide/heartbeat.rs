//! ConsumerGroupHeartbeat: a member joins (epoch 0), reports, or leaves (-1; -2: a static member, for a while).

use ottla_protocol::error_code::ErrorCode;

use super::super::super::assignor::{self, Partitions};
use super::super::Wait;
use super::super::config::Config;
use super::super::group::Group;
use super::super::member::{Held, Member, partitions};
use super::patterns::Patterns;
use super::{Draft, Refusal};

/// The epoch of a member that joins.
pub const JOINING: i32 = 0;
/// The epoch of a member that leaves.
pub const LEAVING: i32 = -1;
/// The epoch of a static member that leaves and will be back.
pub const AWAY: i32 = -2;

/// What a member says of itself; what is `None` is as before.
#[derive(Clone, Debug, Default)]
pub struct Heartbeat {
    /// Version of the request.
    pub version: i16,
    /// The group.
    pub group: String,
    /// The member; "" for one that has no id yet.
    pub member: String,
    /// Its epoch.
    pub epoch: i32,
    /// Instance id of a static member.
    pub instance: Option<String>,
    /// Where it runs.
    pub rack: Option<String>,
    /// How long it may take to give partitions up, ms; -1: as before.
    pub rebalance_timeout_ms: i32,
    /// The topics that it wants.
    pub topics: Option<Vec<String>>,
    /// A pattern of topics that it wants.
    pub regex: Option<String>,
    /// The assignor that it prefers.
    pub assignor: Option<String>,
    /// What it has.
    pub owned: Option<Partitions>,
    /// The client's name.
    pub client_id: String,
    /// The client's address.
    pub client_host: String,
}

/// What the member hears.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Beat {
    /// Its id.
    pub member: String,
    /// Its epoch.
    pub epoch: i32,
    /// When to report again, ms.
    pub interval_ms: i32,
    /// What it is to have, if that is news to it.
    pub assignment: Option<Partitions>,
}

impl Heartbeat {
    /// Says it everything about itself, as one that joins?
    fn is_full(&self) -> bool {
        let subscribed = self.topics.is_some() || self.regex.is_some();
        self.rebalance_timeout_ms != -1 && subscribed && self.owned.is_some()
    }

    /// Is it such a request as may be sent?
    ///
    /// # Errors
    /// 42, 112.
    pub fn validate(&self, config: &Config) -> Result<(), Refusal> {
        let invalid = |message: &str| Err(Refusal::new(ErrorCode::INVALID_REQUEST, message));
        let blank = |text: Option<&str>| text.is_some_and(|text| text.trim().is_empty());
        let must_have_id = self.version >= 1 || self.epoch > JOINING || self.epoch == LEAVING;
        if must_have_id && blank(Some(&self.member)) {
            return invalid("MemberId can't be empty.");
        }
        if blank(Some(&self.group)) {
            return invalid("GroupId can't be empty.");
        }
        if blank(self.instance.as_deref()) {
            return invalid("InstanceId can't be empty.");
        }
        if blank(self.rack.as_deref()) {
            return invalid("RackId can't be empty.");
        }
        match self.epoch {
            JOINING if self.rebalance_timeout_ms == -1 => {
                return invalid("RebalanceTimeoutMs must be provided in first request.");
            }
            JOINING if !self.owned.as_ref().is_some_and(Partitions::is_empty) => {
                return invalid("TopicPartitions must be empty when (re-)joining.");
            }
            JOINING if self.topics.is_none() && self.regex.is_none() => {
                return invalid(
                    "Either SubscribedTopicNames or SubscribedTopicRegex must be non-null when (re-)joining.",
                );
            }
            AWAY if self.instance.is_none() => return invalid("InstanceId can't be null."),
            ..AWAY => return invalid("MemberEpoch is invalid."),
            _ => {}
        }
        if let Some(name) = &self.assignor
            && config.assignor(name).is_none()
        {
            let names: Vec<_> = config.assignors.iter().map(|a| a.name()).collect();
            let message = format!(
                "ServerAssignor {name} is not supported. Supported assignors: {}.",
                names.join(", ")
            );
            return Err(Refusal::new(ErrorCode::UNSUPPORTED_ASSIGNOR, message));
        }
        Ok(())
    }
}

impl Draft<'_> {
    /// Hears a member.
    ///
    /// # Errors
    /// 25, 81, 82, 110, 111, 128; nothing is written then.
    pub fn heartbeat(&mut self, request: &Heartbeat) -> Result<Beat, Refusal> {
        if request.epoch < JOINING {
            return self.leave(request);
        }
        check_room(
            self.group,
            &request.member,
            request.instance.as_deref(),
            &self.scene.config,
        )?;
        let member = self.member(request)?;
        let mut updated = Member {
            client_id: request.client_id.clone(),
            client_host: request.client_host.clone(),
            classic: None,
            ..member.clone()
        };
        renew(&mut updated, request);

        let named_changed = self.describe(&member, &updated);
        let patterns = self.look_at_patterns(&member, &updated)?;
        let wants_changed = named_changed || patterns != Patterns::Same;
        // Topics that a pattern matches are not known before it was tried, which needs another assignment then.
        let bump = named_changed || patterns == Patterns::Known;
        let mut epoch = self.group.epoch;
        if bump || self.must_look_at_topics() {
            epoch = self.look_at_topics(bump, &member, &updated);
        }
        let (epoch, target) = self.assign(epoch, &member, &updated);
        let owned = request.owned.as_ref();
        let updated = self.reconcile(updated, (epoch, &target), wants_changed, owned)?;
        self.set(&updated.id, Wait::Session, self.scene.config.session_ms);

        let news =
            request.epoch == JOINING || request.is_full() || member.assigned != updated.assigned;
        Ok(Beat {
            epoch: updated.epoch,
            interval_ms: self.scene.config.heartbeat_ms,
            assignment: news.then(|| partitions(&updated.assigned)),
            member: updated.id,
        })
    }

    /// The member that reports, a new one, or a static one in a new life.
    fn member(&mut self, request: &Heartbeat) -> Result<Member, Refusal> {
        let joins = request.epoch == JOINING;
        let id = match &*request.member {
            "" => &self.scene.fresh_id,
            id => id,
        };
        let Some(instance) = &request.instance else {
            let known = self.group.member(id).cloned();
            let member = match known {
                None if !joins => return Err(unknown_member(id)),
                known => known.unwrap_or_else(|| Member::new(id)),
            };
            check_epoch(&member, request)?;
            return Ok(member);
        };
        let known = self.group.static_member(instance);
        if !joins {
            let member = known.ok_or_else(|| unknown_instance(instance))?;
            check_owner(member, id, instance)?;
            check_epoch(member, request)?;
            return Ok(member.clone());
        }
        match known {
            None => Ok(self
                .group
                .member(id)
                .cloned()
                .unwrap_or_else(|| Member::new(id))),
            Some(old) if old.classic.is_none() && old.epoch != AWAY => {
                let message = format!(
                    "Static member {id} with instance id {instance} cannot join the group because the instance id is owned by {} member.",
                    old.id
                );
                Err(Refusal::new(ErrorCode::UNRELEASED_INSTANCE_ID, message))
            }
            Some(old) => Ok(self.replace(old, id)),
        }
    }

    /// Puts a static member's new life in the place of the old one.
    pub(super) fn replace(&mut self, old: &Member, id: &str) -> Member {
        let new = Member {
            id: id.to_owned(),
            epoch: 0,
            previous_epoch: 0,
            ..old.clone()
        };
        let nothing = Partitions::new();
        let target = self.group.target_of(&old.id).unwrap_or(&nothing);
        self.records.extend(self.scribe.remove_member(&old.id));
        self.records.push(self.scribe.member(&new));
        self.records.push(self.scribe.target(&new.id, target));
        self.records.push(self.scribe.current(&new));
        new
    }

    fn leave(&mut self, request: &Heartbeat) -> Result<Beat, Refusal> {
        let group = self.group;
        let member = match &request.instance {
            None => group
                .member(&request.member)
                .ok_or_else(|| unknown_member(&request.member))?,
            Some(instance) => {
                let member = group.static_member(instance);
                let member = member.ok_or_else(|| unknown_instance(instance))?;
                check_owner(member, &request.member, instance)?;
                member
            }
        };
        if request.epoch == AWAY && request.instance.is_some() {
            self.let_go(member);
        } else {
            self.fence(&[member]);
        }
        Ok(Beat {
            member: member.id.clone(),
            epoch: request.epoch,
            ..Beat::default()
        })
    }

    /// A static member goes away for a while, and keeps what it has until its session ends.
    fn let_go(&mut self, member: &Member) {
        let mut away = Member {
            epoch: AWAY,
            revoking: Held::new(),
            ..member.clone()
        };
        // Its next life has another epoch of its own, and is to be let commit what it has from the first on.
        for since in away
            .assigned
            .values_mut()
            .flat_map(|held| held.values_mut())
        {
            *since = 0;
        }
        self.records.push(self.scribe.current(&away));
    }
}

/// Puts what a request says in the place of what was known.
fn renew(member: &mut Member, request: &Heartbeat) {
    if request.instance.is_some() {
        member.instance.clone_from(&request.instance);
    }
    if request.rack.is_some() {
        member.rack.clone_from(&request.rack);
    }
    if request.rebalance_timeout_ms != -1 {
        member.rebalance_timeout_ms = request.rebalance_timeout_ms;
    }
    if request.assignor.is_some() {
        member.assignor.clone_from(&request.assignor);
    }
    if let Some(topics) = &request.topics {
        member.topics = topics.iter().cloned().collect();
    }
    if let Some(regex) = &request.regex {
        member.regex.clone_from(regex);
    }
}

/// Is there room for a member that is not one yet?
pub(super) fn check_room(
    group: &Group,
    id: &str,
    instance: Option<&str>,
    config: &Config,
) -> Result<(), Refusal> {
    let most = config.max_size;
    let is_known = group.member(id).is_some()
        || instance.is_some_and(|instance| group.static_member(instance).is_some());
    if is_known || group.members().len() < most {
        return Ok(());
    }
    let message = format!("The consumer group has reached its maximum capacity of {most} members.");
    Err(Refusal::new(ErrorCode::GROUP_MAX_SIZE_REACHED, message))
}

/// Is the member in the epoch that it says, or in the next, which it may not have heard of?
fn check_epoch(member: &Member, request: &Heartbeat) -> Result<(), Refusal> {
    let owns_no_other = request.owned.as_ref().is_some_and(|owned| {
        let assigned = |(topic, partition): (_, i32)| {
            let held = member.assigned.get(&topic);
            held.is_some_and(|held| held.contains_key(&partition))
        };
        owned
            .keys()
            .all(|topic| member.assigned.contains_key(topic))
            && assignor::each_of(owned).all(assigned)
    });
    let which = match request.epoch {
        JOINING => return Ok(()),
        epoch if epoch == member.epoch => return Ok(()),
        epoch if epoch > member.epoch => "greater",
        epoch if epoch == member.previous_epoch && owns_no_other => return Ok(()),
        _ => "smaller",
    };
    let message = format!(
        "The consumer group member has a {which} member epoch ({}) than the one known by the group coordinator ({}). \
         The member must abandon all its partitions and rejoin.",
        request.epoch, member.epoch
    );
    Err(Refusal::new(ErrorCode::FENCED_MEMBER_EPOCH, message))
}

/// Has this member the instance id?
pub(super) fn check_owner(member: &Member, id: &str, instance: &str) -> Result<(), Refusal> {
    if member.id == id {
        return Ok(());
    }
    let message = format!(
        "Static member {id} with instance id {instance} was fenced by member {}.",
        member.id
    );
    Err(Refusal::new(ErrorCode::FENCED_INSTANCE_ID, message))
}

pub(super) fn unknown_member(id: &str) -> Refusal {
    let message = format!("Member {id} is not a member of the group.");
    Refusal::new(ErrorCode::UNKNOWN_MEMBER_ID, message)
}

pub(super) fn unknown_instance(instance: &str) -> Refusal {
    let message = format!("Instance id {instance} is unknown.");
    Refusal::new(ErrorCode::UNKNOWN_MEMBER_ID, message)
}
