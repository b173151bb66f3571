//! Frames made by hand, and what Apache Kafka 4.3.1 answers to them.

use std::time::Duration;

use crate::broker::Broker;
use crate::client::Outcome;

/// A request header, version 1: key, version, correlation id 7, client id "x".
fn header(key: i16, version: i16) -> Vec<u8> {
    let mut bytes = Vec::new();
    bytes.extend(key.to_be_bytes());
    bytes.extend(version.to_be_bytes());
    bytes.extend([0, 0, 0, 7, 0, 1, b'x']);
    bytes
}

/// As `header`, version 2: an empty list of tagged fields follows.
fn flexible(key: i16, version: i16) -> Vec<u8> {
    let mut bytes = header(key, version);
    bytes.push(0);
    bytes
}

/// ApiVersions v3 or v4 by a client program of that name and version.
fn api_versions(version: i16, name: &[u8], number: &[u8]) -> Vec<u8> {
    let mut bytes = flexible(18, version);
    for text in [name, number] {
        bytes.push(text.len() as u8 + 1);
        bytes.extend(text);
    }
    bytes.push(0);
    bytes
}

fn with(mut bytes: Vec<u8>, more: &[u8]) -> Vec<u8> {
    bytes.extend(more);
    bytes
}

/// Error 35 in a body of version 0 that names ApiVersions alone, versions 0 to 4.
const UNSUPPORTED: &[u8] = &[0, 0, 0, 7, 0, 35, 0, 0, 0, 1, 0, 18, 0, 0, 0, 4];
/// Error 42 and nothing else, version 3 or 4.
const BAD_NAME: &[u8] = &[0, 0, 0, 7, 0, 42, 1, 0, 0, 0, 0, 0];
/// What a good answer to ApiVersions begins with.
const GOOD: &[u8] = &[0, 0, 0, 7, 0, 0];

enum Wanted {
    /// Exactly these bytes.
    Exactly(&'static [u8]),
    /// An answer that begins so.
    Begins(&'static [u8]),
    Closed,
}
use Wanted::{Begins, Closed, Exactly};

fn cases() -> Vec<(&'static str, Vec<u8>, Wanted)> {
    let null_client = [0, 18, 0, 0, 0, 0, 0, 7, 0xff, 0xff];
    vec![
        ("ApiVersions v0", header(18, 0), Begins(GOOD)),
        ("ApiVersions v2", header(18, 2), Begins(GOOD)),
        (
            "ApiVersions v3",
            api_versions(3, b"abc", b"1.0"),
            Begins(GOOD),
        ),
        (
            "ApiVersions v4",
            api_versions(4, b"a-b.c", b"1"),
            Begins(GOOD),
        ),
        ("null client id", null_client.to_vec(), Begins(GOOD)),
        (
            "bytes after a body of version 0",
            with(header(18, 0), b"zzz"),
            Begins(GOOD),
        ),
        (
            "bytes after a body of version 3",
            with(api_versions(3, b"a", b"1"), b"zzz"),
            Begins(GOOD),
        ),
        (
            "unknown tagged field in the header",
            {
                let mut bytes = with(header(18, 3), &[1, 5, 1, b'a']);
                bytes.extend([4, b'a', b'b', b'c', 2, b'1', 0]);
                bytes
            },
            Begins(GOOD),
        ),
        ("ApiVersions v5", flexible(18, 5), Exactly(UNSUPPORTED)),
        (
            "ApiVersions v99 with some body",
            with(flexible(18, 99), &[1, 2, 3]),
            Exactly(UNSUPPORTED),
        ),
        ("ApiVersions v-1", header(18, -1), Exactly(UNSUPPORTED)),
        (
            "ApiVersions v-32768",
            header(18, i16::MIN),
            Exactly(UNSUPPORTED),
        ),
        (
            "ApiVersions v99 with a header of version 1",
            header(18, 99),
            Closed,
        ),
        (
            "name that begins with a dash",
            api_versions(3, b"-abc", b"1.0"),
            Exactly(BAD_NAME),
        ),
        (
            "version that ends with a blank",
            api_versions(4, b"abc", b"1.0 "),
            Exactly(BAD_NAME),
        ),
        (
            "empty name",
            api_versions(3, b"", b"1.0"),
            Exactly(BAD_NAME),
        ),
        (
            "empty version",
            api_versions(3, b"a", b""),
            Exactly(BAD_NAME),
        ),
        (
            "name with a line break",
            api_versions(3, b"abc\n", b"1.0"),
            Exactly(BAD_NAME),
        ),
        ("null name", with(flexible(18, 3), &[0, 2, b'1', 0]), Closed),
        ("no body", flexible(18, 3), Closed),
        ("empty frame", Vec::new(), Closed),
        ("half a key", vec![0], Closed),
        ("key and version alone", vec![0, 18, 0, 0], Closed),
        ("no client id", vec![0, 18, 0, 0, 0, 0, 0, 7], Closed),
        (
            "client id longer than the frame",
            vec![0, 18, 0, 0, 0, 0, 0, 7, 1, 0xf4],
            Closed,
        ),
        ("unknown key", header(999, 0), Closed),
        ("negative key", header(-1, 0), Closed),
        ("key of the controller's listener", flexible(52, 0), Closed),
        ("removed key", header(4, 0), Closed),
        ("Metadata v99", flexible(3, 99), Closed),
        ("Metadata v-1", header(3, -1), Closed),
        (
            "Produce v2, advertised but gone",
            with(header(0, 2), &[0, 1, 0, 0, 3, 232, 0, 0, 0, 0]),
            Closed,
        ),
        (
            "Metadata with an array of 2^31-1 topics",
            with(header(3, 1), &[0x7f, 0xff, 0xff, 0xff]),
            Closed,
        ),
        (
            "Metadata with an array of -2 topics",
            with(header(3, 8), &[0xff, 0xff, 0xff, 0xfe, 0, 0, 0]),
            Begins(&[0, 0, 0, 7]),
        ),
    ]
}

#[test]
fn handmade_frames_are_answered_as_by_kafka() {
    let mut broker = Broker::start("handmade", &[]);
    let mut wrong = Vec::new();
    for (name, frame, wanted) in cases() {
        let mut client = broker.client();
        client.frame(&frame);
        let got = client.outcome();
        let is_right = match (&wanted, &got) {
            (Exactly(bytes), Outcome::Answer(answer)) => answer == bytes,
            (Begins(bytes), Outcome::Answer(answer)) => answer.starts_with(bytes),
            (Closed, outcome) => *outcome == Outcome::Closed,
            _ => false,
        };
        if !is_right {
            wrong.push(format!("{name}: {got:?}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    broker.assert_lives();
}

#[test]
fn lengths_out_of_range_close_at_once_and_the_largest_is_waited_for() {
    let mut broker = Broker::start("lengths", &[]);
    for length in [-1, i32::MIN, 104_857_601, i32::MAX] {
        let mut client = broker.client();
        client.send(&length.to_be_bytes());
        assert_eq!(client.outcome(), Outcome::Closed, "{length}");
    }
    let mut client = broker.patient(Duration::from_millis(300));
    client.send(&104_857_600_i32.to_be_bytes());
    assert_eq!(client.outcome(), Outcome::Silence);
    broker.assert_lives();
}

#[test]
fn requests_are_answered_in_order_and_all_of_them_after_a_half_close() {
    let mut broker = Broker::start("order", &[]);
    let mut client = broker.client();
    let mut bytes = Vec::new();
    for id in 0..50_u8 {
        let mut frame = header(18, 0);
        frame[7] = id;
        bytes.extend((frame.len() as u32).to_be_bytes());
        bytes.extend(frame);
    }
    // In pieces that end anywhere.
    for piece in bytes.chunks(13) {
        client.send(piece);
    }
    client.finish();
    for id in 0..50 {
        match client.outcome() {
            Outcome::Answer(answer) => assert_eq!(answer.get(..4), Some(&[0, 0, 0, id][..])),
            other => panic!("request {id}: {other:?}"),
        }
    }
    assert_eq!(client.outcome(), Outcome::Closed);
    broker.assert_lives();
}
