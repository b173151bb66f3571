//! Clients that commit offsets without being members, each for a group of its own: what was acknowledged is what is said later.

use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::messages::offset_commit::{
    OffsetCommitRequest, OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use ottla_protocol::messages::offset_delete::{
    OffsetDeleteRequest, OffsetDeleteRequestPartition, OffsetDeleteRequestTopic,
};

use super::roster::Register;
use super::{INPUT, Plan, committed, is_passing};
use crate::node_sim::client::{Broken, Client};
use crate::node_sim::txn;
use crate::node_sim::wire::Wire;

/// One client.
pub struct Committer {
    client: Client,
    group: String,
    plan: Plan,
    next: i64,
    /// By partition.
    registers: Vec<Register>,
}

impl Committer {
    /// The client of this number.
    pub fn new(client: Client, number: usize, plan: Plan) -> Self {
        let partitions = plan.partitions as usize;
        Self {
            client,
            group: format!("lone{number}"),
            plan,
            next: 0,
            registers: (0..partitions).map(|_| Register::default()).collect(),
        }
    }

    /// Commits, deletes and asks until the scenario ends; then asks once more.
    pub async fn run(mut self) {
        loop {
            if let Some(mut wire) = self.client.connect().await {
                match self.session(&mut wire).await {
                    Ok(()) => break,
                    Err(why) => self.client.ended(&why),
                }
            }
            self.client.pause().await;
        }
        self.client.shared.ledger.borrow_mut().finished += 1;
    }

    async fn session(&mut self, wire: &mut Wire) -> Result<(), Broken> {
        let partitions = self.plan.partitions;
        txn::make_topic(&self.client, wire, INPUT, partitions, 16_384).await?;
        loop {
            let ending = self.client.shared.ledger.borrow().ending;
            let partition = self.client.rng.below(partitions as u64) as usize;
            match self.client.rng.below(6) {
                _ if ending => {
                    for partition in 0..partitions as usize {
                        self.ask(wire, partition).await?;
                    }
                    return Ok(());
                }
                0 => self.delete(wire, partition).await?,
                1 | 2 => self.ask(wire, partition).await?,
                _ => self.commit(wire, partition).await?,
            }
            self.client.pause().await;
        }
    }

    async fn ask(&mut self, wire: &mut Wire, partition: usize) -> Result<(), Broken> {
        let found = committed(wire, &self.group, None, &[partition as i32]).await?;
        let found =
            found.map_err(|code| self.client.refused_by_coordinator("OffsetFetch", code))?;
        let offset = found.get(&(partition as i32)).copied().unwrap_or(-1);
        self.client
            .tell(|| format!("{} has {offset} of {partition}", self.group));
        let value = (offset >= 0).then_some(offset);
        let seen = self.registers[partition].seen(self.client.lives().0, value);
        Ok(seen.map_err(|what| format!("{} {partition}: {what}", self.group))?)
    }

    async fn commit(&mut self, wire: &mut Wire, partition: usize) -> Result<(), Broken> {
        self.next += 1;
        let request = OffsetCommitRequest {
            group_id: self.group.clone().into(),
            generation_id_or_member_epoch: -1,
            retention_time_ms: -1,
            topics: vec![OffsetCommitRequestTopic {
                name: INPUT.into(),
                partitions: vec![OffsetCommitRequestPartition {
                    partition_index: partition as i32,
                    committed_offset: self.next,
                    committed_leader_epoch: -1,
                    ..Default::default()
                }],
                ..Default::default()
            }],
            ..Default::default()
        };
        self.asking(partition, Some(self.next));
        let answer = wire.call(&request, 8, |r| {
            Some(r.topics.first()?.partitions.first()?.error_code)
        });
        let code = answer.await?.unwrap_or(ErrorCode::UNKNOWN_SERVER_ERROR);
        self.answered(partition, "OffsetCommit", code)
    }

    async fn delete(&mut self, wire: &mut Wire, partition: usize) -> Result<(), Broken> {
        let request = OffsetDeleteRequest {
            group_id: self.group.clone().into(),
            topics: vec![OffsetDeleteRequestTopic {
                name: INPUT.into(),
                partitions: vec![OffsetDeleteRequestPartition {
                    partition_index: partition as i32,
                }],
            }],
        };
        self.asking(partition, None);
        let answer = wire.call(&request, 0, |r| {
            let of_partition = r.topics.first().and_then(|t| t.partitions.first());
            match r.error_code.is_error() {
                true => r.error_code,
                false => of_partition.map_or(ErrorCode::UNKNOWN_SERVER_ERROR, |p| p.error_code),
            }
        });
        let code = answer.await?;
        if code == ErrorCode::GROUP_ID_NOT_FOUND {
            // Nothing to be deleted.
            let nothing = self.registers[partition].nothing_there(self.client.lives().0);
            return Ok(nothing.map_err(|what| format!("{} {partition}: {what}", self.group))?);
        }
        self.answered(partition, "OffsetDelete", code)
    }

    fn asking(&mut self, partition: usize, value: Option<i64>) {
        let life = self.client.shared.ledger.borrow().life;
        self.registers[partition].asking(life, value);
    }

    fn answered(&mut self, partition: usize, what: &str, code: ErrorCode) -> Result<(), Broken> {
        self.client
            .tell(|| format!("{} {what} of {partition}: {}", self.group, code.name()));
        match code {
            ErrorCode::NONE => {
                self.registers[partition].done(self.client.lives().0);
                self.client.shared.ledger.borrow_mut().counts.asked += 1;
                Ok(())
            }
            // It may have been written, and not be known to be.
            code if is_passing(code) => Err(Broken::Again),
            code => Err(self.client.refused(what, code)),
        }
    }
}
