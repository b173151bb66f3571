//! Adding partitions to topics.

use std::collections::BTreeMap;

use ottla_protocol::ErrorCode;
use ottla_protocol::ids::NodeId;

use super::{MOST_PARTITIONS, placement};
use crate::controller::record::{Fact, PartitionsAdded, Replicas};
use crate::controller::{MorePartitions, Outcome, Refusal, State};
use crate::metadata::Topic;

/// One result for each item; a topic given more than once is refused in each.
pub(super) fn decide(
    state: &State,
    topics: Vec<MorePartitions>,
    entropy: &mut dyn FnMut() -> u64,
    facts: &mut Vec<Fact>,
) -> Outcome {
    let mut times: BTreeMap<&str, usize> = BTreeMap::new();
    for item in &topics {
        *times.entry(&item.topic).or_default() += 1;
    }
    let mut added = 0;
    let results = topics.iter().map(|item| {
        if times[item.topic.as_str()] > 1 {
            return refuse(ErrorCode::INVALID_REQUEST, "Duplicate topic name.");
        }
        let fact = one(state, item, &mut added, entropy)?;
        facts.push(fact);
        Ok(())
    });
    Outcome::Items(results.collect())
}

fn refuse<T>(code: ErrorCode, text: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal::new(code, text))
}

fn one(
    state: &State,
    item: &MorePartitions,
    added: &mut i64,
    entropy: &mut dyn FnMut() -> u64,
) -> Result<Fact, Refusal> {
    let Some(topic) = state.topics.named(&item.topic) else {
        return refuse(
            ErrorCode::UNKNOWN_TOPIC_OR_PARTITION,
            "This server does not host this topic-partition.",
        );
    };
    let now = topic.partitions.len() as i64;
    let more = i64::from(item.count) - now;
    if more == 0 {
        return refuse(
            ErrorCode::INVALID_PARTITIONS,
            format!("Topic already has {now} partition(s)."),
        );
    }
    if more < 0 {
        let text = format!(
            "The topic {} currently has {now} partition(s); {} would not be an increase.",
            item.topic, item.count
        );
        return refuse(ErrorCode::INVALID_PARTITIONS, text);
    }
    *added += more;
    if *added > MOST_PARTITIONS {
        return refuse(
            ErrorCode::POLICY_VIOLATION,
            "Excessively large number of partitions per request.",
        );
    }
    let partitions = match &item.assignments {
        Some(chosen) => assigned(state, topic, chosen, more)?,
        None => {
            let factor = topic
                .partitions
                .first()
                .map_or(1, |first| first.replicas.len());
            placement::spread(state, more as usize, factor, entropy)?
        }
    };
    Ok(Fact::PartitionsAdded(PartitionsAdded {
        topic: topic.id.0.to_vec(),
        partitions,
    }))
}

fn assigned(
    state: &State,
    topic: &Topic,
    chosen: &[Vec<NodeId>],
    more: i64,
) -> Result<Vec<Replicas>, Refusal> {
    if chosen.len() as i64 != more {
        let text = format!(
            "Attempted to add {more} additional partition(s), but only {} assignment(s) were specified.",
            chosen.len()
        );
        return refuse(ErrorCode::INVALID_REPLICA_ASSIGNMENT, text);
    }
    let factor = topic.partitions.first().map(|first| first.replicas.len());
    for replicas in chosen {
        placement::check(state, replicas, factor)?;
    }
    Ok(chosen
        .iter()
        .map(|nodes| Replicas {
            nodes: nodes.iter().map(|n| n.0).collect(),
        })
        .collect())
}
