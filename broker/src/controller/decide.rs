//! From a command to the records that carry it out and the outcome to answer once they are committed.

use ottla_protocol::ids::Uuid;

use super::record::{Fact, Record};
use super::{Command, Outcome, ProducerIds, Refusal, State};

mod brokers;
mod check;
mod create_partitions;
mod create_topics;
mod delete_topics;
mod features;
mod group_rules;
mod incremental;
mod placement;
mod quotas;
mod replace;

pub use check::topic_name as check_topic_name;

/// Producer ids in one block.
const PRODUCER_ID_BLOCK: i32 = 1000;

/// Partitions that one request may make.
const MOST_PARTITIONS: i64 = 10_000;

impl State {
    /// What `command` does to this state: the records to commit, as one payload, and the answer to give after that. No
    /// records: there is nothing to commit, answer at once. `entropy` gives random numbers; used for topic ids and for
    /// where placement starts.
    pub fn decide(
        &self,
        command: Command,
        entropy: &mut dyn FnMut() -> u64,
    ) -> (Vec<Record>, Outcome) {
        let mut facts = Vec::new();
        let mut commit = true;
        let outcome = match command {
            Command::RegisterBroker {
                id,
                endpoints,
                rack,
            } => brokers::register(self, id, endpoints, rack, &mut facts),
            Command::UnregisterBroker(id) => {
                Outcome::Items(vec![brokers::unregister(self, id, &mut facts)])
            }
            Command::CreateTopics {
                topics,
                validate_only,
            } => {
                commit = !validate_only;
                create_topics::decide(self, topics, entropy, &mut facts)
            }
            Command::DeleteTopics { topics } => delete_topics::decide(self, topics, &mut facts),
            Command::CreatePartitions {
                topics,
                validate_only,
            } => {
                commit = !validate_only;
                create_partitions::decide(self, topics, entropy, &mut facts)
            }
            Command::AlterConfigs {
                changes,
                validate_only,
            } => {
                commit = !validate_only;
                incremental::decide(self, changes, &mut facts)
            }
            Command::ReplaceConfigs {
                resources,
                validate_only,
            } => {
                commit = !validate_only;
                replace::decide(self, resources, &mut facts)
            }
            Command::AlterClientQuotas {
                changes,
                validate_only,
            } => {
                commit = !validate_only;
                quotas::decide(self, changes, &mut facts)
            }
            Command::AllocateProducerIds => self.producer_ids(&mut facts),
            Command::UpdateFeatures {
                updates,
                validate_only,
            } => {
                commit = !validate_only;
                features::decide(self, updates, &mut facts)
            }
        };
        let records = if commit {
            facts.into_iter().map(Record::from).collect()
        } else {
            Vec::new()
        };
        (records, outcome)
    }

    fn producer_ids(&self, facts: &mut Vec<Fact>) -> Outcome {
        let first = self.next_producer_id;
        let Some(next) = first.checked_add(i64::from(PRODUCER_ID_BLOCK)) else {
            let code = ottla_protocol::ErrorCode::UNKNOWN_SERVER_ERROR;
            return Outcome::ProducerIds(Err(Refusal::new(code, "all producer ids are taken")));
        };
        facts.push(Fact::ProducerIdsTaken(next));
        Outcome::ProducerIds(Ok(ProducerIds {
            first,
            count: PRODUCER_ID_BLOCK,
        }))
    }
}

/// A random topic id: version 4, none of the reserved ones, and without a `-` in its text, which command lines would take
/// for an option.
fn topic_id(state: &State, entropy: &mut dyn FnMut() -> u64) -> Uuid {
    loop {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&entropy().to_be_bytes());
        bytes[8..].copy_from_slice(&entropy().to_be_bytes());
        let id = Uuid::random(bytes);
        if !id.to_string().contains('-') && state.topics.with_id(id).is_none() {
            return id;
        }
    }
}

#[cfg(test)]
mod tests;
