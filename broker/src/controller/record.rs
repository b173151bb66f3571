//! What the controller's log holds: facts, each of which changes [`super::State`] in one way.
//!
//! A record is a protobuf message with a version and one fact. Facts are never removed and their field numbers never
//! reused; a new kind of fact is a new arm. A record that this build does not know is an error, not a skip: applying the
//! rest without it would give this node a state that others do not have.

use std::collections::BTreeMap;
use std::fmt;

use prost::Message;

/// The version this build writes, and the newest it reads.
pub const VERSION: u32 = 1;

/// Kafka's number of the levels of a broker's loggers as a kind of resource.
pub(super) const BROKER_LOGGER: i32 = 8;

/// One entry of the controller's log.
#[derive(Clone, PartialEq, Message)]
pub struct Record {
    /// Format of the fact.
    #[prost(uint32, tag = "1")]
    pub version: u32,
    /// What happened.
    #[prost(oneof = "Fact", tags = "2, 3, 4, 5, 6, 7, 8, 9, 10")]
    pub fact: Option<Fact>,
}

/// What happened.
#[derive(Clone, PartialEq, prost::Oneof)]
pub enum Fact {
    /// A node is reachable at these addresses.
    #[prost(message, tag = "2")]
    BrokerRegistered(BrokerRegistered),
    /// A node left for good.
    #[prost(int32, tag = "3")]
    BrokerRemoved(i32),
    /// A topic was made.
    #[prost(message, tag = "4")]
    TopicCreated(TopicCreated),
    /// A topic was deleted; its id.
    #[prost(bytes, tag = "5")]
    TopicDeleted(Vec<u8>),
    /// Partitions were added to a topic.
    #[prost(message, tag = "6")]
    PartitionsAdded(PartitionsAdded),
    /// Settings of a resource changed.
    #[prost(message, tag = "7")]
    ConfigChanged(ConfigChanged),
    /// Quotas of an entity changed.
    #[prost(message, tag = "8")]
    QuotaChanged(QuotaChanged),
    /// All producer ids below this are taken.
    #[prost(int64, tag = "9")]
    ProducerIdsTaken(i64),
    /// A feature has this level.
    #[prost(message, tag = "10")]
    FeatureChanged(FeatureChanged),
}

/// A node and where clients reach it.
#[derive(Clone, PartialEq, Message)]
pub struct BrokerRegistered {
    /// The node.
    #[prost(int32, tag = "1")]
    pub id: i32,
    /// Addresses by listener name.
    #[prost(btree_map = "string, message", tag = "2")]
    pub endpoints: BTreeMap<String, Address>,
    /// Where it stands.
    #[prost(string, optional, tag = "3")]
    pub rack: Option<String>,
}

/// Host and port.
#[derive(Clone, PartialEq, Message)]
pub struct Address {
    /// Name or address.
    #[prost(string, tag = "1")]
    pub host: String,
    /// TCP port.
    #[prost(uint32, tag = "2")]
    pub port: u32,
}

/// A topic and its partitions.
#[derive(Clone, PartialEq, Message)]
pub struct TopicCreated {
    /// Its id, 16 bytes.
    #[prost(bytes = "vec", tag = "1")]
    pub id: Vec<u8>,
    /// Its name.
    #[prost(string, tag = "2")]
    pub name: String,
    /// Its partitions, from 0.
    #[prost(message, repeated, tag = "3")]
    pub partitions: Vec<Replicas>,
    /// Settings given for it.
    #[prost(btree_map = "string, string", tag = "4")]
    pub configs: BTreeMap<String, String>,
}

/// The nodes that hold a partition, the preferred leader first.
#[derive(Clone, PartialEq, Message)]
pub struct Replicas {
    /// The nodes.
    #[prost(int32, repeated, tag = "1")]
    pub nodes: Vec<i32>,
}

/// Partitions added at the end of a topic.
#[derive(Clone, PartialEq, Message)]
pub struct PartitionsAdded {
    /// The topic's id.
    #[prost(bytes = "vec", tag = "1")]
    pub topic: Vec<u8>,
    /// The new partitions.
    #[prost(message, repeated, tag = "2")]
    pub partitions: Vec<Replicas>,
}

/// Settings of one resource that got a value or lost it.
#[derive(Clone, PartialEq, Message)]
pub struct ConfigChanged {
    /// Kind of resource, as Kafka numbers them.
    #[prost(int32, tag = "1")]
    pub kind: i32,
    /// Its name.
    #[prost(string, tag = "2")]
    pub name: String,
    /// New values.
    #[prost(btree_map = "string, string", tag = "3")]
    pub set: BTreeMap<String, String>,
    /// Settings without a value now.
    #[prost(string, repeated, tag = "4")]
    pub removed: Vec<String>,
}

/// Quotas of one entity that got a value or lost it.
#[derive(Clone, PartialEq, Message)]
pub struct QuotaChanged {
    /// Kinds (`user`, `client-id`, `ip`) and names of the entity.
    #[prost(message, repeated, tag = "1")]
    pub entity: Vec<QuotaPart>,
    /// New values.
    #[prost(btree_map = "string, double", tag = "2")]
    pub set: BTreeMap<String, f64>,
    /// Quotas without a value now.
    #[prost(string, repeated, tag = "3")]
    pub removed: Vec<String>,
}

/// One part of an entity; without a name: all that have none of their own.
#[derive(Clone, PartialEq, Message)]
pub struct QuotaPart {
    /// `user`, `client-id` or `ip`.
    #[prost(string, tag = "1")]
    pub kind: String,
    /// Its name.
    #[prost(string, optional, tag = "2")]
    pub name: Option<String>,
}

/// A feature's level.
#[derive(Clone, PartialEq, Message)]
pub struct FeatureChanged {
    /// The feature.
    #[prost(string, tag = "1")]
    pub name: String,
    /// Its level; 0: off.
    #[prost(int32, tag = "2")]
    pub level: i32,
}

/// Bytes that are not records of this build. The log was checksummed, so either a newer build wrote them or something is
/// badly wrong; the node must not go on without them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BadRecord {
    /// Not protobuf, or a length that is not there.
    Malformed(String),
    /// Of a version, or a kind, that this build does not know.
    Newer {
        /// The version found.
        version: u32,
    },
}

impl fmt::Display for BadRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BadRecord::Malformed(why) => write!(f, "controller record cannot be read: {why}"),
            BadRecord::Newer { version } => {
                write!(
                    f,
                    "controller record of version {version} was written by a newer Ottla; start that one"
                )
            }
        }
    }
}

impl std::error::Error for BadRecord {}

impl From<Fact> for Record {
    fn from(fact: Fact) -> Record {
        Record {
            version: VERSION,
            fact: Some(fact),
        }
    }
}

impl Record {
    /// Is it for the log? Levels of loggers last as long as the process, as in Kafka.
    pub fn lasts(&self) -> bool {
        !matches!(&self.fact, Some(Fact::ConfigChanged(changed)) if changed.kind == BROKER_LOGGER)
    }

    /// The records as one payload, each behind its length. They are applied together.
    pub fn encode_all(records: &[Record]) -> Vec<u8> {
        let mut out = Vec::with_capacity(records.iter().map(|r| r.encoded_len() + 5).sum());
        for record in records {
            out.extend(record.encode_length_delimited_to_vec());
        }
        out
    }

    /// What [`Record::encode_all`] was given.
    pub fn decode_all(mut payload: &[u8]) -> Result<Vec<Record>, BadRecord> {
        let mut records = Vec::new();
        while !payload.is_empty() {
            let record = Record::decode_length_delimited(&mut payload)
                .map_err(|e| BadRecord::Malformed(e.to_string()))?;
            if record.version > VERSION || record.fact.is_none() {
                return Err(BadRecord::Newer {
                    version: record.version,
                });
            }
            records.push(record);
        }
        Ok(records)
    }
}
