//! A writer of keys: transactions of a few records each. Whatever goes wrong, it begins anew as another instance would.

use bytes::Bytes;
use ottla_protocol::error_code::ErrorCode;

use super::Plan;
use super::table::{Entry, Key};
use crate::client::batch::Record;
use crate::node_sim::client::{Broken, Client, Worker};
use crate::node_sim::txn::book::Fate;
use crate::node_sim::txn::speaker::{Speaker, is_final};
use crate::node_sim::wire::Wire;

/// The writer.
pub struct Writer {
    client: Client,
    number: u32,
    plan: Plan,
    next: u64,
}

impl Writer {
    /// The writer of this number.
    pub fn new(client: Client, number: u32, plan: Plan) -> Self {
        Self {
            client,
            number,
            plan,
            next: 0,
        }
    }

    async fn transact(&mut self, wire: &mut Wire, speaker: &mut Speaker) -> Result<(), Broken> {
        let txn = self.next;
        self.next += 1;
        for _ in 0..1 + self.client.rng.below(3) {
            let place = self.client.rng.below(u64::from(self.plan.partitions)) as u32;
            let (entries, batch) = self.compose(speaker, txn, place);
            self.judge("AddPartitionsToTxn", speaker.add(wire, place).await?)?;
            let (code, offset) = speaker.produce(wire, place, batch).await?;
            self.judge(&format!("Produce of {txn} to {place} at {offset}"), code)?;
            let mut ledger = self.client.shared.ledger.borrow_mut();
            ledger.counts.acked += 1;
            // A transaction begins when the one before it has come to its end, markers and all.
            ledger.table.ended(self.number, txn);
            for (entry, at) in entries.into_iter().zip(offset..) {
                ledger.table.stands(place, at, entry)?;
            }
        }
        let rng = &mut self.client.rng;
        let (leaves, commit) = (rng.below(16) == 0, rng.below(4) > 0);
        if leaves {
            return Err(Broken::Again);
        }
        if commit {
            self.know(txn, Fate::Unknown)?;
        }
        let code = speaker.end(&self.client, wire, commit).await?;
        if commit && is_final(code) {
            self.know(txn, Fate::Never)?;
        }
        self.judge("EndTxn", code)?;
        match commit {
            true => self.know(txn, Fate::Committed),
            false => Ok(()),
        }
    }

    /// A batch of new values and tombstones for keys of this place.
    fn compose(&mut self, speaker: &mut Speaker, txn: u64, place: u32) -> (Vec<Entry>, Bytes) {
        let (rng, plan) = (&mut self.client.rng, &self.plan);
        let padding = vec![7; rng.below(100) as usize];
        let records = 1 + rng.below(4);
        let mut draw = || {
            let at = rng.below(u64::from(plan.keys)) as u32;
            // Each key has its place.
            let key = (self.number, at * plan.partitions + place);
            (key, rng.below(4) == 0)
        };
        let drawn: Vec<(Key, bool)> = (0..records).map(|_| draw()).collect();
        let mut ledger = self.client.shared.ledger.borrow_mut();
        let write = |(key, tombstone): &(Key, bool)| ledger.table.writes(*key, txn, *tombstone);
        let entries: Vec<Entry> = drawn.iter().map(write).collect();
        drop(ledger);
        let notes = entries.iter().zip(&drawn);
        let notes: Vec<_> = notes
            .map(|(e, (_, tombstone))| (e.encode(), *tombstone))
            .collect();
        let batch = speaker.batch_of(place, notes.iter().map(|n| record(n, &padding)));
        (entries, batch)
    }

    fn know(&self, txn: u64, fate: Fate) -> Result<(), Broken> {
        let mut ledger = self.client.shared.ledger.borrow_mut();
        Ok(ledger.table.ends(self.number, txn, fate)?)
    }

    fn judge(&self, what: &str, code: ErrorCode) -> Result<(), Broken> {
        self.client.tell(|| format!("{what}: {}", code.name()));
        match code {
            ErrorCode::NONE => Ok(()),
            code if is_final(code) => Err(Broken::Again),
            code => Err(self.client.refused_by_coordinator(what, code)),
        }
    }
}

impl Worker for Writer {
    fn client(&mut self) -> &mut Client {
        &mut self.client
    }

    async fn session(&mut self, wire: &mut Wire) -> Result<(), Broken> {
        self.plan.make_topic(&self.client, wire).await?;
        let habits = self.plan.writers[self.number as usize].clone();
        let begun = Speaker::begin(&self.client, wire, habits).await?;
        let mut speaker =
            begun.map_err(|code| self.client.refused_by_coordinator("InitProducerId", code))?;
        // That aborted what was open, and waited for the markers of what had ended.
        {
            let mut ledger = self.client.shared.ledger.borrow_mut();
            ledger.table.ended(self.number, self.next);
        }
        while !self.client.shared.ledger.borrow().ending {
            self.transact(wire, &mut speaker).await?;
            self.client.pause().await;
        }
        Ok(())
    }
}

/// With the entry in its note; without a value if it is a tombstone.
fn record<'a>((note, tombstone): &'a ([u8; 12], bool), padding: &'a [u8]) -> Record<'a> {
    Record {
        key: Some(Entry::key_of(note)),
        value: (!*tombstone).then_some(padding),
        note: Some(&note[..]),
        ..Record::default()
    }
}
