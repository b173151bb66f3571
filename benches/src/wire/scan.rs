//! Walks fetched bytes: batches, and the stamps in their records. Reads no more than it must.

use super::template::HEAD;
use super::varint;

/// One batch of a fetch answer.
#[derive(Debug, Clone, Copy)]
pub struct Batch<'a> {
    /// The offset behind its last record.
    pub next_offset: i64,
    /// How many records it has.
    pub records: usize,
    /// All its bytes.
    pub bytes: &'a [u8],
}

fn be<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    bytes[at..at + N].try_into().unwrap_or([0; N])
}

/// The whole batches of `bytes`; a last one that is cut off is left out.
pub fn batches(bytes: &[u8]) -> impl Iterator<Item = Batch<'_>> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        if rest.len() < HEAD {
            return None;
        }
        let length = usize::try_from(i32::from_be_bytes(be(rest, 8))).ok()? + 12;
        let (batch, after) = rest.split_at_checked(length.max(HEAD))?;
        rest = after;
        let base = i64::from_be_bytes(be(batch, 0));
        Some(Batch {
            next_offset: base + i64::from(i32::from_be_bytes(be(batch, 23))) + 1,
            records: usize::try_from(i32::from_be_bytes(be(batch, 57))).unwrap_or(0),
            bytes: batch,
        })
    })
}

/// The values of the first `limit` records, `records` being the bytes behind a batch's head (uncompressed).
pub fn values(records: &[u8], limit: usize) -> impl Iterator<Item = &[u8]> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let length = varint::take(records, &mut at)?;
        let end = at.checked_add(usize::try_from(length).ok()?)?;
        at += 1; // attributes
        varint::take(records, &mut at)?; // timestamp delta
        varint::take(records, &mut at)?; // offset delta
        let key = varint::take(records, &mut at)?;
        at += usize::try_from(key).unwrap_or(0);
        let size = usize::try_from(varint::take(records, &mut at)?).unwrap_or(0);
        let value = records.get(at..at + size)?;
        at = end;
        Some(value)
    })
    .take(limit)
}

impl<'a> Batch<'a> {
    /// The stamps of its first `limit` records; of none when it is compressed.
    pub fn stamps(&self, limit: usize) -> impl Iterator<Item = u64> + use<'a> {
        let plain = self.bytes[22] & 7 == 0;
        let limit = if plain { limit } else { 0 };
        values(&self.bytes[HEAD..], limit)
            .filter(|v| v.len() >= 8)
            .map(|v| u64::from_be_bytes(be(v, 0)))
    }
}

#[cfg(test)]
mod tests {
    use super::super::template::{NOBODY, Template};
    use super::*;

    #[test]
    fn batches_and_their_stamps_come_back() {
        let template = Template::new(&[vec![b'x'; 64]], false, 4096);
        let mut bytes = Vec::new();
        for (base, stamps) in [(10i64, &[1u64, 2, 3][..]), (13, &[4, 5])] {
            let mut batch = template.prefix(stamps.len()).to_vec();
            template.patch(&mut batch, stamps.len(), stamps, &[], NOBODY);
            batch[..8].copy_from_slice(&base.to_be_bytes());
            bytes.extend(batch);
        }
        let seen: Vec<_> = batches(&bytes)
            .map(|b| (b.next_offset, b.records, b.stamps(9).collect::<Vec<_>>()))
            .collect();
        assert_eq!(seen, [(13, 3, vec![1, 2, 3]), (15, 2, vec![4, 5])]);
        assert_eq!(batches(&bytes[..bytes.len() - 1]).count(), 1, "cut off");
    }
}
