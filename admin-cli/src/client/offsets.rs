//! ListOffsets: where partitions begin and end, and where a time is.

use std::collections::BTreeMap;

use ottla_protocol::messages::list_offsets::{
    ListOffsetsPartition, ListOffsetsRequest, ListOffsetsTopic,
};
use ottla_runtime::time;

use super::error::ClientError;
use super::view::TopicView;
use super::{Client, LOOK_AGAIN, Missing};

/// A place in a partition whose offset is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum At {
    /// The oldest record kept.
    Beginning,
    /// The end (the high watermark).
    End,
    /// The last stable offset: the end for who reads only what is committed.
    StableEnd,
    /// The first record that is not older than this, in milliseconds since 1970.
    Timestamp(i64),
}

impl At {
    /// The timestamp that stands for it in ListOffsets.
    fn timestamp(self) -> i64 {
        match self {
            At::Beginning => -2,
            At::End | At::StableEnd => -1,
            At::Timestamp(millis) => millis,
        }
    }
}

impl Client {
    /// The offset of `at` in each partition in `partitions`; -1 stands where no record is that young.
    /// Asks again while leaders move, up to the timeout.
    pub async fn offsets(
        &mut self,
        topic: &str,
        partitions: &[i32],
        at: At,
    ) -> Result<BTreeMap<i32, i64>, ClientError> {
        let deadline = time::now() + self.timeout();
        let mut found = BTreeMap::new();
        loop {
            let view = self.topic(topic, Missing::Fail).await?;
            let missing: Vec<i32> = partitions
                .iter()
                .copied()
                .filter(|index| !found.contains_key(index))
                .collect();
            let mut failure = None;
            for (leader, indexes) in by_leader(&view, &missing) {
                if let Err(error) = self
                    .offsets_of(leader, topic, &indexes, at, &mut found)
                    .await
                {
                    failure = Some(error);
                }
            }
            match failure {
                None => return Ok(found),
                Some(error) if !error.is_passing() || time::now() >= deadline => return Err(error),
                Some(_) => time::sleep(LOOK_AGAIN).await,
            }
        }
    }

    /// Asks one leader, and adds what it told to `found`.
    async fn offsets_of(
        &mut self,
        leader: i32,
        topic: &str,
        indexes: &[i32],
        at: At,
        found: &mut BTreeMap<i32, i64>,
    ) -> Result<(), ClientError> {
        let ask = |&index: &i32| ListOffsetsPartition {
            partition_index: index,
            timestamp: at.timestamp(),
            ..Default::default()
        };
        let request = ListOffsetsRequest {
            replica_id: -1,
            isolation_level: i8::from(at == At::StableEnd),
            topics: vec![ListOffsetsTopic {
                name: topic.to_owned().into(),
                partitions: indexes.iter().map(ask).collect(),
            }],
            timeout_ms: i32::try_from(self.timeout().as_millis()).unwrap_or(i32::MAX),
        };
        let answer = self.node(leader).await?.call(&request).await?;
        let body = answer.body()?;
        let mut failure = Ok(());
        for partition in body.topics.iter().flat_map(|topic| &topic.partitions) {
            if partition.error_code.is_error() {
                let what = format!("the offsets of {topic}/{}", partition.partition_index);
                failure = Err(ClientError::refused(what, partition.error_code, None));
            } else {
                found.insert(partition.partition_index, partition.offset);
            }
        }
        failure
    }
}

/// The partitions in `wanted`, by the node that leads them.
pub fn by_leader(view: &TopicView, wanted: &[i32]) -> BTreeMap<i32, Vec<i32>> {
    let mut leaders: BTreeMap<i32, Vec<i32>> = BTreeMap::new();
    for partition in view
        .partitions
        .iter()
        .filter(|partition| wanted.contains(&partition.index))
    {
        if let Some(leader) = partition.leader {
            leaders.entry(leader).or_default().push(partition.index);
        }
    }
    leaders
}
