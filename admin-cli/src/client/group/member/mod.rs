//! A member of a group that reads one topic: joining, heartbeats, commits, leaving.
//!
//! Invariants:
//! - whoever holds a member has at most the partitions that its last [`Member::join`] gave, and has them until a
//!   [`Beat`] says otherwise;
//! - what is committed is committed as a member of the generation in which it was read.

mod broker_assigned;
mod classic;

use std::collections::BTreeMap;
use std::time::Duration;

use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::ids::Uuid;
use ottla_runtime::time::{self, Instant};

use super::offsets::Identity;
use super::{GroupType, charge};
use crate::client::coordinator::Charge;
use crate::client::error::ClientError;
use crate::client::view::{TopicPartition, TopicView};
use crate::client::{Client, LOOK_AGAIN};

/// The broker takes a member for dead that is silent for so long (classic groups; else the broker's setting holds).
const SESSION: Duration = Duration::from_secs(45);

/// The broker waits so long for this member to join again when the group rebalances.
const REBALANCE: Duration = Duration::from_secs(60);

/// How long a JoinGroup or SyncGroup may take: other members may have given themselves more time than we do.
const PATIENCE: Duration = Duration::from_secs(300);

/// Between two heartbeats, until the broker names another time.
const HEARTBEAT: Duration = Duration::from_secs(3);

/// What a heartbeat or a commit tells a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Beat {
    /// Go on.
    Steady,
    /// The assignment changes: commit what was read, then join.
    Rebalance,
    /// The group went on without this member, whose partitions are others' by now: join.
    Lost,
}

/// See the module's text.
pub struct Member {
    client: Client,
    group: String,
    charge: Charge,
    topic: String,
    topic_id: Uuid,
    kind: GroupType,
    identity: Identity,
    interval: Duration,
    next_beat: Instant,
    /// What it has, where the broker assigns.
    owned: Vec<i32>,
    /// What it shall have at the next join, where the broker assigns.
    offered: Option<Vec<i32>>,
}

impl Member {
    /// A member that has not joined yet. The client is its own: a JoinGroup keeps its connection busy.
    pub fn new(client: Client, group: &str, topic: &TopicView, kind: GroupType) -> Member {
        Member {
            client,
            group: group.to_owned(),
            charge: charge(group),
            topic: topic.name.clone(),
            topic_id: topic.id,
            kind,
            identity: Identity::outside(),
            interval: HEARTBEAT,
            next_beat: time::now(),
            owned: Vec::new(),
            offered: None,
        }
    }

    /// The generation (or epoch) that it belongs to, -1 before the first.
    pub fn generation(&self) -> i32 {
        self.identity.generation
    }

    /// When the next heartbeat is due.
    pub fn next_beat(&self) -> Instant {
        self.next_beat
    }

    /// Joins, or joins again, and gives the partitions that are now this member's. May wait for all the others.
    pub async fn join(&mut self) -> Result<Vec<i32>, ClientError> {
        let partitions = match self.kind {
            GroupType::Consumer => self.join_broker_assigned().await?,
            _ => self.join_classic().await?,
        };
        self.next_beat = time::now() + self.interval;
        Ok(partitions)
    }

    /// Sends a heartbeat when one is due.
    pub async fn beat(&mut self) -> Result<Beat, ClientError> {
        if time::now() < self.next_beat {
            return Ok(Beat::Steady);
        }
        self.beat_now().await
    }

    async fn beat_now(&mut self) -> Result<Beat, ClientError> {
        let said = match self.kind {
            GroupType::Consumer => self.beat_broker_assigned().await,
            _ => self.beat_classic().await,
        };
        self.next_beat = time::now() + self.interval;
        self.judge(said)
    }

    /// The group's offsets in the topic, waiting for transactions that have commits in them.
    pub async fn committed(&mut self) -> Result<BTreeMap<i32, i64>, ClientError> {
        let all = self.client.committed(&self.group, true).await?;
        let own = all
            .into_iter()
            .filter(|(place, _)| place.topic == self.topic);
        Ok(own
            .map(|(place, offset)| (place.partition, offset))
            .collect())
    }

    /// Commits the next offset of each partition. Anything but [`Beat::Steady`] means that it was not stored.
    pub async fn commit(&mut self, offsets: &BTreeMap<i32, i64>) -> Result<Beat, ClientError> {
        let offsets: BTreeMap<TopicPartition, i64> = offsets
            .iter()
            .map(|(&partition, &offset)| (TopicPartition::new(&self.topic, partition), offset))
            .collect();
        let mut said = self
            .client
            .commit(&self.group, &self.identity, &offsets)
            .await;
        if let Err(error) = &said
            && error.code() == Some(ErrorCode::STALE_MEMBER_EPOCH)
        {
            // The next heartbeat brings the epoch that we do not know yet.
            let beat = self.beat_now().await?;
            if beat == Beat::Lost {
                return Ok(beat);
            }
            said = self
                .client
                .commit(&self.group, &self.identity, &offsets)
                .await;
        }
        let said = said.map(|()| Beat::Steady);
        self.judge(said)
    }

    /// Leaves, so that the others need not wait until the session has ended.
    pub async fn leave(&mut self) -> Result<(), ClientError> {
        if self.identity.member.is_empty() {
            return Ok(());
        }
        let said = match self.kind {
            GroupType::Consumer => self.leave_broker_assigned().await,
            _ => self.leave_classic().await,
        };
        match said {
            // It is out already.
            Err(error) if error.code() == Some(ErrorCode::UNKNOWN_MEMBER_ID) => Ok(()),
            other => other,
        }
    }

    /// Goes on with connections of its own, when a request on the old ones was broken off.
    pub fn reconnect(&mut self) {
        self.client = Client::new(self.client.options.clone());
    }

    /// What an answer means for the membership. Errors that end it are passed on.
    fn judge(&mut self, said: Result<Beat, ClientError>) -> Result<Beat, ClientError> {
        let error = match said {
            Ok(beat) => return Ok(beat),
            Err(error) => error,
        };
        match error.code() {
            Some(ErrorCode::REBALANCE_IN_PROGRESS) => Ok(Beat::Rebalance),
            Some(
                code @ (ErrorCode::ILLEGAL_GENERATION
                | ErrorCode::UNKNOWN_MEMBER_ID
                | ErrorCode::FENCED_MEMBER_EPOCH),
            ) => {
                self.forget(code == ErrorCode::UNKNOWN_MEMBER_ID);
                Ok(Beat::Lost)
            }
            _ => Err(error),
        }
    }

    /// Starts over: without a generation and, when the group does not know it any more, without an id.
    fn forget(&mut self, unknown: bool) {
        self.identity.generation = -1;
        self.owned.clear();
        self.offered = None;
        if unknown {
            self.identity.member.clear();
        }
    }
}

/// The pause before another attempt to get in, when the group has moved on.
async fn pause() {
    time::sleep(LOOK_AGAIN).await;
}

/// Milliseconds on the wire.
fn millis(time: Duration) -> i32 {
    i32::try_from(time.as_millis()).unwrap_or(i32::MAX)
}
