//! How many partitions a topology's internal topics are to have.
//!
//! A repartition topic has what its maker asked for, or as many as the largest topic that is read where it is written; topics that
//! are joined have equally many; a changelog has one for each task.

use std::collections::{BTreeMap, BTreeSet};

use ottla_protocol::records::streams_group_topology::{CopartitionGroup, Subtopology};

use super::super::Status;
use super::super::topology::{Topology, invalid, sources};
use super::topics::Misfit;

/// Partitions by topic.
pub type Counts = BTreeMap<String, i32>;

/// Decides; `existing` says how many partitions a topic has that is there. All topics that are no internal ones are.
pub fn decide(
    topology: &Topology,
    existing: &impl Fn(&str) -> Option<i32>,
) -> Result<Counts, Misfit> {
    let mut counts = repartition(topology, existing)?;
    let asked = asked_for(topology);
    for subtopology in topology.subtopologies.values() {
        for group in &subtopology.copartition_groups {
            let topics = topics_of(subtopology, group)?;
            copartition(&topics, &asked, &mut counts, existing)?;
        }
    }
    for subtopology in topology.subtopologies.values() {
        let count = |topic: &str| existing(topic).or_else(|| counts.get(topic).copied());
        let most = sources(subtopology).filter_map(count).max();
        let most = most.ok_or_else(|| no_sources(subtopology))?;
        let changelogs = subtopology.state_changelog_topics.iter();
        counts.extend(changelogs.map(|topic| (topic.name.to_string(), most)));
    }
    Ok(counts)
}

/// A subtopology that reads nothing has no tasks.
pub fn no_sources(subtopology: &Subtopology<'_>) -> Misfit {
    let id = &subtopology.subtopology_id;
    Misfit::Topology(invalid(format!(
        "No source topics found for subtopology {id}"
    )))
}

/// The repartition topics: each subtopology passes on what it knows of what it reads, those with the lowest ids first.
fn repartition(
    topology: &Topology,
    existing: &impl Fn(&str) -> Option<i32>,
) -> Result<Counts, Misfit> {
    let all = &topology.subtopologies;
    let mut counts = Counts::new();
    let mut readers: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (id, subtopology) in all {
        for topic in &subtopology.repartition_source_topics {
            readers.entry(&*topic.name).or_default().push(id);
            if topic.partitions != 0 {
                counts.insert(topic.name.to_string(), topic.partitions);
            }
        }
    }
    let known = |subtopology: &Subtopology<'_>, counts: &Counts| {
        let external = subtopology.source_topics.iter();
        let external = external.filter_map(|topic| existing(topic));
        let internal = subtopology.repartition_source_topics.iter();
        let internal = internal.filter_map(|topic| counts.get(&*topic.name).copied());
        external.chain(internal).max()
    };
    let ready = all.iter().filter(|(_, s)| known(s, &counts).is_some());
    let mut ready: BTreeSet<&str> = ready.map(|(id, _)| &**id).collect();
    let mut done: BTreeSet<&str> = BTreeSet::new();
    while let Some(id) = ready.pop_first() {
        let Some((subtopology, most)) = all.get(id).and_then(|s| Some((s, known(s, &counts)?)))
        else {
            continue;
        };
        done.insert(id);
        for topic in &subtopology.repartition_sink_topics {
            if !counts.contains_key(&**topic) {
                counts.insert(topic.to_string(), most);
                let more = readers.get(&**topic).into_iter().flatten();
                ready.extend(more.filter(|id| !done.contains(**id)));
            }
        }
    }
    let sinks = all.values().flat_map(|s| &s.repartition_sink_topics);
    if sinks
        .into_iter()
        .any(|topic| !counts.contains_key(&**topic))
    {
        return Err(Misfit::Topology(invalid(
            "Failed to compute number of partitions for all repartition topics. There may be loops in the topology that cannot be resolved.",
        )));
    }
    if readers.keys().any(|topic| !counts.contains_key(*topic)) {
        return Err(Misfit::Topology(invalid(
            "Failed to compute number of partitions for all repartition topics, because a repartition source topic is never used as a sink topic.",
        )));
    }
    Ok(counts)
}

/// Topics of one group have equally many partitions: those that the program makes follow the others.
fn copartition(
    topics: &BTreeSet<&str>,
    asked: &BTreeMap<&str, i32>,
    counts: &mut Counts,
    existing: &impl Fn(&str) -> Option<i32>,
) -> Result<(), Misfit> {
    let (mut foreign, mut free, mut fixed) = (Counts::new(), Counts::new(), Counts::new());
    for topic in topics {
        let count = existing(topic).or_else(|| counts.get(*topic).copied());
        let unknown = || {
            invalid(format!(
                "Number of partitions is not set for topic: {topic}"
            ))
        };
        let count = count.ok_or_else(unknown).map_err(Misfit::Topology)?;
        let into = match asked.get(topic) {
            None => &mut foreign,
            Some(0) => &mut free,
            Some(_) => &mut fixed,
        };
        into.insert((*topic).to_owned(), count);
    }
    let given = same(&foreign)?.or(same(&fixed)?);
    let Some(wanted) = given.or_else(|| free.values().max().copied()) else {
        return Ok(());
    };
    if let Some((topic, count)) = fixed.iter().find(|(_, count)| **count != wanted) {
        let detail = format!(
            "Number of partitions [{count}] of repartition topic [{topic}] doesn't match number of partitions [{wanted}] of the source topic."
        );
        return Err(Misfit::Topics(Status::IncorrectlyPartitionedTopics, detail));
    }
    counts.extend(free.into_keys().map(|topic| (topic, wanted)));
    Ok(())
}

fn topics_of<'a>(
    subtopology: &'a Subtopology<'_>,
    group: &CopartitionGroup,
) -> Result<BTreeSet<&'a str>, Misfit> {
    let at = |index: &i16| usize::try_from(*index).ok();
    let external = group.source_topics.iter().map(|index| {
        let topic = subtopology.source_topics.get(at(index)?)?;
        Some(&**topic)
    });
    let internal = group.repartition_source_topics.iter().map(|index| {
        let topic = subtopology.repartition_source_topics.get(at(index)?)?;
        Some(&*topic.name)
    });
    let all: Option<BTreeSet<&str>> = external.chain(internal).collect();
    all.ok_or_else(|| {
        let id = &subtopology.subtopology_id;
        Misfit::Topology(invalid(format!(
            "A copartition group of subtopology {id} names a topic that it does not have."
        )))
    })
}

/// The repartition topics, with the partitions that the program asks for, or 0.
fn asked_for(topology: &Topology) -> BTreeMap<&str, i32> {
    let all = topology.subtopologies.values();
    let all = all.flat_map(|s| &s.repartition_source_topics);
    all.map(|info| (&*info.name, info.partitions)).collect()
}

/// The number that all of them have, if there are any.
fn same(counts: &Counts) -> Result<Option<i32>, Misfit> {
    let mut all = counts.values();
    let first = all.next().copied();
    if all.any(|count| Some(*count) != first) {
        let each: Vec<String> = counts.iter().map(|(t, n)| format!("{t}={n}")).collect();
        let detail = format!(
            "Following topics do not have the same number of partitions: [{{{}}}]",
            each.join(", ")
        );
        return Err(Misfit::Topics(Status::IncorrectlyPartitionedTopics, detail));
    }
    Ok(first)
}
