//! Produce (key 0): splits a request by partition and hands each batch to its owner shard, without a copy.
//!
//! Stage one runs in the order of the connection's requests and ends when every batch stands in its owner's queue, so
//! batches of one producer reach a partition in the order in which they were sent. Stage two waits for the commits;
//! meanwhile the connection's next Produce goes through stage one (design: pipelining). A transactional batch is verified
//! in stage one, so that order holds there, too.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use bytes::BytesMut;
use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::ids::{PartitionId, Uuid};
use ottla_protocol::messages::produce::{
    BatchIndexAndErrorMessage, PartitionProduceResponse, ProduceRequest, ProduceResponse,
    TopicProduceResponse,
};
use ottla_protocol::record::BatchHeader;
use ottla_protocol::wire::Records;

use super::txn_verify::{self, Part, Transaction};
use super::{Close, Context, RequestMeta};
use crate::metadata::Image;
use crate::partition::calls::{Answer, Call, Guard, Produce, ProduceRules, Produced};

/// The one client that may write to internal topics, as in Kafka.
const ADMIN_CLIENT: &str = "__admin_client";

struct Slot {
    /// Place in `Layout::topics`.
    topic: usize,
    partition: i32,
    target: Result<PartitionId, ErrorCode>,
    records: Range<usize>,
    /// With which its batch may begin a transaction.
    guard: Guard,
}

/// One shard's part of a request: places in `Layout::slots`, and the batches.
type Share = (Vec<usize>, Vec<(PartitionId, BytesMut, Guard)>);

/// A decoded request that no longer borrows the frame.
struct Layout {
    topics: Vec<(String, Uuid)>,
    slots: Vec<Slot>,
    acks: i16,
    transactional_id: Option<String>,
}

/// A request whose batches stand in their owners' queues.
pub struct Enqueued {
    version: i16,
    layout: Layout,
    answers: Vec<(Vec<usize>, super::router::PendingAnswer)>,
}

/// Stage one. `body` is the request's body with the batches in it.
pub async fn enqueue(
    ctx: &Context,
    meta: &RequestMeta,
    mut body: BytesMut,
) -> Result<Enqueued, Close> {
    let mut layout = {
        let request: ProduceRequest<'_> = super::decode(meta, &body)?;
        lay_out(&ctx.image(), meta, &request, &body)
    };
    if layout.transactional_id.is_some() {
        // In a box: most requests have no need of its room.
        Box::pin(verify(ctx, meta, &mut layout, &body)).await?;
    }
    let mut by_shard: BTreeMap<u16, Share> = BTreeMap::new();
    // From the back, so that each batch can be split off the end of what is left of the frame.
    for (at, slot) in layout.slots.iter().enumerate().rev() {
        if slot.records.is_empty() {
            continue;
        }
        let mut batch = body.split_off(slot.records.start);
        batch.truncate(slot.records.len());
        if let Ok(id) = slot.target {
            let (slots, parts) = by_shard.entry(ctx.router.owner(id).0).or_default();
            slots.push(at);
            parts.push((id, batch, slot.guard));
        }
    }
    let rules = ProduceRules {
        version: meta.version,
        acks: layout.acks,
        transactional: layout.transactional_id.is_some(),
        guarded: layout.transactional_id.is_none() || ctx.config().transaction_verification,
        own: false,
    };
    let mut answers = Vec::with_capacity(by_shard.len());
    for (shard, (slots, parts)) in by_shard {
        let call = Call::Produce(Produce { parts, rules });
        answers.push((slots, ctx.router.start(shard, call).await?));
    }
    Ok(Enqueued {
        version: meta.version,
        layout,
        answers,
    })
}

/// Has the transactional batches of a request verified: notes the guard of each, or why it must not be appended.
async fn verify(
    ctx: &Context,
    meta: &RequestMeta,
    layout: &mut Layout,
    body: &[u8],
) -> Result<(), Close> {
    let mut asked = Vec::new();
    let mut batches = Vec::new();
    let mut producers = BTreeSet::new();
    for (at, slot) in layout.slots.iter().enumerate() {
        // What is no batch is refused by its owner.
        let header = BatchHeader::parse(&body[slot.records.clone()]).ok();
        let header = header.filter(|h| h.has_producer() && h.attributes.is_transactional());
        if let (Ok(id), Some(header)) = (slot.target, header) {
            asked.push(at);
            batches.push((id, header.base_sequence));
            producers.insert((header.producer_id, header.producer_epoch));
        }
    }
    let Some((producer_id, epoch)) = producers.pop_first() else {
        return Ok(());
    };
    if !producers.is_empty() {
        // One request is one producer's: Kafka refuses all of it.
        let refused = Err(ErrorCode::INVALID_PRODUCER_ID_MAPPING);
        let slots = layout.slots.iter_mut().filter(|s| s.target.is_ok());
        slots.for_each(|slot| slot.target = refused);
        return Ok(());
    }
    let txn = Transaction {
        id: layout.transactional_id.as_deref().unwrap_or_default(),
        producer_id,
        epoch,
        part: Part::of_produce(meta.version),
    };
    let guards = txn_verify::guards(ctx, txn, &batches).await?;
    for (at, guard) in asked.into_iter().zip(guards) {
        match guard {
            Ok(guard) => layout.slots[at].guard = guard,
            Err(code) => layout.slots[at].target = Err(code),
        }
    }
    Ok(())
}

impl Enqueued {
    /// Stage two: waits for every batch. `None` is the answer to acks=0.
    pub async fn finish(self) -> Result<Option<ProduceResponse<'static>>, Close> {
        let refusals = self
            .layout
            .slots
            .iter()
            .map(|s| Produced::refused(s.target.err().unwrap_or_default()));
        let mut produced: Vec<Produced> = refusals.collect();
        for (slots, pending) in self.answers {
            let Answer::Produce(parts) = pending.await? else {
                return Err(Close::internal(
                    "a shard gave another answer than a Produce's",
                ));
            };
            for (slot, part) in slots.into_iter().zip(parts) {
                produced[slot] = part;
            }
        }
        if self.layout.acks != 0 {
            return Ok(Some(respond(self.version, self.layout, produced)));
        }
        // Kafka's way to tell an acks=0 producer that something is wrong: the connection closes.
        match produced
            .iter()
            .zip(&self.layout.slots)
            .find(|(p, _)| p.error != ErrorCode::NONE)
        {
            None => Ok(None),
            Some((p, slot)) => Err(Close::new(format!(
                "Produce with acks=0 to {}-{} failed: {}; closing is the only way to tell the producer",
                self.layout.topics[slot.topic].0,
                slot.partition,
                p.error.name()
            ))),
        }
    }
}

fn lay_out(image: &Image, meta: &RequestMeta, request: &ProduceRequest<'_>, body: &[u8]) -> Layout {
    let mut slots: Vec<Slot> = Vec::new();
    let mut topics = Vec::with_capacity(request.topic_data.len());
    let mut seen: BTreeMap<PartitionId, usize> = BTreeMap::new();
    let bad_acks = !(-1..=1).contains(&request.acks);
    for data in &request.topic_data {
        let topic = if meta.version >= 13 {
            image.topics.with_id(data.topic_id)
        } else {
            image.topics.named(&data.name)
        };
        topics.push((data.name.clone().into_owned(), data.topic_id));
        for part in &data.partition_data {
            let records = range_in(body, borrowed(&part.records));
            let target = match topic {
                _ if bad_acks => Err(ErrorCode::INVALID_REQUIRED_ACKS),
                None if meta.version >= 13 => Err(ErrorCode::UNKNOWN_TOPIC_ID),
                None => Err(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION),
                Some(t) if t.internal && &*meta.client_id != ADMIN_CLIENT => {
                    Err(ErrorCode::INVALID_TOPIC_EXCEPTION)
                }
                Some(t) if t.partition(part.index).is_none() => {
                    Err(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION)
                }
                // Empty records are invalid; null ones Kafka never answers, and an answer is better than silence.
                Some(_) if records.is_empty() => Err(ErrorCode::INVALID_RECORD),
                Some(t) => Ok(PartitionId {
                    topic: t.id,
                    partition: part.index,
                }),
            };
            let slot = Slot {
                topic: topics.len() - 1,
                partition: part.index,
                target,
                records,
                guard: Guard::NONE,
            };
            // A partition named twice: one append (the last), one answer, as Kafka's map of partitions has it.
            match target.ok().and_then(|id| seen.insert(id, slots.len())) {
                Some(earlier) => {
                    slots[earlier].target = Err(ErrorCode::NONE);
                    slots[earlier].topic = usize::MAX;
                    slots.push(slot);
                }
                None => slots.push(slot),
            }
        }
    }
    Layout {
        topics,
        slots,
        acks: request.acks,
        transactional_id: request.transactional_id.as_deref().map(str::to_owned),
    }
}

/// The records of a decoded request: a slice of its frame.
fn borrowed<'a>(records: &Records<'a>) -> &'a [u8] {
    match records {
        Records::Borrowed(bytes) => bytes,
        Records::None | Records::Parts(_) => &[],
    }
}

/// Where `part`, a slice of `whole`, stands in it.
fn range_in(whole: &[u8], part: &[u8]) -> Range<usize> {
    if part.is_empty() {
        return whole.len()..whole.len();
    }
    let start = part.as_ptr().addr() - whole.as_ptr().addr();
    start..start + part.len()
}

fn respond(version: i16, layout: Layout, produced: Vec<Produced>) -> ProduceResponse<'static> {
    let mut responses: Vec<TopicProduceResponse<'static>> = layout
        .topics
        .into_iter()
        .map(|(name, topic_id)| TopicProduceResponse {
            name: name.into(),
            topic_id,
            ..Default::default()
        })
        .collect();
    for (slot, p) in layout.slots.iter().zip(produced) {
        if let Some(topic) = responses.get_mut(slot.topic) {
            topic
                .partition_responses
                .push(partition_response(version, slot.partition, p));
        }
    }
    ProduceResponse {
        responses,
        ..Default::default()
    }
}

fn partition_response(version: i16, index: i32, p: Produced) -> PartitionProduceResponse<'static> {
    let record_errors =
        p.record_errors
            .into_iter()
            .map(|(batch_index, message)| BatchIndexAndErrorMessage {
                batch_index,
                batch_index_error_message: Some(message.into()),
            });
    PartitionProduceResponse {
        index,
        error_code: p.error,
        base_offset: p.base_offset,
        log_append_time_ms: p.log_append_time,
        log_start_offset: p.log_start_offset,
        // Versions before 8 have no place for the reasons.
        record_errors: if version >= 8 {
            record_errors.collect()
        } else {
            Vec::new()
        },
        error_message: if version >= 8 {
            p.message.map(Into::into)
        } else {
            None
        },
        ..Default::default()
    }
}
