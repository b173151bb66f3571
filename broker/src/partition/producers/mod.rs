//! What a partition remembers of its producers: a function of its log and of nothing else (safety rule 3.5.2), apart from
//! the guards of transactions that are about to begin.
//!
//! Invariants:
//! - `committed` is the effect of every committed batch, `pending` the effect of every appended one; they differ only
//!   by the batches in `tail`, which stand in offset order.
//! - a producer keeps its last [`REMEMBERED`] batches with their final Kafka offsets, so that a retry gets the original answer.
//! - `open` has the first offset of each transaction that is open in `committed`, and nothing else.
//! - offsets below `through` are in `committed`: replaying them again changes nothing.
//!
//! Rules: KIP-98, KIP-360, KIP-890, KIP-1228 and reference `kafka.md` 2.5, 2.6 and 2.11.

mod guards;
mod producer;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, VecDeque};

use ottla_protocol::error_code::ErrorCode;
use ottla_storage::log::AbortedTxn;
use ottla_storage::mutants::{Mutant, planted};

use self::guards::Guards;

pub use self::guards::{Beginning, Guard};
pub use self::producer::{Appended, Effect, Marker, Producer, REMEMBERED, Remembered, Sequenced};

/// The transaction version since which a producer's epoch rises with each transaction.
const EPOCH_BUMPS_SINCE: i8 = 2;

/// What the check of a batch says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Append it.
    New,
    /// It was appended before, with this offset and timestamp.
    Duplicate(Remembered),
}

/// All producers of one partition.
#[derive(Default)]
pub struct Producers {
    committed: BTreeMap<i64, Producer>,
    /// Producers with appended batches that are not committed yet, and how many.
    pending: BTreeMap<i64, (Producer, usize)>,
    tail: VecDeque<Appended>,
    through: i64,
    /// Producers by the first offset of their transaction.
    open: BTreeMap<i64, i64>,
    /// Aborted transactions that may not be in the log's own index yet, in the order of their markers.
    aborted: VecDeque<AbortedTxn>,
    guards: Guards,
}

impl Producers {
    /// The state as a checkpoint holds it: `producers` is the effect of everything below offset `through`; `aborted` are
    /// the transactions whose end is below it and not in a segment.
    pub fn restore(
        producers: BTreeMap<i64, Producer>,
        through: i64,
        aborted: VecDeque<AbortedTxn>,
    ) -> Self {
        let known = producers.iter().filter(|_| !planted(Mutant::OpenForgotten));
        let open = known.filter_map(|(id, p)| Some((p.txn?, *id)));
        Self {
            open: open.collect(),
            committed: producers,
            through,
            aborted,
            ..Self::default()
        }
    }

    /// The committed producers by id, and the offset below which they are complete.
    pub fn committed(&self) -> (&BTreeMap<i64, Producer>, i64) {
        (&self.committed, self.through)
    }

    fn current(&self, producer_id: i64) -> Option<&Producer> {
        self.pending
            .get(&producer_id)
            .map(|(p, _)| p)
            .or_else(|| self.committed.get(&producer_id))
    }

    /// Everything below it is decided, and everything below the log's start is gone: the first offset of the oldest open
    /// transaction, `high_watermark` if none is open.
    pub fn last_stable(&self, start: i64, high_watermark: i64) -> i64 {
        if planted(Mutant::StableIsHighWatermark) {
            return high_watermark;
        }
        let oldest = self.open.keys().next();
        oldest.map_or(high_watermark, |first| {
            (*first).max(start).min(high_watermark)
        })
    }

    /// The aborted transactions that have records in `from..to`, apart from those that the log's own index has
    /// ([`Producers::flushed`]), in the order of their markers.
    pub fn aborted(&self, from: i64, to: i64) -> impl Iterator<Item = AbortedTxn> {
        let overlaps = move |txn: &&AbortedTxn| txn.overlaps(from, to);
        self.aborted.iter().filter(overlaps).copied()
    }

    /// The log's own index has all aborted transactions whose marker is below `end_offset`.
    pub fn flushed(&mut self, end_offset: i64) {
        let known = |txn: &AbortedTxn| txn.last_offset < end_offset;
        while self.aborted.front().is_some_and(known) {
            self.aborted.pop_front();
        }
    }

    /// May a producer's client append this batch? A transaction begins only with its guard; `None` where the topic's
    /// broker does not verify.
    ///
    /// Errors: 47 for an older epoch; 48 for a transaction that nobody vouches for, or for a batch outside the open
    /// transaction; 45 for a gap, a new epoch that does not begin at 0, or a repeat older than the remembered batches.
    /// An unknown producer may begin anywhere, since its state may have expired, unless its epoch rises with each
    /// transaction.
    pub fn check(&self, batch: Sequenced, guard: Option<Guard>) -> Result<Verdict, ErrorCode> {
        let known = self.current(batch.producer_id);
        if let Some(before) = known.and_then(|p| p.before(&batch)) {
            return Ok(Verdict::Duplicate(*before));
        }
        self.check_own(batch, guard)?;
        self.check_sequence(known, batch)?;
        if !batch.transactional && known.is_some_and(|p| p.txn.is_some()) {
            return Err(ErrorCode::INVALID_TXN_STATE);
        }
        Ok(Verdict::New)
    }

    /// May one of the broker's coordinators append this batch? Errors 47 and 48 as for clients; there are no sequences.
    pub fn check_own(&self, batch: Sequenced, guard: Option<Guard>) -> Result<(), ErrorCode> {
        let known = self.current(batch.producer_id);
        if known.is_some_and(|p| batch.epoch < p.epoch) {
            return Err(ErrorCode::INVALID_PRODUCER_EPOCH);
        }
        let begins = batch.transactional && !known.is_some_and(|p| p.in_txn(batch.epoch));
        let given = self.guards.get(batch.producer_id).map(|g| g.guard);
        match guard {
            Some(guard) if begins && given != Some(guard) => Err(ErrorCode::INVALID_TXN_STATE),
            _ => Ok(()),
        }
    }

    fn check_sequence(&self, known: Option<&Producer>, batch: Sequenced) -> Result<(), ErrorCode> {
        let begins_anew = |guarded: &guards::Guarded| {
            guarded.bumps && known.is_none_or(|p| p.batches.is_empty()) && batch.first != 0
        };
        let fits = match known {
            None => true,
            Some(p) if batch.epoch > p.epoch => batch.first == 0,
            Some(p) => batch.first == p.expected(),
        };
        let guarded = self.guards.get(batch.producer_id);
        if !fits || guarded.is_some_and(|g| begins_anew(g) || batch.first > g.lowest) {
            return Err(ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER);
        }
        Ok(())
    }

    /// May this marker be appended, by a coordinator that works by transaction version `version`?
    ///
    /// Errors: 47 for an older epoch; with version 2 also for the epoch of the records themselves, since the marker's is
    /// higher (KIP-1228), unless it is the marker once more; 52 for an older coordinator.
    pub fn check_marker(&self, marker: Marker, version: i8) -> Result<(), ErrorCode> {
        let Some(known) = self.current(marker.producer_id) else {
            return Ok(());
        };
        let again = marker.epoch == known.epoch && (known.txn.is_none() || known.epoch == i16::MAX);
        let late = marker.epoch < known.epoch;
        let stale = version >= EPOCH_BUMPS_SINCE && marker.epoch == known.epoch && !again;
        if late || stale {
            return Err(ErrorCode::INVALID_PRODUCER_EPOCH);
        }
        if marker.end.coordinator_epoch < known.coordinator_epoch {
            return Err(ErrorCode::TRANSACTION_COORDINATOR_FENCED);
        }
        Ok(())
    }

    /// A producer wants to write transactionally: `None` if its transaction is open here, else the guard with which it may
    /// begin it once the coordinator has confirmed that it knows of it.
    ///
    /// Errors: 47 for an older epoch.
    pub fn begin(&mut self, who: Beginning, now_ms: i64) -> Result<Option<Guard>, ErrorCode> {
        let known = self.current(who.producer_id);
        if known.is_some_and(|p| who.epoch < p.epoch) {
            return Err(ErrorCode::INVALID_PRODUCER_EPOCH);
        }
        if known.is_some_and(|p| p.in_txn(who.epoch)) {
            return Ok(None);
        }
        let next = known.filter(|p| p.epoch == who.epoch && p.is_past(who.sequence));
        // What stands here already, and comes once more, is not what the next transaction begins with.
        let sequence = next.map_or(who.sequence, Producer::expected);
        Ok(Some(
            self.guards.give(Beginning { sequence, ..who }, now_ms),
        ))
    }

    /// Notes what was appended; it counts for later checks at once.
    pub fn append(
        &mut self,
        what: impl Into<Effect>,
        base_offset: i64,
        last_offset: i64,
        timestamp: i64,
    ) {
        let appended = Appended {
            what: what.into(),
            base_offset,
            last_offset,
            timestamp,
        };
        self.guards.appended(&appended.what);
        self.tail.push_back(appended);
        self.overlay(&appended);
    }

    /// What was read back from the journal, in offset order; what the restored state knows is passed over.
    pub fn replay(
        &mut self,
        what: impl Into<Effect>,
        base_offset: i64,
        last_offset: i64,
        timestamp: i64,
    ) {
        if base_offset >= self.through {
            self.append(what, base_offset, last_offset, timestamp);
        }
    }

    fn overlay(&mut self, appended: &Appended) {
        let (producer_id, epoch) = appended.what.producer();
        let committed = &self.committed;
        let (producer, count) = self.pending.entry(producer_id).or_insert_with(|| {
            let known = committed.get(&producer_id).cloned();
            (known.unwrap_or_else(|| Producer::new(epoch)), 0)
        });
        producer.apply(appended);
        *count += 1;
    }

    /// Everything below `offset` is committed now.
    pub fn commit(&mut self, offset: i64) {
        while let Some(appended) = self.tail.front().copied() {
            if appended.last_offset >= offset {
                break;
            }
            self.tail.pop_front();
            let (producer_id, _) = appended.what.producer();
            self.settle(&appended);
            if let Some((_, count)) = self.pending.get_mut(&producer_id) {
                *count -= 1;
                if *count == 0 {
                    self.pending.remove(&producer_id);
                }
            }
        }
        self.through = self.through.max(offset);
    }

    fn settle(&mut self, appended: &Appended) {
        let (producer_id, epoch) = appended.what.producer();
        let producer = self
            .committed
            .entry(producer_id)
            .or_insert_with(|| Producer::new(epoch));
        let before = producer.txn;
        producer.apply(appended);
        match (before, producer.txn) {
            (None, Some(first)) => {
                self.open.insert(first, producer_id);
            }
            (Some(first), None) => {
                self.open.remove(&first);
                if let Effect::Marker(Marker { end, .. }) = appended.what
                    && !end.committed
                {
                    let next_open = self.open.keys().next();
                    self.aborted.push_back(AbortedTxn {
                        producer_id,
                        first_offset: first,
                        last_offset: appended.last_offset,
                        last_stable_offset: *next_open.unwrap_or(&(appended.last_offset + 1)),
                    });
                }
            }
            _ => {}
        }
    }

    /// The log was cut at `offset` (a new leader's log went another way): appended batches from there on are forgotten.
    pub fn truncate(&mut self, offset: i64) {
        self.tail.retain(|a| a.last_offset < offset);
        self.pending.clear();
        self.guards.clear();
        for appended in self.tail.clone() {
            self.overlay(&appended);
        }
    }

    /// Forgets producers whose last batch is older than `oldest` (ms) and which have nothing in flight and no open
    /// transaction.
    pub fn expire(&mut self, oldest: i64) {
        let pending = &self.pending;
        self.committed
            .retain(|id, p| p.timestamp >= oldest || p.txn.is_some() || pending.contains_key(id));
        self.guards.expire(oldest);
    }
}
