//! Groups on a machine whose log, clock and cluster are ours.

mod joining;
mod leaving;
mod migration;
mod patterns;
mod records;
mod statics;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::ids::{NodeId, Uuid};
use ottla_runtime::time::Instant;

use super::super::assignor::Partitions;
use super::super::{Answer, Command, Errand, Groups, Record};
use super::{Beat, Described, Heartbeat, Refusal};
use crate::config::{BrokerConfig, Settings, Values};
use crate::coordinator::{Ask, Effects, Machine, Now, Position, Write};
use crate::metadata::{Image, PartitionState, Topic};

/// The group of these tests.
pub const GROUP: &str = "g";

/// A coordinator, with everything that it knows of the world.
pub struct World {
    pub groups: Groups,
    pub image: Image,
    pub at: Instant,
    pub wall_ms: i64,
    /// What stands in the log.
    pub log: Vec<Record>,
    /// How much of it the test has looked at.
    seen: usize,
    chance: u64,
}

impl World {
    /// A cluster with these topics, of so many partitions.
    pub fn new(topics: &[(&str, usize)]) -> Self {
        Self::with_settings(topics, &[])
    }

    pub fn with_settings(topics: &[(&str, usize)], settings: &[(&str, &str)]) -> Self {
        let values: Values = settings
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let mut image = Image::empty("cluster".into(), NodeId(1));
        image.broker_config = Arc::new(BrokerConfig::new(Settings::fixed(values)));
        let mut world = World {
            groups: Groups::new(0),
            image,
            at: Instant::from_nanos(1),
            wall_ms: 1_000_000,
            log: Vec::new(),
            seen: 0,
            chance: 0,
        };
        for (name, partitions) in topics {
            world.create_topic(name, *partitions);
        }
        world.call(|groups, now| groups.loaded(now));
        world
    }

    /// Makes a topic, or one with more partitions in its place.
    pub fn create_topic(&mut self, name: &str, partitions: usize) {
        let id = self.image.topics.named(name).map(|topic| topic.id);
        let state = PartitionState {
            leader: NodeId(1),
            leader_epoch: 0,
            replicas: vec![NodeId(1)],
            isr: vec![NodeId(1)],
        };
        self.image.topics.insert(Topic {
            id: id.unwrap_or_else(|| topic_id(name)),
            name: name.into(),
            partitions: vec![state; partitions],
            internal: false,
            config: Arc::default(),
            overrides: Values::new(),
        });
        self.image.version += 1;
    }

    pub fn delete_topic(&mut self, name: &str) {
        self.image.topics.remove(topic_id(name));
        self.image.version += 1;
    }

    /// Lets the machine do something, and carries out all that comes of it.
    fn call(
        &mut self,
        work: impl FnOnce(&mut Groups, &mut Now<'_>) -> Effects<Groups>,
    ) -> Vec<(Ask, Answer)> {
        let (mut answers, mut errands) = self.step(work);
        while let Some(Errand::Then(command)) = errands.pop() {
            let more = self.step(|groups, now| groups.handle(command, Ask::NOBODY, now));
            answers.extend(more.0);
            errands.extend(more.1);
        }
        answers
    }

    fn step(
        &mut self,
        work: impl FnOnce(&mut Groups, &mut Now<'_>) -> Effects<Groups>,
    ) -> (Vec<(Ask, Answer)>, Vec<Errand>) {
        let chance = &mut self.chance;
        let mut random = || {
            *chance += 1;
            *chance
        };
        let mut now = Now {
            at: self.at,
            wall_ms: self.wall_ms,
            image: &self.image,
            random: &mut random,
        };
        let effects = work(&mut self.groups, &mut now);
        for write in effects.writes {
            let Write::Records { records, txn } = write else {
                panic!("not records: {write:?}");
            };
            for record in records {
                // As it would stand in the log.
                let (key, value) = Groups::encode(&record).expect("a record");
                let read = Groups::decode(&key, value.as_deref()).expect("what was written");
                assert_eq!(read.as_ref(), Some(&record));
                let at = Position {
                    offset: self.log.len() as i64,
                    timestamp: self.wall_ms,
                    producer: txn.map(|txn| txn.producer),
                };
                self.log.push(record.clone());
                self.groups.apply(record, &at);
            }
        }
        (effects.answers, effects.errands)
    }

    pub fn ask(&mut self, command: Command) -> Answer {
        let ask = Ask(7);
        let answers = self.call(|groups, now| groups.handle(command, ask, now));
        let mine = answers.into_iter().find(|(of, _)| *of == ask);
        mine.expect("an answer").1
    }

    /// Lets time pass; what falls due is heard when it does.
    pub fn pass(&mut self, ms: u64) {
        let end = self.at + Duration::from_millis(ms);
        while let Some(due) = self.groups.deadline().filter(|due| *due <= end) {
            self.set_clock(due.max(self.at));
            self.call(|groups, now| groups.tick(now));
        }
        self.set_clock(end);
    }

    fn set_clock(&mut self, at: Instant) {
        self.wall_ms += at.since(self.at).as_millis() as i64;
        self.at = at;
    }

    /// A new coordinator reads the log.
    pub fn restart(&mut self) {
        self.groups = Groups::new(0);
        for (offset, record) in (0..).zip(&self.log) {
            let at = Position {
                offset,
                timestamp: 0,
                producer: None,
            };
            self.groups.apply(record.clone(), &at);
        }
        self.call(|groups, now| groups.loaded(now));
    }

    pub fn beat(&mut self, heartbeat: Heartbeat) -> Result<Beat, Refusal> {
        let command = super::Command::Heartbeat(Box::new(heartbeat));
        match self.ask(Command::Consumer(command)) {
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
        match self.ask(Command::Consumer(command)) {
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
        let new = self.log[self.seen..].to_vec();
        self.seen = self.log.len();
        new
    }
}

/// The id that a topic of this name has.
pub fn topic_id(name: &str) -> Uuid {
    let mut id = [0; 16];
    for (byte, c) in id.iter_mut().zip(name.bytes()) {
        *byte = c;
    }
    Uuid(id)
}

/// Partitions by topics' names.
pub fn partitions<const N: usize>(topics: [(&str, &[i32]); N]) -> Partitions {
    topics
        .into_iter()
        .map(|(name, partitions)| (topic_id(name), partitions.iter().copied().collect()))
        .collect()
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
