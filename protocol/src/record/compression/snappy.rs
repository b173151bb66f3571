//! Snappy in the framing of xerial's Java library: a 16-byte head (8 of magic, version and lowest
//! compatible version as 32-bit integers, both 1), then blocks, each behind its 32-bit size.
//! Clients in other languages may send one bare block instead.

use snap::raw::{Decoder, Encoder, decompress_len, max_compress_len};

use super::{Codec, DecompressError};
use crate::wire::Reader;

const HEAD: [u8; 16] = *b"\x82SNAPPY\0\0\0\0\x01\0\0\0\x01";
const MAGIC: usize = 8;

/// Block size of the Java client.
const BLOCK: usize = 32 * 1024;

/// The most that a compressed block can grow: a copy of 64 bytes takes at least 3 bytes (of 11
/// bytes at least 2), so a block that announces more than that is not one.
const MOST_GROWTH: usize = 22;

pub(super) fn compress(bytes: &[u8], out: &mut Vec<u8>) -> Result<(), snap::Error> {
    out.extend_from_slice(&HEAD);
    let mut encoder = Encoder::new();
    for block in bytes.chunks(BLOCK) {
        let at = out.len();
        out.resize(at + 4 + max_compress_len(block.len()), 0);
        let size = encoder.compress(block, &mut out[at + 4..])?;
        out[at..at + 4].copy_from_slice(&(size as u32).to_be_bytes());
        out.truncate(at + 4 + size);
    }
    Ok(())
}

pub(super) fn decompress(bytes: &[u8], limit: usize) -> Result<Vec<u8>, DecompressError> {
    let mut out = Vec::new();
    if !bytes.starts_with(&HEAD[..MAGIC]) {
        block(bytes, limit, &mut out)?;
        return Ok(out);
    }
    let corrupt = |_| DecompressError::Corrupt(Codec::Snappy);
    let mut r = Reader::new(bytes);
    while !r.rest().is_empty() {
        if r.rest().starts_with(&HEAD[..MAGIC]) {
            // A stream may be several, one after the other.
            r.take(HEAD.len()).map_err(corrupt)?;
            continue;
        }
        let size = r.u32().map_err(corrupt)? as usize;
        block(r.take(size).map_err(corrupt)?, limit, &mut out)?;
    }
    Ok(out)
}

/// Appends one decompressed block.
fn block(bytes: &[u8], limit: usize, out: &mut Vec<u8>) -> Result<(), DecompressError> {
    let corrupt = |_| DecompressError::Corrupt(Codec::Snappy);
    let size = decompress_len(bytes).map_err(corrupt)?;
    if size > bytes.len().saturating_mul(MOST_GROWTH) {
        return Err(DecompressError::Corrupt(Codec::Snappy));
    }
    if size > limit.saturating_sub(out.len()) {
        return Err(DecompressError::TooLarge(limit));
    }
    let at = out.len();
    out.resize(at + size, 0);
    Decoder::new()
        .decompress(bytes, &mut out[at..])
        .map_err(corrupt)?;
    Ok(())
}
