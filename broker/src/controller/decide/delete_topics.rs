//! Deleting topics.

use std::collections::BTreeMap;

use ottla_protocol::ErrorCode;
use ottla_protocol::ids::Uuid;

use crate::controller::record::Fact;
use crate::controller::{Deleted, Outcome, Refusal, State, TopicRef};

/// One result for each topic of the request; names and ids given more than once have one, and none of them is deleted.
pub(super) fn decide(state: &State, topics: Vec<TopicRef>, facts: &mut Vec<Fact>) -> Outcome {
    if !state.broker_config.delete_topics {
        let text = "Topic deletion is disabled.";
        return Outcome::Refused(Refusal::new(ErrorCode::TOPIC_DELETION_DISABLED, text));
    }
    // A topic given by name and, in another item, by id is one topic given twice.
    let mut times: BTreeMap<Uuid, usize> = BTreeMap::new();
    for id in topics.iter().filter_map(|topic| find(state, topic).ok()) {
        *times.entry(id).or_default() += 1;
    }
    let mut results: Vec<Deleted> = Vec::new();
    for topic in topics {
        let found = find(state, &topic);
        let result = match &found {
            Ok(id) if times.get(id).is_some_and(|n| *n > 1) => {
                let what = if topic.name.is_some() { "name" } else { "id" };
                Err(Refusal::new(
                    ErrorCode::INVALID_REQUEST,
                    format!("Duplicate topic {what}."),
                ))
            }
            Ok(_) => Ok(()),
            Err(refusal) => Err(refusal.clone()),
        };
        let deleted = describe(state, topic, result);
        if results.contains(&deleted) {
            continue;
        }
        if let (Ok(id), Ok(())) = (found, &deleted.result) {
            facts.push(Fact::TopicDeleted(id.0.to_vec()));
        }
        results.push(deleted);
    }
    Outcome::Deleted(results)
}

fn find(state: &State, topic: &TopicRef) -> Result<Uuid, Refusal> {
    let refuse = |code: ErrorCode, text: &str| Err(Refusal::new(code, text));
    match (&topic.name, topic.id) {
        (Some(_), id) if !id.is_zero() => refuse(
            ErrorCode::INVALID_REQUEST,
            "You may not specify both topic name and topic id.",
        ),
        (Some(name), _) => match state.topics.named(name) {
            Some(topic) => Ok(topic.id),
            None => refuse(
                ErrorCode::UNKNOWN_TOPIC_OR_PARTITION,
                "This server does not host this topic-partition.",
            ),
        },
        (None, id) if id.is_zero() => refuse(
            ErrorCode::INVALID_REQUEST,
            "Neither topic name nor id were specified.",
        ),
        (None, id) => match state.topics.with_id(id) {
            Some(_) => Ok(id),
            None => refuse(
                ErrorCode::UNKNOWN_TOPIC_ID,
                "This server does not host this topic ID.",
            ),
        },
    }
}

/// Name and id as given; where the topic was found and is deleted, both.
fn describe(state: &State, topic: TopicRef, result: Result<(), Refusal>) -> Deleted {
    let mut deleted = Deleted {
        name: topic.name.clone(),
        id: topic.id,
        result,
    };
    if let (Ok(()), Ok(id)) = (&deleted.result, find(state, &topic)) {
        deleted.id = id;
        deleted.name = state.topics.with_id(id).map(|topic| topic.name.to_string());
    }
    deleted
}
