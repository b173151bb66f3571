//! A compacted topic in the whole-node simulation: writers that give keys new values and take them away, in transactions some of
//! which are aborted, and readers that read it from its beginning to its end as whoever loads a table does.
//!
//! | file | what |
//! |---|---|
//! | [`table`] | what is known, and what must hold |
//! | [`writer`] | who writes |
//! | [`reader`] | who reads, and the last look |

pub mod reader;
pub mod table;
pub mod writer;

use ottla_runtime::rand::Rng;

use super::client::{Broken, Client};
use super::txn::{Habits, make_topic_with};
use super::wire::Wire;

/// The topic; its name begins as those of all topics that keepers do not keep.
pub const TOPIC: &str = "txn-keys";

/// A retention of tombstones that ends in no seed unless the clock jumps.
const LONG_MS: u64 = 600_000;

/// What a seed decides about it.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// Partitions of the topic.
    pub partitions: u32,
    /// Bytes of its segments.
    pub segment_bytes: u64,
    /// Settings of its compaction.
    pub settings: Vec<(&'static str, String)>,
    /// The writers; each has keys of its own.
    pub writers: Vec<Habits>,
    /// Keys of each.
    pub keys: u32,
    /// How many readers.
    pub readers: usize,
    /// Tombstones do not come of an age at which compaction may take them.
    pub keeps_tombstones: bool,
}

impl Plan {
    /// Of a seed that has such a topic.
    pub fn new(rng: &mut Rng, clock_jumps: bool) -> Plan {
        let retention_ms = [rng.below(1_000), LONG_MS][rng.below(2) as usize];
        let writer = |n: u64, rng: &mut Rng| Habits {
            id: format!("keys{n}"),
            topic: TOPIC,
            shared: false,
            raises: rng.below(2) == 0,
            timeout_ms: 500 + rng.below(30_000) as i32,
            clock_jumps: true,
        };
        let writers = 1 + rng.below(3);
        Plan {
            partitions: 1 + rng.below(3) as u32,
            segment_bytes: 1024 << rng.below(4),
            settings: vec![
                ("cleanup.policy", "compact".to_owned()),
                (
                    "min.cleanable.dirty.ratio",
                    ["0", "0.01", "0.5"][rng.below(3) as usize].to_owned(),
                ),
                ("delete.retention.ms", retention_ms.to_string()),
                (
                    "min.compaction.lag.ms",
                    [0, 0, rng.below(500)][rng.below(3) as usize].to_string(),
                ),
            ],
            writers: (0..writers).map(|n| writer(n, rng)).collect(),
            keys: 1 + rng.below(12) as u32,
            readers: 1 + rng.below(2) as usize,
            keeps_tombstones: retention_ms == LONG_MS && !clock_jumps,
        }
    }

    async fn make_topic(&self, client: &Client, wire: &mut Wire) -> Result<(), Broken> {
        let partitions = self.partitions as i32;
        let (segment, settings) = (self.segment_bytes, &self.settings);
        make_topic_with(client, wire, TOPIC, partitions, segment, settings).await
    }
}
