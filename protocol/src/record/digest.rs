//! A checksum over all of a batch at the price of its header.
//!
//! The header holds the CRC32C of everything behind it, so whoever has checked a batch once covers all of it by covering
//! the header. Where bytes are not one batch the digest is their plain CRC32C.

use super::header::at;
use super::{BatchHeader, HEADER_LEN};

/// The digest of `bytes`, seeded with a CRC32C. Of a batch that was checked before ([`BatchView::crc_ok`](super::BatchView::crc_ok)): a batch whose
/// own checksum is wrong never fits its digest.
pub fn digest(seed: u32, bytes: &[u8]) -> u32 {
    if !is_batch(bytes) {
        return crc32c::crc32c_append(seed, bytes);
    }
    // The length, or a batch would have the digest of its header standing alone.
    let seed = crc32c::crc32c_append(seed, &(bytes.len() as u64).to_le_bytes());
    crc32c::crc32c_append(seed, &bytes[..HEADER_LEN])
}

/// Are `bytes`, all of them, what this is the digest of?
pub fn digest_fits(seed: u32, bytes: &[u8], digest: u32) -> bool {
    self::digest(seed, bytes) == digest
        && own_checksum(bytes).is_none_or(|(stored, computed)| stored == computed)
}

/// A batch's own checksum as its header has it, and as it should be; none if `bytes` are not one batch.
pub fn own_checksum(bytes: &[u8]) -> Option<(u32, u32)> {
    let stored = BatchHeader::parse(bytes).ok()?.crc;
    is_batch(bytes).then(|| (stored, crc32c::crc32c(&bytes[at::ATTRIBUTES..])))
}

/// By its header and its length.
fn is_batch(bytes: &[u8]) -> bool {
    BatchHeader::parse(bytes).is_ok_and(|header| header.size() == bytes.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{BatchBuilder, BatchOptions, set_base_offset};

    fn batch() -> Vec<u8> {
        let mut builder = BatchBuilder::new(BatchOptions::default());
        for i in 0..20 {
            builder.push(i, None, Some(&[i as u8; 100]), &[]);
        }
        builder.build().unwrap()
    }

    #[test]
    fn every_flipped_bit_is_seen() {
        let batch = batch();
        let known = digest(7, &batch);
        assert!(digest_fits(7, &batch, known) && !digest_fits(8, &batch, known));
        for bit in 0..batch.len() * 8 {
            let mut bad = batch.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            assert!(!digest_fits(7, &bad, known), "bit {bit}");
        }
        for cut in 0..batch.len() {
            assert!(!digest_fits(7, &batch[..cut], known), "cut at {cut}");
        }
    }

    #[test]
    fn what_the_batch_checksum_leaves_out_is_covered() {
        let mut batch = batch();
        let known = digest(0, &batch);
        set_base_offset(&mut batch, 77);
        assert!(!digest_fits(0, &batch, known));
    }

    #[test]
    fn bytes_that_are_no_batch_have_their_plain_checksum() {
        assert_eq!(digest(0, b"123456789"), crc32c::crc32c(b"123456789"));
        assert!(digest_fits(0, b"123456789", 0xe306_9283));
        assert!(!digest_fits(0, b"123456780", 0xe306_9283));
        assert!(digest_fits(3, b"", digest(3, b"")));
    }
}
