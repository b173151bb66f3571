//! Consume, transform, produce: a member of the group that writes what it has made of the input, and how far it has come, in one
//! transaction. Whatever goes wrong, it begins anew as another instance would: with a new epoch, and as a new member.

use std::collections::BTreeMap;
use std::time::Duration;

use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::messages::add_offsets_to_txn::AddOffsetsToTxnRequest;
use ottla_protocol::messages::fetch::{FetchRequest, FetchTopic};
use ottla_protocol::messages::txn_offset_commit::{
    TxnOffsetCommitRequest, TxnOffsetCommitRequestPartition, TxnOffsetCommitRequestTopic,
};
use ottla_runtime::time;

use super::member::Member;
use super::{GROUP, INPUT, Plan, SESSION_MS, committed, is_fencing, is_passing};
use crate::node_sim::client::{Broken, Client, Worker};
use crate::node_sim::reads::asked;
use crate::node_sim::txn;
use crate::node_sim::txn::book::{Fate, Id, Piece};
use crate::node_sim::txn::speaker::{Speaker, is_final};
use crate::node_sim::wire::Wire;

/// Inputs of one partition in one transaction at most.
const MOST: i64 = 5;

/// A member that works.
pub struct Pipe {
    client: Client,
    number: u32,
    plan: Plan,
    next: u64,
    positions: BTreeMap<i32, i64>,
}

impl Pipe {
    /// The member of this number.
    pub fn new(client: Client, number: u32, plan: Plan) -> Self {
        Self {
            client,
            number,
            plan,
            next: 0,
            positions: BTreeMap::new(),
        }
    }

    /// Where the group is in what the member owns; false: that is not stable yet.
    async fn look(&mut self, wire: &mut Wire, member: &Member) -> Result<bool, Broken> {
        let owned = member.owned.iter();
        let missing = owned.filter(|p| !self.positions.contains_key(p)).copied();
        let missing: Vec<i32> = missing.collect();
        if missing.is_empty() {
            return Ok(true);
        }
        let floors: Vec<i64> = {
            let roster = &self.client.shared.ledger.borrow().roster;
            missing.iter().map(|p| roster.floor(*p)).collect()
        };
        let who = Some((member.id.as_str(), member.epoch));
        let found = match committed(wire, GROUP, who, &missing).await? {
            Ok(found) => found,
            Err(code) if is_passing(code) || code == ErrorCode::STALE_MEMBER_EPOCH => {
                return Ok(false);
            }
            Err(code) => return Err(self.client.refused_by_coordinator("OffsetFetch", code)),
        };
        let mut ledger = self.client.shared.ledger.borrow_mut();
        for (partition, floor) in missing.iter().zip(floors) {
            let offset = found.get(partition).copied().unwrap_or(-1).max(0);
            ledger.roster.saw(*partition, offset, floor)?;
            self.positions.insert(*partition, offset);
        }
        Ok(true)
    }

    async fn work(
        &mut self,
        wire: &mut Wire,
        speaker: &mut Speaker,
        member: &mut Member,
    ) -> Result<(), Broken> {
        if !self.look(wire, member).await? {
            return Ok(());
        }
        let mut taken = Vec::new();
        for partition in member.owned.clone() {
            let at = self.positions.get(&partition).copied().unwrap_or(0);
            let end = self.input_end(wire, partition, at).await?;
            let to = end.min(at + 1 + self.client.rng.below(MOST as u64) as i64);
            if to > at && self.client.rng.below(4) > 0 {
                taken.push((partition, at, to));
            }
        }
        if taken.is_empty() {
            return Ok(());
        }
        match self.transact(wire, speaker, member, &taken).await {
            // What the member may not commit any more it must not leave open.
            Err(Refused::Fenced(code)) => {
                let aborted = speaker.end(&self.client, wire, false).await?;
                self.positions.clear();
                member.fenced(&self.client, "TxnOffsetCommit", code);
                match aborted.is_error() {
                    true => Err(Broken::Again),
                    false => Ok(()),
                }
            }
            Err(Refused::Broken(why)) => Err(why),
            Ok(()) => Ok(()),
        }
    }

    /// One past the last input that can be read from `at` on.
    async fn input_end(&self, wire: &mut Wire, partition: i32, at: i64) -> Result<i64, Broken> {
        let request = FetchRequest {
            replica_id: -1,
            max_wait_ms: 0,
            max_bytes: 1 << 20,
            session_epoch: -1,
            topics: vec![FetchTopic {
                topic: INPUT.into(),
                partitions: vec![asked(partition, at, 1 << 20)],
                ..Default::default()
            }],
            ..Default::default()
        };
        let answer = wire.call(&request, 12, |r| {
            let p = r.responses.first()?.partitions.first()?;
            Some((p.error_code, p.high_watermark))
        });
        match answer.await? {
            Some((ErrorCode::NONE, end)) => Ok(end),
            Some((code, _)) => Err(self.client.refused("Fetch of the input", code)),
            None => Err(Broken::Again),
        }
    }

    async fn transact(
        &mut self,
        wire: &mut Wire,
        speaker: &mut Speaker,
        member: &Member,
        taken: &[(i32, i64, i64)],
    ) -> Result<(), Refused> {
        let of = (self.number, self.next);
        self.next += 1;
        let place = self.client.rng.below(self.plan.txns.partitions as u64) as u32;
        let records = self.note(of, place, taken);
        let first = Piece { of, place, nth: 0 };
        let padding = self.client.rng.below(200) as usize;
        self.judge("AddPartitionsToTxn", speaker.add(wire, place).await?)?;
        let batch = speaker.batch(first, records, padding);
        let (code, offset) = speaker.produce(wire, place, batch).await?;
        self.judge("Produce", code)?;
        {
            let mut ledger = self.client.shared.ledger.borrow_mut();
            ledger.counts.acked += 1;
            ledger.txns.stands(offset, first, records)?;
        }
        self.dawdle().await;
        self.commit_offsets(wire, speaker, member, taken).await?;
        self.dawdle().await;
        let know = |fate| self.client.shared.ledger.borrow_mut().txns.ends(of, fate);
        know(Fate::Unknown)?;
        let code = speaker.end(&self.client, wire, true).await?;
        if is_final(code) {
            know(Fate::Never)?;
        }
        self.judge("EndTxn", code)?;
        know(Fate::Committed)?;
        let mut ledger = self.client.shared.ledger.borrow_mut();
        for (partition, _, to) in taken {
            ledger.roster.saw(*partition, *to, 0)?;
            self.positions.insert(*partition, *to);
        }
        Ok(())
    }

    /// What is about to be made of the input.
    fn note(&self, of: Id, place: u32, taken: &[(i32, i64, i64)]) -> u32 {
        let mut ledger = self.client.shared.ledger.borrow_mut();
        let mut nth = 0;
        for (partition, from, to) in taken {
            for offset in *from..*to {
                let piece = Piece { of, place, nth };
                ledger.txns.made_of(piece, (*partition, offset));
                nth += 1;
            }
        }
        ledger.txns.sending(of, place, nth);
        drop(ledger);
        self.client.tell(|| format!("{of:?} is made of {taken:?}"));
        nth
    }

    /// Now and then longer than a session, or a transaction, may last.
    async fn dawdle(&mut self) {
        let ending = self.client.shared.ledger.borrow().ending;
        match self.client.rng.below(12) {
            0 if !ending => time::sleep(Duration::from_millis(2 * SESSION_MS as u64)).await,
            1..5 => self.client.pause().await,
            _ => {}
        }
    }

    async fn commit_offsets(
        &self,
        wire: &mut Wire,
        speaker: &Speaker,
        member: &Member,
        taken: &[(i32, i64, i64)],
    ) -> Result<(), Refused> {
        let (producer_id, producer_epoch) = speaker.producer();
        if !speaker.habits.raises {
            let request = AddOffsetsToTxnRequest {
                transactional_id: speaker.habits.id.as_str().into(),
                producer_id,
                producer_epoch,
                group_id: GROUP.into(),
            };
            let code = wire.call(&request, 3, |r| r.error_code).await;
            self.judge("AddOffsetsToTxn", code.map_err(Broken::from)?)?;
        }
        let each = |(partition, _, to): &(i32, i64, i64)| TxnOffsetCommitRequestPartition {
            partition_index: *partition,
            committed_offset: *to,
            committed_leader_epoch: -1,
            committed_metadata: None,
        };
        let request = TxnOffsetCommitRequest {
            transactional_id: speaker.habits.id.as_str().into(),
            group_id: GROUP.into(),
            producer_id,
            producer_epoch,
            generation_id: member.epoch,
            member_id: member.id.as_str().into(),
            group_instance_id: None,
            topics: vec![TxnOffsetCommitRequestTopic {
                name: INPUT.into(),
                partitions: taken.iter().map(each).collect(),
            }],
        };
        let version = if speaker.habits.raises { 5 } else { 3 };
        let codes = wire.call(&request, version, |r| {
            let all = r.topics.iter().flat_map(|t| &t.partitions);
            let failed = all.map(|p| p.error_code).find(|code| code.is_error());
            failed.unwrap_or(ErrorCode::NONE)
        });
        self.judge("TxnOffsetCommit", codes.await.map_err(Broken::from)?)
    }

    fn judge(&self, what: &str, code: ErrorCode) -> Result<(), Refused> {
        self.client.tell(|| format!("{what}: {}", code.name()));
        match code {
            ErrorCode::NONE => Ok(()),
            code if is_fencing(code) => Err(Refused::Fenced(code)),
            code if is_final(code) => Err(Broken::Again.into()),
            code => Err(self.client.refused_by_coordinator(what, code).into()),
        }
    }
}

impl Worker for Pipe {
    fn client(&mut self) -> &mut Client {
        &mut self.client
    }

    async fn session(&mut self, wire: &mut Wire) -> Result<(), Broken> {
        let (partitions, txns) = (self.plan.partitions, self.plan.txns.clone());
        txn::make_topic(&self.client, wire, INPUT, partitions, 16_384).await?;
        txn::make_topic(
            &self.client,
            wire,
            txn::TOPIC,
            txns.partitions,
            txns.segment_bytes,
        )
        .await?;
        let habits = txns.producers[self.number as usize].clone();
        let begun = Speaker::begin(&self.client, wire, habits).await?;
        let mut speaker =
            begun.map_err(|code| self.client.refused_by_coordinator("InitProducerId", code))?;
        let mut member = Member::new(self.plan.members[self.number as usize], &mut self.client);
        self.positions.clear();
        loop {
            if self.client.shared.ledger.borrow().roster.is_done() {
                return member.leave(&self.client, wire).await;
            }
            let before = (member.epoch, member.owned.clone());
            member.beat(&self.client, wire, partitions).await?;
            if before != (member.epoch, member.owned.clone()) {
                self.positions.clear();
            }
            let ending = self.client.shared.ledger.borrow().ending;
            if !ending && self.client.rng.below(100) == 0 {
                member.leave(&self.client, wire).await?;
                return Err(Broken::Again);
            }
            if !member.owned.is_empty() && self.client.rng.below(3) > 0 {
                self.work(wire, &mut speaker, &mut member).await?;
            }
            self.client.pause().await;
        }
    }

    fn is_over(&mut self) -> bool {
        self.client.shared.ledger.borrow().roster.is_done()
    }
}

/// Why a transaction is not committed.
enum Refused {
    /// The member is none any more, or has a new part.
    Fenced(ErrorCode),
    /// Anything else.
    Broken(Broken),
}

impl From<Broken> for Refused {
    fn from(why: Broken) -> Self {
        Self::Broken(why)
    }
}

impl From<String> for Refused {
    fn from(what: String) -> Self {
        Self::Broken(what.into())
    }
}
