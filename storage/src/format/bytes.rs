//! Fixed-width little-endian fields in byte slices whose length the caller has checked.

use super::FormatError;

/// The `N` bytes at `at`.
///
/// # Panics
/// When the slice is shorter; callers check once with [`need`].
pub fn array<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    let mut out = [0; N];
    out.copy_from_slice(&bytes[at..at + N]);
    out
}

pub fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes(array(bytes, at))
}

pub fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(array(bytes, at))
}

pub fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(array(bytes, at))
}

pub fn i32_at(bytes: &[u8], at: usize) -> i32 {
    i32::from_le_bytes(array(bytes, at))
}

pub fn i64_at(bytes: &[u8], at: usize) -> i64 {
    i64::from_le_bytes(array(bytes, at))
}

/// Writes `value` at `at`.
pub fn put<const N: usize>(bytes: &mut [u8], at: usize, value: [u8; N]) {
    bytes[at..at + N].copy_from_slice(&value);
}

/// Refuses a slice shorter than `need`.
pub fn need(bytes: &[u8], need: usize) -> Result<(), FormatError> {
    if bytes.len() < need {
        return Err(FormatError::Short {
            need: need as u64,
            have: bytes.len() as u64,
        });
    }
    Ok(())
}

/// CRC32C of `bytes` with the four bytes at `hole` read as zero, continued from `seed`.
pub fn crc_without(seed: u32, bytes: &[u8], hole: usize) -> u32 {
    let crc = crc32c::crc32c_append(seed, &bytes[..hole]);
    let crc = crc32c::crc32c_append(crc, &[0; 4]);
    crc32c::crc32c_append(crc, &bytes[hole + 4..])
}

/// Compares the checksum stored at `hole` with the one computed over the rest.
pub fn check_crc(seed: u32, bytes: &[u8], hole: usize) -> Result<(), FormatError> {
    let (stored, computed) = (u32_at(bytes, hole), crc_without(seed, bytes, hole));
    if stored != computed {
        return Err(FormatError::Checksum { stored, computed });
    }
    Ok(())
}
