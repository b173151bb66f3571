//! Names of things that travel: topics, nodes, partitions.

use std::fmt;
use std::str::FromStr;

/// A 128-bit id in Kafka's form. Text is unpadded base64url (22 characters), as Kafka prints it.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Uuid(pub [u8; 16]);

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

impl Uuid {
    /// No id: what a field holds when nothing was given.
    pub const ZERO: Uuid = Uuid([0; 16]);
    /// Reserved by Kafka for the metadata topic; never given to a topic.
    pub const ONE: Uuid = Uuid([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);

    /// A version 4 (random) id made of 16 random bytes.
    pub fn random(mut bytes: [u8; 16]) -> Uuid {
        bytes[6] = (bytes[6] & 0x0f) | 0x40;
        bytes[8] = (bytes[8] & 0x3f) | 0x80;
        Uuid(bytes)
    }

    /// True for the id that means "none".
    pub fn is_zero(&self) -> bool {
        *self == Uuid::ZERO
    }
}

impl fmt::Display for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let n = u128::from_be_bytes(self.0);
        let mut text = [0u8; 22];
        // 21 sextets from the top, then the last two bits followed by four zero bits.
        for (i, c) in text.iter_mut().enumerate() {
            let sextet = if i < 21 { n >> (122 - 6 * i) } else { n << 4 };
            *c = ALPHABET[(sextet & 63) as usize];
        }
        f.write_str(std::str::from_utf8(&text).map_err(|_| fmt::Error)?)
    }
}

impl fmt::Debug for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The text is not 22 characters of base64url.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadUuid;

impl fmt::Display for BadUuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not an id: expected 22 characters of A-Z a-z 0-9 - _")
    }
}

impl std::error::Error for BadUuid {}

impl FromStr for Uuid {
    type Err = BadUuid;

    /// Reads base64url with or without `==` padding.
    fn from_str(text: &str) -> Result<Uuid, BadUuid> {
        let text = text.strip_suffix("==").unwrap_or(text).as_bytes();
        if text.len() != 22 {
            return Err(BadUuid);
        }
        let mut n = 0u128;
        for (i, c) in text.iter().enumerate() {
            let sextet = ALPHABET.iter().position(|a| a == c).ok_or(BadUuid)? as u128;
            if i < 21 {
                n = n << 6 | sextet;
            } else {
                n = n << 2 | sextet >> 4;
            }
        }
        Ok(Uuid(n.to_be_bytes()))
    }
}

/// A broker's id in the cluster; -1 means "no broker".
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub i32);

impl NodeId {
    /// No broker.
    pub const NONE: NodeId = NodeId(-1);
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// One partition of one topic. Ordered by topic id, then number. Printed as `topicid-3`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PartitionId {
    /// The topic's id.
    pub topic: Uuid,
    /// Number within the topic, from 0.
    pub partition: i32,
}

impl fmt::Display for PartitionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.topic, self.partition)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_of_known_ids() {
        assert_eq!(Uuid::ZERO.to_string(), "AAAAAAAAAAAAAAAAAAAAAA");
        assert_eq!(Uuid::ONE.to_string(), "AAAAAAAAAAAAAAAAAAAAAQ");
        assert_eq!(Uuid([0xff; 16]).to_string(), "_____________________w");
    }

    #[test]
    fn text_round_trip() {
        for seed in 0..=255u8 {
            let id = Uuid::random(std::array::from_fn(|i| {
                seed.wrapping_mul(31).wrapping_add((i * 47) as u8)
            }));
            assert_eq!(id.to_string().parse(), Ok(id));
            assert_eq!(format!("{id}==").parse(), Ok(id));
        }
        assert_eq!("short".parse::<Uuid>(), Err(BadUuid));
        assert_eq!("AAAAAAAAAAAAAAAAAAAA!Q".parse::<Uuid>(), Err(BadUuid));
    }

    #[test]
    fn partition_prints_topic_and_number() {
        let id = PartitionId {
            topic: Uuid::ONE,
            partition: 3,
        };
        assert_eq!(id.to_string(), "AAAAAAAAAAAAAAAAAAAAAQ-3");
    }
}
