//! Readers of what is committed: they leave out what was aborted, as clients do, by the list in the answer.

use ottla_protocol::messages::list_offsets::{
    ListOffsetsPartition, ListOffsetsRequest, ListOffsetsTopic,
};

use super::book::Piece;
use super::fetch::{Answer, READ_COMMITTED, ask};
use super::{Plan, TOPIC, make_topic};
use crate::node_sim::client::{Broken, Client, Worker};
use crate::node_sim::reads::LATEST;
use crate::node_sim::wire::Wire;

/// A reader.
pub struct Reader {
    client: Client,
    plan: Plan,
    positions: Vec<i64>,
}

impl Reader {
    /// Of all partitions of the topic.
    pub fn new(client: Client, plan: Plan) -> Self {
        Self {
            client,
            positions: vec![0; plan.partitions as usize],
            plan,
        }
    }
}

impl Worker for Reader {
    fn client(&mut self) -> &mut Client {
        &mut self.client
    }

    async fn session(&mut self, wire: &mut Wire) -> Result<(), Broken> {
        let (partitions, segment) = (self.plan.partitions, self.plan.segment_bytes);
        make_topic(&self.client, wire, TOPIC, partitions, segment).await?;
        while !self.client.shared.ledger.borrow().ending {
            let place = self.client.rng.below(self.plan.partitions as u64) as usize;
            match self.client.rng.below(10) {
                0 => self.positions[place] = 0,
                1 => stable_end(&self.client, wire, place).await?,
                _ => {
                    let (bytes, wait_ms) = {
                        let rng = &mut self.client.rng;
                        (1 << (6 + rng.below(12)), rng.below(100) as i32)
                    };
                    let at = self.positions[place];
                    let read = fetch(&self.client, wire, place, at, bytes, wait_ms);
                    self.positions[place] = read.await?.0;
                }
            }
            self.client.pause().await;
        }
        Ok(())
    }
}

/// Where the stable part of a place ends, by ListOffsets.
async fn stable_end(client: &Client, wire: &mut Wire, place: usize) -> Result<(), Broken> {
    let (name, topic, partition, floor) = known(client, place);
    let request = ListOffsetsRequest {
        replica_id: -1,
        isolation_level: READ_COMMITTED,
        topics: vec![ListOffsetsTopic {
            name: topic.into(),
            partitions: vec![ListOffsetsPartition {
                partition_index: partition,
                current_leader_epoch: -1,
                timestamp: LATEST,
            }],
        }],
        ..Default::default()
    };
    let answer = wire.call(&request, 7, |response| {
        let data = response.topics.first().and_then(|t| t.partitions.first());
        data.map(|p| (p.error_code, p.offset))
    });
    let Some((code, offset)) = answer.await? else {
        return Err(format!("{name}: ListOffsets without an answer").into());
    };
    if code.is_error() {
        return Err(client.refused(&format!("{name}: ListOffsets"), code));
    }
    let mut ledger = client.shared.ledger.borrow_mut();
    let place = &mut ledger.txns.places[place];
    let end = offset.max(floor.1);
    Ok(place.saw_ends((offset, end), floor)?)
}

fn known(client: &Client, place: usize) -> (String, String, i32, (i64, i64)) {
    let place = &client.shared.ledger.borrow().txns.places[place];
    (
        place.name(),
        place.topic.clone(),
        place.partition,
        place.floor(),
    )
}

/// Reads a place from `from` on. Gives where to go on, the last stable offset, and the high watermark.
pub async fn fetch(
    client: &Client,
    wire: &mut Wire,
    place: usize,
    from: i64,
    bytes: i32,
    wait_ms: i32,
) -> Result<(i64, i64, i64), Broken> {
    let (name, topic, partition, floor) = known(client, place);
    let answer = ask(client, wire, (&topic, partition), from, bytes, wait_ms).await?;
    let (stable, end) = answer.ends;
    let (next, records) = committed(&name, from, &answer)?;
    if next > stable {
        return Err(
            format!("{name}: served up to {next}, stable is what is below {stable}").into(),
        );
    }
    if next == from && from < floor.0 {
        return Err(format!("{name}: nothing at {from}, {} was stable", floor.0).into());
    }
    client.tell(|| format!("{name} read {from}..{next} of {stable} of {end}"));
    let mut ledger = client.shared.ledger.borrow_mut();
    ledger.counts.read += records.len() as u64;
    ledger.txns.places[place].saw_ends(answer.ends, floor)?;
    ledger.txns.read(place, (from, next), &records)?;
    Ok((next, stable, end))
}

/// The records that an answer has for a reader of what is committed, and where to go on.
fn committed(name: &str, from: i64, answer: &Answer) -> Result<(i64, Vec<(i64, Piece)>), String> {
    let mut next = from;
    let mut records = Vec::new();
    for batch in answer.committed() {
        let (batch, is_read) = batch.map_err(|e| format!("{name}: fetched at {from}: {e:?}"))?;
        let end = batch.base_offset + i64::from(batch.count);
        if batch.base_offset > next || end <= next {
            let base = batch.base_offset;
            return Err(format!("{name}: fetched at {next}, got a batch at {base}"));
        }
        if is_read {
            let read = batch.records().map_err(|e| format!("{name}: {e:?}"))?;
            for (offset, value) in read.into_iter().filter(|(offset, _)| *offset >= from) {
                let piece = Piece::decode(value);
                let piece = piece.ok_or_else(|| format!("{name}: {offset} is damaged"))?;
                records.push((offset, piece));
            }
        }
        next = end;
    }
    Ok((next, records))
}
