//! Which partitions the members with an endpoint have, for programs that answer queries.

use super::super::group::Group;
use super::super::member::{Endpoint, Member};
use super::super::tasks::Tasks;
use super::topics::Configured;
use crate::metadata::Image;

/// Partitions by topic.
pub type OfTopics = Vec<(String, Vec<i32>)>;

/// What a member with an endpoint has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndpointPartitions {
    /// Where it answers.
    pub endpoint: Endpoint,
    /// What its active tasks read.
    pub active: OfTopics,
    /// What its standby tasks would read.
    pub standby: OfTopics,
}

/// Of every member with an endpoint, one of them as it is after this.
pub fn all(
    group: &Group,
    member: &Member,
    configured: &Configured,
    image: &Image,
) -> Vec<EndpointPartitions> {
    let others = group.members().values().filter(|m| m.id != member.id);
    let with_endpoint = |member: &Member| {
        let held = member.has.assignment();
        Some(EndpointPartitions {
            endpoint: member.endpoint.clone()?,
            active: partitions(&held.active, configured, image),
            standby: partitions(&held.standby, configured, image),
        })
    };
    others.chain([member]).filter_map(with_endpoint).collect()
}

/// What these tasks read. A topic with fewer partitions than there are tasks has none for the last of them.
fn partitions(tasks: &Tasks, configured: &Configured, image: &Image) -> OfTopics {
    let mut all = OfTopics::new();
    for (subtopology, tasks) in tasks {
        let Some(part) = configured.parts.get(subtopology) else {
            continue;
        };
        for name in &part.sources {
            let Some(topic) = image.topics.named(name) else {
                continue;
            };
            let read = tasks.iter().copied();
            let read: Vec<i32> = read.filter(|p| topic.partition(*p).is_some()).collect();
            if !read.is_empty() {
                all.push((name.clone(), read));
            }
        }
    }
    all
}
