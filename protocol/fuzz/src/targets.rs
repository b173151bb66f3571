//! What each target does with its input. No input may panic, and what is understood has one way of being said.

use ottla_protocol::api::{APIS, RequestHeader, ResponseHeader};
use ottla_protocol::record::{
    self, BatchView, Codec, TimestampType, batches, compression, validate,
};
use ottla_protocol::records::consumer_protocol_assignment::ConsumerProtocolAssignment;
use ottla_protocol::records::consumer_protocol_subscription::ConsumerProtocolSubscription;
use ottla_protocol::records::{Embedded, GroupRecord, ShareRecord, TransactionRecord};
use ottla_protocol::wire::{Reader, Writer};

use crate::ours;

/// A target's name and what it does.
pub type Target = (&'static str, fn(&[u8]));

/// All of them.
pub const ALL: [Target; 6] = [
    ("header", header),
    ("request", request),
    ("response", response),
    ("record", record),
    ("batch", batch),
    ("decompress", decompress),
];

const LIMIT: usize = 1 << 20;

/// What a socket gives: a request's header and, behind it, the body that it announces.
pub fn header(bytes: &[u8]) {
    let mut r = Reader::with_memory(bytes, LIMIT);
    let Ok(header) = RequestHeader::decode(&mut r) else {
        return;
    };
    let mut w = Writer::framed();
    header
        .encode(&mut w)
        .expect("a header that was read can be written");
    let (key, version) = (header.api_key, header.api_version);
    ours::decodes(&format!("{}Request", key.name()), version, r.rest());
    let _ = ResponseHeader::decode(&mut Reader::new(r.rest()), key, version);
}

/// Every request: the first byte chooses the API, the second its version, the rest is the body.
pub fn request(bytes: &[u8]) {
    body("Request", bytes);
}

/// Every response, chosen like requests.
pub fn response(bytes: &[u8]) {
    body("Response", bytes);
}

fn body(kind: &str, bytes: &[u8]) {
    let [api, version, body @ ..] = bytes else {
        return;
    };
    let api = &APIS[usize::from(*api) % APIS.len()];
    let count = api.versions.max - api.versions.min + 1;
    let version = api.versions.min + i16::from(*version) % count;
    let name = format!("{}{kind}", api.name);
    if !ours::decodes(&name, version, body) {
        return;
    }
    let recode = |bytes: &[u8]| ours::recode(&name, version, bytes, version);
    if let Ok(said) = recode(body) {
        assert_eq!(recode(&said).as_ref(), Ok(&said));
    }
}

/// The records of a topic, read and written in the version that Kafka writes, read the same.
macro_rules! records_of {
    ($record:ident, $key:expr, $value:expr) => {{
        let Ok(record) = $record::decode($key, $value) else {
            return;
        };
        // Text that was no UTF-8 has become longer, perhaps too long.
        let (Ok(key), Ok(value)) = (record.key_bytes(), record.value_bytes()) else {
            return;
        };
        let again = $record::decode(&key, value.as_deref()).expect("what was written");
        assert_eq!(again, record.clone().into_static());
    }};
}

macro_rules! embedded {
    ($what:ident, $bytes:expr) => {{
        let Ok(what) = $what::decode_embedded($bytes) else {
            return;
        };
        let Ok(bytes) = what.embedded_bytes($what::VERSIONS.max) else {
            return;
        };
        let again = $what::decode_embedded(&bytes).expect("what was written");
        assert_eq!(again, what.clone().into_static());
    }};
}

/// Records of internal topics: the first byte chooses the topic, the second is the key's size; the key follows, the rest is
/// the value, if there is any. Behind the topics come what consumers hand each other.
pub fn record(bytes: &[u8]) {
    let [topic, size, rest @ ..] = bytes else {
        return;
    };
    let (key, value) = rest.split_at(usize::from(*size).min(rest.len()));
    let value = Some(value).filter(|value| !value.is_empty());
    match topic % 5 {
        0 => records_of!(GroupRecord, key, value),
        1 => records_of!(TransactionRecord, key, value),
        2 => records_of!(ShareRecord, key, value),
        3 => embedded!(ConsumerProtocolSubscription, rest),
        _ => embedded!(ConsumerProtocolAssignment, rest),
    }
}

/// Record batches as they stand in a Produce request or a segment.
pub fn batch(bytes: &[u8]) {
    for batch in batches(bytes).flatten() {
        let _ = validate::check_header(&batch);
        let _ = validate::first_offset_at(&batch, batch.header.base_timestamp, LIMIT);
        let _ = validate::offset_of_max_timestamp(&batch, LIMIT);
        let Ok(scan) = validate::scan(&batch, LIMIT) else {
            continue;
        };
        let mut copy = batch.bytes().to_vec();
        record::set_base_offset(&mut copy, batch.header.base_offset.wrapping_add(9));
        record::set_max_timestamp(&mut copy, TimestampType::LogAppendTime, scan.max_timestamp);
        record::set_max_timestamp(&mut copy, TimestampType::CreateTime, scan.max_timestamp ^ 1);
        let patched = BatchView::parse(&copy).expect("still a batch");
        assert!(patched.crc_ok());
        assert_eq!(patched.payload(), batch.payload());
    }
    let _ = validate::sole_batch(bytes);
}

/// The codecs: the first byte chooses one, the second the limit, the rest is compressed, or to be compressed.
pub fn decompress(bytes: &[u8]) {
    let [codec, limit, rest @ ..] = bytes else {
        return;
    };
    let codec = Codec::ALL[usize::from(*codec) % Codec::ALL.len()];
    let limit = 1usize << (limit % 21);
    if let Ok(out) = compression::decompress(codec, rest, limit) {
        assert!(out.len() <= limit);
    }
    let mut packed = Vec::new();
    compression::compress(codec, None, rest, &mut packed).expect("compresses");
    assert_eq!(
        compression::decompress(codec, &packed, rest.len()).as_deref(),
        Ok(rest)
    );
}
