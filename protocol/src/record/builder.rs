//! Makes batches.

use super::compression::{self, Codec, CompressError};
use super::header::{Attributes, HEADER_LEN, LENGTH_END};
use super::patch::seal;
use super::{BatchError, BatchHeader, Record, TimestampType};
use crate::wire::Writer;

/// An idempotent producer's place in a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Producer {
    /// Its id.
    pub id: i64,
    /// Its epoch.
    pub epoch: i16,
    /// Sequence of the batch's first record.
    pub base_sequence: i32,
}

/// What a batch says of itself besides its records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BatchOptions {
    /// Offset of delta 0.
    pub base_offset: i64,
    /// Leader epoch; producers send -1, brokers overwrite it.
    pub leader_epoch: i32,
    /// How the records are compressed.
    pub codec: Codec,
    /// The codec's level; None is the codec's default.
    pub level: Option<i32>,
    /// Stamps the batch with a broker's time, ms.
    pub log_append_time: Option<i64>,
    /// Idempotent producer, if any.
    pub producer: Option<Producer>,
    /// Part of a transaction.
    pub transactional: bool,
    /// Written by a broker (markers).
    pub control: bool,
    /// Time at which tombstones may go, ms; takes the place of the base timestamp (KIP-534).
    pub delete_horizon: Option<i64>,
}

impl BatchOptions {
    /// Those of a batch, for one that takes its place with fewer records (compaction).
    pub fn of(header: &BatchHeader) -> Result<BatchOptions, BatchError> {
        let attributes = header.attributes;
        let appended = attributes.timestamp_type() == TimestampType::LogAppendTime;
        Ok(BatchOptions {
            base_offset: header.base_offset,
            leader_epoch: header.leader_epoch,
            codec: attributes.codec()?,
            level: None,
            log_append_time: appended.then_some(header.max_timestamp),
            producer: header.has_producer().then_some(Producer {
                id: header.producer_id,
                epoch: header.producer_epoch,
                base_sequence: header.base_sequence,
            }),
            transactional: attributes.is_transactional(),
            control: attributes.is_control(),
            delete_horizon: attributes
                .has_delete_horizon()
                .then_some(header.base_timestamp),
        })
    }
}

/// Collects records and makes a batch of them.
#[derive(Debug)]
pub struct BatchBuilder {
    options: BatchOptions,
    records: Writer,
    /// The record at hand, whose length stands before it; kept for its allocation.
    body: Writer,
    count: i32,
    last_offset_delta: i32,
    base_timestamp: i64,
    max_timestamp: i64,
}

impl BatchBuilder {
    /// An empty batch.
    pub fn new(options: BatchOptions) -> BatchBuilder {
        BatchBuilder {
            options,
            records: Writer::new(),
            body: Writer::new(),
            count: 0,
            last_offset_delta: -1,
            base_timestamp: options.delete_horizon.unwrap_or(-1),
            max_timestamp: -1,
        }
    }

    /// Adds a record with the next offset. `timestamp` is in ms, -1 for none.
    pub fn push(
        &mut self,
        timestamp: i64,
        key: Option<&[u8]>,
        value: Option<&[u8]>,
        headers: &[(&str, Option<&[u8]>)],
    ) {
        self.push_at(self.last_offset_delta + 1, timestamp, key, value, headers);
    }

    /// Adds a record at an offset of its own, above the ones before (compaction leaves gaps).
    pub fn push_at(
        &mut self,
        offset_delta: i32,
        timestamp: i64,
        key: Option<&[u8]>,
        value: Option<&[u8]>,
        headers: &[(&str, Option<&[u8]>)],
    ) {
        let headers = headers.iter().map(|(key, value)| (key.as_bytes(), *value));
        self.put(offset_delta, timestamp, key, value, headers);
    }

    /// Adds a record that was read from a batch with this base timestamp, with the next offset.
    pub fn push_record(&mut self, base_timestamp: i64, record: &Record<'_>) {
        self.copy(self.last_offset_delta + 1, base_timestamp, record);
    }

    /// Adds a record that was read from a batch with this base timestamp, with the offset that it has there.
    pub fn keep_record(&mut self, base_timestamp: i64, record: &Record<'_>) {
        self.copy(record.offset_delta, base_timestamp, record);
    }

    fn copy(&mut self, offset_delta: i32, base_timestamp: i64, record: &Record<'_>) {
        let headers = record.headers.clone().map(|h| (h.key, h.value));
        let timestamp = base_timestamp.wrapping_add(record.timestamp_delta);
        self.put(offset_delta, timestamp, record.key, record.value, headers);
    }

    fn put<'h>(
        &mut self,
        offset_delta: i32,
        timestamp: i64,
        key: Option<&[u8]>,
        value: Option<&[u8]>,
        headers: impl ExactSizeIterator<Item = (&'h [u8], Option<&'h [u8]>)>,
    ) {
        debug_assert!(offset_delta > self.last_offset_delta, "offsets grow");
        if self.count == 0 && self.options.delete_horizon.is_none() {
            self.base_timestamp = timestamp;
        }
        self.max_timestamp = self.max_timestamp.max(timestamp);
        self.last_offset_delta = offset_delta;
        self.count += 1;
        let body = &mut self.body;
        body.clear();
        body.i8(0);
        body.varlong(timestamp.wrapping_sub(self.base_timestamp));
        body.varint(offset_delta);
        put_bytes(body, key);
        put_bytes(body, value);
        body.varint(headers.len() as i32);
        for (key, value) in headers {
            put_bytes(body, Some(key));
            put_bytes(body, value);
        }
        self.records.varint(body.bytes_so_far().len() as i32);
        self.records.raw(body.bytes_so_far());
    }

    /// Number of records so far.
    pub fn count(&self) -> i32 {
        self.count
    }

    /// Offset delta that [`BatchBuilder::push`] gives the next record.
    pub fn next_offset_delta(&self) -> i32 {
        self.last_offset_delta + 1
    }

    /// Bytes of the batch if it were not compressed.
    pub fn size(&self) -> usize {
        HEADER_LEN + self.records.bytes_so_far().len()
    }

    /// Sets the last offset where it lies above that of the last record (compaction keeps it).
    pub fn keep_last_offset(&mut self, delta: i32) {
        self.last_offset_delta = self.last_offset_delta.max(delta);
    }

    /// The finished batch.
    pub fn build(self) -> Result<Vec<u8>, CompressError> {
        let o = &self.options;
        let mut attributes = o.codec.id() as i16;
        attributes |= if o.log_append_time.is_some() {
            Attributes::LOG_APPEND_TIME
        } else {
            0
        };
        attributes |= if o.transactional {
            Attributes::TRANSACTIONAL
        } else {
            0
        };
        attributes |= if o.control { Attributes::CONTROL } else { 0 };
        attributes |= if o.delete_horizon.is_some() {
            Attributes::DELETE_HORIZON
        } else {
            0
        };
        let producer = o.producer.unwrap_or(Producer {
            id: -1,
            epoch: -1,
            base_sequence: -1,
        });
        let mut w = Writer::new();
        w.i64(o.base_offset);
        w.i32(0); // the length, below
        w.i32(o.leader_epoch);
        w.i8(2);
        w.u32(0); // the checksum, below
        w.i16(attributes);
        w.i32(self.last_offset_delta.max(0));
        w.i64(self.base_timestamp);
        w.i64(o.log_append_time.unwrap_or(self.max_timestamp));
        w.i64(producer.id);
        w.i16(producer.epoch);
        w.i32(producer.base_sequence);
        w.i32(self.count);
        let mut batch = w.into_vec();
        compression::compress(o.codec, o.level, self.records.bytes_so_far(), &mut batch)?;
        let length = i32::try_from(batch.len() - LENGTH_END)
            .map_err(|_| CompressError::TooLong(batch.len()))?;
        batch[8..LENGTH_END].copy_from_slice(&length.to_be_bytes());
        seal(&mut batch);
        Ok(batch)
    }
}

fn put_bytes(w: &mut Writer, bytes: Option<&[u8]>) {
    match bytes {
        Some(bytes) => {
            w.varint(bytes.len() as i32);
            w.raw(bytes);
        }
        None => w.varint(-1),
    }
}
