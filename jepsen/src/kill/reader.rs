//! Reads partitions back, as any consumer would.

use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::messages::fetch::{FetchPartition, FetchRequest, FetchTopic};
use ottla_protocol::messages::list_offsets::{
    ListOffsetsPartition, ListOffsetsRequest, ListOffsetsTopic,
};
use ottla_protocol::wire::Records;

use super::book::Slot;
use super::check::Seen;
use super::value::Identity;
use crate::client::Client;
use crate::client::batch::batches;

/// How long a partition may answer with errors that say "again" before it counts as gone.
const PATIENCE: Duration = Duration::from_secs(20);
const ASK_BYTES: i32 = 8 << 20;

/// A connection for reading.
#[derive(Debug)]
pub struct Reader {
    client: Client,
}

/// One answer to a fetch.
struct Answer {
    code: ErrorCode,
    high_watermark: i64,
    records: Vec<u8>,
}

fn other(what: String) -> io::Error {
    io::Error::other(what)
}

impl Reader {
    /// Connects.
    pub fn connect(address: SocketAddr) -> io::Result<Self> {
        Ok(Self {
            client: Client::connect(address, "kill-reader", PATIENCE)?,
        })
    }

    /// Every record of `slot` from `from` to the high watermark of the first answer.
    pub fn read(&mut self, slot: &Slot, from: i64) -> io::Result<Vec<Seen>> {
        let mut seen = Vec::new();
        self.read_with(slot, from, |bytes, next| take(bytes, next, &mut seen))?;
        Ok(seen)
    }

    /// Gives all batches of `slot` from `from` to the high watermark of the first answer to `take`, which moves the next offset.
    pub fn read_with(
        &mut self,
        slot: &Slot,
        from: i64,
        mut take: impl FnMut(&[u8], &mut i64) -> Result<(), String>,
    ) -> io::Result<()> {
        let (mut next, mut end, began) = (from, None, Instant::now());
        while end.is_none_or(|end| next < end) {
            let answer = self.fetch(slot, next)?;
            if answer.code.is_error() {
                if !answer.code.retriable() || began.elapsed() > PATIENCE {
                    return Err(other(format!(
                        "fetch of {}-{} at {next}: {}",
                        slot.topic,
                        slot.partition,
                        answer.code.name()
                    )));
                }
                std::thread::sleep(Duration::from_millis(20));
                continue;
            }
            let end = *end.get_or_insert(answer.high_watermark);
            let before = next;
            take(&answer.records, &mut next)
                .map_err(|e| other(format!("{}-{}: {e}", slot.topic, slot.partition)))?;
            if next == before && next < end {
                return Err(other(format!(
                    "{}-{}: nothing at {next}, though the high watermark is {end}",
                    slot.topic, slot.partition
                )));
            }
        }
        Ok(())
    }

    fn fetch(&mut self, slot: &Slot, at: i64) -> io::Result<Answer> {
        let partition = FetchPartition {
            partition: slot.partition,
            current_leader_epoch: -1,
            fetch_offset: at,
            last_fetched_epoch: -1,
            log_start_offset: -1,
            partition_max_bytes: ASK_BYTES,
            ..Default::default()
        };
        let topic = FetchTopic {
            topic: slot.topic.as_str().into(),
            partitions: vec![partition],
            ..Default::default()
        };
        let request = FetchRequest {
            replica_id: -1,
            max_wait_ms: 100,
            min_bytes: 1,
            max_bytes: ASK_BYTES,
            session_epoch: -1,
            topics: vec![topic],
            ..Default::default()
        };
        self.client.call(&request, 12, |response| {
            let data = response
                .responses
                .first()
                .and_then(|t| t.partitions.first());
            data.map(|p| Answer {
                code: p.error_code,
                high_watermark: p.high_watermark,
                records: match &p.records {
                    Records::Borrowed(bytes) => bytes.to_vec(),
                    Records::None | Records::Parts(_) => Vec::new(),
                },
            })
            .ok_or_else(|| {
                other(format!(
                    "a fetch answer without the partition: {}",
                    response.error_code.name()
                ))
            })
        })?
    }

    /// The first offset of the log.
    pub fn start_offset(&mut self, slot: &Slot) -> io::Result<i64> {
        let partition = ListOffsetsPartition {
            partition_index: slot.partition,
            current_leader_epoch: -1,
            timestamp: -2,
        };
        let topic = ListOffsetsTopic {
            name: slot.topic.as_str().into(),
            partitions: vec![partition],
        };
        let request = ListOffsetsRequest {
            replica_id: -1,
            topics: vec![topic],
            ..Default::default()
        };
        let began = Instant::now();
        loop {
            let (code, offset) = self.client.call(&request, 5, |response| {
                let data = response.topics.first().and_then(|t| t.partitions.first());
                data.map_or((ErrorCode::UNKNOWN_SERVER_ERROR, -1), |p| {
                    (p.error_code, p.offset)
                })
            })?;
            if !code.is_error() {
                return Ok(offset);
            }
            if !code.retriable() || began.elapsed() > PATIENCE {
                return Err(other(format!(
                    "first offset of {}-{}: {}",
                    slot.topic,
                    slot.partition,
                    code.name()
                )));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

/// Adds the records at and after `next`; a first batch may begin before it.
fn take(bytes: &[u8], next: &mut i64, seen: &mut Vec<Seen>) -> Result<(), String> {
    let asked = *next;
    for batch in batches(bytes) {
        let batch = batch.map_err(|e| format!("{e:?}"))?;
        for (offset, value) in batch.records().map_err(|e| format!("{e:?}"))? {
            if offset >= asked {
                seen.push(Seen {
                    offset,
                    record: Identity::decode(value),
                });
            }
        }
        *next = (batch.base_offset + i64::from(batch.count)).max(*next);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::batch::{Sender, encode};

    #[test]
    fn a_fetch_inside_a_batch_skips_what_was_not_asked() {
        let id = |number| Identity {
            producer: 0,
            slot: 0,
            number,
        };
        let bytes = encode(
            Sender {
                id: 1,
                epoch: 0,
                sequence: 0,
            },
            0,
            &[id(0).encode(24), id(1).encode(24)],
        );
        let (mut next, mut seen) = (1, Vec::new());
        take(&bytes, &mut next, &mut seen).unwrap();
        assert_eq!(
            (next, seen),
            (
                2,
                vec![Seen {
                    offset: 1,
                    record: Ok(id(1))
                }]
            )
        );
    }
}
