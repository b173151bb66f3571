//! A share group (KIP-932) in the whole-node simulation: members that are given records, and accept, release, reject or keep
//! them.
//!
//! | file | what |
//! |---|---|
//! | [`book`] | what is known, and what must hold |
//! | [`member`] | a member's way: its place in the group, its session, what it says of records |

pub mod book;
pub mod member;

use std::collections::BTreeMap;

use ottla_protocol::messages::describe_share_group_offsets::{
    DescribeShareGroupOffsetsRequest, DescribeShareGroupOffsetsRequestGroup,
    DescribeShareGroupOffsetsRequestTopic,
};
use ottla_runtime::rand::Rng;

use super::client::{Broken, Client};
use super::wire::Wire;

/// The topic that is worked off; its name begins as those of all topics that keepers do not keep.
pub const TOPIC: &str = "txn-queue";
/// The group.
pub const GROUP: &str = "sharers";
/// Deliveries after which a record is given up.
pub const DELIVERIES: i16 = 10;

/// Within this a member has to say what becomes of a record, ms.
pub const LOCK_MS: u64 = 1000;

/// What a seed decides about it.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Partitions of the topic.
    pub partitions: i32,
    /// Batches that it gets at most.
    pub batches: u64,
    /// Members.
    pub members: usize,
}

impl Plan {
    /// Of a seed that has a share group.
    pub fn new(rng: &mut Rng) -> Plan {
        Plan {
            partitions: [1, 1, 2, 3][rng.below(4) as usize],
            batches: 4 + rng.below(30),
            members: 1 + rng.below(4) as usize,
        }
    }
}

/// Settings of the broker, so that within seconds happens what else takes hours.
pub fn settings(rng: &mut Rng) -> Vec<(String, String)> {
    let set = |key: &str, value: u64| (key.to_owned(), value.to_string());
    vec![
        set("group.share.delivery.count.limit", DELIVERIES as u64),
        set("group.share.min.record.lock.duration.ms", 1000),
        set("group.share.record.lock.duration.ms", LOCK_MS),
        set("group.share.min.session.timeout.ms", 100),
        set("group.share.session.timeout.ms", 3000),
        set("group.share.min.heartbeat.interval.ms", 10),
        set("group.share.heartbeat.interval.ms", 100),
        set("group.share.assignment.interval.ms", rng.below(50)),
        set("group.share.initialize.retry.interval.ms", 100),
        set("share.coordinator.state.topic.num.partitions", 2),
        set(
            "share.coordinator.state.topic.segment.bytes",
            2048 << rng.below(4),
        ),
        set(
            "share.coordinator.snapshot.update.records.per.snapshot",
            rng.below(10),
        ),
        set(
            "share.coordinator.state.topic.prune.interval.ms",
            1 + rng.below(500),
        ),
        set(
            "share.coordinator.cold.partition.snapshot.interval.ms",
            1 + rng.below(500),
        ),
    ]
}

/// How many records of each partition are not done with (KIP-1226); -1 while that cannot be said.
pub async fn lags(client: &Client, wire: &mut Wire, partitions: i32) -> Result<Vec<i64>, Broken> {
    let request = DescribeShareGroupOffsetsRequest {
        groups: vec![DescribeShareGroupOffsetsRequestGroup {
            group_id: GROUP.into(),
            topics: Some(vec![DescribeShareGroupOffsetsRequestTopic {
                topic_name: TOPIC.into(),
                partitions: (0..partitions).collect(),
            }]),
        }],
    };
    let answer = wire.call(&request, 1, |r| {
        let group = r.groups.first()?;
        let partitions = group.topics.iter().flat_map(|t| &t.partitions);
        let failed = partitions.clone().map(|p| p.error_code);
        let code = [group.error_code].into_iter().chain(failed);
        let code = code.into_iter().find(|code| code.is_error());
        let each = partitions.map(|p| (p.partition_index, (p.start_offset, p.lag)));
        Some((code, each.collect::<BTreeMap<_, _>>()))
    });
    let Some((code, found)) = answer.await? else {
        return Err("DescribeShareGroupOffsets without an answer"
            .to_owned()
            .into());
    };
    if let Some(code) = code {
        return Err(client.refused_by_coordinator("DescribeShareGroupOffsets", code));
    }
    client.tell(|| format!("{GROUP} begins, and has left: {found:?}"));
    Ok(found.into_values().map(|(_, lag)| lag).collect())
}

/// The last look: all is done with, by somebody.
pub async fn audit(client: &mut Client, wire: &mut Wire) -> Result<(), Broken> {
    let Some(fed) = client.shared.ledger.borrow().queue.fed.clone() else {
        return Ok(());
    };
    let lags = lags(client, wire, fed.len() as i32).await?;
    if lags.iter().any(|lag| *lag != 0) {
        let what = format!("{GROUP} lags by {lags:?} after all was done");
        return Err(what.into());
    }
    Ok(client.shared.ledger.borrow().queue.complete()?)
}
