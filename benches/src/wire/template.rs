//! A record batch (version 2, uncompressed) of equal records, laid out once. A batch of fewer records is a prefix of it, since a
//! record's bytes depend only on its place; what differs from batch to batch is patched.
//!
//! ```text
//!  0  8  base offset            21  2  attributes           43  8  producer id
//!  8  4  bytes that follow      23  4  last offset delta    51  2  producer epoch
//! 12  4  leader epoch           27  8  first timestamp      53  4  base sequence
//! 16  1  magic, 2               35  8  last timestamp       57  4  number of records
//! 17  4  crc32c of 21..                                     61  .  the records
//! ```

use super::varint;

/// Bytes before the first record.
pub const HEAD: usize = 61;
/// Keys have this length, as OpenMessaging's key distributors give them.
pub const KEY_BYTES: usize = 7;

/// The laid out batch.
#[derive(Debug, Clone)]
pub struct Template {
    bytes: Vec<u8>,
    records: Vec<Places>,
}

/// Where the parts of a record are in the batch.
#[derive(Debug, Clone, Copy)]
struct Places {
    key: usize,
    value: usize,
    end: usize,
}

/// Who sends, and the sequence of the batch's first record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sender {
    /// As the broker gave it; -1 when not idempotent.
    pub id: i64,
    /// As the broker gave it.
    pub epoch: i16,
    /// Sequence of the first record.
    pub sequence: i32,
}

/// Not idempotent.
pub const NOBODY: Sender = Sender {
    id: -1,
    epoch: -1,
    sequence: -1,
};

impl Template {
    /// As many records as fit into `batch_bytes`, but at least one. Values come from `payloads` in turn.
    ///
    /// # Panics
    /// When there is no payload.
    pub fn new(payloads: &[Vec<u8>], keyed: bool, batch_bytes: usize) -> Self {
        let mut bytes = vec![0; HEAD];
        bytes[12..16].copy_from_slice(&(-1i32).to_be_bytes()); // leader epoch: unknown
        bytes[16] = 2;
        let mut records = Vec::new();
        for delta in 0.. {
            let value = &payloads[delta % payloads.len()];
            let record = record(delta as i64, keyed, value);
            let mut framed = Vec::with_capacity(record.len() + 5);
            varint::put(&mut framed, record.len() as i64);
            let value_at = bytes.len() + framed.len() + record.len() - value.len() - 1;
            framed.extend_from_slice(&record);
            if delta > 0 && bytes.len() + framed.len() > batch_bytes {
                break;
            }
            bytes.extend_from_slice(&framed);
            let mut length = Vec::new();
            varint::put(&mut length, value.len() as i64);
            records.push(Places {
                key: value_at - length.len() - KEY_BYTES, // of no meaning without keys
                value: value_at,
                end: bytes.len(),
            });
        }
        Self { bytes, records }
    }

    /// Records of a full batch.
    pub fn capacity(&self) -> usize {
        self.records.len()
    }

    /// Bytes of a batch of `count` records.
    pub fn len(&self, count: usize) -> usize {
        self.records[count - 1].end
    }

    /// True when a full batch has no record: never.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// The bytes of a batch of `count` records, still to be patched.
    pub fn prefix(&self, count: usize) -> &[u8] {
        &self.bytes[..self.len(count)]
    }

    /// Makes `batch`, a copy of a prefix, ready: `stamps` (one per record, or one for all), `keys` (one per record, when keyed),
    /// timestamps, sender, checksum.
    pub fn patch(&self, batch: &mut [u8], count: usize, stamps: &[u64], keys: &[u16], by: Sender) {
        let records = self.records[..count].iter();
        if let [all] = stamps {
            let stamp = all.to_be_bytes();
            records.for_each(|r| batch[r.value..r.value + 8].copy_from_slice(&stamp));
        } else {
            for (r, stamp) in records.zip(stamps) {
                batch[r.value..r.value + 8].copy_from_slice(&stamp.to_be_bytes());
            }
        }
        for (r, key) in self.records.iter().zip(keys) {
            batch[r.key..r.key + KEY_BYTES].copy_from_slice(&key_bytes(*key));
        }
        let first_ms = (stamps[0] / 1_000_000) as i64;
        let n = count as i32;
        let length = batch.len() as i32 - 12;
        batch[8..12].copy_from_slice(&length.to_be_bytes());
        batch[23..27].copy_from_slice(&(n - 1).to_be_bytes());
        batch[27..35].copy_from_slice(&first_ms.to_be_bytes());
        batch[35..43].copy_from_slice(&first_ms.to_be_bytes());
        batch[43..51].copy_from_slice(&by.id.to_be_bytes());
        batch[51..53].copy_from_slice(&by.epoch.to_be_bytes());
        batch[53..57].copy_from_slice(&by.sequence.to_be_bytes());
        batch[57..61].copy_from_slice(&n.to_be_bytes());
        let crc = crc32c::crc32c(&batch[21..]);
        batch[17..21].copy_from_slice(&crc.to_be_bytes());
    }
}

/// A record without its length. Its timestamp is the batch's.
fn record(delta: i64, keyed: bool, value: &[u8]) -> Vec<u8> {
    let mut out = vec![0]; // attributes
    varint::put(&mut out, 0); // timestamp delta
    varint::put(&mut out, delta);
    if keyed {
        varint::put(&mut out, KEY_BYTES as i64);
        out.extend_from_slice(&[b'0'; KEY_BYTES]);
    } else {
        varint::put(&mut out, -1);
    }
    varint::put(&mut out, value.len() as i64);
    out.extend_from_slice(value);
    varint::put(&mut out, 0); // headers
    out
}

/// The key of a number: decimal, of fixed length.
pub fn key_bytes(mut n: u16) -> [u8; KEY_BYTES] {
    let mut key = [b'0'; KEY_BYTES];
    for digit in key.iter_mut().rev() {
        *digit = b'0' + (n % 10) as u8;
        n /= 10;
    }
    key
}

/// Kafka's hash of keys (Murmur 2), by which its clients choose a partition.
pub fn key_hash(key: &[u8]) -> u32 {
    const M: u32 = 0x5bd1_e995;
    let mut h = 0x9747_b28c ^ key.len() as u32;
    let mut words = key.chunks_exact(4);
    for word in words.by_ref() {
        let mut k = word
            .iter()
            .rev()
            .fold(0u32, |k, b| k << 8 | u32::from(*b))
            .wrapping_mul(M);
        k ^= k >> 24;
        h = h.wrapping_mul(M) ^ k.wrapping_mul(M);
    }
    let rest = words.remainder();
    if !rest.is_empty() {
        h ^= rest.iter().rev().fold(0u32, |k, b| k << 8 | u32::from(*b));
        h = h.wrapping_mul(M);
    }
    h ^= h >> 13;
    h = h.wrapping_mul(M);
    (h ^ (h >> 15)) & 0x7fff_ffff
}

#[cfg(test)]
mod tests {
    use ottla_protocol::record::BatchView;

    use super::*;

    fn made(keyed: bool, count: usize, stamps: &[u64], keys: &[u16]) -> Vec<u8> {
        let template = Template::new(&[vec![b'a'; 100], vec![b'b'; 100]], keyed, 4096);
        let mut batch = template.prefix(count).to_vec();
        let by = Sender {
            id: 7,
            epoch: 1,
            sequence: 40,
        };
        template.patch(&mut batch, count, stamps, keys, by);
        batch
    }

    #[test]
    fn full_batches_fill_but_do_not_exceed_their_size() {
        for size in [1, 100, 4096, 131_072] {
            let template = Template::new(&[vec![b'a'; 100]], true, size);
            let full = template.len(template.capacity());
            assert!(
                template.capacity() == 1 || full <= size && full + 130 > size,
                "{size}: {full}"
            );
        }
    }

    #[test]
    fn the_brokers_codec_reads_it() {
        for keyed in [false, true] {
            let keys: &[u16] = if keyed { &[1, 2, 65_535] } else { &[] };
            let bytes = made(keyed, 3, &[5_000_000, 6_000_000, 7_000_000], keys);
            let batch = BatchView::parse(&bytes).expect("a batch");
            assert!(batch.crc_ok());
            let records: Vec<_> = batch
                .records(batch.payload())
                .map(|r| r.expect("a record"))
                .collect();
            let stamps: Vec<_> = records
                .iter()
                .map(|r| r.value.expect("a value")[..8].to_vec())
                .collect();
            let expected = [5_000_000u64, 6_000_000, 7_000_000].map(|s| s.to_be_bytes().to_vec());
            assert_eq!(stamps, expected);
            let found: Vec<_> = records.iter().map(|r| r.key).collect();
            let keys: Vec<_> = [&b"0000001"[..], b"0000002", b"0065535"]
                .map(|k| keyed.then_some(k))
                .to_vec();
            assert_eq!(found, keys);
        }
    }

    #[test]
    fn keys_are_hashed_as_kafka_does() {
        // From Kafka's own test of its hash.
        assert_eq!(key_hash(b"21"), -973_932_308_i32 as u32 & 0x7fff_ffff);
        assert_eq!(key_hash(b"foobar"), -790_332_482_i32 as u32 & 0x7fff_ffff);
        assert_eq!(
            key_hash(b"a-little-bit-long-string"),
            -985_981_536_i32 as u32 & 0x7fff_ffff
        );
    }
}
