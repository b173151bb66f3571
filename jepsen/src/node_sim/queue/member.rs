//! A member of the share group: what it is given it accepts, releases, rejects, or keeps until its time is over or its connection
//! is gone. Whatever goes wrong, it begins anew, now and then as another.

use std::collections::BTreeSet;
use std::time::Duration;

use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::ids::Uuid;
use ottla_protocol::messages::incremental_alter_configs::{
    AlterConfigsResource, AlterableConfig, IncrementalAlterConfigsRequest,
};
use ottla_protocol::messages::share_acknowledge as ack;
use ottla_protocol::messages::share_fetch as fetch;
use ottla_protocol::messages::share_group_heartbeat::ShareGroupHeartbeatRequest;
use ottla_protocol::wire::Records;
use ottla_runtime::time;

use super::{GROUP, LOCK_MS, Plan, TOPIC, lags};
use crate::client::batch::batches;
use crate::node_sim::client::{Broken, Client, Worker};
use crate::node_sim::groups::{is_fencing, is_passing};
use crate::node_sim::txn;
use crate::node_sim::wire::Wire;

/// A group, to IncrementalAlterConfigs.
const GROUP_CONFIG: i8 = 32;
const ACCEPT: i8 = 1;
const RELEASE: i8 = 2;
const REJECT: i8 = 3;

/// Offsets of a partition, and what becomes of them.
#[derive(Clone, Copy, Debug)]
struct Verdict {
    partition: i32,
    first: i64,
    last: i64,
    kind: i8,
    /// When it asked for what it was given then.
    asked: time::Instant,
}

impl Verdict {
    /// Within this time nobody else can have it.
    fn is_in_time(&self) -> bool {
        self.asked.elapsed() < Duration::from_millis(LOCK_MS)
    }
}

/// What was answered about one partition.
struct Given {
    partition: i32,
    code: ErrorCode,
    acknowledged: ErrorCode,
    /// First and last offset, and the count.
    acquired: Vec<(i64, i64, i16)>,
    bytes: Vec<u8>,
}

/// The member.
pub struct Member {
    client: Client,
    plan: Plan,
    id: String,
    epoch: i32,
    topic: Uuid,
    assigned: BTreeSet<i32>,
    /// Of the share session; 0: none is open.
    session: i32,
}

impl Member {
    /// Not joined yet.
    pub fn new(client: Client, plan: Plan) -> Self {
        Self {
            client,
            plan,
            id: String::new(),
            epoch: 0,
            topic: Uuid::ZERO,
            assigned: BTreeSet::new(),
            session: 0,
        }
    }

    /// New groups begin at the end of a topic, unless they are told otherwise before.
    async fn begin_at_the_beginning(&self, wire: &mut Wire) -> Result<(), Broken> {
        let request = IncrementalAlterConfigsRequest {
            resources: vec![AlterConfigsResource {
                resource_type: GROUP_CONFIG,
                resource_name: GROUP.into(),
                configs: vec![AlterableConfig {
                    name: "share.auto.offset.reset".into(),
                    config_operation: 0,
                    value: Some("earliest".into()),
                }],
            }],
            ..Default::default()
        };
        let answer = wire.call(&request, 1, |r| r.responses.first().map(|r| r.error_code));
        match answer.await? {
            Some(ErrorCode::NONE) => Ok(()),
            Some(code) => Err(self.client.refused("settings of the group", code)),
            None => Err("IncrementalAlterConfigs without an answer"
                .to_owned()
                .into()),
        }
    }

    /// Joins, or says that it is alive, and hears what it may read.
    async fn beat(&mut self, wire: &mut Wire) -> Result<(), Broken> {
        let request = ShareGroupHeartbeatRequest {
            group_id: GROUP.into(),
            member_id: self.id.as_str().into(),
            member_epoch: self.epoch,
            rack_id: None,
            subscribed_topic_names: (self.epoch == 0).then(|| vec![TOPIC.into()]),
        };
        let answer = wire.call(&request, 1, |r| {
            (r.error_code, r.member_epoch, r.assignment)
        });
        let (code, epoch, assignment) = answer.await?;
        if code.is_error() {
            return Err(self
                .client
                .refused_by_coordinator("ShareGroupHeartbeat", code));
        }
        self.epoch = epoch;
        let Some(assignment) = assignment else {
            return Ok(());
        };
        let topics = assignment.topic_partitions;
        if let Some(topic) = topics.first() {
            self.topic = topic.topic_id;
        }
        let assigned = topics.into_iter().flat_map(|t| t.partitions).collect();
        if assigned != self.assigned {
            self.client
                .tell(|| format!("{} has {assigned:?} in {epoch}", self.id));
            // What it has in its hands it may still say what became of; a new session goes on with it.
            (self.assigned, self.session) = (assigned, 0);
        }
        Ok(())
    }

    /// Takes what is said now from what is in its hands: mostly all, in the end all.
    fn some_of(&mut self, kept: &mut Vec<Verdict>) -> Vec<Verdict> {
        let ending = self.client.shared.ledger.borrow().ending;
        let keeps = !ending && self.client.rng.below(4) == 0;
        match keeps {
            true => Vec::new(),
            false => std::mem::take(kept),
        }
    }

    fn judge_records(
        &mut self,
        partition: i32,
        (first, last): (i64, i64),
        asked: time::Instant,
    ) -> Option<Verdict> {
        let ending = self.client.shared.ledger.borrow().ending;
        let kind = match self.client.rng.below(20) {
            _ if ending => ACCEPT,
            0..3 => RELEASE,
            3 => REJECT,
            // It forgets them; they are given to another when its time is over.
            4 => return None,
            _ => ACCEPT,
        };
        Some(Verdict {
            partition,
            first,
            last,
            kind,
            asked,
        })
    }

    /// What is about to be said; gives when.
    fn says(&self, verdicts: &[Verdict]) -> time::Instant {
        let mut ledger = self.client.shared.ledger.borrow_mut();
        for v in verdicts.iter().filter(|v| v.kind != RELEASE) {
            (v.first..=v.last).for_each(|offset| ledger.queue.ends((v.partition, offset)));
        }
        drop(ledger);
        self.client
            .tell(|| format!("{} says {verdicts:?}", self.id));
        time::now()
    }

    /// What was said of a partition was heard, or not.
    fn was_heard(
        &self,
        partition: i32,
        code: ErrorCode,
        verdicts: &[Verdict],
        said: time::Instant,
    ) -> Result<(), Broken> {
        let in_time = of(verdicts, partition).all(Verdict::is_in_time);
        let failing = self.client.shared.ledger.borrow().failing;
        match code {
            ErrorCode::NONE => {}
            ErrorCode::INVALID_RECORD_STATE | ErrorCode::INVALID_REQUEST if in_time && !failing => {
                let what = format!(
                    "{TOPIC}-{partition}: what it has was taken from it: {}",
                    code.name()
                );
                return Err(what.into());
            }
            // Its time was over; or what was to be written could not be, and all begins anew.
            ErrorCode::INVALID_RECORD_STATE | ErrorCode::INVALID_REQUEST => return Ok(()),
            code => return Err(self.refused("an acknowledgement", code)),
        }
        let mut ledger = self.client.shared.ledger.borrow_mut();
        let of_it = verdicts.iter().filter(|v| v.partition == partition);
        for v in of_it.filter(|v| v.kind != RELEASE) {
            for offset in v.first..=v.last {
                ledger.counts.asked += 1;
                let place = (partition, offset);
                let own = v.is_in_time().then_some(said);
                ledger.queue.ended(place, &self.id, own, time::now())?;
            }
        }
        Ok(())
    }

    async fn acknowledge(&mut self, wire: &mut Wire, verdicts: &[Verdict]) -> Result<(), Broken> {
        if self.session == 0 {
            return Ok(());
        }
        let batch = |v: &Verdict| ack::AcknowledgementBatch {
            first_offset: v.first,
            last_offset: v.last,
            acknowledge_types: vec![v.kind],
        };
        let partition = |p: i32| ack::AcknowledgePartition {
            partition_index: p,
            acknowledgement_batches: of(verdicts, p).map(batch).collect(),
        };
        let request = ack::ShareAcknowledgeRequest {
            group_id: Some(GROUP.into()),
            member_id: Some(self.id.as_str().into()),
            share_session_epoch: self.session,
            topics: vec![ack::AcknowledgeTopic {
                topic_id: self.topic,
                partitions: partitions_of(verdicts).map(partition).collect(),
            }],
            ..Default::default()
        };
        let said = self.says(verdicts);
        let answer = wire.call(&request, 1, |r| {
            let all = r.responses.iter().flat_map(|t| &t.partitions);
            let each = all.map(|p| (p.partition_index, p.error_code));
            (r.error_code, each.collect::<Vec<_>>())
        });
        let (code, each) = answer.await?;
        if code.is_error() {
            return Err(self.refused("ShareAcknowledge", code));
        }
        self.session += 1;
        for (partition, code) in each {
            self.was_heard(partition, code, verdicts, said)?;
        }
        Ok(())
    }

    /// Says what it has to say, and is given more.
    async fn fetch(
        &mut self,
        wire: &mut Wire,
        verdicts: &[Verdict],
    ) -> Result<Vec<Verdict>, Broken> {
        let batch = |v: &Verdict| fetch::AcknowledgementBatch {
            first_offset: v.first,
            last_offset: v.last,
            acknowledge_types: vec![v.kind],
        };
        let partition = |p: i32| fetch::FetchPartition {
            partition_index: p,
            acknowledgement_batches: of(verdicts, p).map(batch).collect(),
        };
        let named: Vec<i32> = match self.session {
            0 => self.assigned.iter().copied().collect(),
            _ => partitions_of(verdicts).collect(),
        };
        let rng = &mut self.client.rng;
        let request = fetch::ShareFetchRequest {
            group_id: Some(GROUP.into()),
            member_id: Some(self.id.as_str().into()),
            share_session_epoch: self.session,
            max_wait_ms: rng.below(100) as i32,
            min_bytes: 1,
            max_bytes: 1 << (8 + rng.below(10)),
            max_records: 1 + rng.below(20) as i32,
            batch_size: 1 + rng.below(20) as i32,
            topics: vec![fetch::FetchTopic {
                topic_id: self.topic,
                partitions: named.into_iter().map(partition).collect(),
            }],
            ..Default::default()
        };
        let asked = self.says(verdicts);
        let answer = wire.call(&request, 1, |r| {
            let all = r.responses.into_iter().flat_map(|t| t.partitions);
            (r.error_code, all.map(Given::of).collect::<Vec<_>>())
        });
        let (code, given) = answer.await?;
        if code.is_error() {
            return Err(self.refused("ShareFetch", code));
        }
        self.session += 1;
        let mut kept = Vec::new();
        for given in given {
            if of(verdicts, given.partition).next().is_some() {
                self.was_heard(given.partition, given.acknowledged, verdicts, asked)?;
            }
            if given.code.is_error() {
                return Err(self.refused("a fetch from a partition", given.code));
            }
            self.take(&given, asked, &mut kept)?;
        }
        Ok(kept)
    }

    fn take(
        &mut self,
        given: &Given,
        asked: time::Instant,
        kept: &mut Vec<Verdict>,
    ) -> Result<(), Broken> {
        let name = format!("{TOPIC}-{}", given.partition);
        let mut there = BTreeSet::new();
        for batch in batches(&given.bytes) {
            let batch = batch.map_err(|e| format!("{name}: {e:?}"))?;
            let records = batch.records().map_err(|e| format!("{name}: {e:?}"))?;
            there.extend(records.into_iter().map(|(offset, _)| offset));
        }
        for (first, last, count) in given.acquired.iter().copied() {
            self.client
                .tell(|| format!("{name} {first}..={last}, the {count}th time"));
            for offset in first..=last {
                if !there.contains(&offset) {
                    return Err(format!("{name}: {offset} was given without its record").into());
                }
                let mut ledger = self.client.shared.ledger.borrow_mut();
                ledger.counts.read += 1;
                let place = (given.partition, offset);
                ledger
                    .queue
                    .given(place, count, &self.id, asked, time::now())?;
            }
            kept.extend(self.judge_records(given.partition, (first, last), asked));
        }
        Ok(())
    }

    /// Once all is written: has the group come to its end?
    async fn look_for_the_end(&mut self, wire: &mut Wire) -> Result<(), Broken> {
        let fed = self.client.shared.ledger.borrow().queue.fed.is_some();
        if !fed || self.client.rng.below(8) > 0 {
            return Ok(());
        }
        let lags = lags(&self.client, wire, self.plan.partitions).await?;
        let mut ledger = self.client.shared.ledger.borrow_mut();
        ledger.queue.is_done |= lags.iter().all(|lag| *lag == 0);
        Ok(())
    }

    /// Some refusals only mean that a session, or all, begins anew.
    fn refused(&self, what: &str, code: ErrorCode) -> Broken {
        self.client.tell(|| format!("{what}: {}", code.name()));
        match code {
            ErrorCode::SHARE_SESSION_NOT_FOUND
            | ErrorCode::INVALID_SHARE_SESSION_EPOCH
            | ErrorCode::FENCED_STATE_EPOCH => Broken::Again,
            code if is_passing(code) || is_fencing(code) => Broken::Again,
            code => self.client.refused(what, code),
        }
    }
}

impl Worker for Member {
    fn client(&mut self) -> &mut Client {
        &mut self.client
    }

    async fn session(&mut self, wire: &mut Wire) -> Result<(), Broken> {
        if self.id.is_empty() || self.client.rng.below(4) == 0 {
            self.id = format!("{:016x}", self.client.rng.u64());
        }
        txn::make_topic(&self.client, wire, TOPIC, self.plan.partitions, 16_384).await?;
        self.begin_at_the_beginning(wire).await?;
        (self.session, self.epoch) = (0, 0);
        self.assigned.clear();
        let mut kept = Vec::new();
        while !self.client.shared.ledger.borrow().queue.is_done {
            if self.assigned.is_empty() || self.client.rng.below(3) == 0 {
                self.beat(wire).await?;
            }
            if !self.assigned.is_empty() {
                let now = self.some_of(&mut kept);
                let with_fetch = self.session > 0 && self.client.rng.below(2) == 0;
                if !with_fetch && !now.is_empty() {
                    self.acknowledge(wire, &now).await?;
                }
                let now = if with_fetch { now } else { Vec::new() };
                kept.extend(self.fetch(wire, &now).await?);
            }
            self.look_for_the_end(wire).await?;
            let ending = self.client.shared.ledger.borrow().ending;
            match self.client.rng.below(60) {
                // Longer than it may.
                0 if !ending => time::sleep(Duration::from_millis(LOCK_MS * 3 / 2)).await,
                _ => self.client.pause().await,
            }
        }
        Ok(())
    }

    /// When the group has come to the end of the topic.
    fn is_over(&mut self) -> bool {
        self.client.shared.ledger.borrow().queue.is_done
    }
}

impl Given {
    fn of(p: fetch::PartitionData<'_>) -> Self {
        let acquired = p.acquired_records.iter();
        Self {
            partition: p.partition_index,
            code: p.error_code,
            acknowledged: p.acknowledge_error_code,
            acquired: acquired
                .map(|a| (a.first_offset, a.last_offset, a.delivery_count))
                .collect(),
            bytes: match &p.records {
                Records::Borrowed(bytes) => bytes.to_vec(),
                Records::None | Records::Parts(_) => Vec::new(),
            },
        }
    }
}

/// Those of a partition, in the order of their offsets.
fn of(verdicts: &[Verdict], partition: i32) -> impl Iterator<Item = &Verdict> {
    let mut of_it: Vec<_> = verdicts
        .iter()
        .filter(|v| v.partition == partition)
        .collect();
    of_it.sort_by_key(|v| v.first);
    of_it.into_iter()
}

fn partitions_of(verdicts: &[Verdict]) -> impl Iterator<Item = i32> {
    let all: BTreeSet<i32> = verdicts.iter().map(|v| v.partition).collect();
    all.into_iter()
}
