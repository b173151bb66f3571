//! Incremental fetch sessions (KIP-227), as consumers keep them: a request names only what changed, an answer only what is news.
//! What an answer leaves out must be as it was when it was last told.

use std::collections::{BTreeMap, BTreeSet};

use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::messages::fetch::{FetchRequest, FetchTopic, ForgottenTopic};

use super::client::{Broken, Client};
use super::reads::{Answer, FETCH_VERSIONS, NoRead, Read, asked, partitions};
use super::slot::Floor;
use super::wire::Wire;

/// What is left out of a request for it is so already, and out of an answer.
#[derive(Clone, Copy, Debug)]
struct Told {
    /// The position that the broker knows.
    position: i64,
    /// What the last answer said.
    high_watermark: i64,
    start: i64,
}

/// One session, or none yet.
#[derive(Default)]
pub struct Session {
    id: i32,
    epoch: i32,
    told: BTreeMap<usize, Told>,
    /// Nothing was answered on this connection yet: the broker may not know the session, or be ahead of it.
    fresh: bool,
}

/// What was read of each slot that the answer names.
pub type Reads = Vec<(usize, Result<Read, NoRead>)>;

impl Session {
    /// There is another connection now.
    pub fn reconnected(&mut self) {
        self.fresh = true;
    }

    /// Forgets what there was: the next request begins anew.
    fn end(&mut self) {
        *self = Self::default();
    }
}

impl Client {
    /// Reads several slots at once, each from its position.
    pub async fn fetch_news(
        &mut self,
        wire: &mut Wire,
        session: &mut Session,
        wanted: &BTreeMap<usize, i64>,
        bytes: i32,
        wait_ms: i32,
    ) -> Result<Reads, Broken> {
        let floors: BTreeMap<usize, Floor> = {
            let ledger = self.shared.ledger.borrow();
            wanted
                .keys()
                .map(|s| (*s, ledger.slots[*s].floor()))
                .collect()
        };
        let request = self.request(session, wanted, bytes, wait_ms);
        let version = FETCH_VERSIONS[self.rng.below(FETCH_VERSIONS.len() as u64) as usize];
        let (code, id, answers) = wire
            .call(&request, version, |r| {
                (r.error_code, r.session_id, partitions(&r))
            })
            .await?;
        let fresh = std::mem::take(&mut session.fresh);
        if code.is_error() {
            let lost = code == ErrorCode::FETCH_SESSION_ID_NOT_FOUND
                || code == ErrorCode::INVALID_FETCH_SESSION_EPOCH;
            if !(lost && fresh && session.id != 0) {
                return Err(format!("a fetch in session {}: {code}", session.id).into());
            }
            self.tell(|| format!("session {} is gone: {}", session.id, code.name()));
            session.end();
            return Ok(Vec::new());
        }
        if session.id != 0 && id != session.id {
            return Err(format!("session {} was answered as {id}", session.id).into());
        }
        let mut left: BTreeSet<usize> = wanted.keys().copied().collect();
        let (mut reads, mut empty) = (Vec::new(), true);
        for ((topic, partition), answer) in answers {
            let slot = left.iter().copied().find(|s| {
                let slot = &self.shared.ledger.borrow().slots[*s];
                slot.id == topic && slot.partition == partition
            });
            let Some(slot) = slot.filter(|s| left.remove(s)) else {
                return Err(format!("session {id}: not asked for: {topic} {partition}").into());
            };
            let (position, floor) = (wanted[&slot], floors[&slot]);
            empty &= !answer.code.is_error() && answer.bytes.is_empty();
            session.told.insert(slot, told(position, &answer));
            reads.push((slot, self.judge(slot, position, floor, answer, false)?));
        }
        self.left_out(session, &left, &floors)?;
        let waiting = wanted.iter().find(|(slot, from)| {
            let live = self.shared.ledger.borrow().slots[**slot].live;
            live && **from < floors[*slot].high_watermark
        });
        if let Some((slot, from)) = waiting.filter(|_| empty) {
            let name = self.shared.ledger.borrow().slots[*slot].name();
            return Err(format!("session {id}: nothing, but {name} has more than {from}").into());
        }
        session.told.retain(|slot, _| wanted.contains_key(slot));
        session.id = id;
        session.epoch = if id == 0 { 0 } else { session.epoch + 1 };
        for (slot, from) in wanted {
            if let Some(told) = session.told.get_mut(slot) {
                told.position = *from;
            }
        }
        Ok(reads)
    }

    /// Names what is new or has another position, and what is not wanted any more.
    fn request(
        &self,
        session: &mut Session,
        wanted: &BTreeMap<usize, i64>,
        bytes: i32,
        wait_ms: i32,
    ) -> FetchRequest<'static> {
        let ledger = self.shared.ledger.borrow();
        let mut request = FetchRequest {
            replica_id: -1,
            max_wait_ms: wait_ms,
            min_bytes: 1,
            max_bytes: bytes,
            session_id: session.id,
            session_epoch: session.epoch,
            ..Default::default()
        };
        if session.id == 0 {
            session.told.clear();
        }
        for (slot, from) in wanted {
            if session
                .told
                .get(slot)
                .is_some_and(|told| told.position == *from)
            {
                continue;
            }
            let slot = &ledger.slots[*slot];
            let part = asked(slot.partition, *from, bytes);
            let topics = &mut request.topics;
            match topics.iter_mut().find(|t| t.topic_id == slot.id) {
                Some(topic) => topic.partitions.push(part),
                None => topics.push(FetchTopic {
                    topic_id: slot.id,
                    partitions: vec![part],
                    ..Default::default()
                }),
            }
        }
        for slot in session.told.keys().filter(|s| !wanted.contains_key(s)) {
            let slot = &ledger.slots[*slot];
            request.forgotten_topics_data.push(ForgottenTopic {
                topic_id: slot.id,
                partitions: vec![slot.partition],
                ..Default::default()
            });
        }
        request
    }

    /// What an answer does not name was told before, and nothing has happened to it since.
    fn left_out(
        &self,
        session: &Session,
        left: &BTreeSet<usize>,
        floors: &BTreeMap<usize, Floor>,
    ) -> Result<(), Broken> {
        let ledger = self.shared.ledger.borrow();
        for slot in left.iter().filter(|s| ledger.slots[**s].live) {
            let name = ledger.slots[*slot].name();
            let Some(told) = session.told.get(slot) else {
                return Err(format!("session {}: no answer for {name}", session.id).into());
            };
            let floor = floors[slot];
            if floor.high_watermark > told.high_watermark || floor.start > told.start {
                let what = format!("{name} is left out, told {told:?}, known {floor:?}");
                return Err(what.into());
            }
        }
        Ok(())
    }
}

fn told(position: i64, answer: &Answer) -> Told {
    // After an error the next answer is news, whatever it says.
    let (high_watermark, start) = match answer.code.is_error() {
        true => (-1, -1),
        false => (answer.high_watermark, answer.start),
    };
    Told {
        position,
        high_watermark,
        start,
    }
}
