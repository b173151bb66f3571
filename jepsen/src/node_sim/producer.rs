//! Producers. An idempotent one has up to five requests in flight and sends them again, the same and in the same order,
//! until they are acknowledged. Any other sends each batch once, with acks 0, 1 or all, and never learns what became
//! of those whose connection broke.

use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;
use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::messages::init_producer_id::InitProducerIdRequest;
use ottla_protocol::messages::produce::{PartitionProduceData, ProduceRequest, TopicProduceData};
use ottla_protocol::wire::Records;
use ottla_runtime::time;

use super::client::{Broken, Client};
use super::slot::{Floor, Sent};
use super::wire::Wire;
use crate::client::batch::{Sender, encode};
use crate::kill::value::Identity;

/// Requests in flight at most: as many batches per partition as a broker must remember (KIP-98).
const WINDOW: usize = 5;
/// The first version that names topics by id: what is meant for a deleted topic cannot reach the next of its name.
const VERSION: i16 = 13;
/// Without a producer id.
const NOBODY: Sender = Sender {
    id: -1,
    epoch: -1,
    sequence: -1,
};

#[derive(Clone)]
struct Batch {
    slot: usize,
    first: u64,
    count: u32,
    bytes: Bytes,
}

/// What one request carries: at most one batch per slot.
struct Flight {
    batches: Vec<Batch>,
    floors: Vec<Floor>,
}

/// How a producer asks for acknowledgements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// acks=all, with sequences.
    Idempotent,
    /// Without sequences: -1, 0 or 1.
    Plain(i16),
}

/// One producer.
pub struct Producer {
    client: Client,
    number: u32,
    kind: Kind,
    /// Largest value and most records of a batch.
    largest: (u64, u64),
    /// Id and epoch from the broker, and per slot the record number that has sequence 0 under this id.
    id: Option<(i64, i16)>,
    session: u64,
    zero: BTreeMap<usize, u64>,
    next: BTreeMap<usize, u64>,
    flights: VecDeque<Flight>,
}

impl Producer {
    /// Producer `number`, not connected yet.
    pub fn new(client: Client, number: u32, kind: Kind, largest: (u64, u64)) -> Self {
        Self {
            client,
            number,
            kind,
            largest,
            id: None,
            session: 0,
            zero: BTreeMap::new(),
            next: BTreeMap::new(),
            flights: VecDeque::new(),
        }
    }

    /// Produces until the scenario ends and everything in flight is decided.
    pub async fn run(mut self) {
        loop {
            if let Some(mut wire) = self.client.connect().await {
                match self.converse(&mut wire).await {
                    Ok(()) => break,
                    Err(why) => self.client.ended(&why),
                }
            }
            if self.kind != Kind::Idempotent {
                self.flights.clear(); // never known, never sent again
            }
            if self.is_over() {
                break;
            }
            self.client.pause().await;
        }
        self.client.shared.ledger.borrow_mut().finished += 1;
    }

    fn is_over(&self) -> bool {
        self.flights.is_empty() && self.client.shared.ledger.borrow().ending
    }

    async fn converse(&mut self, wire: &mut Wire) -> Result<(), Broken> {
        self.drop_deleted();
        for at in 0..self.flights.len() {
            self.client.shared.ledger.borrow_mut().counts.resent += 1;
            self.send(wire, at).await?;
        }
        loop {
            if self.is_over() {
                return Ok(());
            }
            let ending = self.client.shared.ledger.borrow().ending;
            if self.flights.is_empty() && self.kind == Kind::Idempotent {
                // A fresh id now and then: its sequences begin at 0 again.
                if self.id.is_none() || self.client.rng.below(30) == 0 {
                    self.new_id(wire).await?;
                }
            }
            while !ending && self.flights.len() < WINDOW {
                let Some(flight) = self.compose() else {
                    break;
                };
                self.flights.push_back(flight);
                self.send(wire, self.flights.len() - 1).await?;
                if self.kind == Kind::Plain(0) {
                    self.flights.pop_back();
                    break;
                }
                if self.client.rng.below(3) == 0 {
                    break; // not always a full window
                }
            }
            if !self.flights.is_empty() {
                self.receive(wire).await?;
            }
            self.client.pause().await;
        }
    }

    /// What was meant for a topic that somebody deletes is not sent again.
    fn drop_deleted(&mut self) {
        let ledger = self.client.shared.ledger.borrow();
        for flight in &mut self.flights {
            flight.batches.retain(|b| ledger.slots[b.slot].live);
        }
        self.flights.retain(|f| !f.batches.is_empty());
    }

    async fn new_id(&mut self, wire: &mut Wire) -> Result<(), Broken> {
        let request = InitProducerIdRequest {
            transactional_id: None,
            transaction_timeout_ms: 60_000,
            producer_id: -1,
            producer_epoch: -1,
            ..Default::default()
        };
        let answer = wire.call(&request, 4, |r| {
            (r.error_code, r.producer_id, r.producer_epoch)
        });
        let (code, id, epoch) = answer.await?;
        if code.is_error() {
            return Err(self.client.refused("InitProducerId", code));
        }
        let mut ledger = self.client.shared.ledger.borrow_mut();
        if !ledger.producer_ids.insert(id) {
            return Err(format!("producer id {id} was given twice").into());
        }
        drop(ledger);
        self.client.tell(|| format!("has producer id {id}"));
        self.id = Some((id, epoch));
        self.session += 1;
        self.zero.clone_from(&self.next);
        Ok(())
    }

    /// A request of one to three batches.
    fn compose(&mut self) -> Option<Flight> {
        let live = self.client.shared.ledger.borrow().live();
        let mut flight = Flight {
            batches: Vec::new(),
            floors: Vec::new(),
        };
        for _ in 0..1 + self.client.rng.below(3) {
            if live.is_empty() {
                break;
            }
            let slot = live[self.client.rng.below(live.len() as u64) as usize];
            if flight.batches.iter().all(|b| b.slot != slot) {
                flight.batches.push(self.batch(slot));
            }
        }
        (!flight.batches.is_empty()).then_some(flight)
    }

    fn batch(&mut self, slot: usize) -> Batch {
        let rng = &mut self.client.rng;
        let (count, length) = match rng.below(12) {
            0 => (1, self.largest.0 * self.largest.1 / 2),
            _ => (1 + rng.below(self.largest.1), rng.below(self.largest.0)),
        };
        // Mostly now, sometimes a while ago: producers' clocks differ.
        let age = match rng.below(8) {
            0 => rng.below(5_000),
            _ => 0,
        };
        let timestamp = time::wall_ms() - age as i64;
        let next = self.next.entry(slot).or_default();
        let first = *next;
        *next += count;
        let (number, in_slot) = (self.number, slot as u32);
        let record = |n| {
            Identity {
                producer: number,
                slot: in_slot,
                number: n,
            }
            .encode(length as usize)
        };
        let values: Vec<_> = (first..first + count).map(record).collect();
        let sender = match (self.kind, self.id) {
            (Kind::Idempotent, Some((id, epoch))) => Sender {
                id,
                epoch,
                sequence: (first - self.zero.get(&slot).copied().unwrap_or(0)) as i32,
            },
            _ => NOBODY,
        };
        let bytes = Bytes::from(encode(sender, timestamp, &values));
        let sent = Sent {
            count: count as u32,
            bytes: bytes.len() as u64,
            timestamp,
            session: (self.kind == Kind::Idempotent).then_some(self.session),
        };
        self.client.shared.ledger.borrow_mut().slots[slot].issue(number, first, sent);
        Batch {
            slot,
            first,
            count: count as u32,
            bytes,
        }
    }

    async fn send(&mut self, wire: &mut Wire, at: usize) -> Result<(), Broken> {
        let acks = match self.kind {
            Kind::Idempotent => -1,
            Kind::Plain(acks) => acks,
        };
        let mut request = ProduceRequest {
            acks,
            timeout_ms: 30_000,
            ..Default::default()
        };
        let flight = &mut self.flights[at];
        flight.floors.clear();
        let mut what = Vec::new();
        {
            let ledger = self.client.shared.ledger.borrow();
            for batch in &flight.batches {
                let slot = &ledger.slots[batch.slot];
                flight.floors.push(slot.floor());
                let data = PartitionProduceData {
                    index: slot.partition,
                    records: Records::Parts(vec![batch.bytes.clone()]),
                };
                what.push(format!("{} {}+{}", slot.name(), batch.first, batch.count));
                let topics = &mut request.topic_data;
                match topics.iter_mut().find(|t| t.topic_id == slot.id) {
                    Some(topic) => topic.partition_data.push(data),
                    None => topics.push(TopicProduceData {
                        topic_id: slot.id,
                        partition_data: vec![data],
                        ..Default::default()
                    }),
                }
            }
        }
        self.client.tell(|| format!("sends {}", what.join(", ")));
        match acks {
            0 => wire.send_unanswered(&request, VERSION).await?,
            _ => wire.send(&request, VERSION).await?,
        }
        Ok(())
    }

    /// Takes the oldest answer. Batches acknowledged in it are done; the flight stays while one of its batches is not.
    async fn receive(&mut self, wire: &mut Wire) -> Result<(), Broken> {
        let answer = wire.receive::<ProduceRequest<'_>, _>(|response| {
            let flat = response
                .responses
                .iter()
                .flat_map(|t| t.partition_responses.iter().map(move |p| (t, p)));
            flat.map(|(t, p)| {
                (
                    (t.topic_id, p.index),
                    (p.error_code, p.base_offset, p.log_start_offset),
                )
            })
            .collect::<BTreeMap<_, _>>()
        });
        let answers = answer.await?;
        let Some(mut flight) = self.flights.pop_front() else {
            return Err("an answer to nothing".to_owned().into());
        };
        let mut refused = None;
        let mut left = Vec::new();
        for (batch, floor) in flight.batches.iter().zip(&flight.floors) {
            let place = {
                let slot = &self.client.shared.ledger.borrow().slots[batch.slot];
                (slot.id, slot.partition)
            };
            let Some(&(code, offset, start)) = answers.get(&place) else {
                return Err(format!("an answer that lacks {place:?}").into());
            };
            if code.is_error() {
                refused = self.refused(batch, code).or(refused);
                left.push(batch.clone());
            } else {
                self.acked(batch, offset, start, *floor)?;
            }
        }
        flight.batches = left;
        let Some(why) = refused else {
            return Ok(());
        };
        match (self.kind, self.id) {
            (Kind::Idempotent, Some(_)) => self.flights.push_front(flight),
            (Kind::Idempotent, None) => {
                self.flights.push_front(flight);
                self.abandon();
            }
            (Kind::Plain(_), _) => {}
        }
        Err(why)
    }

    /// A new id comes, and what was in flight is as good as a plain producer's: it may be appended yet, behind what is sent
    /// under the new id.
    fn abandon(&mut self) {
        let mut ledger = self.client.shared.ledger.borrow_mut();
        for batch in self.flights.drain(..).flat_map(|flight| flight.batches) {
            ledger.slots[batch.slot].abandon(self.number, batch.first);
        }
    }

    fn refused(&mut self, batch: &Batch, code: ErrorCode) -> Option<Broken> {
        let (name, live) = {
            let slot = &self.client.shared.ledger.borrow().slots[batch.slot];
            (slot.name(), slot.live)
        };
        let what = format!("{name} {}+{}", batch.first, batch.count);
        self.client
            .tell(|| format!("{what} refused: {}", code.name()));
        if !live {
            return Some(Broken::Again);
        }
        let is_first = self.zero.get(&batch.slot).copied().unwrap_or(0) == batch.first;
        let failing = self.client.shared.ledger.borrow().failing;
        if code == ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER && is_first && failing {
            // It was refused for the disk, and the next one was not: a broker takes any sequence from a producer that it
            // does not know. As in Kafka, only a new id helps.
            self.id = None;
            return Some(Broken::Again);
        }
        Some(self.client.refused(&what, code))
    }

    fn acked(&self, batch: &Batch, offset: i64, start: i64, floor: Floor) -> Result<(), Broken> {
        let now_ms = self.client.latest_ms();
        let mut ledger = self.client.shared.ledger.borrow_mut();
        ledger.counts.acked += 1;
        let slot = &mut ledger.slots[batch.slot];
        let name = slot.name();
        if offset < 0 {
            return Err(format!("{name}: acknowledged at {offset}").into());
        }
        let known = if slot.is_outdated(floor) {
            0
        } else {
            batch.count
        };
        for nth in 0..known {
            let record = Identity {
                producer: self.number,
                slot: batch.slot as u32,
                number: batch.first + u64::from(nth),
            };
            slot.know(offset + i64::from(nth), record, "acknowledged at")?;
        }
        let end = offset + i64::from(batch.count);
        slot.saw_high_watermark(end.max(floor.high_watermark), floor)?;
        let moved = slot.saw_start(start, floor, now_ms)?;
        ledger.counts.start_moves += u64::from(moved);
        drop(ledger);
        self.client
            .tell(|| format!("{name} {}+{} acked at {offset}", batch.first, batch.count));
        Ok(())
    }
}
