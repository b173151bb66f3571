//! An idempotent producer: up to five requests in flight, and after a broken connection the same batches again, with the same
//! sequences, in the same order, until each is acknowledged.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::messages::init_producer_id::InitProducerIdRequest;
use ottla_protocol::messages::produce::{PartitionProduceData, ProduceRequest, TopicProduceData};
use ottla_protocol::wire::Records;

use super::book::Book;
use super::check::Acked;
use super::value::Identity;
use crate::client::Client;
use crate::client::batch::{Sender, encode};
use crate::dice::Dice;

/// Requests in flight at most: as many batches per partition as a broker must remember (KIP-98).
const WINDOW: usize = 5;
/// An answer that takes longer is a complaint.
const PATIENCE: Duration = Duration::from_secs(20);
/// By name, flexible and not.
const VERSIONS: [i16; 4] = [12, 7, 9, 11];

struct Batch {
    slot: usize,
    first: u64,
    count: u32,
    bytes: Bytes,
}

/// What one request carries: at most one batch per slot.
struct Flight {
    batches: Vec<Batch>,
}

/// One producer; runs on a thread of its own.
pub struct Producer {
    number: u32,
    address: SocketAddr,
    book: Arc<Book>,
    dice: Dice,
    /// Id and epoch from the broker, and per slot the record number that has sequence 0 under this id.
    id: Option<(i64, i16)>,
    zero: Vec<u64>,
    next: Vec<u64>,
    flights: VecDeque<Flight>,
}

/// Why a connection is given up.
enum Broken {
    /// It broke, or the broker asked to try again: the usual, while brokers are killed.
    Retry,
    /// A promise was broken.
    Complaint(String),
}

impl From<io::Error> for Broken {
    fn from(e: io::Error) -> Self {
        match e.kind() {
            io::ErrorKind::InvalidData => Self::Complaint(e.to_string()),
            io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => {
                Self::Complaint(format!("no answer within {PATIENCE:?}"))
            }
            _ => Self::Retry,
        }
    }
}

impl Producer {
    /// Producer `number`, not connected yet.
    pub fn new(number: u32, address: SocketAddr, book: Arc<Book>, dice: Dice) -> Self {
        let slots = book.slots.len();
        Self {
            number,
            address,
            book,
            dice,
            id: None,
            zero: vec![0; slots],
            next: vec![0; slots],
            flights: VecDeque::new(),
        }
    }

    /// Produces until the book says stop and everything sent is acknowledged; or until a promise is broken.
    pub fn run(mut self) {
        while !(self.book.stopping() && self.flights.is_empty()) {
            let name = format!("kill-{}", self.number);
            let ended = match Client::connect(self.address, &name, PATIENCE) {
                Ok(mut client) => self.converse(&mut client),
                Err(_) => Err(Broken::Retry), // it is dead, or not up yet
            };
            match ended {
                Ok(()) => return,
                Err(Broken::Retry) => std::thread::sleep(Duration::from_millis(3)),
                Err(Broken::Complaint(what)) => {
                    self.book
                        .complain(format!("producer {}: {what}", self.number));
                    return;
                }
            }
        }
    }

    fn converse(&mut self, client: &mut Client) -> Result<(), Broken> {
        for at in 0..self.flights.len() {
            self.book.resent();
            self.send(client, at)?;
        }
        loop {
            let stopping = self.book.stopping();
            if self.flights.is_empty() {
                if stopping {
                    return Ok(());
                }
                if self.book.paused() {
                    std::thread::sleep(Duration::from_millis(1));
                    continue;
                }
                // A fresh id now and then: its sequences begin at 0 again.
                if self.id.is_none() || self.dice.one_in(40) {
                    self.new_id(client)?;
                }
            }
            while !stopping && !self.book.paused() && self.flights.len() < WINDOW {
                let flight = self.compose()?;
                self.flights.push_back(flight);
                self.send(client, self.flights.len() - 1)?;
                if self.dice.one_in(3) {
                    break; // not always a full window
                }
            }
            self.receive(client)?;
            std::thread::sleep(Duration::from_micros(self.dice.between(0, 4_000)));
        }
    }

    fn new_id(&mut self, client: &mut Client) -> Result<(), Broken> {
        let request = InitProducerIdRequest {
            transactional_id: None,
            transaction_timeout_ms: 60_000,
            producer_id: -1,
            producer_epoch: -1,
            ..Default::default()
        };
        let (code, id, epoch) = client.call(&request, 4, |r| {
            (r.error_code, r.producer_id, r.producer_epoch)
        })?;
        if code.is_error() {
            return Err(self.refused("InitProducerId", code));
        }
        if !self.book.new_producer_id(id) {
            return Err(Broken::Complaint(format!(
                "producer id {id} was given twice"
            )));
        }
        self.id = Some((id, epoch));
        self.zero.clone_from(&self.next);
        Ok(())
    }

    fn refused(&self, what: &str, code: ErrorCode) -> Broken {
        if code.retriable() {
            Broken::Retry
        } else {
            Broken::Complaint(format!("{what} was refused: {}", code.name()))
        }
    }

    /// A request of one to three batches: most small, some large.
    fn compose(&mut self) -> Result<Flight, Broken> {
        let (id, epoch) = self.id.ok_or(Broken::Retry)?;
        let slots = self.book.slots.len() as u64;
        let mut batches: Vec<Batch> = Vec::new();
        for _ in 0..self.dice.between(1, 4) {
            let slot = self.dice.between(0, slots) as usize;
            if batches.iter().any(|b| b.slot == slot) {
                continue;
            }
            let (count, length) = match self.dice.between(0, 48) {
                0 => (self.dice.between(1, 9), 100_000),      // up to 800 KB
                1 => (1, self.dice.between(60_000, 900_000)), // one large record
                2 => (self.dice.between(200, 900), 40),       // many small ones
                _ => (self.dice.between(1, 12), self.dice.between(24, 400)),
            };
            let first = self.next[slot];
            self.next[slot] += count;
            let record = |number| {
                Identity {
                    producer: self.number,
                    slot: slot as u32,
                    number,
                }
                .encode(length as usize)
            };
            let values: Vec<_> = (first..first + count).map(record).collect();
            let sequence = i32::try_from(first - self.zero[slot]).unwrap_or(i32::MAX);
            let now_ms = SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .map_or(0, |d| d.as_millis() as i64);
            let bytes = Bytes::from(encode(
                Sender {
                    id,
                    epoch,
                    sequence,
                },
                now_ms,
                &values,
            ));
            self.book.issued(slot, self.number, self.next[slot]);
            batches.push(Batch {
                slot,
                first,
                count: count as u32,
                bytes,
            });
        }
        Ok(Flight { batches })
    }

    fn send(&self, client: &mut Client, at: usize) -> Result<(), Broken> {
        let mut request = ProduceRequest {
            acks: -1,
            timeout_ms: 30_000,
            ..Default::default()
        };
        for batch in &self.flights[at].batches {
            let slot = &self.book.slots[batch.slot];
            let data = PartitionProduceData {
                index: slot.partition,
                records: Records::Parts(vec![batch.bytes.clone()]),
            };
            match request.topic_data.iter_mut().find(|t| t.name == slot.topic) {
                Some(topic) => topic.partition_data.push(data),
                None => request.topic_data.push(TopicProduceData {
                    name: slot.topic.as_str().into(),
                    partition_data: vec![data],
                    ..Default::default()
                }),
            }
        }
        let version = VERSIONS[self.number as usize % VERSIONS.len()];
        Ok(client.send(&request, version)?)
    }

    /// Takes the oldest answer. Batches acknowledged in it are done; the flight stays while one of its batches is not.
    fn receive(&mut self, client: &mut Client) -> Result<(), Broken> {
        let answers: Vec<(String, i32, ErrorCode, i64)> =
            client.receive::<ProduceRequest<'_>, _>(|response| {
                let flat = response
                    .responses
                    .iter()
                    .flat_map(|t| t.partition_responses.iter().map(move |p| (t, p)));
                flat.map(|(t, p)| (t.name.to_string(), p.index, p.error_code, p.base_offset))
                    .collect()
            })?;
        let Some(flight) = self.flights.front_mut() else {
            return Err(Broken::Complaint("an answer to nothing".to_owned()));
        };
        let mut refused = None;
        for (topic, partition, code, offset) in answers {
            let of = |b: &Batch| {
                self.book.slots[b.slot].topic == topic
                    && self.book.slots[b.slot].partition == partition
            };
            let Some(at) = flight.batches.iter().position(of) else {
                return Err(Broken::Complaint(format!(
                    "an answer for {topic}-{partition}, which was not asked"
                )));
            };
            if code.is_error() {
                refused = Some((
                    format!("record {} of {topic}-{partition}", flight.batches[at].first),
                    code,
                ));
                continue;
            }
            let Batch {
                slot, first, count, ..
            } = flight.batches.remove(at);
            self.book.acked(
                slot,
                Acked {
                    producer: self.number,
                    first,
                    count,
                    offset,
                },
            );
        }
        match refused {
            Some((what, code)) => Err(self.refused(&what, code)),
            None if flight.batches.is_empty() => {
                self.flights.pop_front();
                Ok(())
            }
            None => Err(Broken::Complaint(
                "an answer that lacks a partition".to_owned(),
            )),
        }
    }
}
