//! Fetch (key 1): reads partitions of several shards for one consumer, and waits until there is enough.
//!
//! The shards read at the same time; the request's byte limit is then dealt out in the request's order, so that the
//! first partition with records always gets at least one whole batch (KIP-74). A fetch that must wait leaves a watch
//! on its partitions; commits count down what is missing, and the fetch reads again when it fires or its time is up.

use std::collections::BTreeMap;
use std::time::Duration;

use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::ids::PartitionId;
use ottla_protocol::messages::fetch::{FetchRequest, FetchResponse};
use ottla_runtime::time::{self, Instant};

use self::session::{Key, News, Plan, SessionRequest, TopicRef, Wanted};
use super::router::PendingAnswer;
use super::{Close, Context, RequestMeta};
use crate::metadata::Image;
use crate::partition::calls::{Answer, Call, Fetch, FetchPart, Fetched, Watch};

mod respond;
pub mod session;

/// What does not change while a fetch waits.
struct Limits {
    max_bytes: usize,
    min_bytes: usize,
    committed_only: bool,
}

impl Limits {
    /// Where what can be read of a partition ended.
    fn end_of(&self, fetched: &Fetched) -> i64 {
        match self.committed_only {
            true => fetched.last_stable_offset,
            false => fetched.high_watermark,
        }
    }
}

/// One partition of the plan, resolved.
type Target = Result<(PartitionId, Wanted), ErrorCode>;

/// Answers a Fetch request.
pub async fn handle(
    ctx: &Context,
    meta: &RequestMeta,
    request: FetchRequest<'_>,
) -> Result<FetchResponse<'static>, Close> {
    let by_id = meta.version >= 13;
    let limits = Limits {
        max_bytes: (request.max_bytes.max(0) as usize)
            .min(ctx.config().fetch.max_bytes.max(0) as usize),
        min_bytes: request.min_bytes.max(0) as usize,
        committed_only: request.isolation_level == 1,
    };
    let max_wait = Duration::from_millis(request.max_wait_ms.max(0) as u64);
    let begun = ctx
        .sessions
        .borrow_mut()
        .begin(session_request(&request, by_id), ctx.now_ms());
    let plan = match begun {
        Ok(plan) => plan,
        Err(code) => return Ok(respond::top_level(code)),
    };
    let fetched = fetch(ctx, &plan, &limits, max_wait).await?;
    let news: Vec<News> = fetched.iter().map(news_of).collect();
    let (id, sent) = ctx.sessions.borrow_mut().finish(
        &plan,
        by_id,
        &news,
        ctx.now_ms(),
        &mut ottla_runtime::rand::u64,
    );
    let bytes: usize = fetched.iter().map(Fetched::len).sum();
    ctx.metrics.fetched_bytes.add(bytes as u64);
    Ok(respond::records(&plan, id, fetched, &sent))
}

async fn fetch(
    ctx: &Context,
    plan: &Plan,
    limits: &Limits,
    max_wait: Duration,
) -> Result<Vec<Fetched>, Close> {
    let deadline = time::now() + max_wait;
    loop {
        let targets = resolve(&ctx.image(), plan);
        let fetched = read(ctx, &targets, limits).await?;
        let bytes: usize = fetched.iter().map(Fetched::len).sum();
        let now = time::now();
        let answer_now = now >= deadline
            || bytes >= limits.min_bytes
            || plan.wanted.is_empty()
            || fetched
                .iter()
                .any(|f| f.diverging.is_some() || ends_the_wait(f.error));
        if answer_now {
            return Ok(fetched);
        }
        let missing = limits.min_bytes - bytes;
        let _ = time::timeout(
            deadline - now,
            watch(ctx, &targets, &fetched, limits, missing as i64, deadline),
        )
        .await;
    }
}

/// Kafka waits the full time for a partition that it does not know (the topic may be about to come) and answers
/// every other error at once.
fn ends_the_wait(error: ErrorCode) -> bool {
    error != ErrorCode::NONE
        && error != ErrorCode::UNKNOWN_TOPIC_OR_PARTITION
        && error != ErrorCode::UNKNOWN_TOPIC_ID
}

fn session_request(request: &FetchRequest<'_>, by_id: bool) -> SessionRequest {
    let topic = |name: &str, id| {
        if by_id {
            TopicRef::Id(id)
        } else {
            TopicRef::Name(name.to_owned())
        }
    };
    let mut wanted = Vec::new();
    for t in &request.topics {
        for p in &t.partitions {
            let what = Wanted {
                current_leader_epoch: p.current_leader_epoch,
                fetch_offset: p.fetch_offset,
                last_fetched_epoch: p.last_fetched_epoch,
                max_bytes: p.partition_max_bytes,
            };
            wanted.push(((topic(&t.topic, t.topic_id), p.partition), what));
        }
    }
    let mut forgotten: Vec<Key> = Vec::new();
    for t in &request.forgotten_topics_data {
        forgotten.extend(
            t.partitions
                .iter()
                .map(|p| (topic(&t.topic, t.topic_id), *p)),
        );
    }
    SessionRequest {
        id: request.session_id,
        epoch: request.session_epoch,
        by_id,
        wanted,
        forgotten,
    }
}

fn resolve(image: &Image, plan: &Plan) -> Vec<Target> {
    let one = |((topic, partition), wanted): &(Key, Wanted)| {
        let (found, unknown) = match topic {
            TopicRef::Name(name) => (
                image.topics.named(name),
                ErrorCode::UNKNOWN_TOPIC_OR_PARTITION,
            ),
            TopicRef::Id(id) => (image.topics.with_id(*id), ErrorCode::UNKNOWN_TOPIC_ID),
        };
        let topic = found.ok_or(unknown)?;
        topic
            .partition(*partition)
            .ok_or(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION)?;
        Ok((
            PartitionId {
                topic: topic.id,
                partition: *partition,
            },
            wanted.clone(),
        ))
    };
    plan.wanted.iter().map(one).collect()
}

async fn read(ctx: &Context, targets: &[Target], limits: &Limits) -> Result<Vec<Fetched>, Close> {
    let part = |(id, wanted): &(PartitionId, Wanted)| {
        let part = FetchPart {
            id: *id,
            offset: wanted.fetch_offset,
            max_bytes: wanted.max_bytes.max(0) as usize,
            current_leader_epoch: wanted.current_leader_epoch,
            last_fetched_epoch: wanted.last_fetched_epoch,
        };
        (*id, part)
    };
    // What slow readers have not taken yet is not read again for others: memory is a budget.
    let max_bytes = limits.max_bytes.min(ctx.answers.room());
    let questions = targets
        .iter()
        .map(|t| t.as_ref().map(part).map_err(|e| *e))
        .collect();
    let ask = |parts| {
        Call::Fetch(Fetch {
            parts,
            max_bytes,
            committed_only: limits.committed_only,
        })
    };
    let take = |answer| {
        if let Answer::Fetch(parts) = answer {
            Some(parts)
        } else {
            None
        }
    };
    let mut fetched = ctx
        .router
        .scatter(questions, ask, take, Fetched::refused)
        .await?;
    deal_out(&mut fetched, max_bytes);
    Ok(fetched)
}

/// Cuts the answers of several shards, each within the limit, down to the limit in the request's order.
fn deal_out(fetched: &mut [Fetched], max_bytes: usize) {
    let mut left = max_bytes;
    let mut first = true;
    for f in fetched {
        let len = f.len();
        if len == 0 {
            continue;
        }
        if len > left && !first {
            let mut kept = 0;
            f.records.retain(|part| {
                let fits = kept + part.len() <= left;
                kept += if fits { part.len() } else { left };
                fits
            });
        }
        first = false;
        left = left.saturating_sub(f.len());
    }
}

async fn watch(
    ctx: &Context,
    targets: &[Target],
    fetched: &[Fetched],
    limits: &Limits,
    missing: i64,
    deadline: Instant,
) -> Result<(), Close> {
    let mut by_shard: BTreeMap<u16, Vec<(PartitionId, i64)>> = BTreeMap::new();
    for (target, f) in targets.iter().zip(fetched) {
        // One that cannot be read has no watermark to watch: it is looked at again with the others.
        if let (Ok((id, _)), ErrorCode::NONE) = (target, f.error) {
            by_shard
                .entry(ctx.router.owner(*id).0)
                .or_default()
                .push((*id, limits.end_of(f)));
        }
    }
    let mut pending: Vec<PendingAnswer> = Vec::with_capacity(by_shard.len());
    for (shard, parts) in by_shard {
        pending.push(
            ctx.router
                .start(
                    shard,
                    Call::Watch(Watch {
                        parts,
                        committed_only: limits.committed_only,
                        missing,
                        deadline,
                    }),
                )
                .await?,
        );
    }
    if pending.is_empty() {
        // Nothing that exists is asked for: the deadline alone ends the wait.
        return std::future::pending().await;
    }
    std::future::poll_fn(|cx| {
        for p in &mut pending {
            if let std::task::Poll::Ready(answer) = std::pin::Pin::new(p).poll(cx) {
                return std::task::Poll::Ready(answer.map(drop));
            }
        }
        std::task::Poll::Pending
    })
    .await
}

fn news_of(f: &Fetched) -> News {
    News {
        error: f.error,
        high_watermark: f.high_watermark,
        log_start_offset: f.log_start_offset,
        has_records: !f.is_empty(),
        must_send: f.diverging.is_some(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    fn with(parts: &[usize]) -> Fetched {
        let records = parts.iter().map(|n| Bytes::from(vec![0; *n])).collect();
        Fetched {
            records,
            ..Fetched::refused(ErrorCode::NONE)
        }
    }

    #[test]
    fn the_first_records_are_whole_and_the_rest_fit() {
        let mut f = [with(&[]), with(&[80, 80]), with(&[10]), with(&[5, 50])];
        deal_out(&mut f, 100);
        assert_eq!(
            f.iter().map(Fetched::len).collect::<Vec<_>>(),
            [0, 160, 0, 0]
        );
        let mut f = [with(&[60]), with(&[30, 30]), with(&[5])];
        deal_out(&mut f, 100);
        assert_eq!(f.iter().map(Fetched::len).collect::<Vec<_>>(), [60, 30, 5]);
    }
}
