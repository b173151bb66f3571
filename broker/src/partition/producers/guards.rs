//! Guards of transactions that are about to begin in a partition (KIP-890): between the question whether the coordinator
//! knows of the transaction and the append, its end may pass by. A batch that came later would then begin a transaction
//! that nobody ever ends. So the question hands out a guard, the end of a transaction takes it away, and the first batch
//! of a transaction is taken only with a guard that is still there.
//!
//! In memory only: who asked before a restart asks again.

use std::collections::BTreeMap;

use super::{Effect, Sequenced};

/// Most guards of one partition; past it the oldest goes. Producer ids are a client's to make up.
const MOST: usize = 10_000;

/// The right to begin a transaction; never given twice by one partition.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Guard(u64);

impl Guard {
    /// Fits nothing.
    pub const NONE: Guard = Guard(0);
}

/// A producer that wants to write transactionally.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Beginning {
    /// Producer id, >= 0.
    pub producer_id: i64,
    /// Its epoch.
    pub epoch: i16,
    /// Sequence of the first record of its batch; -1 if it has none.
    pub sequence: i32,
    /// Does it raise its epoch with each transaction (transaction version 2)?
    pub bumps: bool,
}

/// What is known of a producer whose transaction is about to begin here.
#[derive(Clone, Copy, Debug)]
pub(super) struct Guarded {
    pub guard: Guard,
    /// Epoch of the newest question.
    pub epoch: i16,
    /// The lowest sequence asked about: it has to come first, else it could never follow what came before it.
    pub lowest: i32,
    pub bumps: bool,
    since_ms: i64,
}

#[derive(Default)]
pub(super) struct Guards {
    by_producer: BTreeMap<i64, Guarded>,
    given: u64,
}

impl Guards {
    pub fn get(&self, producer_id: i64) -> Option<&Guarded> {
        self.by_producer.get(&producer_id)
    }

    /// The guard of a producer: the one that it has, else a new one.
    pub fn give(&mut self, who: Beginning, now_ms: i64) -> Guard {
        if let Some(known) = self.by_producer.get_mut(&who.producer_id) {
            if who.epoch > known.epoch {
                (known.epoch, known.lowest) = (who.epoch, who.sequence);
            } else if who.epoch == known.epoch {
                known.lowest = known.lowest.min(who.sequence);
            }
            return known.guard;
        }
        if self.by_producer.len() >= MOST {
            self.drop_oldest();
        }
        self.given += 1;
        let guarded = Guarded {
            guard: Guard(self.given),
            epoch: who.epoch,
            lowest: who.sequence,
            bumps: who.bumps,
            since_ms: now_ms,
        };
        self.by_producer.insert(who.producer_id, guarded);
        guarded.guard
    }

    fn drop_oldest(&mut self) {
        let oldest = self.by_producer.iter().min_by_key(|(_, g)| g.guard);
        if let Some(id) = oldest.map(|(id, _)| *id) {
            self.by_producer.remove(&id);
        }
    }

    /// A transaction goes on or is over: no more is needed of the guard. But where producers raise their epoch with each
    /// transaction, the end of one may come when the next, of the marker's own epoch, is asking already.
    pub fn appended(&mut self, what: &Effect) {
        let (id, epoch) = what.producer();
        match what {
            Effect::Batch(Sequenced {
                transactional: false,
                ..
            }) => {}
            Effect::Marker(_)
                if self
                    .get(id)
                    .is_some_and(|known| known.bumps && known.epoch == epoch) => {}
            _ => {
                self.by_producer.remove(&id);
            }
        }
    }

    pub fn expire(&mut self, oldest_ms: i64) {
        self.by_producer.retain(|_, g| g.since_ms >= oldest_ms);
    }

    pub fn clear(&mut self) {
        self.by_producer.clear();
    }
}
