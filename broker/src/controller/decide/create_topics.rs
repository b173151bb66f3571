//! Making topics.

use std::collections::{BTreeMap, BTreeSet};

use ottla_protocol::ErrorCode;
use ottla_protocol::ids::NodeId;

use super::{MOST_PARTITIONS, check, placement, topic_id};
use crate::config::Values;
use crate::controller::record::{Fact, Replicas, TopicCreated};
use crate::controller::{Created, CreatedTopic, NewTopic, Outcome, Refusal, State};
use crate::metadata::collision_key;

/// One result for each name, in the order of the request; names given more than once come last.
pub(super) fn decide(
    state: &State,
    topics: Vec<NewTopic>,
    entropy: &mut dyn FnMut() -> u64,
    facts: &mut Vec<Fact>,
) -> Outcome {
    let mut times: BTreeMap<&str, usize> = BTreeMap::new();
    for topic in &topics {
        *times.entry(&topic.name).or_default() += 1;
    }
    let doubles: BTreeSet<String> = times
        .iter()
        .filter(|(_, n)| **n > 1)
        .map(|(name, _)| name.to_string())
        .collect();
    let too_many = asked_for(state, &topics) > MOST_PARTITIONS;
    let mut collisions = Collisions {
        state,
        new: BTreeMap::new(),
    };
    let mut results = Vec::new();
    for topic in topics
        .into_iter()
        .filter(|topic| !doubles.contains(&topic.name))
    {
        let name = topic.name.clone();
        let result = match too_many {
            true => refuse(
                ErrorCode::POLICY_VIOLATION,
                "Excessively large number of partitions per request.",
            ),
            false => one(state, topic, &mut collisions, entropy, facts),
        };
        results.push(Created { name, result });
    }
    results.extend(doubles.into_iter().map(|name| {
        let result = refuse(ErrorCode::INVALID_REQUEST, "Duplicate topic name.");
        Created { name, result }
    }));
    Outcome::Created(results)
}

fn refuse<T>(code: ErrorCode, text: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal::new(code, text))
}

/// Partitions that the whole request asks for.
fn asked_for(state: &State, topics: &[NewTopic]) -> i64 {
    let count = |topic: &NewTopic| match topic.partitions {
        n if n > 0 => i64::from(n),
        _ if !topic.assignments.is_empty() => topic.assignments.len() as i64,
        -1 => i64::from(state.broker_config.num_partitions),
        _ => 0,
    };
    topics.iter().map(count).sum()
}

fn one(
    state: &State,
    topic: NewTopic,
    collisions: &mut Collisions<'_>,
    entropy: &mut dyn FnMut() -> u64,
    facts: &mut Vec<Fact>,
) -> Result<CreatedTopic, Refusal> {
    if topic.name == "__cluster_metadata" {
        return refuse(
            ErrorCode::INVALID_REQUEST,
            "Creation of internal topic __cluster_metadata is prohibited.",
        );
    }
    check::topic_name(&topic.name)?;
    if state.topics.named(&topic.name).is_some() {
        return refuse(
            ErrorCode::TOPIC_ALREADY_EXISTS,
            format!("Topic '{}' already exists.", topic.name),
        );
    }
    collisions.check(&topic.name)?;
    let overrides = given_configs(state, &topic.configs)?;
    let partitions = match topic.assignments.is_empty() {
        true => spread(state, &topic, entropy)?,
        false => chosen(state, &topic)?,
    };
    let id = topic_id(state, entropy);
    let factor = partitions
        .first()
        .map_or(0, |replicas| replicas.nodes.len());
    let created = CreatedTopic {
        id,
        partitions: i32::try_from(partitions.len()).unwrap_or(i32::MAX),
        replication_factor: i16::try_from(factor).unwrap_or(i16::MAX),
        overrides: overrides.clone(),
    };
    collisions
        .new
        .insert(collision_key(&topic.name), topic.name.clone());
    facts.push(Fact::TopicCreated(TopicCreated {
        id: id.0.to_vec(),
        name: topic.name,
        partitions,
        configs: overrides,
    }));
    Ok(created)
}

fn given_configs(state: &State, configs: &[(String, Option<String>)]) -> Result<Values, Refusal> {
    let nulls: Vec<&str> = configs
        .iter()
        .filter(|(_, v)| v.is_none())
        .map(|(name, _)| name.as_str())
        .collect();
    if !nulls.is_empty() {
        let text = format!(
            "Null value not supported for topic configs: {}",
            nulls.join(",")
        );
        return refuse(ErrorCode::INVALID_CONFIG, text);
    }
    let values = configs
        .iter()
        .filter_map(|(name, value)| Some((name.clone(), value.clone()?)));
    check::topic_values(state, values.collect())
}

/// Places the partitions where the client left that to us.
fn spread(
    state: &State,
    topic: &NewTopic,
    entropy: &mut dyn FnMut() -> u64,
) -> Result<Vec<Replicas>, Refusal> {
    let count = match topic.partitions {
        -1 => state.broker_config.num_partitions,
        n if n > 0 => n,
        _ => {
            let text = "Number of partitions was set to an invalid non-positive value.";
            return refuse(ErrorCode::INVALID_PARTITIONS, text);
        }
    };
    let factor = match topic.replication_factor {
        -1 => state.broker_config.default_replication_factor,
        n if n > 0 => n,
        _ => {
            let text = "Replication factor must be larger than 0, or -1 to use the default value.";
            return refuse(ErrorCode::INVALID_REPLICATION_FACTOR, text);
        }
    };
    placement::spread(
        state,
        usize::try_from(count).unwrap_or(0),
        usize::try_from(factor).unwrap_or(0),
        entropy,
    )
}

/// Checks the placement that the client chose.
fn chosen(state: &State, topic: &NewTopic) -> Result<Vec<Replicas>, Refusal> {
    for (given, what) in [
        (topic.partitions, "numPartitions"),
        (topic.replication_factor.into(), "replication factor"),
    ] {
        if given != -1 {
            let text = format!(
                "A manual partition assignment was specified, but {what} was not set to -1."
            );
            return refuse(ErrorCode::INVALID_REQUEST, text);
        }
    }
    let mut by_number: BTreeMap<i32, &[NodeId]> = BTreeMap::new();
    let mut factor = None;
    for (number, replicas) in &topic.assignments {
        if by_number.insert(*number, replicas).is_some() {
            let text =
                format!("Found multiple manual partition assignments for partition {number}");
            return refuse(ErrorCode::INVALID_REPLICA_ASSIGNMENT, text);
        }
        placement::check(state, replicas, factor)?;
        factor = Some(replicas.len());
    }
    if !by_number.keys().copied().eq(0..by_number.len() as i32) {
        let text = "partitions should be a consecutive 0-based integer sequence";
        return refuse(ErrorCode::INVALID_REPLICA_ASSIGNMENT, text);
    }
    Ok(by_number
        .into_values()
        .map(|nodes| Replicas {
            nodes: nodes.iter().map(|n| n.0).collect(),
        })
        .collect())
}

/// Names that would look the same in metrics, where `.` is written `_`.
struct Collisions<'a> {
    state: &'a State,
    /// Topics of this request, by collision key.
    new: BTreeMap<String, String>,
}

impl Collisions<'_> {
    fn check(&self, name: &str) -> Result<(), Refusal> {
        if !name.contains(['.', '_']) {
            return Ok(());
        }
        let key = collision_key(name);
        let existing = self
            .new
            .get(&key)
            .map(String::as_str)
            .or_else(|| self.among_topics(&key));
        match existing {
            Some(other) => {
                let text = format!("Topic '{name}' collides with existing topic: {other}");
                refuse(ErrorCode::INVALID_TOPIC_EXCEPTION, text)
            }
            None => Ok(()),
        }
    }

    /// Names that collide begin alike up to their first `.` or `_`, which narrows the search.
    fn among_topics(&self, key: &str) -> Option<&str> {
        let stem = &key[..key.find('_').unwrap_or(key.len())];
        let alike = self
            .state
            .topics
            .from_name(stem)
            .take_while(|topic| topic.name.starts_with(stem));
        alike
            .map(|topic| &*topic.name)
            .find(|other| collision_key(other) == key)
    }
}
