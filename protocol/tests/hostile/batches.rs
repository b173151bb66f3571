//! Record batches and compressed records.

use ottla_protocol::record::compression::{self, Codec};
use ottla_protocol::record::{BatchBuilder, BatchOptions, BatchView, batches, validate};

use crate::peak;
use crate::random::Random;

const LIMIT: usize = 1 << 20;

/// What the codecs take for themselves: LZ4's block buffers (4 MiB blocks, twice) are the most.
const CODEC: usize = 9 << 20;

/// Everything that a broker does with a batch, bound in memory.
fn inspect(bytes: &[u8]) {
    let used = peak(|| {
        for batch in batches(bytes).flatten() {
            let _ = validate::check_header(&batch);
            let _ = validate::scan(&batch, LIMIT);
            let _ = validate::first_offset_at(&batch, 5, LIMIT);
        }
        let _ = validate::sole_batch(bytes);
    });
    assert!(
        used <= 4 * LIMIT + CODEC,
        "{used} bytes for {}",
        bytes.len()
    );
}

pub(crate) fn batch(codec: Codec, r: &mut Random) -> Vec<u8> {
    let mut builder = BatchBuilder::new(BatchOptions {
        codec,
        ..BatchOptions::default()
    });
    for _ in 0..=r.below(5) {
        let (key, value) = (r.bytes(9), r.bytes(60));
        builder.push(
            r.integer(41),
            Some(&key),
            Some(&value),
            &[("h", Some(&key)), ("n", None)],
        );
    }
    builder.build().expect("a batch")
}

#[test]
fn damaged_batches() {
    let mut r = Random::new(4);
    for _ in 0..800 {
        for codec in Codec::ALL {
            let mut bytes = batch(codec, &mut r);
            for _ in 0..=r.below(3) {
                // Mostly in the records; the checksum is not looked at before them here.
                let from = if r.one_in(3) { 0 } else { 61 };
                let at = from + r.below((bytes.len() - from) as u64) as usize;
                bytes[at] = if r.one_in(2) {
                    r.next() as u8
                } else {
                    bytes[at] ^ 1 << r.below(8)
                };
            }
            if r.one_in(8) {
                bytes.truncate(r.below(bytes.len() as u64) as usize);
            }
            inspect(&bytes);
        }
    }
}

#[test]
fn random_records() {
    let mut r = Random::new(5);
    let head = batch(Codec::None, &mut r)[..61].to_vec();
    for _ in 0..15_000 {
        let mut bytes = head.clone();
        bytes.extend(r.bytes(60));
        let length = (bytes.len() - 12) as u32;
        bytes[8..12].copy_from_slice(&length.to_be_bytes());
        bytes[57..61].copy_from_slice(&(r.integer(32) as i32).to_be_bytes());
        bytes[22] = r.below(8) as u8;
        assert!(BatchView::parse(&bytes).is_ok());
        inspect(&bytes);
    }
}

#[test]
fn bombs_stop_at_the_limit() {
    let zeroes = vec![0u8; 64 << 20];
    for codec in [Codec::Gzip, Codec::Snappy, Codec::Lz4, Codec::Zstd] {
        let mut bomb = Vec::new();
        compression::compress(codec, None, &zeroes, &mut bomb).expect("compresses");
        for limit in [0, 1000, LIMIT] {
            let used = peak(|| {
                let answer = compression::decompress(codec, &bomb, limit);
                assert_eq!(
                    answer,
                    Err(compression::DecompressError::TooLarge(limit)),
                    "{codec:?}"
                );
            });
            assert!(
                used <= 3 * limit + CODEC,
                "{codec:?}: {used} bytes for a limit of {limit}"
            );
        }
    }
}
