//! The protocol of KIP-848: one request for joining, heartbeats and leaving; the broker assigns the partitions.

use ottla_protocol::ids::Uuid;
use ottla_protocol::messages::consumer_group_heartbeat::{
    ConsumerGroupHeartbeatRequest, ConsumerGroupHeartbeatResponse, TopicPartitions,
};
use ottla_runtime::rand;

use super::{Beat, Member, REBALANCE, millis, pause};
use crate::client::admin::accepted;
use crate::client::coordinator::Terms;
use crate::client::error::ClientError;

/// The epochs that a member sends to join and to leave.
const JOIN: i32 = 0;
const LEAVE: i32 = -1;

/// What a heartbeat brought.
struct Said {
    member: Option<String>,
    epoch: i32,
    interval_ms: i32,
    /// The topic's partitions, when the assignment has changed.
    assigned: Option<Vec<i32>>,
}

impl Member {
    /// Takes over what was offered, or joins; tells the broker what it has now, as often as it offers something else.
    pub(super) async fn join_broker_assigned(&mut self) -> Result<Vec<i32>, ClientError> {
        loop {
            if self.identity.generation <= 0 {
                if self.identity.member.is_empty() {
                    let mut bytes = [0; 16];
                    rand::fill(&mut bytes);
                    self.identity.member = Uuid::random(bytes).to_string();
                }
                self.identity.generation = JOIN;
                self.owned.clear();
                self.offered = None;
            }
            if let Some(offered) = self.offered.take() {
                self.owned = offered;
            }
            let said = self.heartbeat(self.identity.generation, true).await;
            let beat = said.map(|said| self.take(said));
            match self.judge(beat)? {
                Beat::Steady => return Ok(self.owned.clone()),
                Beat::Rebalance => {}
                // Fenced: the next round joins anew.
                Beat::Lost => pause().await,
            }
        }
    }

    pub(super) async fn beat_broker_assigned(&mut self) -> Result<Beat, ClientError> {
        let said = self.heartbeat(self.identity.generation, false).await?;
        Ok(self.take(said))
    }

    pub(super) async fn leave_broker_assigned(&mut self) -> Result<(), ClientError> {
        self.heartbeat(LEAVE, false).await.map(|_| ())
    }

    /// Notes what the broker said; an assignment other than the present one is an offer.
    fn take(&mut self, said: Said) -> Beat {
        self.identity.generation = said.epoch;
        if let Some(member) = said.member {
            self.identity.member = member;
        }
        if let Ok(interval) = u64::try_from(said.interval_ms)
            && interval > 0
        {
            self.interval = std::time::Duration::from_millis(interval);
        }
        match said.assigned {
            Some(assigned) if assigned != self.owned => {
                self.offered = Some(assigned);
                Beat::Rebalance
            }
            _ => Beat::Steady,
        }
    }

    /// `in_full` says everything, what the member has included; else only that it lives.
    async fn heartbeat(&mut self, epoch: i32, in_full: bool) -> Result<Said, ClientError> {
        let owned = || {
            let has = TopicPartitions {
                topic_id: self.topic_id,
                partitions: self.owned.clone(),
            };
            vec![has].into_iter().filter(|it| !it.partitions.is_empty())
        };
        let make = |_| {
            let mut request = ConsumerGroupHeartbeatRequest {
                group_id: self.group.clone().into(),
                member_id: self.identity.member.clone().into(),
                member_epoch: epoch,
                ..Default::default()
            };
            if in_full {
                request.rebalance_timeout_ms = millis(REBALANCE);
                request.subscribed_topic_names = Some(vec![self.topic.clone().into()]);
                request.topic_partitions = Some(owned().collect());
            }
            request
        };
        let what = match epoch {
            JOIN => format!("joining {}", self.charge),
            LEAVE => format!("leaving {}", self.charge),
            _ => format!("a heartbeat to {}", self.charge),
        };
        let topic = self.topic_id;
        let said = self
            .client
            .ask_coordinator(&self.charge, Terms::default(), make, |answer| {
                let body = answer.body()?;
                accepted(what.clone(), body.error_code, body.error_message.as_deref())?;
                Ok(said(&body, topic))
            });
        said.await
    }
}

fn said(body: &ConsumerGroupHeartbeatResponse<'_>, topic: Uuid) -> Said {
    let assigned = body.assignment.as_ref().map(|assignment| {
        let own = assignment
            .topic_partitions
            .iter()
            .filter(|it| it.topic_id == topic);
        let mut partitions: Vec<i32> = own.flat_map(|it| it.partitions.iter().copied()).collect();
        partitions.sort_unstable();
        partitions
    });
    Said {
        member: body.member_id.as_deref().map(str::to_owned),
        epoch: body.member_epoch,
        interval_ms: body.heartbeat_interval_ms,
        assigned,
    }
}
