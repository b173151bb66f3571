//! Consumers: read partitions from where they were, or from the beginning, or from a time, in bites of any size.

use std::collections::{BTreeMap, BTreeSet};

use ottla_runtime::time;

use super::client::{Broken, Client, Worker};
use super::reads::{EARLIEST, LATEST, NoRead, Read};
use super::sessions::Session;
use super::wire::Wire;

/// One consumer.
pub struct Consumer {
    client: Client,
    /// Where it stands in each slot.
    positions: BTreeMap<usize, i64>,
    /// What it reads together.
    session: Session,
    together: BTreeSet<usize>,
}

impl Consumer {
    /// Stands nowhere yet.
    pub fn new(client: Client) -> Self {
        Self {
            client,
            positions: BTreeMap::new(),
            session: Session::default(),
            together: BTreeSet::new(),
        }
    }

    fn position(&self, slot: usize) -> i64 {
        self.positions.get(&slot).copied().unwrap_or(0)
    }

    async fn bite(&mut self, wire: &mut Wire, slot: usize) -> Result<(), Broken> {
        let at = self.position(slot);
        let (bytes, wait_ms) = self.appetite();
        let read = self.client.fetch(wire, slot, at, bytes, wait_ms).await?;
        self.took(wire, slot, read).await
    }

    /// Bytes at most, and how long it waits for any.
    fn appetite(&mut self) -> (i32, i32) {
        let rng = &mut self.client.rng;
        (1 << (6 + rng.below(12)), rng.below(100) as i32)
    }

    /// Another one together, or one less; never one that is being deleted.
    fn choose(&mut self, slot: usize) {
        if !self.together.remove(&slot) || self.together.is_empty() {
            self.together.insert(slot);
        }
    }

    async fn bite_together(&mut self, wire: &mut Wire) -> Result<(), Broken> {
        let live = self.client.shared.ledger.borrow().live();
        self.together.retain(|slot| live.contains(slot));
        if self.together.is_empty() {
            return Ok(());
        }
        let wanted = self
            .together
            .iter()
            .map(|s| (*s, self.position(*s)))
            .collect();
        let (bytes, wait_ms) = self.appetite();
        let session = &mut self.session;
        let reads = self
            .client
            .fetch_news(wire, session, &wanted, bytes, wait_ms);
        for (slot, read) in reads.await? {
            self.took(wire, slot, read).await?;
        }
        Ok(())
    }

    async fn took(
        &mut self,
        wire: &mut Wire,
        slot: usize,
        read: Result<Read, NoRead>,
    ) -> Result<(), Broken> {
        let at = self.position(slot);
        let next = match read {
            Ok(read) => read.records.last().map_or(at, |(offset, _)| offset + 1),
            Err(NoRead::Gone) => return Ok(()),
            Err(NoRead::OutOfRange) => self.after_out_of_range(wire, slot, at).await?,
        };
        self.positions.insert(slot, next);
        Ok(())
    }

    /// The log begins later than where this consumer stood, or nothing was wrong with its offset.
    async fn after_out_of_range(
        &mut self,
        wire: &mut Wire,
        slot: usize,
        at: i64,
    ) -> Result<i64, Broken> {
        let Some(start) = self.client.list_offset(wire, slot, EARLIEST).await? else {
            return Ok(at);
        };
        let slot = &self.client.shared.ledger.borrow().slots[slot];
        if start <= at && slot.live && at <= slot.floor().high_watermark {
            let name = slot.name();
            return Err(format!("{name}: {at} is out of range, but it starts at {start}").into());
        }
        Ok(start)
    }
}

impl Worker for Consumer {
    fn client(&mut self) -> &mut Client {
        &mut self.client
    }

    async fn session(&mut self, wire: &mut Wire) -> Result<(), Broken> {
        self.session.reconnected();
        while !self.is_over() {
            let live = self.client.shared.ledger.borrow().live();
            if live.is_empty() {
                self.client.pause().await;
                continue;
            }
            let slot = live[self.client.rng.below(live.len() as u64) as usize];
            match self.client.rng.below(13) {
                12 => self.client.youngest(wire, slot).await?,
                0 => drop(self.client.list_offset(wire, slot, LATEST).await?),
                1 => {
                    let start = self.client.list_offset(wire, slot, EARLIEST).await?;
                    self.positions.insert(slot, start.unwrap_or(0));
                }
                2 => {
                    let when = time::wall_ms() - self.client.rng.below(3_000) as i64;
                    if let Some(at) = self.client.offset_at(wire, slot, when).await? {
                        self.positions.insert(slot, at);
                    }
                }
                3..7 => {
                    for _ in 0..=self.client.rng.below(4) {
                        self.bite(wire, slot).await?;
                    }
                }
                _ => {
                    self.choose(slot);
                    for _ in 0..=self.client.rng.below(4) {
                        self.bite_together(wire).await?;
                    }
                }
            }
            self.client.pause().await;
        }
        Ok(())
    }
}
