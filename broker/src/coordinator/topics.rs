//! The topics that coordinators keep their state in, and which partition is responsible for what.

use crate::config::BrokerConfig;
use crate::controller::NewTopic;

/// The kinds of coordinators.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Groups and their offsets.
    Group,
    /// Transactions.
    Transaction,
    /// The state of share partitions.
    Share,
}

impl Kind {
    /// All of them.
    pub const ALL: [Kind; 3] = [Kind::Group, Kind::Transaction, Kind::Share];

    /// The name of the topic.
    pub fn topic(self) -> &'static str {
        match self {
            Kind::Group => "__consumer_offsets",
            Kind::Transaction => "__transaction_state",
            Kind::Share => "__share_group_state",
        }
    }

    /// The kind whose topic has this name.
    pub fn of_topic(name: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.topic() == name)
    }

    /// The number of FindCoordinator requests.
    pub fn of_key_type(key_type: i8) -> Option<Kind> {
        match key_type {
            0 => Some(Kind::Group),
            1 => Some(Kind::Transaction),
            2 => Some(Kind::Share),
            _ => None,
        }
    }

    fn settings(self) -> &'static str {
        match self {
            Kind::Group => "offsets.topic",
            Kind::Transaction => "transaction.state.log",
            Kind::Share => "share.coordinator.state.topic",
        }
    }

    /// The topic as it is made on first use. `nodes` bounds its replicas: the defaults are for three nodes, and a lone one
    /// must be able to coordinate.
    pub fn new_topic(self, config: &BrokerConfig, nodes: usize) -> NewTopic {
        let number = |what: &str| {
            config
                .settings
                .number(&format!("{}.{what}", self.settings()))
        };
        let most = i64::try_from(nodes.max(1)).unwrap_or(1);
        let replicas = number("replication.factor").map_or(1, |n| n.clamp(1, most));
        let mut configs = vec![
            ("cleanup.policy".to_owned(), Some(self.cleanup().to_owned())),
            (
                "compression.type".to_owned(),
                Some(self.compression().to_owned()),
            ),
        ];
        if self == Kind::Share {
            // Its coordinator deletes what is not needed any more.
            configs.push(("retention.ms".to_owned(), Some("-1".to_owned())));
        }
        if let Some(bytes) = number("segment.bytes") {
            // Smaller ones than Kafka has are not taken for a topic.
            configs.push((
                "segment.bytes".to_owned(),
                Some(bytes.max(1 << 20).to_string()),
            ));
        }
        if let Some(least) = number("min.isr") {
            configs.push((
                "min.insync.replicas".to_owned(),
                Some(least.clamp(1, replicas).to_string()),
            ));
        }
        NewTopic {
            name: self.topic().to_owned(),
            partitions: number("num.partitions").map_or(-1, |n| i32::try_from(n).unwrap_or(-1)),
            replication_factor: i16::try_from(replicas).unwrap_or(1),
            configs,
            ..NewTopic::default()
        }
    }

    fn cleanup(self) -> &'static str {
        match self {
            Kind::Group | Kind::Transaction => "compact",
            Kind::Share => "delete",
        }
    }

    fn compression(self) -> &'static str {
        match self {
            Kind::Group | Kind::Share => "producer",
            Kind::Transaction => "uncompressed",
        }
    }
}

/// The partition, of `count`, that is responsible for a key: Kafka's, so that its tools find it.
pub fn partition_of(key: &str, count: i32) -> i32 {
    // As Kafka has it: the one hash without a positive counterpart counts as 0.
    java_hash(key).checked_abs().unwrap_or(0) % count.max(1)
}

/// `String.hashCode` of Java: over UTF-16 units.
fn java_hash(text: &str) -> i32 {
    text.encode_utf16().fold(0i32, |hash, unit| {
        hash.wrapping_mul(31).wrapping_add(i32::from(unit))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_javas() {
        assert_eq!(java_hash(""), 0);
        assert_eq!(java_hash("my-group"), -1_906_497_762);
        assert_eq!(java_hash("polygenelubricants"), i32::MIN);
        assert_eq!(partition_of("polygenelubricants", 50), 0);
        assert_eq!(partition_of("my-group", 50), 12);
    }

    #[test]
    fn a_lone_node_gets_topics_that_fit_it() {
        let config = BrokerConfig::default();
        let offsets = Kind::Group.new_topic(&config, 1);
        assert_eq!((offsets.partitions, offsets.replication_factor), (50, 1));
        assert_eq!(
            Kind::Transaction.new_topic(&config, 3).replication_factor,
            3
        );
        let isr = |topic: NewTopic| {
            let found = topic
                .configs
                .into_iter()
                .find(|(k, _)| k == "min.insync.replicas");
            found.and_then(|(_, v)| v)
        };
        assert_eq!(
            isr(Kind::Transaction.new_topic(&config, 1)).as_deref(),
            Some("1")
        );
        assert_eq!(
            isr(Kind::Transaction.new_topic(&config, 5)).as_deref(),
            Some("2")
        );
    }
}
