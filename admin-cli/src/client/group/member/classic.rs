//! The classic protocol: the group's leader, itself a member, assigns the partitions.

use std::collections::{BTreeMap, BTreeSet};

use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::messages::heartbeat::HeartbeatRequest;
use ottla_protocol::messages::join_group::{
    JoinGroupRequest, JoinGroupRequestProtocol, JoinGroupResponse,
};
use ottla_protocol::messages::leave_group::{LeaveGroupRequest, MemberIdentity};
use ottla_protocol::messages::sync_group::{SyncGroupRequest, SyncGroupRequestAssignment};

use super::{Beat, Member, PATIENCE, REBALANCE, SESSION, millis, pause};
use crate::client::admin::accepted;
use crate::client::coordinator::Terms;
use crate::client::error::ClientError;
use crate::client::group::assignor::{self, Subscriber};
use crate::client::group::embedded;

/// What consumers are to each other.
const PROTOCOL_TYPE: &str = "consumer";

/// A member's part in a new generation.
struct Joined {
    member: String,
    generation: i32,
    /// Everybody, when this member is to assign the partitions.
    subscribers: Option<Vec<Subscriber>>,
}

/// What an attempt to get into a generation came to.
enum Attempt<T> {
    Done(T),
    /// The group moved on: from the start.
    Again,
}

fn held() -> Terms {
    Terms {
        hold: PATIENCE,
        ..Terms::default()
    }
}

impl Member {
    /// JoinGroup and SyncGroup, as often as the group moves on in between.
    pub(super) async fn join_classic(&mut self) -> Result<Vec<i32>, ClientError> {
        loop {
            let joined = match self.join_group().await? {
                Attempt::Done(joined) => joined,
                Attempt::Again => continue,
            };
            self.identity.member = joined.member;
            self.identity.generation = joined.generation;
            let assignments = match &joined.subscribers {
                Some(subscribers) => self.assign(subscribers).await?,
                None => BTreeMap::new(),
            };
            match self.sync_group(assignments).await? {
                Attempt::Done(partitions) => return Ok(partitions),
                Attempt::Again => pause().await,
            }
        }
    }

    async fn join_group(&mut self) -> Result<Attempt<Joined>, ClientError> {
        let subscription = embedded::encode_subscription(&[&self.topic]).map_err(unwritable)?;
        let make = |_| JoinGroupRequest {
            group_id: self.group.clone().into(),
            session_timeout_ms: millis(SESSION),
            rebalance_timeout_ms: millis(REBALANCE),
            member_id: self.identity.member.clone().into(),
            protocol_type: PROTOCOL_TYPE.into(),
            protocols: vec![JoinGroupRequestProtocol {
                name: assignor::RANGE.into(),
                metadata: subscription.clone().into(),
            }],
            ..Default::default()
        };
        let what = format!("joining {}", self.charge);
        let mut named = None;
        let said = self
            .client
            .ask_coordinator(&self.charge, held(), make, |answer| {
                let body = answer.body()?;
                if body.error_code == ErrorCode::MEMBER_ID_REQUIRED {
                    named = Some(body.member_id.to_string());
                }
                accepted(what.clone(), body.error_code, None)?;
                joined(&body)
            });
        match said.await {
            Ok(joined) => Ok(Attempt::Done(joined)),
            Err(error) => match error.code() {
                // The broker wants to see that we know our id before it lets us in (KIP-394).
                Some(ErrorCode::MEMBER_ID_REQUIRED) => {
                    self.identity.member = named.unwrap_or_default();
                    Ok(Attempt::Again)
                }
                Some(ErrorCode::UNKNOWN_MEMBER_ID) if !self.identity.member.is_empty() => {
                    self.forget(true);
                    pause().await;
                    Ok(Attempt::Again)
                }
                Some(ErrorCode::REBALANCE_IN_PROGRESS) => {
                    pause().await;
                    Ok(Attempt::Again)
                }
                _ => Err(error),
            },
        }
    }

    /// The leader's work: what each member gets, as the bytes that the broker passes on.
    async fn assign(
        &mut self,
        subscribers: &[Subscriber],
    ) -> Result<BTreeMap<String, Vec<u8>>, ClientError> {
        let topics = subscribers.iter().flat_map(|it| &it.topics);
        let topics: BTreeSet<&str> = topics.map(String::as_str).collect();
        let topics: Vec<&str> = topics.into_iter().collect();
        let cluster = self.client.metadata(Some(&topics), false).await?;
        let counts = cluster.topics.into_values();
        let counts = counts.map(|it| {
            (
                it.name,
                i32::try_from(it.partitions.len()).unwrap_or(i32::MAX),
            )
        });
        assignor::range(subscribers, &counts.collect())
            .into_iter()
            .map(|(member, partitions)| {
                let bytes = embedded::encode_assignment(&partitions).map_err(unwritable)?;
                Ok((member, bytes))
            })
            .collect()
    }

    async fn sync_group(
        &mut self,
        assignments: BTreeMap<String, Vec<u8>>,
    ) -> Result<Attempt<Vec<i32>>, ClientError> {
        let assignment = |(member, bytes): (&String, &Vec<u8>)| SyncGroupRequestAssignment {
            member_id: member.clone().into(),
            assignment: bytes.clone().into(),
        };
        let make = |_| SyncGroupRequest {
            group_id: self.group.clone().into(),
            generation_id: self.identity.generation,
            member_id: self.identity.member.clone().into(),
            protocol_type: Some(PROTOCOL_TYPE.into()),
            protocol_name: Some(assignor::RANGE.into()),
            assignments: assignments.iter().map(assignment).collect(),
            ..Default::default()
        };
        let what = format!("getting the assignment of {}", self.charge);
        let said = self
            .client
            .ask_coordinator(&self.charge, held(), make, |answer| {
                let body = answer.body()?;
                accepted(what.clone(), body.error_code, None)?;
                embedded::decode_assignment(&body.assignment).map_err(|why| nonsense(&what, &why))
            });
        let said = said.await;
        match said {
            Ok(mut partitions) => Ok(Attempt::Done(
                partitions.remove(&self.topic).unwrap_or_default(),
            )),
            Err(error) => self.judge(Err(error)).map(|_| Attempt::Again),
        }
    }

    pub(super) async fn beat_classic(&mut self) -> Result<Beat, ClientError> {
        let make = |_| HeartbeatRequest {
            group_id: self.group.clone().into(),
            generation_id: self.identity.generation,
            member_id: self.identity.member.clone().into(),
            ..Default::default()
        };
        let what = format!("a heartbeat to {}", self.charge);
        let said = self
            .client
            .ask_coordinator(&self.charge, Terms::default(), make, |answer| {
                accepted(what.clone(), answer.body()?.error_code, None)
            });
        said.await.map(|()| Beat::Steady)
    }

    pub(super) async fn leave_classic(&mut self) -> Result<(), ClientError> {
        let make = |version| {
            let mut request = LeaveGroupRequest {
                group_id: self.group.clone().into(),
                ..Default::default()
            };
            // Version 3 lets several members leave at once.
            if version >= 3 {
                request.members = vec![MemberIdentity {
                    member_id: self.identity.member.clone().into(),
                    ..Default::default()
                }];
            } else {
                request.member_id = self.identity.member.clone().into();
            }
            request
        };
        let what = format!("leaving {}", self.charge);
        let said = self
            .client
            .ask_coordinator(&self.charge, Terms::default(), make, |answer| {
                let body = answer.body()?;
                accepted(what.clone(), body.error_code, None)?;
                let gone = |code| matches!(code, ErrorCode::NONE | ErrorCode::UNKNOWN_MEMBER_ID);
                let refused = body.members.iter().find(|member| !gone(member.error_code));
                refused.map_or(Ok(()), |member| {
                    accepted(what.clone(), member.error_code, None)
                })
            });
        said.await
    }
}

fn joined(body: &JoinGroupResponse<'_>) -> Result<Joined, ClientError> {
    let subscriber =
        |member: &ottla_protocol::messages::join_group::JoinGroupResponseMember<'_>| {
            let what = format!("the subscription of member {:?}", member.member_id);
            Ok(Subscriber {
                member: member.member_id.to_string(),
                instance: member.group_instance_id.as_deref().map(str::to_owned),
                topics: embedded::decode_subscription(&member.metadata)
                    .map_err(|why| nonsense(&what, &why))?,
            })
        };
    let leads = body.leader == body.member_id;
    let subscribers = leads.then(|| {
        body.members
            .iter()
            .map(subscriber)
            .collect::<Result<Vec<_>, _>>()
    });
    Ok(Joined {
        member: body.member_id.to_string(),
        generation: body.generation_id,
        subscribers: subscribers.transpose()?,
    })
}

fn unwritable(why: ottla_protocol::wire::EncodeError) -> ClientError {
    ClientError::Unwritable {
        asked: "JoinGroup",
        why,
    }
}

/// Another member's bytes cannot be read.
fn nonsense(what: &str, why: &ottla_protocol::wire::DecodeError) -> ClientError {
    let code = ErrorCode::INCONSISTENT_GROUP_PROTOCOL;
    ClientError::refused(what, code, Some(&why.to_string()))
}
