//! A transactional producer: one transaction after the other; some are aborted, some left behind. After a broken connection it
//! goes on where it was, or begins anew as another instance would.
//!
//! With version 1 an EndTxn that comes late may end the next transaction (KAFKA-17754), so after one that was not answered this
//! producer takes a new epoch before it goes on. With version 2 the broker sees to that.

use std::time::Duration;

use bytes::Bytes;
use ottla_protocol::error_code::ErrorCode;
use ottla_runtime::time::{self, Instant};

use super::book::{Fate, Id, Piece};
use super::speaker::{Speaker, is_final};
use super::{Habits, Plan, TOPIC, make_topic};
use crate::node_sim::client::{Broken, Client};
use crate::node_sim::wire::Wire;

/// The producer.
pub struct Transactor {
    client: Client,
    number: u32,
    plan: Plan,
    habits: Habits,
    me: Option<Speaker>,
    next: u64,
    open: Option<Open>,
}

/// The transaction under way.
struct Open {
    of: Id,
    begun: Instant,
    batches: Vec<Batch>,
    commit: bool,
    /// How often its end was asked for.
    asked: u32,
    /// When that was first asked, others had begun to speak for the id.
    stale: bool,
}

struct Batch {
    first: Piece,
    records: u32,
    bytes: Bytes,
    acked: bool,
}

impl Transactor {
    /// The producer of this number.
    pub fn new(client: Client, number: u32, plan: Plan, habits: Habits) -> Self {
        Self {
            client,
            number,
            plan,
            habits,
            me: None,
            next: 0,
            open: None,
        }
    }

    /// Goes on until the scenario ends. It may leave a transaction open then: the broker has to end it.
    pub async fn run(mut self) {
        loop {
            if let Some(mut wire) = self.client.connect().await {
                match self.session(&mut wire).await {
                    Ok(()) => break,
                    Err(why) => self.client.ended(&why),
                }
                if self.client.rng.below(4) == 0 {
                    self.begin_anew("a new instance");
                }
            }
            self.client.pause().await;
        }
        self.client.shared.ledger.borrow_mut().finished += 1;
    }

    fn begin_anew(&mut self, why: &str) {
        self.client.tell(|| format!("begins anew: {why}"));
        self.me = None;
        self.open = None;
    }

    async fn session(&mut self, wire: &mut Wire) -> Result<(), Broken> {
        let (partitions, segment) = (self.plan.partitions, self.plan.segment_bytes);
        make_topic(&self.client, wire, TOPIC, partitions, segment).await?;
        loop {
            let ending = self.client.shared.ledger.borrow().ending;
            if ending && (self.open.is_none() || self.client.rng.below(8) == 0) {
                return Ok(());
            }
            if self.me.is_none() {
                let begun = Speaker::begin(&self.client, wire, self.habits.clone()).await?;
                let me = begun.map_err(|code| self.judge("InitProducerId", code))?;
                self.me = Some(me);
            }
            if self.open.is_none() {
                self.open = Some(self.compose());
            }
            self.carry(wire).await?;
            self.client.pause().await;
        }
    }

    fn compose(&mut self) -> Open {
        let of = (self.number, self.next);
        self.next += 1;
        Open {
            of,
            begun: time::now(),
            batches: Vec::new(),
            commit: self.client.rng.below(3) > 0,
            asked: 0,
            stale: false,
        }
    }

    /// Carries the transaction on, and mostly to its end.
    async fn carry(&mut self, wire: &mut Wire) -> Result<(), Broken> {
        let wanted = 1 + self.client.rng.below(5) as usize;
        loop {
            let Some(open) = &self.open else {
                return Ok(());
            };
            if open.asked > 0 {
                break;
            }
            match open.batches.iter().position(|b| !b.acked) {
                Some(at) => self.write(wire, at).await?,
                None if open.batches.len() >= wanted => break,
                None => self.add_batch(),
            }
            if self.client.rng.below(3) == 0 {
                self.client.pause().await;
            }
        }
        match self.client.rng.below(16) {
            0 if self.open.as_ref().is_some_and(|open| open.asked == 0) => {
                self.begin_anew("leaves a transaction behind");
                Ok(())
            }
            _ => self.end(wire).await,
        }
    }

    fn add_batch(&mut self) {
        let rng = &mut self.client.rng;
        let place = rng.below(self.plan.partitions as u64) as u32;
        let (records, padding) = (1 + rng.below(4) as u32, rng.below(400) as usize);
        let (Some(me), Some(open)) = (&mut self.me, &mut self.open) else {
            return;
        };
        let same = open.batches.iter().filter(|b| b.first.place == place);
        let first = Piece {
            of: open.of,
            place,
            nth: same.map(|b| b.records).sum(),
        };
        open.batches.push(Batch {
            first,
            records,
            bytes: me.batch(first, records, padding),
            acked: false,
        });
        let mut ledger = self.client.shared.ledger.borrow_mut();
        ledger.txns.sending(open.of, place, records);
    }

    /// Sends one batch, in version 1 after its partition was added.
    async fn write(&mut self, wire: &mut Wire, at: usize) -> Result<(), Broken> {
        let (Some(me), Some(open)) = (&mut self.me, &mut self.open) else {
            return Ok(());
        };
        let batch = &mut open.batches[at];
        let (first, records) = (batch.first, batch.records);
        let stale = me.is_stale(&self.client);
        let added = me.add(wire, first.place).await?;
        if added.is_error() {
            return Err(self.judge("AddPartitionsToTxn", added));
        }
        let late = me.is_stale(&self.client);
        let (code, offset) = me.produce(wire, first.place, batch.bytes.clone()).await?;
        self.client
            .tell(|| format!("{first:?}+{records} at {offset}: {}", code.name()));
        if code.is_error() {
            return Err(self.judge("Produce", code));
        }
        batch.acked = true;
        let mut ledger = self.client.shared.ledger.borrow_mut();
        ledger.counts.acked += 1;
        ledger.txns.stands(offset, first, records)?;
        drop(ledger);
        self.not_taken_if(stale || late, "Produce")
    }

    async fn end(&mut self, wire: &mut Wire) -> Result<(), Broken> {
        let (Some(me), Some(open)) = (&mut self.me, &mut self.open) else {
            return Ok(());
        };
        if open.asked == 0 {
            open.stale = me.is_stale(&self.client);
        }
        open.asked += 1;
        let (of, commit, again, stale) = (open.of, open.commit, open.asked > 1, open.stale);
        let know = |client: &Client, fate| {
            let mut ledger = client.shared.ledger.borrow_mut();
            ledger.txns.ends(of, fate)
        };
        if commit && !again {
            know(&self.client, Fate::Unknown)?;
        }
        let code = me.end(&self.client, wire, commit).await?;
        if code.is_error() {
            if is_final(code) && commit && !again {
                know(&self.client, Fate::Never)?;
            }
            return Err(self.judge("EndTxn", code));
        }
        if commit {
            know(&self.client, Fate::Committed)?;
        }
        let begun_anew = again && !self.habits.raises;
        self.open = None;
        if begun_anew {
            self.begin_anew("a late EndTxn may be under way");
        }
        self.not_taken_if(stale, "EndTxn")
    }

    fn not_taken_if(&self, stale: bool, what: &str) -> Result<(), Broken> {
        let id = &self.habits.id;
        match stale {
            true => Err(format!("{id}: {what} of a producer that was fenced was taken").into()),
            false => Ok(()),
        }
    }

    /// Must everything that this producer asks for be done?
    fn is_strict(&self) -> bool {
        let in_time = self.open.as_ref().is_none_or(|open| {
            open.begun.elapsed() < Duration::from_millis(self.habits.timeout_ms as u64)
        });
        let failing = self.client.shared.ledger.borrow().failing;
        let sure = self.me.as_ref().is_none_or(|me| me.sure);
        sure && in_time && !failing && !self.habits.shared && !self.habits.clock_jumps
    }

    /// A refusal that only a new epoch helps against may not be without a reason; after any other it is tried again.
    fn judge(&mut self, what: &str, code: ErrorCode) -> Broken {
        let strict = self.is_strict();
        match code {
            ErrorCode::CONCURRENT_TRANSACTIONS
            | ErrorCode::COORDINATOR_LOAD_IN_PROGRESS
            | ErrorCode::COORDINATOR_NOT_AVAILABLE
            | ErrorCode::NOT_COORDINATOR
            // A Produce's, when its transaction cannot be verified for one of the reasons above.
            | ErrorCode::NOT_ENOUGH_REPLICAS => Broken::Again,
            code if is_final(code) && !strict => {
                self.begin_anew(code.name());
                Broken::Again
            }
            code => self.client.refused(what, code),
        }
    }
}
