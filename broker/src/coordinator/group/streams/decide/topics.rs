//! A topology held against the topics that there are: how many partitions its internal topics are to have, how many tasks that
//! makes, and what is missing.

use std::collections::{BTreeMap, BTreeSet};

use ottla_protocol::records::streams_group_topology::{Subtopology, TopicInfo};

use super::super::topology::{Topology, invalid, sources};
use super::super::{Refusal, Status};
use super::partitions::{self, Counts};
use crate::controller::NewTopic;
use crate::metadata::Image;

/// So many topics are named before the rest is only counted.
const NAMED: usize = 3;

/// A subtopology whose topics are known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Part {
    /// How many tasks it is: one for each partition of the largest topic that it reads.
    pub tasks: i32,
    /// The topics that it reads.
    pub sources: BTreeSet<String>,
    /// Has it state that is kept in changelogs?
    pub is_stateful: bool,
    /// Partitions of its internal topics: those that it reads, and its changelogs.
    pub internal: Counts,
}

/// What came of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Configured {
    /// The subtopologies, by id; none if the topics do not fit.
    pub parts: BTreeMap<String, Part>,
    /// Internal topics that are to be made.
    pub missing: Vec<NewTopic>,
    /// Why no task can be given to anybody.
    pub problem: Option<(Status, String)>,
}

impl Configured {
    /// Are all topics there?
    pub fn is_ready(&self) -> bool {
        self.problem.is_none()
    }
}

/// What does not fit: the topology, for which its member is refused, or the topics.
pub enum Misfit {
    /// It makes no sense with whatever topics.
    Topology(Refusal),
    /// Other topics would do.
    Topics(Status, String),
}

/// Holds a topology against the topics of the cluster.
///
/// # Errors
/// 130.
pub fn configure(topology: &Topology, image: &Image) -> Result<Configured, Refusal> {
    match configured(topology, image) {
        Ok(configured) => Ok(configured),
        Err(Misfit::Topics(status, detail)) => Ok(Configured {
            problem: Some((status, detail)),
            ..Configured::default()
        }),
        Err(Misfit::Topology(refusal)) => Err(refusal),
    }
}

fn configured(topology: &Topology, image: &Image) -> Result<Configured, Misfit> {
    let missing_sources: BTreeSet<&str> = external_sources(topology)
        .filter(|topic| image.topics.named(topic).is_none())
        .collect();
    if !missing_sources.is_empty() {
        let detail = format!("Source topics {} are missing.", some_of(missing_sources));
        return Err(Misfit::Topics(Status::MissingSourceTopics, detail));
    }
    let existing = |topic: &str| {
        let topic = image.topics.named(topic)?;
        i32::try_from(topic.partitions.len()).ok()
    };
    let decided = partitions::decide(topology, &existing)?;
    let count = |topic: &str| existing(topic).or_else(|| decided.get(topic).copied());
    let mut parts = BTreeMap::new();
    for (id, subtopology) in &topology.subtopologies {
        parts.insert(id.clone(), part(subtopology, &decided, count)?);
    }
    let missing = missing_topics(topology, &decided, existing)?;
    let problem = (!missing.is_empty()).then(|| {
        let names = some_of(missing.iter().map(|topic| &*topic.name).collect());
        let detail = format!("Internal topics are missing: {names}");
        (Status::MissingInternalTopics, detail)
    });
    Ok(Configured {
        parts,
        missing,
        problem,
    })
}

fn external_sources(topology: &Topology) -> impl Iterator<Item = &str> {
    let all = topology.subtopologies.values();
    all.flat_map(|s| s.source_topics.iter().map(|topic| &**topic))
}

fn part(
    subtopology: &Subtopology<'_>,
    decided: &Counts,
    count: impl Fn(&str) -> Option<i32>,
) -> Result<Part, Misfit> {
    let tasks = sources(subtopology).filter_map(count).max();
    let tasks = tasks.ok_or_else(|| partitions::no_sources(subtopology))?;
    let with_count = |topic: &TopicInfo<'_>| {
        let partitions = decided.get(&*topic.name)?;
        Some((topic.name.to_string(), *partitions))
    };
    let internal = internal_of(subtopology).filter_map(with_count);
    Ok(Part {
        tasks,
        sources: sources(subtopology).map(str::to_owned).collect(),
        is_stateful: !subtopology.state_changelog_topics.is_empty(),
        internal: internal.collect(),
    })
}

fn internal_of<'a>(s: &'a Subtopology<'_>) -> impl Iterator<Item = &'a TopicInfo<'a>> {
    s.repartition_source_topics
        .iter()
        .chain(&s.state_changelog_topics)
}

/// The internal topics that are not there. Those that are must have the partitions that they are to have.
fn missing_topics(
    topology: &Topology,
    decided: &Counts,
    existing: impl Fn(&str) -> Option<i32>,
) -> Result<Vec<NewTopic>, Misfit> {
    let mut missing = BTreeMap::new();
    for info in topology.subtopologies.values().flat_map(internal_of) {
        let unknown = || {
            invalid(format!(
                "Number of partitions must be set for topic {}",
                info.name
            ))
        };
        let wanted = decided.get(&*info.name).copied();
        let wanted = wanted.ok_or_else(unknown).map_err(Misfit::Topology)?;
        match existing(&info.name) {
            None => drop(missing.insert(info.name.to_string(), new_topic(info, wanted))),
            Some(found) if found == wanted => {}
            Some(found) => {
                let detail = format!(
                    "Existing topic {} has different number of partitions: expected {wanted}, found {found}",
                    info.name
                );
                return Err(Misfit::Topics(Status::IncorrectlyPartitionedTopics, detail));
            }
        }
    }
    Ok(missing.into_values().collect())
}

fn new_topic(info: &TopicInfo<'_>, partitions: i32) -> NewTopic {
    let configs = info.topic_configs.iter();
    NewTopic {
        name: info.name.to_string(),
        partitions,
        replication_factor: match info.replication_factor {
            0 => -1,
            replicas => replicas,
        },
        configs: configs
            .map(|config| (config.key.to_string(), Some(config.value.to_string())))
            .collect(),
        ..NewTopic::default()
    }
}

/// The first few of these, and how many more there are.
fn some_of(topics: BTreeSet<&str>) -> String {
    let first: Vec<&str> = topics.iter().copied().take(NAMED).collect();
    match topics.len().saturating_sub(NAMED) {
        0 => first.join(", "),
        more => format!("{} and {more} additional topics", first.join(", ")),
    }
}
