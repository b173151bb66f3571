//! Record batches, version 2, uncompressed: written and read here by code of this suite's own, so that a fault of the broker's codec
//! does not cancel itself out.
//!
//! ```text
//!  0  8  base offset            21  2  attributes           43  8  producer id
//!  8  4  bytes that follow      23  4  last offset delta    51  2  producer epoch
//! 12  4  leader epoch           27  8  first timestamp      53  4  base sequence
//! 16  1  magic, 2               35  8  last timestamp       57  4  number of records
//! 17  4  crc32c of 21..                                     61  .  the records
//! ```

const HEAD: usize = 61;
const CRC_AT: usize = 17;
const ATTRIBUTES_AT: usize = 21;
const PRODUCER_AT: usize = 43;
const TRANSACTIONAL: i16 = 16;
const CONTROL: i16 = 32;

/// Who sends a batch, and where in its row it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sender {
    /// As the broker gave it.
    pub id: i64,
    /// As the broker gave it.
    pub epoch: i16,
    /// Sequence of the batch's first record.
    pub sequence: i32,
}

/// A record.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Record<'a> {
    /// Its place in the batch when it is written, in the log when it is read.
    pub offset: i64,
    /// What compaction goes by.
    pub key: Option<&'a [u8]>,
    /// None is a tombstone.
    pub value: Option<&'a [u8]>,
    /// The value of the one header, [`NOTE`], if it has that.
    pub note: Option<&'a [u8]>,
}

/// Key of the only header that this suite writes.
const NOTE: &[u8] = b"note";

/// A batch of one record per value, without keys and headers, all stamped `now_ms`.
pub fn encode(sender: Sender, now_ms: i64, values: &[Vec<u8>]) -> Vec<u8> {
    let records = values.iter().map(|value| Record {
        value: Some(&value[..]),
        ..Record::default()
    });
    encode_records(sender, now_ms, records)
}

/// Records as part of a transaction; their offsets are as they come.
pub fn encode_in_txn<'a>(
    sender: Sender,
    now_ms: i64,
    records: impl ExactSizeIterator<Item = Record<'a>>,
) -> Vec<u8> {
    let mut out = encode_records(sender, now_ms, records);
    out[ATTRIBUTES_AT..ATTRIBUTES_AT + 2].copy_from_slice(&TRANSACTIONAL.to_be_bytes());
    let crc = crc32c::crc32c(&out[ATTRIBUTES_AT..]);
    out[CRC_AT..ATTRIBUTES_AT].copy_from_slice(&crc.to_be_bytes());
    out
}

/// A batch of such records, of a producer without an id; their offsets are as they come.
pub fn encode_keyed<'a>(
    now_ms: i64,
    records: impl ExactSizeIterator<Item = Record<'a>>,
) -> Vec<u8> {
    let nobody = Sender {
        id: -1,
        epoch: -1,
        sequence: -1,
    };
    encode_records(nobody, now_ms, records)
}

fn encode_records<'a>(
    sender: Sender,
    now_ms: i64,
    records: impl ExactSizeIterator<Item = Record<'a>>,
) -> Vec<u8> {
    let mut out = vec![0; 8]; // base offset: the broker's to set
    out.extend_from_slice(&[0; 4]); // length, below
    out.extend_from_slice(&(-1i32).to_be_bytes());
    out.push(2);
    out.extend_from_slice(&[0; 4]); // crc, below
    out.extend_from_slice(&0i16.to_be_bytes());
    let count = i32::try_from(records.len()).unwrap_or(i32::MAX);
    out.extend_from_slice(&(count - 1).to_be_bytes());
    out.extend_from_slice(&now_ms.to_be_bytes());
    out.extend_from_slice(&now_ms.to_be_bytes());
    out.extend_from_slice(&sender.id.to_be_bytes());
    out.extend_from_slice(&sender.epoch.to_be_bytes());
    out.extend_from_slice(&sender.sequence.to_be_bytes());
    out.extend_from_slice(&count.to_be_bytes());
    for (
        delta,
        Record {
            key, value, note, ..
        },
    ) in (0i64..).zip(records)
    {
        let mut record = vec![0]; // attributes
        put_varint(&mut record, 0); // timestamp delta
        put_varint(&mut record, delta);
        put_bytes(&mut record, key);
        put_bytes(&mut record, value);
        put_varint(&mut record, note.iter().len() as i64);
        if note.is_some() {
            put_bytes(&mut record, Some(NOTE));
            put_bytes(&mut record, note);
        }
        put_varint(&mut out, i64::try_from(record.len()).unwrap_or(i64::MAX));
        out.extend_from_slice(&record);
    }
    let length = u32::try_from(out.len() - 12).unwrap_or(u32::MAX);
    out[8..12].copy_from_slice(&length.to_be_bytes());
    let crc = crc32c::crc32c(&out[ATTRIBUTES_AT..]);
    out[CRC_AT..ATTRIBUTES_AT].copy_from_slice(&crc.to_be_bytes());
    out
}

/// Offset and value of a record.
type Plain<'a> = (i64, Option<&'a [u8]>);

/// Set in a batch whose tombstones compaction has met: its first timestamp is when they may go.
const DELETE_HORIZON: i16 = 0x40;

/// A whole batch as it stands in a fetch response or a segment.
#[derive(Debug, Clone, Copy)]
pub struct Batch<'a> {
    /// Offset of its first record.
    pub base_offset: i64,
    /// How many records its header declares.
    pub count: i32,
    /// Its last offset less its first one.
    pub last_delta: i32,
    bytes: &'a [u8],
}

/// What is wrong with bytes that should be batches. The fields say where.
#[allow(missing_docs)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BadBatch {
    /// The length field is too small or too large for what follows.
    Length { at: usize },
    /// Not version 2.
    Magic { at: usize, found: u8 },
    /// The checksum does not hold.
    Checksum { base_offset: i64 },
    /// Compressed, or a control batch: this suite never sent one.
    Attributes { base_offset: i64, found: i16 },
    /// A record's lengths do not add up, or there are not as many as declared.
    Record { base_offset: i64 },
}

/// The batches of `bytes` one by one; ends after the first error. A last batch that is cut off is left out without an error, as a fetch
/// may end so.
pub fn batches(bytes: &[u8]) -> impl Iterator<Item = Result<Batch<'_>, BadBatch>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = &bytes[at..];
        if rest.len() < HEAD {
            return None;
        }
        let length = be(rest, 8, 4)
            .try_into()
            .unwrap_or(usize::MAX)
            .saturating_add(12);
        if length < HEAD {
            let bad = BadBatch::Length { at };
            at = bytes.len();
            return Some(Err(bad));
        }
        if length > rest.len() {
            return None;
        }
        let read = Batch::read(&rest[..length], at);
        at = if read.is_ok() {
            at + length
        } else {
            bytes.len()
        };
        Some(read)
    })
}

impl<'a> Batch<'a> {
    fn read(bytes: &'a [u8], at: usize) -> Result<Self, BadBatch> {
        if bytes[16] != 2 {
            return Err(BadBatch::Magic {
                at,
                found: bytes[16],
            });
        }
        let base_offset = be(bytes, 0, 8) as i64;
        if crc32c::crc32c(&bytes[ATTRIBUTES_AT..]) != be(bytes, CRC_AT, 4) as u32 {
            return Err(BadBatch::Checksum { base_offset });
        }
        let last_delta = be(bytes, 23, 4) as i32;
        let count = be(bytes, 57, 4) as i32;
        Ok(Self {
            base_offset,
            count,
            last_delta,
            bytes,
        })
    }

    /// Offset of its last record, if compaction has not taken that.
    pub fn last_offset(&self) -> i64 {
        self.base_offset + i64::from(self.last_delta)
    }

    /// Compression, timestamp type and kind, as in the header.
    pub fn attributes(&self) -> i16 {
        be(self.bytes, ATTRIBUTES_AT, 2) as i16
    }

    /// Who sent it, -1 for nobody.
    pub fn producer_id(&self) -> i64 {
        be(self.bytes, PRODUCER_AT, 8) as i64
    }

    /// Nothing in it is for readers.
    pub fn is_control(&self) -> bool {
        self.attributes() & CONTROL != 0
    }

    /// Is it the end of a transaction, and does that commit? Compaction may have left nothing of it but the batch.
    pub fn end_of_txn(&self) -> Option<bool> {
        // One record, whose lengths take a byte each; the last byte of its key says which end.
        let kind = self.bytes.get(HEAD + 8);
        kind.filter(|_| self.is_control()).map(|kind| *kind == 1)
    }

    /// Offset and value of each record. Only of batches that are as they were sent.
    pub fn records(&self) -> Result<Vec<Plain<'a>>, BadBatch> {
        let (base_offset, found) = (self.base_offset, self.attributes());
        if found & !TRANSACTIONAL != 0 {
            return Err(BadBatch::Attributes { base_offset, found });
        }
        let records = self.sparse_records()?;
        if self.last_delta != self.count - 1 {
            return Err(BadBatch::Record { base_offset });
        }
        Ok(records.into_iter().map(|r| (r.offset, r.value)).collect())
    }

    /// The records of a batch, some of which compaction may have taken.
    pub fn sparse_records(&self) -> Result<Vec<Record<'a>>, BadBatch> {
        let (base_offset, found) = (self.base_offset, self.attributes());
        if found & !(DELETE_HORIZON | TRANSACTIONAL) != 0 {
            return Err(BadBatch::Attributes { base_offset, found });
        }
        let mut rest = &self.bytes[HEAD..];
        let mut records = Vec::new();
        while !rest.is_empty() {
            let (record, after) = next_record(rest).ok_or(BadBatch::Record { base_offset })?;
            records.push(Record {
                offset: base_offset + record.offset,
                ..record
            });
            rest = after;
        }
        if usize::try_from(self.count).ok() != Some(records.len()) {
            return Err(BadBatch::Record { base_offset });
        }
        Ok(records)
    }
}

fn next_record(bytes: &[u8]) -> Option<(Record<'_>, &[u8])> {
    let (length, rest) = varint(bytes)?;
    let (record, after) = rest.split_at_checked(usize::try_from(length).ok()?)?;
    let (_, rest) = varint(record.get(1..)?)?; // attributes, timestamp delta
    let (offset, rest) = varint(rest)?;
    let (key, rest) = field(rest)?;
    let (value, rest) = field(rest)?;
    let (note, rest) = match varint(rest)? {
        (0, rest) => (None, rest),
        (1, rest) => {
            let (name, rest) = field(rest)?;
            let (note, rest) = field(rest)?;
            (Some(note.filter(|_| name == Some(NOTE))?), rest)
        }
        _ => return None,
    };
    let record = Record {
        offset,
        key,
        value,
        note,
    };
    rest.is_empty().then_some((record, after))
}

fn field(bytes: &[u8]) -> Option<(Option<&[u8]>, &[u8])> {
    let (length, rest) = varint(bytes)?;
    if length == -1 {
        return Some((None, rest));
    }
    let (value, rest) = rest.split_at_checked(usize::try_from(length).ok()?)?;
    Some((Some(value), rest))
}

/// `width` bytes at `at`, big-endian.
fn be(bytes: &[u8], at: usize, width: usize) -> u64 {
    bytes[at..at + width]
        .iter()
        .fold(0, |n, &b| n << 8 | u64::from(b))
}

fn put_bytes(out: &mut Vec<u8>, bytes: Option<&[u8]>) {
    let length = bytes.map_or(-1, |b| i64::try_from(b.len()).unwrap_or(i64::MAX));
    put_varint(out, length);
    out.extend_from_slice(bytes.unwrap_or_default());
}

/// Zigzag, seven bits a byte, low ones first.
fn put_varint(out: &mut Vec<u8>, n: i64) {
    let mut rest = ((n << 1) ^ (n >> 63)) as u64;
    while rest > 127 {
        out.push(rest as u8 | 128);
        rest >>= 7;
    }
    out.push(rest as u8);
}

fn varint(bytes: &[u8]) -> Option<(i64, &[u8])> {
    let mut n = 0u64;
    for (i, &b) in bytes.iter().enumerate().take(10) {
        n |= u64::from(b & 127) << (7 * i);
        if b < 128 {
            return Some(((n >> 1) as i64 ^ -((n & 1) as i64), &bytes[i + 1..]));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const SENDER: Sender = Sender {
        id: 7,
        epoch: 0,
        sequence: 3,
    };

    fn two() -> Vec<u8> {
        let mut bytes = encode(SENDER, 1_000, &[b"a".to_vec(), vec![b'b'; 300]]);
        let mut second = encode(SENDER, 2_000, &[b"c".to_vec()]);
        second[..8].copy_from_slice(&2i64.to_be_bytes());
        bytes.extend(second);
        bytes
    }

    #[test]
    fn batches_come_back() {
        let bytes = two();
        let records: Vec<_> = batches(&bytes)
            .flat_map(|b| b.unwrap().records().unwrap())
            .collect();
        assert_eq!(
            records,
            [
                (0, Some(&b"a"[..])),
                (1, Some(&[b'b'; 300][..])),
                (2, Some(&b"c"[..]))
            ]
        );
    }

    #[test]
    fn keys_tombstones_and_notes_come_back() {
        let record = |offset, value, note| Record {
            offset,
            key: Some(b"k"),
            value,
            note,
        };
        let records = [
            record(0, Some(&b"a"[..]), None),
            record(1, None, Some(&b"7"[..])),
        ];
        let bytes = encode_keyed(1_000, records.into_iter());
        let batch = batches(&bytes).next().unwrap().unwrap();
        assert_eq!(batch.sparse_records().unwrap(), records);
    }

    #[test]
    fn a_cut_last_batch_is_left_out() {
        let bytes = two();
        assert_eq!(batches(&bytes[..bytes.len() - 1]).count(), 1);
    }

    #[test]
    fn flipped_bits_are_seen() {
        let bytes = encode(SENDER, 1_000, &[b"abc".to_vec()]);
        // The base offset and the leader epoch stand outside the checksum; a longer length is a batch cut off.
        for at in (16..bytes.len()).flat_map(|byte| (0..8).map(move |bit| byte * 8 + bit)) {
            let mut bad = bytes.clone();
            bad[at / 8] ^= 1 << (at % 8);
            assert!(batches(&bad).next().unwrap().is_err(), "bit {at}");
        }
    }

    #[test]
    fn varints() {
        for n in [
            0,
            -1,
            1,
            63,
            64,
            -64,
            -65,
            i64::from(i32::MAX),
            i64::MIN,
            i64::MAX,
        ] {
            let mut bytes = Vec::new();
            put_varint(&mut bytes, n);
            assert_eq!(varint(&bytes), Some((n, &[][..])), "{n}");
        }
    }

    #[test]
    fn fields_stand_where_they_should() {
        let bytes = encode(SENDER, 1_000, &[b"a".to_vec(), b"b".to_vec()]);
        assert_eq!(
            (
                bytes[16],
                be(&bytes, 23, 4),
                be(&bytes, 27, 8),
                be(&bytes, 35, 8)
            ),
            (2, 1, 1_000, 1_000)
        );
        assert_eq!(
            (
                be(&bytes, 43, 8),
                be(&bytes, 51, 2),
                be(&bytes, 53, 4),
                be(&bytes, 57, 4)
            ),
            (7, 0, 3, 2)
        );
    }
}
