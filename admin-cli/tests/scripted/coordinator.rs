//! The broker as the coordinator of one group with at most one member, and of one transactional id.

use std::collections::BTreeMap;

use ottla_protocol::api::{ApiKey, Request, RequestHeader};
use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::messages::consumer_group_heartbeat as modern;
use ottla_protocol::messages::delete_groups::{
    DeletableGroupResult, DeleteGroupsRequest, DeleteGroupsResponse,
};
use ottla_protocol::messages::describe_groups::{
    DescribeGroupsRequest, DescribeGroupsResponse, DescribedGroup,
};
use ottla_protocol::messages::find_coordinator::{
    Coordinator, FindCoordinatorRequest, FindCoordinatorResponse,
};
use ottla_protocol::messages::heartbeat::{HeartbeatRequest, HeartbeatResponse};
use ottla_protocol::messages::join_group::{
    JoinGroupRequest, JoinGroupResponse, JoinGroupResponseMember,
};
use ottla_protocol::messages::leave_group::{LeaveGroupRequest, LeaveGroupResponse};
use ottla_protocol::messages::list_groups::{ListGroupsRequest, ListGroupsResponse, ListedGroup};
use ottla_protocol::messages::offset_commit as commit;
use ottla_protocol::messages::offset_fetch as fetch;
use ottla_protocol::messages::sync_group::{SyncGroupRequest, SyncGroupResponse};
use ottla_protocol::wire::{Decode, Reader};

use super::broker::{Mind, Reply, Step, TOPIC, encode};

/// The name of the one group.
pub const GROUP: &str = "billing";

/// The one group, and what was asked.
pub struct Group {
    /// The newest version of each request; a request that is not in it does not exist.
    pub versions: BTreeMap<ApiKey, i16>,
    /// The member's id, once it is in.
    pub member: Option<String>,
    /// How many ids were given away.
    pub named: u32,
    pub generation: i32,
    pub committed: BTreeMap<i32, i64>,
    /// What a broker that assigns says next; empty for no change.
    pub offers: Vec<Vec<i32>>,
    /// Every request for the coordinator, oldest first.
    pub asked: Vec<ApiKey>,
}

impl Default for Group {
    fn default() -> Group {
        let versions = [
            (FindCoordinatorRequest::KEY, 6),
            (JoinGroupRequest::KEY, 9),
            (SyncGroupRequest::KEY, 5),
            (HeartbeatRequest::KEY, 4),
            (LeaveGroupRequest::KEY, 5),
            (commit::OffsetCommitRequest::KEY, 10),
            (fetch::OffsetFetchRequest::KEY, 10),
            (ListGroupsRequest::KEY, 5),
            (DescribeGroupsRequest::KEY, 6),
            (DeleteGroupsRequest::KEY, 2),
            (modern::ConsumerGroupHeartbeatRequest::KEY, 1),
        ];
        Group {
            versions: versions.into(),
            member: None,
            named: 0,
            generation: 0,
            committed: BTreeMap::new(),
            offers: Vec::new(),
            asked: Vec::new(),
        }
    }
}

impl Group {
    /// How often a request came.
    pub fn count<Q: Request>(&self) -> usize {
        self.asked.iter().filter(|&&key| key == Q::KEY).count()
    }

    /// The code for somebody who says to be this member of this generation.
    fn judge(&self, member: &str, generation: i32) -> ErrorCode {
        match &self.member {
            None if generation < 0 => ErrorCode::NONE,
            Some(known) if known == member && generation == self.generation => ErrorCode::NONE,
            Some(known) if known == member => ErrorCode::ILLEGAL_GENERATION,
            _ => ErrorCode::UNKNOWN_MEMBER_ID,
        }
    }
}

pub fn answer(mind: &mut Mind, header: &RequestHeader<'_>, reader: &mut Reader<'_>) -> Reply {
    let (key, version, id) = (header.api_key, header.api_version, header.correlation_id);
    mind.group.asked.push(key);
    let script = mind.scripts.entry(key).or_default();
    let code = match script.pop_front() {
        None => ErrorCode::NONE,
        Some(Step::Refuse(code)) => code,
        Some(Step::Silent) => return Reply::Nothing,
        Some(Step::Gone | Step::DoneAndGone) => return Reply::HangUp,
    };
    let group = &mut mind.group;
    match key {
        FindCoordinatorRequest::KEY => {
            let coordinator = Coordinator {
                node_id: 1,
                host: "127.0.0.1".into(),
                port: i32::from(mind.port),
                error_code: code,
                ..Default::default()
            };
            let mut body = FindCoordinatorResponse::default();
            if version >= 4 {
                body.coordinators = vec![coordinator];
            } else {
                (body.error_code, body.node_id) = (code, 1);
                (body.host, body.port) = (coordinator.host, coordinator.port);
            }
            encode(&body, key, version, id)
        }
        JoinGroupRequest::KEY => {
            let request = JoinGroupRequest::decode(reader, version).unwrap();
            encode(&join(group, &request, code), key, version, id)
        }
        SyncGroupRequest::KEY => {
            let request = SyncGroupRequest::decode(reader, version).unwrap();
            let code = worse(code, group.judge(&request.member_id, request.generation_id));
            let own = request
                .assignments
                .iter()
                .find(|it| it.member_id == request.member_id);
            let body = SyncGroupResponse {
                error_code: code,
                assignment: own.map(|it| it.assignment.clone()).unwrap_or_default(),
                ..Default::default()
            };
            encode(&body, key, version, id)
        }
        HeartbeatRequest::KEY => {
            let request = HeartbeatRequest::decode(reader, version).unwrap();
            let body = HeartbeatResponse {
                error_code: worse(code, group.judge(&request.member_id, request.generation_id)),
                ..Default::default()
            };
            encode(&body, key, version, id)
        }
        LeaveGroupRequest::KEY => {
            let request = LeaveGroupRequest::decode(reader, version).unwrap();
            assert_eq!(
                Some(&*request.members[0].member_id),
                group.member.as_deref()
            );
            group.member = None;
            encode(&LeaveGroupResponse::default(), key, version, id)
        }
        commit::OffsetCommitRequest::KEY => {
            let request = commit::OffsetCommitRequest::decode(reader, version).unwrap();
            encode(&store(group, &request, code), key, version, id)
        }
        fetch::OffsetFetchRequest::KEY => {
            let request = fetch::OffsetFetchRequest::decode(reader, version).unwrap();
            encode(&fetched(group, &request, code, version), key, version, id)
        }
        ListGroupsRequest::KEY => {
            let listed = ListedGroup {
                group_id: GROUP.into(),
                group_type: "Classic".into(),
                group_state: "Empty".into(),
                ..Default::default()
            };
            let body = ListGroupsResponse {
                error_code: code,
                groups: if code.is_error() {
                    vec![]
                } else {
                    vec![listed]
                },
                ..Default::default()
            };
            encode(&body, key, version, id)
        }
        DescribeGroupsRequest::KEY => {
            let state = if group.member.is_some() {
                "Stable"
            } else {
                "Empty"
            };
            let described = DescribedGroup {
                error_code: code,
                group_id: GROUP.into(),
                group_state: state.into(),
                protocol_type: "consumer".into(),
                ..Default::default()
            };
            let body = DescribeGroupsResponse {
                groups: vec![described],
                ..Default::default()
            };
            encode(&body, key, version, id)
        }
        DeleteGroupsRequest::KEY => {
            let result = DeletableGroupResult {
                group_id: GROUP.into(),
                error_code: code,
            };
            let body = DeleteGroupsResponse {
                results: vec![result],
                ..Default::default()
            };
            encode(&body, key, version, id)
        }
        modern::ConsumerGroupHeartbeatRequest::KEY => {
            let request = modern::ConsumerGroupHeartbeatRequest::decode(reader, version).unwrap();
            encode(&heartbeat(group, &request, code), key, version, id)
        }
        other => panic!("nobody asks for {other}"),
    }
}

/// A scripted error, else what the group itself says.
fn worse(scripted: ErrorCode, own: ErrorCode) -> ErrorCode {
    if scripted.is_error() { scripted } else { own }
}

fn join(
    group: &mut Group,
    request: &JoinGroupRequest<'_>,
    code: ErrorCode,
) -> JoinGroupResponse<'static> {
    let mut body = JoinGroupResponse {
        error_code: code,
        member_id: request.member_id.to_string().into(),
        protocol_name: Some("range".into()),
        ..Default::default()
    };
    if code.is_error() {
        return body;
    }
    if request.member_id.is_empty() {
        group.named += 1;
        body.error_code = ErrorCode::MEMBER_ID_REQUIRED;
        body.member_id = format!("member-{}", group.named).into();
        return body;
    }
    group.member = Some(request.member_id.to_string());
    group.generation += 1;
    body.generation_id = group.generation;
    body.leader = body.member_id.clone();
    body.members = vec![JoinGroupResponseMember {
        member_id: body.member_id.clone(),
        metadata: request.protocols[0].metadata.to_vec().into(),
        ..Default::default()
    }];
    body
}

fn store(
    group: &mut Group,
    request: &commit::OffsetCommitRequest<'_>,
    code: ErrorCode,
) -> commit::OffsetCommitResponse<'static> {
    let generation = request.generation_id_or_member_epoch;
    let code = worse(code, group.judge(&request.member_id, generation));
    let mut partitions = Vec::new();
    for partition in request.topics.iter().flat_map(|topic| &topic.partitions) {
        if !code.is_error() {
            group
                .committed
                .insert(partition.partition_index, partition.committed_offset);
        }
        partitions.push(commit::OffsetCommitResponsePartition {
            partition_index: partition.partition_index,
            error_code: code,
        });
    }
    let topic = commit::OffsetCommitResponseTopic {
        name: TOPIC.into(),
        partitions,
        ..Default::default()
    };
    commit::OffsetCommitResponse {
        topics: vec![topic],
        ..Default::default()
    }
}

fn fetched(
    group: &Group,
    request: &fetch::OffsetFetchRequest<'_>,
    code: ErrorCode,
    version: i16,
) -> fetch::OffsetFetchResponse<'static> {
    let mut body = fetch::OffsetFetchResponse::default();
    if version < 8 {
        assert_eq!((&*request.group_id, &request.topics), (GROUP, &None));
        let partition =
            |(&partition_index, &committed_offset)| fetch::OffsetFetchResponsePartition {
                partition_index,
                committed_offset,
                ..Default::default()
            };
        body.error_code = code;
        body.topics = vec![fetch::OffsetFetchResponseTopic {
            name: TOPIC.into(),
            partitions: group.committed.iter().map(partition).collect(),
        }];
        return body;
    }
    let asked = &request.groups[0];
    assert_eq!((&*asked.group_id, &asked.topics), (GROUP, &None));
    let partition = |(&partition_index, &committed_offset)| fetch::OffsetFetchResponsePartitions {
        partition_index,
        committed_offset,
        ..Default::default()
    };
    body.groups = vec![fetch::OffsetFetchResponseGroup {
        group_id: GROUP.into(),
        error_code: code,
        topics: vec![fetch::OffsetFetchResponseTopics {
            name: TOPIC.into(),
            partitions: group.committed.iter().map(partition).collect(),
            ..Default::default()
        }],
    }];
    body
}

fn heartbeat(
    group: &mut Group,
    request: &modern::ConsumerGroupHeartbeatRequest<'_>,
    code: ErrorCode,
) -> modern::ConsumerGroupHeartbeatResponse<'static> {
    let mut body = modern::ConsumerGroupHeartbeatResponse {
        error_code: code,
        member_id: Some(request.member_id.to_string().into()),
        heartbeat_interval_ms: 10,
        ..Default::default()
    };
    if code.is_error() {
        return body;
    }
    match request.member_epoch {
        -1 => group.member = None,
        0 => {
            assert!(!request.member_id.is_empty() && request.topic_partitions == Some(vec![]));
            group.member = Some(request.member_id.to_string());
            group.generation += 1;
        }
        epoch => body.error_code = group.judge(&request.member_id, epoch),
    }
    if !group.offers.is_empty() && request.member_epoch >= 0 {
        let partitions = group.offers.remove(0);
        body.assignment = Some(modern::Assignment {
            topic_partitions: vec![modern::TopicPartitions {
                topic_id: super::broker::ID,
                partitions,
            }],
        });
    }
    body.member_epoch = group.generation;
    body
}
