//! The keeper adds partitions to its topic.

use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::ids::Uuid;
use ottla_protocol::messages::create_partitions::{CreatePartitionsRequest, CreatePartitionsTopic};

use super::admin::Keeper;
use super::client::Broken;
use super::wire::Wire;

/// More partitions than this no topic gets.
const MOST: i32 = 6;

impl Keeper {
    /// Asks for one or two partitions more.
    pub(super) async fn grow(&mut self, wire: &mut Wire, id: Uuid) -> Result<(), Broken> {
        let late = {
            let ledger = self.client.shared.ledger.borrow();
            let topic = &ledger.topics[self.topic];
            (ledger.life, topic.slots.len() as i32)
        };
        let count = late.1 + 1 + self.client.rng.below(2) as i32;
        if count > MOST {
            return Ok(());
        }
        let late = (late.0, count);
        self.client.shared.ledger.borrow_mut().topics[self.topic]
            .late_counts
            .push(late);
        let request = CreatePartitionsRequest {
            topics: vec![CreatePartitionsTopic {
                name: self.name.as_str().into(),
                count,
                assignments: None,
            }],
            timeout_ms: 10_000,
            validate_only: false,
        };
        self.client
            .tell(|| format!("{} grows to {count} partitions", self.name));
        let answer = wire.call(&request, 3, |r| r.results.first().map(|t| t.error_code));
        let Some(code) = answer.await? else {
            return Err(format!("{}: CreatePartitions without an answer", self.name).into());
        };
        self.client
            .tell(|| format!("{} grew: {}", self.name, code.name()));
        let mut ledger = self.client.shared.ledger.borrow_mut();
        ledger.counts.asked += 1;
        let counts = &mut ledger.topics[self.topic].late_counts;
        if code == ErrorCode::NONE || code == ErrorCode::INVALID_PARTITIONS {
            let at = counts.iter().rposition(|l| *l == late);
            at.map(|at| counts.remove(at));
        }
        // An earlier try was carried out after all: the next look says which.
        let done = counts.iter().any(|l| l.1 >= count);
        match code {
            ErrorCode::NONE => ledger.grown(self.topic, id, count),
            ErrorCode::INVALID_PARTITIONS if done => {}
            _ => {
                drop(ledger);
                let what = format!("{}: CreatePartitions", self.name);
                return Err(self.client.refused(&what, code));
            }
        }
        Ok(())
    }
}
