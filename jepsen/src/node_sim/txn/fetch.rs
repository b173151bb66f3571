//! A fetch of what is committed, and what of its answer is to be read: clients leave out what was aborted, by the list that comes
//! with it.

use std::collections::BTreeSet;

use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::messages::fetch::{FetchRequest, FetchTopic};
use ottla_protocol::wire::Records;

use crate::client::batch::{BadBatch, Batch, batches};
use crate::node_sim::client::{Broken, Client};
use crate::node_sim::reads::asked;
use crate::node_sim::wire::Wire;

/// Fetch by names.
const FETCH: i16 = 12;
/// An isolation level.
pub const READ_COMMITTED: i8 = 1;

/// What was answered about one partition.
pub struct Answer {
    /// The last stable offset, and the high watermark.
    pub ends: (i64, i64),
    /// Producer and first offset of transactions that were aborted.
    aborted: Vec<(i64, i64)>,
    bytes: Vec<u8>,
}

/// Asks for so many bytes of a partition from an offset on.
pub async fn ask(
    client: &Client,
    wire: &mut Wire,
    (topic, partition): (&str, i32),
    from: i64,
    bytes: i32,
    wait_ms: i32,
) -> Result<Answer, Broken> {
    let request = FetchRequest {
        replica_id: -1,
        max_wait_ms: wait_ms,
        min_bytes: 1,
        max_bytes: bytes,
        isolation_level: READ_COMMITTED,
        session_epoch: -1,
        topics: vec![FetchTopic {
            topic: topic.to_owned().into(),
            partitions: vec![asked(partition, from, bytes)],
            ..Default::default()
        }],
        ..Default::default()
    };
    let answer = wire.call(&request, FETCH, |response| {
        let p = response.responses.first()?.partitions.first()?;
        let aborted = p.aborted_transactions.iter().flatten();
        let answer = Answer {
            ends: (p.last_stable_offset, p.high_watermark),
            aborted: aborted.map(|t| (t.producer_id, t.first_offset)).collect(),
            bytes: match &p.records {
                Records::Borrowed(bytes) => bytes.to_vec(),
                Records::None | Records::Parts(_) => Vec::new(),
            },
        };
        Some((p.error_code, answer))
    });
    let what = format!("{topic}-{partition}: a fetch at {from}");
    match answer.await? {
        Some((ErrorCode::NONE, answer)) => Ok(answer),
        Some((code, _)) => Err(client.refused(&what, code)),
        None => Err(format!("{what} without an answer").into()),
    }
}

impl Answer {
    /// Its batches, each with whether its records are to be read.
    pub fn committed(&self) -> impl Iterator<Item = Result<(Batch<'_>, bool), BadBatch>> {
        let mut to_come = self.aborted.clone();
        let mut aborted = BTreeSet::new();
        batches(&self.bytes).map(move |batch| {
            let batch = batch?;
            let id = batch.producer_id();
            to_come.retain(|(id, first)| {
                let begun = *first <= batch.last_offset();
                if begun {
                    aborted.insert(*id);
                }
                !begun
            });
            if batch.end_of_txn() == Some(false) {
                aborted.remove(&id);
            }
            let is_read = !batch.is_control() && !aborted.contains(&id);
            Ok((batch, is_read))
        })
    }
}
