//! What a group is and who is in it: asked in the way of each type of group, until one fits.

use ottla_protocol::api::Request;
use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::messages::{
    consumer_group_describe as consumer, describe_groups as classic, share_group_describe as share,
    streams_group_describe as streams,
};

use super::super::Client;
use super::super::admin::{accepted, silent};
use super::super::coordinator::Terms;
use super::super::error::ClientError;
use super::embedded::{self, Partitions};
use super::{GroupType, charge};

/// A group that exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupView {
    /// Its id.
    pub name: String,
    /// The protocol of its members.
    pub kind: GroupType,
    /// As `Stable`, `Empty`, `PreparingRebalance`, `Reconciling`.
    pub state: String,
    /// What the members of a classic group are to each other, as `consumer` or `connect`; empty when it only holds offsets.
    pub protocol_type: String,
    /// The node that coordinates it.
    pub coordinator: i32,
    /// How partitions are assigned; empty where there is nothing to assign.
    pub assignor: String,
    /// The group's epoch; None for a classic group.
    pub epoch: Option<i32>,
    /// The epoch of the assignment; the members are on their way to it.
    pub assignment_epoch: Option<i32>,
    /// By id.
    pub members: Vec<MemberView>,
}

/// A member of a group.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MemberView {
    /// Its id.
    pub id: String,
    /// Its own name, when it is a static member.
    pub instance: Option<String>,
    /// Where it runs, when it says so.
    pub rack: Option<String>,
    /// The name of its client.
    pub client_id: String,
    /// Where it connects from.
    pub host: String,
    /// None in a classic group.
    pub epoch: Option<i32>,
    /// What it has: partitions by topic, or in a Streams group tasks by subtopology.
    pub assigned: Partitions,
    /// What it shall have; None where the broker does not decide.
    pub target: Option<Partitions>,
    /// The tasks whose state it keeps a copy of; None but in a Streams group.
    pub standby: Option<Partitions>,
}

impl GroupView {
    /// True when nobody is in it, so that its offsets can be changed.
    pub fn is_empty(&self) -> bool {
        matches!(self.state.as_str(), "Empty" | "Dead")
    }
}

const ALL: [GroupType; 4] = [
    GroupType::Consumer,
    GroupType::Classic,
    GroupType::Share,
    GroupType::Streams,
];

impl Client {
    /// What the group's coordinator knows about it.
    ///
    /// # Errors
    /// GROUP_ID_NOT_FOUND when no type of group fits.
    pub async fn describe_group(&mut self, name: &str) -> Result<GroupView, ClientError> {
        let mut missing = None;
        for kind in ALL {
            let said = match kind {
                GroupType::Consumer => self.describe_consumer(name).await,
                GroupType::Classic => self.describe_classic(name).await,
                GroupType::Share => self.describe_share(name).await,
                GroupType::Streams => self.describe_streams(name).await,
            };
            match said {
                Ok(group) => return Ok(group),
                Err(error) if is_of_another_type(&error) => {
                    if error.code() == Some(ErrorCode::GROUP_ID_NOT_FOUND) {
                        missing.get_or_insert(error);
                    }
                }
                Err(error) => return Err(error),
            }
        }
        Err(missing.unwrap_or_else(|| not_found(name)))
    }

    async fn describe_consumer(&mut self, name: &str) -> Result<GroupView, ClientError> {
        let request = consumer::ConsumerGroupDescribeRequest {
            group_ids: vec![name.to_owned().into()],
            ..Default::default()
        };
        self.describe_assigned(name, GroupType::Consumer, &request, |body| {
            let group = body.groups.first()?;
            let partitions = |assignment: &consumer::Assignment<'_>| {
                let each = assignment.topic_partitions.iter();
                each.map(|it| (it.topic_name.to_string(), sorted(&it.partitions)))
                    .collect()
            };
            let member = |it: &consumer::Member<'_>| MemberView {
                id: it.member_id.to_string(),
                instance: it.instance_id.as_deref().map(str::to_owned),
                rack: it.rack_id.as_deref().map(str::to_owned),
                client_id: it.client_id.to_string(),
                host: it.client_host.to_string(),
                epoch: Some(it.member_epoch),
                assigned: partitions(&it.assignment),
                target: Some(partitions(&it.target_assignment)),
                ..MemberView::default()
            };
            Some(Assigned {
                code: group.error_code,
                message: group.error_message.as_deref().map(str::to_owned),
                state: group.group_state.to_string(),
                assignor: group.assignor_name.to_string(),
                epochs: (group.group_epoch, group.assignment_epoch),
                members: group.members.iter().map(member).collect(),
            })
        })
        .await
    }

    async fn describe_classic(&mut self, name: &str) -> Result<GroupView, ClientError> {
        let charge = charge(name);
        let node = self.coordinator(&charge).await?;
        let make = |_| classic::DescribeGroupsRequest {
            groups: vec![name.to_owned().into()],
            ..Default::default()
        };
        self.ask_coordinator(&charge, Terms::default(), make, |answer| {
            let body = answer.body()?;
            let group = body
                .groups
                .first()
                .ok_or_else(|| silent("DescribeGroups"))?;
            accepted(what(name), group.error_code, group.error_message.as_deref())?;
            // Before version 6 a group that does not exist is said to be dead.
            if group.group_state == "Dead" {
                return Err(not_found(name));
            }
            let consumers = matches!(&*group.protocol_type, "consumer" | "");
            let member = |it: &classic::DescribedGroupMember<'_>| MemberView {
                id: it.member_id.to_string(),
                instance: it.group_instance_id.as_deref().map(str::to_owned),
                client_id: it.client_id.to_string(),
                host: it.client_host.to_string(),
                // Only consumers' bytes are known; what they make no sense of is none of ours to judge.
                assigned: match embedded::decode_assignment(&it.member_assignment) {
                    Ok(partitions) if consumers => partitions,
                    _ => Partitions::new(),
                },
                ..MemberView::default()
            };
            Ok(GroupView {
                name: name.to_owned(),
                kind: GroupType::Classic,
                state: group.group_state.to_string(),
                protocol_type: group.protocol_type.to_string(),
                coordinator: node,
                assignor: group.protocol_data.to_string(),
                epoch: None,
                assignment_epoch: None,
                members: by_id(group.members.iter().map(member)),
            })
        })
        .await
    }

    async fn describe_share(&mut self, name: &str) -> Result<GroupView, ClientError> {
        let request = share::ShareGroupDescribeRequest {
            group_ids: vec![name.to_owned().into()],
            ..Default::default()
        };
        self.describe_assigned(name, GroupType::Share, &request, |body| {
            let group = body.groups.first()?;
            let member = |it: &share::Member<'_>| {
                let assigned = it.assignment.topic_partitions.iter();
                MemberView {
                    id: it.member_id.to_string(),
                    rack: it.rack_id.as_deref().map(str::to_owned),
                    client_id: it.client_id.to_string(),
                    host: it.client_host.to_string(),
                    epoch: Some(it.member_epoch),
                    assigned: assigned
                        .map(|it| (it.topic_name.to_string(), sorted(&it.partitions)))
                        .collect(),
                    ..MemberView::default()
                }
            };
            Some(Assigned {
                code: group.error_code,
                message: group.error_message.as_deref().map(str::to_owned),
                state: group.group_state.to_string(),
                assignor: group.assignor_name.to_string(),
                epochs: (group.group_epoch, group.assignment_epoch),
                members: group.members.iter().map(member).collect(),
            })
        })
        .await
    }

    async fn describe_streams(&mut self, name: &str) -> Result<GroupView, ClientError> {
        let request = streams::StreamsGroupDescribeRequest {
            group_ids: vec![name.to_owned().into()],
            ..Default::default()
        };
        self.describe_assigned(name, GroupType::Streams, &request, |body| {
            let group = body.groups.first()?;
            let tasks = |tasks: &[streams::TaskIds<'_>]| {
                let each = tasks.iter();
                each.map(|it| (it.subtopology_id.to_string(), sorted(&it.partitions)))
                    .collect()
            };
            let member = |it: &streams::Member<'_>| MemberView {
                id: it.member_id.to_string(),
                instance: it.instance_id.as_deref().map(str::to_owned),
                rack: it.rack_id.as_deref().map(str::to_owned),
                client_id: it.client_id.to_string(),
                host: it.client_host.to_string(),
                epoch: Some(it.member_epoch),
                assigned: tasks(&it.assignment.active_tasks),
                target: Some(tasks(&it.target_assignment.active_tasks)),
                standby: Some(tasks(&it.assignment.standby_tasks)),
            };
            Some(Assigned {
                code: group.error_code,
                message: group.error_message.as_deref().map(str::to_owned),
                state: group.group_state.to_string(),
                assignor: String::new(),
                epochs: (group.group_epoch, group.assignment_epoch),
                members: group.members.iter().map(member).collect(),
            })
        })
        .await
    }

    /// A group whose coordinator assigns: they are asked about in one way, each type in a message of its own.
    async fn describe_assigned<Q: Request + Clone>(
        &mut self,
        name: &str,
        kind: GroupType,
        request: &Q,
        read: impl Fn(&Q::Response<'_>) -> Option<Assigned>,
    ) -> Result<GroupView, ClientError> {
        let charge = charge(name);
        let node = self.coordinator(&charge).await?;
        let make = |_| request.clone();
        self.ask_coordinator(&charge, Terms::default(), make, |answer| {
            let body = answer.body()?;
            let group = read(&body).ok_or_else(|| silent(Q::KEY.name()))?;
            accepted(what(name), group.code, group.message.as_deref())?;
            Ok(GroupView {
                name: name.to_owned(),
                kind,
                state: group.state,
                protocol_type: kind.name().to_owned(),
                coordinator: node,
                assignor: group.assignor,
                epoch: Some(group.epochs.0),
                assignment_epoch: Some(group.epochs.1),
                members: by_id(group.members.into_iter()),
            })
        })
        .await
    }
}

/// What is said of a group whose coordinator assigns.
struct Assigned {
    code: ErrorCode,
    message: Option<String>,
    state: String,
    assignor: String,
    /// Of the group, and of its assignment.
    epochs: (i32, i32),
    members: Vec<MemberView>,
}

/// Not this type of group; or the broker has no such type at all.
fn is_of_another_type(error: &ClientError) -> bool {
    let code = error.code();
    matches!(error, ClientError::Unsupported { .. })
        || code == Some(ErrorCode::GROUP_ID_NOT_FOUND)
        || code == Some(ErrorCode::UNSUPPORTED_VERSION)
}

fn what(name: &str) -> String {
    format!("group {name:?}")
}

fn not_found(name: &str) -> ClientError {
    ClientError::refused(what(name), ErrorCode::GROUP_ID_NOT_FOUND, None)
}

fn sorted(partitions: &[i32]) -> Vec<i32> {
    let mut partitions = partitions.to_vec();
    partitions.sort_unstable();
    partitions
}

fn by_id(members: impl Iterator<Item = MemberView>) -> Vec<MemberView> {
    let mut members: Vec<MemberView> = members.collect();
    members.sort_by(|a, b| a.id.cmp(&b.id));
    members
}
