//! A producer's connection to one leader: requests in flight, their answers.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::Ordering;

use ottla_protocol::api::ResponseHeader;
use ottla_protocol::messages::produce::{ProduceRequest, ProduceResponse};
use ottla_protocol::wire::{Decode, Reader};

use super::accumulate::Pending;
use super::poll::Poll;
use super::tally::{Tally, add};
use crate::wire::conn::Conn;
use crate::wire::produce::{Head, Part, Request};
use crate::wire::template::{Sender, Template};

/// Requests of a producer that wait to be used again.
const SPARE_MAX: usize = 8;

/// The connection.
#[derive(Debug)]
pub struct Lane {
    conn: Conn<Request>,
    token: u64,
    watching_room: bool,
    correlation: i32,
    in_flight: VecDeque<(i32, Vec<Pending>)>,
    spare: Vec<Request>,
    /// Its partitions that have a batch to send.
    pub ready: VecDeque<usize>,
    /// The partitions it leads, and which is next when there is no pace.
    pub partitions: Vec<usize>,
    /// See above.
    pub next: usize,
}

/// An idempotent producer's numbers.
#[derive(Debug)]
pub struct Sequences {
    /// As the broker gave them; -1 when not idempotent.
    pub id: (i64, i16),
    /// The next of each partition; empty when not idempotent.
    pub next: Vec<i32>,
}

impl Sequences {
    fn take(&mut self, partition: usize, count: usize) -> Sender {
        let sequence = match self.next.get_mut(partition) {
            // After the largest number comes 0.
            Some(next) => std::mem::replace(next, (*next + count as i32) & i32::MAX),
            None => -1,
        };
        Sender {
            id: self.id.0,
            epoch: self.id.1,
            sequence,
        }
    }
}

impl Lane {
    /// Connects to the leader of `partitions`.
    pub fn connect(address: SocketAddr, partitions: Vec<usize>, token: u64) -> io::Result<Self> {
        Ok(Self {
            conn: Conn::connect(address)?,
            token,
            watching_room: false,
            correlation: 0,
            in_flight: VecDeque::new(),
            spare: Vec::new(),
            ready: VecDeque::new(),
            partitions,
            next: 0,
        })
    }

    /// Has `poll` watch it.
    pub fn watch(&self, poll: &Poll) -> io::Result<()> {
        poll.add(&self.conn, self.token)
    }

    /// Requests that are not answered, or, with acks=0, not sent.
    pub fn waiting(&self) -> usize {
        self.in_flight.len()
    }

    /// Queues one request of `batches`.
    pub fn request(
        &mut self,
        head: &Head,
        template: &Template,
        sequences: &mut Sequences,
        batches: Vec<Pending>,
    ) {
        let part = |b: &Pending| (b.partition, b.count, sequences.take(b.partition, b.count));
        let senders: Vec<_> = batches.iter().map(part).collect();
        let parts: Vec<_> = batches
            .iter()
            .zip(senders)
            .map(|(b, (partition, count, by))| Part {
                partition: partition as i32,
                count,
                stamps: &b.stamps,
                keys: &b.keys,
                by,
            })
            .collect();
        let mut request = self.spare.pop().unwrap_or_default();
        request.fill(head, template, self.correlation, &parts);
        self.in_flight.push_back((self.correlation, batches));
        self.correlation = self.correlation.wrapping_add(1);
        self.conn.push(request);
    }

    /// Sends what the socket takes.
    pub fn send(&mut self, poll: &Poll) -> io::Result<()> {
        let spare = &mut self.spare;
        self.conn.send(|request| {
            if spare.len() < SPARE_MAX {
                spare.push(request);
            }
        })?;
        let wants = self.conn.wants_to_send();
        if wants != self.watching_room {
            poll.watch_room(&self.conn, self.token, wants)?;
            self.watching_room = wants;
        }
        Ok(())
    }

    /// With acks=0, a request that is sent whole is as good as answered.
    pub fn settle_unanswered(&mut self, now: u64, book: &Book<'_>, mut done: impl FnMut(Pending)) {
        if self.conn.wants_to_send() {
            return;
        }
        for (_, batches) in self.in_flight.drain(..) {
            add(&book.tally.requests, 1);
            for batch in batches {
                book.acknowledged(&batch, now);
                done(batch);
            }
        }
    }

    /// Reads answers. Batches of answered requests go to `done`.
    pub fn receive(
        &mut self,
        now: u64,
        version: i16,
        book: &Book<'_>,
        mut done: impl FnMut(Pending),
    ) -> io::Result<()> {
        self.conn.read()?;
        while let Some(frame) = self.conn.frame()? {
            let (correlation, batches) = self
                .in_flight
                .pop_front()
                .ok_or_else(|| io::Error::other("an answer to no request"))?;
            let answer = answer(frame, version)
                .map_err(|e| io::Error::other(format!("produce answer: {e}")))?;
            if answer.0 != correlation {
                let what = format!("answer {} came for request {correlation}", answer.0);
                return Err(io::Error::other(what));
            }
            book.answered(&answer.1, &batches, now);
            batches.into_iter().for_each(&mut done);
        }
        Ok(())
    }
}

fn answer(
    frame: &[u8],
    version: i16,
) -> Result<(i32, ProduceResponse<'_>), ottla_protocol::wire::DecodeError> {
    let mut r = Reader::new(frame);
    let key = <ProduceRequest<'_> as ottla_protocol::api::Request>::KEY;
    let header = ResponseHeader::decode(&mut r, key, version)?;
    Ok((
        header.correlation_id,
        ProduceResponse::decode(&mut r, version)?,
    ))
}

/// Where a thread writes down what became of batches.
#[derive(Debug, Clone, Copy)]
pub struct Book<'a> {
    /// The thread's counters.
    pub tally: &'a Tally,
    /// Sizes of batches.
    pub template: &'a Template,
    /// Bytes of a value.
    pub value_bytes: usize,
}

impl Book<'_> {
    fn answered(&self, answer: &ProduceResponse<'_>, batches: &[Pending], now: u64) {
        add(&self.tally.requests, 1);
        let parts: Vec<_> = answer
            .responses
            .iter()
            .flat_map(|t| &t.partition_responses)
            .collect();
        for (at, batch) in batches.iter().enumerate() {
            let of = |p: &&&ottla_protocol::messages::produce::PartitionProduceResponse<'_>| {
                p.index == batch.partition as i32
            };
            let same_place = parts.get(at).filter(of);
            let Some(part) = same_place.or_else(|| parts.iter().find(of)) else {
                self.tally.refuse(batch.count as u64, "not in the answer");
                continue;
            };
            if part.error_code.is_error() {
                self.tally
                    .refuse(batch.count as u64, part.error_code.name());
            } else {
                self.acknowledged(batch, now);
            }
        }
    }

    fn acknowledged(&self, batch: &Pending, now: u64) {
        let (tally, count) = (self.tally, batch.count as u64);
        let each = count / batch.stamps.len() as u64;
        tally.latencies(now, batch.stamps.iter().copied(), each);
        add(&tally.records, count);
        add(&tally.batches, 1);
        add(&tally.value_bytes, count * self.value_bytes as u64);
        add(&tally.batch_bytes, self.template.len(batch.count) as u64);
    }
}

/// True once a run is over.
pub fn is_set(flag: &std::sync::atomic::AtomicBool) -> bool {
    flag.load(Ordering::Relaxed)
}
