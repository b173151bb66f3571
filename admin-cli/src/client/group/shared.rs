//! How far share groups are: DescribeShareGroupOffsets, AlterShareGroupOffsets, DeleteShareGroupOffsets. The broker keeps for each
//! partition where the first record stands that is not done with.

use std::collections::{BTreeMap, BTreeSet};

use ottla_protocol::messages::alter_share_group_offsets::{
    AlterShareGroupOffsetsRequest, AlterShareGroupOffsetsRequestPartition,
    AlterShareGroupOffsetsRequestTopic,
};
use ottla_protocol::messages::delete_share_group_offsets::{
    DeleteShareGroupOffsetsRequest, DeleteShareGroupOffsetsRequestTopic,
};
use ottla_protocol::messages::describe_share_group_offsets::{
    DescribeShareGroupOffsetsRequest, DescribeShareGroupOffsetsRequestGroup,
};

use super::super::Client;
use super::super::admin::{accepted, silent};
use super::super::coordinator::Terms;
use super::super::error::ClientError;
use super::super::view::TopicPartition;
use super::charge;
use super::offsets::by_topic;

/// How far a share group is in a partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reached {
    /// The first offset that is not done with.
    pub start: i64,
    /// How many records are not; records after the start may be. None where the broker does not say.
    pub lag: Option<i64>,
}

impl Client {
    /// How far a share group is, in the partitions where it has begun.
    pub async fn reached(
        &mut self,
        group: &str,
    ) -> Result<BTreeMap<TopicPartition, Reached>, ClientError> {
        let make = |_| DescribeShareGroupOffsetsRequest {
            groups: vec![DescribeShareGroupOffsetsRequestGroup {
                group_id: group.to_owned().into(),
                topics: None,
            }],
        };
        self.ask_coordinator(&charge(group), Terms::default(), make, |answer| {
            let body = answer.body()?;
            let said = body.groups.first();
            let said = said.ok_or_else(|| silent("DescribeShareGroupOffsets"))?;
            let what = || format!("the offsets of group {group:?}");
            accepted(what(), said.error_code, said.error_message.as_deref())?;
            let mut reached = BTreeMap::new();
            for topic in &said.topics {
                for p in &topic.partitions {
                    let place = TopicPartition::new(&topic.topic_name, p.partition_index);
                    let what = format!("{} in {place}", what());
                    accepted(what, p.error_code, p.error_message.as_deref())?;
                    if p.start_offset >= 0 {
                        let lag = (p.lag >= 0).then_some(p.lag);
                        let start = p.start_offset;
                        reached.insert(place, Reached { start, lag });
                    }
                }
            }
            Ok(reached)
        })
        .await
    }

    /// Lets a share group without members begin elsewhere.
    ///
    /// # Errors
    /// The first refusal; other partitions may have been set all the same.
    pub async fn set_starts(
        &mut self,
        group: &str,
        starts: &BTreeMap<TopicPartition, i64>,
    ) -> Result<(), ClientError> {
        let partition = |(partition_index, start_offset)| AlterShareGroupOffsetsRequestPartition {
            partition_index,
            start_offset,
        };
        let make = |_| AlterShareGroupOffsetsRequest {
            group_id: group.to_owned().into(),
            topics: by_topic(starts.iter().map(|(place, start)| (place, *start)))
                .into_iter()
                .map(|(topic, partitions)| AlterShareGroupOffsetsRequestTopic {
                    topic_name: topic.to_owned().into(),
                    partitions: partitions.into_iter().map(partition).collect(),
                })
                .collect(),
        };
        self.ask_coordinator(&charge(group), Terms::default(), make, |answer| {
            let body = answer.body()?;
            let what = |place: &str| format!("setting {place} of group {group:?}");
            let message = body.error_message.as_deref();
            accepted(what("the offsets"), body.error_code, message)?;
            for topic in &body.responses {
                for p in &topic.partitions {
                    let place = format!("{}/{}", topic.topic_name, p.partition_index);
                    accepted(what(&place), p.error_code, p.error_message.as_deref())?;
                }
            }
            Ok(())
        })
        .await
    }

    /// Lets a share group without members forget how far it is in these topics.
    ///
    /// # Errors
    /// The first refusal; others may be forgotten all the same.
    pub async fn forget_starts(
        &mut self,
        group: &str,
        topics: &BTreeSet<&str>,
    ) -> Result<(), ClientError> {
        let topic = |topic: &&str| DeleteShareGroupOffsetsRequestTopic {
            topic_name: (*topic).to_owned().into(),
        };
        let make = |_| DeleteShareGroupOffsetsRequest {
            group_id: group.to_owned().into(),
            topics: topics.iter().map(topic).collect(),
        };
        self.ask_coordinator(&charge(group), Terms::default(), make, |answer| {
            let body = answer.body()?;
            let what = |place: &str| format!("deleting {place} of group {group:?}");
            let message = body.error_message.as_deref();
            accepted(what("the offsets"), body.error_code, message)?;
            for topic in &body.responses {
                let place = format!("the offsets in {}", topic.topic_name);
                accepted(
                    what(&place),
                    topic.error_code,
                    topic.error_message.as_deref(),
                )?;
            }
            Ok(())
        })
        .await
    }
}
