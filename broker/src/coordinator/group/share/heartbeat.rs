//! ShareGroupHeartbeat: a member joins (epoch 0), reports, or leaves (-1).

use std::collections::{BTreeMap, BTreeSet};

use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::ids::Uuid;

use super::super::kind::{self, Missing};
use super::super::{Groups, Record, topics_hash};
use super::group::{Group, Member};
use super::{Answer, Partitions, Refusal, answer, assign, records, setting};
use crate::coordinator::{Ask, Effects, Now};
use crate::metadata::Image;

/// The epoch of a member that joins.
pub const JOINING: i32 = 0;
/// The epoch of a member that leaves.
pub const LEAVING: i32 = -1;

/// What a member says of itself; what is `None` is as before.
#[derive(Clone, Debug, Default)]
pub struct Heartbeat {
    /// The group.
    pub group: String,
    /// The member.
    pub member: String,
    /// Its epoch.
    pub epoch: i32,
    /// Where it runs.
    pub rack: Option<String>,
    /// The topics that it reads.
    pub topics: Option<Vec<String>>,
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
    /// What it has, if that is news to it.
    pub assignment: Option<Partitions>,
    /// The group's epoch, and partitions that the share coordinator is to make state of before anybody gets them.
    pub initialize: (i32, Partitions),
    /// For one that joins and has nothing yet of what there is: the time until the next assignment, ms.
    pub assigns_in_ms: Option<i64>,
}

impl Heartbeat {
    fn validate(&self) -> Result<(), Refusal> {
        let invalid = |message: &str| Err(Refusal::new(ErrorCode::INVALID_REQUEST, message));
        let blank = |text: &str| text.trim().is_empty();
        if blank(&self.member) {
            return invalid("MemberId can't be empty.");
        }
        if blank(&self.group) {
            return invalid("GroupId can't be empty.");
        }
        if self.rack.as_deref().is_some_and(blank) {
            return invalid("RackId can't be empty.");
        }
        match self.epoch {
            JOINING if self.topics.as_ref().is_none_or(Vec::is_empty) => {
                invalid("SubscribedTopicNames must be set in first request.")
            }
            epoch if epoch < LEAVING => invalid("MemberEpoch is invalid."),
            _ => Ok(()),
        }
    }

    /// The member as it is after this.
    fn update(&self, before: &Member) -> Member {
        let topics = self.topics.as_ref();
        Member {
            id: self.member.clone(),
            rack: self.rack.clone().or_else(|| before.rack.clone()),
            client_id: self.client_id.clone(),
            client_host: self.client_host.clone(),
            topics: topics.map_or_else(|| before.topics.clone(), |t| t.iter().cloned().collect()),
            ..before.clone()
        }
    }
}

impl Groups {
    pub(super) fn share_heartbeat(
        &mut self,
        request: &Heartbeat,
        ask: Ask,
        now: &mut Now<'_>,
    ) -> Effects<Groups> {
        let refuse = |refusal| answer(ask, Answer::Beat(Err(refusal)));
        if let Err(refusal) = request.validate() {
            return refuse(refusal);
        }
        let name = &request.group;
        let fresh = Group::default();
        let group = match self.groups.get(name) {
            Some(kind::Group::Share(group)) => group,
            Some(kind) if request.epoch == JOINING && kind.is_simple() => &fresh,
            None if request.epoch == JOINING => &fresh,
            Some(_) => return refuse(Refusal::no_group(name, Missing::OfAnotherKind)),
            None => return refuse(Refusal::no_group(name, Missing::Unknown)),
        };
        let step = match request.epoch {
            LEAVING => leave(group, request, now.image),
            _ => report(group, request, now),
        };
        let (records, beat) = match step {
            Ok(step) => step,
            Err(refusal) => return refuse(refusal),
        };
        if request.epoch != LEAVING {
            self.share_heard(name, &request.member, now);
        }
        let mut effects = Effects::records(records);
        effects.reply(ask, super::super::Answer::Share(Answer::Beat(Ok(beat))));
        effects
    }
}

type Step = Result<(Vec<Record>, Beat), Refusal>;

fn leave(group: &Group, request: &Heartbeat, image: &Image) -> Step {
    let member = group.members.get(&request.member);
    let member = member.ok_or_else(|| unknown(request))?;
    let beat = Beat {
        member: member.id.clone(),
        epoch: LEAVING,
        ..Beat::default()
    };
    Ok((fence(&request.group, group, member, image), beat))
}

/// The records that take a member out of its group.
pub(super) fn fence(name: &str, group: &Group, member: &Member, image: &Image) -> Vec<Record> {
    let mut all = records::remove(name, &member.id).to_vec();
    let hash = topics_hash::of_topics(&group.topics_with(&member.id, None), image);
    all.push(records::epoch(name, group.epoch.wrapping_add(1), hash));
    all
}

fn report(group: &Group, request: &Heartbeat, now: &Now<'_>) -> Step {
    let name = &request.group;
    let before = group.members.get(&request.member);
    may_report(group, before, request, now.image)?;
    let before = before.cloned().unwrap_or_else(|| Member {
        id: request.member.clone(),
        ..Member::default()
    });
    let mut member = request.update(&before);
    let is_new = !group.members.contains_key(&member.id);
    let mut all = Vec::new();
    if is_new || member != before {
        all.push(records::member(name, &member));
    }
    let resubscribed = is_new || member.topics != before.topics;
    let topics = group.topics_with(&member.id, Some(&member));
    let hash = topics_hash::of_topics(&topics, now.image);
    let waiting = group.target_epoch >= group.epoch && has_unassigned(group, &topics);
    let changed = resubscribed || waiting || hash != group.metadata_hash;
    let epoch = group.epoch + i32::from(changed);
    if changed {
        all.push(records::epoch(name, epoch, hash));
    }
    let mut target_ms = group.target_ms;
    let (target_epoch, target) =
        match group.target_epoch < epoch && assigns_in_ms(name, group.target_ms, now) == 0 {
            true => {
                let target = assign_anew(name, group, &member, &mut all);
                all.push(records::target_epoch(name, epoch, now.wall_ms));
                target_ms = now.wall_ms;
                (epoch, target)
            }
            false => (
                group.target_epoch,
                group.target.get(&member.id).cloned().unwrap_or_default(),
            ),
        };
    if member.epoch != target_epoch || changed {
        // The assignment may be older than what the member reads now.
        member.assigned = only_read(target, &member, now.image);
    }
    if member.epoch != target_epoch {
        member.previous_epoch = member.epoch;
        member.epoch = target_epoch;
    }
    if (member.epoch, &member.assigned) != (before.epoch, &before.assigned) {
        all.push(records::current(name, &member));
    }
    let initialize = to_initialize(group, &topics, now);
    if !initialize.is_empty() {
        all.push(records::states(
            name,
            &group.initializing(&initialize, now.image),
        ));
    }
    let is_news =
        request.epoch == JOINING || request.topics.is_some() || member.assigned != before.assigned;
    let interval = setting(name, now.image, "heartbeat.interval.ms");
    let waits = request.epoch == JOINING
        && member.assigned.is_empty()
        && member
            .topics
            .iter()
            .any(|t| now.image.topics.named(t).is_some());
    let beat = Beat {
        member: member.id.clone(),
        epoch: member.epoch,
        interval_ms: i32::try_from(interval).unwrap_or(i32::MAX),
        assignment: is_news.then(|| member.assigned.clone()),
        initialize: (epoch, initialize),
        assigns_in_ms: waits.then(|| assigns_in_ms(name, target_ms, now)),
    };
    Ok((all, beat))
}

fn may_report(
    group: &Group,
    member: Option<&Member>,
    request: &Heartbeat,
    image: &Image,
) -> Result<(), Refusal> {
    let most = setting(&request.group, image, "max.size");
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    let Some(member) = member else {
        if group.members.len() >= most {
            let text =
                format!("The share group has reached its maximum capacity of {most} members.");
            return Err(Refusal::new(ErrorCode::GROUP_MAX_SIZE_REACHED, text));
        }
        return match request.epoch {
            JOINING => Ok(()),
            _ => Err(unknown(request)),
        };
    };
    let said = request.epoch;
    if said == JOINING
        || said == member.epoch
        || said < member.epoch && said == member.previous_epoch
    {
        return Ok(());
    }
    let (which, but) = match said > member.epoch {
        true => ("greater", String::new()),
        false => {
            let previous = member.previous_epoch;
            let but = format!(", and it does not match the previous member epoch ({previous})");
            ("smaller", but)
        }
    };
    let text = format!(
        "The share group member has a {which} member epoch ({said}) than the one known by the group coordinator \
         ({}){but}. The member must abandon all its partitions and rejoin.",
        member.epoch
    );
    Err(Refusal::new(ErrorCode::FENCED_MEMBER_EPOCH, text))
}

fn unknown(request: &Heartbeat) -> Refusal {
    let text = format!(
        "Member {} is not a member of group {}.",
        request.member, request.group
    );
    Refusal::new(ErrorCode::UNKNOWN_MEMBER_ID, text)
}

/// Has a partition that is read and has state nobody who is to have it?
fn has_unassigned(group: &Group, topics: &BTreeSet<String>) -> bool {
    let mut assigned = Partitions::new();
    for (topic, partitions) in group.target.values().flatten() {
        assigned.entry(*topic).or_default().extend(partitions);
    }
    let read = |name: &str| topics.contains(name);
    let mut initialized = group.states.initialized.iter();
    initialized.any(|(topic, of)| read(&of.name) && assigned.get(topic) != Some(&of.partitions))
}

/// The time until the next assignment may be made, ms. A clock that was set back does not stop them.
fn assigns_in_ms(name: &str, last_ms: i64, now: &Now<'_>) -> i64 {
    let since = now.wall_ms - last_ms;
    let interval = setting(name, now.image, "assignment.interval.ms");
    match (0..interval).contains(&since) {
        true => interval - since,
        false => 0,
    }
}

/// Of these partitions those of topics that the member reads.
fn only_read(mut target: Partitions, member: &Member, image: &Image) -> Partitions {
    let reads = |topic: &Uuid| {
        let topic = image.topics.with_id(*topic);
        topic.is_some_and(|topic| member.topics.contains(&*topic.name))
    };
    target.retain(|topic, _| reads(topic));
    target
}

/// A new assignment, with this member as it is now; what it is to have.
fn assign_anew(name: &str, group: &Group, member: &Member, all: &mut Vec<Record>) -> Partitions {
    let mut members: BTreeMap<&str, &Member> = group
        .members
        .iter()
        .map(|(id, member)| (id.as_str(), member))
        .collect();
    members.insert(&member.id, member);
    let mut assigned = assign::simple(members.values().copied(), &group.target, &group.states);
    for (id, partitions) in &assigned {
        if group.target.get(id) != Some(partitions) {
            all.push(records::target(name, id, partitions));
        }
    }
    assigned.remove(&member.id).unwrap_or_default()
}

/// Partitions that are read and have no state, nor are about to. A clock that was set back does not stop them.
fn to_initialize(group: &Group, topics: &BTreeSet<String>, now: &Now<'_>) -> Partitions {
    let settings = &now.image.broker_config.settings;
    let patience = settings.number("group.share.initialize.retry.interval.ms");
    let patience = patience.unwrap_or_default();
    let mut missing = Partitions::new();
    for topic in topics
        .iter()
        .filter_map(|name| now.image.topics.named(name))
    {
        let count = i32::try_from(topic.partitions.len()).unwrap_or(i32::MAX);
        let mut without: BTreeSet<i32> = (0..count).collect();
        let states = &group.states;
        let asked = group.asked_ms.get(&topic.id);
        let is_fresh = asked.is_some_and(|ms| (0..patience).contains(&(now.wall_ms - ms)));
        let coming = states.initializing.get(&topic.id).filter(|_| is_fresh);
        for of in states.initialized.get(&topic.id).into_iter().chain(coming) {
            without.retain(|p| !of.partitions.contains(p));
        }
        if !without.is_empty() {
            missing.insert(topic.id, without);
        }
    }
    missing
}
