//! Requests, responses and headers; keys and values of records.

use ottla_protocol::api::{RequestHeader, ResponseHeader};
use ottla_protocol::wire::Reader;
use ottla_protocol::{ApiKey, ErrorCode};

use crate::notation::{self, Struct};
use crate::random::Random;
use crate::values::Maker;
use crate::{ours, peak};

/// Memory that a decoded message may take per byte of input, and besides. The factor is that of
/// arrays of the smallest elements (an empty string is 1 byte on the wire and 24 in memory; an
/// element with many absent parts more), doubled while a vector grows.
const PER_BYTE: usize = 120;
const BESIDES: usize = 64 * 1024;

fn try_decode(root: &Struct, version: i16, bytes: &[u8]) -> bool {
    let mut good = false;
    let used = peak(|| good = ours::decodes(&root.name, version, bytes));
    let allowed = PER_BYTE * bytes.len() + BESIDES;
    assert!(
        used <= allowed,
        "{} v{version}: {used} bytes for {}",
        root.name,
        bytes.len()
    );
    if good {
        // What was understood can be said again.
        let _ = ours::recode(&root.name, version, bytes, version);
    }
    good
}

#[test]
fn random_bytes() {
    let schemas = notation::all();
    let mut r = Random::new(1);
    for (_, root, version) in notation::roots(&schemas) {
        for _ in 0..150 {
            let mut bytes = r.bytes(120);
            if r.one_in(2) {
                // Counts and lengths are mostly small in real messages: let more of it be read.
                bytes.iter_mut().for_each(|b| *b &= 0x03);
            }
            try_decode(root, version, &bytes);
        }
    }
}

#[test]
fn damaged_messages() {
    let schemas = notation::all();
    let mut r = Random::new(2);
    let (mut good, mut bad) = (0, 0);
    for (schema, root, version) in notation::roots(&schemas) {
        let maker = Maker { schema, version };
        for round in 0..8 {
            let mut bytes = Vec::new();
            maker.encode(root, &maker.random(root, &mut r), &mut bytes);
            for cut in (0..bytes.len().min(60)).filter(|_| round < 2) {
                try_decode(root, version, &bytes[..cut]);
            }
            for _ in 0..12 {
                let damaged = damage(bytes.clone(), &mut r);
                *if try_decode(root, version, &damaged) {
                    &mut good
                } else {
                    &mut bad
                } += 1;
            }
        }
    }
    println!("{good} still readable, {bad} refused");
    assert!(good > 1000 && bad > 1000);
}

fn damage(mut bytes: Vec<u8>, r: &mut Random) -> Vec<u8> {
    let huge: [&[u8]; 5] = [
        &[0x7f, 0xff, 0xff, 0xff],
        &[0xff, 0xff, 0xff, 0xff, 0x0f],
        &[0xff; 10],
        &[0x80, 0, 0, 0],
        &[0x7f, 0xff],
    ];
    for _ in 0..=r.below(3) {
        let at = r.below(bytes.len() as u64 + 1) as usize;
        match r.below(4) {
            0 if at < bytes.len() => bytes[at] ^= 1 << r.below(8),
            1 => {
                let with = huge[r.below(5) as usize];
                let end = (at + with.len()).min(bytes.len());
                bytes.splice(at..end, with.iter().copied());
            }
            2 => drop(bytes.splice(at..at, huge[r.below(5) as usize].iter().copied())),
            _ => bytes.truncate(at),
        }
    }
    bytes
}

/// Every message whose first array holds a great many of the smallest elements.
#[test]
fn arrays_of_the_smallest_elements() {
    let schemas = notation::all();
    let mut worst = (0, String::new());
    for (schema, root, version) in notation::roots(&schemas) {
        let maker = Maker { schema, version };
        for depth in 1..4 {
            let mut bytes = Vec::new();
            maker.encode(root, &maker.small(root, depth, 1000), &mut bytes);
            let mut good = false;
            let used = peak(|| good = ours::decodes(&root.name, version, &bytes));
            assert!(good, "{} v{version}", root.name);
            if bytes.len() > 1000 {
                worst = worst.max((used / bytes.len(), format!("{} v{version}", root.name)));
            }
            assert!(
                used <= PER_BYTE * bytes.len() + BESIDES,
                "{} v{version}: {used} for {}",
                root.name,
                bytes.len()
            );
        }
    }
    println!("worst: {} bytes of memory per byte, {}", worst.0, worst.1);
}

#[test]
fn headers() {
    let mut r = Random::new(3);
    for _ in 0..200_000 {
        let mut bytes = r.bytes(40);
        if bytes.len() > 2 && r.one_in(2) {
            bytes[0] = 0;
            bytes[1] &= 0x5f;
        }
        let _ = RequestHeader::decode(&mut Reader::new(&bytes));
        let key = ApiKey(r.integer(16) as i16);
        let _ = (key.name(), key.api(), ErrorCode(key.0).message());
        let _ = ResponseHeader::decode(&mut Reader::new(&bytes), key, r.integer(16) as i16);
    }
}
