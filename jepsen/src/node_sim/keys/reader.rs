//! Readers of keys: each reading goes from the beginning to the end, as by whoever loads a table.

use std::time::Duration;

use ottla_runtime::time;

use super::table::{Entry, Floor};
use super::{Plan, TOPIC};
use crate::node_sim::client::{Broken, Client, Worker};
use crate::node_sim::txn::fetch::{Answer, ask};
use crate::node_sim::wire::Wire;

/// Bytes that the last look asks for at once.
const BITE: i32 = 1 << 20;
/// Within this every transaction that was left open must be aborted.
const PATIENCE: Duration = Duration::from_secs(45);

/// A reader.
pub struct Reader {
    client: Client,
    plan: Plan,
}

impl Reader {
    /// Of the whole topic.
    pub fn new(client: Client, plan: Plan) -> Self {
        Self { client, plan }
    }
}

impl Worker for Reader {
    fn client(&mut self) -> &mut Client {
        &mut self.client
    }

    async fn session(&mut self, wire: &mut Wire) -> Result<(), Broken> {
        self.plan.make_topic(&self.client, wire).await?;
        while !self.client.shared.ledger.borrow().ending {
            let bite = 1 << (8 + self.client.rng.below(12));
            let (found, floor) = read(&mut self.client, wire, self.plan.partitions, bite).await?;
            {
                let ledger = self.client.shared.ledger.borrow();
                ledger.table.is_complete(&floor, &found)?;
            }
            self.client.pause().await;
        }
        Ok(())
    }
}

/// Reads all partitions from their beginnings to what is stable. Gives the last record of each key, and what those must at least be.
async fn read(
    client: &mut Client,
    wire: &mut Wire,
    partitions: u32,
    bite: i32,
) -> Result<(Floor, Floor), Broken> {
    let ended = client.shared.ledger.borrow().table.ended_by_now();
    let (mut found, mut ends) = (Floor::new(), Vec::new());
    for partition in 0..partitions {
        let mut next = 0;
        loop {
            let at = (TOPIC, partition as i32);
            let answer = ask(client, wire, at, next, bite, 0).await?;
            let from = next;
            next = note(client, partition, from, &answer, &mut found)?;
            let stable = answer.ends.0;
            client.tell(|| format!("{TOPIC}-{partition} read {from}..{next} of {stable}"));
            // The end of the log may have been taken by compaction.
            if next == from || next >= stable {
                ends.push(stable);
                break;
            }
            if client.rng.below(4) == 0 {
                client.pause().await;
            }
        }
    }
    let floor = client.shared.ledger.borrow().table.floor(&ended, &ends);
    Ok((found, floor))
}

/// Takes note of what a fetch brought; gives where to go on.
fn note(
    client: &Client,
    partition: u32,
    from: i64,
    answer: &Answer,
    found: &mut Floor,
) -> Result<i64, String> {
    let name = format!("{TOPIC}-{partition}");
    let mut ledger = client.shared.ledger.borrow_mut();
    let mut next = from;
    for batch in answer.committed() {
        let (batch, is_read) = batch.map_err(|e| format!("{name}: fetched at {from}: {e:?}"))?;
        let last = batch.last_offset();
        if last < next || last >= answer.ends.0 {
            return Err(format!(
                "{name}: fetched at {next}, got a batch up to {last}, stable is what is below {}",
                answer.ends.0
            ));
        }
        let records = match is_read {
            true => batch
                .sparse_records()
                .map_err(|e| format!("{name}: {e:?}"))?,
            false => Vec::new(),
        };
        for record in records.iter().filter(|r| r.offset >= from) {
            let offset = record.offset;
            let entry = record.note.and_then(Entry::decode);
            let entry = entry.filter(|e| record.key == Some(&e.encode()[..8]));
            let entry = entry.ok_or_else(|| format!("{name}: {offset} is damaged"))?;
            let tombstone = record.value.is_none();
            let read = ledger.table.read(partition, offset, entry, tombstone);
            read.map_err(|what| format!("{name}: read at {offset}: {what}"))?;
            let before = found.insert(entry.key, entry.nth);
            follows(before, entry).map_err(|what| format!("{name}: read at {offset}: {what}"))?;
        }
        ledger.counts.read += records.len() as u64;
        next = last + 1;
    }
    Ok(next)
}

/// A key's records stand in the order written.
fn follows(before: Option<u32>, entry: Entry) -> Result<(), String> {
    match before {
        Some(nth) if nth >= entry.nth => Err(format!("{entry:?} stands behind {nth} of its key")),
        _ => Ok(()),
    }
}

/// The last look: no transaction hangs, and each key has the newest value that was committed.
pub async fn audit(client: &mut Client, wire: &mut Wire) -> Result<(), Broken> {
    let partitions = client.shared.ledger.borrow().table.partitions;
    if client.shared.ledger.borrow().table.is_empty() {
        // Perhaps nobody has come to make the topic.
        return Ok(());
    }
    let limit = time::now() + PATIENCE;
    for partition in 0..partitions {
        loop {
            let at = (TOPIC, partition as i32);
            let (stable, end) = ask(client, wire, at, 0, 1, 0).await?.ends;
            if stable == end {
                break;
            }
            if time::now() > limit {
                let name = format!("{TOPIC}-{partition}");
                return Err(format!("{name}: a transaction hangs at {stable} of {end}").into());
            }
            time::sleep(Duration::from_millis(500)).await;
        }
    }
    client.shared.ledger.borrow_mut().table.all_ended();
    let mut doubtful = None;
    // Nothing is written any more: old values can go while one reading is under way, but not while each is.
    for _ in 0..3 {
        let (found, floor) = read(client, wire, partitions, BITE).await?;
        let mut ledger = client.shared.ledger.borrow_mut();
        doubtful = ledger.table.is_complete(&floor, &found)?;
        if doubtful.is_none() {
            ledger.counts.committed += ledger.table.committed();
            return Ok(());
        }
    }
    Err(format!("{TOPIC}: key {doubtful:?} has an old value, and its tombstone is gone").into())
}
