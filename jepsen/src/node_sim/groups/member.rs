//! A member of the group, by the classic protocol or that of KIP-848: how it joins, what it is given, how it stays.

use std::collections::BTreeSet;

use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::ids::Uuid;
use ottla_protocol::messages::consumer_group_heartbeat::{
    ConsumerGroupHeartbeatRequest, TopicPartitions,
};
use ottla_protocol::messages::heartbeat::HeartbeatRequest;
use ottla_protocol::messages::join_group::{JoinGroupRequest, JoinGroupRequestProtocol};
use ottla_protocol::messages::leave_group::{LeaveGroupRequest, MemberIdentity};
use ottla_protocol::messages::sync_group::{SyncGroupRequest, SyncGroupRequestAssignment};
use ottla_runtime::time;

use super::{GROUP, INPUT, SESSION_MS, is_fencing, is_passing};
use crate::node_sim::client::{Broken, Client};
use crate::node_sim::wire::Wire;

const PROTOCOL: &str = "range";
const CONSUMER: &str = "consumer";

/// A member.
#[derive(Debug, Default)]
pub struct Member {
    /// Does it speak the protocol of KIP-848?
    modern: bool,
    /// Its id, "" before it has one.
    pub id: String,
    /// Generation or epoch.
    pub epoch: i32,
    /// What it has.
    pub owned: BTreeSet<i32>,
    topic: Uuid,
    /// It has to say what it has.
    news: bool,
    joined: bool,
}

impl Member {
    /// Not joined yet.
    pub fn new(modern: bool, client: &mut Client) -> Self {
        let id = match modern {
            true => format!("{:016x}", client.rng.u64()),
            false => String::new(),
        };
        Self {
            modern,
            id,
            ..Self::default()
        }
    }

    /// Joins if it has to, or says that it is alive. What it has may be another then.
    pub async fn beat(
        &mut self,
        client: &Client,
        wire: &mut Wire,
        partitions: i32,
    ) -> Result<(), Broken> {
        let asked = time::now();
        match (self.modern, self.joined) {
            (true, _) => self.consumer_beat(client, wire).await?,
            (false, false) => self.join(client, wire, partitions).await?,
            (false, true) => self.classic_beat(client, wire).await?,
        }
        let owned: Vec<i32> = self.owned.iter().copied().collect();
        let mut ledger = client.shared.ledger.borrow_mut();
        if self.modern {
            let roster = &mut ledger.roster;
            roster.holds(&owned, &self.id, asked, time::now())?;
        }
        Ok(ledger.roster.owns(self.epoch, &owned, &self.id)?)
    }

    async fn classic_beat(&mut self, client: &Client, wire: &mut Wire) -> Result<(), Broken> {
        let request = HeartbeatRequest {
            group_id: GROUP.into(),
            generation_id: self.epoch,
            member_id: self.id.as_str().into(),
            group_instance_id: None,
        };
        match wire.call(&request, 4, |r| r.error_code).await? {
            ErrorCode::NONE => {}
            code if is_passing(code) || is_fencing(code) => self.fenced(client, "Heartbeat", code),
            code => return Err(client.refused_by_coordinator("Heartbeat", code)),
        }
        Ok(())
    }

    /// It has nothing any more, and has to join again: as who it is, if that is still known.
    pub fn fenced(&mut self, client: &Client, what: &str, code: ErrorCode) {
        client.tell(|| format!("{what}: {}, joins again", code.name()));
        client.shared.ledger.borrow_mut().roster.gone(&self.id);
        self.joined = false;
        self.owned.clear();
        if self.modern {
            self.epoch = 0;
        } else if code == ErrorCode::UNKNOWN_MEMBER_ID {
            self.id.clear();
        }
    }

    async fn join(
        &mut self,
        client: &Client,
        wire: &mut Wire,
        partitions: i32,
    ) -> Result<(), Broken> {
        self.owned.clear();
        let request = JoinGroupRequest {
            group_id: GROUP.into(),
            session_timeout_ms: SESSION_MS,
            rebalance_timeout_ms: SESSION_MS,
            member_id: self.id.clone().into(),
            protocol_type: CONSUMER.into(),
            protocols: vec![JoinGroupRequestProtocol {
                name: PROTOCOL.into(),
                metadata: subscription().into(),
            }],
            ..Default::default()
        };
        let answer = wire.call(&request, 9, |r| {
            let members = r.members.iter().map(|m| m.member_id.to_string());
            let members: BTreeSet<String> = members.collect();
            let (code, generation) = (r.error_code, r.generation_id);
            (
                code,
                generation,
                r.member_id.to_string(),
                r.leader.to_string(),
                members,
            )
        });
        let (code, generation, id, leader, members) = answer.await?;
        match code {
            ErrorCode::NONE => {}
            ErrorCode::MEMBER_ID_REQUIRED => {
                self.id = id;
                return Ok(());
            }
            code if is_passing(code) || is_fencing(code) => {
                self.fenced(client, "JoinGroup", code);
                return Ok(());
            }
            code => return Err(client.refused_by_coordinator("JoinGroup", code)),
        }
        (self.id, self.epoch) = (id, generation);
        let leads = leader == self.id;
        client.tell(|| format!("joined as {} in {generation}, leads: {leads}", self.id));
        self.sync(
            client,
            wire,
            if leads { members } else { BTreeSet::new() },
            partitions,
        )
        .await
    }

    /// Gives the others their parts, if it leads, and gets its own.
    async fn sync(
        &mut self,
        client: &Client,
        wire: &mut Wire,
        members: BTreeSet<String>,
        partitions: i32,
    ) -> Result<(), Broken> {
        let many = members.len() as i32;
        let part = |(nth, member): (i32, &String)| SyncGroupRequestAssignment {
            member_id: member.clone().into(),
            assignment: assignment((0..partitions).filter(|p| p % many == nth)).into(),
        };
        let request = SyncGroupRequest {
            group_id: GROUP.into(),
            generation_id: self.epoch,
            member_id: self.id.clone().into(),
            protocol_type: Some(CONSUMER.into()),
            protocol_name: Some(PROTOCOL.into()),
            assignments: (0..).zip(&members).map(part).collect(),
            ..Default::default()
        };
        let answer = wire.call(&request, 5, |r| (r.error_code, r.assignment.to_vec()));
        let (code, assigned) = answer.await?;
        match code {
            ErrorCode::NONE => {}
            code if is_passing(code) || is_fencing(code) => {
                self.fenced(client, "SyncGroup", code);
                return Ok(());
            }
            code => return Err(client.refused_by_coordinator("SyncGroup", code)),
        }
        self.joined = true;
        self.owned = assigned_to(&assigned)
            .ok_or_else(|| format!("an assignment that nobody made: {assigned:?}"))?;
        client.tell(|| format!("has {:?} in {}", self.owned, self.epoch));
        Ok(())
    }

    async fn consumer_beat(&mut self, client: &Client, wire: &mut Wire) -> Result<(), Broken> {
        let owned = TopicPartitions {
            topic_id: self.topic,
            partitions: self.owned.iter().copied().collect(),
        };
        let owned = match (self.joined, self.owned.is_empty()) {
            (false, _) | (true, true) => Vec::new(),
            (true, false) => vec![owned],
        };
        let request = ConsumerGroupHeartbeatRequest {
            group_id: GROUP.into(),
            member_id: self.id.clone().into(),
            member_epoch: self.epoch,
            rebalance_timeout_ms: if self.joined { -1 } else { SESSION_MS },
            subscribed_topic_names: (!self.joined).then(|| vec![INPUT.into()]),
            topic_partitions: (self.news || !self.joined).then_some(owned),
            ..Default::default()
        };
        let answer = wire.call(&request, 1, |r| {
            let assigned = r.assignment.map(|a| a.topic_partitions);
            (r.error_code, r.member_epoch, assigned)
        });
        let (code, epoch, assigned) = answer.await?;
        if is_fencing(code) {
            self.fenced(client, "ConsumerGroupHeartbeat", code);
            return Ok(());
        }
        if code.is_error() {
            return Err(client.refused_by_coordinator("ConsumerGroupHeartbeat", code));
        }
        (self.joined, self.news) = (true, false);
        if let Some(assigned) = assigned {
            let topics = assigned.iter();
            self.topic = topics.map(|t| t.topic_id).next().unwrap_or(self.topic);
            let all = assigned.into_iter().flat_map(|t| t.partitions);
            self.owned = all.collect();
            self.news = true;
        }
        if epoch != self.epoch {
            client.tell(|| format!("{} has {:?} in {epoch}", self.id, self.owned));
        }
        self.epoch = epoch;
        Ok(())
    }

    /// Leaves the group; whether it did does not matter.
    pub async fn leave(&self, client: &Client, wire: &mut Wire) -> Result<(), Broken> {
        client.shared.ledger.borrow_mut().roster.gone(&self.id);
        if self.modern {
            let request = ConsumerGroupHeartbeatRequest {
                group_id: GROUP.into(),
                member_id: self.id.clone().into(),
                member_epoch: -1,
                rebalance_timeout_ms: -1,
                ..Default::default()
            };
            return Ok(wire.call(&request, 1, |_| ()).await?);
        }
        let request = LeaveGroupRequest {
            group_id: GROUP.into(),
            members: vec![MemberIdentity {
                member_id: self.id.clone().into(),
                ..Default::default()
            }],
            ..Default::default()
        };
        Ok(wire.call(&request, 5, |_| ()).await?)
    }
}

/// What a member wants, as consumers say it: version, topics, no user data.
fn subscription() -> Vec<u8> {
    let mut out = vec![0, 0];
    out.extend(1i32.to_be_bytes());
    out.extend((INPUT.len() as i16).to_be_bytes());
    out.extend(INPUT.as_bytes());
    out.extend((-1i32).to_be_bytes());
    out
}

/// What a member is given, in the same way.
fn assignment(partitions: impl Iterator<Item = i32>) -> Vec<u8> {
    let partitions: Vec<i32> = partitions.collect();
    let mut out = vec![0, 0];
    out.extend(1i32.to_be_bytes());
    out.extend((INPUT.len() as i16).to_be_bytes());
    out.extend(INPUT.as_bytes());
    out.extend((partitions.len() as i32).to_be_bytes());
    out.extend(partitions.iter().flat_map(|p| p.to_be_bytes()));
    out.extend((-1i32).to_be_bytes());
    out
}

/// The partitions of an assignment. Of a coordinator that speaks for members of both kinds it may have no topic.
fn assigned_to(bytes: &[u8]) -> Option<BTreeSet<i32>> {
    let number = |at: usize| {
        let bytes = bytes.get(at..at + 4)?;
        Some(i32::from_be_bytes(bytes.try_into().ok()?))
    };
    if bytes.is_empty() || number(2)? == 0 {
        return Some(BTreeSet::new());
    }
    let at = 2 + 4 + 2 + INPUT.len();
    let many = usize::try_from(number(at)?).ok()?;
    (0..many).map(|n| number(at + 4 + 4 * n)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn assignments_come_back() {
        let found = assigned_to(&assignment([3, 1].into_iter()));
        assert_eq!(found, Some(BTreeSet::from([1, 3])));
        assert_eq!(
            assigned_to(&assignment(std::iter::empty())),
            Some(BTreeSet::new())
        );
        assert_eq!(assigned_to(&[]), Some(BTreeSet::new()));
        assert_eq!(assigned_to(&[0, 0, 0, 0, 0, 1, 9]), None);
    }
}
