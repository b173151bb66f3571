//! The bytes that consumers put into JoinGroup and SyncGroup, which brokers of the classic protocol only pass on
//! (Kafka's ConsumerProtocol: Subscription and Assignment).

use std::collections::BTreeMap;

use ottla_protocol::wire::{DecodeError, EncodeError, Reader, Writer};

/// The version that we write: topics, user data, and the partitions owned (none: we give up all before we join).
const SUBSCRIPTION_VERSION: i16 = 1;
const ASSIGNMENT_VERSION: i16 = 0;

/// Partitions by topic.
pub type Partitions = BTreeMap<String, Vec<i32>>;

/// What a member wants to read.
pub fn encode_subscription(topics: &[&str]) -> Result<Vec<u8>, EncodeError> {
    let mut w = Writer::new();
    w.i16(SUBSCRIPTION_VERSION);
    w.array(false, topics, |w, topic| w.string(false, topic))?;
    w.nullable_bytes(false, None)?;
    w.array(false, &[] as &[&str], |w, topic| w.string(false, topic))?;
    Ok(w.finish()?.into_bytes().to_vec())
}

/// The topics of a subscription. Later versions only add to the end, which is of no concern here.
pub fn decode_subscription(bytes: &[u8]) -> Result<Vec<String>, DecodeError> {
    let mut r = Reader::new(bytes);
    r.i16()?;
    let topics = r.array(false, 2, |r| r.string(false))?;
    Ok(topics.into_iter().map(|topic| topic.into_owned()).collect())
}

/// What a member shall read.
pub fn encode_assignment(partitions: &Partitions) -> Result<Vec<u8>, EncodeError> {
    let mut w = Writer::new();
    w.i16(ASSIGNMENT_VERSION);
    let topics: Vec<_> = partitions.iter().collect();
    w.array(false, &topics, |w, (topic, partitions)| {
        w.string(false, topic)?;
        w.array(false, partitions, |w, partition| {
            w.i32(*partition);
            Ok(())
        })
    })?;
    w.nullable_bytes(false, None)?;
    Ok(w.finish()?.into_bytes().to_vec())
}

/// The partitions of an assignment; no bytes at all are no partitions.
pub fn decode_assignment(bytes: &[u8]) -> Result<Partitions, DecodeError> {
    if bytes.is_empty() {
        return Ok(Partitions::new());
    }
    let mut r = Reader::new(bytes);
    r.i16()?;
    let topics = r.array(false, 6, |r| {
        let topic = r.string(false)?.into_owned();
        Ok((topic, r.array(false, 4, Reader::i32)?))
    })?;
    Ok(topics.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As the Java client 4.3 writes them.
    #[test]
    fn known_bytes() {
        let subscription = encode_subscription(&["t"]).unwrap();
        assert_eq!(
            subscription,
            b"\0\x01\0\0\0\x01\0\x01t\xff\xff\xff\xff\0\0\0\0"
        );
        let newer =
            b"\0\x03\0\0\0\x02\0\x01a\0\x01b\xff\xff\xff\xff\0\0\0\0\xff\xff\xff\xff\xff\xff";
        assert_eq!(decode_subscription(newer).unwrap(), ["a", "b"]);
        let partitions = Partitions::from([("t".to_owned(), vec![0, 2])]);
        let assignment = encode_assignment(&partitions).unwrap();
        assert_eq!(
            assignment,
            b"\0\0\0\0\0\x01\0\x01t\0\0\0\x02\0\0\0\0\0\0\0\x02\xff\xff\xff\xff"
        );
        assert_eq!(decode_assignment(&assignment).unwrap(), partitions);
        assert_eq!(decode_assignment(b"").unwrap(), Partitions::new());
    }

    #[test]
    fn other_bytes_are_errors() {
        for bytes in [
            &b"\0"[..],
            b"\0\x01\x7f\xff\xff\xff",
            b"\0\0\0\0\0\x01\0\x05t",
        ] {
            assert!(decode_subscription(bytes).is_err(), "{bytes:?}");
            assert!(decode_assignment(bytes).is_err(), "{bytes:?}");
        }
    }
}
