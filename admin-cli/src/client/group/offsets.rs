//! What groups have committed: OffsetFetch, OffsetCommit, OffsetDelete.

use std::collections::BTreeMap;

use ottla_protocol::messages::offset_commit::{
    OffsetCommitRequest, OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use ottla_protocol::messages::offset_delete::{
    OffsetDeleteRequest, OffsetDeleteRequestPartition, OffsetDeleteRequestTopic,
};
use ottla_protocol::messages::offset_fetch::{OffsetFetchRequest, OffsetFetchRequestGroup};

use super::super::Client;
use super::super::admin::{accepted, silent};
use super::super::coordinator::Terms;
use super::super::error::ClientError;
use super::super::view::TopicPartition;
use super::charge;

/// The newest versions that name topics; later ones have ids, which a topic that is gone has no more.
const NAMES: Terms = Terms {
    newest: 9,
    hold: std::time::Duration::ZERO,
};

/// Who commits or asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The member's id; empty for somebody outside the group.
    pub member: String,
    /// The generation that it belongs to, or its epoch; -1 outside.
    pub generation: i32,
}

impl Identity {
    /// An administrator. The broker takes its commits only while the group is empty.
    pub fn outside() -> Identity {
        Identity {
            member: String::new(),
            generation: -1,
        }
    }
}

impl Client {
    /// The offsets that a group has committed. With `settled`, waits for transactions that have commits in them.
    pub async fn committed(
        &mut self,
        group: &str,
        settled: bool,
    ) -> Result<BTreeMap<TopicPartition, i64>, ClientError> {
        let make = |version| {
            let mut request = OffsetFetchRequest {
                require_stable: settled && version >= 7,
                ..Default::default()
            };
            // Version 8 asks for several groups at once.
            if version >= 8 {
                request.groups = vec![OffsetFetchRequestGroup {
                    group_id: group.to_owned().into(),
                    member_epoch: -1,
                    topics: None,
                    ..Default::default()
                }];
            } else {
                request.group_id = group.to_owned().into();
                request.topics = None;
            }
            request
        };
        let charge = charge(group);
        self.ask_coordinator(&charge, NAMES, make, |answer| {
            let body = answer.body()?;
            let what = || format!("the offsets of group {group:?}");
            let code = body
                .groups
                .first()
                .map_or(body.error_code, |group| group.error_code);
            accepted(what(), code, None)?;
            let old = body.topics.iter().flat_map(|topic| {
                let each = topic.partitions.iter();
                each.map(|p| {
                    (
                        &topic.name,
                        p.partition_index,
                        p.committed_offset,
                        p.error_code,
                    )
                })
            });
            let new = body.groups.iter().flat_map(|group| &group.topics);
            let new = new.flat_map(|topic| {
                let each = topic.partitions.iter();
                each.map(|p| {
                    (
                        &topic.name,
                        p.partition_index,
                        p.committed_offset,
                        p.error_code,
                    )
                })
            });
            let mut found = BTreeMap::new();
            for (topic, partition, offset, code) in old.chain(new) {
                accepted(format!("{} in {topic}/{partition}", what()), code, None)?;
                if offset >= 0 {
                    found.insert(TopicPartition::new(topic, partition), offset);
                }
            }
            Ok(found)
        })
        .await
    }

    /// Commits offsets, all for one group.
    ///
    /// # Errors
    /// The first refusal; offsets of other partitions may have been stored all the same.
    pub async fn commit(
        &mut self,
        group: &str,
        identity: &Identity,
        offsets: &BTreeMap<TopicPartition, i64>,
    ) -> Result<(), ClientError> {
        if offsets.is_empty() {
            return Ok(());
        }
        let partition = |index, offset| OffsetCommitRequestPartition {
            partition_index: index,
            committed_offset: offset,
            committed_leader_epoch: -1,
            committed_metadata: Some("".into()),
        };
        let make = |_| OffsetCommitRequest {
            group_id: group.to_owned().into(),
            generation_id_or_member_epoch: identity.generation,
            member_id: identity.member.clone().into(),
            retention_time_ms: -1,
            topics: by_topic(offsets.iter().map(|(place, offset)| (place, *offset)))
                .into_iter()
                .map(|(topic, partitions)| OffsetCommitRequestTopic {
                    name: topic.to_owned().into(),
                    partitions: partitions
                        .into_iter()
                        .map(|(index, offset)| partition(index, offset))
                        .collect(),
                    ..Default::default()
                })
                .collect(),
            ..Default::default()
        };
        let charge = charge(group);
        self.ask_coordinator(&charge, NAMES, make, |answer| {
            for topic in &answer.body()?.topics {
                for partition in &topic.partitions {
                    let place = format!("{}/{}", topic.name, partition.partition_index);
                    let what = format!("committing {place} for group {group:?}");
                    accepted(what, partition.error_code, None)?;
                }
            }
            Ok(())
        })
        .await
    }

    /// Takes offsets out of what a group has committed; what was said to each.
    pub async fn delete_offsets(
        &mut self,
        group: &str,
        places: &[TopicPartition],
    ) -> Result<Vec<(TopicPartition, Result<(), ClientError>)>, ClientError> {
        let make = |_| OffsetDeleteRequest {
            group_id: group.to_owned().into(),
            topics: by_topic(places.iter().map(|place| (place, ())))
                .into_iter()
                .map(|(topic, partitions)| OffsetDeleteRequestTopic {
                    name: topic.to_owned().into(),
                    partitions: partitions
                        .into_iter()
                        .map(|(partition_index, ())| OffsetDeleteRequestPartition {
                            partition_index,
                        })
                        .collect(),
                })
                .collect(),
        };
        let charge = charge(group);
        self.ask_coordinator(&charge, Terms::default(), make, |answer| {
            let body = answer.body()?;
            accepted(
                format!("deleting offsets of group {group:?}"),
                body.error_code,
                None,
            )?;
            let mut said = BTreeMap::new();
            for topic in &body.topics {
                for partition in &topic.partitions {
                    let place = TopicPartition::new(&topic.name, partition.partition_index);
                    said.insert(place, partition.error_code);
                }
            }
            let verdict = |place: &TopicPartition| match said.get(place) {
                Some(&code) => accepted(
                    format!("deleting the offset of {place} from group {group:?}"),
                    code,
                    None,
                ),
                None => Err(silent("OffsetDelete")),
            };
            Ok(places
                .iter()
                .map(|place| (place.clone(), verdict(place)))
                .collect())
        })
        .await
    }
}

/// Partitions with what belongs to them, by topic.
pub(super) fn by_topic<'p, T>(
    places: impl Iterator<Item = (&'p TopicPartition, T)>,
) -> BTreeMap<&'p str, Vec<(i32, T)>> {
    let mut topics: BTreeMap<&str, Vec<(i32, T)>> = BTreeMap::new();
    for (place, value) in places {
        topics
            .entry(&place.topic)
            .or_default()
            .push((place.partition, value));
    }
    topics
}
