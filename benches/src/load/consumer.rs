//! A thread that is many consumers. They read partitions directly, without groups, in incremental fetch sessions.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use ottla_protocol::api::{Request, ResponseHeader, encode_request};
use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::messages::fetch::{
    FetchPartition, FetchRequest, FetchResponse, FetchTopic, PartitionData,
};
use ottla_protocol::wire::{Decode, Reader, Records};

use super::clock::Clock;
use super::lane::is_set;
use super::poll::Poll;
use super::tally::{Tally, add};
use crate::wire::cluster::CLIENT;
use crate::wire::conn::Conn;
use crate::wire::scan;
use crate::workload::ConsumerKnobs;

const TURN: Duration = Duration::from_millis(50);

/// What all consumers have in common.
#[derive(Debug)]
pub struct Common {
    /// Time.
    pub clock: Clock,
    /// The client's properties.
    pub knobs: ConsumerKnobs,
    /// Version of Fetch.
    pub version: i16,
    /// Bytes of a value.
    pub value_bytes: usize,
    /// Whether the stamp of every record is looked at, or of one per batch.
    pub every_stamp: bool,
    /// Consumers rest until this is set.
    pub reading: AtomicBool,
    /// The run is over.
    pub stop: AtomicBool,
}

/// A partition to read.
#[derive(Debug, Clone)]
pub struct Assigned {
    /// Its topic.
    pub topic: Arc<str>,
    /// Its number.
    pub partition: i32,
    /// Who leads it.
    pub leader: SocketAddr,
    /// Where to begin.
    pub offset: i64,
}

/// A consumer's connection to one leader.
#[derive(Debug)]
pub struct Fetcher {
    common: Arc<Common>,
    conn: Conn<Vec<u8>>,
    token: u64,
    partitions: Vec<(Assigned, bool)>,
    /// Position of a partition in the list above.
    places: BTreeMap<(Arc<str>, i32), usize>,
    session: (i32, i32),
    correlation: i32,
    waiting: bool,
    watching_room: bool,
}

/// One consumer's connections, one for each leader of its partitions.
pub fn connect(
    common: &Arc<Common>,
    assigned: Vec<Assigned>,
    first_token: u64,
) -> io::Result<Vec<Fetcher>> {
    let mut by_leader: BTreeMap<SocketAddr, Vec<(Assigned, bool)>> = BTreeMap::new();
    for partition in assigned {
        let leader = by_leader.entry(partition.leader).or_default();
        leader.push((partition, true));
    }
    let one = |(at, (leader, partitions)): (usize, (SocketAddr, Vec<(Assigned, bool)>))| {
        let place = |(at, (p, _)): (usize, &(Assigned, bool))| ((p.topic.clone(), p.partition), at);
        Ok(Fetcher {
            common: common.clone(),
            conn: Conn::connect(leader)?,
            token: first_token + at as u64,
            places: partitions.iter().enumerate().map(place).collect(),
            partitions,
            session: (0, 0),
            correlation: 0,
            waiting: false,
            watching_room: false,
        })
    };
    by_leader.into_iter().enumerate().map(one).collect()
}

impl Fetcher {
    /// Asks for what comes next. In a session only partitions that moved are named.
    fn ask(&mut self) -> io::Result<()> {
        let knobs = &self.common.knobs;
        let whole = self.session.1 == 0;
        let mut topics: Vec<FetchTopic<'_>> = Vec::new();
        for (partition, moved) in &mut self.partitions {
            if !std::mem::take(moved) && !whole {
                continue;
            }
            let entry = FetchPartition {
                partition: partition.partition,
                fetch_offset: partition.offset,
                partition_max_bytes: knobs.partition_bytes,
                ..Default::default()
            };
            match topics.last_mut().filter(|t| t.topic == *partition.topic) {
                Some(topic) => topic.partitions.push(entry),
                None => topics.push(FetchTopic {
                    topic: partition.topic.to_string().into(),
                    partitions: vec![entry],
                    ..Default::default()
                }),
            }
        }
        let request = FetchRequest {
            max_wait_ms: knobs.max_wait_ms,
            min_bytes: knobs.min_bytes,
            max_bytes: knobs.max_bytes,
            session_id: self.session.0,
            session_epoch: self.session.1,
            topics,
            ..Default::default()
        };
        self.correlation += 1;
        let frame = encode_request(
            &request,
            self.common.version,
            self.correlation,
            Some(CLIENT),
        )
        .map_err(|e| io::Error::other(format!("fetch: {e}")))?;
        self.conn.push(frame.into_bytes().into());
        self.waiting = true;
        Ok(())
    }

    fn send(&mut self, poll: &Poll) -> io::Result<()> {
        self.conn.send(drop)?;
        let wants = self.conn.wants_to_send();
        if wants != self.watching_room {
            poll.watch_room(&self.conn, self.token, wants)?;
            self.watching_room = wants;
        }
        Ok(())
    }

    fn receive(&mut self, tally: &Tally) -> io::Result<()> {
        self.conn.read()?;
        let Self {
            common,
            conn,
            partitions,
            places,
            session,
            waiting,
            ..
        } = self;
        while let Some(frame) = conn.frame()? {
            *waiting = false;
            let now = common.clock.now();
            let bad = |e: &dyn std::fmt::Display| io::Error::other(format!("fetch answer: {e}"));
            let mut r = Reader::new(frame);
            ResponseHeader::decode(&mut r, <FetchRequest<'_> as Request>::KEY, common.version)
                .map_err(|e| bad(&e))?;
            let answer = FetchResponse::decode(&mut r, common.version).map_err(|e| bad(&e))?;
            add(&tally.requests, 1);
            if lost_session(answer.error_code) {
                *session = (0, 0);
                continue;
            }
            if answer.error_code.is_error() {
                return Err(bad(&answer.error_code));
            }
            *session = match (answer.session_id, session.1) {
                (0, _) => (0, 0),
                (id, epoch) => (id, if epoch == i32::MAX { 1 } else { epoch + 1 }),
            };
            for topic in &answer.responses {
                let name: Arc<str> = Arc::from(&*topic.topic);
                for data in &topic.partitions {
                    if let Some(at) = places.get(&(name.clone(), data.partition_index)) {
                        take(common, tally, &mut partitions[*at], data, now);
                    }
                }
            }
        }
        Ok(())
    }
}

fn lost_session(code: ErrorCode) -> bool {
    matches!(
        code,
        ErrorCode::FETCH_SESSION_ID_NOT_FOUND | ErrorCode::INVALID_FETCH_SESSION_EPOCH
    )
}

fn take(
    common: &Common,
    tally: &Tally,
    (partition, moved): &mut (Assigned, bool),
    data: &PartitionData<'_>,
    now: u64,
) {
    if data.error_code.is_error() {
        tally.refuse(1, data.error_code.name());
        *moved = true;
        return;
    }
    let Records::Borrowed(bytes) = data.records else {
        return;
    };
    for batch in scan::batches(bytes) {
        if batch.next_offset <= partition.offset {
            continue; // before what was asked for: a batch is given whole
        }
        let records = batch.records as u64;
        if common.every_stamp {
            tally.latencies(now, batch.stamps(usize::MAX), 1);
        } else {
            tally.latencies(now, batch.stamps(1), records);
        }
        add(&tally.records, records);
        add(&tally.batches, 1);
        add(&tally.value_bytes, records * common.value_bytes as u64);
        add(&tally.batch_bytes, batch.bytes.len() as u64);
        partition.offset = batch.next_offset;
        *moved = true;
    }
}

/// Runs consumers until the end. Their tokens are their positions.
pub fn run(mut fetchers: Vec<Fetcher>, common: &Common, tally: &Tally) -> io::Result<()> {
    let mut poll = Poll::new()?;
    for fetcher in &fetchers {
        poll.add(&fetcher.conn, fetcher.token)?;
    }
    while !is_set(&common.reading) {
        if is_set(&common.stop) {
            return Ok(());
        }
        std::thread::sleep(TURN);
    }
    for fetcher in &mut fetchers {
        fetcher.ask()?;
        fetcher.send(&poll)?;
    }
    let mut woken = Vec::new();
    while !is_set(&common.stop) {
        woken.extend(poll.wait(TURN)?);
        for token in woken.drain(..) {
            let fetcher = &mut fetchers[token as usize];
            fetcher.receive(tally)?;
            if !fetcher.waiting {
                fetcher.ask()?;
            }
            fetcher.send(&poll)?;
        }
    }
    Ok(())
}
