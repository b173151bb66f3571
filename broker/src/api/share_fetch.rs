//! ShareFetch (key 78): a member of a share group is given records, and says what became of others (KIP-932).
//!
//! The owners of the partitions are asked one after the other, since the request's limit on records is one for all. A fetch that
//! gets nothing leaves a watch with each, and asks again when one fires.

use std::collections::BTreeMap;
use std::task::Poll;
use std::time::Duration;

use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::ids::PartitionId;
use ottla_protocol::messages::share_fetch::{
    AcquiredRecords, PartitionData, ShareFetchRequest, ShareFetchResponse,
    ShareFetchableTopicResponse,
};
use ottla_protocol::wire::Records;
use ottla_runtime::time::{self, Instant};

use super::share_acknowledge::{Place, RENEWS, Said, Who, acknowledge, close};
use super::{Context, RequestMeta};
use crate::share::calls::{Answer, Call, Fetch, Fetched};
use crate::share::sessions::{self, CLOSE, OPEN, Plan};
use crate::share::settings::ShareSettings;

/// Answers a ShareFetch request.
pub async fn handle(
    ctx: &Context,
    meta: &RequestMeta,
    request: ShareFetchRequest<'_>,
) -> ShareFetchResponse<'static> {
    let image = ctx.image();
    let who = Who::of(
        &image,
        request.group_id.as_deref(),
        request.member_id.as_deref(),
    );
    let who = match who {
        Ok(who) => who,
        Err((code, message)) => return refused(code, message),
    };
    let renews = meta.version >= RENEWS && request.is_renew_ack;
    let asks = [
        request.max_bytes,
        request.min_bytes,
        request.max_records,
        request.max_wait_ms,
    ];
    if renews && asks != [0; 4] {
        return refused(
            ErrorCode::INVALID_REQUEST,
            "maxBytes, minBytes, maxRecords and maxWaitMs must be set to 0 if isRenewAck is true.",
        );
    }
    let max_wait = Duration::from_millis(u64::try_from(request.max_wait_ms).unwrap_or(0));
    let session = session_request(meta, &who, &request);
    let begun = ctx.shares.sessions.borrow_mut().fetch(&session);
    let plan = match begun {
        Ok(plan) => plan,
        Err(code) => {
            if code == ErrorCode::SHARE_SESSION_LIMIT_REACHED {
                // It would be back at once.
                time::sleep(max_wait).await;
            }
            return refused(code, code.message());
        }
    };
    let mut said = Said::default();
    for topic in &request.topics {
        for p in topic
            .partitions
            .iter()
            .filter(|p| !p.acknowledgement_batches.is_empty())
        {
            let batches = p.acknowledgement_batches.iter();
            let batches =
                batches.map(|b| (b.first_offset, b.last_offset, &b.acknowledge_types[..]));
            let renew = (meta.version >= RENEWS).then_some(request.is_renew_ack);
            said.add(&image, (topic.topic_id, p.partition_index), batches, renew);
        }
    }
    let codes = acknowledge(ctx, &who, said).await;
    let fetched = match renews {
        true => BTreeMap::new(),
        false => fetch(ctx, &who, &request, plan, time::now() + max_wait).await,
    };
    if request.share_session_epoch == CLOSE {
        close(ctx, &who).await;
    }
    let bytes: usize = fetched.values().map(Fetched::len).sum();
    ctx.metrics.fetched_bytes.add(bytes as u64);
    ShareFetchResponse {
        acquisition_lock_timeout_ms: ShareSettings::of(&who.group, &image).lock_ms(),
        responses: responses(fetched, codes, request.share_session_epoch == OPEN),
        ..Default::default()
    }
}

fn refused(error_code: ErrorCode, message: &'static str) -> ShareFetchResponse<'static> {
    ShareFetchResponse {
        error_code,
        error_message: Some(message.into()),
        ..Default::default()
    }
}

fn session_request(
    meta: &RequestMeta,
    who: &Who,
    request: &ShareFetchRequest<'_>,
) -> sessions::Request {
    let (mut wanted, mut forgotten) = (Vec::new(), Vec::new());
    let mut acknowledges = false;
    for t in &request.topics {
        for p in &t.partitions {
            acknowledges |= !p.acknowledgement_batches.is_empty();
            wanted.push(PartitionId {
                topic: t.topic_id,
                partition: p.partition_index,
            });
        }
    }
    for t in &request.forgotten_topics_data {
        let id = |partition: &i32| PartitionId {
            topic: t.topic_id,
            partition: *partition,
        };
        forgotten.extend(t.partitions.iter().map(id));
    }
    sessions::Request {
        group: who.group.clone(),
        member: who.member.clone(),
        epoch: request.share_session_epoch,
        conn: meta.conn.id,
        wanted,
        forgotten,
        acknowledges,
    }
}

/// What the partitions of the session hand out; waits until it is something.
async fn fetch(
    ctx: &Context,
    who: &Who,
    request: &ShareFetchRequest<'_>,
    plan: Plan,
    deadline: Instant,
) -> BTreeMap<Place, Fetched> {
    let config = ctx.config().fetch.max_bytes.max(0) as usize;
    let max_bytes = (request.max_bytes.max(0) as usize).min(config);
    let asked = Fetch {
        group: who.group.clone(),
        member: who.member.clone(),
        session: plan.number,
        parts: plan.parts,
        max_records: i64::from(request.max_records.max(0)),
        batch_size: i64::from(request.batch_size.max(1)),
        max_bytes,
        strict: request.share_acquire_mode == 1,
        has_news: false,
    };
    if asked.parts.is_empty() || asked.max_records == 0 || asked.max_bytes == 0 {
        return BTreeMap::new();
    }
    loop {
        let Some(fetched) = ask(ctx, &asked).await else {
            return BTreeMap::new();
        };
        if time::now() >= deadline || fetched.values().any(Fetched::is_news) {
            return fetched;
        }
        let watched = watch(ctx, &asked, deadline);
        let _ = time::timeout(deadline.since(time::now()), watched).await;
    }
}

/// What is handed out now; `None`: the session has ended.
async fn ask(ctx: &Context, asked: &Fetch) -> Option<BTreeMap<Place, Fetched>> {
    let image = ctx.image();
    let mut all = BTreeMap::new();
    let mut there = Vec::new();
    for id in &asked.parts {
        let code = match image.topics.partition(*id) {
            Some(_) => {
                there.push(*id);
                continue;
            }
            None if image.topics.with_id(id.topic).is_none() => ErrorCode::UNKNOWN_TOPIC_ID,
            None => ErrorCode::UNKNOWN_TOPIC_OR_PARTITION,
        };
        all.insert((id.topic, id.partition), Fetched::refused(code));
    }
    // What slow readers have not taken yet is not read again for others: memory is a budget.
    let (mut records, mut bytes) = (
        asked.max_records,
        asked.max_bytes.min(ctx.answers.room()).max(1),
    );
    let mut has_news = false;
    for (shard, parts) in ctx.shares.by_owner(there, |id| *id) {
        let part = Fetch {
            parts: parts.clone(),
            max_records: records,
            max_bytes: bytes,
            has_news,
            ..asked.clone()
        };
        // The connection may have ended, and what its session had gone back: nothing is handed out to it any more.
        let is_open = {
            let sessions = ctx.shares.sessions.borrow();
            sessions.is_open(&asked.group, &asked.member, asked.session)
        };
        if !is_open {
            return None;
        }
        let fetched = match ctx.shares.call(shard, Call::Fetch(part)).await {
            Ok(Answer::Fetch(fetched)) if fetched.len() == parts.len() => fetched,
            _ => vec![Fetched::refused(ErrorCode::NOT_LEADER_OR_FOLLOWER); parts.len()],
        };
        for (id, fetched) in parts.into_iter().zip(fetched) {
            records -= fetched.count();
            bytes = bytes.saturating_sub(fetched.len());
            has_news |= fetched.is_news();
            all.insert((id.topic, id.partition), fetched);
        }
    }
    Some(all)
}

/// Waits until an owner says that there may be something.
async fn watch(ctx: &Context, asked: &Fetch, deadline: Instant) {
    let mut pending = Vec::new();
    for (shard, parts) in ctx.shares.by_owner(asked.parts.iter().copied(), |id| *id) {
        let call = Call::Watch {
            group: asked.group.clone(),
            parts,
            deadline,
        };
        if let Ok(started) = ctx.shares.start(shard, call).await {
            pending.push(started);
        }
    }
    std::future::poll_fn(|cx| {
        let mut fired = false;
        for p in &mut pending {
            fired |= std::pin::Pin::new(p).poll(cx).is_ready();
        }
        if fired {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    })
    .await;
}

/// By topic: what is handed out and what was said of records; of a new session all of its partitions.
fn responses(
    mut fetched: BTreeMap<Place, Fetched>,
    codes: BTreeMap<Place, ErrorCode>,
    all: bool,
) -> Vec<ShareFetchableTopicResponse<'static>> {
    fetched.retain(|_, fetched| all || fetched.is_news());
    for place in codes.keys() {
        fetched.entry(*place).or_default();
    }
    let mut responses: Vec<ShareFetchableTopicResponse<'static>> = Vec::new();
    for ((topic_id, partition_index), fetched) in fetched {
        let code = codes.get(&(topic_id, partition_index));
        let acquired = fetched.acquired.iter().map(|a| AcquiredRecords {
            first_offset: a.first,
            last_offset: a.last,
            delivery_count: a.count,
        });
        let data = PartitionData {
            partition_index,
            error_code: fetched.error,
            acknowledge_error_code: code.copied().unwrap_or_default(),
            acquired_records: acquired.collect(),
            records: Records::Parts(fetched.records),
            ..Default::default()
        };
        match responses.last_mut() {
            Some(topic) if topic.topic_id == topic_id => topic.partitions.push(data),
            _ => responses.push(ShareFetchableTopicResponse {
                topic_id,
                partitions: vec![data],
            }),
        }
    }
    responses
}
