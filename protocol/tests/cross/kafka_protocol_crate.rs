//! The `kafka-protocol` crate (messages of Kafka 4.1): same bytes where it has the version.

use bytes::{Bytes, BytesMut};
use kafka_protocol::messages::{ApiKey, RequestKind, ResponseKind};

use crate::notation::{self, Role};
use crate::{Sample, samples};

/// Versions in the crate's ranges that its messages lack: they were unstable in Kafka 4.1.
const UNSTABLE: [(i16, i16); 3] = [(8, 10), (9, 10), (22, 6)];

/// None where the crate lacks the version.
fn recode(s: &Sample<'_>) -> Option<Result<Vec<u8>, String>> {
    let Role::Api { key: number, .. } = s.schema.role else {
        return None;
    };
    let key = ApiKey::try_from(number).ok()?;
    let range = key.valid_versions();
    if UNSTABLE.contains(&(number, s.version)) || s.version < range.min || s.version > range.max {
        return None;
    }
    let mut bytes = Bytes::copy_from_slice(&s.bytes);
    let mut out = BytesMut::new();
    let done = if s.root.name.ends_with("Request") {
        RequestKind::decode(key, &mut bytes, s.version).and_then(|m| m.encode(&mut out, s.version))
    } else {
        ResponseKind::decode(key, &mut bytes, s.version).and_then(|m| m.encode(&mut out, s.version))
    };
    Some(done.map(|()| out.to_vec()).map_err(|why| why.to_string()))
}

#[test]
fn the_kafka_protocol_crate_agrees() {
    let apis = notation::apis();
    let (mut same, mut absent, mut wrong) = (0, 0, Vec::new());
    for s in samples(&apis, 10) {
        match recode(&s) {
            None => absent += 1,
            Some(Ok(bytes)) if bytes == s.bytes => same += 1,
            Some(other) => wrong.push(format!("{}: {:?}", s.name(), other.map(|b| b.len()))),
        }
    }
    wrong.dedup();
    println!("{same} messages agree, {absent} are of versions that the crate lacks");
    assert!(
        wrong.is_empty(),
        "{} differ:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    assert!(same > 2 * absent);
}
