//! What requests about groups share: many groups asked at once, each where it belongs.

use std::collections::{BTreeMap, BTreeSet};

use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::ids::Uuid;

use super::Context;
use crate::coordinator::group::kind::Missing;
use crate::coordinator::group::{Answer, Command};
use crate::coordinator::topics::{Kind, partition_of};
use crate::metadata::Image;

/// Asks about each of these groups, all of one partition at once; the answers in the order of the names. `take` gets one answer
/// for each group out of what came.
pub async fn ask_each<R>(
    ctx: &Context,
    names: &[String],
    ask: impl Fn(Vec<String>) -> Command,
    take: impl Fn(Answer) -> Option<Vec<R>>,
) -> Vec<Result<R, ErrorCode>> {
    let topic = match ctx.coordinators.topic(Kind::Group).await {
        Ok(topic) => topic,
        Err(code) => return names.iter().map(|_| Err(code)).collect(),
    };
    let mut places: BTreeMap<i32, Vec<usize>> = BTreeMap::new();
    for (at, name) in names.iter().enumerate() {
        let partition = partition_of(name, topic.partitions.len() as i32);
        places.entry(partition).or_default().push(at);
    }
    let mut answers: Vec<_> = names
        .iter()
        .map(|_| Err(ErrorCode::UNKNOWN_SERVER_ERROR))
        .collect();
    for (partition, places) in places {
        let asked = places.iter().map(|at| names[*at].clone()).collect();
        let answer = ctx
            .coordinators
            .group_at(&topic, partition, ask(asked))
            .await;
        match answer.map(&take) {
            Ok(Some(some)) => {
                for (at, one) in places.into_iter().zip(some) {
                    answers[at] = Ok(one);
                }
            }
            Ok(None) => {}
            Err(code) => places.into_iter().for_each(|at| answers[at] = Err(code)),
        }
    }
    answers
}

/// What is found of a group of one kind: it, or the code and the words for why not.
pub type Found<G> = Result<G, (ErrorCode, Option<String>)>;

/// Asks about each of these groups of one kind, if it is served; `why` says in code and words why a group is not there.
pub async fn find_each<G, E>(
    ctx: &Context,
    names: &[String],
    is_served: bool,
    ask: impl Fn(Vec<String>) -> Command,
    take: impl Fn(Answer) -> Option<Vec<Result<G, E>>>,
    why: impl Fn(&str, E) -> (ErrorCode, String),
) -> Vec<Found<G>> {
    let answers = match is_served {
        true => ask_each(ctx, names, ask, take).await,
        false => names
            .iter()
            .map(|_| Err(ErrorCode::UNSUPPORTED_VERSION))
            .collect(),
    };
    let found = |(name, answer): (&String, _)| match answer {
        _ if name.is_empty() => Err((ErrorCode::INVALID_GROUP_ID, None)),
        Ok(Ok(group)) => Ok(group),
        Ok(Err(error)) => {
            let (code, words) = why(name, error);
            Err((code, Some(words)))
        }
        Err(code) => Err((code, None)),
    };
    names.iter().zip(answers).map(found).collect()
}

/// Why a group of this kind is not there.
pub fn missing(kind: &str) -> impl Fn(&str, Missing) -> (ErrorCode, String) {
    move |name, missing| (ErrorCode::GROUP_ID_NOT_FOUND, missing.words(name, kind))
}

/// Partitions with the names of their topics; what is deleted is not said.
pub fn named(
    partitions: BTreeMap<Uuid, BTreeSet<i32>>,
    image: &Image,
) -> impl Iterator<Item = (Uuid, String, Vec<i32>)> {
    partitions.into_iter().filter_map(|(id, partitions)| {
        let topic = image.topics.with_id(id)?;
        Some((id, topic.name.to_string(), partitions.into_iter().collect()))
    })
}

/// An owned copy of a text that may be missing.
pub fn owned(text: &Option<std::borrow::Cow<'_, str>>) -> Option<String> {
    text.as_deref().map(str::to_owned)
}
