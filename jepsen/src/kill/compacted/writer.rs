//! Who writes to the compacted topic.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::messages::produce::{PartitionProduceData, ProduceRequest, TopicProduceData};
use ottla_protocol::wire::Records;

use super::ledger::{Ledger, Written};
use super::{PARTITIONS, TOPIC};
use crate::client::Client;
use crate::client::batch::{Record, encode_keyed};
use crate::dice::Dice;
use crate::kill::value::Identity;

/// Keys of each writer.
const KEYS: u64 = 2_400;
/// Of which it writes to so many at a time, each batch to one further on: a key has rest before its turn comes again, time
/// enough for a tombstone to go.
const WINDOW: u64 = 200;
const PATIENCE: Duration = Duration::from_secs(20);

/// Writes to keys of its own, one request at a time; what is not acknowledged is not sent again.
pub(super) struct Writer {
    number: u32,
    address: SocketAddr,
    ledger: Arc<Ledger>,
    dice: Dice,
    /// Numbers written to each key, and batches so far.
    numbers: Vec<u64>,
    batches: u64,
}

impl Writer {
    pub(super) fn new(number: u32, address: SocketAddr, ledger: Arc<Ledger>, dice: Dice) -> Self {
        Self {
            number,
            address,
            ledger,
            dice,
            numbers: vec![0; KEYS as usize],
            batches: 0,
        }
    }

    pub(super) fn run(mut self) {
        let name = format!("kill-{}", self.number);
        while !self.ledger.stopping() {
            if let Ok(mut client) = Client::connect(self.address, &name, PATIENCE) {
                // It ends when the broker does.
                let _ = self.converse(&mut client);
            }
            std::thread::sleep(Duration::from_millis(3));
        }
    }

    fn converse(&mut self, client: &mut Client) -> io::Result<()> {
        while !self.ledger.stopping() {
            if self.ledger.paused() {
                std::thread::sleep(Duration::from_millis(1));
                continue;
            }
            let (written, bytes) = self.compose();
            self.ledger.sent(&written);
            let data = PartitionProduceData {
                index: self.number as i32 % PARTITIONS,
                records: Records::Parts(vec![bytes]),
            };
            let request = ProduceRequest {
                acks: -1,
                timeout_ms: 30_000,
                topic_data: vec![TopicProduceData {
                    name: TOPIC.into(),
                    partition_data: vec![data],
                    ..Default::default()
                }],
                ..Default::default()
            };
            let code = client.call(&request, 9, |response| {
                let topic = response.responses.first();
                let partition = topic.and_then(|t| t.partition_responses.first());
                partition.map_or(ErrorCode::UNKNOWN_SERVER_ERROR, |p| p.error_code)
            })?;
            if !code.is_error() {
                self.ledger.acked(&written);
            } else if !code.retriable() {
                let what = format!("writer {}: refused: {}", self.number, code.name());
                self.ledger.complain(what);
            }
            std::thread::sleep(Duration::from_micros(self.dice.between(0, 4_000)));
        }
        Ok(())
    }

    /// The next batch, and what is in it.
    fn compose(&mut self) -> (Vec<Written>, Bytes) {
        let count = self.dice.between(1, 30);
        let length = self.dice.between(24, 600) as usize;
        self.batches += 1;
        let mut written = Vec::new();
        for _ in 0..count {
            let key = (self.batches + self.dice.between(0, WINDOW)) % KEYS;
            let number = &mut self.numbers[key as usize];
            *number += 1;
            written.push(Written {
                key: u64::from(self.number) << 32 | key,
                number: *number,
                tombstone: self.dice.one_in(4),
            });
        }
        let parts = |w: &Written| {
            let identity = Identity {
                producer: self.number,
                slot: 0,
                number: w.number,
            };
            let value = (!w.tombstone).then(|| identity.encode(length));
            let note = w.tombstone.then(|| w.number.to_be_bytes());
            (w.key.to_be_bytes(), value, note)
        };
        let parts: Vec<_> = written.iter().map(parts).collect();
        let records = parts.iter().map(|(key, value, note)| Record {
            key: Some(&key[..]),
            value: value.as_deref(),
            note: note.as_ref().map(|n| &n[..]),
            ..Record::default()
        });
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let now_ms = now.map_or(0, |d| d.as_millis() as i64);
        (written, Bytes::from(encode_keyed(now_ms, records)))
    }
}
