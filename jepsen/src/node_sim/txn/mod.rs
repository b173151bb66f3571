//! Transactions in the whole-node simulation: producers of either generation of the protocol (KIP-98, KIP-890), some of which
//! speak for the same id, and readers of what is committed.
//!
//! | file | what |
//! |---|---|
//! | [`book`] | what is known, and what must hold |
//! | [`speaker`] | who speaks for a transactional id, and what it says |
//! | [`producer`] | transactional producers |
//! | [`fetch`] | what is committed of what a fetch brings |
//! | [`reader`] | readers of what is committed |
//! | [`audit`] | the last look |

pub mod audit;
pub mod book;
pub mod fetch;
pub mod producer;
pub mod reader;
pub mod speaker;

use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::messages::create_topics::{
    CreatableTopic, CreatableTopicConfig, CreateTopicsRequest,
};
use ottla_runtime::rand::Rng;

use self::book::Place;
use super::client::{Broken, Client};
use super::wire::Wire;

/// What the names of the topics begin with that keepers do not keep.
pub const PREFIX: &str = "txn";
/// The topic that transactions write to.
pub const TOPIC: &str = "txn-log";

/// What a seed decides about transactions.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// Partitions of the topic.
    pub partitions: i32,
    /// Bytes of its segments.
    pub segment_bytes: u64,
    /// The producers.
    pub producers: Vec<Habits>,
    /// How many readers.
    pub readers: usize,
}

/// One transactional producer.
#[derive(Clone, Debug)]
pub struct Habits {
    /// Its transactional id.
    pub id: String,
    /// The topic that it writes to.
    pub topic: &'static str,
    /// Does another speak for it, too?
    pub shared: bool,
    /// Does it work by transaction version 2?
    pub raises: bool,
    /// Its transactions are aborted after this, ms.
    pub timeout_ms: i32,
    /// May a timeout strike it at a time that nobody can foretell?
    pub clock_jumps: bool,
}

impl Plan {
    /// Of a seed that has transactions.
    pub fn new(rng: &mut Rng, clock_jumps: bool) -> Plan {
        let twins = rng.below(3) == 0;
        let producer = |n: u64, rng: &mut Rng| Habits {
            id: format!("id{}", if twins { n / 2 } else { n }),
            topic: TOPIC,
            shared: twins,
            raises: rng.below(2) == 0,
            timeout_ms: match rng.below(4) {
                0 => 100 + rng.below(2_000) as i32,
                _ => LONG_MS,
            },
            clock_jumps,
        };
        let producers = 2 + rng.below(3);
        Plan {
            partitions: 1 + rng.below(3) as i32,
            segment_bytes: 8192 << rng.below(3),
            producers: (0..producers).map(|n| producer(n, rng)).collect(),
            readers: 1 + rng.below(2) as usize,
        }
    }

    /// Of the members of a group: each speaks for an id of its own, and what it leaves behind must not hold up others for long.
    pub fn of_pipes(rng: &mut Rng) -> Plan {
        let mut plan = Plan::new(rng, true);
        plan.producers = (0..4)
            .map(|n| Habits {
                id: format!("pipe{n}"),
                topic: TOPIC,
                shared: false,
                raises: rng.below(2) == 0,
                timeout_ms: 500 + rng.below(3_000) as i32,
                clock_jumps: true,
            })
            .collect();
        plan.readers = 1;
        plan
    }

    /// The places of the book.
    pub fn places(&self) -> Vec<Place> {
        if self.producers.is_empty() {
            return Vec::new();
        }
        let place = |partition| Place::new(TOPIC, partition);
        (0..self.partitions).map(place).collect()
    }
}

/// A transaction timeout that does not strike unless the clock jumps.
const LONG_MS: i32 = 30_000;

/// Makes a topic, or finds that it is there. Neither retention nor a clock that jumps may take anything of it.
pub async fn make_topic(
    client: &Client,
    wire: &mut Wire,
    topic: &str,
    partitions: i32,
    segment_bytes: u64,
) -> Result<(), Broken> {
    make_topic_with(client, wire, topic, partitions, segment_bytes, &[]).await
}

/// The same with more settings.
pub async fn make_topic_with(
    client: &Client,
    wire: &mut Wire,
    topic: &str,
    partitions: i32,
    segment_bytes: u64,
    more: &[(&'static str, String)],
) -> Result<(), Broken> {
    let settings = [
        ("retention.ms", "-1".to_owned()),
        ("message.timestamp.after.max.ms", i64::MAX.to_string()),
        ("internal.segment.bytes", segment_bytes.to_string()),
    ];
    let config = |(name, value): (&'static str, String)| CreatableTopicConfig {
        name: name.into(),
        value: Some(value.into()),
    };
    let request = CreateTopicsRequest {
        topics: vec![CreatableTopic {
            name: topic.to_owned().into(),
            num_partitions: partitions,
            replication_factor: 1,
            configs: settings
                .into_iter()
                .chain(more.iter().cloned())
                .map(config)
                .collect(),
            ..Default::default()
        }],
        timeout_ms: 10_000,
        ..Default::default()
    };
    let code = wire.call(&request, 7, |r| r.topics.first().map(|t| t.error_code));
    match code.await? {
        Some(ErrorCode::NONE | ErrorCode::TOPIC_ALREADY_EXISTS) => Ok(()),
        Some(code) => Err(client.refused("CreateTopics", code)),
        None => Err(Broken::Again),
    }
}
