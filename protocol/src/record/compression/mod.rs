//! The four codecs of Kafka. What is compressed here can be read by every client; what any client
//! compressed can be read here.

mod snappy;
mod zstd;

use std::fmt;
use std::io::{Read, Write};

use flate2::bufread::MultiGzDecoder;
use flate2::write::GzEncoder;
use lz4_flex::frame::{BlockMode, BlockSize, FrameDecoder, FrameEncoder, FrameInfo};

/// How the records of a batch are compressed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Codec {
    /// Not at all.
    #[default]
    None,
    /// gzip, one or more members.
    Gzip,
    /// Snappy: xerial's framing (Java) or one bare block (others).
    Snappy,
    /// LZ4's frame format.
    Lz4,
    /// Zstandard frames.
    Zstd,
}

impl Codec {
    /// Every codec, in the order of their ids.
    pub const ALL: [Codec; 5] = [
        Codec::None,
        Codec::Gzip,
        Codec::Snappy,
        Codec::Lz4,
        Codec::Zstd,
    ];

    /// The number in a batch's attributes.
    pub fn id(self) -> u8 {
        self as u8
    }

    /// The codec of a number.
    pub fn from_id(id: u8) -> Option<Codec> {
        Codec::ALL.get(usize::from(id)).copied()
    }

    /// The name in configurations.
    pub fn name(self) -> &'static str {
        match self {
            Codec::None => "none",
            Codec::Gzip => "gzip",
            Codec::Snappy => "snappy",
            Codec::Lz4 => "lz4",
            Codec::Zstd => "zstd",
        }
    }

    /// The codec of a name.
    pub fn from_name(name: &str) -> Option<Codec> {
        Codec::ALL.into_iter().find(|codec| codec.name() == name)
    }
}

/// Why bytes could not be decompressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecompressError {
    /// They are not what the codec writes.
    Corrupt(Codec),
    /// There would be more than the limit, in bytes.
    TooLarge(usize),
}

impl fmt::Display for DecompressError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DecompressError::Corrupt(codec) => write!(f, "not valid {}", codec.name()),
            DecompressError::TooLarge(limit) => {
                write!(f, "more than {limit} bytes when decompressed")
            }
        }
    }
}

impl std::error::Error for DecompressError {}

/// Why bytes could not be compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CompressError {
    /// The codec refused, for want of memory or for a level that it lacks.
    Failed(Codec),
    /// More bytes than a batch can hold.
    TooLong(usize),
}

impl fmt::Display for CompressError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CompressError::Failed(codec) => write!(f, "{} refused to compress", codec.name()),
            CompressError::TooLong(n) => write!(f, "{n} bytes do not fit into a batch"),
        }
    }
}

impl std::error::Error for CompressError {}

/// Appends the compressed `bytes` to `out`. `level` counts for gzip (0-9) and zstd.
pub fn compress(
    codec: Codec,
    level: Option<i32>,
    bytes: &[u8],
    out: &mut Vec<u8>,
) -> Result<(), CompressError> {
    let failed = |_| CompressError::Failed(codec);
    match codec {
        Codec::None => out.extend_from_slice(bytes),
        Codec::Gzip => {
            let level = level
                .and_then(|l| u32::try_from(l).ok())
                .map_or_else(Default::default, |l| flate2::Compression::new(l.min(9)));
            let mut encoder = GzEncoder::new(out, level);
            encoder
                .write_all(bytes)
                .and_then(|()| encoder.finish())
                .map_err(failed)?;
        }
        Codec::Snappy => snappy::compress(bytes, out).map_err(|_| CompressError::Failed(codec))?,
        Codec::Lz4 => {
            // What the Java client writes, and all that it reads: independent blocks of 64 KiB.
            let info = FrameInfo::new()
                .block_size(BlockSize::Max64KB)
                .block_mode(BlockMode::Independent);
            let mut encoder = FrameEncoder::with_frame_info(info, out);
            encoder.write_all(bytes).map_err(failed)?;
            encoder.finish().map_err(|_| CompressError::Failed(codec))?;
        }
        Codec::Zstd => {
            zstd::compress(bytes, level, out).map_err(|_| CompressError::Failed(codec))?
        }
    }
    Ok(())
}

/// Decompresses. More than `limit` bytes of output are an error; memory grows with the output, so
/// what a frame announces is never allocated at once.
pub fn decompress(codec: Codec, bytes: &[u8], limit: usize) -> Result<Vec<u8>, DecompressError> {
    match codec {
        Codec::None if bytes.len() > limit => Err(DecompressError::TooLarge(limit)),
        Codec::None => Ok(bytes.to_vec()),
        Codec::Gzip => read_all(codec, MultiGzDecoder::new(bytes), limit),
        Codec::Snappy => snappy::decompress(bytes, limit),
        Codec::Lz4 => read_all(codec, FrameDecoder::new(bytes), limit),
        Codec::Zstd => zstd::decompress(bytes, limit),
    }
}

fn read_all(codec: Codec, decoder: impl Read, limit: usize) -> Result<Vec<u8>, DecompressError> {
    let mut out = Vec::new();
    // One byte more than allowed tells "full" from "too much".
    let most = (limit as u64).saturating_add(1);
    decoder
        .take(most)
        .read_to_end(&mut out)
        .map_err(|_| DecompressError::Corrupt(codec))?;
    if out.len() > limit {
        Err(DecompressError::TooLarge(limit))
    } else {
        Ok(out)
    }
}

#[cfg(test)]
mod tests;
