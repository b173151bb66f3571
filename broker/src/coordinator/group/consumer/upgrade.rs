//! A live classic group becomes a consumer group when the first member comes that speaks the consumer protocol.

use std::collections::BTreeSet;

use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::records::Embedded;
use ottla_protocol::records::consumer_protocol_assignment::ConsumerProtocolAssignment;

use super::super::assignor::{Partitions, each_of, put};
use super::super::classic;
use super::super::topics_hash;
use super::decide::classic::subscription;
use super::decide::{Refusal, Scene};
use super::group::Group;
use super::member::{Classic, Held, Member, State};

/// The consumer group that a classic one becomes, all of whose members are where they are to be.
///
/// # Errors
/// 69: it cannot become one.
pub(super) fn upgrade(
    name: &str,
    classic: &classic::Group,
    scene: &Scene<'_>,
) -> Result<Group, Refusal> {
    let refused = |why: &str| {
        let message =
            format!("Cannot upgrade classic group {name} to consumer group because {why}.");
        Err(Refusal::new(ErrorCode::GROUP_ID_NOT_FOUND, message))
    };
    if !scene.config.migration.upgrade {
        return refused("online upgrade is disabled");
    }
    if !classic.is_of_consumers() {
        return refused("the group does not use the consumer embedded protocol");
    }
    if classic.members().len() > scene.config.max_size {
        return refused("the group size exceeds the consumer group maximum size");
    }
    let mut group = Group::default();
    group.epoch = classic.generation();
    group.target_epoch = classic.generation();
    let mut given = BTreeSet::new();
    for (id, member) in classic.members() {
        let mut share = match share(member, scene) {
            Ok(share) => share,
            Err(why) => return refused(why),
        };
        // A leader that assigns wrongly may give a partition to two.
        share.retain(|topic, partitions| {
            partitions.retain(|partition| given.insert((*topic, *partition)));
            !partitions.is_empty()
        });
        let Some(member) = converted(id, member, classic, &share) else {
            return refused("the embedded consumer protocol is malformed");
        };
        group.put_member(member);
        group.set_target(id, Some(share));
    }
    let (by_name, _) = group.wanted();
    group.metadata_hash = topics_hash::of_topics(by_name.names(), scene.image);
    Ok(group)
}

/// What a member has, by its leader's word.
fn share(member: &classic::member::Member, scene: &Scene<'_>) -> Result<Partitions, &'static str> {
    let mut share = Partitions::new();
    if member.assignment.is_empty() {
        return Ok(share);
    }
    let assignment = ConsumerProtocolAssignment::decode_embedded(&member.assignment)
        .map_err(|_| "the embedded consumer protocol is malformed")?;
    if assignment.user_data.is_some_and(|data| !data.is_empty()) {
        return Err("an unsupported custom assignor is in use");
    }
    for of in assignment.assigned_partitions {
        if let Some(topic) = scene.image.topics.named(&of.topic) {
            of.partitions
                .iter()
                .for_each(|p| put(&mut share, topic.id, *p));
        }
    }
    Ok(share)
}

fn converted(
    id: &str,
    member: &classic::member::Member,
    group: &classic::Group,
    share: &Partitions,
) -> Option<Member> {
    // Before its first generation a group has no protocol, but each member has one that it likes best.
    let best = member.protocols.first().map(|p| p.name.as_str());
    let said = subscription(member.metadata(group.protocol().or(best)?))?;
    let generation = group.generation();
    let mut assigned = Held::new();
    for (topic, partition) in each_of(share) {
        assigned
            .entry(topic)
            .or_default()
            .insert(partition, generation);
    }
    let rack = said.rack_id.as_deref().filter(|rack| !rack.is_empty());
    Some(Member {
        epoch: generation,
        previous_epoch: generation,
        state: State::Stable,
        instance: member.instance.clone(),
        rack: rack.map(str::to_owned),
        rebalance_timeout_ms: member.rebalance_timeout_ms,
        client_id: member.client_id.clone(),
        client_host: member.client_host.clone(),
        topics: said.topics.iter().map(|t| t.to_string()).collect(),
        assigned,
        classic: Some(Classic {
            session_timeout_ms: member.session_timeout_ms,
            protocols: member
                .protocols
                .iter()
                .map(|p| (p.name.clone(), p.metadata.clone()))
                .collect(),
        }),
        ..Member::new(id)
    })
}
