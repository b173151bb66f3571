//! What requests about groups share: many groups asked at once, each where it belongs.

use std::collections::BTreeMap;

use ottla_protocol::error_code::ErrorCode;

use super::Context;
use crate::coordinator::group::{Answer, Command};
use crate::coordinator::topics::{Kind, partition_of};

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

/// An owned copy of a text that may be missing.
pub fn owned(text: &Option<std::borrow::Cow<'_, str>>) -> Option<String> {
    text.as_deref().map(str::to_owned)
}
