//! What the program of a streams group's members looks like: which topics its parts read and write.

use std::collections::{BTreeMap, BTreeSet};

use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::records::streams_group_topology::{StreamsGroupTopologyValue, Subtopology};

use super::Refusal;

/// A topology, as a member gave it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topology {
    /// Grows when the program changes.
    pub epoch: i32,
    /// The parts that are connected by topics alone, by id.
    pub subtopologies: BTreeMap<String, Subtopology<'static>>,
}

impl Topology {
    /// As it was written down.
    pub fn of_record(value: StreamsGroupTopologyValue<'static>) -> Topology {
        let by_id = value.subtopologies.into_iter();
        Topology {
            epoch: value.epoch,
            subtopologies: by_id.map(|s| (s.subtopology_id.to_string(), s)).collect(),
        }
    }

    /// As it is written down.
    pub fn record(&self) -> StreamsGroupTopologyValue<'static> {
        StreamsGroupTopologyValue {
            epoch: self.epoch,
            subtopologies: self.subtopologies.values().cloned().collect(),
        }
    }

    /// Every topic that must be there.
    pub fn required(&self) -> BTreeSet<String> {
        let of = |s: &Subtopology<'_>| {
            let internal = s.repartition_source_topics.iter();
            let internal = internal.chain(&s.state_changelog_topics).map(|t| &t.name);
            let all = s.source_topics.iter().chain(internal);
            all.map(|name| name.to_string()).collect::<Vec<_>>()
        };
        self.subtopologies.values().flat_map(of).collect()
    }

    /// The subtopology that reads this topic.
    pub fn reader_of(&self, topic: &str) -> Option<&str> {
        let reads = |s: &&Subtopology<'_>| sources(s).any(|source| source == topic);
        let found = self.subtopologies.values().rev().find(reads);
        found.map(|s| &*s.subtopology_id)
    }
}

/// What a subtopology reads.
pub fn sources<'a>(s: &'a Subtopology<'_>) -> impl Iterator<Item = &'a str> {
    let repartition = s.repartition_source_topics.iter().map(|t| &*t.name);
    s.source_topics.iter().map(|t| &**t).chain(repartition)
}

/// Checks what a member gives.
///
/// # Errors
/// 42, 130.
pub fn check(value: &StreamsGroupTopologyValue<'_>) -> Result<(), Refusal> {
    if value.epoch < 0 {
        let message = "Topology epoch must be non-negative.";
        return Err(Refusal::new(ErrorCode::INVALID_REQUEST, message));
    }
    let mut ids = BTreeSet::new();
    for subtopology in &value.subtopologies {
        if !ids.insert(&subtopology.subtopology_id) {
            let id = &subtopology.subtopology_id;
            return Err(invalid(format!("Subtopology {id} occurs more than once.")));
        }
        let changelogs = subtopology.state_changelog_topics.iter();
        if let Some(topic) = changelogs.into_iter().find(|topic| topic.partitions != 0) {
            return Err(invalid(format!(
                "Changelog topic {} must have an undefined partition count, but it is set to {}.",
                topic.name, topic.partitions
            )));
        }
    }
    Ok(())
}

/// The topology makes no sense.
pub fn invalid(message: impl Into<String>) -> Refusal {
    Refusal::new(ErrorCode::STREAMS_INVALID_TOPOLOGY, message)
}
