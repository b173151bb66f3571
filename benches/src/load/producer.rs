//! A thread that is many producers.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use super::accumulate::{Accumulator, Pending};
use super::clock::Clock;
use super::lane::{Book, Lane, Sequences, is_set};
use super::poll::Poll;
use super::tally::{Tally, add};
use crate::wire::cluster::Topic;
use crate::wire::produce::Head;
use crate::wire::template::Template;
use crate::workload::{KeyDistributor, ProducerKnobs};

/// Nothing waits longer than this to see that the run is over.
const TURN: Duration = Duration::from_millis(50);
/// How long answers are waited for after the end.
const LAST_ANSWERS: Duration = Duration::from_secs(30);
/// With acks=0, requests of one turn.
const UNANSWERED_A_TURN: usize = 16;

/// When records are to be sent.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// Time of the first record.
    pub start: f64,
    /// Nanoseconds between two.
    pub step: f64,
}

/// What all producers have in common.
#[derive(Debug)]
pub struct Common {
    /// Time.
    pub clock: Clock,
    /// The batch.
    pub template: Template,
    /// Bytes of a value.
    pub value_bytes: usize,
    /// The client's properties.
    pub knobs: ProducerKnobs,
    /// How records find their partition.
    pub distributor: KeyDistributor,
    /// Version of Produce.
    pub version: i16,
    /// The run is over.
    pub stop: AtomicBool,
}

/// One producer of one topic.
#[derive(Debug)]
pub struct Producer {
    common: Arc<Common>,
    head: Head,
    lanes: Vec<Lane>,
    lane_of: Vec<usize>,
    sequences: Sequences,
    paced: Option<Paced>,
    /// When it is to be looked at again; an older entry in the thread's queue is void.
    scheduled: u64,
}

#[derive(Debug)]
struct Paced {
    pace: Pace,
    sent: u64,
    accumulator: Accumulator,
}

impl Producer {
    /// Connects to all leaders. `number` tells producers of a topic apart; `first_token` names its first lane to the poll.
    pub fn connect(
        common: &Arc<Common>,
        topic: &Topic,
        number: usize,
        pace: Option<Pace>,
        id: Option<(i64, i16)>,
        first_token: u64,
    ) -> io::Result<Self> {
        let mut by_leader: BTreeMap<SocketAddr, Vec<usize>> = BTreeMap::new();
        for (partition, leader) in topic.leaders.iter().enumerate() {
            by_leader.entry(*leader).or_default().push(partition);
        }
        let mut lane_of = vec![0; topic.leaders.len()];
        let mut lanes = Vec::new();
        for (at, (leader, partitions)) in by_leader.into_iter().enumerate() {
            partitions.iter().for_each(|p| lane_of[*p] = at);
            let mut lane = Lane::connect(leader, partitions, first_token + at as u64)?;
            lane.next = number * 7; // producers begin apart
            lanes.push(lane);
        }
        let knobs = &common.knobs;
        let full = common.template.len(common.template.capacity());
        let accumulator = || {
            let capacity = common.template.capacity();
            Accumulator::new(
                common.distributor,
                topic.leaders.len(),
                capacity,
                knobs.linger.as_nanos() as u64,
                knobs.buffer_bytes / full * capacity,
                number,
            )
        };
        Ok(Self {
            head: Head {
                version: common.version,
                client: crate::wire::cluster::CLIENT.to_owned(),
                acks: knobs.acks,
                topic: topic.name.clone(),
            },
            lanes,
            sequences: Sequences {
                id: id.unwrap_or((-1, -1)),
                next: id.map_or_else(Vec::new, |_| vec![0; lane_of.len()]),
            },
            lane_of,
            paced: pace.map(|pace| Paced {
                pace,
                sent: 0,
                accumulator: accumulator(),
            }),
            scheduled: u64::MAX,
            common: common.clone(),
        })
    }

    /// How many connections it has.
    pub fn lanes(&self) -> usize {
        self.lanes.len()
    }

    /// Does what is due now; says when something is due again.
    fn step(&mut self, now: u64, poll: &Poll, tally: &Tally) -> io::Result<u64> {
        let over = is_set(&self.common.stop);
        if let Some(paced) = self.paced.as_mut().filter(|_| !over) {
            paced.generate(now, &mut self.lanes, &self.lane_of, tally);
        }
        for at in 0..self.lanes.len() {
            match self.paced {
                Some(_) => self.send_ready(at, now),
                None if !over => self.saturate(at, now, tally),
                None => {}
            }
            self.lanes[at].send(poll)?;
            if self.head.acks == 0 {
                self.settle(at, now, tally);
            }
        }
        let unanswered = self.head.acks == 0 && self.paced.is_none() && !over;
        Ok(match &self.paced {
            Some(paced) if !over => paced.due(),
            _ if unanswered && self.lanes.iter().any(|l| l.waiting() == 0) => now,
            _ => u64::MAX,
        }
        .max(now + 1))
    }

    fn settle(&mut self, at: usize, now: u64, tally: &Tally) {
        let Self {
            lanes,
            common,
            paced,
            ..
        } = self;
        let book = book(common, tally);
        lanes[at].settle_unanswered(now, &book, |batch| recycle(paced, batch));
    }

    /// Requests of all ready partitions of a lane, as long as it may have more in flight.
    fn send_ready(&mut self, at: usize, now: u64) {
        let Some(paced) = &mut self.paced else { return };
        let (lane, knobs) = (&mut self.lanes[at], &self.common.knobs);
        while lane.waiting() < knobs.in_flight && !lane.ready.is_empty() {
            let most = knobs.batches_per_request.unwrap_or(usize::MAX);
            let (mut batches, mut bytes, mut again) = (Vec::new(), 0, Vec::new());
            while batches.len() < most && bytes < knobs.request_bytes {
                let Some(partition) = lane.ready.pop_front() else {
                    break;
                };
                let Some((batch, more)) = paced.accumulator.take(partition, now) else {
                    continue;
                };
                bytes += self.common.template.len(batch.count);
                batches.push(batch);
                again.extend(more.then_some(partition));
            }
            lane.ready.extend(again);
            lane.request(
                &self.head,
                &self.common.template,
                &mut self.sequences,
                batches,
            );
        }
    }

    /// Full batches for the next partitions in turn, as many requests as may be in flight.
    fn saturate(&mut self, at: usize, now: u64, tally: &Tally) {
        let (lane, knobs) = (&mut self.lanes[at], &self.common.knobs);
        let batches = knobs.batches_per_request.unwrap_or(1);
        let batches = batches.min(lane.partitions.len());
        let most = match self.head.acks {
            0 => UNANSWERED_A_TURN,
            _ => knobs.in_flight,
        };
        let capacity = self.common.template.capacity();
        while lane.waiting() < most {
            let mut pending = Vec::with_capacity(batches);
            for _ in 0..batches {
                let partition = lane.partitions[lane.next % lane.partitions.len()];
                lane.next += 1;
                pending.push(Pending::unpaced(partition, capacity, now));
            }
            add(&tally.offered, (batches * capacity) as u64);
            lane.request(
                &self.head,
                &self.common.template,
                &mut self.sequences,
                pending,
            );
        }
    }

    fn receive(&mut self, at: usize, now: u64, tally: &Tally) -> io::Result<()> {
        let Self {
            lanes,
            common,
            paced,
            ..
        } = self;
        let book = book(common, tally);
        lanes[at].receive(now, common.version, &book, |batch| recycle(paced, batch))
    }

    fn waiting(&self) -> bool {
        self.lanes.iter().any(|l| l.waiting() > 0)
    }
}

fn book<'a>(common: &'a Common, tally: &'a Tally) -> Book<'a> {
    Book {
        tally,
        template: &common.template,
        value_bytes: common.value_bytes,
    }
}

fn recycle(paced: &mut Option<Paced>, batch: Pending) {
    if let Some(paced) = paced {
        paced.accumulator.recycle(batch);
    }
}

impl Paced {
    fn intended(&self, n: u64) -> u64 {
        (self.pace.start + n as f64 * self.pace.step) as u64
    }

    /// Every record whose time has come, unless there is no memory for it. Its time stays what it was.
    fn generate(&mut self, now: u64, lanes: &mut [Lane], lane_of: &[usize], tally: &Tally) {
        let before = self.sent;
        while !self.accumulator.is_full() {
            let stamp = self.intended(self.sent);
            if stamp > now {
                break;
            }
            self.sent += 1;
            if let Some(partition) = self.accumulator.add(stamp) {
                lanes[lane_of[partition]].ready.push_back(partition);
            }
        }
        add(&tally.offered, self.sent - before);
        while let Some(partition) = self.accumulator.expired(now) {
            lanes[lane_of[partition]].ready.push_back(partition);
        }
    }

    fn due(&self) -> u64 {
        if self.accumulator.is_full() {
            return u64::MAX; // an answer will make room
        }
        let next = self.intended(self.sent);
        self.accumulator.due(next, self.pace.step)
    }
}

/// Runs producers until the end; `tokens` says which lane of which producer a token is.
pub fn run(
    mut producers: Vec<Producer>,
    tokens: &[(usize, usize)],
    common: &Common,
    tally: &Tally,
) -> io::Result<()> {
    let mut poll = Poll::new()?;
    for lane in producers.iter().flat_map(|p| &p.lanes) {
        lane.watch(&poll)?;
    }
    let mut due: BinaryHeap<Reverse<(u64, usize)>> = BinaryHeap::new();
    let now = common.clock.now();
    due.extend((0..producers.len()).map(|n| Reverse((now, n))));
    producers.iter_mut().for_each(|p| p.scheduled = now);
    let mut woken = Vec::new();
    while !is_set(&common.stop) {
        let now = common.clock.now();
        let wait = due.peek().map_or(TURN, |Reverse((at, _))| {
            Duration::from_nanos(at.saturating_sub(now)).min(TURN)
        });
        woken.extend(poll.wait(wait)?);
        let now = common.clock.now();
        for token in woken.drain(..) {
            let (n, lane) = tokens[token as usize];
            producers[n].receive(lane, now, tally)?;
            look(n, &mut producers[n], now, &poll, tally, &mut due)?;
        }
        while let Some(&Reverse((at, n))) = due.peek() {
            if at > now {
                break;
            }
            due.pop();
            if producers[n].scheduled == at {
                look(n, &mut producers[n], now, &poll, tally, &mut due)?;
            }
        }
    }
    last_answers(&mut producers, tokens, common, tally, &mut poll)
}

fn look(
    n: usize,
    producer: &mut Producer,
    now: u64,
    poll: &Poll,
    tally: &Tally,
    due: &mut BinaryHeap<Reverse<(u64, usize)>>,
) -> io::Result<()> {
    let next = producer.step(now, poll, tally)?;
    if next != producer.scheduled {
        producer.scheduled = next;
        if next < u64::MAX {
            due.push(Reverse((next, n)));
        }
    }
    Ok(())
}

/// What is in flight at the end is waited for, so that the broker's work belongs to this run.
fn last_answers(
    producers: &mut [Producer],
    tokens: &[(usize, usize)],
    common: &Common,
    tally: &Tally,
    poll: &mut Poll,
) -> io::Result<()> {
    let end = common.clock.now() + LAST_ANSWERS.as_nanos() as u64;
    while producers.iter().any(Producer::waiting) && common.clock.now() < end {
        let woken: Vec<u64> = poll.wait(TURN)?.collect();
        let now = common.clock.now();
        for token in woken {
            let (n, lane) = tokens[token as usize];
            producers[n].receive(lane, now, tally)?;
            producers[n].step(now, poll, tally)?;
        }
    }
    Ok(())
}
