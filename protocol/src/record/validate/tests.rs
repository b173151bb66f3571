//! The answers are those of Kafka 4.3.1 to the same frames, but for the cases marked "Kafka: -1",
//! where it has no better word than "unknown error".

use super::*;
use crate::record::patch::seal;
use crate::record::{BatchBuilder, BatchOptions};

const LIMIT: usize = 1 << 20;

/// Accepted, or the code.
fn answer(bytes: &[u8]) -> i16 {
    let checks = || {
        let batch = sole_batch(bytes)?;
        check_header(&batch)?;
        scan(&batch, LIMIT)
    };
    checks().err().map_or(0, |refused| refused.code.0)
}

/// Two records, uncompressed.
fn good() -> Vec<u8> {
    with_records(2, &[record(0), record(1)].concat())
}

/// A record without a key, its value one byte.
fn record(offset_delta: u8) -> Vec<u8> {
    vec![14, 0, 0, offset_delta * 2, 1, 2, b'v', 0]
}

fn with_records(count: i32, records: &[u8]) -> Vec<u8> {
    let mut bytes = BatchBuilder::new(BatchOptions::default()).build().unwrap();
    bytes.extend_from_slice(records);
    edit(bytes, |b| {
        let length = (b.len() - 12) as i32;
        b[8..12].copy_from_slice(&length.to_be_bytes());
        b[23..27].copy_from_slice(&(count - 1).to_be_bytes());
        b[57..61].copy_from_slice(&count.to_be_bytes());
    })
}

/// Changes a batch and makes its checksum right again.
fn edit(mut bytes: Vec<u8>, change: impl FnOnce(&mut [u8])) -> Vec<u8> {
    change(&mut bytes);
    seal(&mut bytes);
    bytes
}

fn put(from: usize, value: &[u8]) -> Vec<u8> {
    edit(good(), |b| {
        b[from..from + value.len()].copy_from_slice(value)
    })
}

#[test]
fn what_stands_after_the_batch() {
    let g = good();
    let after = |rest: &[u8]| answer(&[&g[..], rest].concat());
    assert_eq!(after(&[]), 0);
    for n in [1, 11] {
        assert_eq!(after(&vec![0; n]), 0, "{n} zeroes");
    }
    for n in [12, 16, 17] {
        assert_eq!(after(&vec![0; n]), 2, "{n} zeroes");
    }
    for n in [11, 16, 17, 70] {
        assert_eq!(after(&g[..n]), 0, "a batch cut at {n}");
    }
    assert_eq!(after(&g), 87);
    assert_eq!(after(&[0xff; 30]), 2);
    assert_eq!(after(&put(16, &[1])), 87);
    assert_eq!(after(&put(16, &[3])), 2);
}

#[test]
fn batches_that_are_cut() {
    let g = good();
    for n in [0, 11, 12, 16, 17, 60, 61, g.len() - 1] {
        assert_eq!(answer(&g[..n]), 87, "cut at {n}");
    }
    let cut = |magic: u8| answer(&put(16, &[magic])[..g.len() - 1]);
    assert_eq!((cut(1), cut(3)), (87, 2));
}

#[test]
fn lengths_and_magics() {
    let length = |n: i32| answer(&put(8, &n.to_be_bytes()));
    let right = good().len() as i32 - 12;
    for n in [-5, 0, 13, 14, 20, 48, 49, right - 1] {
        assert_eq!(length(n), 2, "length {n}");
    }
    assert_eq!(length(right + 1), 87);
    assert_eq!(length(i32::MAX), 87); // Kafka: -1
    for (magic, code) in [(0, 87), (1, 87), (3, 2), (0xff, 2)] {
        assert_eq!(answer(&put(16, &[magic])), code, "magic {magic}");
    }
}

#[test]
fn header_fields() {
    assert_eq!(answer(&put(7, &[1])), 87); // base offset
    let mut bad = good();
    bad[17] ^= 1;
    assert_eq!(answer(&bad), 2);
    bad[7] = 1;
    assert_eq!(answer(&bad), 87); // the base offset is looked at before the checksum
    let counts = |count: i32, last: i32| {
        let bytes = put(57, &count.to_be_bytes());
        answer(&edit(bytes, |b| {
            b[23..27].copy_from_slice(&last.to_be_bytes())
        }))
    };
    for (count, last) in [(0, -1), (0, 1), (3, 1), (2, 5), (3, 2), (1, 0), (-1, -2)] {
        assert_eq!(
            counts(count, last),
            87,
            "{count} records, last delta {last}"
        );
    }
    assert_eq!(answer(&put(22, &[0x20])), 87); // control
    assert_eq!(answer(&put(21, &[0xff, 0xc0])), 0); // unused bits
    assert_eq!(answer(&put(22, &[0x08])), 0); // log append time
}

#[test]
fn producers() {
    let producer = |id: i64, epoch: i16, sequence: i32| {
        let fields = [
            &id.to_be_bytes()[..],
            &epoch.to_be_bytes(),
            &sequence.to_be_bytes(),
        ]
        .concat();
        answer(&put(43, &fields))
    };
    assert_eq!(producer(5, 0, -1), 87);
    assert_eq!(producer(9, 0, -5), 87);
    for (id, epoch, sequence) in [
        (5, 0, 0),
        (5, -1, 0),
        (-2, -1, -1),
        (-1, -1, -2),
        (-1, 3, 4),
    ] {
        assert_eq!(producer(id, epoch, sequence), 0, "{id} {epoch} {sequence}");
    }
}

#[test]
fn codecs() {
    for codec in 5..8 {
        assert_eq!(answer(&put(22, &[codec])), 87, "codec {codec}"); // Kafka: -1
    }
    for codec in 1..5 {
        assert_eq!(answer(&put(22, &[codec])), 2, "garbage in codec {codec}"); // Kafka: -1
    }
}

#[test]
fn records_in_an_uncompressed_batch() {
    let two = |second: &[u8]| answer(&with_records(2, &[&record(0), second].concat()));
    assert_eq!(two(&record(7)), 0); // offset deltas are not looked at
    assert_eq!(two(&record(1)), 0);
    assert_eq!(two(&[record(1), vec![0, 0]].concat()), 87); // bytes are left
    assert_eq!(two(&[]), 87); // too few
    let one = |record: &[u8]| answer(&with_records(1, record));
    assert_eq!(one(&[0xff; 12]), 87); // an endless varint; Kafka: -1
    assert_eq!(one(&[0, 0]), 87);
    assert_eq!(one(&[1, 1]), 87); // negative length
    assert_eq!(one(&[0xfe, 0xff, 0xff, 0xff, 0x0f]), 87);
    assert_eq!(one(&[14, 0, 0, 0, 1, 1, 1, 0]), 87); // -1 headers
    assert_eq!(one(&[18, 0, 0, 0, 1, 1, 0, 0, 0, 0]), 87); // more bytes than the record's parts
    assert_eq!(one(&[12, 0xff, 0, 0, 1, 1, 0]), 0); // unused attributes
}

#[test]
fn offset_deltas_count_in_a_compressed_batch() {
    for (codec, expected) in [
        (Codec::None, None),
        (Codec::Zstd, Some(Why::OffsetDelta { index: 1, delta: 2 })),
    ] {
        let mut builder = BatchBuilder::new(BatchOptions {
            codec,
            ..BatchOptions::default()
        });
        builder.push_at(0, 1, None, None, &[]);
        builder.push_at(2, 1, None, None, &[]);
        let bytes = edit(builder.build().unwrap(), |b| {
            b[23..27].copy_from_slice(&1i32.to_be_bytes())
        });
        let batch = sole_batch(&bytes).unwrap();
        assert_eq!(
            scan(&batch, LIMIT).err().map(|refused| refused.why),
            expected
        );
    }
}
