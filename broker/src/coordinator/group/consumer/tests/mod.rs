//! Consumer groups on the workbench.

mod joining;
mod leaving;
mod migration;
mod patterns;
mod random;
mod records;
mod statics;

use std::collections::BTreeMap;
use std::ops::{Deref, DerefMut};

use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::ids::Uuid;

use super::super::assignor::Partitions;
use super::super::bench::Bench;
use super::super::{Answer, Command, Groups, Record};
use super::{Beat, Described, Heartbeat, Refusal};
use crate::controller::{self, ConfigChange, ConfigOp, MorePartitions, TopicRef};
use crate::metadata::ConfigResource;

/// The group of these tests.
pub const GROUP: &str = "g";

/// The workbench, and what this kind of group does on it.
pub struct World {
    bench: Bench,
    /// How much of the log the test has looked at.
    seen: usize,
}

impl Deref for World {
    type Target = Bench;

    fn deref(&self) -> &Bench {
        &self.bench
    }
}

impl DerefMut for World {
    fn deref_mut(&mut self) -> &mut Bench {
        &mut self.bench
    }
}

impl World {
    /// A cluster with these topics, of so many partitions.
    pub fn new(topics: &[(&str, i32)]) -> Self {
        Self::with_settings(topics, &[])
    }

    pub fn with_settings(topics: &[(&str, i32)], settings: &[(&str, &str)]) -> Self {
        let mut bench = Bench::with(settings);
        for (name, partitions) in topics {
            bench.create_topic_of(name, *partitions);
        }
        World { bench, seen: 0 }
    }

    pub fn add_partitions(&mut self, topic: &str, count: i32) {
        let more = MorePartitions {
            topic: topic.into(),
            count,
            assignments: None,
        };
        self.control(controller::Command::CreatePartitions {
            topics: vec![more],
            validate_only: false,
        });
    }

    pub fn delete_topic(&mut self, name: &str) {
        let topic = TopicRef {
            name: Some(name.into()),
            ..TopicRef::default()
        };
        self.control(controller::Command::DeleteTopics {
            topics: vec![topic],
        });
    }

    /// Gives the group a setting of its own.
    pub fn set(&mut self, name: &str, value: &str) {
        let change = ConfigChange {
            resource: ConfigResource::Group(GROUP.into()),
            ops: vec![(name.into(), ConfigOp::Set, Some(value.into()))],
        };
        self.control(controller::Command::AlterConfigs {
            changes: vec![change],
            validate_only: false,
        });
    }

    /// The id of a topic.
    pub fn topic_id(&self, name: &str) -> Uuid {
        self.image().topics.named(name).expect("a topic").id
    }

    /// Partitions by topics' names.
    pub fn parts<const N: usize>(&self, topics: [(&str, &[i32]); N]) -> Partitions {
        topics
            .into_iter()
            .map(|(name, partitions)| (self.topic_id(name), partitions.iter().copied().collect()))
            .collect()
    }

    pub fn beat(&mut self, heartbeat: Heartbeat) -> Result<Beat, Refusal> {
        let command = super::Command::Heartbeat(Box::new(heartbeat));
        match self.tell(Command::Consumer(command)) {
            Answer::Consumer(super::Answer::Beat(beat)) => beat,
            other => panic!("not a beat: {other:?}"),
        }
    }

    /// The same, where it is fine.
    pub fn fine(&mut self, heartbeat: Heartbeat) -> Beat {
        self.beat(heartbeat).expect("fine")
    }

    /// The code, where it is not.
    pub fn refused(&mut self, heartbeat: Heartbeat) -> ErrorCode {
        self.beat(heartbeat).expect_err("refused").code
    }

    pub fn describe(&mut self) -> Described {
        let command = super::Command::Describe(vec![GROUP.into()]);
        match self.tell(Command::Consumer(command)) {
            Answer::Consumer(super::Answer::Described(mut groups)) => {
                groups.remove(0).expect("a consumer group")
            }
            other => panic!("not described: {other:?}"),
        }
    }

    pub fn state(&self) -> &'static str {
        self.groups.groups.get(GROUP).expect("a group").state()
    }

    /// The records that are new since the last call.
    pub fn written(&mut self) -> Vec<Record> {
        let new = self.bench.log[self.seen..].iter();
        let new = new.map(|(record, _)| record.clone()).collect();
        self.seen = self.bench.log.len();
        new
    }
}

/// A member's first heartbeat.
pub fn join(member: &str, topics: &[&str]) -> Heartbeat {
    Heartbeat {
        version: 1,
        group: GROUP.into(),
        member: member.into(),
        epoch: 0,
        rebalance_timeout_ms: 60_000,
        topics: Some(topics.iter().map(|t| (*t).to_owned()).collect()),
        owned: Some(BTreeMap::new()),
        client_id: "client".into(),
        client_host: "/127.0.0.1".into(),
        ..Heartbeat::default()
    }
}

/// A member's next heartbeat, where nothing is new.
pub fn next(member: &str, epoch: i32) -> Heartbeat {
    Heartbeat {
        epoch,
        rebalance_timeout_ms: -1,
        topics: None,
        owned: None,
        ..join(member, &[])
    }
}

/// A heartbeat that says what the member has.
pub fn owning(member: &str, epoch: i32, owned: Partitions) -> Heartbeat {
    Heartbeat {
        owned: Some(owned),
        ..next(member, epoch)
    }
}
