//! Incremental fetch sessions (KIP-227): what a consumer asked for is kept, later requests name only what changed,
//! and answers hold only partitions with news.
//!
//! Lives on: the shard that accepted the consumer's connection. A session id says which shard made it, so a consumer
//! that comes back through another shard's connection is told that the session is unknown and begins a new one.
//!
//! Invariants: a session is never empty; its epoch is 1..=i32::MAX; there are at most `slots` sessions.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::ids::Uuid;

/// Session id of a request or answer without a session.
pub const NO_SESSION: i32 = 0;
/// A session unused for this long gives way to any new one, ms.
const EVICT_AFTER_MS: i64 = 120_000;
const FINAL_EPOCH: i32 = -1;
const INITIAL_EPOCH: i32 = 0;

/// A topic as the request names it: by name up to version 12, by id from version 13.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TopicRef {
    /// By name.
    Name(String),
    /// By id.
    Id(Uuid),
}

/// What is asked of one partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Leader epoch that the client knows, -1 for none.
    pub current_leader_epoch: i32,
    /// First offset wanted.
    pub fetch_offset: i64,
    /// Epoch of the last record fetched, -1 for none (followers send it).
    pub last_fetched_epoch: i32,
    /// Most bytes wanted of this partition.
    pub max_bytes: i32,
}

/// Topic and partition number.
pub type Key = (TopicRef, i32);

/// What an answer says of a partition, as far as it decides whether the partition is sent at all.
#[derive(Clone, Copy, Debug)]
pub struct News {
    /// The partition's error.
    pub error: ErrorCode,
    /// High watermark.
    pub high_watermark: i64,
    /// First offset of the log.
    pub log_start_offset: i64,
    /// Are there records?
    pub has_records: bool,
    /// Is there anything else that the client must hear (a diverging epoch, a preferred replica)?
    pub must_send: bool,
}

struct Cached {
    wanted: Wanted,
    high_watermark: i64,
    log_start_offset: i64,
}

struct Session {
    epoch: i32,
    by_id: bool,
    used_ms: i64,
    partitions: IndexMap<Key, Cached>,
}

/// How the request at hand relates to sessions.
#[derive(Debug, PartialEq, Eq)]
pub enum Mode {
    /// Answer everything, remember nothing.
    Sessionless,
    /// Answer everything, and try to make a session of it.
    Full,
    /// Answer the news of this session.
    Incremental(i32),
}

/// What to fetch, in order, and how to answer.
#[derive(Debug)]
pub struct Plan {
    /// The relation to sessions.
    pub mode: Mode,
    /// The partitions to read, in the order in which bytes are handed out.
    pub wanted: Vec<(Key, Wanted)>,
}

/// The session part of a Fetch request.
pub struct SessionRequest {
    /// Session id, 0 for none.
    pub id: i32,
    /// Session epoch: -1 ends, 0 begins, else the next of the session.
    pub epoch: i32,
    /// Does the request name topics by id (version 13 and later)?
    pub by_id: bool,
    /// Partitions named, in order.
    pub wanted: Vec<(Key, Wanted)>,
    /// Partitions to forget.
    pub forgotten: Vec<Key>,
}

/// The sessions of one shard.
pub struct Sessions {
    slots: usize,
    shard: u16,
    shards: u16,
    sessions: BTreeMap<i32, Session>,
}

impl Sessions {
    /// At most `slots` sessions, with ids that tell `shard` of `shards`.
    pub fn new(slots: usize, shard: u16, shards: u16) -> Self {
        Self {
            slots,
            shard,
            shards,
            sessions: BTreeMap::new(),
        }
    }

    /// How many sessions there are.
    pub fn len(&self) -> usize {
        self.sessions.len()
    }

    /// Are there none?
    pub fn is_empty(&self) -> bool {
        self.sessions.is_empty()
    }

    /// Works out what a request asks for.
    ///
    /// Errors are the answer's top-level code: 70 unknown session, 71 wrong epoch, 106 ids and names mixed.
    pub fn begin(&mut self, request: SessionRequest, now_ms: i64) -> Result<Plan, ErrorCode> {
        match request.epoch {
            FINAL_EPOCH | INITIAL_EPOCH => {
                self.sessions.remove(&request.id);
                let full = request.epoch == INITIAL_EPOCH && !request.wanted.is_empty();
                Ok(Plan {
                    mode: if full { Mode::Full } else { Mode::Sessionless },
                    wanted: request.wanted,
                })
            }
            _ => self.begin_incremental(request, now_ms),
        }
    }

    fn begin_incremental(
        &mut self,
        request: SessionRequest,
        now_ms: i64,
    ) -> Result<Plan, ErrorCode> {
        let session = self
            .sessions
            .get_mut(&request.id)
            .ok_or(ErrorCode::FETCH_SESSION_ID_NOT_FOUND)?;
        if session.epoch != request.epoch {
            return Err(ErrorCode::INVALID_FETCH_SESSION_EPOCH);
        }
        if session.by_id != request.by_id {
            return Err(ErrorCode::FETCH_SESSION_TOPIC_ID_ERROR);
        }
        for (key, wanted) in request.wanted {
            if let Some(cached) = session.partitions.get_mut(&key) {
                cached.wanted = wanted;
            } else {
                session.partitions.insert(
                    key,
                    Cached {
                        wanted,
                        high_watermark: -1,
                        log_start_offset: -1,
                    },
                );
            }
        }
        for key in &request.forgotten {
            session.partitions.shift_remove(key);
        }
        if session.partitions.is_empty() {
            self.sessions.remove(&request.id);
            return Ok(Plan {
                mode: Mode::Sessionless,
                wanted: Vec::new(),
            });
        }
        session.epoch = if session.epoch == i32::MAX {
            1
        } else {
            session.epoch + 1
        };
        session.used_ms = now_ms;
        let wanted = session
            .partitions
            .iter()
            .map(|(k, c)| (k.clone(), c.wanted.clone()))
            .collect();
        Ok(Plan {
            mode: Mode::Incremental(request.id),
            wanted,
        })
    }

    /// Ends a fetch: which of the partitions (those of the plan, in its order) are sent, and under which session id.
    pub fn finish(
        &mut self,
        plan: &Plan,
        by_id: bool,
        news: &[News],
        now_ms: i64,
        random: &mut dyn FnMut() -> u64,
    ) -> (i32, Vec<bool>) {
        debug_assert_eq!(plan.wanted.len(), news.len());
        match plan.mode {
            Mode::Sessionless => (NO_SESSION, vec![true; news.len()]),
            Mode::Full => (
                self.create(plan, by_id, news, now_ms, random),
                vec![true; news.len()],
            ),
            Mode::Incremental(id) => (id, self.select(id, plan, news)),
        }
    }

    fn select(&mut self, id: i32, plan: &Plan, news: &[News]) -> Vec<bool> {
        // The session can be gone by now: its slot was given away while this fetch waited. Everything is sent then.
        let Some(session) = self.sessions.get_mut(&id) else {
            return vec![true; news.len()];
        };
        let mut sent = Vec::with_capacity(news.len());
        for ((key, _), n) in plan.wanted.iter().zip(news) {
            let Some((at, _, cached)) = session.partitions.get_full_mut(key) else {
                sent.push(true);
                continue;
            };
            sent.push(is_news(cached, n));
            // After an error the next good answer is news, whatever it says.
            cached.high_watermark = if n.error == ErrorCode::NONE {
                n.high_watermark
            } else {
                -1
            };
            cached.log_start_offset = n.log_start_offset;
            if n.has_records {
                // Fairness: who got records goes to the end of the line.
                let last = session.partitions.len() - 1;
                session.partitions.move_index(at, last);
            }
        }
        sent
    }

    fn create(
        &mut self,
        plan: &Plan,
        by_id: bool,
        news: &[News],
        now_ms: i64,
        random: &mut dyn FnMut() -> u64,
    ) -> i32 {
        if self.sessions.len() >= self.slots && !self.evict(plan.wanted.len(), now_ms) {
            return NO_SESSION;
        }
        let id = self.unused_id(random);
        let partitions = plan.wanted.iter().zip(news).map(|((key, wanted), n)| {
            let high_watermark = if n.error == ErrorCode::NONE {
                n.high_watermark
            } else {
                -1
            };
            (
                key.clone(),
                Cached {
                    wanted: wanted.clone(),
                    high_watermark,
                    log_start_offset: n.log_start_offset,
                },
            )
        });
        let partitions = partitions.collect();
        self.sessions.insert(
            id,
            Session {
                epoch: 1,
                by_id,
                used_ms: now_ms,
                partitions,
            },
        );
        id
    }

    fn unused_id(&self, random: &mut dyn FnMut() -> u64) -> i32 {
        let shards = i64::from(self.shards);
        loop {
            let drawn = (random() >> 33) as i64;
            let id = drawn - drawn % shards + i64::from(self.shard);
            match i32::try_from(id) {
                Ok(id) if id != NO_SESSION && !self.sessions.contains_key(&id) => return id,
                _ => {}
            }
        }
    }

    /// Makes room for a session of `size` partitions: the longest unused goes if it is stale, else the smallest if smaller.
    fn evict(&mut self, size: usize, now_ms: i64) -> bool {
        let stale = self.sessions.iter().min_by_key(|(_, s)| s.used_ms);
        let stale = stale
            .filter(|(_, s)| now_ms - s.used_ms > EVICT_AFTER_MS)
            .map(|(id, _)| *id);
        let smaller = || {
            let (id, s) = self
                .sessions
                .iter()
                .min_by_key(|(_, s)| s.partitions.len())?;
            (s.partitions.len() < size).then_some(*id)
        };
        match stale.or_else(smaller) {
            Some(id) => self.sessions.remove(&id).is_some(),
            None => false,
        }
    }
}

fn is_news(cached: &Cached, n: &News) -> bool {
    n.has_records
        || n.must_send
        || n.error != ErrorCode::NONE
        || n.high_watermark != cached.high_watermark
        || n.log_start_offset != cached.log_start_offset
}

#[cfg(test)]
mod tests;
