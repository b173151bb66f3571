//! Zstandard. One pass into a buffer that grows, and not the streaming decoder: that one allocates
//! the window that the frame announces, up to 128 MiB, before the first byte of output.

use std::cell::RefCell;

use zstd::zstd_safe::{CCtx, DCtx, get_frame_content_size};

use super::{Codec, DecompressError};

/// Kafka's default level.
const LEVEL: i32 = 3;

/// First guess at the growth; a guess that is too small costs another pass.
const GUESS: usize = 8;
const SMALLEST_GUESS: usize = 64 * 1024;

/// The library's code for "the destination is too small", negated as it returns it.
const DESTINATION_TOO_SMALL: usize = 70usize.wrapping_neg();

thread_local! {
    /// A context is some 100 KB of the library's memory: one per thread is enough.
    static CONTEXT: RefCell<DCtx<'static>> = RefCell::new(DCtx::create());
}

pub(super) fn compress(bytes: &[u8], level: Option<i32>, out: &mut Vec<u8>) -> Result<(), usize> {
    let mut compressed = Vec::with_capacity(zstd::zstd_safe::compress_bound(bytes.len()));
    CCtx::create().compress(&mut compressed, bytes, level.unwrap_or(LEVEL))?;
    out.extend_from_slice(&compressed);
    Ok(())
}

pub(super) fn decompress(bytes: &[u8], limit: usize) -> Result<Vec<u8>, DecompressError> {
    let mut room = bytes.len().saturating_mul(GUESS).max(SMALLEST_GUESS);
    if let Ok(Some(announced)) = get_frame_content_size(bytes) {
        // The first frame's word for it: never more than the guess, never believed beyond the limit.
        match usize::try_from(announced) {
            Ok(size) if size <= limit => room = room.min(size),
            _ => return Err(DecompressError::TooLarge(limit)),
        }
    }
    CONTEXT.with_borrow_mut(|context| decompress_into(context, bytes, room, limit))
}

/// Tries with more and more room, at most `limit`.
fn decompress_into(
    context: &mut DCtx<'_>,
    bytes: &[u8],
    mut room: usize,
    limit: usize,
) -> Result<Vec<u8>, DecompressError> {
    loop {
        room = room.min(limit);
        let mut out = Vec::with_capacity(room);
        match context.decompress(&mut out, bytes) {
            // The allocator may give more room than was asked for.
            Ok(_) if out.len() > limit => return Err(DecompressError::TooLarge(limit)),
            Ok(_) => return Ok(out),
            Err(DESTINATION_TOO_SMALL) if room < limit => room = room.max(256).saturating_mul(4),
            Err(DESTINATION_TOO_SMALL) => return Err(DecompressError::TooLarge(limit)),
            Err(_) => return Err(DecompressError::Corrupt(Codec::Zstd)),
        }
    }
}
