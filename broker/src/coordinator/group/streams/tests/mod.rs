//! Streams groups on the workbench.

mod commits;
mod joining;
mod leaving;
mod random;
mod records;
mod sticky;
mod topics;

use std::ops::{Deref, DerefMut};

use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::records::streams_group_topology::{
    CopartitionGroup, StreamsGroupTopologyValue, Subtopology, TopicInfo,
};

use super::super::bench::Bench;
use super::super::kind::Missing;
use super::super::{Answer, Command};
use super::tasks::Tasks;
use super::{Beat, Described, Heartbeat, Refusal, Status};
use crate::controller::{self, ConfigChange, ConfigOp, TopicRef};
use crate::metadata::ConfigResource;

/// The group of these tests.
pub const GROUP: &str = "g";

/// The workbench, and what this kind of group does on it.
pub struct World {
    bench: Bench,
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
    /// A cluster with these topics, of so many partitions, where nobody waits before a new group assigns.
    pub fn new(topics: &[(&str, i32)]) -> Self {
        let settings = [
            ("group.streams.initial.rebalance.delay.ms", "0"),
            ("group.streams.assignment.interval.ms", "0"),
        ];
        Self::with_settings(topics, &settings)
    }

    pub fn with_settings(topics: &[(&str, i32)], settings: &[(&str, &str)]) -> Self {
        let mut bench = Bench::with(settings);
        for (name, partitions) in topics {
            bench.create_topic_of(name, *partitions);
        }
        World { bench }
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

    pub fn add_partitions(&mut self, topic: &str, count: i32) {
        let more = controller::MorePartitions {
            topic: topic.into(),
            count,
            assignments: None,
        };
        self.control(controller::Command::CreatePartitions {
            topics: vec![more],
            validate_only: false,
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

    pub fn beat(&mut self, heartbeat: Heartbeat) -> Result<Beat, Refusal> {
        let command = super::Command::Heartbeat(Box::new(heartbeat));
        match self.tell(Command::Streams(command)) {
            Answer::Streams(super::Answer::Beat(beat)) => beat,
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

    /// Makes the topics that a member's answer asks for, as its handler does.
    pub fn create(&mut self, beat: &Beat) {
        self.control(controller::Command::CreateTopics {
            topics: beat.create.clone(),
            validate_only: false,
        });
    }

    pub fn describe(&mut self) -> Result<Described, Missing> {
        let command = super::Command::Describe(vec![GROUP.into()]);
        match self.tell(Command::Streams(command)) {
            Answer::Streams(super::Answer::Described(mut groups)) => groups.remove(0),
            other => panic!("not described: {other:?}"),
        }
    }

    pub fn state(&self) -> &'static str {
        self.groups.groups.get(GROUP).expect("a group").state()
    }
}

/// A member's first heartbeat: a process of its own that counts the words of topic `words`.
pub fn join(member: &str) -> Heartbeat {
    Heartbeat {
        group: GROUP.into(),
        member: member.into(),
        epoch: 0,
        rebalance_timeout_ms: 60_000,
        topology: Some(plain("words")),
        active: Some(Tasks::new()),
        standby: Some(Tasks::new()),
        warmup: Some(Tasks::new()),
        process: Some(format!("process-{member}")),
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
        topology: None,
        active: None,
        standby: None,
        warmup: None,
        process: None,
        ..join(member)
    }
}

/// A heartbeat that says what the member has.
pub fn owning(member: &str, epoch: i32, active: Tasks, standby: Tasks) -> Heartbeat {
    Heartbeat {
        active: Some(active),
        standby: Some(standby),
        warmup: Some(Tasks::new()),
        ..next(member, epoch)
    }
}

/// Tasks by subtopology.
pub fn tasks<const N: usize>(all: [(&str, &[i32]); N]) -> Tasks {
    all.into_iter()
        .map(|(id, tasks)| (id.to_owned(), tasks.iter().copied().collect()))
        .collect()
}

/// One subtopology that reads one topic.
pub fn plain(topic: &'static str) -> StreamsGroupTopologyValue<'static> {
    topology([part("0", &[topic])])
}

/// One subtopology that reads one topic and keeps state.
pub fn stateful(topic: &'static str) -> StreamsGroupTopologyValue<'static> {
    let mut part = part("0", &[topic]);
    part.state_changelog_topics = vec![info("store-changelog", 0)];
    topology([part])
}

/// Subtopology 0 reads `words` and writes them by key to a topic of the program's, which subtopology 1 reads and counts.
pub fn counting() -> StreamsGroupTopologyValue<'static> {
    let mut first = part("0", &["words"]);
    first.repartition_sink_topics = vec!["by-key".into()];
    let mut second = part("1", &[]);
    second.repartition_source_topics = vec![info("by-key", 0)];
    second.state_changelog_topics = vec![info("counts-changelog", 0)];
    topology([first, second])
}

pub fn topology<const N: usize>(
    parts: [Subtopology<'static>; N],
) -> StreamsGroupTopologyValue<'static> {
    StreamsGroupTopologyValue {
        epoch: 0,
        subtopologies: parts.into(),
    }
}

pub fn part(id: &'static str, sources: &[&'static str]) -> Subtopology<'static> {
    Subtopology {
        subtopology_id: id.into(),
        source_topics: sources.iter().map(|topic| (*topic).into()).collect(),
        ..Subtopology::default()
    }
}

pub fn info(name: &'static str, partitions: i32) -> TopicInfo<'static> {
    TopicInfo {
        name: name.into(),
        partitions,
        ..TopicInfo::default()
    }
}

/// These sources, by their places in the lists of the subtopology, are read together.
pub fn together(sources: &[i16], repartition_sources: &[i16]) -> CopartitionGroup {
    CopartitionGroup {
        source_topics: sources.to_vec(),
        repartition_source_topics: repartition_sources.to_vec(),
        ..CopartitionGroup::default()
    }
}

/// The numbers of what a member is told.
pub fn told(beat: &Beat) -> Vec<Status> {
    beat.status.iter().map(|(status, _)| *status).collect()
}

/// The active tasks that a member is told of.
pub fn active(beat: &Beat) -> Tasks {
    beat.assignment.clone().expect("an assignment").active
}

/// The standby tasks that a member is told of.
pub fn standby(beat: &Beat) -> Tasks {
    beat.assignment.clone().expect("an assignment").standby
}
