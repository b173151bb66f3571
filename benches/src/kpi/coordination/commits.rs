//! C1: commits of offsets, each client for a group of its own.

use std::io;

use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::messages::offset_commit::{
    OffsetCommitRequest, OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};

use super::{GROUP, Turn, found, patiently, rate};
use crate::kpi::stage::Stage;
use crate::wire::cluster::Cluster;

const TOPIC: &str = "c1";
const PARTITIONS: i32 = 12;

/// C1: commits per second, and the 99th percentile of one, in ms. A commit is of the 12 partitions of a topic, as a consumer's is.
pub fn commits(stage: &Stage) -> io::Result<Vec<f64>> {
    let mut node = stage.unstarted(&[])?;
    node.start()?;
    node.cluster()?.create(TOPIC, PARTITIONS, 1, &[])?;
    let figures = rate(stage, &node, |address, n| {
        let mut cluster = Cluster::connect(address)?;
        let group = format!("{TOPIC}-{n}");
        found(&mut cluster, &group, GROUP)?;
        patiently("OffsetCommit", || commit(&mut cluster, &group, 0))?;
        let mut offset = 0;
        let turn: Turn = Box::new(move || {
            offset += 1;
            patiently("OffsetCommit", || commit(&mut cluster, &group, offset))
        });
        Ok(turn)
    })?;
    Ok(figures.to_vec())
}

fn commit(cluster: &mut Cluster, group: &str, offset: i64) -> io::Result<ErrorCode> {
    let partition = |partition_index| OffsetCommitRequestPartition {
        partition_index,
        committed_offset: offset,
        committed_leader_epoch: -1,
        committed_metadata: Some("".into()),
    };
    let request = OffsetCommitRequest {
        group_id: group.into(),
        generation_id_or_member_epoch: -1,
        retention_time_ms: -1,
        topics: vec![OffsetCommitRequestTopic {
            name: TOPIC.into(),
            partitions: (0..PARTITIONS).map(partition).collect(),
            ..Default::default()
        }],
        ..Default::default()
    };
    cluster.call_by_name(&request, |r| {
        let mut all = r.topics.iter().flat_map(|t| &t.partitions);
        let refused = all.find(|p| p.error_code.is_error());
        refused.map_or(ErrorCode::NONE, |p| p.error_code)
    })
}
